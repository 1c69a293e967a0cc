"""np.linalg.solve by LAPACK, as Numba hands it on from SciPy.

Numba's own version takes seconds to compile, and refuses NaN and infinity, which NumPy lets pass.
"""

import numpy as np
from numba.core import types
from numba.core.extending import overload
from numba.np.linalg import _LAPACK, F_INT_nptype, _dummy_liveness_func, ensure_lapack, get_blas_kind


def solve(a, b):
    """x with a x = b, for a vector or a matrix b of the dtype of a."""
    return np.linalg.solve(a, b)


@overload(solve, jit_options={"error_model": "numpy"})
def _solve(a, b):
    if not isinstance(a, types.Array) or not isinstance(b, types.Array) or a.ndim != 2 or b.ndim not in (1, 2) \
            or a.dtype != b.dtype or a.dtype not in (types.float32, types.float64):
        return None
    ensure_lapack()
    gesv, kind = _LAPACK().numba_xgesv(a.dtype), ord(get_blas_kind(a.dtype))

    def of_vector(a, b):
        n = a.shape[0]
        factors = by_columns(a)
        x = b.copy()
        pivots = np.empty(n, F_INT_nptype)
        if n > 0 and gesv(kind, n, 1, factors.ctypes, n, pivots.ctypes, x.ctypes, n) > 0:
            raise np.linalg.LinAlgError("Singular matrix")
        _dummy_liveness_func([factors.size, pivots.size])
        return x

    def of_matrix(a, b):
        n, count = b.shape
        factors, columns = by_columns(a), by_columns(b)
        pivots = np.empty(n, F_INT_nptype)
        if n > 0 and count > 0 and gesv(kind, n, count, factors.ctypes, n, pivots.ctypes, columns.ctypes, n) > 0:
            raise np.linalg.LinAlgError("Singular matrix")
        _dummy_liveness_func([factors.size, pivots.size, columns.size])
        return by_columns(columns)

    return of_vector if b.ndim == 1 else of_matrix


def by_columns(a):
    """The transpose as a new array by rows, which is the matrix by columns as LAPACK takes it."""
    return a.T.copy()


@overload(by_columns)
def _by_columns(a):
    def copied(a):
        m, n = a.shape
        out = np.empty((n, m), a.dtype)
        for i in range(m):
            for j in range(n):
                out[j, i] = a[i, j]
        return out

    def turned(a):
        return a.T.copy()

    return turned if a.layout == "F" else copied


TABLE = {np.linalg.solve: solve}
