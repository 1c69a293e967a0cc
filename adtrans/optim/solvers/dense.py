"""Small dense systems: elimination with row interchanges, in place.

    eliminate(a, order)                      # a = P L U
    substitute(a, order, b)                  # b becomes the solution
"""


def eliminate(a, order):
    """The factors of a matrix in its place; a pivot of zero becomes the least number that can divide."""
    n = a.shape[0]
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        order[k] = best
        if best != k:
            for j in range(n):
                a[k, j], a[best, j] = a[best, j], a[k, j]
        if a[k, k] == 0.0:
            a[k, k] = 1e-300
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]


def substitute(a, order, b):
    """The solution of the factored system in the place of its right-hand side."""
    n = b.size
    for k in range(n):
        b[k], b[order[k]] = b[order[k]], b[k]
    for i in range(n):
        for k in range(i):
            b[i] -= a[i, k] * b[k]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            b[i] -= a[i, k] * b[k]
        b[i] /= a[i, i]
