"""Adjoints of linear algebra routines, written by hand.

M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008);
cholesky: I. Murray, arXiv:1602.07527; svd: J. Townsend, "Differentiating the singular value decomposition" (2016);
pinv: G. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973); qr: S. Walter, L. Lehmann, arXiv:1001.1654.

Each takes the arguments of the routine, its results and the adjoints of these, and returns the adjoints of the
arrays of floating-point numbers among the arguments.
"""

import numpy as np

from adtrans.library import primitives


def lu_factor_adjoint(a, lu, pivots, lu_bar):
    """The factors stand for the matrix, so that their adjoint is the adjoint of the matrix."""
    return (lu_bar,)


def lu_solve_adjoint(lu, pivots, b, x, x_bar):
    """b_bar = a^-T x_bar, a_bar = -b_bar x^T."""
    b_bar = primitives.lu_solve_transposed(lu, pivots, x_bar)
    if x.ndim == 1:
        return -np.outer(b_bar, x), b_bar
    return -(b_bar @ x.T), b_bar


def inv_adjoint(a, y, y_bar):
    """a_bar = -y^T y_bar y^T."""
    return (-(y.T @ y_bar @ y.T),)


def lu_det_adjoint(lu, pivots, d, d_bar):
    """d_bar times the cofactors: d a^-T, unless the matrix is so near to a singular one that this loses digits."""
    a = product_of(lu, pivots)
    if d != 0.0 and np.isfinite(d):
        inverse = primitives.lu_inverse(lu, pivots)
        if np.sqrt(np.sum(a * a) * np.sum(inverse * inverse)) < np.finfo(a.dtype).eps ** -0.375:
            return (d_bar * d * inverse.T,)
    return (d_bar * cofactors(a),)


def product_of(lu, pivots):
    """The matrix of which these are the factors."""
    n = lu.shape[0]
    a = np.triu(lu) + np.tril(lu, -1) @ np.triu(lu)
    for k in range(n - 1, -1, -1):
        if pivots[k] != k:
            for j in range(n):
                upper = a[k, j]
                a[k, j] = a[pivots[k], j]
                a[pivots[k], j] = upper
    return a


def cofactors(a):
    """By the singular values, so that singular matrices are no exception."""
    u, s, vt = primitives.svd(a, True)
    n = a.shape[0]
    others = np.ones_like(s)
    for i in range(n):
        for j in range(n):
            if j != i:
                others[i] = others[i] * s[j]
    return primitives.det(u) * primitives.det(vt) * ((u * others) @ vt)


def lu_slogdet_adjoint(lu, pivots, sign, logarithm, sign_bar, logarithm_bar):
    """a_bar = logarithm_bar a^-T."""
    return (logarithm_bar * primitives.lu_inverse(lu, pivots).T,)


def cholesky_adjoint(a, low, low_bar):
    """Of the lower triangle, the only part of `a` that is read."""
    inner = low.T @ low_bar
    halve_to_lower(inner)
    inverse = primitives.inv(low)
    full = inverse.T @ inner @ inverse
    return (folded(full),)


def halve_to_lower(inner):
    """Leave the lower triangle of a matrix, with half the diagonal."""
    n = inner.shape[0]
    for i in range(n):
        inner[i, i] = 0.5 * inner[i, i]
        for j in range(i + 1, n):
            inner[i, j] = 0.0


def folded(full):
    """The adjoint of a lower triangle that stands for a symmetric matrix."""
    n = full.shape[0]
    a_bar = np.zeros_like(full)
    for i in range(n):
        a_bar[i, i] = full[i, i]
        for j in range(i):
            a_bar[i, j] = full[i, j] + full[j, i]
    return a_bar


def eigh_adjoint(a, values, vectors, values_bar, vectors_bar):
    """Of the lower triangle. Eigenvectors of eigenvalues that are equal to rounding do not mix: 0 for their share."""
    n = values.shape[0]
    inner = vectors.T @ vectors_bar
    limit = nearness(values)
    for i in range(n):
        for j in range(n):
            gap = values[j] - values[i]
            if abs(gap) <= limit:
                inner[i, j] = 0.0
            else:
                inner[i, j] = inner[i, j] / gap
        inner[i, i] = values_bar[i]
    return (folded(vectors @ inner @ vectors.T),)


def nearness(values):
    """How close two of these numbers may be and count as equal: a few roundings of the largest."""
    largest = 0.0
    for value in values:
        largest = max(largest, abs(value))
    return largest * 4.0 * np.finfo(values.dtype).eps


def svd_adjoint(a, full, u, s, vt, u_bar, s_bar, vt_bar):
    """Of the thin decomposition; of what a full one adds to u and v, which is not unique, nothing is taken."""
    k = s.shape[0]
    left, right = u[:, :k], vt[:k, :].T
    left_bar, right_bar = u_bar[:, :k], vt_bar[:k, :].T
    turn_u = left.T @ left_bar
    turn_v = right.T @ right_bar
    inner = np.zeros((k, k), s.dtype)
    limit = nearness(s)
    for i in range(k):
        for j in range(k):
            gap = (s[j] - s[i]) * (s[j] + s[i])
            if abs(s[j] - s[i]) > limit:
                inner[i, j] = ((turn_u[i, j] - turn_u[j, i]) * s[j] + s[i] * (turn_v[i, j] - turn_v[j, i])) / gap
        inner[i, i] = s_bar[i]
    a_bar = left @ inner @ right.T
    share_u = left_bar - left @ turn_u
    share_v = right_bar - right @ turn_v
    for i in range(k):
        scale = 1.0 / s[i] if s[i] > limit else 0.0 * s[i]
        share_u[:, i] *= scale
        share_v[:, i] *= scale
    return (a_bar + share_u @ right.T + left @ share_v.T,)


def qr_adjoint(a, q, r, q_bar, r_bar):
    """Of the reduced decomposition of a matrix of full rank; a wide one is split into its square part and the rest."""
    k, n = r.shape
    if n == k:
        return (qr_tall(q, r, q_bar, r_bar),)
    a_bar = np.zeros_like(a)
    rest_bar = q @ r_bar[:, k:]
    square_bar = q_bar + a[:, k:] @ r_bar[:, k:].T
    a_bar[:, :k] = qr_tall(q, r[:, :k], square_bar, r_bar[:, :k])
    a_bar[:, k:] = rest_bar
    return (a_bar,)


def qr_tall(q, r, q_bar, r_bar):
    n = r.shape[0]
    inner = r @ r_bar.T - q_bar.T @ q
    for i in range(n):
        for j in range(i + 1, n):
            inner[i, j] = inner[j, i]
    right = q_bar + q @ inner
    return primitives.solve(r, right.T).T


def pinv_adjoint(a, rcond, p, p_bar):
    """For matrices whose rank does not change."""
    turned = p_bar.T
    first = p.T @ p_bar @ p.T
    second = turned @ p @ p.T
    third = p.T @ p @ turned
    return (second - a @ (p @ second) + third - (third @ p) @ a - first,)


ADJOINTS = {
    "factors.lu_factor": lu_factor_adjoint, "factors.lu_solve": lu_solve_adjoint, "factors.lu_det": lu_det_adjoint,
    "factors.lu_slogdet": lu_slogdet_adjoint, "np.linalg.inv": inv_adjoint, "np.linalg.cholesky": cholesky_adjoint,
    "np.linalg.eigh": eigh_adjoint, "np.linalg.svd": svd_adjoint, "np.linalg.qr": qr_adjoint,
    "np.linalg.pinv": pinv_adjoint,
}
