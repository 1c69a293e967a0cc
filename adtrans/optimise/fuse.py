"""Neighbouring loops over the same range become one.

    for i in range(n): t[i] = x[i] - y[i]          for i in range(n):
    for i in range(n): z[i] = t[i] * t[i]    ->        t[i] = x[i] - y[i]
                                                       z[i] = t[i] * t[i]

Only loops that array expressions made are fused, those of the user stay as they were written. Two loops may be fused
if no iteration of the second one needs what a later iteration of the first one does: every two accesses to the same
memory, one of them a write, go through the same reference and have an axis on which the first is not behind the
second, or one on which they never meet (K. Kennedy and J. R. Allen, "Optimizing Compilers for Modern Architectures",
2001, section 6.2). Which of those that may be fused are, is a matter of speed: see `worthwhile`. The first error of a
program stays its first; what arrays hold when it is raised may be another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adtrans import ir
from adtrans.analysis.alias import Classes, memory_classes
from adtrans.analysis.indices import Indices
from adtrans.ir import (
    Accumulate,
    Alloc,
    Check,
    Const,
    Dim,
    For,
    If,
    Let,
    ListOf,
    Load,
    NewList,
    Operand,
    Pop,
    Prim,
    Print,
    Program,
    Push,
    Reshape,
    Stmt,
    Store,
    Strided,
    Var,
    View,
    While,
)
from adtrans.optimise.simplify import propagate
from adtrans.rules.rule import TRANSCENDENTAL, plain

# Operations that succeed whatever their operands are.
SAFE = frozenset(("add", "sub", "mul", "neg", "min", "max", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not",
                  "select", "cast"))
MOVABLE = (Let, Alloc, View, Reshape, Strided, NewList, Check, Store, Accumulate, For, If)
# How many loops back to look for one to fuse with.
REACH = 8


@dataclass
class Access:
    """A read or write of an element: `kind` is Load, Store or Accumulate."""

    array: Var
    index: tuple[Operand, ...]
    kind: type

    @property
    def writes(self) -> bool:
        return self.kind is not Load

    def clashes(self, other: Access) -> bool:
        """Whether it matters which of two comes first; sums may be taken in any order."""
        return (self.writes or other.writes) and not (self.kind is other.kind is Accumulate)


@dataclass
class Effects:
    """What a loop does to memory and otherwise."""

    accesses: list[Access] = field(default_factory=list)
    stacks: set[Var] = field(default_factory=set)
    checks: bool = False
    opaque: bool = False
    slow: bool = False

    def writes(self, classes: Classes) -> set[Var]:
        return {classes[access.array] for access in self.accesses if access.writes}


def fuse(program: Program) -> Program:
    """The program with neighbouring loops fused."""
    fusion = Fusion(program)
    body = fusion.block(program.body)
    return propagate(replace(program, body=body), fusion.names) if fusion.names else program


def may_fail(statement: Stmt) -> bool:
    """Whether a statement may need what a check before it has made sure of."""
    match statement:
        case Let(_, Dim()):
            return False
        case Let(_, Prim(op)):
            return op not in SAFE
    return True


class Fusion:
    def __init__(self, program: Program):
        self.classes = memory_classes(program)
        self.indices = Indices(program)
        self.names: dict[Var, Operand] = {}
        self.known: dict[int, tuple[Stmt, Effects]] = {}

    def block(self, body) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for statement in body:
            match statement:
                case For(body=inner):
                    if not self.join(done, statement):
                        done.append(replace(statement, body=self.block(inner)))
                case While(head=head, body=inner):
                    done.append(replace(statement, head=self.block(head), body=self.block(inner)))
                case If(then=then, orelse=orelse):
                    done.append(replace(statement, then=self.block(then), orelse=self.block(orelse)))
                case _:
                    done.append(statement)
        return tuple(done)

    def join(self, done: list[Stmt], second: For) -> bool:
        """Fuse a loop with one before it, the nearest with which it may be."""
        loops = 0
        for position in range(len(done) - 1, -1, -1):
            first = done[position]
            if not isinstance(first, MOVABLE):
                return False
            if isinstance(first, For):
                if self.joined(done, position, second):
                    return True
                loops += 1
                if loops == REACH:
                    return False
        return False

    def joined(self, done: list[Stmt], position: int, second: For) -> bool:
        """Fuse a loop with the one at a position, if it may be.

        What stands between goes before both if it can, and otherwise stays behind.
        """
        first, between = done[position], done[position + 1:]
        if not self.same_range(first, second) or not self.worthwhile(first, second):
            return False
        before, after = self.effects(first), self.effects(second)
        if not self.legal(first, second, before, after):
            return False
        early, late = self.parted(first, before, between)
        if not self.passes(second, after, late):
            return False
        self.names[second.counter] = first.counter
        body = self.block((*first.body, *second.body))
        fused = replace(first, carries=(*first.carries, *second.carries), body=body)
        done[position:] = [*early, fused, *late]
        return True

    # --- whether it pays

    def worthwhile(self, first: For, second: For) -> bool:
        """Bodies without loops, nests over the same ranges, reductions of what a nest makes, or a cheap end to one.

        A loop without inner loops is one that vectorises; put into one with inner loops it would not any more.
        """
        deep, other = self.loops(first), self.loops(second)
        if not deep and other:
            return False
        if deep and not other:
            return not self.effects(second).slow
        if len(deep) == len(other) == 1 and self.perfect(first):
            return self.same_range(deep[0], other[0]) and self.worthwhile(deep[0], other[0])
        return not (self.perfect(first) or self.perfect(second))

    @staticmethod
    def loops(loop: For) -> list[Stmt]:
        return [statement for statement in loop.body if isinstance(statement, (For, While))]

    @staticmethod
    def perfect(loop: For) -> bool:
        """Whether a loop holds another one and nothing that has an effect."""
        return not loop.carries and all(isinstance(statement, (For, Let)) for statement in loop.body)

    # --- whether it is right

    def name(self, operand: Operand) -> Operand:
        while operand in self.names:
            operand = self.names[operand]
        return operand

    def same_range(self, first: Stmt, second: Stmt) -> bool:
        if not isinstance(first, For) or not isinstance(second, For):
            return False
        if first.leave is not None or second.leave is not None or first.counter.apart or second.counter.apart:
            return False
        return all(self.name(a) == self.name(b) for a, b in (
            (first.start, second.start), (first.stop, second.stop), (first.step, second.step)))

    def parted(self, first: For, effects: Effects, between: list[Stmt]) -> tuple[list[Stmt], list[Stmt]]:
        """Statements that follow a loop: those that can stand before it, and the others.

        A check that stays behind may be what makes a read or an allocation after it safe, so these stay as well.
        """
        early: list[Stmt] = []
        late: list[Stmt] = []
        made = set(ir.defined(first))
        written = effects.writes(self.classes)
        raises = effects.checks or effects.opaque
        guarded = False
        for statement in between:
            can = isinstance(statement, (Let, Alloc, View, Reshape, Strided, Check)) and not any(
                operand in made for operand in ir.operands(statement)) and not (guarded and may_fail(statement))
            match statement:
                case Let(_, Load(array)) if self.classes[array] in written:
                    can = False
                case Let(_, Pop()):
                    can = False
                case Check() if raises:
                    can = False
            (early if can else late).append(statement)
            if not can:
                made.update(ir.defined(statement))
                other = self.effects(statement)
                written = written | other.writes(self.classes)
                raises |= other.checks or other.opaque
                guarded |= other.checks or other.opaque
        return early, late

    def passes(self, second: For, effects: Effects, late: list[Stmt]) -> bool:
        """Whether a loop can run before statements that precede it: not if they check anything."""
        used = self.used(second)
        touched = {self.classes[access.array] for access in effects.accesses}
        written = effects.writes(self.classes)
        if late and (effects.checks or effects.opaque):
            return False
        for statement in late:
            other = self.effects(statement)
            if any(var in used for var in ir.defined(statement)) or other.opaque or other.checks or \
                    other.stacks & effects.stacks:
                return False
            if other.writes(self.classes) & touched or written & {
                    self.classes[access.array] for access in other.accesses}:
                return False
        return True

    def used(self, loop: For) -> set[Operand]:
        return {self.name(operand) for statement in ir.walk((loop,))
                for operand in (*ir.operands(statement), *ir.inner_operands(statement)) if isinstance(operand, Var)}

    def legal(self, first: For, second: For, before: Effects, after: Effects) -> bool:
        """Whether the iterations can take turns."""
        if self.used(second) & set(ir.defined(first)) or before.opaque or after.opaque or before.stacks & after.stacks:
            return False
        if before.checks and after.checks:
            return False
        groups: dict[Var, list[Access]] = {}
        for access in before.accesses:
            groups.setdefault(self.classes[access.array], []).append(access)
        return all(self.ordered(a, b, first, second) for b in after.accesses
                   for a in groups.get(self.classes[b.array], ()) if a.clashes(b))

    def ordered(self, a: Access, b: Access, first: For, second: For) -> bool:
        """Whether two accesses to the same element keep their order when the loops take turns."""
        if self.name(a.array) is not self.name(b.array):
            return False
        for one, two in zip(a.index, b.index):
            left, right = self.indices.plain(one), self.indices.plain(two)
            if left is None or right is None:
                continue
            if self.elsewhere(left, right, first, second):
                return True
            if self.name(left[0]) is not first.counter or right[0] is not second.counter:
                continue
            ahead = left[1] - right[1]
            if ahead == 0 or (first.step == Const(1, ir.INT) and ahead > 0) or (
                    first.step == Const(-1, ir.INT) and ahead < 0):
                return True
        return False

    def elsewhere(self, left: tuple, right: tuple, first: For, second: For) -> bool:
        """Whether two indices differ whatever the iterations: by a constant, from what neither loop changes."""
        base, other = self.name(left[0]), self.name(right[0])
        return base is other and left[1] != right[1] and base not in ir.introduced((first, second))

    def effects(self, whole: Stmt) -> Effects:
        """What a statement does; remembered."""
        if id(whole) not in self.known or self.known[id(whole)][0] is not whole:
            self.known[id(whole)] = whole, self.find_effects(whole)
        return self.known[id(whole)][1]

    @staticmethod
    def find_effects(whole: Stmt) -> Effects:
        found = Effects()
        for statement in ir.walk((whole,)):
            match statement:
                case Let(_, Load(array, index)):
                    found.accesses.append(Access(array, index, Load))
                case Let(_, Pop(stack)) | Push(stack):
                    found.stacks.add(stack)
                    found.opaque |= isinstance(stack.type, ListOf) and isinstance(stack.type.element, ir.Array)
                case Let(_, Prim(op)):
                    found.slow |= plain(op) in TRANSCENDENTAL and op != "sqrt"
                case Store(array, index) | Accumulate(array, index):
                    found.accesses.append(Access(array, index, type(statement)))
                case Check():
                    found.checks = True
                case Let(_, Dim()) | Alloc() | View() | Reshape() | Strided() | NewList() | For() | If():
                    pass
                case Print() | ir.Call() | While():
                    found.opaque = True
        return found
