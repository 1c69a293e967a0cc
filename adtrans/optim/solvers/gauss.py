"""Gauss-Newton for sums of squares (Nocedal and Wright, section 10.3): full steps, halved until the sum decreases.

The arguments are those of `lm` in `levenberg`.
"""

import math

import numpy as np

from adtrans.optim.solvers.calls import residuals
from adtrans.optim.solvers.levenberg import jacobian, predicted, project, scaled_norm, start, triangle
from adtrans.optim.solvers.state import (
    FLAT,
    FTOL,
    GTOL,
    NFEV,
    NIT,
    NO_CHANGE,
    NO_DECREASE,
    NOT_FINITE,
    RUNNING,
    STUCK,
    VALUE,
    XTOL,
    copy,
    largest,
    norm,
    record,
)
from adtrans.optim.solvers.triangle import back, rank_of


def gn(problem, x, r, columns, memory, now, counts, limits, bounds, steps, trace):
    """Steps of Gauss-Newton; see the module."""
    n, m = x.size, r.size
    scale = memory[0]
    a, b, jp, level = np.empty((n, m)), np.empty(m), np.empty(m), np.empty(m)
    order, free = np.empty(n, np.int64), np.empty(n, np.bool_)
    p, full, x_new, r_new = np.empty(n), np.empty(n), np.empty(n), np.empty(m)
    if counts[NFEV] == 0:
        status = start(problem, x, r, columns, now, counts, bounds)
        if status != RUNNING:
            return status
    for step in range(steps):
        steepest = triangle(x, r, columns, scale, now, bounds, a, b, level, order, free)
        if now[VALUE] == 0.0 or steepest <= limits[GTOL]:
            return FLAT
        back(a, b, order, rank_of(a), full)
        before, alpha, taken = now[VALUE], 1.0, False
        foreseen = 0.0
        for _ in range(60):
            for j in range(n):
                x_new[j] = x[j] - alpha * full[j]
            project(x_new, bounds)
            for j in range(n):
                p[j] = x_new[j] - x[j]
            residuals(problem, x_new, r_new)
            counts[NFEV] += 1
            value = norm(r_new)
            linear, slope = predicted(columns, level, p, before, jp)
            foreseen = -(linear * linear + 2.0 * slope)
            if value < math.inf and (value / before) ** 2 <= 1.0 + 2e-4 * min(slope, 0.0):
                taken = True
                break
            if foreseen <= limits[FTOL]:
                return NO_DECREASE
            alpha *= 0.5
        if not taken:
            return STUCK
        copy(x_new, x)
        copy(r_new, r)
        now[VALUE] = value
        counts[NIT] += 1
        jacobian(problem, x, columns, counts)
        record(trace, step, 0.5 * value * value, x)
        for j in range(n):
            if not largest(columns[j]) < math.inf:
                return NOT_FINITE
        if 1.0 - (value / before) ** 2 <= limits[FTOL] and foreseen <= limits[FTOL]:
            return NO_DECREASE
        if scaled_norm(scale, p) <= limits[XTOL] * scaled_norm(scale, x):
            return NO_CHANGE
    return RUNNING
