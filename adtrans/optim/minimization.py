"""`minimize`: a point where a function is least, by compiled steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.optim.bounds import bounds_of
from adtrans.optim.callbacks import stops
from adtrans.optim.compilation import compiled
from adtrans.optim.methods import METHODS, WITHIN_BOUNDS, Method
from adtrans.optim.problem import Problem
from adtrans.optim.result import STOPPED, Result, ending
from adtrans.optim.solvers import state

GTOL = 1e-5
# Steps between two looks at what only Python can do: growing the record, noticing an interrupt.
CHUNK = 256


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
    run = Run(problem, chosen, limits_of(chosen.ftol, chosen.option, gtol, ftol, xtol), callback, history)
    n = problem.flat.size
    run.most = steps_of(max_steps, chosen.steps(n))
    if bounds is not None:
        run.extra = (bounds_of(bounds, problem.flat),)
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
class Run:
    """One solve: the arrays that the solver works on, and the way back to Python between its steps."""

    problem: Problem
    method: Method
    limits: np.ndarray
    callback: Callable | None
    history: bool
    most: int = 0
    extra: tuple = ()
    preconditioner: Any = None
    rows: list[np.ndarray] = field(default_factory=list)

    def solve(self, addresses: np.ndarray) -> int:
        """Steps until the solver is done, the steps are used up or the callback stops; how it ended."""
        n = self.problem.flat.size
        self.x, self.g = self.problem.flat.start.copy(), np.zeros(n)
        self.now, self.counts = np.zeros(8), np.zeros(8, np.int64)
        memory = np.zeros((self.method.rows(n), n))
        if self.method.preconditioned or self.extra:
            memory[0] = 1.0 if self.preconditioner is None else self.preconditioner
        if self.method.calls[0] == "residuals":
            self.counts[state.SAMPLES] = self.problem.residuals
        solver = compiled(self.method.solver, "bounded" if self.extra else "minimize")
        trace = np.empty((min(CHUNK, self.most) if self.history else 0, n + 1))
        self.rows = []
        passed = (addresses, self.x, self.g, memory, self.now, self.counts, self.limits)
        code = solver(*passed, 0, trace, *self.extra) if self.history or not self.most else state.RUNNING
        if self.history:
            self.rows.append(np.concatenate([self.now[:1], self.x])[None])
        while code == state.RUNNING and self.counts[state.NIT] < self.most:
            before = self.counts[state.NIT]
            steps = 1 if self.callback is not None else min(self.most - before, CHUNK)
            code = solver(*passed, steps, trace, *self.extra)
            taken = self.counts[state.NIT] - before
            self.rows.append(trace[:taken].copy())
            if taken and stops(self.callback, self.x_now(), self.value()):
                return STOPPED
        return code

    def x_now(self) -> Any:
        return self.problem.flat.rebuilt(self.x)

    def value(self) -> float:
        return float(self.now[state.VALUE])

    def result(self, code: int) -> Result:
        counts = {name: int(self.counts[place]) for name, place in
                  (("nit", state.NIT), ("nfev", state.NFEV), ("njev", state.NJEV), ("nhev", state.NHEV))}
        rows = np.concatenate(self.rows) if self.history else None
        return Result(x=self.x_now(), fun=self.value(), jac=self.problem.flat.rebuilt(self.g), **counts, **ending(code),
                      history=None if rows is None else {"fun": rows[:, 0].copy(), "x": rows[:, 1:].copy()})
