"""Values and gradients with threads: a nonlinear stencil, a mixture of Gaussians, bodies that attract each other.

The command is `python benchmarks/parallel.py [--only NAME ...] [--threads 1 2] [--repeat N] [--scale 1.0]`. For each
program there are two rows, value and gradient (with the value). Columns:

  serial     without `parallel`
  N threads  with `parallel=True` and so many threads; '/serial' is what part of the time without that is
  same       whether the results are the same, bit for bit, for every number of threads
  apart      how far they are from those without `parallel`, relative to the largest

`diffusion` takes four explicit steps of u_t = (k(u) u_x)_x + (k(u) u_y)_y on a square and sums the squares, by the
field at the start. `mixture` is the log-likelihood of the weights, means and inverse deviations of K Gaussians, each
with a diagonal covariance, given n points of d numbers. `bodies` is the energy of softened gravity of n bodies, each
pair once, by their places. Times are the shortest of all repeats, taken in turns; `--scale` multiplies the sizes: on a
busy machine threads wait for each other when a run takes longer than a few milliseconds.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

TITLES = ("program", "what", "serial ms")


class Case(NamedTuple):
    """A function, its arguments, and those to differentiate by."""

    function: Callable
    args: tuple
    argnums: tuple[int, ...]


def diffusion(u, steps):
    n, m = u.shape
    u, v = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                east = (1.0 + u[i, j + 1] * u[i, j]) * (u[i, j + 1] - u[i, j])
                west = (1.0 + u[i, j - 1] * u[i, j]) * (u[i, j] - u[i, j - 1])
                south = (1.0 + u[i + 1, j] * u[i, j]) * (u[i + 1, j] - u[i, j])
                north = (1.0 + u[i - 1, j] * u[i, j]) * (u[i, j] - u[i - 1, j])
                v[i, j] = u[i, j] + 0.1 * (east - west + south - north)
        u, v = v, u
    return np.sum(u * u)


def mixture(weights, means, widths, points):
    n, d = points.shape
    k = len(weights)
    total = 0.0
    parts = np.empty(k)
    for i in range(n):
        for c in range(k):
            square = 0.0
            for j in range(d):
                z = (points[i, j] - means[c, j]) * widths[c, j]
                square += z * z - 2.0 * np.log(widths[c, j])
            parts[c] = weights[c] - 0.5 * square
        top = parts.max()
        total += top + np.log(np.sum(np.exp(parts - top)))
    return total


def bodies(place, mass):
    energy = 0.0
    for i in range(len(place)):
        for j in range(i):
            square = 1e-3
            for k in range(3):
                z = place[i, k] - place[j, k]
                square += z * z
            energy -= mass[i] * mass[j] / np.sqrt(square)
    return energy


def cases(scale: float) -> dict[str, Case]:
    rng = np.random.default_rng(3)
    side, points, count = (int(scale * size) for size in (1500, 20000, 3000))
    return {
        "diffusion": Case(diffusion, (rng.random((side, side)), 4), (0,)),
        "mixture": Case(mixture, (rng.random(25), rng.random((25, 10)), 1.0 + rng.random((25, 10)),
                                  rng.random((points, 10))), (0, 1, 2)),
        "bodies": Case(bodies, (rng.random((count, 3)), rng.random(count)), (0,)),
    }


def shortest(runs: dict[str, Callable], repeat: int) -> dict[str, float]:
    """The shortest time of each, in milliseconds."""
    best = dict.fromkeys(runs, np.inf)
    for _ in range(repeat):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best


def rows(name: str, case: Case, counts: list[int], repeat: int) -> list[list[str]]:
    """The two rows of a program."""
    import numba

    from adtrans import value_and_grad

    plain, divided = (value_and_grad(case.function, argnums=case.argnums, parallel=wanted) for wanted in (False, True))
    found = []
    for what in ("value", "gradient"):
        serial = plain.value if what == "value" else plain
        threaded = divided.value if what == "value" else divided

        def run(count, threaded=threaded):
            numba.set_num_threads(count)
            return threaded(*case.args)

        wanted = numbers(serial(*case.args))
        results = [numbers(run(count)) for count in counts]
        same = all(np.array_equal(one, other) for result in results for one, other in zip(results[0], result))
        apart = max(np.max(np.abs(one - other)) / np.max(np.abs(other)) for one, other in zip(results[0], wanted))
        times = shortest({"serial": lambda serial=serial: serial(*case.args)}
                         | {str(count): (lambda count=count, run=run: run(count)) for count in counts}, repeat)
        cells = [f"{times[str(count)]:.2f} ({times[str(count)] / times['serial']:.2f})" for count in counts]
        found.append([name, what, f"{times['serial']:.2f}", *cells, "yes" if same else "NO", f"{apart:.0e}"])
    return found


def numbers(result) -> list[np.ndarray]:
    value, gradient = result if isinstance(result, tuple) else (result, ())
    return [np.asarray(value), *gradient]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    titles = [*TITLES, *(f"{count} threads (/serial)" for count in options.threads), "same", "apart"]
    table = [titles]
    for name, case in cases(options.scale).items():
        if not options.only or name in options.only:
            table += rows(name, case, options.threads, options.repeat)
    widths = [max(len(row[k]) for row in table) for k in range(len(titles))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0 if all(row[-2] == "yes" and float(row[-1]) < 1e-10 for row in table[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
