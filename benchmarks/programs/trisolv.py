"""A lower triangular system by forward substitution."""

from .data import dominant, uniform


def trisolv(lower, x, b):
    for i in range(x.shape[0]):
        x[i] = (b[i] - lower[i, :i] @ x[:i]) / lower[i, i]


def arguments(size, dtype):
    x, b = uniform(dtype, size, size)
    return {"lower": dominant(dtype, size), "x": x, "b": b}
