"""NIST's reference sets for nonlinear regression by `least_squares`, beside SciPy's with an exact Jacobian.

The command is `python -m benchmarks.nist FOLDER [--only NAME ...] [--seconds S]`; the folder holds the 27 files as NIST
publishes them (public domain): https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml. Both start from both of NIST's
starting points, adtrans with its default settings, SciPy with `method="lm", x_scale="jac"`, tolerances of 1e-15 and
the residuals and Jacobian compiled by adtrans. Columns:

  digits     the fewest digits, of all parameters, that agree with the certified ones (at most 11), adtrans and SciPy
  nfev       evaluations of the residuals
  time       of a warm call, the shortest of several; '/SciPy' is SciPy's time divided by that of adtrans

The command fails where fewer than 27 sets from the second start, or 26 from the first, come out with six digits.
"""

import argparse
import functools
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from timing import Contender, alone, alternate, geometric_mean  # noqa: E402

WANTED = {1: 26, 2: 27}
TITLES = ("set", "start", "digits", "SciPy", "nfev", "SciPy", "time", "SciPy", "/SciPy")


class Set:
    """A file: both starts, certified parameters, data."""

    def __init__(self, path):
        import numpy as np

        lines = path.read_text().splitlines()
        rows = [line.split("=")[1].split() for line in lines[40:60] if line.strip().startswith("b") and "=" in line]
        table = np.array([[float(word) for word in row[:3]] for row in rows])
        self.starts, self.certified = {1: table[:, 0].copy(), 2: table[:, 1].copy()}, table[:, 2].copy()
        data = np.array([[float(word) for word in line.split()] for line in lines[60:] if line.strip()])
        self.y, self.x = data[:, 0].copy(), data[:, 1:].copy() if data.shape[1] > 2 else data[:, 1].copy()
        if path.stem == "Nelson":
            self.y = np.log(self.y)

    def digits(self, b):
        """The fewest correct digits of a parameter."""
        worst = max(abs(found - sure) / abs(sure) for found, sure in zip(b, self.certified))
        return 0.0 if not worst < 1.0 else min(11.0, -math.log10(max(worst, 1e-11)))


@functools.cache
def residuals_of(model):
    """The residuals of a model as a function that adtrans reads."""
    def residuals(b, x, y):
        return y - model(b, x)

    return residuals


def contenders(data, model, start):
    """`least_squares` of adtrans and of SciPy."""
    import numpy as np
    from scipy import optimize

    import adtrans
    from adtrans.optim import least_squares

    residuals = residuals_of(model)
    values, columns = adtrans.value_and_grad(residuals).value, compiled_jacobian(residuals)
    given = (data.starts[start], (data.x, data.y))

    def scipy():
        with np.errstate(all="ignore"):
            return optimize.least_squares(values, given[0], columns, args=given[1], method="lm", x_scale="jac",
                                          ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=10000)

    return {"adtrans": Contender(lambda: least_squares(residuals, given[0], given[1])), "SciPy": Contender(scipy)}


@functools.cache
def compiled_jacobian(residuals):
    """The exact Jacobian: compiled tangents of the residuals, one for each parameter."""
    import numpy as np

    import adtrans

    tangents = adtrans.jacobian(residuals, mode="fwd")
    return lambda b, x, y: np.ascontiguousarray(tangents(b, x, y))


def measure(data, model, start, seconds):
    made = contenders(data, model, start)
    results = {}
    for name, contender in made.items():
        try:
            results[name] = contender.run()
        except ValueError as error:  # SciPy, of residuals that are not finite
            print(f"{name}: {error}")
    times = alternate({name: made[name] for name in results}, seconds, 100)
    return results, times


def main():
    alone()
    from nist_models import MODELS
    from tables import Table, times
    from tables import seconds as readable

    options = arguments(MODELS)
    table, solved, peers, ratios = Table(TITLES, 10), {1: 0, 2: 0}, {1: 0, 2: 0}, []
    table.print_header()
    for name in options.only or MODELS:
        data = Set(options.folder / f"{name}.dat")
        for start in (1, 2):
            found, took = measure(data, MODELS[name], start, options.seconds)
            digits = {who: data.digits(result.x) for who, result in found.items()}
            solved[start] += digits["adtrans"] >= 6.0
            peers[start] += digits.get("SciPy", 0.0) >= 6.0
            ratio = took["SciPy"] / took["adtrans"] if "SciPy" in took else None
            ratios.append(ratio)
            table.print_row((name, str(start), *[times(digits.get(who)) for who in ("adtrans", "SciPy")],
                             *[str(found[who].nfev) if who in found else "-" for who in ("adtrans", "SciPy")],
                             *[readable(took.get(who)) for who in ("adtrans", "SciPy")], times(ratio)))
    print()
    for start in (1, 2):
        print(f"start {start}: {solved[start]} sets to six digits, SciPy {peers[start]}")
    print(f"geometric mean of time, SciPy / adtrans: {times(geometric_mean(ratios))}")
    if not options.only and any(solved[start] < wanted for start, wanted in WANTED.items()):
        sys.exit("failed: too few sets are solved")


def arguments(models):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(models), metavar="NAME")
    parser.add_argument("--seconds", type=float, default=0.1, help="spent at most on each contender")
    return parser.parse_args()


if __name__ == "__main__":
    main()
