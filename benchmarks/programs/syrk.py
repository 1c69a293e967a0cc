"""The lower triangle of C = alpha A A' + beta C."""

from .data import uniform


def syrk(alpha, beta, c, a):
    rows, inner = a.shape
    for i in range(rows):
        c[i, :i + 1] *= beta
        for k in range(inner):
            c[i, :i + 1] += alpha * a[i, k] * a[:i + 1, k]


def arguments(size, dtype):
    c, a = uniform(dtype, (size, size), (size, size + 1))
    return {"alpha": 1.5, "beta": 1.2, "c": c, "a": a}
