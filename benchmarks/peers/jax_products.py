"""Factors and products of matrices in JAX: the library's own routines, triangles by masks."""

import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular


def lu(a):
    """The library pivots, but not on matrices with a dominant diagonal."""
    return (lax.linalg.lu(a)[0],)


def cholesky(a):
    lower = jnp.tril(a)
    factor = lax.linalg.cholesky(lower + jnp.tril(a, -1).T, symmetrize_input=False)
    return (jnp.tril(factor) + jnp.triu(a, 1),)


def ludcmp(a, b):
    factors = lax.linalg.lu(a)[0]
    y = solve_triangular(factors, b, lower=True, unit_diagonal=True)
    return solve_triangular(factors, y), y


def trisolv(lower, x, b):
    return (solve_triangular(lower, b, lower=True),)


def durbin(r):
    n = r.shape[0]
    backwards = jnp.concatenate((r[::-1], jnp.zeros(n)))

    def body(k, state):
        y, alpha, beta = state
        beta = beta * (1.0 - alpha * alpha)
        alpha = -(r[k] + lax.dynamic_slice(backwards, (n - k,), (n,)) @ y) / beta
        flipped = lax.dynamic_slice(jnp.concatenate((y[::-1], jnp.zeros(n))), (n - k,), (n,))
        return (y + alpha * flipped).at[k].set(alpha), alpha, beta

    y = jnp.zeros(n).at[0].set(-r[0])
    return lax.fori_loop(1, n, body, (y, -r[0], jnp.ones(())))[0]


def gramschmidt(a):
    q, r = jnp.linalg.qr(a)
    signs = jnp.sign(jnp.diagonal(r))
    return q * signs, signs[:, None] * r


def syrk(alpha, beta, c, a):
    return (jnp.tril(alpha * (a @ a.T) + beta * c) + jnp.triu(c, 1),)


def syr2k(alpha, beta, c, a, b):
    product = a @ b.T
    return (jnp.tril(alpha * (product + product.T) + beta * c) + jnp.triu(c, 1),)


def symm(alpha, beta, c, a, b):
    return (alpha * ((jnp.tril(a) + jnp.tril(a, -1).T) @ b) + beta * c,)


def trmm(alpha, a, b):
    return (alpha * (b + jnp.tril(a, -1).T @ b),)


def covariance(data):
    centred = data - jnp.mean(data, axis=0)
    return centred.T @ centred / (data.shape[0] - 1.0)


def correlation(data):
    n, m = data.shape
    deviation = jnp.std(data, axis=0)
    deviation = jnp.where(deviation <= 0.1, 1.0, deviation)
    scaled = (data - jnp.mean(data, axis=0)) / (jnp.sqrt(n) * deviation)
    return jnp.where(jnp.eye(m, dtype=bool), 1.0, scaled.T @ scaled)


KERNELS = {fun.__name__: fun for fun in (lu, cholesky, ludcmp, trisolv, durbin, gramschmidt, syrk, syr2k, symm, trmm,
                                         covariance, correlation)}
