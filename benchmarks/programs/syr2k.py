"""The lower triangle of C = alpha (A B' + B A') + beta C."""

from .data import uniform


def syr2k(alpha, beta, c, a, b):
    rows, inner = a.shape
    for i in range(rows):
        c[i, :i + 1] *= beta
        for k in range(inner):
            c[i, :i + 1] += a[:i + 1, k] * alpha * b[i, k] + b[:i + 1, k] * alpha * a[i, k]


def arguments(size, dtype):
    c, a, b = uniform(dtype, (size, size), (size, size + 1), (size, size + 1))
    return {"alpha": 1.5, "beta": 1.2, "c": c, "a": a, "b": b}
