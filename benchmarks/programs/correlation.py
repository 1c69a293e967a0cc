"""The correlation matrix; the data are standardised in place."""

import numpy as np

from .data import uniform


def correlation(data):
    n, m = data.shape
    mean = np.mean(data, axis=0)
    deviation = np.std(data, axis=0)
    deviation[deviation <= 0.1] = 1.0
    data -= mean
    data /= np.sqrt(n) * deviation
    corr = np.eye(m, dtype=data.dtype)
    for i in range(m - 1):
        corr[i + 1:, i] = corr[i, i + 1:] = data[:, i] @ data[:, i + 1:]
    return corr


def arguments(size, dtype):
    (data,) = uniform(dtype, (size + 4, size), high=2.0)
    data[:, 1] = 0.5 + 0.02 * data[:, 1]
    return {"data": data}
