"""The last axis of a three-dimensional array multiplied by a matrix, in place."""

import numpy as np

from .data import uniform


def doitgen(a, c4):
    nr, nq, np_ = a.shape
    a[:] = np.reshape(np.reshape(a, (nr, nq, 1, np_)) @ c4, (nr, nq, np_))


def arguments(size, dtype):
    a, c4 = uniform(dtype, (3, size, size + 1), (size + 1, size + 1))
    return {"a": a, "c4": c4}
