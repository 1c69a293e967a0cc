"""Functions of `scipy.special` without a derivative in the language, for which the user has given a `rule`."""

from __future__ import annotations

import sys

import numpy as np

from adtrans.ir import Scalar
from adtrans.lower import nests
from adtrans.lower.scalars import as_type
from adtrans.lower.values import Num, Value


def is_opaque(obj) -> bool:
    """Whether an object is a ufunc of `scipy.special` with one result."""
    special = sys.modules.get("scipy.special")
    return isinstance(obj, np.ufunc) and special is not None and obj.nout == 1 \
        and getattr(special, obj.__name__, None) is obj


def call_opaque(low, ufunc: np.ufunc, args: list[Value]) -> Value:
    """The function element by element, in float64; float32 stays float32."""
    single = all(low.as_array(arg).code == "f4" for arg in args)
    code = "f4" if single else "f8"

    def emit(*numbers: Num) -> Num:
        wide = [as_type(low, number, "f8").operand for number in numbers]
        found = low.build.prim(f"special.{ufunc.__name__}", *wide, type=Scalar("f8"))
        return Num(low.build.cast(found, Scalar(code)))

    return nests.elementwise(low, lambda *kinds: (code, False), emit, *args, cheap=False)
