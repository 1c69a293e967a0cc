"""Products of matrices in reverse, and what calls of routines read.

The reverse sweep needs it unchanged: operands that are written to later are copied.

    c = np.dot(a, b)                 for i in ...: a_kept[i, j] = a[i, j]
    a[0, 0] = 1.0             ->     c = np.dot(a_kept, b)
                                     a[0, 0] = 1.0
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adtrans import ir
from adtrans.analysis.activity import Activity, differentiable_places
from adtrans.analysis.regions import Regions
from adtrans.build import Builder, over_elements
from adtrans.ir import Accumulate, Array, Call, For, If, Program, Stmt, Store, Var, View, While
from adtrans.rules.linalg import adjoint_of, read_by
from adtrans.storage import fresh_classes

if TYPE_CHECKING:
    from adtrans.reverse import Reverse


def keep_operands(program: Program, activity: Activity) -> Program:
    """The program with copies of the operands that do not stay as they are."""
    if not any(isinstance(statement, Call) for statement in ir.walk(program.body)):
        return program
    keeper = Keeper(program, activity)
    body = keeper.block(program.body)
    return replace(program, body=body) if keeper.copied else program


class Keeper:
    def __init__(self, program: Program, activity: Activity):
        self.activity, self.regions = activity, Regions(program)
        self.fresh = fresh_classes(program, activity.classes)
        self.writes: dict[Var, list[Stmt]] = {}
        self.copied = False
        for statement in ir.walk(program.body):
            if isinstance(statement, (Store, Accumulate)):
                self.writes.setdefault(activity.classes[statement.array], []).append(statement)

    def block(self, body) -> tuple[Stmt, ...]:
        return tuple(made for statement in body for made in self.statement(statement))

    def statement(self, statement: Stmt) -> tuple[Stmt, ...]:
        match statement:
            case For(body=body):
                made = self.block(body)
                return (replace(statement, body=made) if self.copied else statement,)
            case While(body=body):
                made = self.block(body)
                return (replace(statement, body=made) if self.copied else statement,)
            case If(then=then, orelse=orelse):
                sides = self.block(then), self.block(orelse)
                return (replace(statement, then=sides[0], orelse=sides[1]) if self.copied else statement,)
            case Call(args=args) if any(map(self.activity.is_active, statement.vars)):
                build = Builder(relaxed=True)
                build.span = statement.span
                kept = [self.kept(build, arg, statement) if self.needed(statement, k) else arg
                        for k, arg in enumerate(args)]
                return (*build.here.body, replace(statement, args=tuple(kept)))
        return (statement,)

    def needed(self, call: Call, place: int) -> bool:
        """Whether the adjoint of a call reads an argument."""
        if call.op == "np.dot":
            return self.activity.is_active(call.args[1 - place])
        adjoint = adjoint_of(call, differentiable_places(call, self.activity))
        return isinstance(call.args[place].type, Array) and adjoint.params[place] in read_by(adjoint)

    def kept(self, build: Builder, array: Var, call: Call) -> Var:
        """The array, or a copy."""
        if self.stays(array, call):
            return array
        self.copied = True
        shape = tuple(build.dim(array, axis) for axis in range(array.type.rank))
        copy = build.alloc(array.type.dtype, shape, "empty", array.name and f"{array.name}_kept")
        over_elements(build, copy, lambda index: build.store(copy, index, build.load(array, index)))
        return copy

    def stays(self, array: Var, call: Call) -> bool:
        """Whether nothing writes to the memory of an array after the call has read it."""
        regions, group = self.regions, self.activity.classes[array]
        made = self.fresh.get(group)
        lifetime = len(regions.home[made].loops) if made is not None else 0
        here = regions.at[id(call)].loops[lifetime:]
        for write in self.writes.get(group, ()):
            there = regions.at[id(write)].loops[lifetime:]
            if here and there and here[0] is there[0] or regions.order[id(write)] > regions.order[id(call)]:
                return False
        return True


def product(reverse: Reverse, statement: Call) -> None:
    """The adjoint of c = a b: c_bar b^T for a and a^T c_bar for b; transposed for the matrices of which these are the
    transposes."""
    left, right = statement.args
    c_bar = reverse.shadow(statement.vars[0])
    active = [array for array in (left, right) if reverse.activity.is_active(array)]
    for number, array in enumerate((left, right)):
        if array not in active:
            continue
        base, turned = untransposed(reverse, array)
        match number, turned:
            case 0, False:
                factors = c_bar, factor(reverse, right, True)
            case 0, True:
                factors = factor(reverse, right, False), transposed(reverse, c_bar)
            case _, False:
                factors = factor(reverse, left, True), c_bar
            case _:
                factors = transposed(reverse, c_bar), factor(reverse, left, False)
        made = Var(replace(c_bar.type, layout="C"))
        reverse.build.emit(Call((made,), "np.dot", factors, statement.span))
        reverse.contribute(base, made)


def factor(reverse: Reverse, array: Var, turn: bool) -> Var:
    """An operand of the forward sweep or its transpose, here."""
    base, turned = untransposed(reverse, array)
    if turn == turned:
        return reverse.reference(base)
    return reverse.reference(array) if turned else transposed(reverse, reverse.reference(array))


def untransposed(reverse: Reverse, array: Var) -> tuple[Var, bool]:
    """The array of which another is the transpose, if it is one, and whether it is."""
    match reverse.regions.definition.get(array):
        case View(_, base, (), (1, 0)):
            return base, True
    return array, False


def transposed(reverse: Reverse, array: Var) -> Var:
    """array.T"""
    layout = {"C": "F", "F": "C"}.get(array.type.layout, "A")
    made = Var(replace(array.type, layout=layout), array.name and f"{array.name}_t")
    reverse.build.emit(View(made, array, (), (1, 0), reverse.build.span))
    return made


__all__ = ["keep_operands", "product"]
