"""Stencils in JAX: whole arrays at once, `lax.fori_loop` and `lax.scan` in time."""

import jax.numpy as jnp
import numpy as np
from jax import lax


def jacobi_1d(steps, a, b):
    def average(new, old):
        return new.at[1:-1].set((old[:-2] + old[1:-1] + old[2:]) / 3.0)

    def body(_, pair):
        a, b = pair
        b = average(b, a)
        return average(a, b), b

    return lax.fori_loop(0, steps, body, (a, b))


def jacobi_2d(steps, a, b):
    def average(new, old):
        return new.at[1:-1, 1:-1].set(0.2 * (old[1:-1, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:] + old[2:, 1:-1]
                                             + old[:-2, 1:-1]))

    def body(_, pair):
        a, b = pair
        b = average(b, a)
        return average(a, b), b

    return lax.fori_loop(0, steps, body, (a, b))


def heat_3d(steps, a, b):
    def diffuse(new, old):
        inner = 0.25 * old[1:-1, 1:-1, 1:-1] + 0.125 * (
            old[2:, 1:-1, 1:-1] + old[:-2, 1:-1, 1:-1] + old[1:-1, 2:, 1:-1] + old[1:-1, :-2, 1:-1]
            + old[1:-1, 1:-1, 2:] + old[1:-1, 1:-1, :-2])
        return new.at[1:-1, 1:-1, 1:-1].set(inner)

    def body(_, pair):
        a, b = pair
        b = diffuse(b, a)
        return diffuse(a, b), b

    return lax.fori_loop(0, steps, body, (a, b))


def seidel_2d(steps, a):
    """Along a row the recurrence is linear with constant coefficients: a product with a triangular matrix."""
    n = a.shape[1] - 2
    distance = np.arange(n)[:, None] - np.arange(n)
    matrix = jnp.asarray(np.where(distance >= 0, 9.0 ** -(np.maximum(distance, 0) + 1.0), 0.0))
    from_left = jnp.asarray(9.0 ** -(np.arange(n) + 1.0))

    def row(above, here_and_below):
        here, below = here_and_below
        sums = (here[1:-1] + here[2:] + above[:-2] + above[1:-1] + above[2:] + below[:-2] + below[1:-1] + below[2:])
        new = here.at[1:-1].set(matrix @ sums + from_left * here[0])
        return new, new

    def sweep(_, a):
        _, rows = lax.scan(row, a[0], (a[1:-1], a[2:]))
        return a.at[1:-1].set(rows)

    return (lax.fori_loop(0, steps, sweep, a),)


def fdtd_2d(steps, ex, ey, hz, source):
    def body(fields, amplitude):
        ex, ey, hz = fields
        ey = ey.at[0, :].set(amplitude).at[1:, :].add(-0.5 * (hz[1:, :] - hz[:-1, :]))
        ex = ex.at[:, 1:].add(-0.5 * (hz[:, 1:] - hz[:, :-1]))
        hz = hz.at[:-1, :-1].add(-0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]))
        return (ex, ey, hz), None

    return lax.scan(body, (ex, ey, hz), source)[0]


def burgers(u, steps, rate, viscosity):
    def body(_, u):
        here = u[1:-1]
        return u.at[1:-1].set(here - rate * here * (here - u[:-2]) + viscosity * (u[2:] - 2.0 * here + u[:-2]))

    return 0.5 * jnp.sum(lax.fori_loop(0, steps, body, u) ** 2)


def hdiff(field, out, coeff):
    lap = 4.0 * field[1:-1, 1:-1] - (field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2])
    inner = field[1:-1, 1:-1]

    def limited(flux, slope):
        return jnp.where(flux * slope > 0, 0.0, flux)

    flx = limited(lap[1:, 1:-1] - lap[:-1, 1:-1], inner[1:, 1:-1] - inner[:-1, 1:-1])
    fly = limited(lap[1:-1, 1:] - lap[1:-1, :-1], inner[1:-1, 1:] - inner[1:-1, :-1])
    return (field[2:-2, 2:-2] - coeff * (flx[1:] - flx[:-1] + fly[:, 1:] - fly[:, :-1]),)


def pressure(sweeps, p, b, dx, dy):
    scale = 2 * (dx**2 + dy**2)
    forced = dx**2 * dy**2 / scale * b

    def sweep(_, p):
        inner = ((p[1:-1, 2:] + p[1:-1, :-2]) * dy**2 + (p[2:, 1:-1] + p[:-2, 1:-1]) * dx**2) / scale - forced
        p = p.at[1:-1, 1:-1].set(inner)
        p = p.at[:, -1].set(p[:, -2])
        p = p.at[0, :].set(p[1, :])
        p = p.at[:, 0].set(p[:, 1])
        return p.at[-1, :].set(0.0)

    return lax.fori_loop(0, sweeps, sweep, p)


def cavity_flow(steps, sweeps, u, v, p, dt, dx, dy, rho, nu):
    def carried(f, u, v):
        here = f[1:-1, 1:-1]
        return (here - u[1:-1, 1:-1] * dt / dx * (here - f[1:-1, :-2]) - v[1:-1, 1:-1] * dt / dy * (here - f[:-2, 1:-1])
                + nu * (dt / dx**2 * (f[1:-1, 2:] - 2 * here + f[1:-1, :-2])
                        + dt / dy**2 * (f[2:, 1:-1] - 2 * here + f[:-2, 1:-1])))

    def body(_, state):
        u, v, p = state
        du_dx, dv_dy = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx), (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy)
        du_dy, dv_dx = (u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * dy), (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * dx)
        b = rho * (1 / dt * (du_dx + dv_dy) - du_dx**2 - 2 * du_dy * dv_dx - dv_dy**2)
        p = pressure(sweeps, p, b, dx, dy)
        new_u = carried(u, u, v) - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, :-2])
        new_v = carried(v, u, v) - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[:-2, 1:-1])
        return jnp.pad(new_u, 1).at[-1, :].set(1.0), jnp.pad(new_v, 1), p

    return lax.fori_loop(0, steps, body, (u, v, p))


KERNELS = {fun.__name__: fun for fun in (jacobi_1d, jacobi_2d, heat_3d, seidel_2d, fdtd_2d, burgers, hdiff,
                                         cavity_flow)}
