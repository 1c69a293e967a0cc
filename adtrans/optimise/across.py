"""Loops over the columns of arrays go innermost, a block of columns at a time.

    for j in range(m):                            for first in range(0, m, 64):
        total = 0.0                                   ...
        for k in range(n):                            for k in range(n):
            total += a[i, k] * b[k, j]      ->            t = a[i, k]
        c[i, j] = total                                   for b in range(count):
                                                              total[b] += t * b[k, first + b]
                                                      for b in range(count):
                                                          c[i, first + b] = total[b]

The loop within that runs down a column of `b` takes one element from each line of the cache; the loop over columns runs
along a row. It takes loops, at any depth, whose iterations write only to what has their counter for an index, the same
in all that they read of these arrays, and that thereby gain contiguous accesses; see `block` for how.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.analysis.independence import Independence
from adtrans.analysis.regions import Regions
from adtrans.ir import Alloc, For, If, Let, Load, Operand, Program, Stmt, Store, Var, While
from adtrans.optimise.block import Blocks, Everything, suits
from adtrans.optimise.products import loops_of_products

# What an element costs that is not next to the one before, in elements along a row.
APART = 8


def across(program: Program) -> Program:
    """The program with loops over columns innermost, but for those that products of matrices will take."""
    if not any(suits(statement) for statement in ir.walk(program.body) if isinstance(statement, For)):
        return program
    turning = Turning(program)
    body = turning.block(program.body)
    return replace(program, body=(*turning.ahead, *body)) if turning.changed else program


class Turning:
    """`ahead` are the arrays for values of a block's columns, made once."""

    def __init__(self, program: Program):
        self.independence = Independence(program, Everything(program), Regions(program))
        self.affine = self.independence.ranges.build.affine
        self.ahead: list[Stmt] = []
        self.changed = False
        self.left = loops_of_products(program)

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for statement in body:
            match statement:
                case For():
                    done += self.turned(statement) or [replace(statement, body=self.block(statement.body))]
                case While(head=head, body=inner):
                    done.append(replace(statement, head=self.block(head), body=self.block(inner)))
                case If(then=then, orelse=orelse):
                    done.append(replace(statement, then=self.block(then), orelse=self.block(orelse)))
                case _:
                    done.append(statement)
        return tuple(done)

    def turned(self, loop: For) -> list[Stmt] | None:
        """The statements in place of a loop over columns; None for any other."""
        if id(loop) in self.left or not suits(loop) or any(isinstance(item, Alloc) for item in loop.body) \
                or not self.gains(loop) or not all(self.independence.is_sum(carry) for carry in loop.carries):
            return None
        sliced = self.sliced(loop)
        if sliced is None:
            return None
        blocks = Blocks(loop, self.independence, sliced)
        made = blocks.made()
        if made is None or not all(isinstance(item, Alloc) for item in made[:-1]):
            return None
        self.ahead += made[:-1]
        self.changed = True
        return made[-1:]

    def sliced(self, loop: For) -> set[Var] | None:
        """The memory that a loop writes to; None unless each iteration has its own part of it."""
        classes = self.independence.activity.classes
        accesses = [item if isinstance(item, Store) else item.expr for item in ir.walk(loop.body)
                    if isinstance(item, Store) or isinstance(item, Let) and isinstance(item.expr, Load)]
        written = {classes[access.array] for access in accesses if isinstance(access, Store)}
        for group in written:
            own = [access for access in accesses if classes[access.array] is group]
            if len({access.array for access in own}) > 1:
                return None
            if not any(self.own_part(loop, {access.index[axis] for access in own})
                       for axis in range(own[0].array.type.rank)):
                return None
        return written

    def own_part(self, loop: For, indices: set[Operand]) -> bool:
        """Whether indices are all the counter of the loop plus one thing that is the same in all its iterations."""
        forms = [self.affine(index) if isinstance(index, Var) else ({}, 0) for index in indices]
        terms = forms[0][0]
        inside = ir.introduced(loop.body)
        return all(form == forms[0] for form in forms) and terms.get(loop.counter) == 1 and not any(
            var in inside for var in terms if var is not loop.counter) and all(
            map(self.independence.ranges.not_negative, indices))

    def gains(self, loop: For) -> bool:
        """Whether the accesses of the innermost loops cost less with this loop innermost than they do now, values that
        are carried in these loops included, which then are in memory."""
        now = then = 0
        for inner, item in innermost(loop):
            if isinstance(item, For):
                then += 2 * len(item.carries)
                continue
            access = item if isinstance(item, Store) else item.expr
            now += self.cost(access.index, inner.counter)
            then += self.cost(access.index, loop.counter)
        return then < now

    def cost(self, index: tuple[Operand, ...], counter: Var) -> int:
        """What an access takes as a counter runs: nothing where it stays, little along a row."""
        if not index:
            return 0
        *others, last = [self.affine(item)[0] if isinstance(item, Var) else {} for item in index]
        if any(counter in other for other in others) or last.get(counter, 1) != 1:
            return APART
        return 1 if counter in last else 0


def innermost(loop: For):
    """Reads and writes of elements in the innermost loops within a loop, with the loop each is in, and these loops."""
    for item in loop.body:
        if isinstance(item, For):
            if any(isinstance(inner, For) for inner in item.body):
                yield from innermost(item)
            else:
                yield item, item
                yield from ((item, inner) for inner in item.body if isinstance(inner, Store)
                            or isinstance(inner, Let) and isinstance(inner.expr, Load))
