"""A matrix plus the sum of the hyperbolic tangents of its diagonal."""

import numpy as np

from .data import uniform


def go_fast(a):
    trace = 0.0
    for i in range(a.shape[0]):
        trace += np.tanh(a[i, i])
    return a + trace


def arguments(size, dtype):
    return {"a": uniform(dtype, (size, size))[0]}
