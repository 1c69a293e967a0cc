"""C = alpha A B + beta C with a symmetric A of which the lower triangle is kept."""

import numpy as np

from .data import uniform


def symm(alpha, beta, c, a, b):
    rows, columns = c.shape
    from_above = np.empty(columns, dtype=c.dtype)
    c *= beta
    for i in range(rows):
        for j in range(columns):
            c[:i, j] += alpha * b[i, j] * a[i, :i]
            from_above[j] = b[:i, j] @ a[i, :i]
        c[i, :] += alpha * b[i, :] * a[i, i] + alpha * from_above


def arguments(size, dtype):
    c, a, b = uniform(dtype, (size, size + 1), (size, size), (size, size + 1))
    return {"alpha": 1.5, "beta": 1.2, "c": c, "a": a, "b": b}
