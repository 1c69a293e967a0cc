"""L-BFGS within bounds.

R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, "A limited memory algorithm for bound constrained optimization", SIAM J. Sci.
Comput. 16 (1995); the projection of the subspace step after J. L. Morales and J. Nocedal, ACM TOMS 38 (2011). Equation
numbers are those of the first paper. The Hessian is theta I - W M W', where W has the changes of the gradient and theta
times those of x for columns (3.2). `w` holds W by rows of variables' entries, `m` the factors of M's inverse.

    status = lbfgsb(problem, x, g, memory, now, counts, limits, steps, trace, bounds)
"""

import math

import numpy as np

from adtrans.optim.solvers.dense import eliminate, substitute
from adtrans.optim.solvers.lbfgs import keep
from adtrans.optim.solvers.linesearch import begin, wolfe
from adtrans.optim.solvers.state import (
    EPS,
    FLAT,
    GTOL,
    KEPT,
    NEXT,
    NFEV,
    NIT,
    NOT_FINITE,
    RUNNING,
    STUCK,
    VALUE,
    arrive,
    copy,
    dot,
    norm,
)


def inside(x, bounds):
    """The nearest point within bounds."""
    for i in range(x.size):
        x[i] = min(max(x[i], bounds[0, i]), bounds[1, i])


def projected(x, g, bounds):
    """The largest element of the gradient projected onto bounds (6.1)."""
    most = 0.0
    for i in range(x.size):
        most = max(most, abs(min(max(x[i] - g[i], bounds[0, i]), bounds[1, i]) - x[i]))
    return most


def model(memory, counts, w, m, order):
    """W and the factors of M's inverse from the pairs that are kept (3.3, 3.4); returns theta."""
    kept = counts[KEPT]
    pairs = (memory.shape[0] - 1) // 2
    if kept == 0:
        return 1.0
    first = (counts[NEXT] - kept) % pairs
    last = (counts[NEXT] - 1) % pairs
    theta = dot(memory[2 + 2 * last], memory[2 + 2 * last]) / dot(memory[1 + 2 * last], memory[2 + 2 * last])
    for a in range(kept):
        s, y = memory[1 + 2 * ((first + a) % pairs)], memory[2 + 2 * ((first + a) % pairs)]
        for i in range(s.size):
            w[i, a] = y[i]
            w[i, kept + a] = theta * s[i]
        for b in range(kept):
            other, change = memory[1 + 2 * ((first + b) % pairs)], memory[2 + 2 * ((first + b) % pairs)]
            m[a, b] = -dot(s, y) if a == b else 0.0
            m[kept + a, kept + b] = theta * dot(s, other)
            m[kept + a, b] = dot(s, change) if a > b else 0.0
            m[b, kept + a] = m[kept + a, b]
    eliminate(m[:2 * kept, :2 * kept], order)
    return theta


def sift(heap, t, k, size):
    """Let what is at k sink to where no later one has a smaller t, below which the heap is in order."""
    while 2 * k + 1 < size:
        child = 2 * k + 1
        if child + 1 < size and t[heap[child + 1]] < t[heap[child]]:
            child += 1
        if not t[heap[child]] < t[heap[k]]:
            return
        heap[k], heap[child] = heap[child], heap[k]
        k = child


def cauchy(x, g, bounds, theta, w, m, order, size, xc, c, p, v, t, d, heap):
    """The first minimum of the model along the projected gradient path (algorithm CP); c becomes W'(xc - x)."""
    n = x.size
    for i in range(n):
        t[i] = math.inf
        if g[i] < 0.0:
            t[i] = (x[i] - bounds[1, i]) / g[i]
        elif g[i] > 0.0:
            t[i] = (x[i] - bounds[0, i]) / g[i]
        d[i] = -g[i] if t[i] > 0.0 else 0.0
        xc[i], heap[i] = x[i], i
    for a in range(size):
        c[a], p[a] = 0.0, 0.0
        for i in range(n):
            p[a] += w[i, a] * d[i]
        v[a] = p[a]
    substitute(m, order, v[:size])
    slope = -dot(d, d)
    if slope == 0.0:
        return
    bend = -theta * slope - dot(p[:size], v[:size])
    least = EPS * bend
    ahead, reached = -slope / bend, 0.0
    left = n
    for k in range(n // 2 - 1, -1, -1):
        sift(heap, t, k, left)
    while left > 0:
        i = heap[0]
        left -= 1
        heap[0] = heap[left]
        sift(heap, t, 0, left)
        if t[i] <= 0.0:
            continue
        span = t[i] - reached
        if not ahead >= span:
            break
        xc[i] = bounds[1, i] if d[i] > 0.0 else bounds[0, i]
        for a in range(size):
            c[a] += span * p[a]
            v[a] = w[i, a]
        substitute(m, order, v[:size])
        slope += span * bend + g[i] * (g[i] + theta * (xc[i] - x[i]) - dot(v[:size], c[:size]))
        bend -= g[i] * (theta * g[i] + 2.0 * dot(v[:size], p[:size]) + g[i] * dot(v[:size], w[i, :size]))
        bend = max(bend, least)
        for a in range(size):
            p[a] += g[i] * w[i, a]
        d[i] = 0.0
        ahead, reached = -slope / bend, t[i]
    ahead = max(ahead, 0.0)
    for i in range(n):
        if d[i] != 0.0:
            xc[i] = x[i] + (reached + ahead) * d[i]
    for a in range(size):
        c[a] += ahead * p[a]


def subspace(x, g, bounds, theta, w, m, order, size, xc, c, p, v, t, d, inner, inner_order):
    """d leads from x to the minimum of the model over variables free at the Cauchy point, brought within bounds.

    (Equations 5.4 to 5.11, the direct primal method.)
    """
    n = x.size
    copy(c[:size], v[:size])
    substitute(m, order, v[:size])
    for a in range(size):
        p[a] = 0.0
        for b in range(size):
            inner[b, a] = 0.0
    for i in range(n):
        free = bounds[0, i] < xc[i] < bounds[1, i]
        t[i] = g[i] + theta * (xc[i] - x[i]) - dot(w[i, :size], v[:size]) if free else 0.0
        if free:
            for a in range(size):
                p[a] += w[i, a] * t[i]
                for b in range(size):
                    inner[a, b] += w[i, a] * w[i, b] / theta
    # N = I - M W'ZZ'W / theta, column by column; the product is symmetric.
    substitute(m, order, p[:size])
    for a in range(size):
        substitute(m, order, inner[a, :size])
    for a in range(size):
        for b in range(a):
            inner[a, b], inner[b, a] = -inner[b, a], -inner[a, b]
        inner[a, a] = 1.0 - inner[a, a]
    eliminate(inner[:size, :size], inner_order)
    substitute(inner, inner_order, p[:size])
    for i in range(n):
        free = bounds[0, i] < xc[i] < bounds[1, i]
        t[i] = -(t[i] + dot(w[i, :size], p[:size]) / theta) / theta if free else 0.0
        d[i] = min(max(xc[i] + t[i], bounds[0, i]), bounds[1, i]) - x[i]
    if dot(d, g) < 0.0:
        return
    share = 1.0
    for i in range(n):
        if t[i] > 0.0:
            share = min(share, (bounds[1, i] - xc[i]) / t[i])
        elif t[i] < 0.0:
            share = min(share, (bounds[0, i] - xc[i]) / t[i])
    for i in range(n):
        d[i] = xc[i] + share * t[i] - x[i]


def longest(x, d, bounds):
    """How far x + alpha d stays within bounds."""
    most = 1e10
    for i in range(x.size):
        if d[i] > 0.0:
            most = min(most, (bounds[1, i] - x[i]) / d[i])
        elif d[i] < 0.0:
            most = min(most, (bounds[0, i] - x[i]) / d[i])
    return most


def lbfgsb(problem, x, g, memory, now, counts, limits, steps, trace, bounds):
    """Steps of L-BFGS-B; the memory is that of `lbfgs`."""
    n, most = x.size, memory.shape[0] - 1
    d, x_new, g_new, xc, t = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    w, m, inner = np.empty((n, most)), np.empty((most, most)), np.empty((most, most))
    c, p, v = np.empty(most), np.empty(most), np.empty(most)
    order, inner_order, heap = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(n, np.int64)
    open_limits = limits.copy()
    open_limits[GTOL] = -1.0
    if counts[NFEV] == 0:
        inside(x, bounds)
        if begin(problem, x, g, now, counts, limits) == NOT_FINITE:
            return NOT_FINITE
        if projected(x, g, bounds) <= limits[GTOL]:
            return FLAT
    for step in range(steps):
        alpha, value = 0.0, now[VALUE]
        while alpha == 0.0:
            size = 2 * counts[KEPT]
            theta = model(memory, counts, w, m, order)
            cauchy(x, g, bounds, theta, w, m, order, size, xc, c, p, v, t, d, heap)
            subspace(x, g, bounds, theta, w, m, order, size, xc, c, p, v, t, d, inner, inner_order)
            slope = dot(d, g)
            if slope < 0.0:
                limit = longest(x, d, bounds)
                length = min(1.0, 1.0 / norm(d)) if counts[NIT] == 0 else 1.0
                alpha, value = wolfe(problem, x, d, now[VALUE], slope, min(length, limit), max(limit, 0.0), 1e-3, 0.9,
                                     x_new, g_new, counts)
            if alpha == 0.0:
                if counts[KEPT] == 0:
                    return STUCK
                counts[KEPT] = 0
        inside(x_new, bounds)
        keep(memory, x, x_new, g, g_new, counts)
        status = arrive(value, x, g, x_new, g_new, now, counts, open_limits, trace, step)
        if projected(x, g, bounds) <= limits[GTOL]:
            status = FLAT
        if status != RUNNING:
            return status
    return RUNNING
