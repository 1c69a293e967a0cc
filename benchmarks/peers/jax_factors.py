"""Factorisations in JAX as the programs do them: a `fori_loop` over columns, each step on whole matrices."""

import jax.numpy as jnp
from jax import lax


def lu(a):
    """Each step takes a rank-one product from what is left."""
    places = jnp.arange(a.shape[0])

    def step(k, a):
        column = jnp.where(places > k, a[:, k] / a[k, k], 0.0)
        row = jnp.where(places > k, a[k], 0.0)
        return (a - jnp.outer(column, row)).at[:, k].set(jnp.where(places > k, column, a[:, k]))

    return (lax.fori_loop(0, a.shape[0], step, a),)


def ludcmp(a, b):
    n = a.shape[0]
    places = jnp.arange(n)
    (factors,) = lu(a)

    def forward(i, y):
        return y.at[i].set(b[i] - jnp.where(places < i, factors[i], 0.0) @ y)

    y = lax.fori_loop(0, n, forward, jnp.zeros(n))

    def backward(k, x):
        i = n - 1 - k
        return x.at[i].set((y[i] - jnp.where(places > i, factors[i], 0.0) @ x) / factors[i, i])

    return lax.fori_loop(0, n, backward, jnp.zeros(n)), y


def gramschmidt(a):
    n = a.shape[1]
    places = jnp.arange(n)

    def step(k, state):
        a, q, r = state
        column = a[:, k]
        length = jnp.sqrt(column @ column)
        unit = column / length
        row = jnp.where(places > k, unit @ a, 0.0)
        return a - jnp.outer(unit, row), q.at[:, k].set(unit), r.at[k].set(row.at[k].set(length))

    return lax.fori_loop(0, n, step, (a, jnp.zeros_like(a), jnp.zeros((n, n))))[1:]


KERNELS = {fun.__name__: fun for fun in (lu, ludcmp, gramschmidt)}
