"""np.linalg on arrays of duals, by elimination with pivots of the largest primal part."""

import numpy as np

from tests.duals import elementary
from tests.duals.arrays import asarray, floats, plain, reduce
from tests.duals.scalar import primal


def eliminated(a, b):
    """Solutions of a x = b for each column of b, and the determinant of a."""
    a, b = plain(a).copy(), plain(b).copy()
    n, determinant = len(a), 1.0
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(primal(a[i, k])))
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]] = a[[pivot, k]], b[[pivot, k]]
            determinant = -determinant
        determinant = determinant * a[k, k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k:] = a[i, k:] - factor * a[k, k:]
            b[i] = b[i] - factor * b[k]
    for k in reversed(range(n)):
        for j in range(k + 1, n):
            b[k] = b[k] - a[k, j] * b[j]
        b[k] = b[k] / a[k, k]
    return b, determinant


def solve(a, b):
    """np.linalg.solve for one matrix."""
    b = asarray(b)
    if b.ndim == 1:
        return floats(eliminated(asarray(a), b[:, None])[0][:, 0])
    return floats(eliminated(asarray(a), b)[0])


def inv(a):
    """np.linalg.inv for one matrix."""
    return floats(eliminated(asarray(a), np.eye(len(a)).astype(object))[0])


def det(a):
    """np.linalg.det for one matrix."""
    return eliminated(asarray(a), np.eye(len(a)).astype(object))[1]


def cholesky(a):
    """np.linalg.cholesky for one matrix: its lower triangle is read."""
    a = plain(asarray(a))
    n = len(a)
    factor = np.zeros((n, n)).astype(object)
    for j in range(n):
        factor[j, j] = elementary.unary["sqrt"](a[j, j] - sum(factor[j, k] * factor[j, k] for k in range(j)))
        for i in range(j + 1, n):
            factor[i, j] = (a[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))) / factor[j, j]
    return floats(factor)


def norm(a):
    """The root of the sum of squares."""
    a = asarray(a)
    return elementary.unary["sqrt"](reduce("sum", a * a))


attributes = {"solve": solve, "inv": inv, "det": det, "cholesky": cholesky, "norm": norm}
