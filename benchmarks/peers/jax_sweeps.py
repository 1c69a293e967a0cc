"""Sweeps along one axis in JAX, with `lax.scan` over rows of whole arrays; particles by whole matrices."""

import jax.numpy as jnp
from jax import lax


def adi(steps, u):
    n = u.shape[0]
    along, across = 2.0 * n * n / steps, 1.0 * n * n / steps
    a, d = -0.5 * along, -0.5 * across
    b, e = 1.0 + along, 1.0 + across

    def solve(right, first, diagonal, last):
        """Rows 1 to n - 2 of tridiagonal systems, one in each column, with given rows 0 and n - 1."""
        def ahead(carry, row):
            p, q = carry
            pivot = first * p + diagonal
            carry = -first / pivot, (row - first * q) / pivot
            return carry, carry

        def back(later, pq):
            now = pq[0] * later + pq[1]
            return now, now

        ones = jnp.ones(n - 2)
        _, pq = lax.scan(ahead, (jnp.zeros(n - 2), ones), right)
        return lax.scan(back, last * ones, pq, reverse=True)[1]

    def body(_, u):
        right = (-d * u[1:-1, :-2] + (1.0 + 2.0 * d) * u[1:-1, 1:-1] - d * u[1:-1, 2:])
        v = jnp.ones((n, n - 2)).at[1:-1].set(solve(right, a, b, 1.0))
        right = -a * v[:-2] + (1.0 + 2.0 * a) * v[1:-1] - a * v[2:]
        inner = solve(right.T, d, e, 1.0).T
        return u.at[1:-1, 0].set(1.0).at[1:-1, -1].set(1.0).at[1:-1, 1:-1].set(inner)

    return (lax.fori_loop(0, steps, body, u),)


def deriche(alpha, image):
    decay = jnp.exp(-alpha)
    k = (1.0 - decay) * (1.0 - decay) / (1.0 + 2.0 * alpha * decay - jnp.exp(-2.0 * alpha))
    a1, a2, a3, a4 = k, k * decay * (alpha - 1.0), k * decay * (alpha + 1.0), -k * jnp.exp(-2.0 * alpha)
    b1, b2 = 2.0 ** -alpha, -jnp.exp(-2.0 * alpha)

    def recur(state, row):
        now = row + b1 * state[0] + b2 * state[1]
        return (now, state[0]), now

    def smooth(rows):
        zero = jnp.zeros(rows.shape[1])
        shifted = jnp.concatenate((zero[None], rows[:-1]))
        later = jnp.concatenate((rows[1:], zero[None]))
        after = jnp.concatenate((rows[2:], zero[None], zero[None]))
        ahead = lax.scan(recur, (zero, zero), a1 * rows + a2 * shifted)[1]
        return ahead + lax.scan(recur, (zero, zero), a3 * later + a4 * after, reverse=True)[1]

    return smooth(smooth(image.T).T)


def vadv(tendency, u, wind, position, old, rate):
    """Levels come first in a scan."""
    tendency, u, wind, position, old = (jnp.moveaxis(x, 2, 0) for x in (tendency, u, wind, position, old))
    down = -0.25 * (wind[:, 1:] + wind[:, :-1])
    up = -jnp.concatenate((down[1:], jnp.zeros_like(down[:1])))
    down = down.at[0].set(0.0)
    lower, upper = 0.5 * down, 0.5 * up
    below, above = jnp.concatenate((u[:1], u[:-1])), jnp.concatenate((u[1:], u[-1:]))
    right = rate * position + old + tendency - 0.5 * down * (below - u) - 0.5 * up * (above - u)
    diagonal = rate - lower - upper

    def ahead(carry, level):
        lower, upper, diagonal, right = level
        pivot = diagonal - carry[0] * lower
        carry = upper / pivot, (right - carry[1] * lower) / pivot
        return carry, carry

    def back(later, pair):
        now = pair[1] - pair[0] * later
        return now, now

    zero = jnp.zeros(u.shape[1:])
    _, pairs = lax.scan(ahead, (zero, zero), (lower, upper, diagonal, right))
    solved = lax.scan(back, zero, pairs, reverse=True)[1]
    return (jnp.moveaxis(rate * (solved - position), 0, 2),)


def nbody(mass, pos, vel, steps, dt, gravity, softening):
    n = pos.shape[0]
    diagonal, above = jnp.eye(n, dtype=bool), jnp.triu(jnp.ones((n, n), bool), 1)

    def differences(pos):
        return pos.T[:, None, :] - pos.T[:, :, None]

    def acceleration(pos):
        apart = differences(pos)
        cubes = (jnp.sum(apart**2, axis=0) + softening**2) ** -1.5
        return gravity * jnp.einsum("cij,ij,j->ic", apart, cubes, mass[:, 0])

    def energy(pos, vel):
        squares = jnp.where(diagonal, 1.0, jnp.sum(differences(pos)**2, axis=0))
        pairs = jnp.where(above, -(mass * mass.T) / jnp.sqrt(squares), 0.0)
        return 0.5 * jnp.sum(mass * vel**2), gravity * jnp.sum(pairs)

    def body(state, _):
        pos, vel, acc = state
        vel = vel + acc * dt / 2.0
        pos = pos + vel * dt
        acc = acceleration(pos)
        vel = vel + acc * dt / 2.0
        return (pos, vel, acc), energy(pos, vel)

    vel = vel - jnp.mean(mass * vel, axis=0) / jnp.mean(mass)
    first = energy(pos, vel)
    _, later = lax.scan(body, (pos, vel, acceleration(pos)), None, length=steps)
    return tuple(jnp.concatenate((a[None], b)) for a, b in zip(first, later))


KERNELS = {fun.__name__: fun for fun in (adi, deriche, vadv, nbody)}
