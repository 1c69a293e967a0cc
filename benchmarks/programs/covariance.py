"""The covariance matrix; the data are centred in place."""

import numpy as np

from .data import uniform


def covariance(data):
    n, m = data.shape
    data -= np.mean(data, axis=0)
    cov = np.zeros((m, m), dtype=data.dtype)
    for i in range(m):
        cov[i:, i] = cov[i, i:] = data[:, i] @ data[:, i:] / (n - 1.0)
    return cov


def arguments(size, dtype):
    return {"data": uniform(dtype, (size + 4, size))[0]}
