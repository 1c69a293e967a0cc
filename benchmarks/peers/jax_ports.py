"""First ports to JAX: the loops of the program as they stand, elements replaced by `.at[].set`.

Loops over a part of a row run over all of it with what does not belong masked, since reverse mode needs loops whose
lengths are known. Every trip keeps what it reads, so they are for small sizes.
"""

import jax.numpy as jnp
from jax import lax


def jacobi_1d(steps, a, b):
    n = a.shape[0]

    def average(old, new):
        return lax.fori_loop(1, n - 1, lambda i, x: x.at[i].set((old[i - 1] + old[i] + old[i + 1]) / 3.0), new)

    def body(_, pair):
        a, b = pair
        b = average(a, b)
        return average(b, a), b

    return lax.fori_loop(0, steps, body, (a, b))


def seidel_2d(steps, a):
    rows, columns = a.shape

    def row(i, a):
        a = a.at[i, 1:-1].add(a[i - 1, :-2] + a[i - 1, 1:-1] + a[i - 1, 2:] + a[i, 2:]
                              + a[i + 1, :-2] + a[i + 1, 1:-1] + a[i + 1, 2:])
        return lax.fori_loop(1, columns - 1, lambda j, a: a.at[i, j].set((a[i, j] + a[i, j - 1]) / 9.0), a)

    return (lax.fori_loop(0, steps, lambda _, a: lax.fori_loop(1, rows - 1, row, a), a),)


def lu(a):
    n = a.shape[0]
    places = jnp.arange(n)

    def element(i, j, a):
        inner = jnp.where(places < jnp.minimum(i, j), a[i, :] * a[:, j], 0.0)
        rest = a[i, j] - jnp.sum(inner)
        return a.at[i, j].set(jnp.where(j < i, rest / a[j, j], rest))

    return (lax.fori_loop(0, n, lambda i, a: lax.fori_loop(0, n, lambda j, a: element(i, j, a), a), a),)


def cholesky(a):
    n = a.shape[0]
    places = jnp.arange(n)

    def element(i, j, a):
        rest = a[i, j] - jnp.sum(jnp.where(places < j, a[i, :] * a[j, :], 0.0))
        return a.at[i, j].set(jnp.where(j < i, rest / a[j, j], a[i, j]))

    def row(i, a):
        a = lax.fori_loop(0, n, lambda j, a: element(i, j, a), a)
        return a.at[i, i].set(jnp.sqrt(a[i, i] - jnp.sum(jnp.where(places < i, a[i, :] ** 2, 0.0))))

    return (lax.fori_loop(0, n, row, a),)


def durbin(r):
    n = r.shape[0]
    places = jnp.arange(n)

    def flipped(x, k):
        return jnp.where(places < k, x[(k - 1 - places) % n], 0.0)

    def body(k, state):
        y, alpha, beta = state
        beta = beta * (1.0 - alpha * alpha)
        alpha = -(r[k] + jnp.sum(flipped(r, k) * y)) / beta
        return (y + alpha * flipped(y, k)).at[k].set(alpha), alpha, beta

    y = jnp.zeros(n).at[0].set(-r[0])
    return lax.fori_loop(1, n, body, (y, -r[0], jnp.ones(())))[0]


def trisolv(lower, x, b):
    n = b.shape[0]
    places = jnp.arange(n)

    def row(i, x):
        return x.at[i].set((b[i] - jnp.sum(jnp.where(places < i, lower[i, :] * x, 0.0))) / lower[i, i])

    return (lax.fori_loop(0, n, row, jnp.zeros(n)),)


def syrk(alpha, beta, c, a):
    rows, inner = a.shape
    places = jnp.arange(rows)

    def row(i, c):
        here = places <= i
        c = c.at[i].set(jnp.where(here, c[i] * beta, c[i]))
        return lax.fori_loop(0, inner, lambda k, c: c.at[i].add(jnp.where(here, alpha * a[i, k] * a[:, k], 0.0)), c)

    return (lax.fori_loop(0, rows, row, c),)


def trmm(alpha, a, b):
    rows, columns = b.shape
    places = jnp.arange(rows)

    def element(i, j, b):
        return b.at[i, j].add(jnp.sum(jnp.where(places > i, a[:, i] * b[:, j], 0.0)))

    return (alpha * lax.fori_loop(0, rows, lambda i, b: lax.fori_loop(0, columns, lambda j, b: element(i, j, b), b),
                                  b),)


def gramschmidt(a):
    m, n = a.shape
    places = jnp.arange(n)

    def column(k, state):
        a, q, r = state
        r = r.at[k, k].set(jnp.sqrt(a[:, k] @ a[:, k]))
        q = q.at[:, k].set(a[:, k] / r[k, k])

        def later(j, state):
            a, r = state
            r = r.at[k, j].set(jnp.where(j > k, q[:, k] @ a[:, j], r[k, j]))
            return a.at[:, j].add(jnp.where(j > k, -q[:, k] * r[k, j], 0.0)), r

        a, r = lax.fori_loop(0, n, later, (a, r))
        return a, q, r

    return lax.fori_loop(0, len(places), column, (a, jnp.zeros((m, n)), jnp.zeros((n, n))))[1:]


def burgers(u, steps, rate, viscosity):
    n = u.shape[0]

    def step(_, u):
        return lax.fori_loop(1, n - 1, lambda i, v: v.at[i].set(
            u[i] - rate * u[i] * (u[i] - u[i - 1]) + viscosity * (u[i + 1] - 2.0 * u[i] + u[i - 1])), u)

    return 0.5 * jnp.sum(lax.fori_loop(0, steps, step, u) ** 2)


PORTS = {fun.__name__: fun for fun in (jacobi_1d, seidel_2d, lu, cholesky, durbin, trisolv, syrk, trmm, gramschmidt,
                                       burgers)}
