"""Test problems of Moré, Garbow and Hillstrom by `minimize`, beside SciPy with the same compiled derivatives.

The command is `python -m benchmarks.more_garbow_hillstrom [--only NAME ...] [--methods NAME ...] [--seconds S]
[--gtol G]`. Sums of squares from the standard starts; both stop where no element of the gradient exceeds gtol (SciPy's
trust-ncg: where its norm does not), or where nothing gets better. SciPy's Newton-CG, which knows other tests only, is
stopped by a callback. Columns:

  minimum    whether the value is one that the paper lists, to 1e-4 of it and 1e-7: 'yes', else the value
  nfev       evaluations of value and gradient; ratio of those of adtrans and SciPy where both find the minimum
  time       of a warm call, the shortest of several; '/SciPy' is SciPy's time divided by that of adtrans

The last lines say for how many problems each method finds a minimum, with the medians of both ratios. The command fails
where a method solves fewer than 25 problems, needs more than 1.2 times SciPy's evaluations or a fifth of its time.
"""

import argparse
import functools
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from timing import Contender, alone, alternate  # noqa: E402

PEERS = {"lbfgs": "L-BFGS-B", "bfgs": "BFGS", "newton": "Newton-CG", "trust-ncg": "trust-ncg"}
TITLES = ("problem", "method", "minimum", "SciPy", "nfev", "SciPy", "ratio", "time", "SciPy", "/SciPy")


@functools.cache
def objective_of(residuals):
    """The sum of squares, its compiled value and gradient, and products with its Hessian."""
    import numpy as np

    import adtrans

    def sum_of_squares(x):
        r = residuals(x)
        return np.sum(r * r)

    product = adtrans.hvp(sum_of_squares)
    return sum_of_squares, adtrans.value_and_grad(sum_of_squares), lambda x, v: product(v, x)


def contenders(problem, method, gtol):
    """`minimize` of adtrans and of SciPy."""
    import numpy as np
    from scipy import optimize

    from adtrans.optim import minimize

    fun, pair, product = objective_of(problem.residuals)
    start = np.array(problem.start)
    options = {"L-BFGS-B": {"gtol": gtol, "ftol": 0.0, "maxfun": 100000, "maxiter": 15000},
               "BFGS": {"gtol": gtol, "maxiter": 15000}, "trust-ncg": {"gtol": gtol, "maxiter": 15000},
               "Newton-CG": {"xtol": 0.0, "maxiter": 15000}}[PEERS[method]]
    given = {"hessp": product} if method in ("newton", "trust-ncg") else {}
    last = [None]

    def remembered(x):
        value, last[0] = pair(x)
        return value, last[0]

    def stop(x):
        if np.max(np.abs(last[0])) <= gtol:
            raise StopIteration

    def scipy():
        with np.errstate(all="ignore"):
            if method == "newton":
                return optimize.minimize(remembered, start, jac=True, method="Newton-CG", options=options,
                                         callback=stop, **given)
            return optimize.minimize(pair, start, jac=True, method=PEERS[method], options=options, **given)

    return {"adtrans": Contender(lambda: minimize(fun, start, method=method, gtol=gtol, ftol=0.0, max_steps=15000)),
            "SciPy": Contender(scipy)}


def is_minimum(problem, value):
    """Whether the value is one of those that the paper lists."""
    return any(abs(value - known) <= 1e-4 * known + 1e-7 for known in problem.minima)


def measure(problem, method, options):
    """Results and times of both."""
    made = contenders(problem, method, options.gtol)
    results = {name: contender.run() for name, contender in made.items()}
    return results, alternate(made, options.seconds, 100)


def row_of(name, method, problem, results, took):
    """The cells of a row, whether both find a minimum, and the ratios."""
    from tables import seconds as readable
    from tables import times

    solved = {who: is_minimum(problem, result.fun) for who, result in results.items()}
    more = results["adtrans"].nfev / results["SciPy"].nfev if all(solved.values()) else None
    faster = took["SciPy"] / took["adtrans"]
    cells = (name, method, *["yes" if solved[who] else f"{results[who].fun:.3g}" for who in solved],
             *[str(results[who].nfev) for who in solved], times(more), *[readable(took[who]) for who in solved],
             times(faster))
    return cells, solved, more, faster


def main():
    alone()
    from residual_problems import PROBLEMS
    from tables import Table, times

    options = arguments(PROBLEMS)
    table, failed, lines = Table(TITLES, 18), [], []
    table.print_header()
    for method in options.methods:
        rows = []
        for name in options.only or PROBLEMS:
            results, took = measure(PROBLEMS[name], method, options)
            cells, *row = row_of(name, method, PROBLEMS[name], results, took)
            table.print_row(cells)
            rows.append(row)
        counts = [sum(solved[who] for solved, _, _ in rows) for who in ("adtrans", "SciPy")]
        more = statistics.median([ratio for _, ratio, _ in rows if ratio] or [float("nan")])
        faster = [ratio for _, _, ratio in rows]
        lines.append(f"{method}: minimum found {counts[0]} of {len(rows)}, SciPy's {PEERS[method]} {counts[1]}; "
                     f"evaluations {times(more)} of SciPy's in the median; time SciPy / adtrans "
                     f"{times(statistics.median(faster))} in the median, at least {times(min(faster))}")
        if not options.only and (counts[0] < 25 or more > 1.2 or statistics.median(faster) < 5.0):
            failed.append(method)
    print("\n" + "\n".join(lines))
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def arguments(problems):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(problems), metavar="NAME")
    parser.add_argument("--methods", nargs="+", choices=list(PEERS), default=list(PEERS), metavar="NAME")
    parser.add_argument("--seconds", type=float, default=0.05, help="spent at most on each contender")
    parser.add_argument("--gtol", type=float, default=1e-6)
    return parser.parse_args()


if __name__ == "__main__":
    main()
