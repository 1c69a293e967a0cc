"""Bounds as two rows, lower and upper, with an entry for each element of the parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError
from adtrans.optim.flat import Flat


def bounds_of(given: Any, flat: Flat, sides_first: bool = False) -> np.ndarray:
    """The rows of what the caller gives.

    That is None, an object with `lb` and `ub` as SciPy's Bounds, a sequence with a pair for each element (None for no
    bound), or a pair of lower and upper bounds shaped as the parameters or broadcast to them. For two elements a pair
    of pairs could be either: it is a pair for each element, or with `sides_first` lower and upper bounds, as in SciPy's
    `minimize` and `least_squares`.

    Raises ArgumentValueError where shapes do not fit, a lower bound is above its upper one, or one is NaN.
    """
    rows = np.empty((2, flat.size))
    rows[0], rows[1] = -np.inf, np.inf
    if given is None:
        return rows
    if hasattr(given, "lb") and hasattr(given, "ub"):
        given = (given.lb, given.ub)
    elif is_pairs(given, flat.size) and not (sides_first and len(given) == 2):
        for j, (low, high) in enumerate(given):
            rows[0, j] = -np.inf if low is None else low
            rows[1, j] = np.inf if high is None else high
        return checked(rows)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise ArgumentValueError(f"bounds must be a pair (lower, upper) or a sequence of {flat.size} pairs")
    for row, side in zip(rows, given):
        row[:] = side_of(side, flat)
    return checked(rows)


def is_pairs(given: Any, size: int) -> bool:
    """Whether there is a pair of numbers for each element."""
    try:
        return len(given) == size and all(len(pair) == 2 and not any(np.ndim(side) for side in pair) for pair in given)
    except TypeError:
        return False


def side_of(side: Any, flat: Flat) -> np.ndarray:
    """Lower or upper bounds for each element."""
    try:
        if isinstance(side, (dict, tuple)):
            return flat.vector(side)
        values = np.asarray(side, np.float64)
        if flat.single:
            return np.broadcast_to(values, flat.parts[0].shape).ravel()
        return np.broadcast_to(values, (flat.size,))
    except (TypeError, ValueError) as error:
        raise ArgumentValueError(f"bounds do not have the shape of x0: {error}") from None


def checked(rows: np.ndarray) -> np.ndarray:
    if np.any(np.isnan(rows)) or np.any(rows[0] > rows[1]):
        raise ArgumentValueError("every lower bound must be at most its upper bound, and none NaN")
    return rows
