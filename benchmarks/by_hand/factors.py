"""LU and Cholesky factors in place: loops and their adjoints, by hand.

Every product reads factors that are final, so the adjoints need the factors only, nothing from on the way. Loops are
ordered so that the innermost runs along rows.
"""

import numpy as np

from .flags import fast


@fast
def lu(a):
    n = len(a)
    for i in range(n):
        for k in range(i):
            a[i, k] /= a[k, k]
            factor = a[i, k]
            for j in range(k + 1, n):
                a[i, j] -= factor * a[k, j]


@fast
def lu_adjoint(a, a_bar):
    lu(a)
    n = len(a)
    for i in range(n - 1, -1, -1):
        for k in range(i - 1, -1, -1):
            factor, total = a[i, k], 0.0
            for j in range(k + 1, n):
                total += a_bar[i, j] * a[k, j]
                a_bar[k, j] -= a_bar[i, j] * factor
            a_bar[i, k] = (a_bar[i, k] - total) / a[k, k]
            a_bar[k, k] -= a_bar[i, k] * factor


@fast
def cholesky(a):
    for i in range(len(a)):
        for j in range(i):
            total = 0.0
            for k in range(j):
                total += a[i, k] * a[j, k]
            a[i, j] = (a[i, j] - total) / a[j, j]
        total = 0.0
        for k in range(i):
            total += a[i, k] * a[i, k]
        a[i, i] = np.sqrt(a[i, i] - total)


@fast
def cholesky_adjoint(a, a_bar):
    cholesky(a)
    for i in range(len(a) - 1, -1, -1):
        a_bar[i, i] *= 0.5 / a[i, i]
        for k in range(i):
            a_bar[i, k] -= 2.0 * a_bar[i, i] * a[i, k]
        for j in range(i - 1, -1, -1):
            bar = a_bar[i, j] / a[j, j]
            a_bar[i, j] = bar
            a_bar[j, j] -= bar * a[i, j]
            for k in range(j):
                a_bar[i, k] -= bar * a[j, k]
                a_bar[j, k] -= bar * a[i, k]
