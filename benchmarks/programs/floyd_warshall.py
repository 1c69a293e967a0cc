"""Shortest paths between all pairs, in place."""

import numpy as np

from .data import uniform


def floyd_warshall(path):
    for k in range(path.shape[0]):
        path[:] = np.minimum(path[:], np.add.outer(path[:, k], path[k, :]))


def arguments(size, dtype):
    return {"path": uniform(dtype, (size, size))[0]}
