"""A linear system by LU factors, forward and backward substitution."""

import numpy as np

from .data import dominant, uniform
from .lu import lu


def ludcmp(a, b):
    n = a.shape[0]
    x = np.zeros_like(b)
    y = np.zeros_like(b)
    lu(a)
    for i in range(n):
        y[i] = b[i] - a[i, :i] @ y[:i]
    for i in range(n - 1, -1, -1):
        x[i] = (y[i] - a[i, i + 1:] @ x[i + 1:]) / a[i, i]
    return x, y


def arguments(size, dtype):
    return {"a": dominant(dtype, size), "b": uniform(dtype, size)[0]}
