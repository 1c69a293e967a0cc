"""Levenberg-Marquardt for sums of squares.

J. J. Moré, "The Levenberg-Marquardt algorithm: implementation and theory", Lecture Notes in Mathematics 630 (1978):
steps within an ellipsoid whose axes follow the column norms of the Jacobian. With bounds, variables that are held by
theirs are left out of a step, and what it gives is projected.

    lm(problem, x, r, columns, memory, now, counts, limits, bounds, steps, trace)

`columns` holds the Jacobian, a row for each variable; memory[0] the scales of the variables. now[VALUE] is |r|,
now[RADIUS] the radius of the ellipsoid, now[REACH] the damping.
"""

import math

import numpy as np

from adtrans.optim.solvers.calls import push, residuals
from adtrans.optim.solvers.state import (
    EPS,
    FLAT,
    FTOL,
    GTOL,
    NFEV,
    NIT,
    NJEV,
    NO_CHANGE,
    NO_DECREASE,
    NOT_FINITE,
    OPTION,
    RADIUS,
    REACH,
    RUNNING,
    STUCK,
    VALUE,
    XTOL,
    copy,
    dot,
    largest,
    norm,
    record,
)
from adtrans.optim.solvers.triangle import back, damp, factor, forward, rank_of


def jacobian(problem, x, columns, counts):
    """The Jacobian by forward mode, column by column."""
    v = np.zeros(x.size)
    for j in range(x.size):
        v[j] = 1.0
        push(problem, x, v, columns[j])
        v[j] = 0.0
    counts[NJEV] += 1


def start(problem, x, r, columns, now, counts, bounds):
    """Residuals and Jacobian at the start, brought within bounds."""
    project(x, bounds)
    residuals(problem, x, r)
    counts[NFEV] += 1
    now[VALUE] = norm(r)
    if not now[VALUE] < np.inf:
        return NOT_FINITE
    jacobian(problem, x, columns, counts)
    for j in range(x.size):
        if not largest(columns[j]) < np.inf:
            return NOT_FINITE
    return RUNNING


def held(x, slope, bounds, j):
    """Whether variable j is at a bound and would decrease the sum of squares beyond it."""
    return x[j] <= bounds[0, j] and slope > 0.0 or x[j] >= bounds[1, j] and slope < 0.0


def project(x, bounds):
    """The nearest point within bounds."""
    for j in range(x.size):
        x[j] = min(max(x[j], bounds[0, j]), bounds[1, j])


def triangle(x, r, columns, scale, now, bounds, a, b, level, order, free):
    """QR of the columns of variables that may move, in units of |r|; `level` becomes r in these units.

    Returns the largest cosine between one of them and the residuals, 0 where there is none. Quotients are stored before
    they are multiplied, lest the compiler multiply first, which can overflow.
    """
    steepest, unit = 0.0, now[VALUE]
    if unit == 0.0:
        return 0.0
    for i in range(r.size):
        level[i] = r[i] / unit
        b[i] = level[i]
    for j in range(x.size):
        scale[j] = max(scale[j], norm(columns[j]))
        for i in range(r.size):
            a[j, i] = columns[j, i] / unit
        slope, length = dot(a[j], level), norm(a[j])
        free[j] = not held(x, slope, bounds, j)
        if free[j] and length > 0.0:
            steepest = max(steepest, abs(slope) / length)
        if not free[j]:
            for i in range(r.size):
                a[j, i] = 0.0
    factor(a, b, order)
    return steepest


def scaled_norm(scale, p):
    """The norm of p in units of the scales."""
    most = 0.0
    for j in range(p.size):
        most = max(most, abs(scale[j] * p[j]))
    if most == 0.0 or not most < math.inf:
        return most
    total = 0.0
    for j in range(p.size):
        total += (scale[j] * p[j] / most) ** 2
    return most * math.sqrt(total)


def newton(a, order, rank, scale, p, size, w):
    """Minus the derivative of |D p| by the damping, divided by |D p| (equation 5.8)."""
    for k in range(order.size):
        w[k] = scale[order[k]] * (scale[order[k]] * p[order[k]] / size)
    forward(a, w, rank)
    return dot(w[:rank], w[:rank])


def longest(a, b, order, scale, radius, damping, p, s, c, w, weights):
    """The step p with |D p| near the radius, and its damping: zero for the Gauss-Newton step (algorithm 5.5)."""
    n = order.size
    rank = rank_of(a)
    back(a, b, order, rank, p)
    size = scaled_norm(scale, p)
    excess = size - radius
    if excess <= 0.1 * radius:
        return 0.0
    low = excess / (radius * newton(a, order, n, scale, p, size, w)) if rank == n else 0.0
    for k in range(n):
        w[k] = dot(a[k, :min(k + 1, a.shape[1])], b[:min(k + 1, a.shape[1])]) / scale[order[k]]
    steepest = norm(w)
    high = steepest / radius
    if high == 0.0:
        high = 2.2e-308 / min(radius, 0.1)
    damping = min(max(damping, low), high)
    if damping == 0.0:
        damping = steepest / size
    for attempt in range(10):
        if damping == 0.0:
            damping = max(2.2e-308, 0.001 * high)
        for j in range(n):
            weights[j] = math.sqrt(damping) * scale[j]
        damp(a, b, order, weights, s, c)
        back(s, c, order, rank_of(s[:n, :n]), p)
        size = scaled_norm(scale, p)
        before, excess = excess, size - radius
        if abs(excess) <= 0.1 * radius or low == 0.0 and excess <= before and before < 0.0:
            break
        if attempt == 9:
            break
        change = excess / (radius * newton(s, order, n, scale, p, size, w))
        if excess > 0.0:
            low = max(low, damping)
        elif excess < 0.0:
            high = min(high, damping)
        damping = max(low, damping + change)
    return damping


def predicted(columns, level, p, unit, jp):
    """|J p| and the inner product of J p and r, both in units of |r|."""
    for i in range(level.size):
        jp[i] = 0.0
    for j in range(p.size):
        for i in range(level.size):
            jp[i] += p[j] * columns[j, i]
    for i in range(level.size):
        jp[i] /= unit
    return norm(jp), dot(jp, level)


def lm(problem, x, r, columns, memory, now, counts, limits, bounds, steps, trace):
    """Steps of Levenberg-Marquardt; see the module."""
    n, m = x.size, r.size
    scale = memory[0]
    a, s, jp = np.empty((n, m)), np.empty((n + 1, n)), np.empty(m)
    b, c, w, weights = np.empty(m), np.empty(n + 1), np.empty(n), np.empty(n)
    order, free = np.empty(n, np.int64), np.empty(n, np.bool_)
    p, x_new, in_units, r_new, level = np.empty(n), np.empty(n), np.empty(n), np.empty(m), np.empty(m)
    fresh = counts[NFEV] == 0
    if fresh:
        status = start(problem, x, r, columns, now, counts, bounds)
        if status != RUNNING:
            return status
    for step in range(steps):
        steepest = triangle(x, r, columns, scale, now, bounds, a, b, level, order, free)
        if fresh:
            for j in range(n):
                scale[j] = scale[j] if scale[j] > 0.0 else 1.0
            now[RADIUS] = limits[OPTION] * scaled_norm(scale, x)
            if now[RADIUS] == 0.0:
                now[RADIUS] = limits[OPTION]
        if now[VALUE] == 0.0 or steepest <= limits[GTOL]:
            return FLAT
        unit, size_x = now[VALUE], scaled_norm(scale, x)
        for j in range(n):
            in_units[j] = scale[j] / unit
        while True:
            now[REACH] = longest(a, b, order, in_units, now[RADIUS] / unit, now[REACH], p, s, c, w, weights)
            for j in range(n):
                x_new[j] = x[j] - p[j]
            project(x_new, bounds)
            for j in range(n):
                p[j] = x_new[j] - x[j]
            size = scaled_norm(scale, p)
            if not size < np.inf:
                return STUCK
            if fresh:
                now[RADIUS] = min(now[RADIUS], size)
                fresh = False
            residuals(problem, x_new, r_new)
            counts[NFEV] += 1
            value = norm(r_new)
            actual = 1.0 - (value / unit) ** 2 if 0.1 * value < unit else -1.0
            linear, slope = predicted(columns, level, p, unit, jp)
            foreseen = -(linear * linear + 2.0 * slope)
            ratio = actual / foreseen if foreseen > 0.0 else 0.0
            if ratio <= 0.25:
                shrink = 0.5 if actual >= 0.0 else 0.5 * slope / (slope + 0.5 * actual)
                if 0.1 * value >= unit or not shrink >= 0.1:
                    shrink = 0.1
                now[RADIUS] = shrink * min(now[RADIUS], size / 0.1)
                now[REACH] /= shrink
            elif now[REACH] == 0.0 or ratio >= 0.75:
                now[RADIUS] = size / 0.5
                now[REACH] *= 0.5
            if ratio >= 1e-4 and value < np.inf:
                copy(x_new, x)
                copy(r_new, r)
                now[VALUE] = value
                break
            if not now[RADIUS] > EPS * size_x:
                return NO_CHANGE if limits[XTOL] > 0.0 else STUCK
            if abs(actual) <= EPS and foreseen <= EPS and 0.5 * ratio <= 1.0:
                return NO_DECREASE
            if now[RADIUS] <= limits[XTOL] * size_x:
                return NO_CHANGE
        counts[NIT] += 1
        jacobian(problem, x, columns, counts)
        record(trace, step, 0.5 * value * value, x)
        for j in range(n):
            if not largest(columns[j]) < np.inf:
                return NOT_FINITE
        if abs(actual) <= limits[FTOL] and foreseen <= limits[FTOL] and 0.5 * ratio <= 1.0:
            return NO_DECREASE
        if now[RADIUS] <= limits[XTOL] * size_x:
            return NO_CHANGE
    return RUNNING
