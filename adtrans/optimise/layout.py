"""Arrays of a program's own get the order of axes in which it goes through them.

    right = np.empty((n, m, nk))                  right = np.empty((nk, n, m))
    for k in range(nk):                           for k in range(nk):
        for i in range(n):                            for i in range(n):
            for j in range(m):           ->               for j in range(m):
                right[i, j, k] = ...                          right[k, i, j] = ...

Where no innermost loop goes along the last axis each element is taken from another line of the cache, and nothing is
loaded as a vector. Only arrays that nothing is made of but elements and extents are turned: no views, no results, no
arguments of routines. Each index stays with its axis, one that counts from the end as well, and so do extents and
checks. The shadow of an array has the axes that the array has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adtrans import ir
from adtrans.ir import (
    Accumulate,
    Alloc,
    Array,
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
    While,
)


def layout(program: Program) -> Program:
    """The program with axes in the order of the loops over them."""
    made = [item.var for item in ir.walk(program.body) if isinstance(item, Alloc) and item.var.type.rank > 1]
    if not made:
        return program
    kept = {operand for item in ir.walk(program.body) for operand in others(item)}
    kept |= {*program.results, *program.facts.get("outputs", ())}
    uses = {var: Uses(var.type.rank) for var in made if var not in kept}
    if uses:
        Loops(program, uses).collect(program.body, ())
    orders = {var: order for var, use in uses.items() if (order := use.order()) is not None}
    return replace(program, body=turned(program.body, orders)) if orders else program


def others(item: Stmt) -> Iterator[Operand]:
    """The arrays that a statement uses as a whole."""
    array = access(item)[0] if access(item) is not None else None
    if isinstance(item, Let) and isinstance(item.expr, Dim):
        return
    for operand in (*ir.operands(item), *ir.inner_operands(item)):
        if isinstance(operand, Var) and isinstance(operand.type, Array) and operand is not array:
            yield operand


def access(item: Stmt) -> tuple[Var, tuple[Operand, ...]] | None:
    """The array and the index of the element that a statement reads or writes."""
    match item:
        case Let(_, Load(array, index)) | Store(array, index) | Accumulate(array, index):
            return array, index
    return None


@dataclass
class Uses:
    """Of each axis of an array, how deep the loops are that go along it, and whether one of them is innermost."""

    rank: int
    depths: list[list[int]] = field(default_factory=list)
    innermost: set[int] = field(default_factory=set)

    def __post_init__(self):
        self.depths = [[] for _ in range(self.rank)]

    def order(self) -> tuple[int, ...] | None:
        """The axes, those that outer loops go along first; None if they should stay as they are."""
        if self.rank - 1 in self.innermost or not self.innermost:
            return None
        mean = [sum(depths) / len(depths) if depths else 0.0 for depths in self.depths]
        order = tuple(sorted(range(self.rank), key=lambda axis: (mean[axis], axis)))
        return order if order[-1] in self.innermost else None


class Loops:
    """Goes through a program, and notes where arrays are used in which loops."""

    def __init__(self, program: Program, uses: dict[Var, Uses]):
        self.uses = uses
        self.definitions = {item.var: item.expr for item in ir.walk(program.body)
                            if isinstance(item, Let) and isinstance(item.expr, Prim)}

    def collect(self, body: tuple[Stmt, ...], loops: tuple[Var | None, ...]) -> None:
        """`loops` are the counters of the loops around, None for those that have none."""
        for item in body:
            match item:
                case For(counter, body=inner):
                    self.collect(inner, (*loops, counter))
                case While(head=head, body=inner):
                    self.collect(head, (*loops, None))
                    self.collect(inner, (*loops, None))
                case If(then=then, orelse=orelse):
                    self.collect(then, loops)
                    self.collect(orelse, loops)
                case _:
                    found = access(item)
                    if found is not None and found[0] in self.uses:
                        self.note(self.uses[found[0]], found[1], loops)

    def note(self, uses: Uses, index: tuple[Operand, ...], loops: tuple[Var | None, ...]) -> None:
        for axis, operand in enumerate(index):
            along = [depth for depth, counter in enumerate(loops, 1) if counter is not None
                     and self.follows(operand, counter)]
            if along:
                uses.depths[axis].append(along[-1])
                if along[-1] == len(loops):
                    uses.innermost.add(axis)

    def follows(self, operand: Operand, counter: Var) -> bool:
        """Whether an index is the counter, with something added."""
        if operand is counter:
            return True
        match self.definitions.get(operand) if not isinstance(operand, Const) else None:
            case Prim("add" | "sub", (left, right)):
                return self.follows(left, counter) or self.follows(right, counter)
        return False


def turned(body: tuple[Stmt, ...], orders: dict[Var, tuple[int, ...]]) -> tuple[Stmt, ...]:
    """Statements with the axes of some arrays in another order."""

    def moved(array: Var, items: tuple) -> tuple:
        return tuple(items[axis] for axis in orders[array])

    def statement(item: Stmt) -> Stmt:
        match item:
            case Alloc(var, shape) if var in orders:
                return replace(item, shape=moved(var, shape))
            case Let(var, Load(array, index)) if array in orders:
                return replace(item, expr=Load(array, moved(array, index)))
            case Let(var, Dim(array, axis)) if array in orders:
                return replace(item, expr=Dim(array, orders[array].index(axis)))
            case Store(array, index) | Accumulate(array, index) if array in orders:
                return replace(item, index=moved(array, index))
            case For(body=inner):
                return replace(item, body=turned(inner, orders))
            case While(head=head, body=inner):
                return replace(item, head=turned(head, orders), body=turned(inner, orders))
            case If(then=then, orelse=orelse):
                return replace(item, then=turned(then, orders), orelse=turned(orelse, orders))
        return item

    return tuple(map(statement, body))
