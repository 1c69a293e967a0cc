"""Arrays at addresses: what generated update loops read and write.

A step is one compiled call however many arrays the parameters are, so it takes a table of addresses:

    xs = float32_at(leaves[leaf, 1], n)        # n numbers in a row, from this address on

Here is what CPython does; compiled code does the same (`adtrans.backend.memory`).
"""

import ctypes

import numpy as np


def float64_at(address: int, size: int) -> np.ndarray:
    """The vector of `size` float64 numbers at an address, which has to stay valid meanwhile."""
    return _at(address, size, ctypes.c_double)


def float32_at(address: int, size: int) -> np.ndarray:
    """The vector of `size` float32 numbers at an address, which has to stay valid meanwhile."""
    return _at(address, size, ctypes.c_float)


def _at(address: int, size: int, kind: type) -> np.ndarray:
    return np.ctypeslib.as_array((kind * int(size)).from_address(int(address)))


def overlap(leaves: np.ndarray, leaf: int) -> bool:
    """Whether the gradient in a row of the table shares memory with the parameter or the state in that row.

    A row is: elements, the addresses of parameter, gradient and state, rows, bytes of each.
    """
    last = leaves.shape[1] - 2
    size, gradient = leaves[leaf, last + 1], leaves[leaf, 2]
    for k in range(1, last):
        other = leaves[leaf, k]
        if k != 2 and gradient < other + size and other < gradient + size:
            return True
    return False


def word(address: int) -> int:
    """The 64-bit integer at an address."""
    return ctypes.c_int64.from_address(int(address)).value


def int32_word(address: int) -> int:
    """The 32-bit integer at an address."""
    return ctypes.c_int32.from_address(int(address)).value
