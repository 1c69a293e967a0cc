"""The Cholesky factor in place of the lower triangle."""

import numpy as np

from .data import dominant


def cholesky(a):
    for i in range(a.shape[0]):
        for j in range(i):
            a[i, j] -= np.dot(a[i, :j], a[j, :j])
            a[i, j] /= a[j, j]
        a[i, i] -= np.dot(a[i, :i], a[i, :i])
        a[i, i] = np.sqrt(a[i, i])


def arguments(size, dtype):
    return {"a": dominant(dtype, size)}
