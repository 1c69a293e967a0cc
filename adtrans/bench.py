"""Timings of a function and of its gradient: functions and argument makers in, lines of a table out.

    for line in table(loss, adtrans.value_and_grad(loss), make_arguments, sizes=[100, 1000]):
        print(line)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from adtrans.check import plain_function
from adtrans.leaves import copy_leaf, map_leaves

HEADER = ("size", "interpreted", "compiled", "gradient", "gradient / compiled", "interpreted / gradient")
WIDTHS = (8, 12, 12, 12, 20, 23)


def table(fun: Callable, gradient: Any, arguments: Callable[[int], list[Any]],
          sizes: list[int]) -> Iterator[str]:
    """Lines of a table: for each size the seconds of one call interpreted, compiled by Numba, and of the
    compiled value and gradient, with their ratios; last the seconds that compiling took.
    """
    import numba

    plain = plain_function(fun)
    primal = numba.njit(plain)
    compiling = {"the function": _seconds(primal, arguments(sizes[0])),
                 "the gradient": _seconds(gradient.value_and_grad, arguments(sizes[0]))}
    yield _row(HEADER)
    for size in sizes:
        slow = best_time(plain, arguments(size))
        fast = best_time(primal, arguments(size))
        reverse = best_time(gradient.value_and_grad, arguments(size))
        yield _row((str(size), readable(slow), readable(fast), readable(reverse), f"{reverse / fast:.2f}",
                    f"{slow / reverse:.0f}"))
    yield "first call: " + ", ".join(f"{name} {readable(seconds)}" for name, seconds in compiling.items())


def best_time(fun: Callable, args: Sequence[Any], seconds: float = 0.3) -> float:
    """The shortest of repeated timings of `fun(*args)`, in seconds, spending about `seconds`.

    Every call gets its own copies: a function that overwrites its arguments does the same work each time.
    """
    best, stop = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < stop:
        best = min(best, _seconds(fun, [map_leaves(copy_leaf, arg, "") for arg in args]))
    return best


def readable(seconds: float) -> str:
    """A duration with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _seconds(fun: Callable, args: Sequence[Any]) -> float:
    start = time.perf_counter()
    fun(*args)
    return time.perf_counter() - start


def _row(cells: tuple[str, ...]) -> str:
    return "".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS))
