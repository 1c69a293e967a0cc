"""Gradients of long loops: right, and compiled once whatever the number of trips.

The command is `python benchmarks/long_loops.py`. An in-place Gauss-Seidel sweep (a recurrence over n = 16,000
unknowns), a Newton iteration in `while` with a tolerance, and an explicit time loop of 200 steps. Printed for each:
the largest difference of directional derivatives from complex step, relative to the gradient, the time of the
gradient against that of the function compiled by Numba, and the seconds to read, differentiate and compile with
few and with many trips (every time from nothing, with `cache=False`).
"""

import statistics
import time

import numba
import numpy as np

import adtrans


def sweep(u, f, sweeps):
    n = len(u)
    for _ in range(sweeps):
        for i in range(1, n - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1] + f[i])
    total = 0.0
    for i in range(n):
        total += u[i] * u[i] * (1.0 + f[i])
    return total


def newton(c, tolerance):
    total = 0.0
    for k in range(len(c)):
        x = 1.0
        step = 1.0
        while abs(step) > tolerance:
            step = (x * x * x - c[k]) / (3.0 * x * x)
            x -= step
        total += x
    return total


def heat(u, rate, steps):
    un = np.empty_like(u)
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            un[i] = u[i] + rate * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i]
        un[0] = un[-1] = 0.0
        u, un = un, u
    return np.sum(u * u)


def cases():
    """Name, function, arguments by number of trips (few, many), those to judge and to time."""
    rng = np.random.default_rng(0)
    u, f = rng.normal(size=16_000), 0.1 * rng.normal(size=16_000)
    c = rng.uniform(0.5, 3.0, 10_000)
    field = np.sin(np.linspace(0.0, np.pi, 2_000))
    return [
        ("Gauss-Seidel, n=16,000", sweep, (u[:10], f[:10], 1), (u[:10_000], f[:10_000], 1), (u, f, 1)),
        ("Newton in while", newton, (c[:10], 1e-10), (c, 1e-10), (c, 1e-10)),
        ("200 time steps", heat, (field, 0.2, 10), (field, 0.2, 10_000), (field, 0.2, 200)),
    ]


def error(fun, args):
    """The largest relative difference from complex step along three directions."""
    rng, worst = np.random.default_rng(1), 0.0
    float_args = [k for k, arg in enumerate(args) if not isinstance(arg, int) and k != len(args) - 1]
    gradients = adtrans.grad(fun, argnums=tuple(float_args))(*args)
    for _ in range(3):
        moved, slope = list(args), 0.0
        for k, bar in zip(float_args, gradients):
            direction = rng.normal(size=np.shape(args[k]))
            moved[k] = args[k] + 1e-30j * direction
            slope += np.sum(bar * direction)
        step = fun(*[arg.copy() if isinstance(arg, np.ndarray) else arg for arg in moved]).imag / 1e-30
        worst = max(worst, abs(slope - step) / max(abs(step), 1e-300))
    return worst


def compiling(fun, args):
    """Seconds from a new gradient object to the first result, less the seconds of a second call."""
    made = adtrans.value_and_grad(fun, cache=False)
    before = time.perf_counter()
    made(*args)
    first = time.perf_counter() - before
    before = time.perf_counter()
    made(*args)
    return first - (time.perf_counter() - before)


def best(fun, args, repeats):
    found = []
    for _ in range(repeats):
        copies = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
        before = time.perf_counter()
        fun(*copies)
        found.append(time.perf_counter() - before)
    return min(found)


def main():
    for name, fun, few, many, args in cases():
        primal, gradient = numba.njit(fun), adtrans.value_and_grad(fun)
        primal(*[arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]), gradient(*args)
        ratio = best(gradient, args, 20) / best(primal, args, 20)
        compiling(fun, few)
        seconds = [[compiling(fun, given) for given in (few, many)] for _ in range(3)]
        short, long = (statistics.median(column) for column in zip(*seconds))
        print(f"{name}: error {error(fun, args):.1e}; {ratio:.2f} times the function's time; "
              f"compiled in {short:.2f} s for 10 trips, {long:.2f} s for 10,000")


if __name__ == "__main__":
    main()
