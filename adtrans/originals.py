"""Copies of arrays that deep loops read as they were, and change.

    for i in range(n):                                kept = b.copy()
        for j in range(m):                            for i in range(n):
            for k in range(i + 1, n):       ->            for j in range(m):
                b[i, j] += a[k, i] * b[k, j]                  for k in range(i + 1, n):
                                                                  b[i, j] += a[k, i] * kept[k, j]

The reverse sweep needs each b[k, j] as it was read: from a tape that would be an element for every iteration, from the
copy an element for each of the array. A loop takes the copy where it is proven to read elements before it changes them.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.analysis.activity import Activity
from adtrans.analysis.dependence import Dependence, place_of
from adtrans.analysis.regions import Regions
from adtrans.build import Builder, over_elements
from adtrans.ir import Accumulate, For, Let, Load, Prim, Program, Stmt, Store, Var

LINEAR = frozenset({"add", "sub", "neg"})


def keep_originals(program: Program, activity: Activity) -> Program:
    """The program with copies of arrays before loops in which a tape would have more axes than the array."""
    if not any(isinstance(loop, For) and deep(loop) for loop in program.body):
        return program
    originals = Originals(program, activity)
    body = tuple(made for statement in program.body for made in originals.statement(statement))
    return replace(program, body=body) if originals.changed else program


def deep(loop: For) -> bool:
    """Whether there are loops in loops in a loop."""
    return any(isinstance(inner, For) and any(isinstance(item, For) for item in inner.body) for inner in loop.body)


class Originals:
    def __init__(self, program: Program, activity: Activity):
        self.activity, self.regions = activity, Regions(program)
        self.dependence = Dependence(program, self.regions)
        self.writes: dict[Var, list[Stmt]] = {}
        self.multiplied: set[Var] = set()
        self.changed = False
        for statement in ir.walk(program.body):
            match statement:
                case Store() | Accumulate():
                    self.writes.setdefault(activity.classes[statement.array], []).append(statement)
                case Let(_, Prim(op, args)) if op not in LINEAR:
                    self.multiplied.update(arg for arg in args if isinstance(arg, Var))

    def statement(self, statement: Stmt) -> tuple[Stmt, ...]:
        """A statement of the program, with the copies for it before."""
        if not isinstance(statement, For) or not deep(statement):
            return (statement,)
        inside = ir.introduced((statement,))
        found = [item for item in ir.walk(statement.body) if isinstance(item, Let) and isinstance(item.expr, Load)
                 and item.expr.array not in inside and self.pays(item) and self.as_before(item, statement)]
        if not found:
            return (statement,)
        self.changed = True
        build = Builder(relaxed=True)
        build.span = statement.span
        copies = {array: copied(build, array) for array in dict.fromkeys(item.expr.array for item in found)}
        return *build.here.body, reading(statement, {id(item) for item in found}, copies)

    def pays(self, item: Let) -> bool:
        """Whether the reverse sweep may need an element that it would not find, in loops deeper than the array."""
        array = item.expr.array
        return array.type.is_float and item.var in self.multiplied \
            and len(self.regions.at[id(item)].loops) > array.type.rank \
            and any(self.dependence.overwrites(write, item, 0)
                    for write in self.writes.get(self.activity.classes[array], ()))

    def as_before(self, item: Let, loop: For) -> bool:
        """Whether an element is read as it was before the loop."""
        place, own = place_of(item), {id(inner) for inner in ir.walk(loop.body)}
        return all(self.dependence.spares(write, item)
                   for write in self.writes.get(self.activity.classes[place.array], ()) if id(write) in own)


def copied(build: Builder, array: Var) -> Var:
    shape = tuple(build.dim(array, axis) for axis in range(array.type.rank))
    copy = build.alloc(array.type.dtype, shape, "empty", array.name and f"{array.name}_kept")
    over_elements(build, copy, lambda index: build.store(copy, index, build.load(array, index)))
    return copy


def reading(loop: For, found: set[int], copies: dict[Var, Var]) -> For:
    """The loop with some of what it reads read from copies."""
    body: list[Stmt] = []
    for item in loop.body:
        if isinstance(item, For):
            item = reading(item, found, copies)
        elif id(item) in found:
            item = replace(item, expr=Load(copies[item.expr.array], item.expr.index))
        body.append(item)
    return replace(loop, body=tuple(body))


__all__ = ["keep_originals"]
