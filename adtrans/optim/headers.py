"""Addresses of many arrays at once: their headers read in one compiled call.

`bind(objects, table, column, expected)` puts the addresses of a tuple's arrays into a column of a table of leaves, and
says whether every one was an array of the type and shape expected, in one piece; then Python has nothing to check.

Headers lie where NumPy's C interface says (`PyArrayObject`), whose macros compile those places into every extension
module, and items of tuples where CPython's macros find them. `reader()` compares what it reads with what Python says
before it is used, and gives None where they differ: then everything is asked of Python.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

WORD = 8
# Flags of an array: C-contiguous, aligned, writeable.
IN_ONE_PIECE, WRITEABLE = 0x101, 0x400

TEXT = '''"""Addresses of the arrays in a tuple."""

from adtrans.optim.memory import int32_word, word


def bind(arrays, kinds, table, column, expected):
    first, head, ndarray, flags, length = kinds[0], kinds[1], kinds[2], kinds[3], kinds[4]
    if word(arrays + first - 8) != length:
        return False
    at = 0
    for row in range(table.shape[0]):
        array = word(arrays + first + 8 * expected[at])
        if word(array + head - 8) != ndarray or word(array + head + 40) != expected[at + 1]:
            return False
        if int32_word(array + head + 48) & flags != flags or int32_word(array + head + 8) != expected[at + 2]:
            return False
        extents = word(array + head + 16)
        rank = expected[at + 2]
        at += 3
        for axis in range(rank):
            if word(extents + 8 * axis) != expected[at + axis]:
                return False
        at += rank
        if table[row, column] != word(array + head):
            if column == 1:
                return False
            table[row, column] = word(array + head)
    return True
'''


def expectation(places: Sequence[int], dtypes: Sequence[np.dtype], shapes: Sequence[tuple[int, ...]]) -> np.ndarray:
    """What `bind` compares with: for each leaf its place in the tuple, type, rank and extents."""
    rows = [(place, id(dtype), len(shape), *shape) for place, dtype, shape in zip(places, dtypes, shapes)]
    return np.array([number for row in rows for number in row], np.int64)


def kinds(flags: int, length: int) -> np.ndarray:
    """Where headers are in this Python, and what they hold for arrays to be taken, in a tuple of this length."""
    return np.array([tuple.__basicsize__, object.__basicsize__, id(np.ndarray), flags, length], np.int64)


@functools.cache
def reader() -> Callable | None:
    """`bind` compiled, or None where headers are not as expected."""
    from adtrans.optim.kernels import compiled

    if np.dtype(np.intp).itemsize != WORD or tuple.__itemsize__ != WORD:
        return None
    bind = compiled(TEXT, "bind", ("i8", "i8:1:C", "i8:2:C", "i8", "i8:1:C"))
    return bind if is_right(bind) else None


def is_right(bind: Callable) -> bool:
    """Whether what is read of headers is what Python says of these arrays."""
    shapes = [(), (3,), (2, 3), (0,), (1, 2, 3)]
    types = [np.dtype(np.float32), np.dtype(np.float64)]
    arrays = tuple(np.zeros(shape, dtype) for shape in shapes for dtype in types)
    every = range(len(arrays))
    wanted = expectation(every, types * len(shapes), [array.shape for array in arrays])
    known = kinds(IN_ONE_PIECE | WRITEABLE, len(arrays))
    table = np.zeros((len(arrays), 4), np.int64)
    if not bind(id(arrays), known, table, 2, wanted) or table[:, 2].tolist() != [a.ctypes.data for a in arrays]:
        return False
    fixed = np.zeros((2, 3))
    fixed.flags.writeable = False
    others = [np.zeros((3, 2)), np.zeros((2, 3), np.int64), np.zeros((4, 3))[::2], np.zeros((2, 6))[:, ::2], fixed,
              np.zeros((3, 2)).T, np.zeros((2, 3), ">f8"), [0.0], None, np.zeros((2, 3, 1)), np.zeros((2, 3), "f4")]
    single = expectation([0], [types[1]], [(2, 3)])
    known = kinds(IN_ONE_PIECE | WRITEABLE, 1)
    row = np.zeros((1, 4), np.int64)
    pairs = [(other,) for other in others]
    return not any(bind(id(pair), known, row, 2, single) for pair in pairs) and not bind(
        id((arrays[0], arrays[1])), known, row, 2, single)
