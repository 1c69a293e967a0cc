"""`least_squares`: parameters that make residuals small, by compiled Levenberg-Marquardt or Gauss-Newton steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.optim.bounds import bounds_of
from adtrans.optim.compilation import compiled
from adtrans.optim.problem import Problem
from adtrans.optim.result import Result, ending
from adtrans.optim.solvers import state
from adtrans.optim.solvers.gauss import gn
from adtrans.optim.solvers.levenberg import lm

METHODS = {"lm": lm, "gn": gn}
TOLERANCES = {"gtol": 1e-15, "ftol": 1e-14, "xtol": 1e-14}
REACH = 100.0


def least_squares(residuals: Callable, x0: Any, args: Any = (), method: str = "lm", *, max_steps: int | None = None,
                  gtol: float | None = None, ftol: float | None = None, xtol: float | None = None,
                  bounds: Any = None) -> Result:
    """Minimise half the sum of squares of `residuals(x, *args)`, by their Jacobian from forward mode.

    `x0` is a number, an array of any shape or a container of these; the residuals may be a number, an array or a
    container too.
    """
    if method not in METHODS:
        raise ArgumentValueError(f"method must be one of {', '.join(map(repr, METHODS))}, not {method!r}")
    problem = Problem(residuals, x0, args)
    limits = np.array([given if given is not None else default for given, default in
                       zip((gtol, ftol, xtol), TOLERANCES.values())] + [REACH])
    n, m = problem.flat.size, sum(size for size in problem.outputs() and problem.sizes)
    steps = 1000 * (n + 1) if max_steps is None else max_steps
    run = compiled(METHODS[method], "least squares")
    x, r, columns = problem.flat.vector(problem.flat.given), np.empty(m), np.empty((n, m))
    box = bounds_of(bounds, problem.flat, sides_first=True)
    memory, now, counts = np.zeros((1, n)), np.zeros(8), np.zeros(8, np.int64)

    def solve(addresses):
        x[:] = problem.flat.vector(problem.flat.given)
        for array in (memory, now, counts):
            array[...] = 0
        return run(addresses, x, r, columns, memory, now, counts, limits, box, steps, np.empty((0, n + 1)))

    code = problem.solve(("residuals", "push"), solve)
    return Result(x=problem.flat.rebuilt(x), cost=0.5 * float(r @ r), fun=r, jac=columns.T,
                  nit=int(counts[state.NIT]), nfev=int(counts[state.NFEV]), njev=int(counts[state.NJEV]),
                  **ending(code))
