"""The shapes of what a program of its own returns, in terms of what it is called with.

    out = np.empty((x.shape[0], n + 1))      for a call with (a, 3):   (a.shape[0], 4)
"""

from __future__ import annotations

from adtrans import ir
from adtrans.ir import Alloc, Array, Call, Const, Dim, Let, Operand, Prim, Program, Var


def assume_shapes(low, program: Program, args: tuple[Operand, ...], made: list[Var]) -> None:
    """Note the extents of results that can be told."""
    shapes = Shapes(low, program, args)
    for result, var in zip(program.results, made):
        if isinstance(var.type, Array):
            for axis in range(var.type.rank):
                extent = shapes.extent(result, axis)
                if extent is not None:
                    low.build.assume_dim(var, axis, extent)


class Shapes:
    """Evaluates integers of a program where it is called."""

    def __init__(self, low, program: Program, args: tuple[Operand, ...]):
        self.low, self.args = low, dict(zip(program.params, args))
        self.made = {var: statement for statement in program.body for var in ir.defined(statement)}

    def extent(self, array: Operand, axis: int) -> Operand | None:
        if array in self.args:
            return self.low.build.dim(self.args[array], axis)
        match self.made.get(array):
            case Alloc(_, shape):
                return self.value(shape[axis])
            case Call(op="np.dot", args=(left, right)):
                return self.extent((left, right)[axis], axis)
        return None

    def value(self, operand: Operand) -> Operand | None:
        if isinstance(operand, Const):
            return operand
        if operand in self.args:
            return self.args[operand]
        match self.made.get(operand):
            case Let(var, Prim(op, args)):
                parts = [self.value(arg) for arg in args]
                return None if None in parts else self.low.build.prim(op, *parts, type=var.type)
            case Let(_, Dim(array, axis)):
                return self.extent(array, axis)
        return None
