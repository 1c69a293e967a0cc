"""Flow along a periodic channel until it is steady: a `while` over time with a tolerance.

The equations are step 12 of L. A. Barba and G. F. Forsyth, "CFD Python: the 12 steps to Navier-Stokes equations",
Journal of Open Source Education 1(9) (2018), 21. The columns are periodic: their ends are written out.
"""

import numpy as np

from .data import uniform


def source_at(here, before, after, rho, dt, dx, dy, u, v):
    du_dx = (u[1:-1, after] - u[1:-1, before]) / (2 * dx)
    dv_dx = (v[1:-1, after] - v[1:-1, before]) / (2 * dx)
    du_dy = (u[2:, here] - u[:-2, here]) / (2 * dy)
    dv_dy = (v[2:, here] - v[:-2, here]) / (2 * dy)
    return rho * (1 / dt * (du_dx + dv_dy) - du_dx**2 - 2 * (du_dy * dv_dx) - dv_dy**2)


def source_of(rho, dt, dx, dy, u, v):
    b = np.zeros_like(u)
    b[1:-1, 1:-1] = source_at(slice(1, -1), slice(0, -2), slice(2, None), rho, dt, dx, dy, u, v)
    b[1:-1, -1] = source_at(-1, -2, 0, rho, dt, dx, dy, u, v)
    b[1:-1, 0] = source_at(0, -1, 1, rho, dt, dx, dy, u, v)
    return b


def relax_pressure(sweeps, p, dx, dy, b):
    weight = 2 * (dx**2 + dy**2)
    for _ in range(sweeps):
        pn = p.copy()
        p[1:-1, 1:-1] = (((pn[1:-1, 2:] + pn[1:-1, :-2]) * dy**2 + (pn[2:, 1:-1] + pn[:-2, 1:-1]) * dx**2) / weight
                         - dx**2 * dy**2 / weight * b[1:-1, 1:-1])
        p[1:-1, -1] = (((pn[1:-1, 0] + pn[1:-1, -2]) * dy**2 + (pn[2:, -1] + pn[:-2, -1]) * dx**2) / weight
                       - dx**2 * dy**2 / weight * b[1:-1, -1])
        p[1:-1, 0] = (((pn[1:-1, 1] + pn[1:-1, -1]) * dy**2 + (pn[2:, 0] + pn[:-2, 0]) * dx**2) / weight
                      - dx**2 * dy**2 / weight * b[1:-1, 0])
        p[-1, :] = p[-2, :]
        p[0, :] = p[1, :]


def carried(here, before, after, f, u, v, dt, dx, dy, nu):
    """What one step of advection and diffusion leaves of `f` in some columns."""
    return (f[1:-1, here] - u[1:-1, here] * dt / dx * (f[1:-1, here] - f[1:-1, before])
            - v[1:-1, here] * dt / dy * (f[1:-1, here] - f[:-2, here])
            + nu * (dt / dx**2 * (f[1:-1, after] - 2 * f[1:-1, here] + f[1:-1, before])
                    + dt / dy**2 * (f[2:, here] - 2 * f[1:-1, here] + f[:-2, here])))


def channel_flow(sweeps, u, v, p, dt, dx, dy, rho, nu, force, tolerance):
    change = 1.0
    steps = 0
    inside = slice(1, -1), slice(0, -2), slice(2, None)
    right = -1, -2, 0
    left = 0, -1, 1
    while change > tolerance:
        un = u.copy()
        vn = v.copy()
        b = source_of(rho, dt, dx, dy, u, v)
        relax_pressure(sweeps, p, dx, dy, b)
        for here, before, after in (inside, right, left):
            u[1:-1, here] = (carried(here, before, after, un, un, vn, dt, dx, dy, nu)
                             - dt / (2 * rho * dx) * (p[1:-1, after] - p[1:-1, before]) + force * dt)
            v[1:-1, here] = (carried(here, before, after, vn, un, vn, dt, dx, dy, nu)
                             - dt / (2 * rho * dy) * (p[2:, here] - p[:-2, here]))
        u[0, :] = 0
        u[-1, :] = 0
        v[0, :] = 0
        v[-1, :] = 0
        change = (np.sum(u) - np.sum(un)) / np.sum(u)
        steps += 1
    return steps


def arguments(size, dtype):
    u, v, p = uniform(dtype, *[(size, size + 1)] * 3, high=0.2)
    u[0, :] = u[-1, :] = v[0, :] = v[-1, :] = 0.0
    dx, dy = 2.0 / size, 2.0 / (size - 1)
    return {"sweeps": 4, "u": u, "v": v, "p": p, "dt": 0.1 * dx * dy, "dx": dx, "dy": dy, "rho": 1.1, "nu": 0.1,
            "force": 1.0, "tolerance": 0.0123}
