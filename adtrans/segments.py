"""Long loops of which the reverse sweep runs parts again, from snapshots, and keeps the values of one part only.

    for t in range(n):              for s in range(count):               for s in range(count - 1, -1, -1):
        for i in range(1, m):           u_snapshots[s] = u                   u = u_snapshots[s]
            u[i] *= u[i - 1]  ->        for t in range(s * length, ...):     for t in range(s * length, ...):
                                            for i in range(1, m):                tape[t - s * length] = ...
                                                u[i] *= u[i - 1]             for t in range(..., s * length - 1, -1):

Memory is that of the snapshots and of the values of one part; a part costs one more run of its iterations. With as many
snapshots as the root of the number of iterations both are of the same order (A. Griewank and A. Walther, "Evaluating
Derivatives", 2008, chapter 12).

It takes a counted loop at function level; array references that it carries may only take turns. What it writes to, or
what is written to after it, is saved; everything else that an iteration reads is as it was. Arrays whose last state is
a result get it back. Which arrays take which turn when a part starts is found from the last part to the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adtrans import ir
from adtrans.analysis.activity import Activity
from adtrans.analysis.alias import exchanged
from adtrans.analysis.regions import Regions
from adtrans.build import ONE, ZERO, Builder, const, over_elements, zero
from adtrans.ir import Accumulate, Array, Carry, For, ListOf, Operand, Program, Scalar, Stmt, Store, Var
from adtrans.splice import spliced

if TYPE_CHECKING:
    from adtrans.local import Local
    from adtrans.reverse import Reverse

AUTOMATIC = -1


def marked(program: Program, segments: int) -> Program:
    """The program with all its loops at function level to be run in parts, of which there are `segments`; `AUTOMATIC`
    is as many as iterations in each."""
    return replace(program, body=tuple(
        replace(item, segments=segments) if isinstance(item, For) and item.segments is None else item
        for item in program.body))


@dataclass
class Segments:
    """A loop in parts: `saved` arrays are put back before a part runs again, `kept` ones get their last state back.

    References that take turns stand in `saved` as they are within the loop.

    `made` is the forward loop, `tapes` are made in the reverse one.
    """

    loop: For
    saved: tuple[Var, ...]
    kept: tuple[Var, ...]
    made: list[Stmt] = field(default_factory=list)
    tapes: set[Var] = field(default_factory=set)
    snapshots: dict[Var, Var] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.turning = [carry for carry in self.loop.carries if isinstance(carry.inside.type, Array)]
        self.numbers = [carry for carry in self.loop.carries if carry not in self.turning]

    # --- the forward sweep

    def divide(self, build: Builder) -> None:
        """How long parts are, and how many."""
        from adtrans.reverse import trip_count

        loop = self.loop
        trips = trip_count(build, loop.start, loop.stop, loop.step)
        if loop.segments == AUTOMATIC:
            root = build.prim("sqrt", build.cast(trips, ir.F8))
            length = build.cast(build.prim("floor", root), ir.INT)
        else:
            length = build.prim("floordiv", build.prim("add", trips, const(loop.segments - 1)), const(loop.segments))
        self.length = build.prim("max", length, ONE)
        rounded = build.prim("add", trips, build.prim("sub", self.length, ONE))
        self.count = build.prim("floordiv", rounded, self.length)

    def limits(self, build: Builder, number: Operand) -> tuple[Operand, Operand]:
        """Where a part starts and stops."""
        loop, ahead = self.loop, self.loop.step == ONE
        done = build.prim("mul", number, self.length)
        low = build.prim("add" if ahead else "sub", loop.start, done)
        high = build.prim("add" if ahead else "sub", low, self.length)
        return low, build.prim("min" if ahead else "max", high, loop.stop)

    def forward(self, companions: dict[Var, Var]) -> None:
        """Make the forward loop; `companions` are shadows that travel with array references."""
        build, loop, number = Builder(relaxed=True), self.loop, Var(ir.INT, "s")
        build.span = loop.span
        self.divide(build)
        self.allocate(build)
        travelling = [Carry(*(companions[var] for var in (carry.inside, carry.init, carry.next, carry.after)))
                      for carry in self.turning if carry.inside in companions]
        carries = (*loop.carries, *travelling)
        around = {carry.inside: Var(carry.inside.type, carry.inside.name) for carry in carries}
        inner, outer = [], []
        for carry in carries:
            after = Var(carry.inside.type, carry.inside.name)
            inner.append(Carry(carry.inside, around[carry.inside], carry.next, after))
            outer.append(Carry(around[carry.inside], carry.init, after, carry.after))
        with build.block() as block:
            for var in self.saved:
                copy(build, around.get(var, var), self.snapshots[var], (), (number,))
            for carry in self.numbers:
                build.store(self.snapshots[carry.inside], (number,), around[carry.inside])
            low, high = self.limits(build, number)
            build.emit(replace(loop, start=low, stop=high, carries=tuple(inner), segments=None))
        build.emit(For(number, ZERO, self.count, ONE, tuple(outer), tuple(block.body), None, loop.span))
        self.made = build.here.body

    def allocate(self, build: Builder) -> None:
        """Snapshots of arrays, of those that take turns as large as the largest, and of numbers."""
        turning = {carry.inside: carry.init for carry in self.turning}
        for var in self.saved:
            alike = [init for inside, init in turning.items() if inside.type.rank == var.type.rank]
            shape = tuple(self.widest(build, alike if var in turning else [var], axis) for axis in range(var.type.rank))
            self.snapshots[var] = build.alloc(var.type.dtype, (self.count, *shape), "empty", snapshots_of(var))
        for carry in self.numbers:
            made = build.alloc(carry.inside.type.code, (self.count,), "empty", snapshots_of(carry.inside))
            self.snapshots[carry.inside] = made

    def widest(self, build: Builder, arrays: list[Var], axis: int) -> Operand:
        found, *others = dict.fromkeys(build.dim(array, axis) for array in arrays)
        for other in others:
            found = build.prim("max", found, other)
        return found

    # --- the reverse sweep

    def reverse(self, reverse: Reverse, differentiate: Callable[..., Program]) -> None:
        """Emit the loop over the parts, from last to first, each of them run again and reversed."""
        loop, build, activity = self.loop, reverse.build, reverse.activity
        if not reverse.touches(loop):
            return
        carried = [carry for carry in self.numbers if reverse.flows(carry)]
        ends = [reverse.take(carry.after) or zero(carry.after.type) for carry in carried]
        outer = reverse.outer_scalars(loop)
        begins = [reverse.bars.get(var, zero(var.type)) for var in outer]
        arrays = {var: reverse.shadow(var) for var in ir.free_variables(loop)
                  if isinstance(var.type, Array) and activity.memory_active(var)}
        turns = Turns(self.turning, reverse)
        last = {var: copied(build, var) for var in self.kept}
        bars = [Var(end.type, f"{carry.inside.name or 't'}_bar") for carry, end in zip(carried, ends)]
        sums = [Var(var.type, f"{var.name or 't'}_bar") for var in outer]
        number, span = Var(ir.INT, "s"), build.span
        written = {activity.classes[item.array] for item in ir.walk(loop.body)
                   if isinstance(item, (Store, Accumulate))}
        with build.block() as block:
            low, high = self.limits(build, number)
            starts, shadows = turns.back(build, *((low, high) if loop.step == ONE else (high, low)))
            places = {carry.inside: start for carry, start in starts.items()}
            for var in self.saved:
                copy(build, self.snapshots[var], places.get(var, var), (number,), ())
            inits = {carry: build.load(self.snapshots[carry.inside], (number,), carry.inside.name)
                     for carry in self.numbers}
            program, results = self.part(reverse.program, low, high, {**starts, **inits})
            ours = dict(zip(loop.carries, results))
            arrays.update(shadows)
            left = tuple(var for var in arrays if var in shadows or activity.classes[var] in written)
            made = differentiate(
                replace(program, facts={"outputs": left}), (*arrays, *(inits[carry] for carry in carried), *outer),
                shadows=arrays, ends=left, seeds=[(ours[carry], bar) for carry, bar in zip(carried, bars)])
            for statement in made.body:
                build.emit(statement)
            nexts, added = made.results[:len(carried)], made.results[len(carried):]
            totals = [build.prim("add", bar, more) for bar, more in zip(sums, added)]
        build.span = span
        self.tapes = made.facts["tapes"]
        reverse.reversed |= made.facts["reversed"]
        reverse.plans += made.facts["plans"]
        carries = [Carry(bar, begin, following, Var(bar.type, bar.name))
                   for bar, begin, following in zip((*bars, *sums), (*ends, *begins), (*nexts, *totals))]
        first = build.prim("sub", self.count, ONE)
        build.emit(For(number, first, const(-1), const(-1), (*carries, *turns.carries), tuple(block.body), None,
                       loop.span))
        for var, carry in zip(outer, carries[len(bars):]):
            reverse.bars[var] = carry.after
        for carry, made_carry in zip(carried, carries):
            reverse.add(carry.init, made_carry.after)
        for var, state in last.items():
            copy(build, state, var, (), ())

    def part(self, whole: Program, low: Operand, high: Operand, inits: dict) -> tuple[Program, list[Var]]:
        """A part of the loop as a program of its own, and what it carries out."""
        afters = [Var(carry.after.type, carry.after.name, carry.after.user) for carry in self.loop.carries]
        loop = replace(self.loop, start=low, stop=high, segments=None, carries=tuple(
            Carry(carry.inside, inits[carry], carry.next, after) for carry, after in zip(self.loop.carries, afters)))
        entries = [each for each in ir.operands(loop) if isinstance(each, Var)]
        bare = replace(whole, params=tuple(dict.fromkeys((*ir.free_variables(loop), *entries))), body=(loop,),
                       results=tuple(afters), facts={})
        body, results = spliced(bare, bare.params, self.loop.span, {})
        return replace(bare, body=body, results=tuple(results)), results


class Turns:
    """The references that take turns, and their shadows, as the reverse loop over parts carries them."""

    def __init__(self, turning: list[Carry], reverse: Reverse):
        self.turning = turning
        self.carries: list[Carry] = []
        self.held: list[dict[Var, Var]] = []
        pairs = [{carry.inside: carry.after for carry in turning}]
        if turning and all(reverse.activity.memory_active(carry.inside) for carry in turning):
            pairs.append({carry.inside: reverse.shadow(carry.after) for carry in turning})
        for ends in pairs:
            held = {inside: Var(end.type, end.name) for inside, end in ends.items()}
            self.held.append(held)
            self.carries += [Carry(held[inside], end, end, Var(end.type, end.name)) for inside, end in ends.items()]

    def back(self, build: Builder, low: Operand, high: Operand) -> tuple[dict[Carry, Var], dict[Var, Var]]:
        """The references where a part starts, by carry, and the shadows of these."""
        if not self.turning:
            return {}, {}
        inner, starts = [], []
        for held in self.held:
            inside = {carry.inside: Var(held[carry.inside].type, held[carry.inside].name) for carry in self.turning}
            before = {carry.next: inside[carry.inside] for carry in self.turning}
            after = {carry.inside: Var(held[carry.inside].type, held[carry.inside].name) for carry in self.turning}
            inner += [Carry(inside[each], held[each], before[each], after[each]) for each in inside]
            starts.append(after)
        build.emit(For(Var(ir.INT, "k"), low, high, ONE, tuple(inner), ()))
        following = [start for each in starts for start in each.values()]
        self.carries = [replace(carry, next=start) for carry, start in zip(self.carries, following)]
        shadows = dict(zip(starts[0].values(), starts[1].values())) if len(starts) > 1 else {}
        return {carry: starts[0][carry.inside] for carry in self.turning}, shadows


def snapshots_of(var: Var) -> str:
    return f"{var.name or 't'}_snapshots"


def copied(build: Builder, var: Var) -> Var:
    """A copy of an array."""
    made = build.alloc(var.type.dtype, tuple(build.dim(var, axis) for axis in range(var.type.rank)), "empty",
                       f"{var.name or 't'}_kept")
    copy(build, var, made, (), ())
    return made


def copy(build: Builder, source: Var, target: Var, row: tuple[Operand, ...], into: tuple[Operand, ...]) -> None:
    """target[into, ...] = source[row, ...]."""
    whole = source if not row else target
    over_elements(build, whole, lambda index: build.store(target, (*into, *index), build.load(source, (*row, *index))))


def segmented(program: Program, activity: Activity, regions: Regions, loops: frozenset[int]) -> dict[int, Segments]:
    """The loops among `loops` that are run in parts, by identity."""
    found, apart = {}, exchanged(program) if loops else {}
    ends = {activity.classes[var] for var in (*program.results, *program.facts.get("outputs", ()))
            if isinstance(var, Var) and isinstance(var.type, Array)}
    for loop in program.body:
        if isinstance(loop, For) and id(loop) in loops and loop.segments is not None and fits(loop, activity, apart):
            saved = tuple(overwritten(program, loop, activity, regions))
            after = {carry.inside: carry.after for carry in loop.carries}
            found[id(loop)] = Segments(loop, saved, tuple(
                after.get(var, var) for var in saved if activity.classes[var] in ends))
    return found


def runs_again(program: Program, activity: Activity, local: dict[int, Local]) -> list[For]:
    """The loops that could be run in parts and have not been asked to be."""
    loops = [item for item in program.body if isinstance(item, For) and item.segments is None and id(item) not in local]
    apart = exchanged(program) if loops else {}
    return [loop for loop in loops if fits(loop, activity, apart)]


def fits(loop: For, activity: Activity, apart: dict[Var, tuple]) -> bool:
    """Whether parts of a loop can be run again by themselves."""
    if loop.leave is not None or loop.step not in (ONE, const(-1)):
        return False
    turning = [carry.inside for carry in loop.carries if isinstance(carry.inside.type, Array)]
    if not all(var in apart and activity.memory_active(var) == activity.memory_active(turning[0])
               for var in turning):
        return False
    references = [var for var in ir.free_variables(loop) if not isinstance(var.type, Scalar)]
    groups = {activity.classes[var] for var in references}
    if any(isinstance(var.type, ListOf) for var in references) or len(groups) < len(references) \
            or not groups.isdisjoint(activity.classes[var] for var in turning):
        return False
    return not any(isinstance(item, (ir.Print, ir.Push)) for item in ir.walk(loop.body))


def overwritten(program: Program, loop: For, activity: Activity, regions: Regions) -> list[Var]:
    """The arrays from outside that do not stay as they are when the loop starts, and those that take turns."""
    inside, order = {id(item) for item in ir.walk((loop,))}, regions.order
    changed = {activity.classes[item.array] for item in ir.walk(program.body) if isinstance(item, (Store, Accumulate))
               and (id(item) in inside or order[id(item)] > order[id(loop)])}
    return [var for var in (*ir.free_variables(loop), *(carry.inside for carry in loop.carries))
            if isinstance(var.type, Array) and activity.classes[var] in changed]
