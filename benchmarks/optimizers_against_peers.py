"""Optimizers and schedules compared with those of torch and optax, number by number.

The command is `python benchmarks/optimizers_against_peers.py [--only NAME ...]`; torch and optax have to be installed.
For every rule that one of them has, in float64 and with matched hyper-parameters:

  one step    the largest distance after one step from each of 1,000 states of the peer, which minimises a quadratic of
              condition 10^4, relative to the largest parameter: at most 1e-12
  quadratic   the same after 50 steps of each on its own: at most 1e-8
  Rosenbrock  the same on the chained Rosenbrock function of 6 variables

and for every schedule the largest distance over steps 0 to past the end, relative to the largest value: at most 1e-12.
"""

import argparse
import sys

import numpy as np
from peers.optimizers import cases
from peers.schedules import pairs

ONE, FREE, SCHEDULE = 1e-12, 1e-8, 1e-12
STATES, STEPS = 1000, 50
SCALES = np.logspace(0.0, 4.0, 12)


def quadratic(x):
    """The gradient of sum(scale * x^2) / 2."""
    return (SCALES * x.ravel()).reshape(x.shape)


def rosenbrock(x):
    """The gradient of the sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2."""
    if x.ndim == 2:
        return rosenbrock(x.ravel()).reshape(x.shape)
    g = np.zeros_like(x)
    inner = x[1:] - x[:-1]**2
    g[:-1] = -400.0 * x[:-1] * inner - 2.0 * (1.0 - x[:-1])
    g[1:] += 200.0 * inner
    return g


def from_states(case):
    """The largest distance after one step from every state of the peer, on gradients as they come and some noise."""
    rng = np.random.default_rng(0)
    peer = case.peer(rng.normal(size=case.shape or SCALES.size))
    worst = 0.0
    ours = case.ours()
    x = peer.x()
    state = ours.init(x)
    for t in range(STATES):
        x = peer.x()
        g = case.size * quadratic(x) + 0.01 * rng.normal(size=x.shape)
        if t > 0:
            arrays, memory = peer.state()
            for name, value in arrays.items():
                state.arrays[name][0][...] = value
            for name, value in memory.items():
                state.numbers[state.memory_names.index(name)] = value
        state.counter[0] = t
        peer.step(g)
        ours.step(x, g, state)
        worst = max(worst, distance(x, peer.x()))
    return worst


def free(case, gradient, start):
    """The largest distance after steps of each on its own."""
    peer, ours, x = case.peer(start.copy()), case.ours(), start.copy()
    state = ours.init(x)
    worst = 0.0
    for _ in range(STEPS):
        ours.step(x, case.size * gradient(x), state)
        peer.step(case.size * gradient(peer.x()))
        worst = max(worst, distance(x, peer.x()))
    return worst


def distance(x, y):
    return float(np.max(np.abs(x - y)) / max(1e-3, np.max(np.abs(y))))


def compare(name, case):
    """A row of the table, and whether it is within bounds."""
    rng = np.random.default_rng(1)
    start = np.array([-1.2, 1.0, -1.2, 1.0, 0.5, 0.5])
    found = (from_states(case), free(case, quadratic, rng.normal(size=case.shape or SCALES.size)),
             free(case, rosenbrock, start.reshape(2, 3) if case.shape else start))
    return found, found[0] <= ONE and found[1] <= FREE and found[2] <= FREE


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME")
    only = parser.parse_args().only
    failed = []
    print(f"{'rule':34}{'one step':>12}{'quadratic':>12}{'Rosenbrock':>12}")
    for name, case in cases().items():
        if only and name not in only:
            continue
        found, good = compare(name, case)
        print(f"{name:34}" + "".join(f"{value:12.1e}" for value in found) + ("" if good else "  too far"), flush=True)
        failed += [] if good else [name]
    print(f"\n{'schedule':46}{'distance':>12}")
    for name, (ours, theirs, steps) in pairs().items():
        if only and name not in only:
            continue
        mine, other = np.array([ours(k) for k in range(steps)]), np.array([theirs(k) for k in range(steps)])
        apart = float(np.max(np.abs(mine - other)) / np.max(np.abs(other)))
        good = apart <= SCHEDULE
        print(f"{name:46}{apart:12.1e}" + ("" if good else "  too far"), flush=True)
        failed += [] if good else [name]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
