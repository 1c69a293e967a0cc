"""Sums of products over three axes as products of matrices, panel by panel where one axis limits another.

    for i in range(n):                        for first in range(0, n, 24):
        for k in range(m):                        last = min(first + 24, n)
            for j in range(i + 1):       ->       block = np.dot(a[first:last, 0:m], b[0:last, 0:m].T)
                c[i, j] += a[i, k] * b[j, k]      for i in range(first, last):
                                                      for j in range(i + 1):
                                                          c[i, j] += block[i - first, j]

Nothing is read that the loops do not read, but for elements that add to what is thrown away: where the sum itself is
over a triangle, products take the rectangles next to the diagonal, and loops what is left.
"""

from __future__ import annotations

from collections.abc import Callable

from adtrans.build import ONE, ZERO, Builder, const
from adtrans.ir import INT, Array, Call, For, If, Operand, Slice, Var, View
from adtrans.optimise.nests import Axis, Frame, Matrix, Place

STRIP = 24
# So many rows are added to another one at once.
TOGETHER = 4
# What an element costs that is not next to the one before, in elements along a row.
APART = 8
Span = tuple[Operand, Operand]


class Panels:
    """Writes target += left right over the axes of a frame."""

    def __init__(self, frame: Frame, build: Builder):
        self.frame, self.build = frame, build

    def product(self, target: Matrix, left: Matrix, right: Matrix) -> None:
        if target.rows.axis not in left.axes:
            left, right = right, left
        summed = 3 - sum(target.axes)
        leader, follower = self.frame.leader, self.frame.follower
        if leader is None or not any((self.axis(follower).low.slope, self.axis(follower).high.slope)):
            spans = {number: self.span(number) for number in range(3)}
            self.when(list(spans.values()), lambda: self.rectangle(target, left, right, spans))
        elif summed in (leader, follower):
            self.strips(lambda first, last: self.within(target, left, right, first, last))
        else:
            self.strips(lambda first, last: self.masked(target, left, right, first, last))

    # --- ranges

    def axis(self, number: int) -> Axis:
        return self.frame.axes[number]

    def span(self, number: int, place: Operand | None = None) -> Span:
        """The range of an axis, given the place of the leader."""
        axis = self.axis(number)
        return axis.low.at(self.frame, self.build, place), axis.high.at(self.frame, self.build, place)

    def ends(self, first: Operand, last: Operand, inner: bool) -> Span:
        """The follower's places that all (else: any) of the leader's places from `first` to `last` have."""
        build = self.build
        one = self.span(self.frame.follower, first)
        other = self.span(self.frame.follower, build.prim("sub", last, ONE))
        names = ("max", "min") if inner else ("min", "max")
        return build.prim(names[0], one[0], other[0]), build.prim(names[1], one[1], other[1])

    def strips(self, body: Callable[[Operand, Operand], None]) -> None:
        low, high = self.span(self.frame.leader)

        def strip(first: Operand) -> None:
            body(first, self.build.prim("min", self.build.prim("add", first, const(STRIP)), high))

        self.loop("first", (low, high), strip, const(STRIP))

    # --- statements

    def loop(self, name: str | None, span: Span, body: Callable[[Operand], None], step: Operand = ONE) -> None:
        counter = Var(INT, name)
        self.frame.ranges.bounds.counter(counter, *span, step)
        with self.build.block() as block:
            body(counter)
        self.build.emit(For(counter, *span, step, (), tuple(block.body), None, self.build.span))

    def when(self, spans: list[Span], body: Callable[[], None]) -> None:
        """What is done where none of some ranges is empty."""
        build = self.build
        test = None
        for low, high in spans:
            proper = build.prim("lt", low, high)
            test = proper if test is None else build.prim("and", test, proper)
        with build.block() as block:
            body()
        build.emit(If(test, tuple(block.body), (), (), build.span))

    def index(self, place: Place, at: Operand) -> Operand:
        """The index for a place on its axis."""
        total = self.build.prim("add", at, const(place.constant))
        for var, factor in place.terms:
            scaled = var if abs(factor) == 1 else self.build.prim("mul", var, const(abs(factor)))
            total = self.build.prim("add" if factor > 0 else "sub", total, scaled)
        return total

    def part(self, matrix: Matrix, spans: dict[int, Span], rows: int) -> Var:
        """A part of a matrix, with the axis `rows` first."""
        build = self.build
        slices = tuple(Slice(*(self.index(place, end) for end in spans[place.axis]), ONE)
                       for place in (matrix.rows, matrix.columns))
        order = None if matrix.rows.axis == rows else (1, 0)
        made = Var(Array(matrix.array.type.dtype, 2, "A"), "part")
        build.emit(View(made, matrix.array, slices, order, build.span))
        return made

    def block(self, target: Matrix, left: Matrix, right: Matrix, spans: dict[int, Span]) -> Var:
        """The product over ranges of the axes, none of them empty."""
        summed = 3 - sum(target.axes)
        parts = self.part(left, spans, target.rows.axis), self.part(right, spans, summed)
        made = Var(Array(target.array.type.dtype, 2, "C"), "block")
        self.build.emit(Call((made,), "np.dot", parts, self.build.span))
        return made

    def add(self, target: Matrix, block: Var, places: dict[int, Operand], spans: dict[int, Span]) -> None:
        """Add an element of a block to that of the target."""
        build = self.build
        at = tuple(build.prim("sub", places[number], spans[number][0]) for number in target.axes)
        build.accumulate(target.array, self.element(target, places), build.load(block, at))

    def element(self, matrix: Matrix, places: dict[int, Operand]) -> tuple[Operand, ...]:
        return tuple(self.index(place, places[place.axis]) for place in (matrix.rows, matrix.columns))

    def name(self, number: int) -> str | None:
        return self.axis(number).counter.name

    # --- the three forms

    def rectangle(self, target: Matrix, left: Matrix, right: Matrix, spans: dict[int, Span]) -> None:
        """A product over ranges of the axes, none of them empty."""
        block = self.block(target, left, right, spans)
        rows, columns = target.axes
        self.loop(self.name(rows), spans[rows], lambda i: self.loop(
            self.name(columns), spans[columns], lambda j: self.add(target, block, {rows: i, columns: j}, spans)))

    def masked(self, target: Matrix, left: Matrix, right: Matrix, first: Operand, last: Operand) -> None:
        """Of a product only the elements that there are in a triangle."""
        leader, follower = self.frame.leader, self.frame.follower
        summed = 3 - sum(target.axes)
        spans = {leader: (first, last), follower: self.ends(first, last, False), summed: self.span(summed)}

        def elements() -> None:
            block = self.block(target, left, right, spans)
            if target.columns.axis == leader:
                self.along_rows(target, block, spans)
                return
            self.loop(self.name(leader), (first, last), lambda u: self.loop(
                self.name(follower), self.span(follower, u),
                lambda v: self.add(target, block, {leader: u, follower: v}, spans)))

        self.when([spans[follower], spans[summed]], elements)

    def along_rows(self, target: Matrix, block: Var, spans: dict[int, Span]) -> None:
        """Add a block to a triangle that lies across the panel: row by row what all columns have, then the rest."""
        leader, follower = self.frame.leader, self.frame.follower
        common = self.ends(*spans[leader], True)
        self.loop(self.name(follower), common, lambda v: self.loop(
            self.name(leader), spans[leader], lambda u: self.add(target, block, {leader: u, follower: v}, spans)))
        self.loop(self.name(leader), spans[leader], lambda u: self.loop(
            self.name(follower), self.rest(u, common),
            lambda v: self.add(target, block, {leader: u, follower: v}, spans)))

    def rest(self, u: Operand, common: Span) -> Span:
        """The follower's places for one of the leader's, but for those that a whole panel has."""
        low, high = self.span(self.frame.follower, u)
        if self.axis(self.frame.follower).high.slope:
            return self.build.prim("max", low, common[1]), high
        return low, self.build.prim("min", high, common[0])

    def within(self, target: Matrix, left: Matrix, right: Matrix, first: Operand, last: Operand) -> None:
        """A sum over a triangle: the rectangle that is common to a few rows, then the rest of each."""
        leader, follower = self.frame.leader, self.frame.follower
        other = 3 - leader - follower
        common = self.ends(first, last, True)
        spans = {leader: (first, last), follower: common, other: self.span(other)}
        self.when([common, spans[other]], lambda: self.rectangle(target, left, right, spans))

        def row(u: Operand) -> None:
            rest = self.rest(u, common)
            if min((other, follower), key=lambda number: self.cost(number, target, target, left, right)) == follower:
                self.loop(self.name(other), spans[other], lambda w: self.loop(
                    self.name(follower), rest,
                    lambda v: self.terms(target, left, right, [{leader: u, other: w, follower: v}])))
                return
            for span, step in self.runs(rest, TOGETHER if follower not in target.axes else 1):
                self.loop(self.name(follower), span, lambda v, step=step: self.loop(
                    self.name(other), spans[other], lambda w: self.terms(target, left, right, [
                        {leader: u, other: w, follower: self.build.prim("add", v, const(k))} for k in range(step)])),
                    const(step))

        self.loop(self.name(leader), (first, last), row)

    def runs(self, span: Span, length: int) -> list[tuple[Span, int]]:
        """A range in steps of a length, then what is left in steps of one."""
        if length == 1:
            return [(span, 1)]
        build, (low, high) = self.build, span
        count = build.prim("floordiv", build.prim("max", build.prim("sub", high, low), ZERO), const(length))
        middle = build.prim("add", low, build.prim("mul", count, const(length)))
        return [((low, middle), length), ((middle, high), 1)]

    def terms(self, target: Matrix, left: Matrix, right: Matrix, places: list[dict[int, Operand]]) -> None:
        """Some terms of sums, those for one element together."""
        build = self.build
        totals: dict[tuple[Operand, ...], Operand] = {}
        for each in places:
            loads = [build.load(matrix.array, self.element(matrix, each)) for matrix in (left, right)]
            value, index = build.prim("mul", *loads), self.element(target, each)
            totals[index] = build.prim("add", totals[index], value) if index in totals else value
        for index, value in totals.items():
            build.accumulate(target.array, index, value)

    def cost(self, number: int, *matrices: Matrix) -> int:
        """What accesses take as an axis runs innermost."""
        return sum(1 if matrix.columns.axis == number else APART if matrix.rows.axis == number else 0
                   for matrix in matrices)


