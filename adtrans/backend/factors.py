"""`adtrans.factors` in compiled code: getrf and getri of LAPACK, as Numba hands them on from SciPy, and substitution.

Numba hands on no routine that solves by factors. A vector is solved for in loops along the columns of the factors (they
are read once, which is what the time goes into), a matrix in blocks of rows whose products are BLAS's.
"""

import numpy as np
from numba.core import types
from numba.core.extending import overload, register_jitable
from numba.np.linalg import _LAPACK, F_INT_nptype, _dummy_liveness_func, ensure_lapack, get_blas_kind

from adtrans import factors
from adtrans.backend.blas import product
from adtrans.backend.cpu import FASTMATH
from adtrans.backend.lapack import by_columns

OPTIONS = {"error_model": "numpy", "fastmath": set(FASTMATH)}
BLOCK = 48


def is_matrix(kind, *others) -> bool:
    """Whether the first is a matrix of floating-point numbers and the rest are of its dtype."""
    return isinstance(kind, types.Array) and kind.ndim == 2 and kind.dtype in (types.float32, types.float64) \
        and all(isinstance(other, types.Array) and other.dtype == kind.dtype for other in others)


@overload(factors.lu_factor, jit_options=OPTIONS)
def _lu_factor(a):
    if not is_matrix(a):
        return None
    ensure_lapack()
    getrf, kind = _LAPACK().numba_xxgetrf(a.dtype), ord(get_blas_kind(a.dtype))

    def lu_factor(a):
        n = a.shape[0]
        columns = by_columns(a)
        found = np.empty(n, F_INT_nptype)
        if n > 0:
            getrf(kind, n, n, columns.ctypes, n, found.ctypes)
        _dummy_liveness_func([columns.size, found.size])
        pivots = np.empty(n, np.int64)
        for k in range(n):
            pivots[k] = found[k] - 1
        return columns.T, pivots

    return lu_factor


@register_jitable
def check_regular(lu):
    for k in range(lu.shape[0]):
        if lu[k, k] == 0.0:
            raise np.linalg.LinAlgError("Singular matrix")


@register_jitable
def exchange(x, pivots):
    """The rows of x in the order of the factors."""
    for k in range(pivots.size):
        if pivots[k] != k:
            swap(x, k, pivots[k])


@register_jitable
def exchange_back(x, pivots):
    for k in range(pivots.size - 1, -1, -1):
        if pivots[k] != k:
            swap(x, k, pivots[k])


def swap(x, i, j):
    """Exchange two rows."""
    x[[i, j]] = x[[j, i]]


@overload(swap)
def _swap(x, i, j):
    def numbers(x, i, j):
        x[i], x[j] = x[j], x[i]

    def rows(x, i, j):
        for column in range(x.shape[1]):
            x[i, column], x[j, column] = x[j, column], x[i, column]

    return numbers if x.ndim == 1 else rows


def forward(t, x, unit):
    """Solve t x = x in place for lower triangular t, whose diagonal counts as 1 if `unit`."""
    for i in range(len(t)):
        x[i] = x[i] - t[i, :i] @ x[:i]
        if not unit:
            x[i] /= t[i, i]


def backward(t, x, unit):
    """Solve t x = x in place for upper triangular t."""
    for i in range(len(t) - 1, -1, -1):
        x[i] = x[i] - t[i, i + 1:] @ x[i + 1:]
        if not unit:
            x[i] /= t[i, i]


@overload(forward, jit_options=OPTIONS)
def _forward(t, x, unit):
    def by_columns(t, x, unit):
        n = t.shape[0]
        for k in range(n):
            if not unit:
                x[k] /= t[k, k]
            factor = x[k]
            for i in range(k + 1, n):
                x[i] -= t[i, k] * factor

    def by_rows(t, x, unit):
        for i in range(t.shape[0]):
            total = x[i]
            for k in range(i):
                total -= t[i, k] * x[k]
            x[i] = total if unit else total / t[i, i]

    def of_matrix(t, x, unit):
        n, m = x.shape
        for start in range(0, n, BLOCK):
            end = min(start + BLOCK, n)
            for k in range(start, end):
                if not unit:
                    for j in range(m):
                        x[k, j] /= t[k, k]
                for i in range(k + 1, end):
                    factor = t[i, k]
                    for j in range(m):
                        x[i, j] -= factor * x[k, j]
            if end < n:
                share = product(t[end:, start:end], x[start:end])
                for i in range(end, n):
                    for j in range(m):
                        x[i, j] -= share[i - end, j]

    if x.ndim == 2:
        return of_matrix
    return by_columns if t.layout == "F" else by_rows


@overload(backward, jit_options=OPTIONS)
def _backward(t, x, unit):
    def by_columns(t, x, unit):
        for k in range(t.shape[0] - 1, -1, -1):
            if not unit:
                x[k] /= t[k, k]
            factor = x[k]
            for i in range(k):
                x[i] -= t[i, k] * factor

    def by_rows(t, x, unit):
        n = t.shape[0]
        for i in range(n - 1, -1, -1):
            total = x[i]
            for k in range(i + 1, n):
                total -= t[i, k] * x[k]
            x[i] = total if unit else total / t[i, i]

    def of_matrix(t, x, unit):
        n, m = x.shape
        for end in range(n, 0, -BLOCK):
            start = max(end - BLOCK, 0)
            for k in range(end - 1, start - 1, -1):
                if not unit:
                    for j in range(m):
                        x[k, j] /= t[k, k]
                for i in range(start, k):
                    factor = t[i, k]
                    for j in range(m):
                        x[i, j] -= factor * x[k, j]
            if start > 0:
                share = product(t[:start, start:end], x[start:end])
                for i in range(start):
                    for j in range(m):
                        x[i, j] -= share[i, j]

    if x.ndim == 2:
        return of_matrix
    return by_columns if t.layout == "F" else by_rows


@overload(factors.lu_solve, jit_options=OPTIONS)
def _lu_solve(lu, pivots, b):
    if not is_matrix(lu, b):
        return None

    def lu_solve(lu, pivots, b):
        if b.size > 0:
            check_regular(lu)
        x = b.copy()
        exchange(x, pivots)
        forward(lu, x, True)
        backward(lu, x, False)
        return x

    return lu_solve


@overload(factors.lu_solve_transposed, jit_options=OPTIONS)
def _lu_solve_transposed(lu, pivots, b):
    if not is_matrix(lu, b):
        return None

    def lu_solve_transposed(lu, pivots, b):
        if b.size > 0:
            check_regular(lu)
        x = b.copy()
        forward(lu.T, x, False)
        backward(lu.T, x, True)
        exchange_back(x, pivots)
        return x

    return lu_solve_transposed


@overload(factors.lu_inverse, jit_options=OPTIONS)
def _lu_inverse(lu, pivots):
    if not is_matrix(lu):
        return None
    ensure_lapack()
    getri, kind = _LAPACK().numba_ez_xxgetri(lu.dtype), ord(get_blas_kind(lu.dtype))

    def lu_inverse(lu, pivots):
        n = lu.shape[0]
        check_regular(lu)
        columns = by_columns(lu)
        found = np.empty(n, F_INT_nptype)
        for k in range(n):
            found[k] = pivots[k] + 1
        if n > 0:
            getri(kind, n, columns.ctypes, n, found.ctypes)
        _dummy_liveness_func([columns.size, found.size])
        return by_columns(columns)

    return lu_inverse


@overload(factors.lu_slogdet, jit_options=OPTIONS)
def _lu_slogdet(lu, pivots):
    if not is_matrix(lu):
        return None
    one, zero, lowest = (np.dtype(lu.dtype.name).type(value) for value in (1.0, 0.0, -np.inf))

    def lu_slogdet(lu, pivots):
        sign, logarithm = one, zero
        for k in range(lu.shape[0]):
            pivot = lu[k, k]
            if pivot == 0.0:
                return zero, lowest
            if (pivot < 0.0) != (pivots[k] != k):
                sign = -sign
            logarithm += np.log(abs(pivot))
        return sign, logarithm

    return lu_slogdet


@overload(factors.lu_det, jit_options=OPTIONS)
def _lu_det(lu, pivots):
    if not is_matrix(lu):
        return None

    def lu_det(lu, pivots):
        sign, logarithm = factors.lu_slogdet(lu, pivots)
        return sign * np.exp(logarithm)

    return lu_det
