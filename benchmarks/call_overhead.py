"""What a call of a gradient costs on small arguments, against a call of Numba's dispatcher with the same types.

The command is `python benchmarks/call_overhead.py [--repeats 15]`. Calls take turns in one process on one core;
printed are the shortest of the repetitions, in nanoseconds per call, and the ratio. The dispatcher runs a function
that returns what the gradient does: two numbers, or two new arrays of three elements.
"""

import argparse
import math
import timeit

import numba
import numpy as np
from timing import alone

import adtrans

CALLS = 20_000


def product(x, y):
    return x * y * y


def wave(x, y):
    return math.sin(x) * y


def dot(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@numba.njit
def two_numbers(x, y):
    return y * y, 2.0 * x * y


@numba.njit
def two_arrays(a, b):
    return b.copy(), a.copy()


@numba.njit
def repeated(x, y, times):
    total = 0.0
    for k in range(times):
        found = two_numbers(x + k, y)
        total += found[0] + found[1]
    return total


def by_gradient(gradient):
    """The same loop over a gradient, inside compiled code."""

    @numba.njit
    def repeated(x, y, times):
        total = 0.0
        for k in range(times):
            found = gradient(x + k, y)
            total += found[0] + found[1]
        return total

    return repeated


def cases():
    """Name, gradient and dispatcher, arguments, and calls that one call makes."""
    numbers, arrays = (1.5, 2.5), (np.ones(3), np.arange(3.0))
    gradient = adtrans.grad(product, argnums=(0, 1))
    yield "two numbers", gradient, two_numbers, numbers, 1
    yield "two numbers, a global", adtrans.grad(wave, argnums=(0, 1)), two_numbers, numbers, 1
    yield "two arrays", adtrans.grad(dot, argnums=(0, 1)), two_arrays, arrays, 1
    yield "inside compiled code", by_gradient(gradient), repeated, (*numbers, 1000), 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    alone()
    print(f"{'':24}{'gradient, ns':>14}{'dispatcher, ns':>16}{'ratio':>8}")
    for name, gradient, dispatcher, args, each in cases():
        count = max(CALLS // each, 1)
        best = []
        for call in (gradient, dispatcher):
            call(*args)
            call(*args)
        timers = [timeit.Timer("call(*args)" if len(args) != 2 else "call(x, y)", globals={
            "call": call, "args": args, "x": args[0], "y": args[1]}) for call in (gradient, dispatcher)]
        times = [[timer.timeit(count) for timer in timers] for _ in range(options.repeats)]
        best = [min(column) / count / each * 1e9 for column in zip(*times)]
        print(f"{name:24}{best[0]:14.1f}{best[1]:16.1f}{best[0] / best[1]:8.2f}")


if __name__ == "__main__":
    main()
