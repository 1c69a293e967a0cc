"""LU factors of a matrix, made once and used by every solution, determinant and adjoint that needs them.

    lu, pivots = factors.lu_factor(a)
    x = factors.lu_solve(lu, pivots, b)                         # a x = b
    b_bar = factors.lu_solve_transposed(lu, pivots, x_bar)      # a^T b_bar = x_bar

Generated source calls these. `lu` holds the unit lower triangle L below the diagonal and U on and above it; row k was
exchanged with row `pivots[k]`, for k = 0, 1, ..., as LAPACK's getrf has it. The dtype is float32 or float64 and that of
every result. NaN and infinity pass. Compiled versions: `adtrans.backend.factors`.
"""

import numpy as np


def lapack(name, *arrays):
    """SciPy's LAPACK routine for the dtype of the arrays."""
    from scipy.linalg.lapack import get_lapack_funcs

    return get_lapack_funcs((name,), arrays)[0]


def lu_factor(a):
    """(lu, pivots) of a square matrix (n, n): lu (n, n) of its dtype, pivots (n,) of int64. A singular one has a zero
    on the diagonal of lu."""
    if len(a) == 0:
        return np.array(a), np.empty(0, np.int64)
    lu, pivots, _ = lapack("getrf", a)(a)
    return lu, pivots.astype(np.int64)


def lu_solve(lu, pivots, b):
    """x with a x = b; b of shape (n,) or (n, m). LinAlgError where a is singular."""
    return solved(lu, pivots, b, 0)


def lu_solve_transposed(lu, pivots, b):
    """x with a^T x = b; b of shape (n,) or (n, m). LinAlgError where a is singular."""
    return solved(lu, pivots, b, 1)


def solved(lu, pivots, b, trans):
    if b.size == 0:
        return np.array(b)
    if np.any(np.diag(lu) == 0.0):
        raise np.linalg.LinAlgError("Singular matrix")
    return np.ascontiguousarray(lapack("getrs", lu, b)(lu, pivots, b, trans)[0])


def lu_inverse(lu, pivots):
    """The inverse of a; LinAlgError where a is singular."""
    return lu_solve(lu, pivots, np.eye(len(lu), dtype=lu.dtype))


def lu_slogdet(lu, pivots):
    """(sign, logarithm of the absolute value) of the determinant; (0, -inf) where a is singular."""
    diagonal = np.diag(lu)
    if np.any(diagonal == 0.0):
        return lu.dtype.type(0.0), lu.dtype.type(-np.inf)
    exchanged = np.count_nonzero(pivots != np.arange(len(lu)))
    sign = np.prod(np.sign(diagonal)) * lu.dtype.type(1 - 2 * (exchanged % 2))
    return sign, np.sum(np.log(np.abs(diagonal)))


def lu_det(lu, pivots):
    """The determinant."""
    sign, logarithm = lu_slogdet(lu, pivots)
    return sign * np.exp(logarithm)
