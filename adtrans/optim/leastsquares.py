"""`least_squares`: parameters that make residuals small, by compiled Levenberg-Marquardt or Gauss-Newton steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.optim.bounds import bounds_of
from adtrans.optim.compilation import compiled
from adtrans.optim.minimization import steps_of, tolerance
from adtrans.optim.problem import Problem
from adtrans.optim.result import Result, ending
from adtrans.optim.runs import CHUNK
from adtrans.optim.solvers import state
from adtrans.optim.solvers.gauss import gn
from adtrans.optim.solvers.levenberg import lm

METHODS = {"lm": lm, "gn": gn}
# Near what rounding allows: a sum of squares is so flat at its minimum that 1e-8 leaves parameters with four digits.
TOLERANCES = {"gtol": 1e-15, "ftol": 1e-15, "xtol": 1e-14}
# The first step may be so many times as long as x, in units of the scales (Moré recommends 0.1 to 100).
REACH = 100.0


def least_squares(residuals: Callable, x0: Any, args: Any = (), method: str = "lm", *, max_steps: int | None = None,
                  gtol: float | None = None, ftol: float | None = None, xtol: float | None = None,
                  bounds: Any = None) -> Result:
    """Minimise half the sum of squares of `residuals(x, *args)`, with their exact Jacobian from forward mode.

    `x0` is a number, an array of any shape, or a tuple, NamedTuple or dict of these; the residuals are a number, an
    array of any shape or a tuple of these. `args` are handed on. `method` is "lm", Levenberg-Marquardt with the scaling
    of J. J. Moré (1978), or "gn", Gauss-Newton with step halving.

    It stops where no column of the Jacobian has a cosine above `gtol` with the residuals (1e-15 by default), where the
    sum of squares can be and was decreased by no more than `ftol` of it (1e-15), where x changes by no more than `xtol`
    of its scaled norm (1e-14), or after `max_steps` (1000 for each parameter and one more). `bounds` are lower and
    upper bounds of the shape of x0, pairs for all elements (where these are not two), or SciPy's Bounds; the steps are
    projected onto them.

    Returns a Result with SciPy's fields: `x`, `cost`, `fun` (the residuals, flat), `jac` (their number by that of the
    parameters), `nit`, `nfev`, `njev`, `success`, `status` (0 converged, 1 out of steps, 2 stuck, 3 not finite),
    `message`.

    Raises ArgumentValueError (a ValueError) for an unknown method and for bounds or values that do not fit, and what
    `jvp` raises for a function outside the language or one that does not return floating-point numbers.

    >>> found = least_squares(lambda x, t, y: y - x * t, 1.0, (np.array([1.0, 2.0]), np.array([3.0, 6.0])))
    >>> round(found.x, 12), found.cost < 1e-20
    (3.0, True)
    """
    if method not in METHODS:
        raise ArgumentValueError(f"method must be one of {', '.join(map(repr, METHODS))}, not {method!r}")
    given = (("gtol", gtol), ("ftol", ftol), ("xtol", xtol))
    limits = np.array([tolerance(name, TOLERANCES[name] if value is None else value) for name, value in given]
                      + [REACH])
    problem = Problem(residuals, x0, args)
    flat, n, m = problem.flat, problem.flat.size, problem.residuals
    steps = steps_of(max_steps, 1000 * (n + 1))
    box = bounds_of(bounds, flat, sides_first=True)
    run = compiled(METHODS[method], "least squares")
    x, r, columns = np.empty(n), np.empty(m), np.empty((n, m))
    memory, now, counts, trace = np.empty((1, n)), np.empty(8), np.empty(8, np.int64), np.empty((0, n + 1))

    def solve(addresses: np.ndarray) -> int:
        x[:], memory[:], now[:], counts[:] = flat.start, 0.0, 0.0, 0
        code = state.RUNNING
        while code == state.RUNNING and (counts[state.NIT] < steps or not counts[state.NFEV]):
            chunk = min(steps - counts[state.NIT], CHUNK)
            code = run(addresses, x, r, columns, memory, now, counts, limits, box, chunk, trace)
        return code

    code = problem.solve(("residuals", "push"), solve)
    with np.errstate(over="ignore", invalid="ignore"):
        cost = 0.5 * float(r @ r)
    return Result(x=flat.rebuilt(x), cost=cost, fun=r, jac=columns.T, nit=int(counts[state.NIT]),
                  nfev=int(counts[state.NFEV]), njev=int(counts[state.NJEV]), **ending(code))
