"""A Numba pass that compiles indices known not to be negative without wrapping them round from the end.

Numba compiles `a[i]` for a signed `i` as `a[i if i >= 0 else i + n]`, which keeps LLVM from vectorising many loops.
After type inference this pass gives the integer indices of an access an unsigned type, on all lines of the source but
those listed as `wrapping`. An index retyped wrongly would be a wild memory access: the list has to be a proof.
"""

from __future__ import annotations

from numba.core import ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass


def unsigned_indices(wrapping: frozenset[int]) -> type[FunctionPass]:
    """The pass for a source of which the lines `wrapping` are left alone."""

    @register_pass(mutates_CFG=False, analysis_only=False)
    class UnsignedIndices(FunctionPass):
        _name = "adtrans_unsigned_indices"

        def __init__(self):
            FunctionPass.__init__(self)

        def run_pass(self, state):
            for block in state.func_ir.blocks.values():
                for statement in block.body:
                    access = element_access(statement)
                    if access is not None and statement.loc.line not in wrapping:
                        retype(state.calltypes, access)
            return True

    return UnsignedIndices


def element_access(statement):
    """The node of a read or write of an element, as the types of calls are kept by."""
    match statement:
        case ir.SetItem():
            return statement
        case ir.Assign(value=ir.Expr(op="getitem") as value):
            return value
    return None


def retype(calltypes, access) -> None:
    signature = calltypes[access]
    if signature is None or not isinstance(signature.args[0], types.Array):
        return
    index = without_sign(signature.args[1])
    if index is not None:
        args = (signature.args[0], index, *signature.args[2:])
        dict.__setitem__(calltypes, access, signature.replace(args=args))


def without_sign(index: types.Type) -> types.Type | None:
    """The unsigned type of an integer or of a tuple of integers; None for any other index."""
    match index:
        case types.Integer():
            return types.uint64
        case types.BaseTuple() if len(index) and all(isinstance(part, types.Integer) for part in index):
            return types.UniTuple(types.uint64, len(index))
    return None
