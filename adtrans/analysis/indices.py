"""Indices as a variable plus a constant, and which of them are known not to be negative.

A negative index counts from the end, so that `x[i - 1]` and `x[i]` may be one element after all: what is concluded
from two indices being equal or apart holds only where neither is negative.
"""

from __future__ import annotations

from adtrans import ir
from adtrans.ir import Const, For, Let, Operand, Prim, Program, Var


class Indices:
    def __init__(self, program: Program):
        self.definitions: dict[Var, Prim] = {}
        self.lowest: dict[Var, int] = {}
        for statement in ir.walk(program.body):
            match statement:
                case Let(var, Prim() as expr) if var.type == ir.INT:
                    self.definitions[var] = expr
                case For(counter, Const(start), _, Const(step)) if step > 0:
                    self.lowest[counter] = start
                case For(counter, _, Const(stop), Const(-1)):
                    self.lowest[counter] = stop + 1

    def affine(self, operand: Operand) -> tuple[Var | None, int]:
        """A variable and a constant whose sum the index is; no variable for a constant."""
        offset = 0
        while isinstance(operand, Var):
            match self.definitions.get(operand):
                case Prim("add", (Var() as inner, Const(value))) | Prim("add", (Const(value), Var() as inner)):
                    operand, offset = inner, offset + value
                case Prim("sub", (Var() as inner, Const(value))):
                    operand, offset = inner, offset - value
                case _:
                    return operand, offset
        return None, offset + operand.value

    def plain(self, operand: Operand) -> tuple[Var | None, int] | None:
        """`affine`, for an index that is never negative; else None."""
        base, offset = self.affine(operand)
        low = 0 if base is None else self.lowest.get(base)
        return (base, offset) if low is not None and low + offset >= 0 else None
