"""Burgers' equation: loops with two rows taking turns, and the adjoint, by hand.

All fields are kept where that takes less than the second-level cache and a little more; else a field every so many
steps, and the ones between are computed again. The memory for them is made once and used in every call.
"""

import numpy as np

from .flags import fast

WHOLE = 8 << 20


@fast
def step(v, u, rate, viscosity):
    n = len(u)
    v[0], v[n - 1] = u[0], u[n - 1]
    for i in range(1, n - 1):
        v[i] = u[i] - rate * u[i] * (u[i] - u[i - 1]) + viscosity * (u[i + 1] - 2.0 * u[i] + u[i - 1])


@fast
def energy(u):
    total = 0.0
    for i in range(len(u)):
        total += u[i] * u[i]
    return 0.5 * total


@fast
def burgers(u, steps, rate, viscosity):
    """The innermost rows are written once each; the ends are the same throughout."""
    rows = np.empty((2, len(u)))
    rows[0] = u
    for t in range(steps):
        step(rows[(t + 1) % 2], rows[t % 2], rate, viscosity)
    return energy(rows[steps % 2])


@fast
def step_back(u_bar, v_bar, u, rate, viscosity):
    """The ends of `v_bar` count as zero in what reads neighbours."""
    n = len(u)
    first, last = v_bar[0], v_bar[n - 1]
    v_bar[0] = v_bar[n - 1] = 0.0
    for i in range(1, n - 1):
        u_bar[i] = (v_bar[i] * (1.0 - 2.0 * viscosity - rate * (2.0 * u[i] - u[i - 1]))
                    + v_bar[i + 1] * (rate * u[i + 1] + viscosity) + v_bar[i - 1] * viscosity)
    u_bar[0] = first + v_bar[1] * (rate * u[1] + viscosity)
    u_bar[n - 1] = last + v_bar[n - 2] * viscosity


@fast
def energy_and_gradient(u, steps, rate, viscosity, every, starts, fields):
    n = len(u)
    bars = np.empty((2, n))
    segments = (steps + every - 1) // every
    starts[0] = u
    for s in range(segments - 1):
        fields[0] = starts[s]
        for t in range(every - 1):
            step(fields[t + 1], fields[t], rate, viscosity)
        step(starts[s + 1], fields[every - 1], rate, viscosity)
    value, now = 0.0, 0
    for s in range(segments - 1, -1, -1):
        count = min(every, steps - s * every)
        fields[0] = starts[s]
        for t in range(count if s == segments - 1 else count - 1):
            step(fields[t + 1], fields[t], rate, viscosity)
        if s == segments - 1:
            value = energy(fields[count])
            bars[0] = fields[count]
        for t in range(count - 1, -1, -1):
            step_back(bars[1 - now], bars[now], fields[t], rate, viscosity)
            now = 1 - now
    return value, bars[now].copy()


class Burgers:
    """The gradient with its memory: called like the program, gives the value and a tuple of gradients."""

    def __init__(self):
        self.memory = {}

    def __call__(self, u, steps, rate, viscosity):
        n = len(u)
        every = steps if steps * n * 8 <= WHOLE else int(np.ceil(np.sqrt(steps)))
        if (n, every) not in self.memory:
            self.memory[n, every] = np.empty((-(-steps // every), n)), np.empty((every + 1, n))
        value, bar = energy_and_gradient(u, steps, rate, viscosity, every, *self.memory[n, every])
        return value, (bar,)
