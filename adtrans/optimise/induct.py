"""Integers that each iteration of a loop adds the same to are computed from the loop's counter.

    at = first                               for j in range(m):
    for j in range(m):                           s += a[first + j]
        s += a[at]                  ->       at = first + max(0, m)
        at += 1

What such an integer was in an iteration need then not be kept for the reverse sweep, and the places it indexes are seen
to lie next to each other.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.build import ONE, ZERO, Builder, const
from adtrans.ir import Carry, For, If, Let, Operand, Prim, Program, Stmt, Var, While


def induct(program: Program) -> Program:
    """The program without integers that are counted up or down in step with a loop."""
    maker = Inductions()
    body = maker.block(program.body)
    return replace(program, body=body) if maker.changed else program


class Inductions:
    def __init__(self) -> None:
        self.changed = False

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        made: list[Stmt] = []
        for statement in body:
            match statement:
                case For(body=inner):
                    made += self.loop(replace(statement, body=self.block(inner)))
                case While(head=head, body=inner):
                    made.append(replace(statement, head=self.block(head), body=self.block(inner)))
                case If(then=then, orelse=orelse):
                    made.append(replace(statement, then=self.block(then), orelse=self.block(orelse)))
                case _:
                    made.append(statement)
        return tuple(made) if self.changed else body

    def loop(self, loop: For) -> list[Stmt]:
        """A loop with what stands before and after it."""
        found = {id(carry): step for carry in loop.carries if (step := addend(loop, carry)) is not None}
        if not found or loop.leave is not None or loop.step not in (const(1), const(-1)):
            return [loop]
        self.changed = True
        within, after = Builder(), Builder()
        within.span = after.span = loop.span
        up = loop.step == ONE
        number = within.prim("sub", loop.counter, loop.start) if up else within.prim("sub", loop.start, loop.counter)
        span = after.prim("sub", loop.stop, loop.start) if up else after.prim("sub", loop.start, loop.stop)
        trips = after.prim("max", span, ZERO)
        for carry in loop.carries:
            if id(carry) in found:
                progress(within, carry.inside, carry.init, number, found[id(carry)])
                progress(after, carry.after, carry.init, trips, found[id(carry)])
        kept = tuple(carry for carry in loop.carries if id(carry) not in found)
        return [replace(loop, carries=kept, body=(*within.here.body, *loop.body)), *after.here.body]


def addend(loop: For, carry: Carry) -> Operand | None:
    """What every iteration adds to a carried integer; None for any other value."""
    if carry.inside.type != ir.INT:
        return None
    for item in loop.body:
        match item:
            case Let(var, Prim("add", (left, right))) if var is carry.next and carry.inside in (left, right):
                other = right if left is carry.inside else left
                return None if other is carry.inside or other in ir.introduced((loop,)) else other
    return None


def progress(build: Builder, var: Var, start: Operand, count: Operand, each: Operand) -> None:
    """var = start + count * each."""
    moved = build.prim("mul", count, each)
    build.emit(Let(var, Prim("add", (start, moved)), build.span))
