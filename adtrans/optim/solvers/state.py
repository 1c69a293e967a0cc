"""What solvers know between steps: places in arrays, the outcomes, and a few sums over vectors.

`now` holds numbers of the current point, `counts` what has been done, `limits` when to stop. `trace` has a row for
each step of the record: the value, then the point; it may have none.
"""

import math

VALUE, BEFORE, RADIUS, REACH, LOWEST, FLATTEST = 0, 1, 2, 3, 4, 5
NIT, NFEV, NJEV, NHEV, KEPT, NEXT, IDLE, SAMPLES = 0, 1, 2, 3, 4, 5, 6, 7
GTOL, FTOL, XTOL, OPTION = 0, 1, 2, 3

RUNNING, FLAT, NO_DECREASE, NO_CHANGE, STUCK, NOT_FINITE = 0, 1, 2, 3, 4, 5
EPS = 2.220446049250313e-16
PATIENCE = 50


def dot(a, b):
    """The inner product."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


def largest(a):
    """The largest absolute value; NaN where there is one."""
    most = 0.0
    for i in range(a.size):
        size = abs(a[i])
        if size > most or size != size:
            most = size
            if size != size:
                return size
    return most


def norm(a):
    """The Euclidean norm, also where squares overflow or vanish."""
    square = dot(a, a)
    if 1e-280 < square < 1e280:
        return math.sqrt(square)
    most = largest(a)
    if most == 0.0 or not most < math.inf:
        return most
    total = 0.0
    for i in range(a.size):
        total += (a[i] / most) ** 2
    return most * math.sqrt(total)


def copy(source, target):
    """Elements of one array into another."""
    for i in range(source.size):
        target[i] = source[i]


def record(trace, row, value, x):
    """A row of the record."""
    if row < trace.shape[0]:
        trace[row, 0] = value
        for i in range(x.size):
            trace[row, i + 1] = x[i]


def outcome(value, value_new, x, x_new, g_new, limits):
    """Whether a step was the last: by the gradient, the decrease of the value or the change of the point."""
    if largest(g_new) <= limits[GTOL]:
        return FLAT
    if abs(value - value_new) <= limits[FTOL] * max(abs(value), abs(value_new), 1.0) and limits[FTOL] > 0.0:
        return NO_DECREASE
    if limits[XTOL] > 0.0:
        moved, size = 0.0, 0.0
        for i in range(x.size):
            moved += (x_new[i] - x[i]) ** 2
            size += x_new[i] ** 2
        if math.sqrt(moved) <= limits[XTOL] * (limits[XTOL] + math.sqrt(size)):
            return NO_CHANGE
    return RUNNING


def idle(value, size, now, counts):
    """Whether neither the value nor the gradient, of this size, has come down for so long that all is rounding."""
    if counts[NIT] <= 1 or value < now[LOWEST] - EPS * abs(now[LOWEST]) or size < 0.999 * now[FLATTEST]:
        counts[IDLE] = 0
    else:
        counts[IDLE] += 1
    if counts[NIT] <= 1 or value < now[LOWEST]:
        now[LOWEST] = value
    if counts[NIT] <= 1 or size < now[FLATTEST]:
        now[FLATTEST] = size
    return counts[IDLE] >= PATIENCE


def arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step):
    """What follows a step that was found good: count it, move, and tell whether it was the last."""
    counts[NIT] += 1
    status = outcome(now[VALUE], value, x, x_new, g_new, limits)
    if status == RUNNING and idle(value, largest(g_new), now, counts):
        status = STUCK
    now[BEFORE], now[VALUE] = now[VALUE], value
    copy(x_new, x)
    copy(g_new, g)
    record(trace, step, value, x)
    return status
