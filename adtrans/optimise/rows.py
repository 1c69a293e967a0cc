"""What loops add to neighbouring elements, gathered.

    for j in range(m - 2, 0, -1):                  for j in range(1, m - 1):
        t = 0.2 * b_bar[i, j]                          row[j + 1] = 0.2 * b_bar[i, j]
        b_bar[i, j] = 0.0                              b_bar[i, j] = 0.0
        a_bar[i, j - 1] += t              ->       for j in range(m):
        a_bar[i, j] += t                               a_bar[i, j] += row[j + 2] + row[j + 1] + row[j]
        a_bar[i, j + 1] += t

On the left each iteration waits for sums of the one before, and nothing is vectorised. On the right `row`, which stays
in the cache, has zeros at both ends, so that every element that gets anything is treated alike. Other rows that the
loop adds to get a loop each, unless a loop over rows stands directly around: then the last few rows of values are kept
in turn, and each row of `a_bar` is done once, as soon as all that goes to it is there; after the last iteration that
takes a few more, with zeros.

Only the order of additions changes: the loops may neither read nor store what they add to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from adtrans import ir
from adtrans.analysis.alias import apart, exchanged, memory_classes
from adtrans.analysis.indices import Indices
from adtrans.analysis.ranges import Ranges
from adtrans.build import ONE, UNFAILING, ZERO, Builder, const, zero
from adtrans.ir import INT, Accumulate, Const, Dim, For, If, Let, Load, Operand, Pop, Prim, Program, Stmt, Store, Var
from adtrans.optimise.neighbours import Extent, plain
from adtrans.optimise.simplify import substitute

Part = tuple[Operand | str | None, Operand]

# How many values of an iteration a loop may keep, and over how many rows sums are gathered.
VALUES = 10
REACH = 4


@dataclass(frozen=True)
class Term:
    """An accumulation: to `array[..., j + offset, ...]`, j on `axis`, `factor` ("neg", or None for 1) times `value`."""

    array: Var
    index: tuple[Operand, ...]
    axis: int
    offset: int
    factor: Operand | str | None
    value: Operand


@dataclass
class Inner:
    """An innermost loop to be divided: `outside` is what does not depend on its counter, `terms` are by statement."""

    loop: For
    outside: list[Let]
    terms: dict[int, list[Term]]
    rows: list[list[Term]] = field(default_factory=list)

    def __post_init__(self):
        rows: dict[tuple, list[Term]] = {}
        every = [term for terms in self.terms.values() for term in terms]
        for term in every:
            rows.setdefault((term.array, term.index, term.axis), []).append(term)
        self.rows = list(rows.values())
        self.values = list(dict.fromkeys(term.value for term in every))
        self.body = [item for item in self.loop.body if id(item) not in self.terms and item not in self.outside]

    @property
    def pays(self) -> bool:
        """Whether there is a row in which iterations get in each other's way."""
        return len(self.values) <= VALUES and any(len({term.offset for term in row}) > 1 for row in self.rows)


@dataclass
class Family:
    """Rows of one array that a loop around reaches with different offsets on `axis`."""

    axis: int
    members: list[tuple[int, list[Term]]]

    @property
    def least(self) -> int:
        return min(offset for offset, _ in self.members)

    @property
    def reach(self) -> int:
        return max(offset for offset, _ in self.members) - self.least


class Rows:
    """`open` are the statement lists being made, outermost first; `depth` says in which of them a variable is, `least`
    which is the first that is not shared by iterations at the same time."""

    def __init__(self, program: Program):
        self.classes, self.exchanged = memory_classes(program), exchanged(program)
        self.indices, self.program = Indices(program), program
        self.open: list[list[Stmt]] = []
        self.depth: dict[Var, int] = dict.fromkeys(program.params, 0)
        self.least = 0
        self.integers = {statement.var: statement.expr for statement in ir.walk(program.body)
                         if isinstance(statement, Let) and isinstance(statement.expr, (Prim, Dim))
                         and statement.var.type == INT}

    @cached_property
    def ranges(self) -> Ranges:
        return Ranges(self.program)

    def builder(self, loop: For) -> Builder:
        build = Builder(relaxed=True)
        build.span = loop.span
        build.definitions.update(self.integers)
        return build

    # --- what a loop does

    def inner(self, loop: Stmt, sums: bool = False) -> Inner | None:
        """An innermost loop and what can be taken out of it; with `sums` one that carries values upwards, too."""
        if not isinstance(loop, For) or not (plain(loop) or sums and loop.step == ONE and loop.leave is None) \
                or not all(isinstance(item, (Let, Store, Accumulate)) for item in loop.body):
            return None
        outside = self.outside(loop)
        found = Inner(loop, outside, self.terms(loop, outside))
        return found if found.pays else None

    def outside(self, loop: For) -> list[Let]:
        """The statements of a body that compute integers from what does not change in the loop."""
        inner = own(loop) | {loop.counter}
        found = []
        for item in loop.body:
            match item:
                case Let(var, Prim(op, args)) if op in UNFAILING and var.type == INT and not inner.intersection(args):
                    found.append(item)
                    inner.discard(var)
        return found

    def terms(self, loop: For, outside: list[Let]) -> dict[int, list[Term]]:
        """What can be added later, by the identity of the statement."""
        inner = own(loop) - {item.var for item in outside}
        touched = accessed(loop)
        definitions = {item.var: item.expr for item in loop.body if isinstance(item, Let)}
        accumulations = [item for item in loop.body
                         if isinstance(item, Accumulate) and all(self.apart(item.array, other) for other in touched)]
        scales = parts_of(dict.fromkeys(item.value for item in accumulations), definitions, inner)
        found: dict[int, list[Term]] = {}
        for item in accumulations:
            forms = [self.indices.affine(index) for index in item.index]
            axes = [axis for axis, (base, _) in enumerate(forms) if base is loop.counter]
            others = [index for axis, index in enumerate(item.index) if axis not in axes]
            if len(axes) == 1 and not inner.intersection(others) and isinstance(item.value, Var):
                index = tuple(ZERO if axis in axes else index for axis, index in enumerate(item.index))
                found[id(item)] = [Term(item.array, index, axes[0], forms[axes[0]][1], *part)
                                   for part in scales[item.value]]
        return found

    def apart(self, one: Var, other: Var) -> bool:
        """Whether two references never are to the same memory."""
        return apart(self.classes, self.exchanged, one, other)

    def turnable(self, loop: For, body: list[Stmt]) -> bool:
        """Whether iterations may run in the opposite order: what is stored is an iteration's own, and no stack has its
        items taken off in order."""
        if any(isinstance(item, Let) and isinstance(item.expr, Pop) for item in body):
            return False
        places: dict[Var, set] = {}
        kinds: dict[Var, set[type]] = {}
        for item in body:
            access = item.expr if isinstance(item, Let) else item
            if isinstance(access, (Load, Store, Accumulate)):
                group = self.classes[access.array]
                places.setdefault(group, set()).add((access.array, access.index))
                kinds.setdefault(group, set()).add(type(access))
        ordered = [places[group] for group, each in kinds.items() if Store in each or each == {Load, Accumulate}]
        return all(len(each) == 1 and all(self.own_place(loop, place) for _, place in each) for each in ordered)

    def own_place(self, loop: For, index: tuple[Operand, ...]) -> bool:
        """Whether an element is another one in each iteration: an index follows the counter, and never wraps."""
        return any(self.indices.affine(item)[0] is loop.counter and self.ranges.not_negative(item) for item in index)

    # --- where rows of values are kept

    def kept(self, known: Builder, inner: Inner, columns: Extent, pad: int,
             slots: int | None) -> dict[Operand, Var] | None:
        """An array of zeros for each value, as far out as the extent is known; one row not just before its loop.

        `known` has the definitions of all integers.
        """
        level = max(self.level(known, columns.low), self.level(known, columns.high), self.least)
        if level >= (len(self.open) if slots is not None else max(len(self.open) - 1, self.least + 1)):
            return None
        build = self.builder(inner.loop)
        build.definitions.update(known.definitions)
        extent = build.prim("sub", self.lifted(build, columns.high, level), self.lifted(build, columns.low, level))
        extent = build.prim("add", build.prim("max", extent, ZERO), const(2 * pad))
        shape = (extent,) if slots is None else (const(slots), extent)
        found = {value: build.alloc(value.type.code, shape, "zeros", "row" if slots is None else "rows")
                 for value in inner.values}
        self.open[level].extend(build.here.body)
        return found

    def level(self, known: Builder, operand: Operand) -> int:
        """The outermost list in which an integer can be computed."""
        if not isinstance(operand, Var):
            return 0
        own = self.depth.get(operand, len(self.open))
        match known.definitions.get(operand):
            case Prim(op, args) if op in UNFAILING:
                return min(max(self.level(known, arg) for arg in args), own)
            case Dim(array):
                return min(self.depth.get(array, len(self.open)), own)
        return own

    def lifted(self, build: Builder, operand: Operand, level: int) -> Operand:
        """An integer, computed again where it is not at hand in the list of a level."""
        if not isinstance(operand, Var) or self.depth.get(operand, len(self.open)) <= level:
            return operand
        expr = build.definitions[operand]
        if isinstance(expr, Dim):
            return build.dim(expr.array, expr.axis)
        return build.prim(expr.op, *(self.lifted(build, arg, level) for arg in expr.args))

    # --- one loop

    def single(self, loop: For) -> list[Stmt] | None:
        """The statements in place of an innermost loop, or None."""
        inner = self.inner(loop, sums=True)
        if inner is None:
            return None
        build = self.builder(loop)
        for item in inner.outside:
            build.emit(item)
        columns = Extent.of(build, loop)
        pad = max(map(spread, inner.rows))
        kept = None if columns.short else self.kept(build, inner, columns, pad, None)
        if kept is None:
            return None
        self.keep(build, inner, columns, kept, (), pad)
        build.span = None
        with build.block() as block:
            for row in inner.rows:
                add_row(build, row[0], columns, row, lambda term, place: build.load(kept[term.value], (place,)), pad)
        build.emit(If(build.prim("lt", columns.low, columns.high), tuple(block.body), (), (), loop.span))
        return build.here.body

    def keep(self, build: Builder, inner: Inner, columns: Extent, kept: dict[Operand, Var], slot: tuple[Operand, ...],
             pad: int) -> None:
        """The loop itself, which keeps what is to be added."""
        loop, cleared = inner.loop, self.cleared(inner)
        with build.block() as block:
            for item in inner.body:
                if item not in cleared:
                    build.emit(item)
            place = build.prim("add", build.prim("sub", loop.counter, columns.low), const(pad))
            for value, row in kept.items():
                build.store(row, (*slot, place), value)
        if loop.step != ONE and self.turnable(loop, inner.body):
            loop = replace(loop, start=columns.low, stop=columns.high, step=ONE)
        build.emit(replace(loop, body=tuple(block.body)))
        for item in cleared:
            counter = Var(INT, loop.counter.name)
            needed = [other for other in inner.body if isinstance(other, Let) and other.var in item.index]
            names = {other.var: Var(INT) for other in needed} | {loop.counter: counter}

            def change(operand: Operand, names=names) -> Operand:
                return names.get(operand, operand)

            body = [Let(names[other.var], substitute(other.expr, change), other.span) for other in needed]
            build.emit(replace(loop, counter=counter, body=(*body, substitute(item, change)), carries=()))

    def cleared(self, inner: Inner) -> list[Store]:
        """Stores of zeros that get a loop of their own: to references that LLVM does not know to be apart from the rows
        that are kept, in loops that otherwise only read."""
        stores = [item for item in inner.body if isinstance(item, Store)]
        known = {item.var: item.expr for item in inner.body if isinstance(item, Let)}
        simple = all(isinstance(item.value, Const) and self.exchanged.get(item.array, ("start",))[0] != "start"
                     and self.own_place(inner.loop, item.index)
                     and all(index is inner.loop.counter or index not in known or isinstance(known[index], Prim)
                             and set(known[index].args).isdisjoint(known) for index in item.index) for item in stores)
        if not simple or len(stores) != 1 or any(isinstance(item, Accumulate) and not self.apart(
                item.array, stores[0].array) for item in inner.body):
            return []
        reads = {(item.expr.array, item.expr.index) for item in inner.body if isinstance(item, Let)
                 and isinstance(item.expr, Load) and not self.apart(item.expr.array, stores[0].array)}
        return stores if reads <= {(stores[0].array, stores[0].index)} else []

    # --- a loop over rows

    def over_rows(self, outer: For) -> list[Stmt] | None:
        """The statements in place of a loop that holds nothing but an innermost one, or None."""
        *before, last = outer.body or (None,)
        if not plain(outer) or not all(isinstance(item, Let) and isinstance(item.expr, Prim) and item.var.type == INT
                                       and item.expr.op in UNFAILING for item in before):
            return None
        inner = self.inner(last)
        if inner is None:
            return None
        ahead = self.outside(replace(outer, body=(*before, *inner.outside)))
        before = [item for item in before if item not in ahead]
        inner.outside = [item for item in inner.outside if item not in ahead]
        families, others = self.families(outer, inner, {item.var for item in (*before, *inner.outside)})
        reach = max((family.reach for family in families), default=0)
        if not 0 < reach <= REACH or not (outer.step == ONE or self.turnable(outer, inner.body)):
            return None
        if not {item.var for item in before}.isdisjoint((last.start, last.stop)):
            return None
        build = self.builder(outer)
        for item in ahead:
            build.emit(item)
        lines, columns = Extent.of(build, outer), Extent.of(build, last)
        pad = max(map(wide, families))
        pad = max([pad, *map(spread, others)])
        kept = None if columns.short or lines.short else self.kept(build, inner, columns, pad, reach + 1)
        if kept is None:
            return None
        with build.block() as block:
            self.lines(build, outer, before, inner, families, others, lines, columns, kept, pad, reach)
        there = build.prim("and", build.prim("lt", lines.low, lines.high), build.prim("lt", columns.low, columns.high))
        build.emit(If(there, tuple(block.body), (), (), outer.span))
        return build.here.body

    def families(self, outer: For, inner: Inner, own: set[Var]) -> tuple[list[Family], list[list[Term]]]:
        """Rows that are reached from different iterations of the loop around, and the others.

        `own` are the variables that only the iteration itself has.
        """
        found: dict[tuple, Family] = {}
        others = []
        for row in inner.rows:
            forms = [self.indices.affine(index) for index in row[0].index]
            axes = [axis for axis, (base, _) in enumerate(forms) if base is outer.counter and axis != row[0].axis]
            if len(axes) != 1:
                others.append(row)
                continue
            axis = axes[0]
            rest = tuple(None if k == axis else index for k, index in enumerate(row[0].index))
            family = found.setdefault((row[0].array, row[0].axis, axis, rest), Family(axis, []))
            family.members.append((forms[axis][1], row))
        reach = max((family.reach for family in found.values()), default=0)
        kept = [family for family in found.values() if family.reach == reach and reach > 0]
        others += [row for family in found.values() if family not in kept for _, row in family.members]
        fixed = all(own.isdisjoint(index for k, index in enumerate(family.members[0][1][0].index) if k != family.axis)
                    for family in kept)
        return (kept, others) if fixed else ([], others)

    def lines(self, build: Builder, outer: For, before: list[Stmt], inner: Inner, families: list[Family],
              others: list[list[Term]], lines: Extent, columns: Extent, kept: dict[Operand, Var], pad: int,
              reach: int) -> None:
        """Rows of zeros, and the loop over rows."""
        width = build.prim("add", build.prim("sub", columns.high, columns.low), const(2 * pad))
        slots = reach + 1
        clear(build, kept, [const(slot) for slot in range(slots)], width)
        with build.block() as block:
            slot = build.prim("mod", outer.counter, const(slots))
            with build.block() as present:
                for item in (*before, *inner.outside):
                    build.emit(item)
                self.keep(build, inner, columns, kept, (slot,), pad)
                build.span = None
                for row in others:
                    add_row(build, row[0], columns, row,
                            lambda term, place: build.load(kept[term.value], (slot, place)), pad)
            with build.block() as past:
                clear(build, kept, [slot], width)
            build.emit(If(build.prim("lt", outer.counter, lines.high), tuple(present.body), tuple(past.body)))
            for family in families:
                self.add_family(build, outer, family, columns, kept, pad, slot, slots)
        stop = build.prim("add", lines.high, const(reach))
        build.emit(replace(outer, start=lines.low, stop=stop, step=ONE, body=tuple(block.body)))

    @staticmethod
    def add_family(build: Builder, outer: For, family: Family, columns: Extent, kept: dict[Operand, Var], pad: int,
                   slot: Operand, slots: int) -> None:
        """The loop over the row to which nothing is added any more after this iteration."""
        least = family.least
        places = {offset: build.prim("mod", build.prim("add", slot, const(slots - (offset - least))), const(slots))
                  if offset != least else slot for offset, _ in family.members}
        slot_of = {id(term): places[offset] for offset, row in family.members for term in row}
        terms = [term for _, row in family.members for term in row]
        target = build.prim("add", outer.counter, const(least))
        index = tuple(target if k == family.axis else item for k, item in enumerate(terms[0].index))
        add_row(build, replace(terms[0], index=index), columns, terms,
                lambda term, place: build.load(kept[term.value], (slot_of[id(term)], place)), pad)


def add_row(build: Builder, target: Term, columns: Extent, terms: list[Term], value_of, pad: int) -> None:
    """The loop over the elements of a row that gets something."""
    least = min(term.offset for term in terms)
    start = build.prim("add", columns.low, const(least))
    count = build.prim("add", build.prim("sub", columns.high, columns.low), const(spread(terms)))
    counter = Var(INT, "j")
    with build.block() as block:
        total = None
        for term in terms:
            part: Operand = value_of(term, build.prim("add", counter, const(least - term.offset + pad)))
            if term.factor is not None:
                part = build.prim("neg", part) if term.factor == "neg" else build.prim("mul", term.factor, part)
            total = part if total is None else build.prim("add", total, part)
        index = tuple(build.prim("add", counter, start) if k == target.axis else item
                      for k, item in enumerate(target.index))
        build.accumulate(target.array, index, total)
    build.emit(For(counter, ZERO, count, ONE, (), tuple(block.body)))


def clear(build: Builder, kept: dict[Operand, Var], slots: list[Operand], width: Operand) -> None:
    """Zeros in some rows of values."""
    counter = Var(INT, "j")
    with build.block() as block:
        for row in kept.values():
            for slot in slots:
                build.store(row, (slot, counter), zero(row.type.element))
    build.emit(For(counter, ZERO, width, ONE, (), tuple(block.body)))


def spread(row: list[Term]) -> int:
    """The distance of the farthest two offsets."""
    return max(term.offset for term in row) - min(term.offset for term in row)


def wide(family: Family) -> int:
    return spread([term for _, row in family.members for term in row])


def own(loop: For) -> set[Var]:
    """What the iterations of a loop define and carry."""
    return {var for item in loop.body for var in ir.defined(item)} | {carry.inside for carry in loop.carries}


def accessed(loop: For) -> list[Var]:
    """The arrays whose elements a loop reads or stores."""
    return [item.array if isinstance(item, Store) else item.expr.array for item in loop.body
            if isinstance(item, Store) or isinstance(item, Let) and isinstance(item.expr, Load)]


def parts_of(values: Iterable[Operand], definitions: dict, inner: set[Var]) -> dict[Operand, list[Part]]:
    """What each of some values is the sum of, so that fewer values have to be kept; itself where that is no gain.

    A value that is the sum or difference of two others is these two.
    """
    scales = {value: scale(value, definitions, inner) for value in values}
    found = {value: [part] for value, part in scales.items()}
    kept = {part[1] for part in scales.values()}
    for value, (factor, other) in scales.items():
        parts = summands(other, definitions, inner) if factor is None else []
        if parts and {part for _, part in parts} <= kept - {other}:
            found[value] = parts
            kept.discard(other)
    return found if len({part for parts in found.values() for _, part in parts}) < len(scales) \
        else {value: [(None, value)] for value in scales}


def summands(value: Operand, definitions: dict, inner: set[Var]) -> list[Part]:
    """The two values, or their negatives, that a value is the sum of; none if it is something else."""
    match definitions.get(value):
        case Prim("add" | "sub" as op, (Var() as left, Var() as right)) if left in inner and right in inner:
            first, second = scale(left, definitions, inner), scale(right, definitions, inner)
            if {first[0], second[0]} <= {None, "neg"}:
                return [first, second if op == "add" else ("neg" if second[0] is None else None, second[1])]
    return []


def scale(value: Operand, definitions: dict, inner: set[Var]) -> Part:
    """A factor, which does not change in the loop, and what it multiplies."""
    match definitions.get(value):
        case Prim("neg", (Var() as other,)) if other in inner:
            return "neg", other
        case Prim("mul", (factor, Var() as other)) if other in inner and factor not in inner:
            return factor, other
        case Prim("mul", (Var() as other, factor)) if other in inner and factor not in inner:
            return factor, other
    return None, value
