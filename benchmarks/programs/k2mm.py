"""D = alpha A B C + beta D, in place."""

from .data import uniform


def k2mm(alpha, beta, a, b, c, d):
    d[:] = alpha * a @ b @ c + beta * d


def arguments(size, dtype):
    a, b, c, d = uniform(dtype, (size, size + 1), (size + 1, size + 2), (size + 2, size + 3), (size, size + 3))
    return {"alpha": 1.5, "beta": 1.2, "a": a, "b": b, "c": c, "d": d}
