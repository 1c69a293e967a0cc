"""Products of matrices in reverse.

What the reverse sweep reads of them has to be there unchanged: operands that are written to later are copied.

    c = np.dot(a, b)                 for i in ...: a_kept[i, j] = a[i, j]
    a[0, 0] = 1.0             ->     c = np.dot(a_kept, b)
                                     a[0, 0] = 1.0
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adtrans import ir
from adtrans.analysis.activity import Activity
from adtrans.analysis.regions import Regions
from adtrans.build import Builder, const
from adtrans.ir import INT, Accumulate, Call, For, If, Program, Stmt, Store, Var, View, While
from adtrans.storage import fresh_classes

if TYPE_CHECKING:
    from adtrans.reverse import Reverse


def keep_operands(program: Program, activity: Activity) -> Program:
    """The program with copies of the operands that do not stay as they are."""
    if not any(isinstance(statement, Call) and statement.op == "np.dot" for statement in ir.walk(program.body)):
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
            case Call(op="np.dot", args=(a, b)) if self.activity.is_active(statement.vars[0]):
                build = Builder(relaxed=True)
                build.span = statement.span
                left = self.kept(build, a, statement) if self.activity.is_active(b) else a
                right = self.kept(build, b, statement) if self.activity.is_active(a) else b
                return (*build.here.body, replace(statement, args=(left, right)))
        return (statement,)

    def kept(self, build: Builder, array: Var, product: Call) -> Var:
        """The array, or a copy."""
        if self.stays(array, product):
            return array
        self.copied = True
        extents = tuple(build.dim(array, axis) for axis in (0, 1))
        copy = build.alloc(array.type.dtype, extents, "empty", array.name and f"{array.name}_kept")
        i, j = Var(INT, "i"), Var(INT, "j")
        with build.block() as row:
            with build.block() as element:
                build.store(copy, (i, j), build.load(array, (i, j)))
            build.emit(For(j, const(0), extents[1], const(1), (), tuple(element.body), None, build.span))
        build.emit(For(i, const(0), extents[0], const(1), (), tuple(row.body), None, build.span))
        return copy

    def stays(self, array: Var, product: Call) -> bool:
        """Whether nothing writes to the memory of an array after the product has read it."""
        regions, group = self.regions, self.activity.classes[array]
        made = self.fresh.get(group)
        lifetime = len(regions.home[made].loops) if made is not None else 0
        here = regions.at[id(product)].loops[lifetime:]
        for write in self.writes.get(group, ()):
            there = regions.at[id(write)].loops[lifetime:]
            if here and there and here[0] is there[0] or regions.order[id(write)] > regions.order[id(product)]:
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
