"""Speed and error of the vectorisable elementary functions beside NumPy's and Numba's.

    python benchmarks/vecmath.py [names separated by commas]

Each function in a loop over 2^15 numbers, one thread, the least time of many: ours and Numba's own compiled with the
flags of generated code, NumPy's (SciPy's for erf) as one call that writes into an array. The largest error on
10^5 points is in units of the last place, judged as in `vecmath_accuracy.py`; two or more fails the run.
"""

import math
import sys
import time

import numba
import numpy as np
from scipy import special
from vecmath_accuracy import BINARY, FORMATS, largest_error, loop, sampled

from adtrans.backend.vecmath import INTRINSICS

N = 1 << 15
ROUNDS, SECONDS = 3, 0.08
RANGES = {
    "log": (0.01, 100), "log1p": (-0.9, 10), "log2": (0.01, 100), "log10": (0.01, 100), "power": (0.01, 100),
    "sin": (-100, 100), "cos": (-100, 100), "tan": (-100, 100), "exp": (-50, 50), "exp2": (-50, 50),
}  # fmt: skip


@numba.njit
def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numbas(name):
    """The function as Numba has it."""
    return {"sigmoid": _sigmoid, "erf": math.erf}.get(name) or getattr(np, name)


def numpys(name):
    """The function as NumPy has it, writing into its last argument."""
    if name == "sigmoid":
        return lambda x, y: np.divide(1, np.add(1, np.exp(np.negative(x, out=y), out=y), out=y), out=y)
    function = special.erf if name == "erf" else getattr(np, name)
    return lambda *arguments: function(*arguments[:-1], out=arguments[-1])


def least_times(calls, arguments):
    """Seconds for each call, the least of many, taken in turns."""
    least = [math.inf] * len(calls)
    for call in calls:
        call(*arguments)
    for _ in range(ROUNDS):
        for i, call in enumerate(calls):
            end = time.perf_counter() + SECONDS
            while (start := time.perf_counter()) < end:
                call(*arguments)
                least[i] = min(least[i], time.perf_counter() - start)
    return least


def row(name, code):
    """Times in ns per number: ours, NumPy's, Numba's; and the largest error."""
    rng = np.random.default_rng(0)
    two, dtype = name in BINARY, FORMATS[code]
    arguments = [rng.uniform(*RANGES.get(name, (-5, 5)), N).astype(dtype)]
    if two:
        arguments.append(rng.uniform(-5, 5, N).astype(dtype))
    calls = loop(INTRINSICS[name], two), numpys(name), loop(numbas(name), two)
    times = [1e9 * seconds / N for seconds in least_times(calls, (*arguments, np.empty(N, dtype)))]
    error, where = largest_error(name, code, sampled(name, code, 100_000))
    assert error < 2, (name, code, error, where)
    return *times, error


def main():
    names = sys.argv[1].split(",") if len(sys.argv) > 1 else INTRINSICS
    print("function  format   ours  NumPy  Numba   NumPy/ours  Numba/ours  max ulp   (ns per number)")
    for name in names:
        for code in FORMATS:
            ours, numpy, own, error = row(name, code)
            times = f"{ours:6.2f} {numpy:6.2f} {own:6.2f}"
            print(f"{name:9} {code:6} {times} {numpy / ours:12.1f} {own / ours:11.1f} {error:8.2f}", flush=True)


if __name__ == "__main__":
    main()
