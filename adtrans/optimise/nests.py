"""Nests of three loops as sums of products of matrices: their ranges, and what stands in the innermost loop.

    for i in range(n):                              axes i, k, j with j < i + 1
        for k in range(m):                          sums of terms, each a product of elements and of numbers from
            t = alpha * a[i, k]           ->        outside of the innermost loop: c[i, j] += t * a[j, k]
            for j in range(i + 1):
                c[i, j] += t * a[j, k]

At most one axis may have limits that another one sets, such as j here, and they must rise or fall with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from adtrans import ir
from adtrans.analysis.alias import Classes
from adtrans.analysis.ranges import Ranges
from adtrans.build import ONE, Builder, const
from adtrans.ir import Accumulate, Const, Dim, For, Let, Load, Operand, Prim, Store, Var


class Unfit(Exception):
    """What has been found is no product of matrices."""


@dataclass(frozen=True)
class Limit:
    """A limit of an axis as a function of the counter of another one: affine, or an expression to be repeated.

    `slope` tells whether it rises (1) or falls (-1) with it, or does not depend on it (0).
    """

    terms: tuple[tuple[Var, int], ...]
    constant: int
    slope: int

    def at(self, frame: Frame, build: Builder, place: Operand | None) -> Operand:
        """The limit where the counter that it depends on is `place`."""
        total: Operand = const(self.constant)
        for var, factor in self.terms:
            value = frame.repeated(build, var, place)
            scaled = value if abs(factor) == 1 else build.prim("mul", value, const(abs(factor)))
            total = build.prim("add" if factor > 0 else "sub", total, scaled) if total != const(0) or factor < 0 \
                else scaled
        return total


@dataclass(frozen=True)
class Axis:
    """One of the three loops. `low` and `high` are limits; with `shifted` its places are counter + leader's counter."""

    counter: Var
    low: Limit
    high: Limit
    shifted: bool = False


@dataclass(frozen=True)
class Place:
    """An index: a place on an axis, by its number, plus an affine form of numbers that do not change."""

    axis: int
    terms: tuple[tuple[Var, int], ...]
    constant: int


@dataclass(frozen=True)
class Matrix:
    """Elements of an array of two axes, as two of the loops run over them."""

    array: Var
    rows: Place
    columns: Place

    @property
    def axes(self) -> tuple[int, int]:
        return self.rows.axis, self.columns.axis


class Frame:
    """Three loops, each in the one before. `leader`, `follower` are the numbers of the axes of which one sets the
    limits of the other, if any."""

    def __init__(self, loops: tuple[For, For, For], ranges: Ranges):
        self.loops, self.ranges = loops, ranges
        self.counters = [loop.counter for loop in loops]
        self.inside = ir.introduced((loops[0],))
        self.leader: int | None = None
        self.follower: int | None = None
        shifted = self.shift()
        self.axes = [self.axis(number, number == shifted) for number in range(3)]

    # --- expressions

    def repeated(self, build: Builder, operand: Operand, place: Operand | None) -> Operand:
        """An integer from within the loops, outside of them, with the leader's counter at `place`."""
        if isinstance(operand, Const) or operand not in self.inside:
            return operand
        if self.leader is not None and operand is self.counters[self.leader] and place is not None:
            return place
        match self.ranges.build.definitions.get(operand):
            case Prim(op, args):
                return build.prim(op, *(self.repeated(build, arg, place) for arg in args), type=operand.type)
            case Dim(array, axis) if array not in self.inside:
                return build.dim(array, axis)
        raise Unfit

    def slope(self, operand: Operand) -> int:
        """How an integer changes with the leader's counter."""
        if isinstance(operand, Const) or operand not in self.inside:
            return 0
        if self.leader is not None and operand is self.counters[self.leader]:
            return 1
        match self.ranges.build.definitions.get(operand):
            case Prim("add" | "min" | "max", (left, right)):
                return joined(self.slope(left), self.slope(right))
            case Prim("sub", (left, right)):
                return joined(self.slope(left), -self.slope(right))
            case Dim(array) if array not in self.inside:
                return 0
        raise Unfit

    # --- axes

    def depends(self, number: int) -> set[int]:
        """The loops that set the limits of one."""
        loop = self.loops[number]
        return {other for other in range(number) if any(
            self.mentions(limit, self.counters[other]) for limit in (loop.start, loop.stop))}

    def mentions(self, operand: Operand, counter: Var) -> bool:
        if operand is counter:
            return True
        if isinstance(operand, Const) or operand not in self.inside or operand in self.counters:
            return False
        match self.ranges.build.definitions.get(operand):
            case Prim(_, args):
                return any(self.mentions(arg, counter) for arg in args)
            case Dim(array) if array not in self.inside:
                return False
        raise Unfit

    def shift(self) -> int | None:
        """Find leader and follower; the follower's number where indices are the sum of both counters."""
        pairs = [(other, number) for number in range(3) for other in self.depends(number)]
        if len(pairs) > 1:
            raise Unfit
        if not pairs:
            return None
        self.leader, self.follower = pairs[0]
        leader, follower = (self.counters[number] for number in pairs[0])
        for statement in ir.walk(self.loops[0].body):
            for index in indices(statement):
                terms = self.ranges.build.affine(index)[0]
                if terms.get(follower) == 1 and terms.get(leader) == 1:
                    return self.follower
        return None

    def axis(self, number: int, shifted: bool) -> Axis:
        loop = self.loops[number]
        low, high = (loop.start, 0), (loop.stop, 0)
        if loop.step == const(-1):
            low, high = (loop.stop, 1), (loop.start, 1)
        elif loop.step != ONE:
            raise Unfit
        made = Axis(loop.counter, self.limit(*low, shifted), self.limit(*high, shifted), shifted)
        if number == self.follower and made.low.slope and made.high.slope:
            raise Unfit
        return made

    def limit(self, operand: Operand, more: int, shifted: bool) -> Limit:
        terms, constant = self.ranges.build.affine(operand)
        terms = dict(terms)
        if shifted:
            leader = self.counters[self.leader]
            terms[leader] = terms.get(leader, 0) + 1
        slope = 0
        for var, factor in terms.items():
            slope = joined(slope, self.slope(var) * (1 if factor > 0 else -1) if factor else 0)
        return Limit(tuple((var, factor) for var, factor in terms.items() if factor), constant + more, slope)

    # --- matrices

    def place(self, index: Operand) -> Place:
        if not self.ranges.not_negative(index):
            raise Unfit
        terms, constant = self.ranges.build.affine(index)
        own = {number: terms[counter] for number, counter in enumerate(self.counters) if counter in terms}
        rest = tuple((var, factor) for var, factor in terms.items() if var not in self.counters)
        if any(var in self.inside for var, _ in rest) or any(factor != 1 for factor in own.values()):
            raise Unfit
        sheared = self.follower is not None and self.axes[self.follower].shifted
        if sheared and set(own) == {self.leader, self.follower}:
            return Place(self.follower, rest, constant)
        if len(own) != 1 or sheared and self.follower in own:
            raise Unfit
        return Place(*own, rest, constant)

    def matrix(self, array: Var, index: tuple[Operand, ...]) -> Matrix:
        if len(index) != 2 or array in self.inside:
            raise Unfit
        made = Matrix(array, self.place(index[0]), self.place(index[1]))
        if made.rows.axis == made.columns.axis:
            raise Unfit
        return made

    def own_place(self, number: int) -> Place:
        """The counter of an axis as an index."""
        return Place(number, (), 0)


def joined(one: int, other: int) -> int:
    if one and other and one != other:
        raise Unfit
    return one or other


def indices(statement) -> tuple[Operand, ...]:
    match statement:
        case Let(_, Load(_, index)) | Store(_, index) | Accumulate(_, index):
            return index
    return ()


# --- what the innermost loop adds up


@dataclass
class Term:
    """A product: numbers that are the same for all of the innermost loop, and elements read within. `negative`:
    subtracted."""

    outer: list[Operand]
    loads: list[Load]
    negative: bool = False


@dataclass
class Sum:
    """What an innermost loop adds to an element, or to a value that it carries."""

    target: Accumulate | Store | ir.Carry
    terms: list[Term]


class Innermost:
    """The body of an innermost loop, taken apart. `fixed` are the elements read within that stay the same."""

    def __init__(self, loop: For, classes: Classes):
        self.loop = loop
        written = {classes[item.array] for item in loop.body if isinstance(item, (Store, Accumulate))}
        own = {item.var for item in loop.body if isinstance(item, Let)} | {loop.counter}
        self.fixed = {item.var: item for item in loop.body if isinstance(item, Let) and isinstance(item.expr, Load)
                      and classes[item.expr.array] not in written and own.isdisjoint(item.expr.index)}
        self.definitions = {item.var: item.expr for item in loop.body if isinstance(item, Let)}
        self.uses: dict[Var, int] = {}
        for item in loop.body:
            for operand in ir.operands(item):
                if isinstance(operand, Var):
                    self.uses[operand] = self.uses.get(operand, 0) + 1
        for operand in ir.inner_operands(loop):
            if isinstance(operand, Var):
                self.uses[operand] = self.uses.get(operand, 0) + 1

    def sums(self) -> list[Sum]:
        """All that the loop does, as sums."""
        if self.loop.leave is not None:
            raise Unfit
        found = [self.carried(carry) for carry in self.loop.carries]
        for item in self.loop.body:
            match item:
                case Let(_, Prim() | Load() | Dim()) | ir.Check():
                    pass
                case Accumulate(value=value):
                    found.append(Sum(item, self.terms(value)))
                case Store():
                    found.append(self.stored(item))
                case _:
                    raise Unfit
        return found

    def carried(self, carry: ir.Carry) -> Sum:
        if not isinstance(carry.inside.type, ir.Scalar) or not carry.inside.type.is_float \
                or self.uses.get(carry.inside) != 1:
            raise Unfit
        terms = self.terms(carry.next, carry.inside)
        return Sum(carry, self.without(terms, lambda term: term.outer == [carry.inside] and not term.loads))

    def stored(self, store: Store) -> Sum:
        """array[index] = array[index] + ..."""
        own = [var for var, expr in self.definitions.items()
               if isinstance(expr, Load) and expr.array is store.array and expr.index == store.index]
        if len(own) != 1 or self.uses.get(own[0]) != 1:
            raise Unfit
        load = self.definitions[own[0]]
        return Sum(store, self.without(self.terms(store.value), lambda term: term.loads == [load] and not term.outer))

    @staticmethod
    def without(terms: list[Term], is_old) -> list[Term]:
        """The terms but for the old value, which must be one of them."""
        own = [term for term in terms if is_old(term)]
        if len(own) != 1 or own[0].negative:
            raise Unfit
        return [term for term in terms if term is not own[0]]

    def terms(self, operand: Operand, carried: Var | None = None) -> list[Term]:
        if isinstance(operand, Const) or operand not in self.definitions:
            if operand is not carried and any(operand is carry.inside for carry in self.loop.carries):
                raise Unfit
            return [Term([operand], [])]
        match self.definitions[operand]:
            case Load() if operand in self.fixed:
                return [Term([operand], [])]
            case Load() as load:
                return [Term([], [load])]
            case Prim("add", (left, right)):
                return self.terms(left, carried) + self.terms(right, carried)
            case Prim("sub", (left, right)):
                return self.terms(left, carried) + list(map(negated, self.terms(right, carried)))
            case Prim("neg", (only,)):
                return list(map(negated, self.terms(only, carried)))
            case Prim("mul", (left, right)):
                one, other = self.terms(left), self.terms(right)
                if len(one) == len(other) == 1:
                    return [Term(one[0].outer + other[0].outer, one[0].loads + other[0].loads,
                                 one[0].negative != other[0].negative)]
        raise Unfit


def negated(term: Term) -> Term:
    return Term(term.outer, term.loads, not term.negative)


def chains(loop: For) -> list[tuple[For, For, For]]:
    """The innermost loops within two others, the outermost being `loop`."""
    return [(loop, middle, inner) for middle in loop.body if isinstance(middle, For)
            for inner in middle.body if isinstance(inner, For)
            and not any(isinstance(item, (For, ir.While, ir.If)) for item in inner.body)]


