"""The two products of the biconjugate gradient method."""

from .data import uniform


def bicg(a, p, r):
    return r @ a, a @ p


def arguments(size, dtype):
    a, p, r = uniform(dtype, (size + 1, size), size, size + 1)
    return {"a": a, "p": p, "r": r}
