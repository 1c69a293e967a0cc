"""Azimuthal integration: means of the data over rings, by masks."""

import numpy as np

from .data import uniform


def azimint_naive(data, radius, n):
    largest = radius.max()
    means = np.zeros(n, dtype=data.dtype)
    for i in range(n):
        inner = largest * i / n
        outer = largest * (i + 1) / n
        means[i] = data[np.logical_and(inner <= radius, radius < outer)].mean()
    return means


def arguments(size, dtype):
    data, radius = uniform(dtype, size * size + 20, size * size + 20)
    radius[:4] = 0.05, 0.3, 0.6, 0.9
    return {"data": data, "radius": radius, "n": 4}
