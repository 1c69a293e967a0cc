"""L-BFGS: BFGS from the last few steps only.

J. Nocedal, "Updating quasi-Newton matrices with limited storage", Math. Comp. 35 (1980); D. C. Liu and J. Nocedal,
"On the limited memory BFGS method for large scale optimization", Math. Program. 45 (1989).
"""

import numpy as np

from adtrans.optim.solvers.linesearch import begin, wolfe
from adtrans.optim.solvers.state import (
    EPS,
    KEPT,
    NEXT,
    NFEV,
    RUNNING,
    STUCK,
    VALUE,
    arrive,
    dot,
    norm,
)


def lbfgs(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps of L-BFGS. See `adtrans.optim.solvers`.

    `memory` has a row for the diagonal of the inverse Hessian to begin with, then pairs of rows: the change of x, the
    change of the gradient. Pairs take turns.
    """
    n = x.size
    d, x_new, g_new = np.empty(n), np.empty(n), np.empty(n)
    pairs = (memory.shape[0] - 1) // 2
    shares = np.empty(pairs)
    if counts[NFEV] == 0:
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
    for step in range(steps):
        alpha = 0.0
        while alpha == 0.0:
            direction(memory, g, counts, shares, d)
            slope = dot(d, g)
            length = 1.0 if counts[KEPT] > 0 else min(1.0, 1.0 / norm(d))
            if slope < 0.0:
                alpha, value = wolfe(problem, x, d, now[VALUE], slope, length, 1e10, 1e-3, 0.9, x_new, g_new, counts)
            if alpha == 0.0:
                if counts[KEPT] == 0:
                    return STUCK
                counts[KEPT] = 0
        keep(memory, x, x_new, g, g_new, counts)
        status = arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING


def keep(memory, x, x_new, g, g_new, counts):
    """The changes of the last step in the place of the oldest ones, where the curvature along it is positive."""
    pairs = (memory.shape[0] - 1) // 2
    place = counts[NEXT]
    sy, sg = 0.0, 0.0
    for i in range(x.size):
        sy += (x_new[i] - x[i]) * (g_new[i] - g[i])
        sg -= (x_new[i] - x[i]) * g[i]
    if not sy > EPS * sg:
        return
    for i in range(x.size):
        memory[1 + 2 * place, i] = x_new[i] - x[i]
        memory[2 + 2 * place, i] = g_new[i] - g[i]
    counts[NEXT] = (place + 1) % pairs
    counts[KEPT] = min(counts[KEPT] + 1, pairs)


def direction(memory, g, counts, shares, d):
    """Minus the inverse Hessian times the gradient (Nocedal and Wright, algorithm 7.4)."""
    pairs = shares.size
    n = g.size
    for i in range(n):
        d[i] = -g[i]
    for back in range(counts[KEPT]):
        k = (counts[NEXT] - 1 - back) % pairs
        s, y = memory[1 + 2 * k], memory[2 + 2 * k]
        shares[k] = dot(s, d) / dot(s, y)
        for i in range(n):
            d[i] -= shares[k] * y[i]
    weights, ratio = memory[0], 1.0
    if counts[KEPT] > 0:
        k = (counts[NEXT] - 1) % pairs
        s, y = memory[1 + 2 * k], memory[2 + 2 * k]
        below = 0.0
        for i in range(n):
            below += weights[i] * y[i] * y[i]
        ratio = dot(s, y) / below
    for i in range(n):
        d[i] *= ratio * weights[i]
    for back in range(counts[KEPT] - 1, -1, -1):
        k = (counts[NEXT] - 1 - back) % pairs
        s, y = memory[1 + 2 * k], memory[2 + 2 * k]
        share = shares[k] - dot(y, d) / dot(s, y)
        for i in range(n):
            d[i] += share * s[i]
