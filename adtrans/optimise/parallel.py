"""Loops whose iterations are apart, divided into parts that run at the same time.

    for i in range(n):                          parts = max(1, min(64, n * 9 // 32768)) if n * 9 >= 2**22 else 1
        t = x[i] * w                            total_parts = np.empty(parts)
        total += t * t              ->          for part in prange(parts):
        x_bar[i] = 2.0 * t * w                      total = 0.0
                                                    for i in range(part * n // parts, (part + 1) * n // parts):
                                                        ...
                                                    total_parts[part] = total
                                                for part in range(parts):
                                                    total += total_parts[part]

It takes the outermost loops of which that is proven (see `analysis.exclusive`). Each part has its own sums and scratch
arrays, and an array of its own for each that any iteration may add to; what comes of these is added up in the order of
the parts once all have ended. Where only neighbouring iterations add to one element, parts with even numbers run
first, then the others. How many parts there are depends on the sizes alone, so results are the same for any number of
threads; there is one where two threads would save less than it takes to start them. A check that fails in a part is
noted there and raised afterwards: the one that would have come first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from adtrans import ir
from adtrans.analysis.exclusive import NEAR, SCRATCH, SUM, Exclusive, Sharing
from adtrans.analysis.independence import Independence
from adtrans.analysis.ranges import Ranges
from adtrans.build import ONE, ZERO, Builder, combine, const, over_elements, zero
from adtrans.ir import (
    INT,
    Alloc,
    Array,
    Carry,
    Check,
    Const,
    For,
    If,
    Let,
    ListOf,
    Merge,
    NewList,
    Operand,
    Parallel,
    Pop,
    Print,
    Program,
    Push,
    Stmt,
    Var,
)
from adtrans.optimise.block import WIDTH, Everything
from adtrans.optimise.simplify import simplify, substitute
from adtrans.optimise.sums import sums
from adtrans.rules.rule import TRANSCENDENTAL, plain
from adtrans.splice import spliced

PARTS = 64
LEAST = 2**22  # operations that parts have together: 150 us where they are vectors; to start threads takes 10 to 30
GRAIN = 32768  # operations that a part has at least
SPREAD = 128  # operations for each element of a part's copies: to make it and to add it up takes as long as 25
ROWS = 8  # iterations of a part for each of its neighbours' that touch what it does: room is made for those, too
COPIED = 2**23  # elements of copies that all parts have together, and how many copies there may be in any case
COPIES = 4
UNKNOWN = 8  # iterations that a loop is taken to have where that is not known before
FEW = 8  # iterations of which the loops within are divided instead


def parallelise(program: Program) -> Program:
    """The program with independent loops in parts."""
    if not any(isinstance(statement, For) for statement in program.body):
        return program
    program = sums(program)
    divider = Divider(program)
    body = divider.block(program.body)
    return ir.verify(simplify(ir.verify(replace(program, body=body)))) if divider.changed else program


def divisible(program: Program) -> int:
    """How many loops at function level can be divided."""
    divider = Divider(program)
    return sum(divider.divided(statement, False) is not None for statement in program.body
               if isinstance(statement, For))


class Divider:
    def __init__(self, program: Program):
        self.exclusive = Exclusive(program)
        self.sums = Independence(program, Everything(program), self.exclusive.regions)
        self.changed = False

    def block(self, body: tuple[Stmt, ...], again: bool = False) -> tuple[Stmt, ...]:
        """A statement list; `again` when it runs many times."""
        made: list[Stmt] = []
        for statement in body:
            made += self.statement(statement, again)
        return tuple(made)

    def statement(self, statement: Stmt, again: bool) -> list[Stmt]:
        match statement:
            case For(body=body):
                divided = self.divided(statement, again)
                if divided is not None:
                    self.changed = True
                    return divided
                return [replace(statement, body=self.block(body, True))]
            case ir.While(head=head, body=body):
                return [replace(statement, head=self.block(head, True), body=self.block(body, True))]
            case If(then=then, orelse=orelse):
                return [replace(statement, then=self.block(then, again), orelse=self.block(orelse, again))]
        return [statement]

    def divided(self, loop: For, again: bool) -> list[Stmt] | None:
        """The statements in place of a loop, or None where its iterations are not proven to be apart."""
        stacks = self.exclusive.own_stacks(loop)
        if not isinstance(loop.step, Const) or loop.leave is not None or not may_be_apart(loop, stacks) or \
                not all(self.sums.is_sum(carry) for carry in loop.carries):
            return None
        division = Division(loop, {}, self.exclusive.ranges, stacks)
        if division.small:
            return None
        sharing = self.exclusive.sharing(loop)
        if sharing is None:
            return None
        division.sharing = sharing
        return division.made(self.exclusive, again)


def may_be_apart(loop: For, stacks: list[Var]) -> bool:
    """Whether a loop has no effects that have to come in order, and fails only by checks; iterations leave the `stacks`
    as they find them."""
    lists = {*stacks, *(statement.var for statement in ir.walk(loop.body) if isinstance(statement, NewList))}
    for statement in ir.walk(loop.body):
        match statement:
            case Print() | ir.Call():
                return False
            case Push(stack) | Let(_, Pop(stack)) if stack not in lists:
                return False
            case Check(values=values) if any(value.type != INT for value in values):
                return False
    return not any(isinstance(carry.inside.type, (Array, ListOf)) for carry in loop.carries)


@dataclass
class Division:
    """One loop in the making; `sharing` are the arrays from outside that it writes to, `stacks` those that it uses."""

    loop: For
    sharing: dict[Var, Sharing]
    ranges: Ranges
    stacks: list[Var]
    build: Builder = field(default_factory=Builder)

    def __post_init__(self) -> None:
        self.build.span = self.loop.span
        self.inner = ir.introduced((self.loop,))
        self.checks = [item for item in ir.walk(self.loop.body) if isinstance(item, Check)]
        self.numbers = {id(check): number for number, check in enumerate(self.checks, 1)}

    # --- how many parts

    @property
    def small(self) -> bool:
        """Whether it is known that there is too little to do."""
        trips, work = self.trips(self.loop), self.work()
        return isinstance(work, Const) and work.value < max(LEAST, 2 * GRAIN) or \
            isinstance(trips, Const) and trips.value < FEW

    def work(self) -> Operand:
        """About how many operations a loop is."""
        return self.build.prim("mul", self.trips(self.loop), self.cost(self.loop.body))

    def cost(self, body: tuple[Stmt, ...]) -> Operand:
        total: Operand = ZERO
        known = 1
        for statement in body:
            match statement:
                case For():
                    each = self.build.prim("mul", self.trips(statement), self.cost(statement.body))
                    total = self.build.prim("add", total, each)
                case ir.While(head=head, body=inner):
                    each = self.build.prim("mul", const(UNKNOWN), self.cost((*head, *inner)))
                    total = self.build.prim("add", total, each)
                case If(then=then, orelse=orelse):
                    total = self.build.prim("add", total, self.cost((*then, *orelse)))
                case Let(_, ir.Prim(op)) if plain(op) in TRANSCENDENTAL:
                    known += 8
                case Let(var) if var.type == INT:
                    pass
                case _:
                    known += 1
        return self.build.prim("add", total, const(known))

    def trips(self, loop: For) -> Operand:
        """How many iterations a loop has, or may have."""
        if not isinstance(loop.step, Const):
            return const(UNKNOWN)
        step, affine = loop.step.value, self.ranges.build.affine
        form = combine(affine(loop.stop), affine(loop.start), -1)
        form = form if step > 0 else combine(({}, 0), form, -1)
        if not self.inner.isdisjoint(form[0]):
            if loop.counter.lane and step == 1:  # over the iterations of a block
                return const(WIDTH)
            varies = self.loop.counter in form[0]
            return self.build.prim("floordiv", self.trips(self.loop), const(2)) if varies else const(UNKNOWN)
        length = self.sum(form[0], form[1] + abs(step) - 1)
        if abs(step) > 1:
            length = self.build.prim("floordiv", length, const(abs(step)))
        return length if self.ranges.bounds.not_negative(form, 6) else self.build.prim("max", length, ZERO)

    def sum(self, terms: dict[Var, int], constant: int) -> Operand:
        """The value of an affine form."""
        total: Operand = ZERO
        for var, factor in sorted(terms.items(), key=lambda item: item[1] < 0):
            part = self.build.prim("mul", var, const(abs(factor)))
            total = self.build.prim("add" if factor > 0 else "sub", total, part)
        return self.build.prim("add", total, const(constant))

    def varies(self, loop: For) -> bool:
        """Whether how many iterations a loop within has is a matter of where the loop around is."""
        affine = self.ranges.build.affine
        return any(self.loop.counter in affine(end)[0] for end in (loop.start, loop.stop))

    def parts(self, trips: Operand, work: Operand, copied: Operand) -> Operand:
        """The number of parts."""
        build = self.build
        grain = build.prim("add", const(GRAIN), build.prim("mul", const(SPREAD), copied))
        rows = ROWS * self.distance
        most = build.prim("floordiv", trips, const(rows)) if rows > 1 else trips
        if copied != ZERO:
            each = build.prim("floordiv", const(COPIED), build.prim("max", copied, ONE))
            most = build.prim("min", most, build.prim("max", each, const(COPIES)))
        found = build.prim("min", build.prim("min", const(PARTS), most), build.prim("floordiv", work, grain))
        enough = build.prim("ge", work, const(LEAST))
        return build.prim("select", enough, build.prim("max", found, ONE), ONE, name="parts")

    @property
    def distance(self) -> int:
        return max((each.distance for each in self.sharing.values()), default=0)

    # --- the statements

    def made(self, exclusive: Exclusive, again: bool) -> list[Stmt]:
        """The parts, and the loop as it was where there is too little to do, if that saves more than a call."""
        build, loop = self.build, self.loop
        trips, work = self.trips(loop), self.work()
        summed = [array for array, how in self.sharing.items() if how.kind == SUM]
        parts = self.parts(trips, work, self.elements(summed))
        if isinstance(parts, Const) or not again and not summed:
            self.divide(exclusive, parts, trips, summed, loop.carries, True)
            return build.here.body
        carries = tuple(replace(carry, after=Var(carry.after.type, carry.after.name)) for carry in loop.carries)
        plain_body, results = spliced(Program("", (), (loop,), tuple(carry.after for carry in loop.carries)), (),
                                      loop.span, {})
        with build.block() as block:
            self.divide(exclusive, parts, trips, summed, carries, False)
        merges = tuple(Merge(carry.after, new.after, result)
                       for carry, new, result in zip(loop.carries, carries, results))
        build.emit(If(build.prim("gt", parts, ONE), tuple(block.body), plain_body, merges, loop.span))
        return build.here.body

    def divide(self, exclusive: Exclusive, parts: Operand, trips: Operand, summed: list[Var],
               carries: tuple[Carry, ...], single: bool) -> None:
        """The loop in parts; `carries` say where its sums go, `summed` are arrays that parts have copies of."""
        build, loop = self.build, self.loop
        part = Var(INT, "part")
        totals = [build.alloc(carry.inside.type.code, (parts,), "empty", f"{carry.inside.name or 't'}_parts")
                  for carry in carries]
        copies = {array: build.alloc(array.type.dtype, (parts, *extents(build, array)), "empty",
                                     f"{array.name or 'buffer'}_parts") for array in summed}
        width = max((len(check.values) for check in self.checks), default=0)
        failed = build.alloc("i8", (parts, const(1 + width)), "zeros", "failed") if self.checks else None
        with build.block() as block:
            names = self.own_arrays(exclusive, copies)
            self.one_part(part, parts, trips, totals, names)
            for array, copy in copies.items():
                over_elements(build, names[array], lambda index, copy=copy, own=names[array]: build.store(
                    copy, (part, *index), build.load(own, index)))
        colours = 2 if any(how.kind == NEAR for how in self.sharing.values()) else 1
        uneven = any(isinstance(item, For) and self.varies(item) for item in ir.walk(loop.body))
        build.emit(Parallel(part, ZERO, parts, ONE, (), tuple(block.body), None, loop.span, colours=colours,
                            failed=failed, single=single, uneven=uneven))
        if failed is not None:
            self.raised(parts, failed)
        self.added_up(parts, carries, totals)
        for array, copy in copies.items():
            self.merged(parts, array, copy)

    def elements(self, arrays: list[Var]) -> Operand:
        """How many elements some arrays have together."""
        total: Operand = ZERO
        for array in arrays:
            size: Operand = ONE
            for extent in extents(self.build, array):
                size = self.build.prim("mul", size, extent)
            total = self.build.prim("add", total, size)
        return total

    def own_arrays(self, exclusive: Exclusive, copies: dict[Var, Var]) -> dict[Var, Var]:
        """A part's own stacks, scratch arrays, and sums for arrays that all parts add to."""
        found = {stack: Var(stack.type, stack.name) for stack in self.stacks}
        for stack in found.values():
            self.build.emit(NewList(stack))
        for array, how in self.sharing.items():
            if how.kind == SCRATCH:
                made = exclusive.made[array]
                found[array] = Var(array.type, array.name)
                self.build.emit(Alloc(found[array], made.shape, made.fill, made.span))
            elif array in copies:
                found[array] = self.build.alloc(array.type.dtype, extents(self.build, array), "zeros", array.name)
        return found

    def one_part(self, part: Var, parts: Operand, trips: Operand, totals: list[Var], names: dict[Var, Var]) -> None:
        """The iterations of a part, and its sums."""
        build, loop = self.build, self.loop
        first = self.counter(build.prim("floordiv", build.prim("mul", part, trips), parts))
        following = build.prim("add", part, ONE)
        last = self.counter(build.prim("floordiv", build.prim("mul", following, trips), parts))
        nearer, farther = ("max", "min") if loop.step.value > 0 else ("min", "max")
        carries = tuple(replace(carry, init=zero(carry.inside.type), after=Var(carry.inside.type, carry.inside.name))
                        for carry in loop.carries)
        start = first if loop.start == ZERO and loop.step == ONE else build.prim(nearer, loop.start, first)
        build.emit(replace(loop, start=start, stop=build.prim(farther, loop.stop, last),
                           carries=carries, body=Renaming(names, self.numbers).block(loop.body)))
        for carry, total in zip(carries, totals):
            build.store(total, (part,), carry.after)

    def counter(self, trip: Operand) -> Operand:
        """The counter of an iteration by its number."""
        if self.loop.step == const(-1):
            return self.build.prim("sub", self.loop.start, trip)
        return self.build.prim("add", self.loop.start, self.build.prim("mul", trip, self.loop.step))

    # --- after all parts

    def over_parts(self, parts: Operand, part: Var, fill: Callable[[], None]) -> None:
        with self.build.block() as block:
            fill()
        self.build.emit(For(part, ZERO, parts, ONE, (), tuple(block.body), None, self.loop.span))

    def added_up(self, parts: Operand, carries: tuple[Carry, ...], totals: list[Var]) -> None:
        """What the loop carried, from the sums of the parts."""
        if not totals:
            return
        build, part, new = self.build, Var(INT, "part"), []
        with build.block() as block:
            for carry, total in zip(carries, totals):
                inside = Var(carry.inside.type, carry.inside.name, carry.inside.user)
                added = build.prim("add", inside, build.load(total, (part,)))
                new.append(Carry(inside, carry.init, added, carry.after))
        build.emit(For(part, ZERO, parts, ONE, tuple(new), tuple(block.body), None, self.loop.span))

    def merged(self, parts: Operand, array: Var, copy: Var) -> None:
        """The copies of an array, added to it."""
        part = Var(INT, "part")
        self.over_parts(parts, part, lambda: over_elements(
            self.build, array,
            lambda index: self.build.accumulate(array, index, self.build.load(copy, (part, *index)))))

    def raised(self, parts: Operand, failed: Var) -> None:
        """The exception of the first part that has failed."""
        build, part = self.build, Var(INT, "part")

        def look() -> None:
            number = build.load(failed, (part, ZERO))
            with build.block() as block:
                for k, check in enumerate(self.checks, 1):
                    values = tuple(build.load(failed, (part, const(1 + at))) for at in range(len(check.values)))
                    test = build.prim("ne", number, const(k))
                    build.emit(Check(test, check.error, check.message, values, check.span))
            build.emit(If(build.prim("ne", number, ZERO), tuple(block.body), ()))

        self.over_parts(parts, part, look)


def extents(build: Builder, array: Var) -> tuple[Operand, ...]:
    return tuple(build.dim(array, axis) for axis in range(array.type.rank))


@dataclass(frozen=True)
class Renaming:
    """A body with the part's own arrays, and its checks numbered."""

    names: dict[Var, Var]
    numbers: dict[int, int]

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(map(self.statement, body))

    def statement(self, statement: Stmt) -> Stmt:
        made = substitute(statement, lambda operand: self.names.get(operand, operand))
        match made:
            case Check():
                return replace(made, number=self.numbers[id(statement)])
            case For(body=inner):
                return replace(made, body=self.block(inner))
            case ir.While(head=head, body=inner):
                return replace(made, head=self.block(head), body=self.block(inner))
            case If(then=then, orelse=orelse):
                return replace(made, then=self.block(then), orelse=self.block(orelse))
        return made
