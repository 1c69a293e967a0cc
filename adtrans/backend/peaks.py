"""Maxima and minima in loops as one operation each, in the place of Python's `max` and `min` of two numbers.

    m = max(m, x[i])        m = maxnum(m, x[i])

Python's `max(m, t)` is `m` where `t` is not a number, and so is LLVM's `maxnum`, which may be done in any order and for
several elements at once. Where `m` is not a number the two differ; generated code has these calls only
where `m` is one (see `optimise.peaks`). Compilers that have no vectors for it, before LLVM 22, keep the comparison.
"""

from llvmlite import ir
from llvmlite.binding import llvm_version_info
from numba.core import types
from numba.core.extending import intrinsic

AVAILABLE = llvm_version_info[0] >= 22
TYPES = {types.float64: (ir.DoubleType(), "f64"), types.float32: (ir.FloatType(), "f32")}


def _made(name: str):
    """The intrinsic of LLVM's operation `name` of two numbers."""

    def typed(typingctx, a, b):
        if a != b or a not in TYPES:
            return None
        kind, suffix = TYPES[a]

        def generate(context, builder, signature, arguments):
            symbol = f"llvm.{name}.{suffix}"
            function = builder.module.globals.get(symbol)
            if function is None:
                function = ir.Function(builder.module, ir.FunctionType(kind, [kind, kind]), symbol)
            return builder.call(function, arguments)

        return a(a, a), generate

    typed.__name__ = typed.__qualname__ = name
    return intrinsic(typed)


largest, smallest = _made("maxnum"), _made("minnum")
