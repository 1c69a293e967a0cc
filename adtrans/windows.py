"""Neighbouring elements that a loop reads are kept as one row, from which values made of them are computed again.

    for i in range(1, n - 1):                     tape[t, 0] = u[0]
        a = rate * u[i]                           for i in range(1, n - 1):
        d = u[i] - u[i - 1]               ->          tape[t, i] = u[i]
        tape_a[t, i - 1] = a
        tape_d[t, i - 1] = d                      and back: u[i] is tape[t, i], u[i - 1] is tape[t, i - 1]

Where the elements cannot be read again, because the array changes later, and fewer rows of elements than of values have
to be kept. A row is as much longer as the elements that an iteration reads are apart. The first of them are put there
before the loop, which does not write to the array; every iteration adds the one that is ahead of all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adtrans import ir
from adtrans.analysis.alias import apart, exchanged
from adtrans.analysis.regions import Region
from adtrans.build import ZERO, Builder, const
from adtrans.early import checked
from adtrans.ir import For, If, Load, Operand, Prim, Stmt, Store, Var
from adtrans.rules.rule import TRANSCENDENTAL, plain
from adtrans.storage import Storage, Tape

# How far apart elements of one row may be, and how much may be computed again for a value.
SPREAD = 8
LONGEST = 12
DIVISION = 4


@dataclass
class Window:
    """Loads of one array, by variable with how far each is ahead in the direction of the loop."""

    loop: For
    loads: dict[Var, int] = field(default_factory=dict)

    @property
    def leader(self) -> Var:
        return max(self.loads, key=lambda var: self.loads[var])

    @property
    def least(self) -> int:
        return min(self.loads.values())

    @property
    def spread(self) -> int:
        return self.loads[self.leader] - self.least


def windows(storage: Storage, kept: frozenset[Var]) -> tuple[list[Window], frozenset[Var]]:
    """Windows to keep instead of values, and these values."""
    found: list[Window] = []
    instead: set[Var] = set()
    groups: dict[Region, list[Var]] = {}
    for var in kept:
        groups.setdefault(storage.regions.home[var], []).append(var)
    for home, values in groups.items():
        if home.loops and home is home.loops[-1] and isinstance(home.owner, For) and home.owner.leave is None \
                and home.owner.step in (const(1), const(-1)):
            made, values = Neighbours(storage, home).of(values)
            found += made
            instead |= values
    return found, frozenset(instead)


class Neighbours:
    """Which elements values in one loop are made of."""

    def __init__(self, storage: Storage, home: Region):
        self.storage, self.home, self.loop = storage, home, home.owner
        self.written = {item.array for item in ir.walk(self.loop.body) if isinstance(item, (ir.Store, ir.Accumulate))}
        self.inside = ir.introduced(self.loop.body)
        self.exchanged = exchanged(storage.program)

    def of(self, values: list[Var]) -> tuple[list[Window], set[Var]]:
        made: dict[Var, set[Var]] = {}
        for value in values:
            loads = self.expanded(value, [LONGEST])
            if loads and all(map(self.place, loads)):
                made[value] = loads
        rows: dict[tuple, Window] = {}
        for load in {load for loads in made.values() for load in loads}:
            key, ahead = self.place(load)
            rows.setdefault(key, Window(self.loop)).loads[load] = ahead
        found = list(rows.values())
        pays = len(found) < len(made) and all(window.spread <= SPREAD for window in found)
        return (found, set(made)) if pays else ([], set())

    def expanded(self, value: Operand, left: list[int]) -> set[Var] | None:
        """The elements that a value is computed from by a few operations; None if there is anything else."""
        storage = self.storage
        if not isinstance(value, Var) or storage.free(value):
            return set()
        if storage.regions.home[value] is not self.home:
            return None
        match storage.definition(value):
            case Load():
                return {value}
            case Prim(op, args) if value.type.is_float and plain(op) not in TRANSCENDENTAL and left[0] > 0:
                left[0] -= DIVISION if op == "truediv" else 1
                parts = [self.expanded(arg, left) for arg in args]
                return None if None in parts else set().union(*parts)
        return None

    def place(self, var: Var) -> tuple[tuple, int] | None:
        """What is the same of all elements of a row, and how far ahead of the iteration one is."""
        storage, load = self.storage, self.storage.definition(var)
        steady = load.array not in self.inside and all(
            apart(storage.classes, self.exchanged, load.array, other) for other in self.written)
        if not steady or not all(map(storage.dependence.ranges.not_negative, load.index)) \
                or checked(storage, self.loop, load.index):
            return None
        rest, ahead = [], None
        for axis, item in enumerate(load.index):
            terms, offset = storage.affine(item)
            if terms == {self.loop.counter: 1} and ahead is None:
                ahead = offset * self.loop.step.value
                rest.append(axis)
            elif self.loop.counter in terms or any(storage.regions.home[term] is self.home for term in terms):
                return None
            else:
                rest.append((frozenset(terms.items()), offset))
        return None if ahead is None else ((load.array, tuple(rest)), ahead)


def keep(storage: Storage, found: Sequence[Window]) -> None:
    """Plan the rows, and the statements before their loops that put the first elements there."""
    for window in found:
        tape = storage.tape_of(window.leader)
        if tape is None or tape.loops[-1].owner is not window.loop:
            continue
        build = storage.before[id(tape.loops[0].owner)]
        extents = (*tape.extents[:-1], build.prim("add", tape.extents[-1], const(window.spread)))
        for load, ahead in window.loads.items():
            storage.plans[load] = Tape(tape.array, tape.loops, extents, ahead - window.least)
        storage.leaders |= {load: load is window.leader for load in window.loads}
        storage.wanted |= set(window.loads)
        if window.spread:
            storage.ahead.setdefault(id(window.loop), []).extend(first_elements(storage, window, tape))


def first_elements(storage: Storage, window: Window, tape: Tape) -> list[Stmt]:
    """A loop over the elements that are behind the leader in the first iteration, if there is one."""
    loop, load = window.loop, storage.definition(window.leader)
    step = loop.step.value
    build = Builder(relaxed=True)
    runs = build.prim("lt", *((loop.start, loop.stop) if step > 0 else (loop.stop, loop.start)))
    def element(at: Operand) -> None:
        back = build.prim("sub", loop.start, const(step * window.spread))
        place = build.prim("add" if step > 0 else "sub", back, at)
        index = tuple(again(storage, build, loop, item, place) for item in load.index)
        numbers = [build.iteration(region.owner) for region in tape.loops[:-1]]
        build.emit(Store(tape.array, (*numbers, at), build.load(load.array, index)))

    counter = Var(ir.INT, "e")
    with build.block() as inner:
        if window.spread == 1:
            element(ZERO)
        else:
            with build.block() as block:
                element(counter)
            build.emit(For(counter, ZERO, const(window.spread), const(1), (), tuple(block.body)))
    build.emit(If(runs, tuple(inner.body), ()))
    return build.here.body


def again(storage: Storage, build: Builder, loop: For, operand: Operand, place: Operand) -> Operand:
    """An index of the loop as it is where the counter is `place`."""
    if operand is loop.counter:
        return place
    if not isinstance(operand, Var) or not any(loop is region.owner for region in storage.regions.home[operand].loops):
        return operand
    terms, offset = storage.affine(operand)
    total: Operand = const(offset)
    for term, factor in terms.items():
        part = place if term is loop.counter else term
        total = build.prim("add", part if factor == 1 else build.prim("mul", part, const(factor)), total)
    return total
