"""`minimize` with an optimizer for its method.

The optimizer has `init(params)`, which gives a state, and `step(params, grads, state)`, which changes parameters and
state in place. Numbers among the parameters are arrays of one element to it. Where it also has

    compiled_step(params, grads, state)      # a compiled function and its five arguments, or None
    compiled_turn(state)                     # see `Optimizer`

all steps are taken by compiled code (`adtrans.optim.solvers.stepping` says what the arguments are); the parameters, all
float64 then, are parts of one vector. Else value, gradient and step take turns in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.leaves import is_float, map_leaves
from adtrans.optim.callbacks import stops
from adtrans.optim.compilation import compiled
from adtrans.optim.problem import Problem
from adtrans.optim.result import STOPPED, Result
from adtrans.optim.runs import Run
from adtrans.optim.solvers import state as places
from adtrans.optim.solvers.stepping import stepping

STEPS = 10000


def by_optimizer(fun: Callable, x0: Any, args: Any, optimizer: Any, max_steps: int, limits: np.ndarray,
                 callback: Callable | None, history: bool) -> Result:
    """The result of stepping until a tolerance is met or the steps are used up; see `minimize`."""
    if not (callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "step", None))):
        raise ArgumentValueError(f"method must be a name or an optimizer with init and step, not {optimizer!r}")
    run = Stepping(Problem(fun, x0, args), limits, callback, history, max_steps)
    run.optimizer = optimizer
    return run.result(run.problem.solve(("evaluate",), run.solve))


class Stepping(Run):
    """One run of an optimizer."""

    optimizer: Any

    def solve(self, addresses: np.ndarray) -> int:
        self.begin()
        params, grads = self.views(self.x), self.views(self.g)
        memory = self.optimizer.init(params)
        step = self.compiled_step(params, grads, memory)
        code = self.in_turn(params, memory) if step is None else self.compiled(addresses, *step, memory)
        self.back(params, memory)
        return code

    def compiled(self, addresses: np.ndarray, function: Callable, arguments: tuple, memory: Any) -> int:
        """Compiled steps from the start; how they ended."""
        from adtrans.backend.entries import step_address

        solver, at = compiled(stepping, "stepping"), np.array([step_address(function)])
        turn = self.optimizer.compiled_turn(memory) if hasattr(self.optimizer, "compiled_turn") else None
        there = np.array([] if turn is None else [step_address(turn[0]), turn[1]], np.int64)
        return self.advance(lambda steps, trace: solver(addresses, at, there, self.x, self.g, *arguments, self.now,
                                                        self.counts, self.limits, steps, trace))

    def back(self, params: Any, memory: Any) -> None:
        """From where the gradient was taken to the parameters, for optimizers that tell them apart."""
        ahead = getattr(self.optimizer, "is_ahead", None)
        if ahead is None or not ahead(memory):
            return
        self.optimizer.look_back(params, memory)
        if not ahead(memory):
            self.x[:] = self.problem.flat.vector(params)
            self.now[places.VALUE] = self.evaluate()

    def compiled_step(self, params: Any, grads: Any, memory: Any) -> tuple[Callable, tuple] | None:
        """The optimizer's step as compiled code calls it, where it has one for these parameters."""
        offered = getattr(self.optimizer, "compiled_step", None)
        plain = all(getattr(part.spec, "dtype", "f8") == "f8" and getattr(part.spec, "code", "f8") == "f8"
                    for part in self.problem.flat.parts)
        return offered(params, grads, memory) if offered and plain else None

    def views(self, vector: np.ndarray) -> Any:
        """The parts of a vector in the form of the parameters: views, or copies of another type."""
        parts = iter(self.problem.flat.parts)

        def view(_: str, leaf: Any) -> Any:
            if not is_float(leaf):
                return leaf
            part = next(parts)
            found = vector[part.offset:part.offset + part.size].reshape(part.shape or (1,))
            return found.astype(getattr(leaf, "dtype", np.float64), copy=False)

        return map_leaves(view, self.problem.flat.given, "params")

    def in_turn(self, params: Any, memory: Any) -> int:
        """Value and gradient, then a step, until a tolerance is met: how it ended."""
        flat, first = self.problem.flat, True
        while True:
            before, value = self.x.copy(), self.value()
            if not first:
                self.optimizer.step(params, self.views(self.g), memory)
                self.counts[places.NIT] += 1
            if hasattr(self.optimizer, "look_ahead"):
                self.optimizer.look_ahead(params, memory)
            self.x[:] = flat.vector(params)
            self.now[places.VALUE] = self.evaluate()
            if self.history:
                self.rows.append(np.concatenate([self.now[:1], self.x])[None])
            code = self.test(first, before, value)
            if code == places.RUNNING and not first and stops(self.callback, self.x_now(), self.value()):
                return STOPPED
            first = False
            if code != places.RUNNING or self.counts[places.NIT] >= self.most:
                return code

    def evaluate(self) -> float:
        """The value at x; its gradient goes into g."""
        gradient = self.problem.gradient
        value, slope = gradient.value_and_grad(**{**self.problem.bound, gradient.names[0]: self.x_now()})
        self.g[:] = self.problem.flat.vector(slope)
        self.counts[places.NFEV] += 1
        self.counts[places.NJEV] += 1
        return float(value)

    def test(self, first: bool, before: np.ndarray, value: float) -> int:
        """Whether this was the last step, by the tests of the compiled solvers."""
        if not (np.isfinite(self.value()) and np.isfinite(self.g).all()):
            return places.NOT_FINITE
        if first:
            return places.FLAT if places.largest(self.g) <= self.limits[places.GTOL] else places.RUNNING
        return places.outcome(value, self.value(), before, self.x, self.g, self.limits)


