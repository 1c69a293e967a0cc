"""`minimize` with an optimizer for its method: value, gradient and step in turn, each compiled.

The optimizer has `init(params)`, which gives a state, and `step(params, grads, state)`, which changes parameters and
state in place. Numbers among the parameters are arrays of one element to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.leaves import is_float, map_leaves
from adtrans.optim.callbacks import stops
from adtrans.optim.problem import Problem
from adtrans.optim.result import STOPPED, Result, ending
from adtrans.optim.solvers import state as places

STEPS = 10000
RUNNING = places.RUNNING


def by_optimizer(fun: Callable, x0: Any, args: Any, optimizer: Any, max_steps: int, limits: np.ndarray,
                 callback: Callable | None, history: bool) -> Result:
    """The result of stepping until a tolerance is met or the steps are used up; see `minimize`."""
    if not (callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "step", None))):
        raise ArgumentValueError(f"method must be a name or an optimizer with init and step, not {optimizer!r}")
    problem = Problem(fun, x0, args)
    params = as_arrays(problem.flat.given)
    memory = optimizer.init(params)
    now, rows = evaluated(problem, params), []
    code, steps = ending_of(None, now, limits), 0
    while True:
        if history:
            rows.append(np.concatenate([[now.value], now.x]))
        if code != RUNNING or steps >= max_steps:
            break
        optimizer.step(params, as_arrays(now.gradient), memory)
        steps += 1
        before, now = now, evaluated(problem, params)
        code = ending_of(before, now, limits)
        if code == RUNNING and stops(callback, now.point, now.value):
            code = STOPPED
    found = np.array(rows) if history else None
    return Result(x=now.point, fun=now.value, jac=now.gradient, nit=steps, nfev=steps + 1, njev=steps + 1, nhev=0,
                  **ending(code), history=None if found is None else {"fun": found[:, 0], "x": found[:, 1:]})


class Evaluated:
    """A point, as the function sees it and as a vector, with value and gradient."""

    def __init__(self, problem: Problem, x: np.ndarray):
        self.x, self.point = x, problem.flat.rebuilt(x)
        value, self.gradient = problem.gradient.value_and_grad(**{**problem.bound, problem.gradient.names[0]:
                                                                  self.point})
        self.value = float(value)
        self.slope = problem.flat.vector(self.gradient)


def evaluated(problem: Problem, params: Any) -> Evaluated:
    return Evaluated(problem, problem.flat.vector(params))


def ending_of(before: Evaluated | None, now: Evaluated, limits: np.ndarray) -> int:
    """Whether a step was the last, by the tests of the compiled solvers."""
    if not (np.isfinite(now.value) and np.isfinite(now.slope).all()):
        return places.NOT_FINITE
    if before is None:
        return places.FLAT if places.largest(now.slope) <= limits[places.GTOL] else RUNNING
    return places.outcome(before.value, now.value, before.x, now.x, now.slope, limits)


def as_arrays(value: Any) -> Any:
    """Parameters or gradients with arrays of one element for numbers."""
    return map_leaves(lambda _, leaf: np.atleast_1d(np.array(leaf)) if is_float(leaf) else leaf, value, "params")
