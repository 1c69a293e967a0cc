"""A' A x."""

from .data import uniform


def atax(a, x):
    return (a @ x) @ a


def arguments(size, dtype):
    a, x = uniform(dtype, (size + 1, size), size)
    return {"a": a, "x": x}
