"""Flow in a cavity with a moving lid: the Navier-Stokes equations in a plane, pressure by Jacobi sweeps.

The equations are steps 8 to 11 of L. A. Barba and G. F. Forsyth, "CFD Python: the 12 steps to Navier-Stokes
equations", Journal of Open Source Education 1(9) (2018), 21.
"""

import numpy as np

from .data import uniform


def source_of(b, rho, dt, u, v, dx, dy):
    du_dx = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx)
    dv_dy = (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy)
    du_dy = (u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * dy)
    dv_dx = (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * dx)
    b[1:-1, 1:-1] = rho * (1 / dt * (du_dx + dv_dy) - du_dx**2 - 2 * du_dy * dv_dx - dv_dy**2)


def relax_pressure(sweeps, p, dx, dy, b):
    for _ in range(sweeps):
        pn = p.copy()
        p[1:-1, 1:-1] = (((pn[1:-1, 2:] + pn[1:-1, :-2]) * dy**2 + (pn[2:, 1:-1] + pn[:-2, 1:-1]) * dx**2)
                         / (2 * (dx**2 + dy**2)) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, 1:-1])
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[:, 0] = p[:, 1]
        p[-1, :] = 0


def carried(f, u, v, dt, dx, dy, nu):
    """What one step of advection and diffusion leaves of `f` in the interior."""
    return (f[1:-1, 1:-1] - u[1:-1, 1:-1] * dt / dx * (f[1:-1, 1:-1] - f[1:-1, :-2])
            - v[1:-1, 1:-1] * dt / dy * (f[1:-1, 1:-1] - f[:-2, 1:-1])
            + nu * (dt / dx**2 * (f[1:-1, 2:] - 2 * f[1:-1, 1:-1] + f[1:-1, :-2])
                    + dt / dy**2 * (f[2:, 1:-1] - 2 * f[1:-1, 1:-1] + f[:-2, 1:-1])))


def cavity_flow(steps, sweeps, u, v, p, dt, dx, dy, rho, nu):
    un = np.empty_like(u)
    vn = np.empty_like(v)
    b = np.zeros(u.shape, dtype=u.dtype)
    for _ in range(steps):
        un = u.copy()
        vn = v.copy()
        source_of(b, rho, dt, u, v, dx, dy)
        relax_pressure(sweeps, p, dx, dy, b)
        u[1:-1, 1:-1] = carried(un, un, vn, dt, dx, dy, nu) - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, :-2])
        v[1:-1, 1:-1] = carried(vn, un, vn, dt, dx, dy, nu) - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[:-2, 1:-1])
        u[0, :] = 0
        u[:, 0] = 0
        u[:, -1] = 0
        u[-1, :] = 1
        v[0, :] = 0
        v[-1, :] = 0
        v[:, 0] = 0
        v[:, -1] = 0


def arguments(size, dtype):
    u, v, p = uniform(dtype, *[(size, size + 1)] * 3)
    dx, dy = 2.0 / size, 2.0 / (size - 1)
    return {"steps": 3, "sweeps": 4, "u": u, "v": v, "p": p, "dt": 0.1 * dx * dy, "dx": dx, "dy": dy, "rho": 1.1,
            "nu": 0.1}
