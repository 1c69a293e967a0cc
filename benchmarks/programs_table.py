"""Programs in the manner of NPBench: what differentiating and compiling them costs, and how fast their gradients are.

The command is `python benchmarks/programs_table.py [--only NAME ...] [--size N] [--dtype float32] [--seconds 0.5]`.
Printed for each program: seconds of the processor to read and differentiate it, and then for Numba to compile the
gradient (from nothing, no cache), the time of the program in plain NumPy, the time of its compiled gradient (the
forward run included), their ratio, and the error of a directional derivative, at a small size, from complex step or
from differences in extended precision. At the end: medians and the largest.
"""

import argparse
import statistics
import time

import numpy as np
from judging import Derivative, copies, cotangent, floats, slope_errors, weights
from programs import PROGRAMS

from adtrans.bench import readable

SMALL = 8
TITLES = ("program", "transform", "compile", "NumPy", "gradient", "ratio", "error")
WIDTHS = (21, 11, 11, 11, 11, 8, 10)


def bars_of(program, args, rng):
    """Random cotangents of what the program leaves or returns."""
    if program.outputs:
        return {name: weights(rng, args[name]) for name in program.outputs}
    return cotangent(rng, program.fun()(**copies(args)))


def error_of(program, made, dtype):
    """The error of the derivative at a small size."""
    rng, args = np.random.default_rng(1), program.arguments(SMALL, dtype)
    bars = bars_of(program, args, rng)
    adjoints = made(copies(args), bars)
    flat = bars.values() if program.outputs else floats(bars)
    return max(slope_errors(program.fun(), args, adjoints, flat, program.inputs, program.outputs or None,
                            program.oracle, rng, directions=2))


def best(run, args, seconds):
    """The shortest time of `run` on fresh copies of `args`."""
    shortest, stop = float("inf"), time.perf_counter() + seconds
    while shortest == float("inf") or time.perf_counter() < stop:
        given = copies(args)
        before = time.perf_counter()
        run(given)
        shortest = min(shortest, time.perf_counter() - before)
    return shortest


def measure(program, size, dtype, seconds):
    """Seconds to transform, to compile, of the program and of its gradient; the error."""
    args = program.arguments(size, dtype)
    bars = bars_of(program, args, np.random.default_rng(0))
    made = Derivative(program.fun(), program.inputs, program.outputs)
    before = time.process_time()
    made.transform(args)
    transformed = time.process_time() - before
    before = time.process_time()
    made(copies(args), bars)
    first = time.process_time() - before
    gradient = best(lambda given: made(given, bars), args, seconds)
    primal = best(lambda given: program.fun()(**given), args, seconds)
    return transformed, max(first - gradient, 0.0), primal, gradient, error_of(program, made, dtype)


def row(cells):
    return cells[0].ljust(WIDTHS[0]) + "".join(cell.rjust(width) for cell, width in zip(cells[1:], WIDTHS[1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=list(PROGRAMS), choices=list(PROGRAMS), metavar="NAME")
    parser.add_argument("--size", type=int, help="in place of each program's own")
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    parser.add_argument("--seconds", type=float, default=0.3, help="spent on each timing")
    options = parser.parse_args()
    dtype = getattr(np, options.dtype)
    measure(PROGRAMS["atax"], SMALL, dtype, 0.0)
    print(row(TITLES))
    found = []
    for name in options.only:
        program = PROGRAMS[name]
        try:
            transformed, compiled, primal, gradient, error = measure(program, options.size or program.size, dtype,
                                                                     options.seconds)
        except Exception as fault:
            print(name.ljust(WIDTHS[0]), f"{type(fault).__name__}: {str(fault).splitlines()[0]}", flush=True)
            continue
        found.append(transformed + compiled)
        print(row((name, f"{transformed:.2f} s", f"{compiled:.2f} s", readable(primal), readable(gradient),
                   f"{gradient / primal:.2f}", f"{error:.1e}")), flush=True)
    if found:
        print(f"transform and compile: median {statistics.median(found):.2f} s, largest {max(found):.2f} s")


if __name__ == "__main__":
    main()
