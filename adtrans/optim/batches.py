"""Data as what an epoch goes through: chunks, each a tuple of arrays with as many rows.

    for chunk in chunks((x, y)): ...           # the whole of it: one chunk
    for chunk in chunks(read_parts): ...       # a function, called for each epoch, that yields tuples of arrays

Memory-mapped arrays are used where they are; arrays that do not lie in one piece are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError


def chunks(data: Any) -> Callable[[], Iterator[tuple[np.ndarray, ...]]]:
    """A function that begins an epoch over `data`.

    Arguments: an array, a tuple or list of arrays, an iterable of such tuples that can be gone through for every epoch,
    or a function that gives one. Raises ArgumentError for anything else, ArgumentValueError for arrays of unequal
    lengths and for no data at all.
    """
    if isinstance(data, np.ndarray):
        whole = checked((data,))
        return lambda: iter([whole])
    if isinstance(data, (tuple, list)) and data and all(isinstance(part, np.ndarray) for part in data):
        whole = checked(tuple(data))
        return lambda: iter([whole])
    if callable(data):
        return lambda: each(data())
    if isinstance(data, (tuple, list)) and not data:
        raise ArgumentValueError("there is no data")
    if not hasattr(data, "__iter__") or isinstance(data, (str, bytes, dict)):
        raise ArgumentError("data must be an array, a tuple of arrays or an iterable of such tuples, "
                            f"not {type(data).__name__}")
    if iter(data) is data:
        raise ArgumentError("data can be gone through once only: give a function that begins again for every epoch")
    return lambda: each(data)


def each(parts: Any) -> Iterator[tuple[np.ndarray, ...]]:
    """The chunks of an iterable; ArgumentValueError where there are none."""
    found = False
    for part in parts:
        found = True
        yield checked((part,) if isinstance(part, np.ndarray) else tuple(part))
    if not found:
        raise ArgumentValueError("there is no data")


def checked(arrays: tuple) -> tuple[np.ndarray, ...]:
    """The arrays of a chunk, in one piece each and of one length."""
    for array in arrays:
        if not isinstance(array, np.ndarray):
            raise ArgumentError(f"data must be arrays, and one is {type(array).__name__}")
        if array.ndim == 0:
            raise ArgumentValueError("data is batched along its first axis, and one array has no axes")
    rows = {array.shape[0] for array in arrays}
    if len(rows) != 1:
        raise ArgumentValueError(f"arrays of data have unequal lengths: {', '.join(str(a.shape[0]) for a in arrays)}")
    if not rows.pop():
        raise ArgumentValueError("data has no rows")
    found: list[np.ndarray] = []
    for array in arrays:
        array = np.ascontiguousarray(np.asarray(array))
        shared = any(np.may_share_memory(array, other) for other in found)
        found.append(array.copy() if shared else array)  # compiled gradients take arrays apart
    return tuple(found)
