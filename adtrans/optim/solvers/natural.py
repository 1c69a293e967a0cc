"""Natural gradient steps for a mean of losses, with the empirical Fisher matrix J'J/m of their gradients.

S. Amari, "Natural gradient works efficiently in learning", Neural Computation 10 (1998). The direction solves
(J'J/m + damping) d = -g, by conjugate gradients with products by J and J' only, or by the diagonal alone where
limits[OPTION] is 1. The damping is a thousandth of the mean of the diagonal.

The losses are what `residuals` gives, counts[SAMPLES] of them.
"""

import math

import numpy as np

from adtrans.optim.solvers.calls import pull, push, residuals
from adtrans.optim.solvers.state import (
    BEFORE,
    FLAT,
    GTOL,
    NFEV,
    NHEV,
    NJEV,
    NOT_FINITE,
    OPTION,
    RUNNING,
    SAMPLES,
    STUCK,
    VALUE,
    arrive,
    dot,
    largest,
)

DAMPING = 1e-3
ROUNDING = 1e-15  # of a mean, relative to it


def mean_and_gradient(problem, x, g, losses, counts):
    """The mean of the losses; its gradient goes into g."""
    m = losses.size
    residuals(problem, x, losses)
    total = 0.0
    for i in range(m):
        total += losses[i]
        losses[i] = 1.0 / m
    pull(problem, x, losses, g)
    counts[NFEV] += 1
    counts[NJEV] += 1
    return total / m


def diagonal(problem, x, v, column, out):
    """The diagonal of the Fisher matrix, by a tangent for each element of x."""
    for j in range(x.size):
        v[j] = 0.0
    for j in range(x.size):
        v[j] = 1.0
        push(problem, x, v, column)
        v[j] = 0.0
        out[j] = dot(column, column) / column.size


def fisher(problem, x, v, column, damping, out):
    """(J'J/m + damping) v."""
    push(problem, x, v, column)
    for i in range(column.size):
        column[i] /= column.size
    pull(problem, x, column, out)
    for j in range(v.size):
        out[j] += damping * v[j]


def conjugate_solution(problem, x, g, damping, column, d, r, v, fv, counts):
    """d with (J'J/m + damping) d = -g to a thousandth, by conjugate gradients."""
    n = x.size
    for j in range(n):
        d[j], r[j], v[j] = 0.0, -g[j], -g[j]
    rr = dot(r, r)
    enough = 1e-6 * rr
    for _ in range(2 * n):
        if rr <= enough:
            return
        fisher(problem, x, v, column, damping, fv)
        counts[NHEV] += 1
        share = rr / dot(v, fv)
        for j in range(n):
            d[j] += share * v[j]
            r[j] -= share * fv[j]
        rr_new = dot(r, r)
        for j in range(n):
            v[j] = r[j] + rr_new / rr * v[j]
        rr = rr_new


def natural(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps along the natural gradient, shortened until they decrease the mean enough; `memory` is room for 4 rows.

    Near a minimum the mean changes by less than its rounding: it is then the slope that tells whether a step is one
    down (W. Hager and H. Zhang, SIAM J. Optim. 16, 2005, equation 27).
    """
    n = x.size
    losses, column = np.empty(counts[SAMPLES]), np.empty(counts[SAMPLES])
    d, x_new, g_new, fisher_diagonal = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    if counts[NFEV] == 0:
        now[VALUE] = mean_and_gradient(problem, x, g, losses, counts)
        if not (abs(now[VALUE]) < math.inf and largest(g) < math.inf):
            return NOT_FINITE
        if largest(g) <= limits[GTOL]:
            return FLAT
    for step in range(steps):
        diagonal(problem, x, memory[0], column, fisher_diagonal)
        damping = 0.0
        for j in range(n):
            damping += fisher_diagonal[j] / n
        damping = max(DAMPING * damping, 1e-300)
        if limits[OPTION] == 1.0:
            for j in range(n):
                d[j] = -g[j] / (fisher_diagonal[j] + damping)
        else:
            conjugate_solution(problem, x, g, damping, column, d, memory[1], memory[2], memory[3], counts)
        slope, alpha, value, enough = dot(d, g), 1.0, math.nan, False
        for _ in range(60):
            for j in range(n):
                x_new[j] = x[j] + alpha * d[j]
            value = mean_and_gradient(problem, x_new, g_new, losses, counts)
            enough = value <= now[VALUE] + 1e-4 * alpha * slope or (
                value <= now[VALUE] + ROUNDING * abs(now[VALUE]) and dot(d, g_new) <= -0.9998 * slope)
            if enough and largest(g_new) < math.inf:
                break
            alpha *= 0.5
        if not (enough and largest(g_new) < math.inf):
            return STUCK
        now[BEFORE] = now[VALUE]
        status = arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING
