"""Central differences with an error estimate: a function of one step in, a derivative and its doubt out.

    central_difference(lambda h: math.sin(1 + h), math.sin(1), None).value        # cos(1) to ten digits
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

FIRST_STEPS = (1e-2, 1e-3, 3e-5, 1e-6, 1e-8, 1e-10)
ROUNDING = 2e-16
LEVELS = 5


class Estimate(NamedTuple):
    """A derivative, how far it may be off, and how it was found."""

    value: float
    error: float
    judge: str = "central differences"


def central_difference(along: Callable[[float], float], value: float, eps: float | None) -> Estimate:
    """The derivative of `along` at 0, where it is `value`.

    Starts from step `eps`, or else from several first steps, and keeps what leaves the least doubt, so that a
    kink, a jump or the edge of the domain nearby only costs accuracy.
    """
    best = previous = Estimate(math.nan, math.inf)
    for step in FIRST_STEPS if eps is None else (eps,):
        found = extrapolated(along, value, step)
        # Small steps can drown in rounding that is not foreseen, in single precision, and look settled.
        believable = math.isinf(best.error) or within(best, found, 10 * best.error)
        if found.error < best.error and (believable or within(previous, found, 1e-3 * abs(found.value))):
            best = found
        if best.error <= 1e-9 * abs(best.value):
            break
        previous = found
    return best


def within(one: Estimate, other: Estimate, doubt: float) -> bool:
    """Whether two derivatives differ by no more than `doubt`."""
    return abs(one.value - other.value) <= doubt


def extrapolated(along: Callable[[float], float], value: float, step: float) -> Estimate:
    """Richardson extrapolation of central differences at `step`, `step` / 2, ...; error: the last change.

    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4
    (1982), 75-76.
    """
    best = Estimate(math.nan, math.inf)
    previous: list[float] = []
    for level in range(LEVELS):
        h = step / 2 ** level
        ahead, behind = along(h), along(-h)
        if not (math.isfinite(ahead) and math.isfinite(behind)):
            return best
        row = [(ahead - behind) / (2 * h)]
        for order, coarse in enumerate(previous, 1):
            row.append(row[-1] + (row[-1] - coarse) / (4 ** order - 1))
        rounding = ROUNDING * max(abs(ahead), abs(behind), abs(value)) / h
        for order in range(1, len(row)):
            error = max(abs(row[order] - row[order - 1]), abs(row[order] - previous[order - 1])) + rounding
            if error < best.error:
                best = Estimate(row[order], error)
        if best.error <= 1e-9 * abs(best.value):
            break
        previous = row
    return best
