"""Loops whose iterations pass nothing with a derivative to one another, sums apart.

    centred = np.empty(d)
    for i in range(n):
        for j in range(d):
            centred[j] = x[i, j] - mean[j]      every element that is read has been written in the same iteration
        for j in range(d):
            total += centred[j] * centred[j]    whatever `total` was before, the same is added to it

An iteration of such a loop can be reversed as soon as it has run, once it is known what a change of the sum does to
the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from adtrans import ir
from adtrans.analysis.activity import Activity
from adtrans.analysis.ranges import Ranges
from adtrans.analysis.regions import Regions
from adtrans.build import ONE, combine
from adtrans.ir import (
    Accumulate,
    Alloc,
    Array,
    Call,
    Carry,
    Check,
    Const,
    For,
    If,
    Let,
    Load,
    Operand,
    Prim,
    Program,
    Stmt,
    Store,
    Var,
    While,
)

# What an axis of a section covers: from the first operand, plus a constant, to below the second, plus a constant.
Interval = tuple[Operand, int, Operand, int]


class Independence:
    """Which loops of a program can be reversed iteration by iteration."""

    def __init__(self, program: Program, activity: Activity, regions: Regions):
        self.program, self.activity, self.regions = program, activity, regions
        self.ranges = Ranges(program)
        self.users: dict[Var, list[Stmt]] = {}
        self.places: dict[Var, list[Stmt]] = {}
        self.references: dict[Var, set[Var]] = {}
        for statement in ir.walk(program.body):
            for operand in (*ir.operands(statement), *ir.inner_operands(statement)):
                if isinstance(operand, Var):
                    self.users.setdefault(operand, []).append(statement)
            for var in (*ir.defined(statement), *ir.operands(statement)):
                if isinstance(var, Var) and not isinstance(var.type, ir.Scalar):
                    self.references.setdefault(activity.classes[var], set()).add(var)
                    self.places.setdefault(activity.classes[var], []).append(statement)

    def sums(self, loop: For) -> tuple[Carry, ...] | None:
        """The carries along which derivatives travel, all of them sums, if the iterations are otherwise on their own;
        else None."""
        active = tuple(carry for carry in loop.carries
                       if self.activity.is_active(carry.inside) or self.activity.is_active(carry.after))
        if not active or loop.leave is not None or not all(self.is_sum(carry) for carry in active):
            return None
        return active if self.memory_apart(loop) else None

    # --- sums

    def is_sum(self, carry: Carry) -> bool:
        """Whether what is added to a carried value does not depend on it."""
        if isinstance(carry.inside.type, Array):
            return False
        partial, pending = {carry.inside}, [carry.inside]
        checks, added = [carry.next], []
        while pending:
            var = pending.pop()
            for statement in self.users.get(var, ()):
                found = self.passed_on(statement, var, carry)
                if found is None:
                    return False
                more, nexts, others = found
                checks += nexts
                added += others
                pending += [other for other in more if other not in partial]
                partial.update(more)
        return all(check in partial for check in checks) and partial.isdisjoint(added)

    def passed_on(self, statement: Stmt, var: Var, carry: Carry) -> \
            tuple[list[Var], list[Operand], list[Operand]] | None:
        """The variables that are `var` and something more after a statement, those that have to be, and what is added
        to it, which must not be; None where the statement does anything else with it."""
        match statement:
            case Let(made, Prim("add", (left, right))) if (left is var) != (right is var):
                return [made], [], [right if left is var else left]
            case Let(made, Prim("sub", (left, right))) if left is var and right is not var:
                return [made], [], [right]
            case For(carries=carries) if any(other is carry for other in carries):
                return None if any(var is other.next for other in carries if other is not carry) else ([], [], [])
            case For(carries=carries) | While(carries=carries):
                own = [other for other in carries if var in (other.init, other.next)]
                if not own or var in list(ir.operands(statement))[:3 if isinstance(statement, For) else 0] \
                        or var is getattr(statement, "test", None):
                    return None
                return [v for other in own for v in (other.inside, other.after)], \
                    [v for other in own for v in (other.init, other.next)], []
            case If(merges=merges) if statement.test is not var:
                own = [merge for merge in merges if var in (merge.then, merge.orelse)]
                return [merge.after for merge in own], [v for merge in own for v in (merge.then, merge.orelse)], []
        return None

    # --- memory

    def memory_apart(self, loop: For) -> bool:
        """Whether no derivative travels through memory from one iteration to another, or past the loop."""
        inside = {id(statement) for statement in ir.walk((loop,))}
        written = {self.activity.classes[statement.array] for statement in ir.walk(loop.body)
                   if isinstance(statement, (Store, Accumulate))}
        touched = {self.activity.classes[var] for statement in ir.walk(loop.body)
                   for var in (*ir.operands(statement), *ir.defined(statement))
                   if isinstance(var, Var) and not isinstance(var.type, ir.Scalar)}
        if any(isinstance(var.type, ir.ListOf) for group in touched for var in self.references[group]):
            return False
        if any(len(self.from_outside(group, loop, inside)) > 1 for group in written):
            return False
        ends = set(map(self.group, (*self.program.results, *self.program.facts.get("outputs", ()))))
        for group in touched & self.activity.memory:
            later = [statement for statement in self.places[group] if id(statement) not in inside
                     and self.regions.order[id(statement)] > self.regions.order[id(loop)]]
            if group not in written:
                if any(isinstance(statement, (Store, Accumulate)) for statement in later):
                    return False
            elif not self.within(group, inside):
                if later or group in ends or len(self.references[group]) > 1 or \
                        not Coverage(self.ranges, group).complete(loop):
                    return False
        return True

    def from_outside(self, group: Var, loop: For, inside: set[int]) -> set[Var]:
        """The references to memory that a loop uses and does not define: by itself it does not tell that they are to
        the same memory."""
        used = {var for statement in self.places[group] if id(statement) in inside for var in ir.operands(statement)
                if var in self.references[group]}
        made = {var: self.regions.definition.get(var) for var in used}
        return {var for var in used if made[var] is loop or id(made[var]) not in inside}

    def group(self, operand: Operand):
        return self.activity.classes[operand] if isinstance(operand, Var) else operand

    def within(self, group: Var, inside: set[int]) -> bool:
        """Whether memory is made within a loop."""
        return all(isinstance(self.regions.definition.get(var), (Alloc, Call, ir.View, ir.Reshape, ir.Strided))
                   and id(self.regions.definition[var]) in inside for var in self.references[group])


@dataclass
class Known:
    """What has been written for certain: sections of the array, and elements by their very indices.

    `below` are pairs of integers of which the first has been checked to be less than the second.
    """

    sections: list[tuple[Interval, ...]] = field(default_factory=list)
    elements: set[tuple[Operand, ...]] = field(default_factory=set)
    below: set[tuple[Operand, Operand]] = field(default_factory=set)

    def copy(self) -> Known:
        return Known(list(self.sections), set(self.elements), set(self.below))


class Coverage:
    """Whether an array that only one variable refers to is written, in each iteration of a loop, before it is read.

    Known are the elements that loops over whole ranges have written, on axes of their own, without conditions.
    """

    def __init__(self, ranges: Ranges, array: Var):
        self.ranges, self.array = ranges, array
        self.comparisons: dict[Var, tuple[Operand, Operand]] = {}

    def complete(self, loop: For, below: set[tuple[Operand, Operand]] = frozenset()) -> bool:
        """Whether that is so in a loop; `below` is known beforehand."""
        return self.block(loop.body, Known(below=set(below)), True) is not None

    def checked(self, loop: For) -> set[tuple[Operand, Operand]]:
        """What is known to be less than something else in an iteration that has come to its end."""
        known = Known()
        for statement in loop.body:
            if isinstance(statement, (Let, Check)):
                self.statement(statement, known)
        return known.below

    def block(self, body: tuple[Stmt, ...], known: Known, certain: bool) -> list[tuple[Interval, ...]] | None:
        """The sections that a statement list is certain to have written; None where it reads something else."""
        made: list[tuple[Interval, ...]] = []
        for statement in body:
            found = self.statement(statement, known)
            if found is None:
                return None
            if certain:
                made += found
                known.sections += found
        return made

    def statement(self, statement: Stmt, known: Known) -> list[tuple[Interval, ...]] | None:
        match statement:
            case Let(_, Load(array, index)) if array is self.array:
                return [] if self.covers(known, index) else None
            case Let(test, Prim("lt", (left, right))) | Let(test, Prim("gt", (right, left))):
                self.comparisons[test] = left, right
            case Check(Var() as test) if test in self.comparisons:
                known.below.add(self.comparisons[test])
            case Store(array, index) if array is self.array:
                known.elements.add(index)
                return [tuple((item, 0, item, 1) for item in index)] if all(map(self.proper, index)) else []
            case For(body=body):
                found = self.block(body, known.copy(), True)
                return None if found is None else list(self.over(statement, found))
            case While(head=head, body=body):
                inner = known.copy()
                return [] if self.block(head, inner, False) is not None and \
                    self.block(body, inner, False) is not None else None
            case If(then=then, orelse=orelse):
                return [] if all(self.block(side, known.copy(), True) is not None for side in (then, orelse)) else None
            case Let() | Store() | Check():
                return []
            case _ if any(operand is self.array for operand in ir.operands(statement)):
                return None
        return []

    def proper(self, index: Operand) -> bool:
        return self.ranges.not_negative(index)

    def over(self, loop: For, sections: list[tuple[Interval, ...]]) -> Iterator[tuple[Interval, ...]]:
        """What sections are once a loop around them has ended."""
        if not isinstance(loop.step, Const) or abs(loop.step.value) != 1 or loop.leave is not None:
            return
        inner = ir.introduced((loop,))
        for section in sections:
            wide = [self.wider(loop, interval) for interval in section]
            moved = [a for a, b in zip(wide, section) if a != b]
            if len(moved) == 1 and not any(isinstance(end, Var) and end in inner
                                           for interval in wide for end in (interval[0], interval[2])):
                yield tuple(wide)

    def wider(self, loop: For, interval: Interval) -> Interval:
        """An index that runs with the counter of a loop becomes an interval."""
        low, first, high, past = interval
        terms, constant = self.ranges.build.affine(low) if isinstance(low, Var) else ({}, 0)
        if low is not high or (first, past) != (0, 1) or terms != {loop.counter: 1}:
            return interval
        if loop.step == ONE:
            return loop.start, constant, loop.stop, constant
        return loop.stop, constant + 1, loop.start, constant + 1

    def covers(self, known: Known, index: tuple[Operand, ...]) -> bool:
        return index in known.elements or any(
            all(self.between(known, *pair) for pair in zip(index, section)) for section in known.sections)

    def between(self, known: Known, index: Operand, interval: Interval, assumed: frozenset[Var] = frozenset()) -> bool:
        """Whether an index is proven to lie in an interval: by itself, or because all it may have been set to does,
        given that those that are `assumed` do."""
        if index in assumed or self.directly(known, index, interval):
            return True
        ends = {var for end in (interval[0], interval[2]) for var in self.ranges.build.affine(end)[0]}
        if not isinstance(index, Var) or not self.ranges.repeated.isdisjoint(ends):
            return False
        match self.ranges.build.definitions.get(index):
            case Prim("select", (_, one, other)):
                sources: tuple[Operand, ...] = one, other
            case _:
                sources = tuple(source for each in self.ranges.assumed.get(index, ()) for source in each)
        return bool(sources) and all(self.between(known, source, interval, assumed | {index}) for source in sources)

    def directly(self, known: Known, index: Operand, interval: Interval) -> bool:
        low, first, high, past = interval
        bounds, affine = self.ranges.bounds, self.ranges.build.affine
        place = affine(index)
        if not bounds.not_negative(combined(place, affine(low), -first), 6):
            return False
        room = combined(affine(high), place, past)
        return any(combined(affine(more), affine(less), 0) == room for less, more in known.below) or \
            bounds.not_negative(combined(room, ({}, 0), -1), 6)


def combined(left, right, constant: int):
    """left - right + constant."""
    terms, value = combine(left, right, -1)
    return terms, value + constant
