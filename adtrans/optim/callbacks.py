"""Callbacks of `minimize`, in both of SciPy's forms: `callback(x)` and `callback(intermediate_result)`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from adtrans.optim.result import Result


def stops(callback: Callable | None, x: Any, value: float) -> bool:
    """Whether a callback asks to stop, by returning True or raising StopIteration."""
    if callback is None:
        return False
    try:
        if takes_result(callback):
            return callback(intermediate_result=Result(x=x, fun=value)) is True
        return callback(x) is True
    except StopIteration:
        return True


def takes_result(callback: Callable) -> bool:
    """Whether the one parameter of a callback has the name by which SciPy hands on a result."""
    try:
        return list(inspect.signature(callback).parameters) == ["intermediate_result"]
    except (TypeError, ValueError):
        return False
