"""Loops that add to neighbouring elements, divided: each element reads what it gets.

Where that can be read where it stands (`neighbours`), it is; else the values are kept in rows first (`rows`). A nest
that adds to an array after another has stored zeros there stores instead, and the zeros are not written (`zeros`); in a
loop that goes back in time this is so in all iterations but the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from adtrans import ir
from adtrans.build import Builder
from adtrans.ir import (
    Accumulate,
    Array,
    Carry,
    Const,
    Dim,
    For,
    If,
    Let,
    ListOf,
    Load,
    Operand,
    Parallel,
    Prim,
    Program,
    Stmt,
    Store,
    Var,
)
from adtrans.optimise import neighbours, zeros
from adtrans.optimise.neighbours import Emission, Extent, Family, Gathering
from adtrans.optimise.rows import Rows
from adtrans.optimise.simplify import simplify
from adtrans.optimise.zeros import Cleared


def gather(program: Program) -> Program:
    """The program with loops that add to neighbours divided."""
    gatherer = Gatherer(program)
    body = gatherer.block(program.body)
    return ir.verify(simplify(ir.verify(replace(program, body=body)))) if gatherer.changed else program


class Gatherer(Rows):
    """`pending` are the zeros not written yet, by open list; `used` are those that were never needed."""

    def __init__(self, program: Program):
        super().__init__(program)
        self.pending: list[list[Cleared]] = []
        self.used: list[Cleared] = []
        self.changed = False

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        """The statements in place of some."""
        self.start(body, [])
        self.flush(self.pending[-1])
        self.pending.pop()
        return tuple(self.open.pop())

    def start(self, body: tuple[Stmt, ...], pending: list[Cleared], ahead: Sequence[Stmt] = ()) -> None:
        """Open a list and fill it, with what is made `ahead` first; what is pending then stays so."""
        self.open.append([])
        self.pending.append(list(pending))
        for item in ahead:
            self.add(item)
        for statement in body:
            for item in self.statement(statement):
                self.add(item)

    def add(self, item: Stmt) -> None:
        for var in ir.defined(item):
            self.depth[var] = len(self.open) - 1
        match item:
            case Let(var, (Prim() | Dim()) as expr) if var.type == ir.INT:
                self.integers[var] = expr
        self.open[-1].append(item)

    def statement(self, statement: Stmt) -> list[Stmt]:
        match statement:
            case Parallel(counter, body=body):
                self.write_before(statement)
                before, self.least = self.least, len(self.open)
                self.depth[counter] = len(self.open)
                made = replace(statement, body=self.block(body))
                self.least = before
                return [made]
            case For():
                made = self.direct(statement)
                if made is None:
                    self.write_before(statement)
                    made = self.over_rows(statement) or self.single(statement)
                if made is not None:
                    self.changed = True
                    return made
                return self.loop(statement)
            case ir.While(head=head, body=body, carries=carries):
                self.write_before(statement)
                for carry in carries:
                    self.depth[carry.inside] = len(self.open)
                return [replace(statement, head=self.block(head), body=self.block(body))]
            case If(then=then, orelse=orelse):
                self.write_before(statement)
                return [replace(statement, then=self.block(then), orelse=self.block(orelse))]
        self.write_before(statement)
        return [statement]

    # --- sums read where their parts stand

    def direct(self, loop: For) -> list[Stmt] | None:
        """The nests in place of one whose sums are read directly, or None; the zeros that it leaves become pending."""
        nest = neighbours.nest_of(loop)
        found = None if nest is None else neighbours.gathering(nest, self.places)
        if found is None:
            return None
        build = self.builder(loop)
        for item in nest.ahead:
            build.emit(item)
        extents = nest.extents(build)
        if extents[-1].short:
            return None
        build.span = None
        emissions = [Emission(build, nest, extents, family) for family in found.families]
        known = self.overwritten(loop, found, emissions)
        plain = neighbours.twinned([family for family in found.families if id(family) not in known])
        for emission in emissions:
            cleared = known.get(id(emission.family))
            if cleared is not None:
                self.instead(build, cleared, emission)
            elif any(emission.family is family for family in plain):
                emission.write()
        written = neighbours.remaining(nest, found.rest)
        left = zeros.cleared_by(nest, found.rest, extents, self.places, build, written)
        if left is None:
            return [*build.here.body, *written]
        self.pending[-1].append(left)
        return build.here.body

    def overwritten(self, loop: For, found: Gathering, emissions: list[Emission]) -> dict[int, Cleared]:
        """Of the pending zeros that a nest touches, those that a family of its sums stores over; the others are
        written."""
        taken: dict[int, Cleared] = {}
        for cleared in list(self.pending[-1]):
            if not self.touches(loop, cleared):
                continue
            emission = next((item for item in emissions if item.family.array is cleared.array
                             and id(item.family) not in taken and self.fits(item, cleared)
                             and self.alone(found, item.family, cleared)), None)
            if emission is None:
                self.flush([cleared])
            else:
                self.pending[-1].remove(cleared)
                self.used.append(cleared)
                taken[id(emission.family)] = cleared
        return taken

    def alone(self, found: Gathering, family: Family, cleared: Cleared) -> bool:
        """Whether only this family of a nest has to do with a place that is to hold zeros."""
        place = tuple((0, 0) if isinstance(axis, Extent) else axis for axis in cleared.axes)
        for item in found.nest.body:
            access = item.expr if isinstance(item, Let) else item
            if not isinstance(access, (Load, Store, Accumulate)) or self.apart(access.array, cleared.array):
                continue
            axes = self.places.axes(found.nest, access.index)
            if axes is None or access.array is not cleared.array:
                return False
            kind = tuple(axis[0] if isinstance(axis, tuple) else axis for axis in axes)
            own = isinstance(access, Accumulate) and kind == family.axes and access not in found.rest
            if not own and self.places.meet(axes, place):
                return False
        return True

    def fits(self, emission: Emission, cleared: Cleared) -> bool:
        """Whether the elements that get all parts are zeros."""
        core = zeros.core_of(emission, emission.family)
        return self.integers_of(emission.build).holds(cleared, core)

    def integers_of(self, build: Builder) -> zeros.Integers:
        return zeros.Integers(self.integers | build.definitions)

    def instead(self, build: Builder, cleared: Cleared, emission: Emission) -> None:
        """Sums stored over zeros, and the zeros around them."""
        core = zeros.core_of(emission, emission.family)
        with build.block() as block:
            zeros.skin(build, cleared, core, self.integers_of(build))
        if cleared.guard is None:
            build.here.body.extend(block.body)
            emission.write(neighbours.Always)
        elif emission.depth == 1:
            emission.write(cleared.guard, block.body)
        else:
            build.emit(If(cleared.guard, tuple(block.body), ()))
            emission.write(cleared.guard)

    # --- zeros

    def touches(self, statement: Stmt, cleared: Cleared) -> bool:
        """Whether a statement does anything with memory that has pending zeros."""
        return any(isinstance(operand, Var) and isinstance(operand.type, (Array, ListOf))
                   and not self.apart(operand, cleared.array)
                   for item in ir.walk((statement,)) if not (isinstance(item, Let) and isinstance(item.expr, Dim))
                   for operand in (*ir.operands(item), *ir.inner_operands(item)))

    def write_before(self, statement: Stmt) -> None:
        """Write the zeros that a statement has to do with."""
        self.flush([cleared for cleared in self.pending[-1] if self.touches(statement, cleared)])

    def flush(self, pending: list[Cleared]) -> None:
        for cleared in list(pending):
            self.pending[-1].remove(cleared)
            for item in cleared.statements():
                self.add(item)

    # --- loops around

    def loop(self, loop: For) -> list[Stmt]:
        """A loop that is not divided itself; zeros left by an iteration are pending for the next, if that helps."""
        for var in (loop.counter, *(carry.inside for carry in loop.carries)):
            self.depth[var] = len(self.open)
        before = self.state()
        self.start(loop.body, [])
        carried = [(cleared, following) for cleared in self.pending[-1]
                   if (following := self.following(loop, cleared)) is not None]
        if carried:
            after = self.state()
            self.restore(before)
            made = self.passing_on(loop, carried)
            if made is not None:
                return made
            self.restore(after)
        self.flush(self.pending[-1])
        self.pending.pop()
        return [replace(loop, body=tuple(self.open.pop()))]

    def state(self) -> tuple:
        """What `restore` goes back to."""
        return [list(body) for body in self.open], [list(pending) for pending in self.pending], len(self.used)

    def restore(self, state: tuple) -> None:
        self.open, self.pending = [list(body) for body in state[0]], [list(pending) for pending in state[1]]
        del self.used[state[2]:]

    def passing_on(self, loop: For, carried: list[tuple[Cleared, Var]]) -> list[Stmt] | None:
        """The loop with zeros that are pending from one iteration to the next, or None if that is of no use."""
        build = self.builder(loop)
        later = build.prim("ne", loop.counter, loop.start)
        entering = []
        for cleared, following in carried:
            place = Cleared(following, self.lifted_axes(build, cleared), (), later)
            entering.append(replace(place, written=tuple(zeros.write(build, place))))
        used = len(self.used)
        self.start(loop.body, entering, build.here.body)
        left, integers = self.pending[-1], self.integers_of(build)
        needless = all(any(place is other for other in self.used[used:]) for place in entering)
        matched = [next((other for other in left if integers.equal(other, cleared)), None) for cleared, _ in carried]
        if not needless or None in matched:
            return None
        self.flush([cleared for cleared in left if not any(cleared is other for other in matched)])
        self.pending.pop()
        self.changed = True
        return [replace(loop, body=tuple(self.open.pop())), *self.afterwards(loop, carried)]

    def afterwards(self, loop: For, carried: list[tuple[Cleared, Var]]) -> list[Stmt]:
        """The zeros that the last iteration leaves, if there was one."""
        build = self.builder(loop)
        ran = build.prim("lt" if loop.step.value > 0 else "gt", loop.start, loop.stop)
        written = []
        for cleared, _ in carried:
            array = passed(loop, cleared.array, lambda carry: carry.after)
            written += zeros.write(build, Cleared(array, self.lifted_axes(build, cleared), ()))
        build.emit(If(ran, tuple(written), ()))
        return build.here.body

    def lifted_axes(self, build: Builder, cleared: Cleared) -> tuple[Extent | Operand, ...]:
        """A place by what is at hand in the innermost open list."""
        level = len(self.open) - 1
        return tuple(Extent(self.lifted(build, axis.low, level), self.lifted(build, axis.high, level))
                     if isinstance(axis, Extent) else self.lifted(build, axis, level) for axis in cleared.axes)

    def following(self, loop: For, cleared: Cleared) -> Var | None:
        """What the next iteration knows the array as, if the zeros are in the same place there."""
        known = self.builder(loop)
        operands = [operand for axis in cleared.axes
                    for operand in ((axis.low, axis.high) if isinstance(axis, Extent) else (axis,))]
        steady = all(self.level(known, operand) < len(self.open) - 1 for operand in operands)
        if not steady or loop.leave is not None or not isinstance(loop.step, Const) or cleared.guard is not None:
            return None
        return passed(loop, cleared.array, lambda carry: carry.inside)

    @cached_property
    def places(self) -> neighbours.Places:
        return neighbours.Places(self.indices.affine, self.ranges.not_negative, self.apart)


def passed(loop: For, array: Var, name: Callable[[Carry], Var]) -> Var | None:
    """What an array at the end of an iteration is afterwards."""
    carries = [carry for carry in loop.carries if carry.next is array]
    if carries:
        return name(carries[0]) if len(carries) == 1 else None
    inside = any(array is carry.inside for carry in loop.carries) or array in ir.introduced(loop.body)
    return None if inside else array
