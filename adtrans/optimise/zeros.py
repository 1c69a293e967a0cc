"""Zeros that are not written because something else comes there first.

    for i in range(n): a_bar[i + 1] = 0.0            a_bar[1] = 0.0; a_bar[n] = 0.0
    ...                                      ->      ...
    for j in range(2, n): a_bar[j] += s              for j in range(2, n): a_bar[j] = s

`Cleared` is a place that is to hold zeros; whoever reads or changes it otherwise has them written before.
"""

from __future__ import annotations

from dataclasses import dataclass

from adtrans.build import ONE, Builder, combine, const, zero
from adtrans.ir import INT, Accumulate, Const, Dim, For, If, Operand, Prim, Stmt, Store, Var
from adtrans.optimise.neighbours import Emission, Extent, Family, Nest, Places


@dataclass(frozen=True)
class Cleared:
    """The zeros of a nest: by axis of the array from where to where, or the index. `guard`: only where this holds.

    `written` are the statements that write them.
    """

    array: Var
    axes: tuple[Extent | Operand, ...]
    written: tuple[Stmt, ...]
    guard: Operand | None = None

    def statements(self) -> list[Stmt]:
        return list(self.written) if self.guard is None else [If(self.guard, self.written, ())]


def cleared_by(nest: Nest, rest: list[Stmt], extents: list[Extent], places: Places, build: Builder,
               written: list[Stmt]) -> Cleared | None:
    """What a nest does, if it does nothing but store zeros at places of its iterations' own."""
    changes = [item for item in rest if isinstance(item, (Store, Accumulate))]
    if len(changes) != 1 or not isinstance(changes[0], Store) or changes[0].value != zero(changes[0].value.type):
        return None
    axes = places.own(nest, changes[0].index)
    if axes is None:
        return None
    found: list[Extent | Operand] = []
    for axis in axes:
        if isinstance(axis, tuple):
            extent, offset = extents[axis[0]], const(axis[1])
            axis = Extent(build.prim("add", extent.low, offset), build.prim("add", extent.high, offset))
        found.append(axis)
    return Cleared(changes[0].array, tuple(found), tuple(written))


def write(build: Builder, cleared: Cleared) -> list[Stmt]:
    """Loops that write the zeros, where what wrote them is not to be had."""
    with build.block() as block:
        whole(build, cleared, 0, [])
    return block.body


def whole(build: Builder, cleared: Cleared, axis: int, index: list[Operand]) -> None:
    if axis == len(cleared.axes):
        build.store(cleared.array, tuple(index), zero(cleared.array.type.element))
        return
    place = cleared.axes[axis]
    if isinstance(place, Extent):
        over(build, place, lambda counter: whole(build, cleared, axis + 1, [*index, counter]))
    else:
        whole(build, cleared, axis + 1, [*index, place])


def over(build: Builder, extent: Extent, body) -> None:
    counter = Var(INT, "i")
    with build.block() as block:
        body(counter)
    build.emit(For(counter, extent.low, extent.high, ONE, (), tuple(block.body)))


class Integers:
    """Integers compared by what they are computed from: `definitions` are by variable."""

    def __init__(self, definitions: dict[Var, Prim | Dim]):
        self.definitions = definitions

    def sum_of(self, operand: Operand) -> tuple[dict, int]:
        """An integer as multiples of what cannot be taken apart, and a constant."""
        if isinstance(operand, Const):
            return {}, operand.value
        match self.definitions.get(operand):
            case Prim("add", (left, right)):
                return combine(self.sum_of(left), self.sum_of(right), 1)
            case Prim("sub", (left, right)):
                return combine(self.sum_of(left), self.sum_of(right), -1)
            case Prim("neg", (only,)):
                return combine(({}, 0), self.sum_of(only), -1)
            case Prim("mul", (Const(value), other)) | Prim("mul", (other, Const(value))):
                return combine(({}, 0), self.sum_of(other), value)
            case Prim(("min" | "max") as op, args):
                return {(op, frozenset(map(self.key, args))): 1}, 0
            case Prim("mul", args):
                return {("mul", frozenset(map(self.key, args))) if len(set(map(self.key, args))) > 1 else operand: 1}, 0
            case Dim(array, axis):
                return {("dim", array, axis): 1}, 0
        return {operand: 1}, 0

    def key(self, operand: Operand) -> tuple:
        terms, constant = self.sum_of(operand)
        return frozenset(terms.items()), constant

    def distance(self, low: Operand, high: Operand) -> int | None:
        """high - low, where that is a number."""
        terms, constant = combine(self.sum_of(high), self.sum_of(low), -1)
        return None if terms else constant

    def equal(self, one: Cleared, other: Cleared) -> bool:
        """Whether two places are one, whatever the guards."""
        return one.array is other.array and all(
            self.distance(a.low, b.low) == 0 == self.distance(a.high, b.high)
            if isinstance(a, Extent) and isinstance(b, Extent)
            else not isinstance(a, Extent) and not isinstance(b, Extent) and self.distance(a, b) == 0
            for a, b in zip(one.axes, other.axes))

    def holds(self, cleared: Cleared, core: list[Extent | Operand]) -> bool:
        """Whether a place is zeros everywhere, by axis."""
        return all(self.less(outer.low, inner.low) and self.less(inner.high, outer.high)
                   if isinstance(outer, Extent) and isinstance(inner, Extent)
                   else not isinstance(outer, Extent) and not isinstance(inner, Extent)
                   and self.distance(outer, inner) == 0 for outer, inner in zip(cleared.axes, core))

    def less(self, low: Operand, high: Operand) -> bool:
        found = self.distance(low, high)
        return found is not None and found >= 0


def core_of(emission: Emission, family: Family) -> list[Extent | Operand]:
    """Which elements get all parts, by axis."""
    extents = emission.core()
    return [extents[axis] if isinstance(axis, int) else axis for axis in family.axes]


def skin(build: Builder, cleared: Cleared, core: list[Extent | Operand], integers: Integers, axis: int = 0,
         index: tuple[Operand, ...] = ()) -> None:
    """Loops that write the zeros outside a core, which lies in them where it is not empty; both are by axis."""
    if axis == len(core):
        return
    outer, inner = cleared.axes[axis], core[axis]
    if not isinstance(outer, Extent):
        skin(build, cleared, core, integers, axis + 1, (*index, outer))
        return
    if not any(isinstance(other, Extent) for other in core[axis + 1:]):
        low, high = build.prim("min", inner.low, outer.high), build.prim("max", inner.high, outer.low)
        parts = [Extent(outer.low, low)] if integers.distance(outer.low, inner.low) != 0 else []
        parts += [Extent(high, outer.high)] if integers.distance(inner.high, outer.high) != 0 else []
        for part in parts:
            over(build, part, lambda counter: whole(build, cleared, axis + 1, [*index, counter]))
        return

    def body(counter: Operand) -> None:
        within = build.prim("and", build.prim("ge", counter, inner.low), build.prim("lt", counter, inner.high))
        with build.block() as partly:
            skin(build, cleared, core, integers, axis + 1, (*index, counter))
        with build.block() as fully:
            whole(build, cleared, axis + 1, [*index, counter])
        build.emit(If(within, tuple(partly.body), tuple(fully.body)))

    over(build, outer, body)
