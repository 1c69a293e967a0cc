"""A run: the arrays that a solver works on, and the way back to Python between its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adtrans.optim.callbacks import stops
from adtrans.optim.problem import Problem
from adtrans.optim.result import STOPPED, Result, ending
from adtrans.optim.solvers import state

# Steps between two looks at what only Python can do: growing the record, noticing an interrupt.
CHUNK = 256


@dataclass
class Run:
    """One attempt at a problem with tolerances, a callback, whether to keep a record, and the most steps to take.

    `x`, `g`, `now` and `counts` are as in `adtrans.optim.solvers.state`, `rows` are pieces of the record.
    """

    problem: Problem
    limits: np.ndarray
    callback: Callable | None
    history: bool
    most: int
    rows: list[np.ndarray] = field(default_factory=list)

    def begin(self) -> None:
        """The arrays as they are at the start."""
        self.x, self.g = self.problem.flat.start.copy(), np.zeros(self.problem.flat.size)
        self.now, self.counts = np.zeros(8), np.zeros(8, np.int64)
        self.rows = []

    def advance(self, solver: Callable[[int, np.ndarray], int]) -> int:
        """Steps until the solver is done, the steps are used up or the callback stops; how it ended.

        `solver(steps, trace)` takes so many steps and records them.
        """
        trace = np.empty((min(CHUNK, self.most) if self.history else 0, self.x.size + 1))
        code = solver(0, trace) if self.history or not self.most else state.RUNNING
        if self.history:
            self.rows.append(np.concatenate([self.now[:1], self.x])[None])
        while code == state.RUNNING and self.counts[state.NIT] < self.most:
            before = self.counts[state.NIT]
            code = solver(1 if self.callback is not None else min(self.most - before, CHUNK), trace)
            taken = self.counts[state.NIT] - before
            self.rows.append(trace[:taken].copy())
            if taken and stops(self.callback, self.x_now(), self.value()):
                return STOPPED
        return code

    def x_now(self) -> Any:
        """The point in the form in which it was given."""
        return self.problem.flat.rebuilt(self.x)

    def value(self) -> float:
        return float(self.now[state.VALUE])

    def result(self, code: int) -> Result:
        """The result of a run that ended with a code."""
        counts = {name: int(self.counts[place]) for name, place in
                  (("nit", state.NIT), ("nfev", state.NFEV), ("njev", state.NJEV), ("nhev", state.NHEV))}
        rows = np.concatenate(self.rows) if self.history else None
        return Result(x=self.x_now(), fun=self.value(), jac=self.problem.flat.rebuilt(self.g), **counts, **ending(code),
                      history=None if rows is None else {"fun": rows[:, 0].copy(), "x": rows[:, 1:].copy()})
