"""Memory that nothing has written yet made visible: what `np.empty` gives to interpreted generated code is NaN.

    poison.install()

Uninitialised memory is mostly zero, so code that reads it is mostly right. From here on, in this process, it is not:
floats are NaN, integers far out of any range, booleans True.
"""

import types

import numpy as np

from adtrans.backend import python

plain = python.load_module


def spoilt(array):
    if array.dtype.kind == "f":
        array.fill(np.nan)
    elif array.dtype.kind in "iu":
        array.fill(np.iinfo(array.dtype).max // 2)
    else:
        array.fill(1)
    return array


class Poisoned(types.ModuleType):
    """NumPy, but for its uninitialised arrays."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def empty(*args, **kwargs):
        return spoilt(np.empty(*args, **kwargs))

    @staticmethod
    def empty_like(*args, **kwargs):
        return spoilt(np.empty_like(*args, **kwargs))


def load(text, entry, filename_hint):
    """Interpreted code with such memory."""
    function = plain(text, entry, filename_hint)
    if function.__globals__.get("np") is np:
        function.__globals__["np"] = Poisoned("numpy")
    return function


def install():
    python.load_module = load
