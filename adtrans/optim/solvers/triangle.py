"""Least squares by orthogonal triangularisation, for Gauss-Newton and Levenberg-Marquardt steps.

    factor(a, b, order)                      # a = Q R with columns in `order`, b becomes Q' b
    back(a, b, order, rank, p)               # the p with R p = b

A matrix is stored by columns: row j of `a` is column j, which keeps every inner loop contiguous.
"""

import math

from adtrans.optim.solvers.state import dot


def factor(a, b, order):
    """Householder QR with column interchanges (Businger and Golub 1965), in place.

    The upper triangle R is left in a[j, :j + 1], of the columns in their new order.
    """
    n, m = a.shape
    for k in range(n):
        order[k] = k
    for k in range(min(n, m)):
        best, most = k, -1.0
        for j in range(k, n):
            size = dot(a[j, k:], a[j, k:])
            if size > most:
                best, most = j, size
        if best != k:
            order[k], order[best] = order[best], order[k]
            for i in range(m):
                a[k, i], a[best, i] = a[best, i], a[k, i]
        if most > 0.0:
            reflect(a, b, k)


def reflect(a, b, k):
    """The reflection that clears column k below its diagonal, applied to the later columns and to b."""
    n, m = a.shape
    length = 0.0
    for i in range(k, m):
        length = math.hypot(length, a[k, i]) if m - k <= 8 else length + a[k, i] * a[k, i]
    if m - k > 8:
        length = math.sqrt(length)
    if length == 0.0:
        return
    head = -length if a[k, k] > 0.0 else length
    a[k, k] -= head
    scale = -head * a[k, k]
    for j in range(k + 1, n):
        share = dot(a[k, k:], a[j, k:]) / scale
        for i in range(k, m):
            a[j, i] -= share * a[k, i]
    share = dot(a[k, k:], b[k:]) / scale
    for i in range(k, m):
        b[i] -= share * a[k, i]
    a[k, k] = head


def rank_of(a):
    """How many leading diagonal elements of R are not zero."""
    n, m = a.shape
    for k in range(min(n, m)):
        if a[k, k] == 0.0:
            return k
    return min(n, m)


def back(a, b, order, rank, p):
    """The solution of R p = b by the first `rank` columns; the others get zero."""
    n = order.size
    for k in range(n):
        p[order[k]] = 0.0
    for k in range(rank - 1, -1, -1):
        total = b[k]
        for j in range(k + 1, rank):
            total -= a[j, k] * p[order[j]]
        p[order[k]] = total / a[k, k]


def forward(a, b, rank):
    """b becomes the solution of R' z = b."""
    for k in range(rank):
        total = b[k]
        for i in range(k):
            total -= a[k, i] * b[i]
        b[k] = total / a[k, k]


def damp(a, b, order, weights, s, c):
    """R and b of the problem with the equations weights[j] p[j] = 0 added, by plane rotations, into s and c.

    (Moré 1978, section 3.)
    """
    n = order.size
    height = a.shape[1]
    for k in range(n):
        c[k] = b[k] if k < height else 0.0
        for i in range(n):
            s[k, i] = a[k, i] if i <= k and i < height else 0.0
    for k in range(n):
        extra = weights[order[k]]
        if extra == 0.0:
            continue
        c[n] = 0.0
        for j in range(n):
            s[n, j] = 0.0
        s[n, k] = extra
        for j in range(k, n):
            if s[n, j] == 0.0:
                continue
            length = math.hypot(s[j, j], s[n, j])
            cosine, sine = s[j, j] / length, s[n, j] / length
            s[j, j] = length
            for i in range(j + 1, n):
                one, other = s[i, j], s[n, i]
                s[i, j] = cosine * one + sine * other
                s[n, i] = cosine * other - sine * one
            one, other = c[j], c[n]
            c[j] = cosine * one + sine * other
            c[n] = cosine * other - sine * one
