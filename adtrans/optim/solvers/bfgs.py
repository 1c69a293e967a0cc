"""BFGS: a dense approximation of the inverse Hessian (Nocedal and Wright, Numerical Optimization, algorithm 6.1)."""

import numpy as np

from adtrans.optim.solvers.calls import evaluate
from adtrans.optim.solvers.linesearch import wolfe
from adtrans.optim.solvers.state import (
    BEFORE,
    FLAT,
    GTOL,
    KEPT,
    NFEV,
    NIT,
    NJEV,
    NOT_FINITE,
    RUNNING,
    STUCK,
    VALUE,
    copy,
    dot,
    largest,
    norm,
    outcome,
    record,
)


def begin(problem, x, g, now, counts, limits):
    """The first evaluation."""
    now[VALUE] = evaluate(problem, x, g)
    counts[NFEV] += 1
    counts[NJEV] += 1
    now[BEFORE] = now[VALUE] + 0.5 * norm(g)
    if not (abs(now[VALUE]) < np.inf and largest(g) < np.inf):
        return NOT_FINITE
    return FLAT if largest(g) <= limits[GTOL] else RUNNING


def first_length(now, slope):
    """The length at which the last decrease would come again on a parabola, at most 1 (Nocedal and Wright, 3.60)."""
    if slope != 0.0 and now[BEFORE] > now[VALUE]:
        return min(1.0, 1.01 * 2.0 * (now[VALUE] - now[BEFORE]) / slope)
    return 1.0


def bfgs(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps of BFGS; `memory` is the inverse Hessian. See `adtrans.optim.solvers`."""
    n = x.size
    d, x_new, g_new = np.empty(n), np.empty(n), np.empty(n)
    if counts[NFEV] == 0:
        status = begin(problem, x, g, now, counts, limits)
        identity(memory)
        if status != RUNNING:
            return status
    for step in range(steps):
        for i in range(n):
            d[i] = -dot(memory[i], g)
        slope = dot(d, g)
        if not slope < 0.0:
            identity(memory)
            for i in range(n):
                d[i] = -g[i]
            slope = -dot(g, g)
        alpha, value = wolfe(problem, x, d, now[VALUE], slope, first_length(now, slope), 1e100, 0.9,
                             x_new, g_new, counts)
        if alpha == 0.0:
            if counts[KEPT] == 0:
                return STUCK
            identity(memory)
            counts[KEPT] = 0
            continue
        counts[NIT] += 1
        status = outcome(now[VALUE], value, x, x_new, g_new, limits)
        update(memory, x, x_new, g, g_new, d, counts)
        now[BEFORE], now[VALUE] = now[VALUE], value
        copy(x_new, x)
        copy(g_new, g)
        record(trace, step, value, x)
        if status != RUNNING:
            return status
    return RUNNING


def identity(h):
    """The identity matrix."""
    for i in range(h.shape[0]):
        for j in range(h.shape[0]):
            h[i, j] = 0.0
        h[i, i] = 1.0


def update(h, x, x_new, g, g_new, hy, counts):
    """The inverse Hessian after a step (6.17), a multiple of the identity replaced by (6.20) before the first one."""
    n = x.size
    sy, yy = 0.0, 0.0
    for i in range(n):
        y = g_new[i] - g[i]
        sy += (x_new[i] - x[i]) * y
        yy += y * y
    if not sy > 0.0:
        return
    for i in range(n):
        hy[i] = 0.0
        for j in range(n):
            hy[i] += h[i, j] * (g_new[j] - g[j])
    yhy = 0.0
    for i in range(n):
        yhy += (g_new[i] - g[i]) * hy[i]
    outer = (1.0 + yhy / sy) / sy
    for i in range(n):
        s = x_new[i] - x[i]
        for j in range(n):
            h[i, j] += outer * s * (x_new[j] - x[j]) - (hy[i] * (x_new[j] - x[j]) + s * hy[j]) / sy
    counts[KEPT] += 1
