"""A sparse matrix, in compressed rows, times a vector."""

import numpy as np

from .data import uniform


def spmv(starts, columns, values, x):
    y = np.empty(starts.size - 1, values.dtype)
    for i in range(starts.size - 1):
        here = columns[starts[i]:starts[i + 1]]
        y[i] = values[starts[i]:starts[i + 1]] @ x[here]
    return y


def arguments(size, dtype):
    rng = np.random.default_rng(0)
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 5, size))])
    columns = rng.integers(0, size + 1, starts[-1])
    values, x = uniform(dtype, starts[-1], size + 1)
    return {"starts": starts, "columns": columns, "values": values, "x": x}
