"""The covariance matrix by NumPy."""

import numpy as np

from .data import uniform


def covariance_by_numpy(data):
    return np.cov(np.transpose(data))


def arguments(size, dtype):
    return {"data": uniform(dtype, (size + 4, size))[0]}
