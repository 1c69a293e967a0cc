"""Two updates of rank one, and two products with the matrix updated."""

import numpy as np

from .data import uniform


def gemver(alpha, beta, a, u1, v1, u2, v2, w, x, y, z):
    a += np.outer(u1, v1) + np.outer(u2, v2)
    x += beta * y @ a + z
    w += alpha * a @ x


def arguments(size, dtype):
    a, *vectors = uniform(dtype, (size, size), *[size] * 8)
    return {"alpha": 1.5, "beta": 1.2, "a": a} | dict(zip(("u1", "v1", "u2", "v2", "w", "x", "y", "z"), vectors))
