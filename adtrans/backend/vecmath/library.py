"""The functions as Numba intrinsics: each is LLVM IR of its own, linked into what calls it and inlined there.

In: kernels. Out: for each an intrinsic for one or two numbers of one type, float64 or float32. The bodies are in
modules that Numba's fast-math pass never sees, made once per process, so a use costs Numba one call of known type.
"""

import functools
from collections.abc import Callable

from llvmlite import binding, ir
from numba.core import types
from numba.core.codegen import CPUCodeLibrary
from numba.core.extending import intrinsic

from adtrans.backend.vecmath.emission import DOUBLE, SINGLE, definition

FORMATS = {types.float64: DOUBLE, types.float32: SINGLE}


class _Bodies(CPUCodeLibrary):
    """Functions to be inlined by others: never compiled by themselves."""

    def finalize(self):
        self._finalized = True


def available(target_context) -> bool:
    """Whether the processor fuses multiplication and addition; without that the functions are slow."""
    triple, _, features = target_context.codegen().magic_tuple()
    return not triple.startswith(("x86", "i686", "amd64")) or "+fma," in f"{features},"


def symbol(kernel: Callable, numba_type: types.Float) -> str:
    return f"adtrans_{kernel.__name__}_{FORMATS[numba_type].code}"


@functools.cache
def _bodies(codegen, kernel: Callable, numba_type: types.Float) -> _Bodies:
    name = symbol(kernel, numba_type)
    features = codegen.magic_tuple()[2]
    module = binding.parse_assembly(definition(name, kernel, FORMATS[numba_type], features))
    module.name = name
    module.triple = binding.get_process_triple()
    library = _Bodies(codegen, name)
    library.add_llvm_module(module)
    return library


def _call(context, builder, kernel: Callable, numba_type: types.Float, arguments):
    """A call of the function in the code being built."""
    context.active_code_library.add_linking_library(_bodies(context.codegen(), kernel, numba_type))
    name, type_ = symbol(kernel, numba_type), context.get_value_type(numba_type)
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(type_, [type_] * len(arguments)), name)
    return builder.call(function, arguments)


def _lowering(kernel: Callable, *given):
    """Signature and code generator for the types `given`, None where they are not one float type."""
    if any(g != given[0] for g in given) or given[0] not in FORMATS:
        return None

    def generate(context, builder, signature, arguments):
        return _call(context, builder, kernel, signature.return_type, arguments)

    return given[0](*given), generate


def unary(kernel: Callable):
    """The intrinsic of a kernel of one number."""

    def typed(typingctx, x):
        return _lowering(kernel, x)

    return intrinsic(_named(typed, kernel))


def binary(kernel: Callable):
    """The intrinsic of a kernel of two numbers."""

    def typed(typingctx, x, y):
        return _lowering(kernel, x, y)

    return intrinsic(_named(typed, kernel))


def _named(typed: Callable, kernel: Callable) -> Callable:
    typed.__name__ = typed.__qualname__ = kernel.__name__
    typed.__doc__ = kernel.__doc__
    return typed
