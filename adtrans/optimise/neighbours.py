"""Sums that neighbouring elements get, read where their parts stand.

    for i in range(n - 2):                          for j in range(2, n - 2):
        t = b_bar[i + 1]                                a_bar[j] += (b_bar[j + 1] + b_bar[j] + b_bar[j - 1]) * 0.2
        b_bar[i + 1] = 0.0                  ->      for e in range(4):          # both ends, where some are missing
        a_bar[i] += t * 0.2                             ...
        a_bar[i + 1] += t * 0.2                     for i in range(n - 2):
        a_bar[i + 2] += t * 0.2                         b_bar[i + 1] = 0.0

What an iteration adds is computed once for each element that gets it, from what it was computed from before. So the
nest is read as a map from iterations to values, and may not change what it reads, but for places of an iteration's own
that it stores to afterwards: these stores become a nest that follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from adtrans import ir
from adtrans.build import ONE, UNFAILING, ZERO, Builder, const
from adtrans.ir import INT, Accumulate, Const, Dim, For, If, Let, Load, Operand, Pop, Prim, Stmt, Store, Var

# How short a loop may be, how many parts a sum may have, and what it costs to compute something again; what is not
# named costs DEAR.
SHORT = 16
PARTS = 32
DEAR = 20
COSTS = {"add": 1, "sub": 1, "mul": 1, "neg": 0, "min": 1, "max": 1, "select": 1, "abs": 1, "cast": 1, "truediv": 6}

# An axis of a place: the level of the counter that it follows and what is added to it, or the index itself.
Axis = tuple[int, int] | Operand


@dataclass(frozen=True)
class Extent:
    """From `low` to below `high`."""

    low: Operand
    high: Operand

    @classmethod
    def of(cls, build: Builder, loop: For) -> Extent:
        """The values of a counter, ascending."""
        if loop.step == ONE:
            return cls(loop.start, loop.stop)
        return cls(build.prim("add", loop.stop, ONE), build.prim("add", loop.start, ONE))

    @property
    def short(self) -> bool:
        return isinstance(self.low, Const) and isinstance(self.high, Const) and \
            self.high.value - self.low.value < SHORT


@dataclass(frozen=True)
class Part:
    """What iterations add to `array`: `value`, at their counters plus `offsets`, which are by level."""

    value: Operand
    offsets: tuple[int, ...]


@dataclass
class Family:
    """The parts that go to one array, all with the counters on the same axes. `twins` get the same."""

    array: Var
    axes: tuple[int | Operand, ...]
    parts: list[Part] = field(default_factory=list)
    twins: list[Family] = field(default_factory=list)

    @property
    def spread(self) -> bool:
        return len({part.offsets for part in self.parts}) > 1

    def index(self, places: list[Operand]) -> tuple[Operand, ...]:
        return tuple(places[axis] if isinstance(axis, int) else axis for axis in self.axes)


@dataclass
class Nest:
    """Loops that stand in each other, `ahead` what does not depend on their counters, `body` the rest."""

    loops: tuple[For, ...]
    ahead: list[Let]
    body: list[Stmt]
    dependent: set[Operand]

    @cached_property
    def definitions(self) -> dict[Operand, Let]:
        return {item.var: item for item in self.body if isinstance(item, Let)}

    @property
    def counters(self) -> list[Var]:
        return [loop.counter for loop in self.loops]

    def slice_of(self, operand: Operand, found: dict[Operand, Let] | None = None) -> dict[Operand, Let]:
        """The statements of the body that an operand is computed by."""
        found = {} if found is None else found
        item = self.definitions.get(operand)
        if item is not None and operand not in found:
            found[operand] = item
            for other in ir.operands(item.expr):
                self.slice_of(other, found)
        return found

    def extents(self, build: Builder) -> list[Extent]:
        """The values of the counters, ascending."""
        return [Extent.of(build, loop) for loop in self.loops]


def nest_of(loop: Stmt) -> Nest | None:
    """The nest that a loop is, down to loops without others."""
    loops, found = [], []
    while isinstance(loop, For) and loop.body and plain(loop):
        loops.append(loop)
        *before, last = loop.body
        if not isinstance(last, For):
            before, last = loop.body, None
        if not all(isinstance(item, (Let, Store, Accumulate) if last is None else Let) and not popped(item)
                   for item in before):
            return None
        if last is not None and not all(isinstance(item.expr, Prim) and item.var.type == INT for item in before):
            return None
        found += before
        if last is None:
            return divided(tuple(loops), found)
        loop = last
    return None


def divided(loops: tuple[For, ...], found: list[Stmt]) -> Nest | None:
    """The nest of these statements, if its counters' limits do not depend on its counters."""
    dependent: set[Operand] = {loop.counter for loop in loops}
    ahead, body = [], []
    for item in found:
        match item:
            case Let(var, Prim(op, args)) if op in UNFAILING and var.type == INT and dependent.isdisjoint(args):
                ahead.append(item)
            case _:
                dependent.update(ir.defined(item))
                body.append(item)
    square = all(dependent.isdisjoint((loop.start, loop.stop)) for loop in loops)
    return Nest(loops, ahead, body, dependent) if square else None


def plain(loop: For) -> bool:
    return not loop.carries and loop.leave is None and loop.step in (ONE, const(-1))


def popped(item: Stmt) -> bool:
    return isinstance(item, Let) and isinstance(item.expr, Pop)


@dataclass
class Places:
    """What is known of places: `affine` of indices, whether they are `not_negative`, whether arrays are `apart`."""

    affine: Callable[[Operand], tuple[Var | None, int]]
    not_negative: Callable[[Operand], bool]
    apart: Callable[[Var, Var], bool]

    def axes(self, nest: Nest, index: tuple[Operand, ...]) -> tuple[Axis, ...] | None:
        """A place by axes; None where an index follows the counters in another way."""
        found: list[Axis] = []
        counters = nest.counters
        for item in index:
            base, offset = self.affine(item)
            if base in counters:
                found.append((counters.index(base), offset))
            elif item in nest.dependent:
                return None
            else:
                found.append(item)
        return tuple(found)

    def whole(self, nest: Nest, axes: tuple[Axis, ...]) -> bool:
        """Whether each counter is on one axis: iterations have different elements, where none is negative."""
        return sorted(axis[0] for axis in axes if isinstance(axis, tuple)) == list(range(len(nest.loops)))

    def meet(self, one: tuple[Axis, ...], other: tuple[Axis, ...]) -> bool:
        """Whether two places may be one in some iterations, as far as indices tell that no counter changes."""
        for left, right in zip(one, other):
            if not isinstance(left, tuple) and not isinstance(right, tuple):
                base, offset = self.affine(left)
                others = self.affine(right)
                if base is others[0] and offset != others[1] and self.not_negative(left) and self.not_negative(right):
                    return False
        return True

    def own(self, nest: Nest, index: tuple[Operand, ...]) -> tuple[Axis, ...] | None:
        """A place that no other iteration has, by axes."""
        axes = self.axes(nest, index)
        if axes is None or not self.whole(nest, axes) or not all(map(self.not_negative, index)):
            return None
        return axes


@dataclass
class Gathering:
    """A nest, the sums that it adds by array, and the statements that stay."""

    nest: Nest
    families: list[Family]
    rest: list[Stmt]


def gathering(nest: Nest, places: Places) -> Gathering | None:
    """What a nest adds, if it can be read where it stands and that takes no longer."""
    families: dict[tuple, Family] = {}
    rest = []
    for item in nest.body:
        axes = places.axes(nest, item.index) if isinstance(item, Accumulate) else None
        if axes is None or not places.whole(nest, axes) or touched(nest, item.array, axes, places):
            if axes is not None and not places.whole(nest, axes):
                return None
            rest.append(item)
            continue
        levels = {axis[0]: axis[1] for axis in axes if isinstance(axis, tuple)}
        kind = tuple(axis[0] if isinstance(axis, tuple) else axis for axis in axes)
        family = families.setdefault((item.array, kind), Family(item.array, kind))
        family.parts.append(Part(item.value, tuple(levels[level] for level in range(len(nest.loops)))))
    found = Gathering(nest, list(families.values()), rest)
    good = any(family.spread for family in found.families) and readable(found, places) and worthwhile(found)
    return found if good else None


def touched(nest: Nest, array: Var, axes: tuple[Axis, ...], places: Places) -> bool:
    """Whether a nest reads or stores what it adds to a place."""
    for item in nest.body:
        access = item.expr if isinstance(item, Let) else item
        if isinstance(access, (Load, Store)) and not places.apart(access.array, array):
            others = places.axes(nest, access.index)
            if access.array is not array or others is None or places.meet(axes, others):
                return True
    return False


def twinned(families: list[Family]) -> list[Family]:
    """Families with those that get the same sums as twins of the first of them."""
    firsts: dict[tuple, Family] = {}
    for family in families:
        same = frozenset(Counter((part.value, part.offsets) for part in family.parts).items()), \
            tuple(axis for axis in family.axes if isinstance(axis, int))
        first = firsts.setdefault(same, family)
        if first is not family:
            first.twins.append(family)
    return list(firsts.values())


def readable(found: Gathering, places: Places) -> bool:
    """Whether what the sums are made of stays as it is until all is read, by what is stored and otherwise added."""
    nest = found.nest
    used: dict[Operand, Let] = {}
    for family in found.families:
        for part in family.parts:
            nest.slice_of(part.value, used)
    staying = {id(item) for item in found.rest}
    for at, change in enumerate(nest.body):
        if isinstance(change, (Store, Accumulate)) and id(change) in staying:
            for position, item in enumerate(nest.body):
                match item:
                    case Let(var, Load(array, index)) if var in used and not places.apart(array, change.array):
                        if array is not change.array or not read_before(nest, (position, index), (at, change.index),
                                                                        places):
                            return False
    return True


def read_before(nest: Nest, read: tuple[int, tuple], change: tuple[int, tuple], places: Places) -> bool:
    """Whether no element is read after it has been changed: each by the position in the body, and the indices."""
    one, other = places.axes(nest, read[1]), places.axes(nest, change[1])
    if one is None or other is None or not all(map(places.not_negative, (*read[1], *change[1]))):
        return False
    if not places.meet(one, other):
        return True
    if not places.whole(nest, one) or not places.whole(nest, other):
        return False
    distance = [0] * len(nest.loops)
    for left, right in zip(one, other):
        if not isinstance(left, tuple) or not isinstance(right, tuple) or left[0] != right[0]:
            if isinstance(left, tuple) or isinstance(right, tuple):
                return False
        else:
            distance[left[0]] = (left[1] - right[1]) * nest.loops[left[0]].step.value
    later = next((step > 0 for step in distance if step), None)
    return read[0] < change[0] if later is None else later


def worthwhile(found: Gathering) -> bool:
    """Whether computing each part of a sum again costs less than keeping values and reading them."""
    nest = found.nest
    parts = [part for family in found.families for part in family.parts]
    if len(parts) > PARTS:
        return False
    once: dict[Operand, Let] = {}
    again = 0
    done: set[tuple] = set()
    for part in parts:
        nest.slice_of(part.value, once)
        if (part.value, part.offsets) not in done:
            done.add((part.value, part.offsets))
            again += sum(map(cost, scaled(nest, part.value)[1]))
    values = {part.value for part in parts}
    return again <= sum(map(cost, once.values())) + 2 * len(values) + len(parts)


def scaled(nest: Nest, value: Operand) -> tuple[tuple[Operand, ...], list[Let]]:
    """The factors of a value that are the same in all iterations, and what the other factor is computed by."""
    factors, _, rest = factored(nest, value)
    return factors, list(nest.slice_of(rest).values())


def factored(nest: Nest, value: Operand) -> tuple[tuple[Operand, ...], bool, Operand]:
    """A value as factors that do not change, whether it is subtracted, and the rest."""
    factors: list[Operand] = []
    negative = False
    while value in nest.definitions:
        match nest.definitions[value].expr:
            case Prim("neg", (other,)):
                negative, value = not negative, other
            case Prim("mul", (factor, other)) if factor not in nest.dependent and other in nest.dependent:
                factors.append(factor)
                value = other
            case Prim("mul", (other, factor)) if factor not in nest.dependent and other in nest.dependent:
                factors.append(factor)
                value = other
            case _:
                break
    return tuple(factors), negative, value


def cost(item: Let) -> int:
    match item.expr:
        case Prim(op):
            return 0 if item.var.type == INT else COSTS.get(op, DEAR)
        case Load():
            return 1
    return 0


# --- the nests in place of one


class Always:
    """What says that a sum goes to zeros in all iterations."""


Zeros = Operand | type[Always] | None


class Emission:
    """The loops over the elements that get something; `extents` are the iterations by level."""

    def __init__(self, build: Builder, nest: Nest, extents: list[Extent], family: Family):
        self.build, self.nest, self.extents, self.family = build, nest, extents, family
        self.depth = len(extents)
        self.before: tuple[Stmt, ...] = ()

    def core(self) -> list[Extent]:
        """The elements that get all parts, by level."""
        return [self.common(level, self.family.parts) for level in range(self.depth)]

    def common(self, level: int, parts: list[Part]) -> Extent:
        offsets = [part.offsets[level] for part in parts]
        extent = self.extents[level]
        return Extent(self.shifted(extent.low, max(offsets)), self.shifted(extent.high, min(offsets)))

    def shifted(self, operand: Operand, offset: int) -> Operand:
        return self.build.prim("add", operand, const(offset))

    def write(self, zeros: Zeros = None, before: Sequence[Stmt] = ()) -> None:
        """The loops. `zeros` says when the elements that get all parts hold zeros, and need not be read: a test, or
        `Always`. What comes `before` is done where the test holds, by a nest of one loop."""
        self.before = tuple(before)
        self.level(0, self.family.parts, [], zeros)

    def level(self, level: int, parts: list[Part], places: list[Operand], zeros: Zeros) -> None:
        """The loops over one level and those inside: over the elements that get all of these parts, then the others."""
        if level == self.depth:
            self.sum(parts, places, zeros is not None)
            return
        build, core = self.build, self.common(level, parts)
        innermost = level == self.depth - 1
        if isinstance(zeros, Var) and innermost:
            with build.block() as stored:
                self.over(core, level, parts, places, Always)
            with build.block() as added:
                self.over(core, level, parts, places, None)
            build.emit(If(zeros, (*self.before, *stored.body), tuple(added.body)))
        else:
            self.over(core, level, parts, places, zeros)
        self.ends(level, parts, places, core)

    def over(self, extent: Extent, level: int, parts: list[Part], places: list[Operand], zeros: Zeros) -> None:
        counter = Var(INT, self.nest.loops[level].counter.name)
        with self.build.block() as block:
            self.level(level + 1, parts, [*places, counter], zeros)
        self.build.emit(For(counter, extent.low, extent.high, ONE, (), tuple(block.body)))

    def ends(self, level: int, parts: list[Part], places: list[Operand], core: Extent) -> None:
        """The elements before and after those that get all parts: each part where it exists."""
        build, extent = self.build, self.extents[level]
        offsets = sorted({part.offsets[level] for part in parts})
        reach = offsets[-1] - offsets[0]
        if not reach:
            return
        after = build.prim("max", core.low, core.high)
        counter = Var(INT, "e")
        with build.block() as block:
            place = build.prim("select", build.prim("lt", counter, const(reach)),
                               build.prim("add", self.shifted(extent.low, offsets[0]), counter),
                               build.prim("add", after, self.shifted(counter, -reach)), type=INT)
            for offset in offsets:
                own = self.shifted(place, -offset)
                there = build.prim("and", build.prim("ge", own, extent.low), build.prim("lt", own, extent.high))
                with build.block() as present:
                    self.level(level + 1, [part for part in parts if part.offsets[level] == offset], [*places, place],
                               None)
                build.emit(If(there, tuple(present.body), ()))
        build.emit(For(counter, ZERO, const(2 * reach), ONE, (), tuple(block.body)))

    def sum(self, parts: list[Part], places: list[Operand], stored: bool) -> None:
        """What one element gets, by common factors."""
        build, total = self.build, None
        groups: dict[tuple[Operand, ...], list[tuple[bool, Operand, Part]]] = {}
        for part in parts:
            factors, negative, rest = factored(self.nest, part.value)
            groups.setdefault(factors, []).append((negative, rest, part))
        computed: dict = {}
        for factors, members in groups.items():
            inner: Operand | None = None
            for negative, rest, part in sorted(members, key=lambda member: member[0]):
                found = self.recomputed(rest, tuple(part.offsets), places, computed)
                if inner is None:
                    inner = build.prim("neg", found) if negative else found
                else:
                    inner = build.prim("sub" if negative else "add", inner, found)
            for factor in factors:
                inner = build.prim("mul", inner, factor)
            total = inner if total is None else build.prim("add", total, inner)
        index = self.family.index(places)
        (build.store if stored else build.accumulate)(self.family.array, index, total)
        for twin in self.family.twins:
            build.accumulate(twin.array, twin.index(places), total)

    def recomputed(self, operand: Operand, offsets: tuple[int, ...], places: list[Operand], computed: dict) -> Operand:
        """An operand of the iteration that stands `offsets` before a place."""
        build = self.build
        if operand in self.nest.counters:
            level = self.nest.counters.index(operand)
            return self.shifted(places[level], -offsets[level])
        item = self.nest.definitions.get(operand)
        if item is None:
            return operand

        def again(other: Operand) -> Operand:
            return self.recomputed(other, offsets, places, computed)

        match item.expr:
            case Prim(op, args):
                return build.prim(op, *map(again, args), type=item.var.type)
            case Load(array, index):
                index = tuple(map(again, index))
                key = array, tuple(map(build.identity, index))
                if key not in computed:
                    computed[key] = build.load(array, index)
                return computed[key]
            case Dim(array, axis):
                return build.dim(array, axis)
        raise ir.MalformedProgram(f"cannot be computed again: {item!r}")


def remaining(nest: Nest, rest: list[Stmt]) -> list[Stmt]:
    """A nest with other statements innermost, or nothing where these change nothing."""
    if not any(isinstance(item, (Store, Accumulate)) for item in rest):
        return []
    body = tuple(rest)
    for loop in reversed(nest.loops):
        body = (replace(loop, body=body),)
    return list(body)
