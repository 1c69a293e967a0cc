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
    row = np.empty(n)
    for i in range(n - 1, -1, -1):
        for j in range(n):
            row[j] = a_bar[i, j]
        for k in range(i - 1, -1, -1):
            factor, total = a[i, k], 0.0
            upper, upper_bar = a[k], a_bar[k]
            for j in range(k + 1, n):
                total += row[j] * upper[j]
            for j in range(k + 1, n):
                upper_bar[j] -= row[j] * factor
            row[k] = (row[k] - total) / upper[k]
            upper_bar[k] -= row[k] * factor
        for j in range(n):
            a_bar[i, j] = row[j]


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
            row, row_bar, other, other_bar = a[i], a_bar[i], a[j], a_bar[j]
            for k in range(j):
                row_bar[k] -= bar * other[k]
                other_bar[k] -= bar * row[k]
