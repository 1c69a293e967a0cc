"""The least point of a quadratic model within a ball, by its whole Hessian.

J. J. Moré and D. C. Sorensen, "Computing a trust region step", SIAM J. Sci. Stat. Comput. 4 (1983).

    foreseen = sorensen(h, g, radius, low, p, q, z)    # p minimises g'p + p'Hp/2 where |p| <= radius
"""

import math

from adtrans.optim.solvers.state import dot, norm


def to_border(p, v, radius):
    """The t > 0 with |p + t v| = radius."""
    vv, pv, inside = dot(v, v), dot(p, v), radius * radius - dot(p, p)
    root = math.sqrt(max(pv * pv + vv * inside, 0.0))
    return inside / (pv + root) if pv > 0.0 else (root - pv) / vv


def cholesky(h, shift, low):
    """L with L L' = H + shift; False where there is none."""
    n = h.shape[0]
    for j in range(n):
        pivot = h[j, j] + shift
        for k in range(j):
            pivot -= low[j, k] * low[j, k]
        if not pivot > 0.0:
            return False
        low[j, j] = math.sqrt(pivot)
        for i in range(j + 1, n):
            total = h[i, j]
            for k in range(j):
                total -= low[i, k] * low[j, k]
            low[i, j] = total / low[j, j]
    return True


def half(low, b, q):
    """q with L q = b."""
    for i in range(b.size):
        total = b[i]
        for k in range(i):
            total -= low[i, k] * q[k]
        q[i] = total / low[i, i]


def other_half(low, q, p):
    """p with L' p = q."""
    for i in range(q.size - 1, -1, -1):
        total = q[i]
        for k in range(i + 1, q.size):
            total -= low[k, i] * p[k]
        p[i] = total / low[i, i]


def flattest(low, z, q):
    """A unit vector along which L L' is nearly least, by inverse iteration."""
    for i in range(z.size):
        z[i] = 1.0 + 0.1 * (i % 7)
    for _ in range(4):
        half(low, z, q)
        other_half(low, q, z)
        size = norm(z)
        for i in range(z.size):
            z[i] /= size


def times(h, v, out):
    """The product of a matrix and a vector."""
    for i in range(v.size):
        out[i] = dot(h[i], v)


def sorensen(h, g, radius, low, p, q, z):
    """The least point of the model within the ball (Moré and Sorensen, algorithm 3.14); returns its decrease.

    The shift of the Hessian that gives a step on the border is found by Newton's method on 1/radius - 1/|p|, kept
    between bounds. In the hard case a multiple of an eigenvector is added.
    """
    n = g.size
    size, bottom, top = norm(g), 0.0, 0.0
    for i in range(n):
        row = 0.0
        for j in range(n):
            row += abs(h[i, j])
        top = max(top, row)
        bottom = max(bottom, -h[i, i])
    shift, top = 0.0, size / radius + top
    if bottom > 0.0:
        shift = max(math.sqrt(bottom * top), bottom + 0.01 * (top - bottom))
    for _ in range(60):
        if cholesky(h, shift, low):
            for i in range(n):
                p[i] = -g[i]
            half(low, p, q)
            other_half(low, q, p)
            length = norm(p)
            if shift == 0.0 and length <= radius or abs(length - radius) <= 0.05 * radius:
                break
            change = length
            half(low, p, q)
            change = (length / norm(q)) ** 2 * (length - radius) / radius
            if length < radius:
                top = min(top, shift)
                flattest(low, z, q)
                times(h, z, q)
                bend = dot(z, q) + shift
                reach = to_border(p, z, radius)
                times(h, p, q)
                if reach * reach * bend <= 0.1 * (dot(p, q) + shift * (length * length + radius * radius)):
                    for i in range(n):
                        p[i] += reach * z[i]
                    break
                bottom = max(bottom, shift - bend)
            else:
                bottom = max(bottom, shift)
            shift += change
        else:
            bottom = max(bottom, shift)
            shift = -1.0
        if not bottom < shift < top:
            shift = max(math.sqrt(max(bottom, 0.0) * top), bottom + 0.01 * (top - bottom))
    times(h, p, q)
    return -dot(g, p) - 0.5 * dot(p, q)
