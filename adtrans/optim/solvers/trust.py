"""Trust regions: the quadratic model within a ball, whose radius follows how well the model foresees the value.

Nocedal and Wright, algorithm 4.1 for the radius and 7.2 (T. Steihaug, SIAM J. Numer. Anal. 20, 1983) for the step of
`trust_ncg`; that of `trust_exact` is in `sorensen`.
"""

import math

import numpy as np

from adtrans.optim.solvers.calls import curve, evaluate
from adtrans.optim.solvers.linesearch import begin
from adtrans.optim.solvers.newton import hessian
from adtrans.optim.solvers.sorensen import sorensen, to_border
from adtrans.optim.solvers.state import (
    EPS,
    NFEV,
    NHEV,
    NIT,
    NJEV,
    RADIUS,
    RUNNING,
    STUCK,
    VALUE,
    arrive,
    dot,
    largest,
    norm,
    record,
)

LARGEST, ENOUGH = 1000.0, 0.15


def steihaug(problem, x, g, radius, p, r, v, hv, counts):
    """A step within the ball by conjugate gradients; returns the decrease that the model foresees."""
    n = x.size
    for i in range(n):
        p[i], r[i], v[i] = 0.0, g[i], -g[i]
    size = norm(g)
    enough = min(0.5, math.sqrt(size)) * size
    rr, foreseen = dot(r, r), 0.0
    for _ in range(20 * n):
        curve(problem, x, v, hv)
        counts[NHEV] += 1
        bend = dot(v, hv)
        share = rr / bend if bend > 0.0 else math.inf
        # In conjugate directions the model falls by share |r|^2 - share^2 bend / 2 with a step of share.
        limit = to_border(p, v, radius)
        if share >= limit:
            for i in range(n):
                p[i] += limit * v[i]
            return foreseen + limit * rr - 0.5 * limit * limit * bend
        for i in range(n):
            p[i] += share * v[i]
            r[i] += share * hv[i]
        foreseen += 0.5 * share * rr
        rr_new = dot(r, r)
        if math.sqrt(rr_new) <= enough:
            break
        for i in range(n):
            v[i] = -r[i] + rr_new / rr * v[i]
        rr = rr_new
    return foreseen


def attempt(problem, x, g, p, foreseen, x_new, g_new, now, counts, limits, trace, step):
    """The value at x + p, the radius after it, and the step taken if it was good."""
    for i in range(x.size):
        x_new[i] = x[i] + p[i]
    value = evaluate(problem, x_new, g_new)
    counts[NFEV] += 1
    counts[NJEV] += 1
    actual = now[VALUE] - value
    # Below this the difference of two values is rounding, and the model knows better.
    noise = 4.0 * EPS * abs(now[VALUE])
    ratio = (actual + noise) / (foreseen + noise) if foreseen > 0.0 else 0.0
    finite = abs(value) < math.inf and largest(g_new) < math.inf
    size = norm(p)
    if not (finite and ratio >= 0.25):
        now[RADIUS] = 0.25 * min(now[RADIUS], size) if finite else 0.1 * size
    elif ratio > 0.75 and size >= 0.99 * now[RADIUS]:
        now[RADIUS] = min(2.0 * now[RADIUS], LARGEST)
    if not (finite and ratio > ENOUGH):
        counts[NIT] += 1
        record(trace, step, now[VALUE], x)
        return RUNNING if now[RADIUS] > EPS * (norm(x) + EPS) else STUCK
    return arrive(value, x, g, x_new, g_new, now, counts, limits, trace, step)


def trust_ncg(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps by products with the Hessian alone; `memory` has three rows to work in."""
    n = x.size
    p, x_new, g_new = np.empty(n), np.empty(n), np.empty(n)
    if counts[NFEV] == 0:
        now[RADIUS] = 1.0
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
    for step in range(steps):
        foreseen = steihaug(problem, x, g, now[RADIUS], p, memory[0], memory[1], memory[2], counts)
        status = attempt(problem, x, g, p, foreseen, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING


def trust_exact(problem, x, g, memory, now, counts, limits, steps, trace):
    """Steps by the whole Hessian; `memory` has room for it and, below it, for its factor."""
    n = x.size
    p, x_new, g_new, q, z = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    h, low = memory[:n], memory[n:]
    if counts[NFEV] == 0:
        now[RADIUS] = 1.0
        status = begin(problem, x, g, now, counts, limits)
        if status != RUNNING:
            return status
    for step in range(steps):
        hessian(problem, x, h, q, counts)
        foreseen = sorensen(h, g, now[RADIUS], low, p, q, z)
        status = attempt(problem, x, g, p, foreseen, x_new, g_new, now, counts, limits, trace, step)
        if status != RUNNING:
            return status
    return RUNNING
