"""Which memory the iterations of a loop share, and how.

    for i in range(1, n - 1):
        y[i] = t[i] * x[i]                      EXCLUSIVE: no other iteration touches the element
        x_bar[i - 1] += y_bar[i] * w            NEAR, 2: only iterations up to two apart add to one element
        x_bar[i + 1] += y_bar[i] * v
        w_bar[k[i]] += y_bar[i] * x[i - 1]      SUM: any iterations may add to one element, and that is all they do
        for j in range(m):
            row[j] = a[i, j]                    SCRATCH: what is read has been written in the same iteration, or is
        ...                                     zero before and after each, and nothing is read afterwards

Memory that no iteration writes to, or that is made within the iteration, is left out. Two iterations are proven to
touch different elements where on some axis the indices differ whatever the values of the variables within (see
`dependence`); an index that may be negative proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

from adtrans import ir
from adtrans.analysis.alias import apart, exchanged, memory_classes
from adtrans.analysis.dependence import DEPTH, Case, Dependence, place_of, plus, scaled
from adtrans.analysis.independence import Coverage, Interval, Known
from adtrans.analysis.regions import Regions
from adtrans.build import ONE, ZERO
from adtrans.ir import (
    Accumulate,
    Alloc,
    Array,
    Const,
    Dim,
    For,
    If,
    Let,
    ListOf,
    Load,
    NewList,
    Operand,
    Program,
    Slice,
    Stmt,
    Store,
    Var,
    View,
    While,
)

EXCLUSIVE, NEAR, SUM, SCRATCH = "exclusive", "near", "sum", "scratch"
DISTANCES = (1, 2, 4, 8)
EVERYTHING = (ZERO, None, ONE)
WHOLE = Slice(None, None, ONE)
PLACES = 24  # different elements of one array in an iteration, above which nothing is tried


@dataclass(frozen=True)
class Sharing:
    """How iterations share an array; `distance` is how far apart two are at most that touch the same element."""

    kind: str
    distance: int = 0


@dataclass
class Accesses:
    """What a loop does to an array: the indices by which it reads, stores and adds."""

    read: set[tuple[Operand, ...]]
    stored: set[tuple[Operand, ...]]
    added: set[tuple[Operand, ...]]

    @property
    def written(self) -> set[tuple[Operand, ...]]:
        return self.stored | self.added


@dataclass(frozen=True)
class Window:
    """What a view shows of its base: for each axis of that an index, or the axis of the view that runs along it."""

    base: Var
    items: tuple[Operand | int, ...]

    @classmethod
    def of(cls, view: View, others: dict[Var, Window]) -> Window | None:
        """The window of a view, whose base may be a view itself; None where it takes only some of an axis."""
        shown: list[int] = []
        items: list[Operand | int] = []
        left = view.base.type.rank - sum(item is not None for item in view.subscript)
        subscript = (*view.subscript, *[WHOLE] * left)
        for axis in range(view.var.type.rank):
            shown.append(axis if view.order is None else view.order.index(axis))
        axis = 0
        for item in subscript:
            if isinstance(item, (Var, Const)):
                items.append(item)
                continue
            if isinstance(item, Slice):
                if (item.start, item.stop, item.step) not in (EVERYTHING, (None, None, ONE)):
                    return None
                items.append(shown[axis])
            axis += 1
        if axis != len(shown):
            return None
        outer = others.get(view.base)
        return cls(view.base, tuple(items)) if outer is None else cls(outer.base, outer.place(tuple(items)))

    def place(self, index: tuple) -> tuple:
        """The index into the base for an index into the view."""
        return tuple(index[item] if isinstance(item, int) else item for item in self.items)


class Exclusive:
    """Proofs about the loops of one program."""

    def __init__(self, program: Program):
        self.program, self.classes, self.exchanged = program, memory_classes(program), exchanged(program)
        self.regions = Regions(program)
        self.dependence = Dependence(program, self.regions)
        self.ranges = self.dependence.ranges
        self.members: dict[Var, set[Var]] = {}
        self.users: dict[Var, list[Stmt]] = {}
        self.made: dict[Var, Stmt] = {}
        for statement in ir.walk(program.body):
            for var in filter(is_reference, named(statement)):
                self.members.setdefault(self.classes[var], {var}).add(var)
                self.users.setdefault(self.classes[var], []).append(statement)
            self.made.update((var, statement) for var in ir.defined(statement) if is_reference(var))
        self.fixed = {self.classes[var] for var in (*program.params, *program.results,
                                                    *program.facts.get("outputs", ())) if isinstance(var, Var)}

    def sharing(self, loop: For) -> dict[Var, Sharing] | None:
        """How iterations of a loop share what they write to outside of them; None if some may get in another's way."""
        inside = {id(statement) for statement in ir.walk(loop.body)}
        written = dict.fromkeys(self.classes[array_of(statement)] for statement in ir.walk(loop.body)
                                if writes(statement))
        found: dict[Var, Sharing] = {}
        for group in written:
            if self.within(group, inside):
                continue
            accesses = self.accesses(group, loop)
            if accesses is None:
                return None
            for array, each in accesses.items():
                if not each.written:
                    continue
                how = self.how(array, each, loop, inside)
                if how is None:
                    return None
                found[array] = how
        return found

    def own_stacks(self, loop: For) -> list[Var]:
        """The stacks that only one loop uses, each iteration of which leaves nothing there."""
        inside = {id(statement) for statement in ir.walk(loop.body)}
        return [stack for stack, made in self.made.items()
                if stack in self.program.facts.get("own stacks", ()) and isinstance(made, NewList)
                and id(made) not in inside and self.members[self.classes[stack]] == {stack}
                and all(id(user) in inside or user is made for user in self.users[self.classes[stack]])]

    def within(self, group: Var, inside: set[int]) -> bool:
        """Whether memory is made within an iteration, for all that refers to it."""
        return group not in self.fixed and all(
            id(self.made.get(var)) in inside or self.carried_within(var, inside) for var in self.members[group])

    def carried_within(self, var: Var, inside: set[int]) -> bool:
        """Whether a reference is one that a loop within the iteration carries."""
        home = self.regions.home.get(var)
        return home is not None and id(home.owner) in inside

    def accesses(self, group: Var, loop: For) -> dict[Var, Accesses] | None:
        """The accesses to memory by each reference; None where it is reached by what is not known to be apart."""
        found: dict[Var, Accesses] = {}
        windows: dict[Var, Window] = {}
        for statement in ir.walk(loop.body):
            if not any(is_reference(var) and self.classes[var] is group for var in named(statement)):
                continue
            if isinstance(statement, View):
                window = Window.of(statement, windows)
                if window is None:
                    return None
                windows[statement.var] = window
                continue
            array = array_of(statement)
            if array is None or self.classes[array] is not group:
                return None
            if isinstance(statement, Let) and isinstance(statement.expr, Dim):
                continue
            index = place_of(statement).index
            if array in windows:
                array, index = windows[array].base, windows[array].place(index)
            each = found.setdefault(array, Accesses(set(), set(), set()))
            kinds = {Let: each.read, Store: each.stored, Accumulate: each.added}
            kinds[type(statement)].add(index)
        arrays = list(found)
        inner = ir.introduced((loop,))
        alone = all(apart(self.classes, self.exchanged, one, other)
                    for k, one in enumerate(arrays) for other in arrays[:k])
        return found if alone and inner.isdisjoint(arrays) else None

    # --- one array

    def how(self, array: Var, accesses: Accesses, loop: For, inside: set[int]) -> Sharing | None:
        if self.separate(accesses, loop, 0):
            return Sharing(EXCLUSIVE)
        if not accesses.read and not accesses.stored:
            for distance in DISTANCES:
                if self.separate(accesses, loop, distance):
                    return Sharing(NEAR, distance)
            return Sharing(SUM)
        return Sharing(SCRATCH) if self.scratch(array, loop, inside) else None

    def separate(self, accesses: Accesses, loop: For, distance: int) -> bool:
        """Whether iterations more than `distance` apart touch different elements, unless both only read."""
        places = accesses.read | accesses.written
        if len(places) > PLACES:
            return False
        ahead = abs(loop.step.value) * (distance + 1)
        case = Case(self.regions.at[id(loop)].loops, self.regions.body(loop), ahead)
        written = accesses.written
        return all(self.differ(one, other, case) and self.differ(other, one, case)
                   for one, other in combinations_with_replacement(sorted(places, key=id), 2)
                   if one in written or other in written)

    def differ(self, first: tuple[Operand, ...], second: tuple[Operand, ...], case: Case) -> bool:
        """Whether some axis tells the elements of an iteration and a later one apart."""
        for one, other in zip(first, second):
            if not (self.ranges.not_negative(one) and self.ranges.not_negative(other)):
                continue
            left, right = self.dependence.form(one, False, case), self.dependence.form(other, True, case)
            if any(self.dependence.not_negative(plus(scaled(left, sign), scaled(right, -sign), -1), case, DEPTH)
                   for sign in (1, -1)):
                return True
        return False

    # --- scratch memory

    def scratch(self, array: Var, loop: For, inside: set[int]) -> bool:
        """Whether iterations read only what they have written themselves of an array that is made for that."""
        group = self.classes[array]
        if group in self.fixed or len(self.members[group]) > 1 or not isinstance(self.made.get(array), Alloc):
            return False
        elsewhere = [statement for statement in self.users[group]
                     if id(statement) not in inside and statement is not self.made[array]]
        if Covered(self.ranges, array).complete(loop):
            return all(self.not_left(statement, array, loop) for statement in elsewhere)
        if elsewhere or self.made[array].fill != "zeros":
            return False
        coverage = Coverage(self.ranges, array)
        return coverage.complete(replace(loop, body=backwards(loop.body, array)), coverage.checked(loop))

    def not_left(self, statement: Stmt, array: Var, loop: For) -> bool:
        """Whether a statement elsewhere does not read what a loop leaves in an array."""
        if not (isinstance(statement, Let) and isinstance(statement.expr, Load)):
            return isinstance(statement, (Store, Accumulate)) or \
                isinstance(statement, Let) and isinstance(statement.expr, Dim)
        around = [region.owner for region in self.regions.at[id(statement)].chain() if isinstance(region.owner, For)]
        return any(id(loop) not in {id(inner) for inner in ir.walk(other.body)}
                   and Covered(self.ranges, array).complete(other) for other in around)


class Covered(Coverage):
    """With sums: what is added to has been written before."""

    def statement(self, statement: Stmt, known: Known) -> list[tuple[Interval, ...]] | None:
        match statement:
            case Accumulate(array, index) if array is self.array:
                return [] if self.covers(known, index) else None
        return super().statement(statement, known)


def backwards(body: tuple[Stmt, ...], array: Var) -> tuple[Stmt, ...]:
    """The statements in the opposite order, what writes to an array as if it read the element, but for zeros: where all
    that is read has been written then, all that is written is zero again at the end."""
    made: list[Stmt] = []
    for statement in reversed(body):
        match statement:
            case Store(target, _, Const(value)) if target is array and value == 0:
                made.append(statement)
            case Store(target, index, span=span) | Accumulate(target, index, span=span) if target is array:
                made.append(Let(Var(array.type.element), Load(array, index), span))
            case Let(_, Load(source)) if source is array:
                pass
            case For(body=inner):
                made.append(replace(statement, body=backwards(inner, array)))
            case While(head=head, body=inner):
                made.append(replace(statement, head=backwards(head, array), body=backwards(inner, array)))
            case If(then=then, orelse=orelse):
                made.append(replace(statement, then=backwards(then, array), orelse=backwards(orelse, array)))
            case _:
                made.append(statement)
    return tuple(made)


def named(statement: Stmt) -> Iterator[Operand]:
    """Everything that a statement names: what it reads, defines, and hands round at the ends of its regions."""
    yield from ir.operands(statement)
    yield from ir.inner_operands(statement)
    yield from ir.defined(statement)
    for carry in getattr(statement, "carries", ()):
        yield carry.inside


def is_reference(operand: Operand) -> bool:
    return isinstance(operand, Var) and isinstance(operand.type, (Array, ListOf))


def array_of(statement: Stmt) -> Var | None:
    """The array whose element, or extent, a statement is about."""
    match statement:
        case Store(array) | Accumulate(array) | Let(_, Load(array)) | Let(_, Dim(array)):
            return array
    return None


def writes(statement: Stmt) -> bool:
    return isinstance(statement, (Store, Accumulate))
