"""Methods of first order: gradient descent and nonlinear conjugate gradients.

E. Polak and G. Ribière (1969) with the plus of M. J. D. Powell (1986) and J. C. Gilbert and J. Nocedal, SIAM J. Optim.
2 (1992); restarts after Powell, Math. Program. 12 (1977). Both work on the preconditioned gradient memory[0] * g.
"""

import numpy as np

from adtrans.optim.solvers.linesearch import armijo, begin, first_length, wolfe
from adtrans.optim.solvers.state import (
    NFEV,
    OPTION,
    REACH,
    RUNNING,
    STUCK,
    VALUE,
    arrive,
    dot,
    norm,
)


def gd(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps of gradient descent: backtracking, or strong Wolfe conditions where limits[OPTION] is 1."""
    n = x.size
    weights = memory[0]
    d, x_new, g_new = np.empty(n), np.empty(n), np.empty(n)
    if counts[NFEV] == 0:
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
        for i in range(n):
            d[i] = weights[i] * g[i]
        now[REACH] = min(1.0, 1.0 / norm(d))
    for step in range(steps):
        for i in range(n):
            d[i] = -weights[i] * g[i]
        slope = dot(d, g)
        if limits[OPTION] == 1.0:
            alpha, value = wolfe(problem, x, d, now[VALUE], slope, now[REACH], 1e10, 1e-4, 0.9, x_new, g_new, counts)
        else:
            alpha, value = armijo(problem, x, d, now[VALUE], slope, now[REACH], 1e-4, x_new, g_new, counts)
        if alpha == 0.0:
            return STUCK
        # Twice the last length, so that steps can grow again.
        now[REACH] = 2.0 * alpha
        status = arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING


def cg(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps of conjugate gradients; memory[1] is the direction."""
    n = x.size
    weights, d = memory[0], memory[1]
    x_new, g_new = np.empty(n), np.empty(n)
    if counts[NFEV] == 0:
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
        restart(weights, g, d)
    for step in range(steps):
        slope = dot(d, g)
        if not slope < 0.0:
            restart(weights, g, d)
            slope = dot(d, g)
        alpha, value = wolfe(problem, x, d, now[VALUE], slope, first_length(now, slope), 1e10, 1e-4, 0.4, x_new,
                             g_new, counts)
        if alpha == 0.0:
            restart(weights, g, d)
            slope = dot(d, g)
            alpha, value = wolfe(problem, x, d, now[VALUE], slope, min(1.0, 1.0 / norm(d)), 1e10, 1e-4, 0.4, x_new,
                                 g_new, counts)
            if alpha == 0.0:
                return STUCK
        turn(weights, g, g_new, d)
        status = arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING


def restart(weights, g, d):
    """The direction of steepest descent."""
    for i in range(g.size):
        d[i] = -weights[i] * g[i]


def turn(weights, g, g_new, d):
    """The next direction: conjugate to the last one; steepest descent where the gradients are far from orthogonal."""
    new_new, new_old, old_old = 0.0, 0.0, 0.0
    for i in range(g.size):
        new_new += weights[i] * g_new[i] * g_new[i]
        new_old += weights[i] * g_new[i] * g[i]
        old_old += weights[i] * g[i] * g[i]
    beta = max(0.0, (new_new - new_old) / old_old) if abs(new_old) < 0.2 * new_new else 0.0
    for i in range(g.size):
        d[i] = -weights[i] * g_new[i] + beta * d[i]
