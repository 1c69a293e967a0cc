"""Nested containers: what their leaves are called, and how they are copied."""

from typing import NamedTuple

import numpy as np

from adtrans.leaves import copy_leaf, leaves, map_leaves


class Pair(NamedTuple):
    left: float
    right: float


def test_copies_share_nothing_and_keep_the_layout():
    base = np.arange(24.0).reshape(4, 6)
    for array in (base, base.T, base[::2, ::3], base[:, ::-1], np.array(3.0), base[:0]):
        copied = copy_leaf("", array)
        assert np.array_equal(copied, array) and not np.shares_memory(copied, base)
        assert copied.flags.c_contiguous == array.flags.c_contiguous
        assert copied.flags.f_contiguous == array.flags.f_contiguous


def test_leaves_are_listed_by_path():
    assert leaves({"w": (1.0, [2.0])}, "p") == [("p['w'][0]", 1.0), ("p['w'][1][0]", 2.0)]
    assert map_leaves(lambda path, x: x + 1, Pair(1.0, 2.0), "p") == Pair(2.0, 3.0)
