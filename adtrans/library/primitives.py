"""Library routines as the library calls them: square or tall matrices, two axes, floating-point.

Reading emits a call of NumPy's own routine for each (see `adtrans.lower.routines`); here is what they are in plain
Python.
"""

import numpy as np

from adtrans import factors


def solve(a, b):
    """x with a x = b; a is n by n, b has n rows."""
    return np.linalg.solve(a, b)


def inv(a):
    """The inverse of a square matrix."""
    return np.linalg.inv(a)


def det(a):
    """The determinant of a square matrix."""
    return np.linalg.det(a)


def slogdet(a):
    """Sign and logarithm of the absolute value of the determinant."""
    sign, logarithm = np.linalg.slogdet(a)
    return sign, logarithm


def cholesky(a):
    """The lower triangular factor of a symmetric matrix, of which the lower triangle is read."""
    return np.linalg.cholesky(a)


def eigh(a):
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix, of which the lower triangle is read."""
    values, vectors = np.linalg.eigh(a)
    return values, vectors


def svd(a, full):
    """u, s, v^T; square u and v if `full`."""
    u, s, vt = np.linalg.svd(a, full)
    return u, s, vt


def qr(a):
    """Orthonormal columns q and upper triangular r, reduced."""
    q, r = np.linalg.qr(a)
    return q, r


def pinv(a, rcond):
    """The Moore-Penrose inverse; singular values up to rcond times the largest count as zero."""
    return np.linalg.pinv(a, rcond)


def lu_solve(lu, pivots, b):
    """x with a x = b by the factors of a."""
    return factors.lu_solve(lu, pivots, b)


def lu_solve_transposed(lu, pivots, b):
    """x with a^T x = b by the factors of a."""
    return factors.lu_solve_transposed(lu, pivots, b)


def lu_inverse(lu, pivots):
    """The inverse by the factors."""
    return factors.lu_inverse(lu, pivots)
