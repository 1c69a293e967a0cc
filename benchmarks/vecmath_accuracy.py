"""Largest errors of the vectorisable elementary functions over many points.

    python benchmarks/vecmath_accuracy.py                          # 10^8 points for each function and format
    python benchmarks/vecmath_accuracy.py --points 10000000 --only sin,power
    python benchmarks/vecmath_accuracy.py --exhaustive --only exp  # all float32 numbers

Half of the points are uniform over the function's usual range, the others over the exponents of all arguments
that give a finite result; those of sin, cos and tan are moved to multiples of π/2 every fourth time. The judge of
float64 is the C library in the 64-bit mantissa of `np.longdouble`, which has to have one; that of float32 is
NumPy in float64. Errors are in units of the last place of the true value, so at 0.5 a result is as good as can be.
"""

import argparse
import math
import time

import numba
import numpy as np
from scipy import special

from adtrans.backend import cpu
from adtrans.backend.vecmath import INTRINSICS

CHUNK = 1 << 20
BINARY = {"arctan2", "power"}
FORMATS = {"f8": np.float64, "f4": np.float32}

# The usual range, and the least and the largest exponent of arguments, for float64 and float32.
RANGES = {
    "exp": ((-745, 710), (-60, 9), (-30, 6)),
    "exp2": ((-1075, 1024), (-60, 9), (-30, 6)),
    "expm1": ((-40, 40), (-1074, 9), (-149, 6)),
    "tanh": ((-3, 3), (-1074, 6), (-149, 6)),
    "sigmoid": ((-40, 40), (-60, 9), (-30, 6)),
    "log": ((0, 2), (-1074, 1024), (-149, 128)),
    "log1p": ((-1, 2), (-1074, 1024), (-149, 128)),
    "log2": ((0, 2), (-1074, 1024), (-149, 128)),
    "log10": ((0, 2), (-1074, 1024), (-149, 128)),
    "sin": ((-100, 100), (-1074, 31), (-149, 21)),
    "cos": ((-100, 100), (-1074, 31), (-149, 21)),
    "tan": ((-100, 100), (-1074, 31), (-149, 21)),
    "arctan": ((-4, 4), (-1074, 1024), (-149, 128)),
    "arctan2": ((-4, 4), (-500, 500), (-60, 60)),
    "erf": ((-4, 4), (-1022, 3), (-126, 3)),
    "power": ((0.1, 10), (-1022, 1024), (-126, 128)),
}


def loop(function, two):
    """The function over arrays, compiled with the flags of generated code."""

    def unary(x, y):
        for i in range(x.shape[0]):
            y[i] = function(x[i])

    def binary(x, z, y):
        for i in range(x.shape[0]):
            y[i] = function(x[i], z[i])

    return numba.njit(error_model="numpy", fastmath=set(cpu.FASTMATH))(binary if two else unary)


def sample(name, code, n, rng):
    """A tuple of argument arrays."""
    dtype = FORMATS[code]
    (low, high), *exponents = RANGES[name]
    least, largest = exponents[code == "f4"]
    usual = rng.uniform(low, high, n // 2)
    if code == "f4" and name.startswith("exp"):
        usual /= 8 if high > 100 else 1
    anywhere = rng.uniform(1, 2, n - n // 2) * 2.0 ** rng.uniform(least, largest - 1, n - n // 2)
    if name not in ("log", "log2", "log10", "power"):
        anywhere *= rng.choice([-1.0, 1.0], len(anywhere))
    x = np.concatenate([usual, anywhere])
    if name in ("sin", "cos", "tan"):
        x[::4] = np.round(x[::4] / (math.pi / 2)) * (math.pi / 2)
    x = x.astype(dtype)
    if name == "log1p":
        x = np.where(x > -1, x, -x)
    if name == "arctan2":
        return x, rng.permutation(x)
    if name == "power":
        return x, _exponents(x, code, rng)
    return (x,)


def _exponents(x, code, rng):
    """Exponents such that the powers have all magnitudes."""
    limit = 1080 if code == "f8" else 152
    with np.errstate(divide="ignore"):
        y = rng.uniform(-limit, limit, len(x)) / np.log2(x.astype(float))
    return np.where(np.isfinite(y) & (np.abs(y) < 1e30), y, 1.5).astype(x.dtype)


def truth(name, code, arguments):
    """The values in more than the precision of the arguments."""
    with np.errstate(all="ignore"):
        arguments = [a.astype(np.longdouble if code == "f8" else np.float64) for a in arguments]
        if name == "erf":
            return _erf(arguments[0]) if code == "f8" else special.erf(arguments[0])
        if name == "sigmoid":
            return 1 / (1 + np.exp(-arguments[0]))
        return getattr(np, name)(*arguments)


def _erf(x):
    """The error function: a series of positive terms, or one less what is small enough for double precision."""
    a = np.abs(x)
    small = a < 2.5
    z = np.where(small, a, 0)
    term = total = z
    for n in range(1, 80):
        term = term * (2 * z * z) / (2 * n + 1)
        total = total + term
    series = total * np.exp(-z * z) * (2 / np.sqrt(np.longdouble("3.14159265358979323846264")))
    far = 1 - special.erfc(a.astype(np.float64)).astype(np.longdouble)
    return np.where(small, series, far) * np.where(x < 0, -1, 1)


def ulps(result, true, dtype):
    """Errors in units of the last place of the true value; infinity counts as the first power of two too large."""
    info, wide = np.finfo(dtype), true.dtype.type
    overflow = np.ldexp(wide(1), info.maxexp)
    with np.errstate(all="ignore"):
        capped = np.clip(true, -overflow, overflow)
        value = np.clip(result.astype(wide), -overflow, overflow)
        exponent = np.frexp(capped)[1] - (info.nmant + 1)
        unit = np.ldexp(wide(1), np.maximum(exponent, info.minexp - info.nmant))
        error = (np.abs(value - capped) / unit).astype(np.float64)
    error[np.isnan(true) & np.isnan(result)] = 0
    error[np.isnan(error)] = np.inf
    return error


def largest_error(name, code, chunks):
    """The largest error over tuples of arguments, and the arguments that give it."""
    compiled, worst, where = loop(INTRINSICS[name], name in BINARY), -1.0, ()
    for arguments in chunks:
        result = np.empty_like(arguments[0])
        compiled(*arguments, result)
        error = ulps(result, truth(name, code, arguments), FORMATS[code])
        at = int(np.argmax(error))
        if error[at] > worst:
            worst, where = float(error[at]), tuple(float(a[at]) for a in arguments)
    return worst, where


def sampled(name, code, points, seed=1):
    """Tuples of arguments, `points` in all."""
    rng = np.random.default_rng(seed)
    for start in range(0, points, CHUNK):
        yield sample(name, code, min(CHUNK, points - start), rng)


def all_singles():
    """All float32 numbers."""
    for start in range(0, 1 << 32, CHUNK):
        yield (np.arange(start, start + CHUNK, dtype=np.uint64).astype(np.uint32).view(np.float32),)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=10**8)
    parser.add_argument("--only", default=",".join(INTRINSICS), help="names, separated by commas")
    parser.add_argument("--exhaustive", action="store_true", help="all float32 numbers, functions of one argument")
    options = parser.parse_args()
    print("function  format      points  max ulp  seconds  at")
    for name in options.only.split(","):
        for code in ("f4",) if options.exhaustive else FORMATS:
            if options.exhaustive and name in BINARY:
                continue
            start = time.perf_counter()
            points = 1 << 32 if options.exhaustive else options.points
            chunks = all_singles() if options.exhaustive else sampled(name, code, points)
            worst, where = largest_error(name, code, chunks)
            seconds = time.perf_counter() - start
            shown = ", ".join(map(repr, where))
            print(f"{name:9} {code:6} {points:11} {worst:8.3f} {seconds:8.1f}  {shown}", flush=True)


if __name__ == "__main__":
    main()
