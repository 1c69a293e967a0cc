"""Newton's method: line searches along directions from the Hessian, made positive definite, or from products with it.

Gill, Murray and Wright, Practical Optimization (1981), section 4.4.2.2, for the modified Cholesky factorisation;
Nocedal and Wright, algorithm 7.1, for the conjugate gradients.
"""

import math

import numpy as np

from adtrans.optim.solvers.calls import curve
from adtrans.optim.solvers.linesearch import begin, wolfe
from adtrans.optim.solvers.state import (
    EPS,
    NFEV,
    NHEV,
    RUNNING,
    STUCK,
    VALUE,
    arrive,
    copy,
    dot,
    norm,
)


def hessian(problem, x, h, v, counts):
    """The Hessian, a product for each row, and then symmetric."""
    n = x.size
    for j in range(n):
        v[j] = 0.0
    for j in range(n):
        v[j] = 1.0
        curve(problem, x, v, h[j])
        v[j] = 0.0
    for i in range(n):
        for j in range(i):
            h[i, j] = 0.5 * (h[i, j] + h[j, i])
            h[j, i] = h[i, j]
    counts[NHEV] += n


def factorise(h, low, order):
    """L D L' = H + E with rows and columns in `order`, in one array with D on its diagonal.

    D is positive, E diagonal, and zero where H is safely positive definite.
    """
    n = h.shape[0]
    on, off = 0.0, 0.0
    for i in range(n):
        order[i] = i
        for j in range(n):
            low[i, j] = h[i, j]
            if i == j:
                on = max(on, abs(h[i, j]))
            else:
                off = max(off, abs(h[i, j]))
    least = EPS * max(on + off, 1.0)
    most = max(on, off / math.sqrt(max(n * n - 1.0, 1.0)), EPS)
    for j in range(n):
        interchange(low, order, j)
        wide = 0.0
        for i in range(j + 1, n):
            wide = max(wide, abs(low[i, j]))
        pivot = max(abs(low[j, j]), wide * wide / most, least)
        low[j, j] = pivot
        for i in range(j + 1, n):
            for k in range(j + 1, i + 1):
                low[i, k] -= low[i, j] * low[k, j] / pivot
                low[k, i] = low[i, k]
        for i in range(j + 1, n):
            low[i, j] /= pivot


def interchange(low, order, j):
    """The row and column with the largest diagonal element left in the place of j."""
    n, best = low.shape[0], j
    for i in range(j + 1, n):
        if abs(low[i, i]) > abs(low[best, best]):
            best = i
    if best == j:
        return
    order[j], order[best] = order[best], order[j]
    for k in range(n):
        low[j, k], low[best, k] = low[best, k], low[j, k]
    for k in range(n):
        low[k, j], low[k, best] = low[k, best], low[k, j]


def solve(low, order, b, y, x):
    """x with (H + E) x = -b."""
    n = b.size
    for i in range(n):
        y[i] = -b[order[i]]
        for k in range(i):
            y[i] -= low[i, k] * y[k]
    for i in range(n - 1, -1, -1):
        y[i] /= low[i, i]
        for k in range(i + 1, n):
            y[i] -= low[k, i] * y[k]
        x[order[i]] = y[i]


def advance(problem, x, g, d, x_new, g_new, now, counts, limits, trace, step):
    """A line search along d and what follows it."""
    slope = dot(d, g)
    if not slope < 0.0:
        return STUCK
    alpha, value = wolfe(problem, x, d, now[VALUE], slope, 1.0, 1e10, 1e-4, 0.9, x_new, g_new, counts)
    if alpha == 0.0:
        return STUCK
    return arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step)


def newton(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps of Newton's method; `memory` has room for the Hessian and, below it, its factor."""
    n = x.size
    d, x_new, g_new = np.empty(n), np.empty(n), np.empty(n)
    h, low, order = memory[:n], memory[n:], np.empty(n, np.int64)
    if counts[NFEV] == 0:
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
    for step in range(steps):
        hessian(problem, x, h, d, counts)
        factorise(h, low, order)
        solve(low, order, g, x_new, d)
        status = advance(problem, x, g, d, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING


def conjugate(problem, x, g, d, r, v, hv, counts):
    """A direction by conjugate gradients, which stop early or where the curvature is not positive."""
    n = x.size
    for i in range(n):
        d[i], r[i], v[i] = 0.0, g[i], -g[i]
    size = norm(g)
    enough = min(0.5, math.sqrt(size)) * size
    rr = dot(r, r)
    for k in range(20 * n):
        curve(problem, x, v, hv)
        counts[NHEV] += 1
        bend = dot(v, hv)
        if not bend > 3.0 * EPS * dot(v, v):
            if k == 0:
                copy(v, d)
            return
        share = rr / bend
        for i in range(n):
            d[i] += share * v[i]
            r[i] += share * hv[i]
        rr_new = dot(r, r)
        if math.sqrt(rr_new) <= enough:
            return
        for i in range(n):
            v[i] = -r[i] + rr_new / rr * v[i]
        rr = rr_new


def newton_cg(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps of Newton's method by products with the Hessian alone; `memory` has three rows to work in."""
    n = x.size
    d, x_new, g_new = np.empty(n), np.empty(n), np.empty(n)
    if counts[NFEV] == 0:
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
    for step in range(steps):
        conjugate(problem, x, g, d, memory[0], memory[1], memory[2], counts)
        status = advance(problem, x, g, d, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING
