"""BFGS: a dense approximation of the inverse Hessian (Nocedal and Wright, Numerical Optimization, algorithm 6.1)."""

import numpy as np

from adtrans.optim.solvers.linesearch import begin, first_length, wolfe
from adtrans.optim.solvers.state import (
    KEPT,
    NFEV,
    RUNNING,
    STUCK,
    VALUE,
    arrive,
    dot,
)


def bfgs(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps of BFGS; `memory` is the inverse Hessian. See `adtrans.optim.solvers`."""
    n = x.size
    d, x_new, g_new = np.empty(n), np.empty(n), np.empty(n)
    if counts[NFEV] == 0:
        identity(memory)
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
    for step in range(steps):
        alpha = 0.0
        while alpha == 0.0:
            for i in range(n):
                d[i] = -dot(memory[i], g)
            slope = dot(d, g)
            if slope < 0.0:
                alpha, value = wolfe(problem, x, d, now[VALUE], slope, first_length(now, slope), 1e100, 1e-4, 0.9,
                                     x_new, g_new, counts)
            if alpha == 0.0:
                if counts[KEPT] == 0:
                    return STUCK
                identity(memory)
                counts[KEPT] = 0
        update(memory, x, x_new, g, g_new, d, counts)
        status = arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step)
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
    """The inverse Hessian after a step (equation 6.17)."""
    n = x.size
    sy = 0.0
    for i in range(n):
        sy += (x_new[i] - x[i]) * (g_new[i] - g[i])
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
