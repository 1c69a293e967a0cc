"""The methods of `minimize`: for each its solver, what it asks of the function, its memory and its tolerances.

A row is all that a new method needs, next to its solver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adtrans.optim.solvers.bfgs import bfgs
from adtrans.optim.solvers.descent import cg, gd
from adtrans.optim.solvers.lbfgs import lbfgs
from adtrans.optim.solvers.lbfgsb import lbfgsb
from adtrans.optim.solvers.natural import natural
from adtrans.optim.solvers.newton import newton, newton_cg
from adtrans.optim.solvers.trust import trust_exact, trust_ncg

PAIRS = 10


@dataclass(frozen=True)
class Method:
    """A solver and how it is called.

    `rows(n)` is how many rows of n numbers it works with, `steps(n)` how many steps it takes unless told; `option` is
    the number by which a solver tells two methods apart, `preconditioned` whether memory[0] is a preconditioner.
    """

    solver: Callable
    calls: tuple[str, ...]
    rows: Callable[[int], int]
    ftol: float = 0.0
    steps: Callable[[int], int] = lambda n: max(1000, 200 * n)
    option: float = 0.0
    preconditioned: bool = False


FIRST, SECOND, SAMPLES = ("evaluate",), ("evaluate", "curve"), ("residuals", "push", "pull")
METHODS = {
    "gd": Method(gd, FIRST, lambda n: 1, 0.0, lambda n: 100000, preconditioned=True),
    "gd-wolfe": Method(gd, FIRST, lambda n: 1, 0.0, lambda n: 100000, option=1.0, preconditioned=True),
    "cg": Method(cg, FIRST, lambda n: 2, preconditioned=True),
    "bfgs": Method(bfgs, FIRST, lambda n: n),
    "lbfgs": Method(lbfgs, FIRST, lambda n: 2 * PAIRS + 1, 2.2e-9, lambda n: 15000, preconditioned=True),
    "newton": Method(newton, SECOND, lambda n: 2 * n),
    "newton-cg": Method(newton_cg, SECOND, lambda n: 3),
    "trust-ncg": Method(trust_ncg, SECOND, lambda n: 3),
    "trust-exact": Method(trust_exact, SECOND, lambda n: 2 * n),
    "natural": Method(natural, SAMPLES, lambda n: 4),
    "natural-diagonal": Method(natural, SAMPLES, lambda n: 4, option=1.0),
}
WITHIN_BOUNDS = {"lbfgs": Method(lbfgsb, FIRST, lambda n: 2 * PAIRS + 1, 2.2e-9, lambda n: 15000)}
