"""How the reverse sweep gets at values of the forward sweep: still there, recomputed, or taped.

`Storage.plan(var)` answers per value:

    Here          defined outside all loops: the variable itself
    Again         recomputed from values that need no tape, or read where the forward sweep stored it
    Tape          stored in an array indexed by the loops' counters, which is allocated before the outermost loop whose
                  trips are known by then; in turn pushed on a stack where that loop is within others
    Stack         pushed on a growable stack (trip counts unknown beforehand, and array references)
    Export        defined in a branch outside all loops: joined out of it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from adtrans import ir
from adtrans.analysis.alias import Classes
from adtrans.analysis.dependence import Dependence
from adtrans.analysis.regions import Region, Regions
from adtrans.build import Builder, const
from adtrans.ir import Accumulate, Const, Dim, For, If, Let, Load, Operand, Prim, Program, Stmt, Store, Var, While
from adtrans.rules.rule import TRANSCENDENTAL, plain


@dataclass(frozen=True)
class Here:
    pass


@dataclass(frozen=True)
class Again:
    pass


@dataclass(frozen=True)
class Counter:
    """The counter of a loop: the reverse loop has its own."""


@dataclass(frozen=True, eq=False)
class Tape:
    """`array` indexed by the iteration numbers of `loops`, that of the last one plus `shift`."""

    array: Var
    loops: tuple[Region, ...]
    extents: tuple[Operand, ...]
    shift: int = 0


@dataclass(frozen=True, eq=False)
class Stack:
    stack: Var


@dataclass(frozen=True, eq=False)
class Export:
    """`steps` are (branch region, joined variable), innermost first; the last variable is at function level."""

    steps: tuple[tuple[Region, Var], ...]

    @property
    def outer(self) -> Var:
        return self.steps[-1][1]


# Arrays of these hold what is stored in them.
EXACT = ("f4", "f8", "i8", "b1")
Plan = Here | Again | Counter | Tape | Stack | Export


@dataclass
class Storage:
    """The storage plan of one program, made on demand.

    `kept` tells which values the reverse sweep needs for themselves in any case, `placed` of which elements that are
    read it needs the indices; `wanted` are values that it is known to need from what it needed before. `leaders` are
    elements on the tapes of windows (see `windows`), and whether iterations put them there; the others are there
    already, by iterations before or by what is `ahead` of a loop.
    """

    program: Program
    regions: Regions
    classes: Classes
    companions: dict[Var, Var] = field(default_factory=dict)
    kept: Callable[[Var], bool] = lambda var: False
    placed: Callable[[Var], bool] = lambda var: False
    wanted: frozenset[Var] = frozenset()

    def __post_init__(self) -> None:
        self.plans: dict[Var, Plan] = {}
        self.frees: dict[Var, bool] = {}
        self.stores: dict[Var, list] = {}
        self.stored: dict[Var, list[Store]] = {}
        self.copies: dict[Var, Store] = {}
        self.tapes: set[Var] = set()
        self.leaders: dict[Var, bool] = {}
        self.ahead: dict[int, list[Stmt]] = {}
        self.fresh = fresh_classes(self.program, self.classes)
        self.before: dict[int, Builder] = {}
        self.trips: dict[int, Var] = {}
        self.dependence = Dependence(self.program, self.regions)
        self.lasting: dict[int, bool] = {}
        for statement in ir.walk(self.program.body):
            if isinstance(statement, (Store, Accumulate)):
                self.stores.setdefault(self.classes[statement.array], []).append(statement)
            if isinstance(statement, Store) and isinstance(statement.value, Var):
                self.stored.setdefault(statement.value, []).append(statement)

    # --- decisions

    def plan(self, var: Var) -> Plan:
        if var not in self.plans:
            self.plans[var] = self.decide(var)
        return self.plans[var]

    def decide(self, var: Var) -> Plan:
        home = self.regions.home[var]
        if home.parent is None:
            return Here()
        if self.is_counter(var):
            return Counter()
        if self.free(var):
            return Again() if home.loops or self.cheap_again(var) else self.export(var, home)
        if not home.loops:
            return self.export(var, home)
        name = f"{var.name}_tape" if var.name else "tape"
        return self.tape_of(var) or Stack(Var(ir.ListOf(var.type), "tapes" if var in self.tapes else name))

    def tape_of(self, var: Var) -> Tape | None:
        """A tape for a value, where it is known beforehand how long it has to be."""
        home = self.regions.home[var]
        name = f"{var.name}_tape" if var.name else "tape"
        for first, region in enumerate(home.loops if isinstance(var.type, ir.Scalar) else ()):
            extents = self.extents(home.loops[first:])
            if extents is not None:
                axes = [axis for axis, loop in enumerate(home.loops[first:]) if axis == 0 or self.varies(var, loop)]
                array = Var(ir.Array(var.type.code, len(axes), "C"), name)
                self.tapes.add(array)
                self.regions.home[array] = self.regions.at[id(region.owner)]
                return Tape(array, tuple(home.loops[first + axis] for axis in axes),
                            tuple(extents[axis] for axis in axes))
        return None

    def varies(self, operand: Operand, loop: Region) -> bool:
        """Whether a value may be another one in another iteration of a loop around it, the iterations of all other
        loops being the same."""
        if not isinstance(operand, Var) or loop not in self.regions.home[operand].chain():
            return False
        statement = self.regions.definition.get(operand)
        if isinstance(statement, For) and statement.counter is operand:
            return statement is loop.owner or self.varies(statement.start, loop) or self.varies(statement.step, loop)
        match self.definition(operand):
            case Prim(_, args):
                return any(self.varies(arg, loop) for arg in args)
            case Load(array, index):
                return any(self.varies(part, loop) for part in (array, *index)) or any(
                    loop in self.regions.at[id(store)].chain() for store in self.stores.get(self.classes[array], ()))
        return True

    def cheap_again(self, var: Var) -> bool:
        return not isinstance(self.definition(var), Load)

    def is_counter(self, var: Var) -> bool:
        statement = self.regions.definition.get(var)
        return isinstance(statement, For) and statement.counter is var

    def definition(self, var: Var):
        statement = self.regions.definition.get(var)
        return statement.expr if isinstance(statement, Let) else None

    def free(self, operand: Operand) -> bool:
        """Whether the reverse sweep can have a value without storing it."""
        if not isinstance(operand, Var):
            return True
        if operand not in self.frees:
            self.frees[operand] = False
            self.frees[operand] = self.find_free(operand)
        return self.frees[operand]

    def find_free(self, var: Var) -> bool:
        home = self.regions.home[var]
        if home.parent is None or self.is_counter(var):
            return True
        match self.definition(var):
            case Prim(op, args) if plain(op) not in TRANSCENDENTAL and all(
                    self.free(arg) or self.kept(arg) or arg in self.wanted or self.outward(arg, home) for arg in args):
                return True
            case Dim(array):
                return self.reachable(array)
            case Load(array, index) if self.placed(var) or all(self.free(arg) for arg in index):
                load = self.regions.definition[var]
                if self.at_hand(array, load) and self.stable(load):
                    return True
        copy = self.copy_of(var)
        if copy is not None:
            self.copies[var] = copy
        return copy is not None

    def outward(self, operand: Operand, home: Region) -> bool:
        """Whether a number is from further out than a loop: there are fewer of it to keep than of what it goes into."""
        return isinstance(operand, Var) and isinstance(operand.type, ir.Scalar) \
            and len(self.regions.home[operand].loops) < len(home.loops)

    def reachable(self, array: Var) -> bool:
        """Whether an array reference is still at hand in the reverse sweep."""
        return not self.regions.home[array].loops

    def at_hand(self, array: Var, access: Stmt) -> bool:
        """Whether the reverse sweep may have an array: it is reachable, or kept for accesses in loops further in."""
        home = self.regions.home[array]
        return self.reachable(array) or (
            self.classes[array] in self.fresh and len(self.regions.at[id(access)].loops) > len(home.loops))

    def copy_of(self, var: Var) -> Store | None:
        """A store of the value, right where it is defined, to an element that nothing is written to afterwards."""
        for store in self.stored.get(var, ()):
            if self.regions.at[id(store)] is self.regions.home[var] and self.at_hand(store.array, store) \
                    and store.array.type.dtype in EXACT and all(self.free(arg) for arg in store.index) \
                    and (self.alone(store) or self.last(store)):
                return store
        return None

    def alone(self, store: Store) -> bool:
        """Whether nothing else writes to the memory, and each iteration to an element of its own."""
        return self.stores[self.classes[store.array]] == [store] and self.injective(store)

    def injective(self, store: Store) -> bool:
        """Whether each iteration stores to an element of its own: an index that counts from the end may meet others."""
        region = self.regions.at[id(store)]
        loops = region.loops[self.lifetime(store.array):]
        return all(isinstance(loop.owner, For) and loop.owner.counter in store.index
                   and self.dependence.ranges.not_negative(loop.owner.counter) for loop in loops)

    def lifetime(self, array: Var) -> int:
        """The number of loops around the allocation of an array: it is another one in each of their iterations."""
        made = self.fresh.get(self.classes[array])
        return len(self.regions.home[made].loops) if made is not None else 0

    def stable(self, load: Let) -> bool:
        """Whether the element is not written to after it has been read."""
        return self.last(load)

    def last(self, access: Let | Store) -> bool:
        """Whether no store to the memory can run after an access and change its element."""
        array = access.expr.array if isinstance(access, Let) else access.array
        if id(access) not in self.lasting:
            within = self.lifetime(array)
            self.lasting[id(access)] = not any(self.dependence.overwrites(store, access, within)
                                               for store in self.stores.get(self.classes[array], ()))
        return self.lasting[id(access)]

    # --- tapes

    def extents(self, loops: tuple[Region, ...]) -> tuple[Operand, ...] | None:
        """Upper bounds of the trip counts of nested loops, known before the outermost one; else None."""
        outermost = loops[0].owner
        build = self.before.setdefault(id(outermost), Builder(relaxed=True))
        mark = build.mark()
        limits: dict[Var, tuple] = {}
        found = []
        for region in loops:
            loop = region.owner
            if isinstance(loop, While) or loop.leave is not None or not isinstance(loop.step, Const):
                build.rollback(mark)
                return None
            bounds = self.bounds(build, loop, limits, outermost)
            if bounds is None:
                build.rollback(mark)
                return None
            limits[loop.counter] = bounds[:2]
            found.append(bounds[2])
        return tuple(found)

    def bounds(self, build: Builder, loop: For, limits: dict, outermost: For):
        """(lowest, highest) value of the counter and the greatest number of trips, as operands."""
        start = [self.extreme(build, loop.start, limits, highest, outermost, 0) for highest in (False, True)]
        stop = [self.extreme(build, loop.stop, limits, highest, outermost, 0) for highest in (False, True)]
        if None in start or None in stop:
            return None
        step = loop.step.value
        fixed = self.difference(build, loop, limits, outermost)
        if step > 0:
            span = fixed if fixed is not None else build.prim("sub", stop[1], start[0])
            ends = start[0], build.prim("sub", stop[1], const(1))
        else:
            span = fixed if fixed is not None else build.prim("sub", start[1], stop[0])
            ends = build.prim("add", stop[0], const(1)), start[1]
        if abs(step) != 1:
            span = build.prim("floordiv", build.prim("add", span, const(abs(step) - 1)), const(abs(step)))
        return (*ends, build.prim("max", span, const(0)))

    def difference(self, build: Builder, loop: For, limits, outermost) -> Operand | None:
        """The greatest |stop - start| where both move together with an outer counter."""
        if loop.start == const(0):
            return None
        first, second = (loop.stop, loop.start) if loop.step.value > 0 else (loop.start, loop.stop)
        left, right = self.affine(first), self.affine(second)
        terms = dict(left[0])
        for var, factor in right[0].items():
            terms[var] = terms.get(var, 0) - factor
        total: Operand = const(left[1] - right[1])
        for var, factor in terms.items():
            if factor == 0:
                continue
            limit = self.extreme(build, var, limits, factor > 0, outermost, 0)
            if limit is None:
                return None
            total = build.prim("add", build.prim("mul", limit, const(factor)), total)
        return total

    def affine(self, operand: Operand) -> tuple[dict[Var, int], int]:
        """Look through integer additions of the forward sweep."""
        if isinstance(operand, Const):
            return {}, operand.value
        match self.definition(operand):
            case Prim("add", (a, b)):
                x, y = self.affine(a), self.affine(b)
                return merge(x[0], y[0], 1), x[1] + y[1]
            case Prim("sub", (a, b)):
                x, y = self.affine(a), self.affine(b)
                return merge(x[0], y[0], -1), x[1] - y[1]
        return {operand: 1}, 0

    def extreme(self, build: Builder, operand: Operand, limits, highest: bool, outermost, depth: int):
        """The lowest or highest value of an integer over the loops, computed before them; None if unknown."""
        if isinstance(operand, Const):
            return operand
        if operand in limits:
            return limits[operand][highest]
        match self.definition(operand):
            case Prim("min", (Const() as limit, _) | (_, Const() as limit)) if highest:
                return limit
        if self.precedes(operand, outermost):
            return operand
        if depth > 12:
            return None

        def inner(other: Operand, high: bool):
            return self.extreme(build, other, limits, high, outermost, depth + 1)

        match self.definition(operand):
            case Prim("add" | "min" | "max" as op, (a, b)):
                parts = inner(a, highest), inner(b, highest)
            case Prim("sub", (a, b)):
                op, parts = "sub", (inner(a, highest), inner(b, not highest))
            case Prim("mul", (a, Const(value))) | Prim("mul", (Const(value), a)):
                op, parts = "mul", (inner(a, highest == (value >= 0)), const(value))
            case Prim("floordiv", (a, Const(value))) if value > 0:
                op, parts = "floordiv", (inner(a, highest), const(value))
            case Dim(array, axis) if self.precedes(array, outermost):
                return build.dim(array, axis)
            case _:
                return None
        return None if None in parts else build.prim(op, *parts)

    def precedes(self, var: Var, statement) -> bool:
        """Whether a variable is defined where a statement stands."""
        regions = self.regions
        definition = regions.definition.get(var)
        return regions.home[var] in regions.at[id(statement)].chain() and (
            definition is None or regions.order[id(definition)] < regions.order[id(statement)])

    # --- branches

    def export(self, var: Var, home: Region) -> Export:
        steps = []
        for region in reversed(home.chain()[1:]):
            steps.append((region, Var(var.type, var.name, var.user)))
        return Export(tuple(steps))

    def count(self, loop: For | While) -> Var:
        """The number of iterations that ran, for a loop that can be left early."""
        if id(loop) not in self.trips:
            var = Var(ir.INT, "n_trips")
            self.trips[id(loop)] = var
            self.regions.home[var] = self.regions.at[id(loop)]
            self.regions.definition[var] = loop
        return self.trips[id(loop)]


def fresh_classes(program: Program, classes: Classes) -> dict[Var, Var]:
    """Memory classes that one allocation makes, with its variable; no reference of theirs is carried or merged."""
    made: dict[Var, list] = {}
    for param in program.params:
        made.setdefault(classes[param], []).append(None)
    for statement in ir.walk(program.body):
        found: list = []
        match statement:
            case ir.Alloc(var):
                found = [var]
            case ir.Call(vars):
                found = [var for var in vars if isinstance(var.type, ir.Array)]
            case For(carries=carries) | While(carries=carries):
                made.update({classes[carry.inside]: [None, None] for carry in carries})
            case If(merges=merges):
                made.update({classes[merge.after]: [None, None] for merge in merges})
        for var in found:
            made.setdefault(classes[var], []).append(var)
    return {group: items[0] for group, items in made.items() if len(items) == 1 and items[0] is not None}


def merge(a: dict, b: dict, factor: int) -> dict:
    terms = dict(a)
    for var, coefficient in b.items():
        terms[var] = terms.get(var, 0) + factor * coefficient
    return {var: c for var, c in terms.items() if c}


__all__ = ["Again", "Counter", "Export", "Here", "If", "Plan", "Stack", "Storage", "Tape"]
