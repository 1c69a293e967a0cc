"""LU factors in place, without pivoting."""

from .data import dominant


def lu(a):
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[:j, j]
            a[i, j] /= a[j, j]
        for j in range(i, n):
            a[i, j] -= a[i, :i] @ a[:i, j]


def arguments(size, dtype):
    return {"a": dominant(dtype, size)}
