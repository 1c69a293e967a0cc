"""Everything a call can mean by identity: one table from function objects to readers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adtrans import markers
from adtrans.ir import Const, Scalar
from adtrans.lower import (
    builtins,
    creation,
    integral_ufuncs,
    picking,
    products,
    reductions,
    routines,
    shaping,
    special_ufuncs,
    ufuncs,
)
from adtrans.lower.scalars import static_int
from adtrans.lower.values import NONE, Arrayish, Num, Py, Range, Value
from adtrans.segments import AUTOMATIC

KNOWN: dict = {}
for _table in (builtins.TABLE, ufuncs.TABLE, integral_ufuncs.TABLE, reductions.TABLE, products.TABLE, creation.TABLE,
               shaping.TABLE, routines.TABLE, special_ufuncs.TABLE, picking.TABLE):
    KNOWN.update(_table)


def round_(low, args, keywords) -> Value:
    """np.round, np.around."""
    from adtrans.lower import nests

    builtins.arity(low, "round", args, keywords, 1, 2, ("decimals",))
    places = static_int(args[1] if len(args) > 1 else keywords.get("decimals", Num(builtins.ZERO, True)))
    if places is None:
        raise low.error("np.round needs a number of digits known before the program runs")

    def emit(x: Num) -> Num:
        if x.code[0] != "f":
            return x
        scale = Const(10.0 ** places, Scalar(x.code))
        if places == 0:
            return Num(low.build.prim("rint", x.operand))
        scaled = low.build.prim("rint", low.build.prim("mul", x.operand, scale))
        return Num(low.build.prim("truediv", scaled, scale))

    return nests.elementwise(low, lambda t: t, emit, args[0])


def stop_gradient(low, args, keywords) -> Value:
    from adtrans.lower import nests

    builtins.arity(low, "stop_gradient", args, keywords, 1, 1)

    def emit(x: Num) -> Num:
        return Num(low.build.prim("stop", x.operand), x.weak) if x.code[0] == "f" else x

    return nests.elementwise(low, lambda t: t, emit, args[0])


def finfo(low, args, keywords) -> Value:
    """np.finfo: its attributes are numbers known while reading."""
    from adtrans.lower.creation import dtype_code

    builtins.arity(low, "finfo", args, keywords, 1, 1)
    code = args[0].code if isinstance(args[0], (Num, *Arrayish)) else dtype_code(low, args[0])
    return Py(np.finfo(np.dtype(code)))


def checkpoint(low, args, keywords) -> Value:
    """A range whose loop is run again in parts by the reverse sweep."""
    builtins.arity(low, "checkpoint", args, keywords, 1, 2, ("segments",))
    iterable, given = args[0], args[1] if len(args) > 1 else keywords.get("segments", NONE)
    if not isinstance(iterable, Range):
        raise low.error("checkpoint() takes a range", kind="type")
    if given == NONE:
        return replace(iterable, segments=AUTOMATIC)
    segments = static_int(given)
    if segments is None:
        raise low.error("checkpoint() needs a number of segments known before the program runs")
    if segments < 1:
        raise low.error("checkpoint() needs at least one segment", kind="value")
    return replace(iterable, segments=segments)


KNOWN.update({np.round: round_, np.around: round_, np.finfo: finfo, markers.stop_gradient: stop_gradient,
              markers.checkpoint: checkpoint})

HINTS = {
    "numpy.random": "pass random numbers in as an argument",
    "random": "pass random numbers in as an argument",
    "numpy.fft": "complex numbers are not in the language: multiply by a matrix of cosines and by one of sines",
    "time": "time the call from outside",
}


def refused(obj) -> str | None:
    """A hint for functions of modules that will not be differentiated, or None."""
    module = getattr(obj, "__module__", None) or ""
    owner = getattr(obj, "__self__", None)
    if owner is not None and type(owner).__module__.startswith("numpy.random"):
        module = "numpy.random"
    if type(obj).__module__.startswith("numpy.random"):
        module = "numpy.random"
    for name, hint in HINTS.items():
        if module == name or module.startswith(name + "."):
            return hint
    if module == "numpy" or module.startswith("numpy.") or isinstance(obj, np.ufunc):
        return "see the README for the supported functions; or write it as a loop"
    return None


def prepare() -> None:
    """Add what may not have been imported before: adtrans's own transformations, SciPy's functions, and numba.prange,
    which is read as range, whichever way it was imported; Numba need not be."""
    import sys

    from adtrans.lower.transforms import TABLE

    KNOWN.update(TABLE())

    numba = sys.modules.get("numba")
    if numba is not None:
        KNOWN[numba.prange] = builtins.range_
    special_ufuncs.with_scipy()
