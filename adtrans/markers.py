"""Functions the transformer knows by identity when it meets them in a user's program."""

from __future__ import annotations

from typing import Any


def stop_gradient(x: Any) -> Any:
    """Return `x` unchanged; inside a differentiated function nothing flows back through it."""
    return x


def checkpoint(iterable: range, segments: int | None = None) -> range:
    """Return `iterable` unchanged; in a differentiated function, have the loop over it run again instead of kept.

    The reverse sweep then keeps the values of one part of the loop only and runs each part again from a snapshot of the
    arrays and numbers that the loop changes. There are `segments` parts, a constant, or, without, as many as there are
    iterations in each. The gradient is the same; it takes one more run of the loop, and for n iterations the memory of
    `segments` snapshots and of n / segments iterations (`g.memory(*args)` tells).

    This is done for a counted loop that no other loop or branch of the function is around, that goes up or down by one,
    is not left by `break` or `return` and rebinds no arrays; anywhere else nothing changes.

    Raises, when the function is transformed, a TypeError for what is not a range, a ValueError for less than one part.

    Source: A. Griewank and A. Walther, "Evaluating Derivatives", 2008, chapter 12.
    """
    return iterable
