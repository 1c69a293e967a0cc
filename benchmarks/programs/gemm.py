"""C = alpha A B + beta C, in place."""

from .data import uniform


def gemm(alpha, beta, c, a, b):
    c[:] = alpha * a @ b + beta * c


def arguments(size, dtype):
    c, a, b = uniform(dtype, (size, size + 2), (size, size + 1), (size + 1, size + 2))
    return {"alpha": 1.5, "beta": 1.2, "c": c, "a": a, "b": b}
