"""New arrays are known to be apart from all other memory.

Numba's allocations are calls like any other to LLVM, which then has to reckon with every two arrays overlapping: loops
over them are compiled twice, with a test before, or not vectorised at all. After type inference this pass hands the
result of `np.empty` and `np.zeros` through an identity whose result LLVM is told not to alias anything; it is kept from
looking inside. `FreshCopies` does so with that of `array.copy()`, too, which vectors made of unrolled rows need; loops
that keep many numbers for later were slower with it.

Freeing an array is a call on another pointer, the record that Numba keeps of it, which must not seem to have nothing to
do with the elements: they would be read after it. So the result is shown to a function that might have kept it; from
then on any unknown call may be one that changes the elements.
"""

from __future__ import annotations

import sys

import numpy as np
from llvmlite import ir as llvm
from numba.core import ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.imputils import impl_ret_borrowed
from numba.core.ir_utils import build_definitions
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

NAME = "adtrans_fresh"
SHOWN = "adtrans_shown"
ALLOCATIONS = (np.empty, np.zeros)
COPY = "array.copy"


@intrinsic
def fresh(typingctx, array):
    """The array itself, whose memory nothing else refers to."""

    def generate(context, builder, signature, args):
        made = make_array(array)(context, builder, value=args[0])
        pointer = made.data.type
        byte = llvm.IntType(8).as_pointer()
        passed = builder.call(identity(builder.module, byte), [builder.bitcast(made.data, byte)])
        builder.call(witness(builder.module, byte), [passed])
        made.data = builder.bitcast(passed, pointer)
        return impl_ret_borrowed(context, builder, array, made._getvalue())

    return array(array), generate


def identity(module: llvm.Module, byte: llvm.PointerType) -> llvm.Function:
    """The function that gives its argument back, once in a module."""
    if NAME in module.globals:
        return module.globals[NAME]
    function = opaque(module, llvm.FunctionType(byte, [byte]), NAME)
    function.return_value.add_attribute("noalias")
    llvm.IRBuilder(function.append_basic_block()).ret(function.args[0])
    return function


def witness(module: llvm.Module, byte: llvm.PointerType) -> llvm.Function:
    """The function that a pointer is shown to, once in a module."""
    if SHOWN in module.globals:
        return module.globals[SHOWN]
    function = opaque(module, llvm.FunctionType(llvm.VoidType(), [byte]), SHOWN)
    llvm.IRBuilder(function.append_basic_block()).ret_void()
    return function


def opaque(module: llvm.Module, kind: llvm.FunctionType, name: str) -> llvm.Function:
    """A function of which LLVM concludes nothing from its body."""
    function = llvm.Function(module, kind, name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    function.attributes.add("optnone")
    return function


@register_pass(mutates_CFG=False, analysis_only=False)
class FreshArrays(FunctionPass):
    """Results of `ALLOCATIONS`, and of products of matrices, become results of `fresh`."""

    _name = "adtrans_fresh_arrays"
    copies = False

    def __init__(self):
        super().__init__()

    def run_pass(self, state):
        changed = [marked(state, block, self.copies) for block in state.func_ir.blocks.values()]
        if any(changed):
            state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return any(changed)


@register_pass(mutates_CFG=False, analysis_only=False)
class FreshCopies(FreshArrays):
    """Copies, too."""

    _name = "adtrans_fresh_copies"
    copies = True


def marked(state, block, copies: bool) -> bool:
    body = []
    for statement in block.body:
        body.append(statement)
        if isinstance(statement, ir.Assign) and allocates(state, statement, copies):
            body += handed_through(state, block.scope, statement)
    changed = len(body) > len(block.body)
    block.body = body
    return changed


def allocates(state, statement: ir.Assign, copies: bool) -> bool:
    value = statement.value
    if not isinstance(value, ir.Expr) or value.op != "call":
        return False
    callee = state.typemap[value.func.name]
    makes = copies and callee.typing_key == COPY if isinstance(callee, types.BoundFunction) else \
        isinstance(callee, types.Function) and is_allocation(callee.typing_key)
    return makes and isinstance(state.typemap[statement.target.name], types.Array)


def is_allocation(function) -> bool:
    """Whether a function gives a new array; the product of matrices is known where `blas` has put it in."""
    blas = sys.modules.get("adtrans.backend.blas")
    return function in ALLOCATIONS or blas is not None and function is blas.product


def handed_through(state, scope, statement: ir.Assign) -> list[ir.Stmt]:
    """The statements that take the result of an allocation to where it was to go."""
    location, context, target = statement.loc, state.typingctx, statement.target
    array = state.typemap[target.name]
    made, function = scope.redefine("$allocated", location), scope.redefine("$fresh", location)
    state.typemap[made.name] = array
    callee = state.typemap[function.name] = context.resolve_value_type(fresh)
    statement.target = made
    call = ir.Expr.call(function, (made,), (), location)
    state.calltypes[call] = callee.get_call_type(context, (array,), {})
    return [ir.Assign(ir.Global("fresh", fresh, location), function, location), ir.Assign(call, target, location)]
