"""B = alpha A' B with a unit lower triangular A, in place."""

import numpy as np

from .data import uniform


def trmm(alpha, a, b):
    rows, columns = b.shape
    for i in range(rows):
        for j in range(columns):
            b[i, j] += np.dot(a[i + 1:, i], b[i + 1:, j])
    b *= alpha


def arguments(size, dtype):
    a, b = uniform(dtype, (size, size), (size, size + 1))
    return {"alpha": 1.5, "a": a, "b": b}
