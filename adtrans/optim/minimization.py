"""`minimize`: a point where a function is least, by compiled steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.optim.kernel import compiled
from adtrans.optim.methods import METHODS
from adtrans.optim.problem import Problem
from adtrans.optim.result import Result, ending
from adtrans.optim.solvers import state

GTOL = 1e-5


def minimize(fun: Callable, x0: Any, args: Any = (), method: Any = "lbfgs", *, max_steps: int | None = None,
             gtol: float | None = None, ftol: float | None = None, xtol: float | None = None, bounds: Any = None,
             callback: Callable | None = None, history: bool = False) -> Result:
    """Minimise `fun(x, *args)`, which returns a number, from `x0`."""
    if method not in METHODS:
        raise ArgumentValueError(f"method must be one of {', '.join(map(repr, METHODS))}, not {method!r}")
    chosen = METHODS[method]
    problem = Problem(fun, x0, args)
    n = problem.flat.size
    limits = np.array([GTOL if gtol is None else gtol, chosen.ftol if ftol is None else ftol, xtol or 0.0, 0.0])
    steps = chosen.steps(n) if max_steps is None else max_steps
    run = compiled(chosen.solver)
    x, g = problem.flat.vector(problem.flat.given), np.zeros(n)
    memory, now, counts = np.ones((chosen.rows(n), n)), np.zeros(8), np.zeros(8, np.int64)

    def solve(addresses):
        x[:] = problem.flat.vector(problem.flat.given)
        now[:], counts[:] = 0.0, 0
        return run(addresses, x, g, memory, now, counts, limits, steps, np.empty((0, n + 1)))

    code = problem.solve(chosen.calls, solve)
    return Result(x=problem.flat.rebuilt(x), fun=float(now[state.VALUE]), jac=problem.flat.rebuilt(g),
                  nit=int(counts[state.NIT]), nfev=int(counts[state.NFEV]), njev=int(counts[state.NJEV]),
                  nhev=int(counts[state.NHEV]), **ending(code))
