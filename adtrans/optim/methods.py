"""The methods of `minimize`: for each its solver, what it asks of the function, its memory and its tolerances.

A row is all that a new method needs, next to its solver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adtrans.optim.solvers.bfgs import bfgs
from adtrans.optim.solvers.lbfgs import lbfgs
from adtrans.optim.solvers.newton import newton, newton_cg
from adtrans.optim.solvers.trust import trust_ncg

PAIRS = 10


@dataclass(frozen=True)
class Method:
    """A solver; `rows(n)` is how many rows of n numbers it works with, `steps(n)` how many it takes unless told."""

    solver: Callable
    calls: tuple[str, ...]
    rows: Callable[[int], int]
    ftol: float = 0.0
    steps: Callable[[int], int] = lambda n: max(1000, 200 * n)


METHODS = {
    "bfgs": Method(bfgs, ("evaluate",), lambda n: n),
    "lbfgs": Method(lbfgs, ("evaluate",), lambda n: 2 * PAIRS + 1, 2.2e-9, lambda n: 15000),
    "newton": Method(newton, ("evaluate", "curve"), lambda n: 2 * n),
    "newton-cg": Method(newton_cg, ("evaluate", "curve"), lambda n: 3),
    "trust-ncg": Method(trust_ncg, ("evaluate", "curve"), lambda n: 3),
}
