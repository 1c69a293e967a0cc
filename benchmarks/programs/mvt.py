"""Products with a matrix and with its transpose, added in place."""

from .data import uniform


def mvt(x1, x2, y1, y2, a):
    x1 += a @ y1
    x2 += y2 @ a


def arguments(size, dtype):
    x1, x2, y1, y2, a = uniform(dtype, *[size] * 4, (size, size))
    return {"x1": x1, "x2": x2, "y1": y1, "y2": y2, "a": a}
