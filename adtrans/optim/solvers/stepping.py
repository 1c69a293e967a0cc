"""Steps of an optimizer, each followed by an evaluation at the new point.

    status = stepping(problem, optimizer, turn, x, g, table, values, hyper, numbers, counter, now, counts, limits,
                      steps, trace)

`optimizer` is what `calls.step` takes; the five arrays after g are its own: addresses of the parameters, which are
parts of x, of their gradients, which are parts of g, and of its state; hyper-parameters, numbers and counts. `turn` is
empty, or what `calls.step` takes to bring x to where the next gradient is taken, and the place among the numbers of
the one that is 1 where x is there.
"""

import math

import numpy as np

from adtrans.optim.solvers.calls import evaluate, step
from adtrans.optim.solvers.linesearch import begin
from adtrans.optim.solvers.state import (
    NFEV,
    NIT,
    NJEV,
    NOT_FINITE,
    RUNNING,
    VALUE,
    copy,
    largest,
    outcome,
    record,
)


def stepping(problem, optimizer, turn, x, g, table, values, hyper, numbers, counter, now, counts, limits, steps, trace):
    """Steps until the value is not finite, a tolerance is met or all are taken; see the module."""
    x_old = np.empty(x.size)
    if counts[NFEV] == 0:
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
    for k in range(steps):
        copy(x, x_old)
        step(optimizer, table, values, hyper, numbers, counter)
        if turn.size and numbers[turn[1]] == 0.0:
            step(turn, table, values, hyper, numbers, counter)
        value = evaluate(problem, x, g)
        counts[NIT] += 1
        counts[NFEV] += 1
        counts[NJEV] += 1
        status = outcome(now[VALUE], value, x_old, x, g, limits)
        now[VALUE] = value
        record(trace, k, value, x)
        if not (abs(value) < math.inf and largest(g) < math.inf):
            return NOT_FINITE
        if status != RUNNING:
            return status
    return RUNNING
