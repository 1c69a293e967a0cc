"""`minimize`: a point where a function is least, by compiled steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.optim.bounds import bounds_of
from adtrans.optim.compilation import compiled
from adtrans.optim.methods import METHODS, WITHIN_BOUNDS, Method
from adtrans.optim.problem import Problem
from adtrans.optim.result import Result
from adtrans.optim.runs import Run
from adtrans.optim.solvers import state

GTOL = 1e-5


def minimize(fun: Callable, x0: Any, args: Any = (), method: Any = "lbfgs", *, max_steps: int | None = None,
             gtol: float | None = None, ftol: float | None = None, xtol: float | None = None, bounds: Any = None,
             callback: Callable | None = None, history: bool = False, precondition: Any = None) -> Result:
    """Minimise `fun(x, *args)`, which returns a number, from `x0`, with its exact gradient.

    `x0` is a number, an array of any shape, or a tuple, NamedTuple, dict or dataclass of these; `fun` gets the same,
    and so does the reader of the result. Integers within containers are no parameters and stay. `args` are handed on,
    not differentiated by. `method` is one of

    - "gd", gradient descent with Armijo backtracking, "gd-wolfe", with a strong Wolfe line search,
    - "cg", nonlinear conjugate gradients (Polak-Ribière plus, restarted),
    - "bfgs", "lbfgs" (the default; with bounds L-BFGS-B), from gradients only,
    - "newton" (modified Cholesky), "newton-cg" (products with the Hessian only), with line searches,
    - "trust-ncg" (Steihaug), "trust-exact" (Moré and Sorensen), within trust regions,
    - "natural", "natural-diagonal": `fun` returns an array with the loss of each sample, the mean is minimised by
      steps of the empirical Fisher matrix, solved by conjugate gradients or its diagonal alone,

    or an optimizer, an object with `init` and `step`. The papers are named in `adtrans.optim.solvers`.

    It stops where no element of the gradient (projected onto the bounds) exceeds `gtol`, 1e-5 by default; where the
    relative decrease of a step is at most `ftol` (2.2e-9 for "lbfgs", else 0, which is off); where the relative change
    of x is at most `xtol` (off by default); after `max_steps`; or where rounding leaves nothing to gain. `bounds` are
    for "lbfgs": pairs for all elements, lower and upper bounds of the shape of x0, or SciPy's Bounds. `precondition`
    is, for "gd", "cg" and "lbfgs", an estimate of the diagonal of the inverse Hessian, shaped as x0. `callback(x)`, or
    `callback(intermediate_result)` if that is its parameter's name, is called after each step; it stops by returning
    True or raising StopIteration. With `history` the result has the value and the point of every step.

    Returns a Result with SciPy's fields: `x`, `fun`, `jac`, `nit`, `nfev`, `njev`, `nhev`, `success`, `status` (0
    converged, 1 out of steps, 2 stuck, 3 not finite, 99 stopped by the callback), `message`, and `history`, a dict with
    "fun" and "x", or None.

    Raises ArgumentValueError (a ValueError) for an unknown method and for bounds or values that do not fit, and what
    `grad` raises for a function outside the language or one that does not return a number.

    >>> found = minimize(lambda x: (x - 3.0) ** 2, 0.0)
    >>> round(found.x, 6), found.success
    (3.0, True)
    """
    if not isinstance(method, str):
        from adtrans.optim.stepping import STEPS, by_optimizer

        if bounds is not None or precondition is not None:
            raise ArgumentValueError("bounds and precondition are not for optimizers")
        return by_optimizer(fun, x0, args, method, steps_of(max_steps, STEPS), limits_of(0.0, 0.0, gtol, ftol, xtol),
                            callback, history)
    chosen = method_of(method, bounds, precondition)
    problem = Problem(fun, x0, args)
    run = Solving(problem, limits_of(chosen.ftol, chosen.option, gtol, ftol, xtol), callback, history,
                  steps_of(max_steps, chosen.steps(problem.flat.size)), method=chosen)
    if bounds is not None:
        run.bounds = (bounds_of(bounds, problem.flat),)
    if precondition is not None:
        run.preconditioner = preconditioner_of(precondition, problem)
    return run.result(problem.solve(chosen.calls, run.solve))


def method_of(name: str, bounds: Any, precondition: Any) -> Method:
    """The method of a name; ArgumentValueError where there is none or it cannot do what is asked."""
    if name not in METHODS:
        raise ArgumentValueError(f"method must be an optimizer or one of {', '.join(map(repr, METHODS))}, not {name!r}")
    if bounds is not None and name not in WITHIN_BOUNDS:
        raise ArgumentValueError(f"bounds are for method 'lbfgs', not {name!r}")
    chosen = METHODS[name] if bounds is None else WITHIN_BOUNDS[name]
    if precondition is not None and not chosen.preconditioned:
        raise ArgumentValueError("precondition is for the methods 'gd', 'gd-wolfe', 'cg' and 'lbfgs' without bounds")
    return chosen


def steps_of(given: int | None, default: int) -> int:
    if given is None:
        return default
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 0:
        raise ArgumentValueError(f"max_steps must be a whole number of at least 0, not {given!r}")
    return int(given)


def limits_of(decrease: float, option: float, gtol: float | None, ftol: float | None,
              xtol: float | None) -> np.ndarray:
    """Tolerances and the option, as solvers take them."""
    found = (GTOL if gtol is None else gtol, decrease if ftol is None else ftol, 0.0 if xtol is None else xtol)
    return np.array([*map(tolerance, ("gtol", "ftol", "xtol"), found), option])


def tolerance(name: str, value: Any) -> float:
    if not isinstance(value, (int, float, np.number)) or not value >= 0.0:
        raise ArgumentValueError(f"{name} must be a number of at least 0, not {value!r}")
    return float(value)


def preconditioner_of(given: Any, problem: Problem) -> np.ndarray:
    """One positive number for each element of x."""
    try:
        weights = problem.flat.vector(given) if np.ndim(given) or isinstance(given, dict) else np.full(
            problem.flat.size, float(given))
    except (TypeError, ValueError) as error:
        raise ArgumentValueError(f"precondition does not have the form of x0: {error}") from None
    if weights.size != problem.flat.size or not (np.all(weights > 0.0) and np.all(np.isfinite(weights))):
        raise ArgumentValueError("precondition must have a positive number for each element of x0")
    return weights


@dataclass
class Solving(Run):
    """One run of a method's solver."""

    method: Method = METHODS["lbfgs"]
    bounds: tuple = ()
    preconditioner: np.ndarray | float = 1.0

    def solve(self, addresses: np.ndarray) -> int:
        """Steps from the start; how they ended."""
        self.begin()
        memory = np.zeros((self.method.rows(self.x.size), self.x.size))
        memory[0] = self.preconditioner
        if self.method.calls[0] == "residuals":
            self.counts[state.SAMPLES] = self.problem.residuals
        solver = compiled(self.method.solver, "bounded" if self.bounds else "minimize")
        return self.advance(lambda steps, trace: solver(addresses, self.x, self.g, memory, self.now, self.counts,
                                                        self.limits, steps, trace, *self.bounds))
