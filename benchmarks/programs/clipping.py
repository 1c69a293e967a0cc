"""A clipped array and another one, combined linearly."""

import numpy as np

from .data import uniform


def clipping(first, second, a, b, c):
    return np.clip(first, 2, 10) * a + second * b + c


def arguments(size, dtype):
    first, second = uniform(dtype, (size, size), (size, size), high=15.0)
    return {"first": first, "second": second, "a": 4.0, "b": 3.0, "c": 9.0}
