"""Arrays that end as rows of another are made there: no copy.

    out = np.empty((n, m))                   out = np.zeros((n, m))
    for i in range(n):                       for i in range(n):
        g = np.zeros(m)                          g = out[i]
        ...                           ->         ...
        for j in range(m):
            out[i, j] = g[j]

The copy must be all that is done with the rows until the loops have ended, nothing may use the array after it, and an
array that starts as zeros must have its row for itself: no index may count from the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from adtrans import ir
from adtrans.analysis.ranges import Ranges
from adtrans.ir import Alloc, Check, Const, Dim, For, If, Let, Load, Operand, Prim, Program, Stmt, Store, Var, View
from adtrans.optimise.first import stored_first

Body = tuple[Stmt, ...]


def land(program: Program) -> Program:
    """The program without copies of arrays into rows."""
    allocations = {statement.var: statement for statement in ir.walk(program.body) if isinstance(statement, Alloc)}
    landing = Landing(program, allocations)
    found = {copy.var: copy for copy in landing.block(program.body, ())}
    if not found:
        return program
    stored: set[Var] = set()
    body = landing.stored(program.body, found, stored)
    zeros = {copy.out for copy in found.values() if allocations[copy.var].fill == "zeros" and copy.var not in stored}
    return ir.verify(replace(program, body=landed(body, found, zeros)))


@dataclass(frozen=True)
class Copy:
    """A nest that copies all of `var` into out[index]."""

    var: Var
    out: Var
    index: tuple[Operand, ...]
    nest: Stmt


class Landing:
    """What may be made in place: `equal` maps extents to one that checks have shown to be the same."""

    def __init__(self, program: Program, allocations: dict[Var, Alloc]):
        self.program, self.allocations, self.ranges = program, allocations, Ranges(program)
        self.equal: dict[Operand, Operand] = {}
        self.definitions: dict[Var, Any] = {}
        known: dict[tuple[Var, int], Var] = {}
        for statement in ir.walk(program.body):
            match statement:
                case Let(var, expr):
                    self.definitions[var] = expr
                    if isinstance(expr, Dim) and expr.array in allocations:
                        self.equal[var] = allocations[expr.array].shape[expr.axis]
                    elif isinstance(expr, Dim):
                        first = known.setdefault((expr.array, expr.axis), var)
                        if first is not var:
                            self.equal[var] = first
                case Check(test) if isinstance(test, Var):
                    expr = self.definitions.get(test)
                    if isinstance(expr, Prim) and expr.op == "eq" and self.only_extents(expr):
                        one, other = map(self.extent, expr.args)
                        if one != other and isinstance(other, Var):
                            self.equal[other] = one

    def only_extents(self, expr: Prim) -> bool:
        """Whether a comparison is of extents of parameters, which are what they are everywhere."""
        return all(isinstance(self.definitions.get(arg), Dim) and self.definitions[arg].array in self.program.params
                   for arg in expr.args)

    def extent(self, operand: Operand) -> Operand:
        while operand in self.equal:
            operand = self.equal[operand]
        return operand

    def block(self, body: Body, loops: tuple[Stmt, ...]) -> Iterator[Copy]:
        """The copies in a block within loops."""
        places = {statement.var: at for at, statement in enumerate(body) if isinstance(statement, Alloc)}
        if loops:
            for at, statement in enumerate(body):
                copy = self.copy(statement)
                if copy is not None and copy.var in places and self.fits(copy, body, places[copy.var], at, loops):
                    yield copy
        for statement in body:
            match statement:
                case For(body=inner):
                    yield from self.block(inner, (*loops, statement))
                case If(then=then, orelse=orelse):
                    if loops:
                        yield from self.block(then, (*loops, statement))
                        yield from self.block(orelse, (*loops, statement))

    def stored(self, body: Body, found: dict[Var, Copy], done: set[Var]) -> Body:
        """Statements where the first sums into rows are stores; the arrays are added to `done`."""
        made = list(body)
        for at, statement in enumerate(body):
            if isinstance(statement, For):
                inner = self.stored(statement.body, found, done)
                made[at] = statement if inner is statement.body else replace(statement, body=inner)
        for at, statement in enumerate(body):
            if isinstance(statement, Alloc) and statement.var in found and statement.fill == "zeros":
                rest = stored_first(tuple(made[at + 1:]), statement.var, statement.shape, self.extent,
                                    self.definitions)
                if rest is not None:
                    made[at + 1:] = rest
                    done.add(statement.var)
        return body if all(one is other for one, other in zip(made, body)) else tuple(made)

    def copy(self, nest: Stmt) -> Copy | None:
        """The copy that a nest is, if it is one."""
        counters: list[Var] = []
        extents: list[Operand] = []
        inner = nest
        while isinstance(inner, For) and inner.start == Const(0, ir.INT) and inner.step == Const(1, ir.INT) \
                and not inner.carries and inner.leave is None:
            counters.append(inner.counter)
            extents.append(inner.stop)
            if len(inner.body) == 2:
                break
            if len(inner.body) != 1:
                return None
            inner = inner.body[0]
        match inner:
            case For(body=(Let(value, Load(var, read)), Store(out, index, stored))):
                count, rank = len(counters), len(index) - len(counters)
                if stored is value and read == tuple(counters) and index[rank:] == tuple(counters) and rank > 0 \
                        and var in self.allocations and out in self.allocations and var.type.dtype == out.type.dtype \
                        and self.same(extents, self.allocations[var].shape) \
                        and self.same(extents, self.allocations[out].shape[rank:]) and count == var.type.rank:
                    return Copy(var, out, index[:rank], nest)
        return None

    def same(self, left, right) -> bool:
        return len(left) == len(right) and all(self.extent(a) == self.extent(b) for a, b in zip(left, right))

    def fits(self, copy: Copy, body: Body, made: int, at: int, loops: tuple[Stmt, ...]) -> bool:
        """Whether the array may be the row from the start."""
        around = self.home(copy.out, loops)
        if around is None:
            return False
        block, holder = around
        counters = [loop.counter for loop in loops[loops.index(holder):] if isinstance(loop, For)]
        if any(not isinstance(loop, (For, If)) for loop in loops):
            return False
        own_row = self.allocations[copy.var].fill != "zeros" or all(
            counter in copy.index and self.ranges.not_negative(counter) for counter in counters)
        later = {var for statement in body[made:] for inner in ir.walk((statement,)) for var in ir.defined(inner)}
        names = aliases(copy.var, body)
        rest = [item for statement in body[at + 1:] for item in every_operand(statement)]
        carried = [*ir.inner_operands(loops[-1])]
        return own_row and not later & set(copy.index) and not names & {*rest, *carried} \
            and self.alone(copy, block, holder)

    def home(self, out: Var, loops: tuple[Stmt, ...]) -> tuple[Body, Stmt] | None:
        """The block in which `out` is made and the statement of it that the loops are in."""
        blocks = [self.program.body, *(loop.body for loop in loops if isinstance(loop, For))]
        for block in blocks:
            if any(isinstance(statement, Alloc) and statement.var is out for statement in block):
                holder = next((statement for statement in block if statement in loops), None)
                return (block, holder) if holder is not None else None
        return None

    def alone(self, copy: Copy, block: Body, holder: Stmt) -> bool:
        """Whether nothing else touches the rows before the loops have ended."""
        before = block[:next(k for k, statement in enumerate(block) if statement is holder) + 1]
        uses = sum(operand is copy.out for statement in before for operand in every_operand(statement))
        dims = sum(isinstance(inner, Let) and isinstance(inner.expr, Dim) and inner.expr.array is copy.out
                   for inner in ir.walk(before))
        return uses - dims == 1


def every_operand(statement: Stmt) -> Iterator[Operand]:
    for inner in ir.walk((statement,)):
        yield from ir.operands(inner)
        yield from ir.inner_operands(inner)


def aliases(var: Var, body: Body) -> set[Var]:
    """The array and the views of it; carried and merged references are found among their sources."""
    found = {var}
    for statement in ir.walk(body):
        match statement:
            case View(made, base) | ir.Reshape(made, base) | ir.Strided(made, base) if base in found:
                found.add(made)
            case For(carries=carries) | ir.While(carries=carries):
                found.update(carry.after for carry in carries if carry.init in found or carry.next in found)
            case If(merges=merges):
                found.update(merge.after for merge in merges if merge.then in found or merge.orelse in found)
    return found


def landed(body: Body, found: dict[Var, Copy], zeros: set[Var]) -> Body:
    nests = {id(copy.nest) for copy in found.values()}
    made: list[Stmt] = []
    for statement in body:
        if id(statement) in nests:
            continue
        match statement:
            case Alloc(var) if var in found:
                copy = found[var]
                made.append(View(var, copy.out, copy.index, None, statement.span))
            case Alloc(var, fill="empty") if var in zeros:
                made.append(replace(statement, fill="zeros"))
            case For(body=inner):
                made.append(replace(statement, body=landed(inner, found, zeros)))
            case ir.While(body=inner):
                made.append(replace(statement, body=landed(inner, found, zeros)))
            case If(then=then, orelse=orelse):
                made.append(replace(statement, then=landed(then, found, zeros), orelse=landed(orelse, found, zeros)))
            case _:
                made.append(statement)
    return tuple(made)
