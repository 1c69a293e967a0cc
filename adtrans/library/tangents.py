"""Tangents of linear algebra routines, written by hand.

M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008); svd:
J. Townsend, "Differentiating the singular value decomposition" (2016); pinv: G. Golub, V. Pereyra, SIAM J. Numer. Anal.
10 (1973); qr: S. Walter, L. Lehmann, arXiv:1001.1654.

Each takes the arguments of the routine, its results and the tangents of the array arguments, and returns the tangents
of the floating-point results. What is said of equal eigenvalues and of ranks in `factorisations` holds here as well.
"""

import numpy as np

from adtrans.library import primitives
from adtrans.library.factorisations import cofactors, halve_to_lower, nearness, product_of


def lu_factor_tangent(a, lu, pivots, a_dot):
    """The factors stand for the matrix, so that their tangent is the tangent of the matrix."""
    return (a_dot * 1.0,)


def solve_tangent(a, b, x, a_dot, b_dot):
    """x_dot = a^-1 (b_dot - a_dot x)."""
    return (primitives.solve(a, b_dot - a_dot @ x),)


def lu_solve_tangent(lu, pivots, b, x, a_dot, b_dot):
    """x_dot = a^-1 (b_dot - a_dot x)."""
    return (primitives.lu_solve(lu, pivots, b_dot - a_dot @ x),)


def lu_solve_transposed_tangent(lu, pivots, b, x, a_dot, b_dot):
    """x_dot = a^-T (b_dot - a_dot^T x)."""
    return (primitives.lu_solve_transposed(lu, pivots, b_dot - a_dot.T @ x),)


def inv_tangent(a, y, a_dot):
    """y_dot = -y a_dot y."""
    return (-(y @ a_dot @ y),)


def lu_inverse_tangent(lu, pivots, y, a_dot):
    """y_dot = -y a_dot y."""
    return (-(y @ a_dot @ y),)


def det_tangent(a, d, a_dot):
    """The cofactors times a_dot."""
    return (np.sum(cofactors(a) * a_dot),)


def lu_det_tangent(lu, pivots, d, a_dot):
    """The cofactors times a_dot."""
    return (np.sum(cofactors(product_of(lu, pivots)) * a_dot),)


def slogdet_tangent(a, sign, logarithm, a_dot):
    """0 and the trace of a^-1 a_dot."""
    return 0.0 * sign, np.sum(primitives.inv(a).T * a_dot)


def lu_slogdet_tangent(lu, pivots, sign, logarithm, a_dot):
    """0 and the trace of a^-1 a_dot."""
    return 0.0 * sign, np.sum(primitives.lu_inverse(lu, pivots).T * a_dot)


def symmetric(a):
    """The symmetric matrix of which this is the lower triangle."""
    n = a.shape[0]
    full = np.zeros_like(a)
    for i in range(n):
        full[i, i] = a[i, i]
        for j in range(i):
            full[i, j] = a[i, j]
            full[j, i] = a[i, j]
    return full


def cholesky_tangent(a, low, a_dot):
    """low_dot = low Phi(low^-1 a_dot low^-T), Phi the lower triangle with half the diagonal."""
    inverse = primitives.inv(low)
    inner = inverse @ symmetric(a_dot) @ inverse.T
    halve_to_lower(inner)
    return (low @ inner,)


def eigh_tangent(a, values, vectors, a_dot):
    """Of the symmetric matrix of which the lower triangle is read."""
    n = values.shape[0]
    inner = vectors.T @ symmetric(a_dot) @ vectors
    values_dot = np.zeros_like(values)
    limit = nearness(values)
    for i in range(n):
        values_dot[i] = inner[i, i]
        for j in range(n):
            gap = values[j] - values[i]
            if abs(gap) <= limit:
                inner[i, j] = 0.0
            else:
                inner[i, j] = inner[i, j] / gap
    return values_dot, vectors @ inner


def svd_tangent(a, full, u, s, vt, a_dot):
    """Of the thin decomposition; what a full one adds to u and v, which is not unique, has tangent zero."""
    k = s.shape[0]
    left, right = u[:, :k], vt[:k, :].T
    inner = left.T @ a_dot @ right
    turn_u, turn_v = np.zeros_like(inner), np.zeros_like(inner)
    s_dot = np.zeros_like(s)
    limit = nearness(s)
    for i in range(k):
        s_dot[i] = inner[i, i]
        for j in range(k):
            gap = (s[j] - s[i]) * (s[j] + s[i])
            if abs(s[j] - s[i]) > limit:
                turn_u[i, j] = (inner[i, j] * s[j] + s[i] * inner[j, i]) / gap
                turn_v[i, j] = (s[i] * inner[i, j] + inner[j, i] * s[j]) / gap
    share_u = a_dot @ right
    share_v = a_dot.T @ left
    share_u = share_u - left @ (left.T @ share_u)
    share_v = share_v - right @ (right.T @ share_v)
    for i in range(k):
        scale = 1.0 / s[i] if s[i] > limit else 0.0 * s[i]
        share_u[:, i] *= scale
        share_v[:, i] *= scale
    u_dot, vt_dot = np.zeros_like(u), np.zeros_like(vt)
    u_dot[:, :k] = left @ turn_u + share_u
    vt_dot[:k, :] = (right @ turn_v + share_v).T
    return u_dot, s_dot, vt_dot


def qr_tangent(a, q, r, a_dot):
    """Of the reduced decomposition of a matrix of full rank; a wide one is split into its square part and the rest."""
    k, n = r.shape
    square = a_dot[:, :k] @ primitives.inv(r[:, :k])
    inner = q.T @ square
    turn = np.zeros_like(inner)
    for i in range(k):
        for j in range(i):
            turn[i, j] = inner[i, j]
            turn[j, i] = -inner[i, j]
    q_dot = q @ turn + square - q @ inner
    r_dot = np.zeros_like(r)
    r_dot[:, :k] = (inner - turn) @ r[:, :k]
    if n > k:
        r_dot[:, k:] = q_dot.T @ a[:, k:] + q.T @ a_dot[:, k:]
    return q_dot, r_dot


def pinv_tangent(a, rcond, p, a_dot):
    """For matrices whose rank does not change."""
    turned = a_dot.T
    first = p @ a_dot @ p
    second = p @ (p.T @ turned)
    third = (turned @ p.T) @ p
    return (second - (second @ a) @ p + third - p @ (a @ third) - first,)


TANGENTS = {
    "factors.lu_factor": lu_factor_tangent, "factors.lu_solve": lu_solve_tangent, "np.linalg.solve": solve_tangent,
    "factors.lu_solve_transposed": lu_solve_transposed_tangent, "factors.lu_inverse": lu_inverse_tangent,
    "factors.lu_det": lu_det_tangent, "factors.lu_slogdet": lu_slogdet_tangent, "np.linalg.inv": inv_tangent,
    "np.linalg.det": det_tangent, "np.linalg.slogdet": slogdet_tangent, "np.linalg.cholesky": cholesky_tangent,
    "np.linalg.eigh": eigh_tangent, "np.linalg.svd": svd_tangent, "np.linalg.qr": qr_tangent,
    "np.linalg.pinv": pinv_tangent,
}
