"""The sum of two products of matrix and vector."""

from .data import uniform


def gesummv(alpha, beta, a, b, x):
    return alpha * a @ x + beta * b @ x


def arguments(size, dtype):
    a, b, x = uniform(dtype, (size, size), (size, size), size)
    return {"alpha": 1.5, "beta": 1.2, "a": a, "b": b, "x": x}
