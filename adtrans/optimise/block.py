"""Iterations that are on their own, taken in blocks whose iterations run side by side in innermost loops.

    for i in range(n):                          for first in range(0, n, 64):
        for j in range(d):                          count = min(64, n - first)
            t = x[i, j] - mean[j]       ->          for j in range(d):
            square[j] = t * t                           t_1 = mean[j]
        for j in range(d):                              for b in range(count):
            total += square[j]                              t = x[first + b, j] - t_1
                                                            square_block[j, b] = t * t
                                                    ...

Processors compute on several numbers at once where the innermost loop treats them alike, which loops over the few
parameters of a model do not allow and loops over the data do. Scratch arrays get an axis more, last, values that one
innermost loop hands to the next become arrays, and loops whose range is the same for all iterations stay outside.

It takes loops at function level that hold such loops, with something that belongs to one iteration in them, and whose
iterations pass nothing on but sums (see `analysis.independence`); the order of additions changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adtrans import ir
from adtrans.analysis.alias import Classes, memory_classes
from adtrans.analysis.independence import Independence
from adtrans.analysis.regions import Regions
from adtrans.build import ONE, ZERO, Builder, const, zero
from adtrans.ir import (
    INT,
    Alloc,
    Carry,
    Check,
    Const,
    Dim,
    For,
    If,
    Let,
    Load,
    Operand,
    Prim,
    Program,
    Stmt,
    Store,
    Var,
)
from adtrans.optimise.simplify import substitute

WIDTH = 64
SHORT = 32


class Everything:
    """An activity in which all numbers and all memory matter."""

    def __init__(self, program: Program):
        self.classes: Classes = memory_classes(program)
        self.memory = {self.classes[var] for statement in ir.walk(program.body)
                       for var in (*ir.operands(statement), *ir.defined(statement))
                       if isinstance(var, Var) and not isinstance(var.type, ir.Scalar)}

    @staticmethod
    def is_active(operand: Operand) -> bool:
        return isinstance(operand, Var) and operand.type.is_float


def block(program: Program) -> Program:
    """The program with loops over independent iterations taken in blocks."""
    candidates = [statement for statement in program.body if isinstance(statement, For) and suits(statement)]
    if not candidates:
        return program
    independence = Independence(program, Everything(program), Regions(program))
    body: list[Stmt] = []
    tapes: tuple[Var, ...] = program.facts.get("tapes", ())
    changed = False
    for statement in program.body:
        made = None
        if any(statement is other for other in candidates):
            sums = independence.sums(statement)
            if sums is not None and len(sums) == len(statement.carries):
                blocks = Blocks(statement, independence)
                made = blocks.made()
                tapes = (*tapes, *blocks.rows.values()) if made is not None else tapes
        changed |= made is not None
        body += made or [statement]
    return replace(program, body=tuple(body), facts={**program.facts, "tapes": tapes}) if changed else program


def suits(loop: For) -> bool:
    """Whether a loop may have enough iterations, holds loops, and nothing that cannot run side by side."""
    if loop.step != ONE or loop.leave is not None or not any(isinstance(item, For) for item in loop.body):
        return False
    if isinstance(loop.start, Const) and isinstance(loop.stop, Const) and loop.stop.value - loop.start.value < SHORT:
        return False
    return all(isinstance(item, (Let, Store, Check, For, If)) or isinstance(item, Alloc) and item in loop.body
               for item in ir.walk(loop.body)) and not any(
        isinstance(item, If) and any(isinstance(inner, (For, Alloc)) for inner in ir.walk((item,)))
        or isinstance(item, For) and item.leave is not None for item in ir.walk(loop.body))


@dataclass
class Group:
    """Statements that run side by side, and sums of values over the iterations: (carried, value)."""

    body: list[Stmt] = field(default_factory=list)
    sums: list[tuple[Operand, Operand, Var]] = field(default_factory=list)


@dataclass
class Outer:
    """A loop that is the same for all iterations."""

    loop: For
    carries: tuple[Carry, ...]
    items: list


class Blocks:
    """One loop in the making. `lane` stands for the counter of whichever innermost loop a statement comes into.

    `sliced` is memory of which each iteration has a part, by an index; what else is written is scratch memory. With it
    given, the loop may be within others.
    """

    def __init__(self, loop: For, independence: Independence, sliced: set[Var] | None = None):
        self.sliced = sliced
        self.loop, self.independence, self.classes = loop, independence, independence.activity.classes
        self.written = {self.classes[item.array if isinstance(item, Store) else item.var]
                        for item in ir.walk(loop.body) if isinstance(item, (Store, Alloc))}
        self.lane = Var(INT, "b")
        self.varying: set[Var] = {loop.counter, self.lane}
        self.wide: dict[Var, Var] = {}
        self.rows: dict[Var, Var] = {}
        self.packs: dict[Var, Var] = {}
        self.ahead = Builder()
        self.ahead.span = loop.span

    def made(self) -> list[Stmt] | None:
        """The statements in place of the loop; None where a loop within it depends on the iteration."""
        loop = self.loop
        zeros = {carry.inside: zero(carry.inside.type) for carry in loop.carries}
        body, names = without(loop.body, zeros)
        self.spread(body)
        if any(isinstance(item, For) and self.differs(item) for item in ir.walk(body)) or \
                not self.fails_alike(body) or self.sliced is None and not self.pays(body):
            return None
        items = self.items(self.packed(body, ()) if self.sliced is None else body)
        groups = list(flat(items))
        if not groups or items[-1] is not groups[-1]:
            items.append(Group())
            groups.append(items[-1])
        nexts = []
        for carry in loop.carries:
            inside, after = Var(carry.inside.type, carry.inside.name, carry.inside.user), \
                Var(carry.next.type, carry.next.name)
            value = names.get(carry.next, carry.next)
            groups[-1].sums.append((inside, value, after))
            nexts.append(Carry(inside, carry.init, after, carry.after))
        self.expand(groups)
        return self.emit(items, tuple(nexts))

    def pays(self, body: tuple[Stmt, ...]) -> bool:
        """Whether iterations have something of their own that is computed in the loops within: scratch memory, or
        numbers that are not just added to the sums. What else there is runs along the rows of arrays as it stands."""
        read = {operand for item in ir.walk(body) for operand in (*ir.operands(item), *ir.inner_operands(item))}
        return bool(self.written) or any(
            carry.inside in self.varying and (carry.after in read or not self.independence.is_sum(carry))
            for item in self.loop.body if isinstance(item, For) for carry in item.carries)

    # --- what differs between iterations

    def spread(self, body: tuple[Stmt, ...]) -> None:
        """Find the variables that are not the same for all iterations."""
        while True:
            before = len(self.varying)
            for item in ir.walk(body):
                match item:
                    case Let(var, Load(array, index)):
                        if self.classes[array] in self.written or self.any_varying(index):
                            self.varying.add(var)
                    case Let(var, expr):
                        if self.any_varying(ir.operands(expr)):
                            self.varying.add(var)
                    case If(merges=merges):
                        self.varying.update(merge.after for merge in merges)
                        for inner in ir.walk((item,)):
                            self.varying.update(ir.defined(inner))
                    case For(carries=carries):
                        for carry in carries:
                            if self.any_varying((carry.init, carry.next)):
                                self.varying.update((carry.inside, carry.after))
            if len(self.varying) == before:
                return

    def fails_alike(self, body: tuple[Stmt, ...]) -> bool:
        """Whether the check that fails first side by side is the one that fails first in order: all of them raise the
        same, or in each iteration the same ones fail, so that one fails in the very first."""
        checks = [item for item in ir.walk(body) if isinstance(item, Check)]
        if len({(item.error, item.message if item.error != "IndexError" else "") for item in checks}) <= 1:
            return True
        some = {id(inner) for item in ir.walk(body) if isinstance(item, If) for inner in ir.walk((item,))}
        return not any(id(item) in some or self.any_varying((item.test, *item.values)) for item in checks)

    def any_varying(self, operands) -> bool:
        return any(operand in self.varying for operand in operands if isinstance(operand, Var))

    def differs(self, loop: For) -> bool:
        """Whether iterations do not agree on the range of a loop."""
        return self.any_varying((loop.start, loop.stop, loop.step))

    # --- rows of data

    def packed(self, body: tuple[Stmt, ...], around: tuple[For, ...]) -> tuple[Stmt, ...]:
        """Rows of matrices that loops around read again and again are laid out for innermost loops once in a block."""
        done = []
        for item in body:
            match item:
                case Let(var, Load(array, (first, second)), span) if first is self.loop.counter and \
                        self.read_again(array, second, around):
                    item = Let(var, Load(self.packs[array], (second, self.lane)), span)
                case For(body=inner):
                    item = replace(item, body=self.packed(inner, (*around, item)))
            done.append(item)
        return tuple(done)

    def read_again(self, array: Var, column: Operand, around: tuple[For, ...]) -> bool:
        """Whether a loop, besides that over the columns, reads a row of a matrix that all iterations have."""
        if self.classes[array] in self.written or len(around) < 2 or not any(
                column is loop.counter for loop in around):
            return False
        if array not in self.packs:
            ranges, counter = self.independence.ranges, self.loop.counter
            extents = [var for var, expr in ranges.build.definitions.items() if expr == Dim(array, 0)]
            if not ranges.not_negative(counter) or not any(ranges.bounds.inside(counter, extent)
                                                           for extent in extents):
                return False
            self.packs[array] = self.ahead.alloc(array.type.dtype, (self.ahead.dim(array, 1), const(WIDTH)), "empty",
                                                 f"{array.name}_rows")
        return True

    def pack(self, build: Builder) -> None:
        """Fill the laid out rows of a block."""
        for array, rows in self.packs.items():
            column, lane = Var(INT, "j"), Var(INT, "b", lane=True)
            with build.block() as outer:
                with build.block() as inner:
                    element = build.load(array, (build.prim("add", self.first, lane), column))
                    build.store(rows, (column, lane), element)
                build.emit(For(lane, ZERO, self.count, ONE, (), tuple(inner.body)))
            build.emit(For(column, ZERO, self.ahead.dim(array, 1), ONE, (), tuple(outer.body)))

    # --- groups

    def items(self, body: tuple[Stmt, ...]) -> list:
        """The statements of a list in groups, between what is the same for all iterations."""
        found: list = []
        group = Group()
        for item in body:
            match item:
                case For():
                    if any(carry.inside in self.varying for carry in item.carries):
                        self.hand_over(group, item)
                    if group.body:
                        found.append(group)
                    group = Group()
                    found.append(self.outer(item))
                case Alloc(array, shape):
                    self.wide[array] = Var(replace(array.type, rank=array.type.rank + 1), array.name)
                    found.append(replace(item, var=self.wide[array], shape=(*shape, const(WIDTH))))
                case Let(_, Dim(array)) if array in self.wide:
                    found.append(replace(item, expr=replace(item.expr, array=self.wide[array])))
                case Let(var) if var not in self.varying:
                    found.append(item)
                case Check(test) if test not in self.varying:
                    found.append(item)
                case _:
                    group.body.append(item)
        return found + [group] if group.body else found

    def hand_over(self, group: Group, loop: For) -> None:
        """Values carried round a loop have arrays of their own."""
        for carry in loop.carries:
            if carry.inside in self.varying:
                kept = self.rows.get(carry.init) if self.passes_through(carry) else None
                row = kept or self.row(carry.inside)
                self.rows[carry.inside] = self.rows[carry.after] = row
                if kept is None:
                    group.body.append(Store(row, (self.lane,), carry.init, loop.span))

    def passes_through(self, carry: Carry) -> bool:
        """Whether a loop takes over a value that nothing else reads, and gives it back to where it came from."""
        users = self.independence.users
        return len(users.get(carry.init, ())) == 1 and all(
            isinstance(user, For) and any(carry.after is other.next and carry.init is other.inside
                                          for other in user.carries) for user in users.get(carry.after, (None,)))

    def outer(self, loop: For) -> Outer:
        items = self.items(loop.body)
        differing = [carry for carry in loop.carries if carry.inside in self.varying
                     and self.rows.get(carry.next) is not self.rows[carry.inside]]
        if differing:
            if not items or not isinstance(items[-1], Group):
                items.append(Group())
            values = [Store(self.rows[carry.inside], (self.lane,), carry.next, loop.span) for carry in differing]
            items[-1].body += values
        kept = tuple(carry for carry in loop.carries if carry.inside not in self.varying)
        return Outer(loop, kept, items)

    def row(self, var: Var) -> Var:
        return self.ahead.alloc(var.type.code, (const(WIDTH),), "empty", var.name)

    def expand(self, groups: list[Group]) -> None:
        """Give an array to every value that one group defines and another reads."""
        home = {var: group for group in groups for item in ir.walk(group.body) for var in ir.defined(item)}
        for group in groups:
            for var in reads(group):
                if var in home and home[var] is not group and var not in self.rows:
                    self.rows[var] = self.row(var)
                    home[var].body.append(Store(self.rows[var], (self.lane,), var))

    # --- statements

    def emit(self, items: list, carries: tuple[Carry, ...]) -> list[Stmt]:
        loop, build = self.loop, Builder()
        first, count = Var(INT, "first", lane=True), None
        build.span = loop.span
        with build.block() as body:
            count = build.prim("min", const(WIDTH), build.prim("sub", loop.stop, first), name="count")
            build.span = None
            self.first, self.count = first, count
            self.pack(build)
            self.list(build, items)
        inner = tuple(body.body)
        return [*self.ahead.here.body, For(first, loop.start, loop.stop, const(WIDTH), carries, inner, None, loop.span)]

    def list(self, build: Builder, items: list) -> None:
        for item in items:
            match item:
                case Group():
                    self.group(build, item)
                case Outer(loop, carries, inner):
                    with build.block() as body:
                        self.list(build, inner)
                    build.emit(replace(loop, carries=carries, body=tuple(body.body)))
                case _:
                    build.emit(item)

    def group(self, build: Builder, group: Group) -> None:
        """The innermost loop of a group."""
        counter = Var(INT, "b", lane=True)
        names: dict[Var, Operand] = {self.lane: counter}
        body: list[Stmt] = []
        needed = list(reads(group))
        if self.loop.counter in needed:
            own = Var(INT, self.loop.counter.name, self.loop.counter.user)
            names[self.loop.counter] = own
            body.append(Let(own, Prim("add", (self.first, counter)), None))
        defined = {var for item in ir.walk(group.body) for var in ir.defined(item)}
        for var in needed:
            if var in self.rows and var not in defined:
                names[var] = Var(var.type, var.name, var.user)
                body.append(Let(names[var], Load(self.rows[var], (counter,)), None))
        done = self.checked(build, group)
        body += [self.renamed(item, names) for item in group.body if id(item) not in done]
        carries = []
        for inside, value, after in group.sums:
            total = Var(inside.type, inside.name)
            following = Var(inside.type, inside.name)
            value = names.get(value, value) if isinstance(value, Var) else value
            body.append(Let(following, Prim("add", (total, value)), None))
            carries.append(Carry(total, inside, following, after))
        build.emit(For(counter, ZERO, self.count, ONE, tuple(carries), tuple(body), None, self.loop.span))

    def checked(self, build: Builder, group: Group) -> set[int]:
        """Checks that counters are below something uniform are made once, for the last iteration of the block, and tell
        the first index that is not; their identities."""
        definitions = {item.var: item.expr for item in group.body if isinstance(item, Let)}
        done = set()
        for item in group.body:
            if not isinstance(item, Check):
                continue
            match definitions.get(item.test):
                case Prim("lt", (index, bound)) if bound not in self.varying:
                    offset = self.offset(index, definitions)
                    if offset is not None:
                        last = build.prim("add", self.first, build.prim("add", self.count, const(offset - 1)))
                        wrong = build.prim("max", build.prim("add", self.first, const(offset)), bound)
                        values = tuple(wrong if value is index else value for value in item.values)
                        if not self.any_varying(values):
                            build.emit(replace(item, test=build.prim("lt", last, bound), values=values))
                            done.add(id(item))
        return done

    def offset(self, index: Operand, definitions: dict) -> int | None:
        """What an index is more than the counter of the loop."""
        if index is self.loop.counter:
            return 0
        match definitions.get(index):
            case Prim("add", (inner, Const(value))) if inner is self.loop.counter:
                return value
        return None

    def renamed(self, item: Stmt, names: dict[Var, Operand]) -> Stmt:
        """A statement within an innermost loop."""
        def change(operand: Operand) -> Operand:
            return names.get(operand, operand) if isinstance(operand, Var) else operand

        made = substitute(item, change)
        match made:
            case Let(var, Load(array, index), span) if self.private(array):
                return Let(var, Load(self.widened(array), (*index, names[self.lane])), span)
            case Store(array, index, value, span) if self.private(array):
                return Store(self.widened(array), (*index, names[self.lane]), value, span)
            case If(then=then, orelse=orelse, merges=merges):
                return replace(made, then=tuple(self.renamed(inner, names) for inner in then),
                               orelse=tuple(self.renamed(inner, names) for inner in orelse),
                               merges=tuple(replace(merge, then=change(merge.then), orelse=change(merge.orelse))
                                            for merge in merges))
        return made

    def private(self, array: Var) -> bool:
        """Whether every iteration has the array for itself."""
        return self.classes[array] in self.written - (self.sliced or set()) and array not in self.rows.values()

    def widened(self, array: Var) -> Var:
        """The array with an axis for the iterations of a block."""
        if array not in self.wide:
            shape = tuple(self.ahead.dim(array, axis) for axis in range(array.type.rank))
            self.wide[array] = self.ahead.alloc(array.type.dtype, (*shape, const(WIDTH)), "empty", array.name)
        return self.wide[array]


def flat(items: list):
    """All groups, in order."""
    for item in items:
        if isinstance(item, Group):
            yield item
        elif isinstance(item, Outer):
            yield from flat(item.items)


def reads(group: Group) -> dict[Var, None]:
    """The variables that the statements of a group read."""
    found: dict[Var, None] = {}
    for item in ir.walk(group.body):
        found.update((operand, None) for operand in (*ir.operands(item), *ir.inner_operands(item))
                     if isinstance(operand, Var))
    found.update((value, None) for _, value, _ in group.sums if isinstance(value, Var))
    return found


def without(body: tuple[Stmt, ...], names: dict[Var, Operand]) -> tuple[tuple[Stmt, ...], dict[Var, Operand]]:
    """A body in which some variables are zero, and what sums with them come to."""
    names = dict(names)

    def change(operand: Operand) -> Operand:
        return names.get(operand, operand) if isinstance(operand, Var) else operand

    def inside(items: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        done = []
        for item in items:
            made = substitute(item, change)
            match made:
                case Let(var, Prim("add", (Const(0.0), other) | (other, Const(0.0)))) if made != item:
                    names[var] = other
                    continue
                case For(carries=carries, body=inner):
                    inner = inside(inner)
                    made = replace(made, body=inner, carries=tuple(
                        replace(carry, next=change(carry.next)) for carry in carries))
                case If(then=then, orelse=orelse, merges=merges):
                    then, orelse = inside(then), inside(orelse)
                    made = replace(made, then=then, orelse=orelse, merges=tuple(
                        replace(merge, then=change(merge.then), orelse=change(merge.orelse)) for merge in merges))
            done.append(made)
        return tuple(done)

    return inside(body), names



