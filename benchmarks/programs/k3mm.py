"""A product of four matrices."""

from .data import uniform


def k3mm(a, b, c, d):
    return a @ b @ c @ d


def arguments(size, dtype):
    a, b, c, d = uniform(dtype, (size, size + 1), (size + 1, size + 2), (size + 2, size + 3), (size + 3, size))
    return {"a": a, "b": b, "c": c, "d": d}
