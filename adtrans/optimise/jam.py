"""Four iterations of a loop go through the innermost loop within them together ("unroll and jam").

    for row in range(n):                      middle = n // 4 * 4
        t = a[row]                            for row in range(0, n - 3, 4):
        total = 0.0                               t, t_1, ... = a[row], a[row + 1], ...
        for b in range(count):                    total = total_1 = ... = 0.0
            x = p[row, b]             ->          for b in range(count):
            total += x * q[b]                         x, x_1, ... = p[row, b], p[row + 1, b], ...
            s[b] += x * t                             total += x * q[b]; total_1 += x_1 * q[b]; ...
        g[row] += total                               s[b] += x * t + x_1 * t_1 + ...
                                                  g[row] += total; g[row + 1] += total_1; ...
                                              for row in range(middle, n):
                                                  ...

What the innermost loop reads or writes whichever the row is, `q[b]` and `s[b]` here, is then fetched once for four. It
takes loops around one innermost loop over the iterations of a block (see `block`) that touch memory so that all which
changes place stays in order: what is before the innermost loop, what is in it, and what follows it write to nothing
that another of the three touches, and an element that the innermost loop writes belongs to one of its iterations.

Each number is computed as before, the sums in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.analysis.ranges import Ranges
from adtrans.build import Builder, const
from adtrans.ir import (
    Accumulate,
    Carry,
    Check,
    Const,
    Dim,
    For,
    If,
    Let,
    Load,
    Operand,
    Parallel,
    Prim,
    Program,
    Stmt,
    Store,
    Var,
    While,
)
from adtrans.rules.rule import TRANSCENDENTAL, plain
from adtrans.splice import spliced

TOGETHER = 4
# Statements of an iteration beyond which four of them would be long, and little of it shared.
LONG = 24


def jam(program: Program) -> Program:
    """The program with iterations around innermost loops of blocks taken four at a time."""
    if not any(isinstance(item, For) and innermost(item) is not None for item in ir.walk(program.body)):
        return program
    jammer = Jammer(program)
    body = jammer.block(program.body)
    return replace(program, body=body) if jammer.changed else program


def innermost(loop: For) -> int | None:
    """Where the one loop within a loop is, if it runs over the iterations of a block; None for any other loop."""
    places = [at for at, item in enumerate(loop.body) if isinstance(item, For)]
    if len(places) != 1 or not loop.body[places[0]].counter.lane or len(loop.body) > LONG:
        return None
    return places[0]


@dataclass
class Part:
    """The memory that statements touch, and write to."""

    touched: set[Var]
    written: set[Var]


class Jammer:
    def __init__(self, program: Program):
        self.classes = memory_classes(program)
        self.ranges = Ranges(program)
        self.changed = False

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        made: list[Stmt] = []
        for statement in body:
            match statement:
                case For(body=inner):
                    at = None if isinstance(statement, Parallel) else innermost(statement)
                    if at is not None and self.fits(statement, at):
                        made += Together(statement, at).made()
                        self.changed = True
                    else:
                        made.append(replace(statement, body=self.block(inner)))
                case While(head=head, body=inner):
                    made.append(replace(statement, head=self.block(head), body=self.block(inner)))
                case If(then=then, orelse=orelse):
                    made.append(replace(statement, then=self.block(then), orelse=self.block(orelse)))
                case _:
                    made.append(statement)
        return tuple(made)

    def fits(self, loop: For, at: int) -> bool:
        """Whether iterations of a loop may go through its innermost loop together, and something is gained."""
        inner = loop.body[at]
        own = ir.introduced((loop,))
        return counted(loop) and counted(inner) and not own & {inner.start, inner.stop} \
            and all(map(simple, (*loop.body[:at], *loop.body[at + 1:], *inner.body))) \
            and not any(isinstance(item, Check) for item in (*inner.body, *loop.body[at + 1:])) \
            and self.chained(loop, at) and self.ordered(loop, at) and self.shares(loop, inner)

    @staticmethod
    def chained(loop: For, at: int) -> bool:
        """Whether what is carried round the loop is known before the innermost loop, or not needed until after it."""
        late = {var for item in loop.body[at:] for var in ir.defined(item)}
        early = {operand for item in ir.walk(loop.body[:at + 1])
                 for operand in (*ir.operands(item), *ir.inner_operands(item))}
        for _ in loop.carries:
            late |= {carry.inside for carry in loop.carries if carry.next in late}
        return not late & early and all(isinstance(carry.inside.type, ir.Scalar)
                                        for carry in (*loop.carries, *loop.body[at].carries))

    # --- memory

    def ordered(self, loop: For, at: int) -> bool:
        """Whether everything that is read or written in another order is on its own."""
        inner = loop.body[at]
        parts = [self.part(loop.body[:at]), self.part(inner.body), self.part(loop.body[at + 1:])]
        if any(one.written & other.touched for one in parts for other in parts if one is not other):
            return False
        moving = ir.introduced((loop,)) - {inner.counter}
        return all(self.apart(group, inner, moving) for group in parts[1].written)

    def part(self, body: tuple[Stmt, ...]) -> Part:
        written = {self.classes[item.array] for item in body if isinstance(item, (Store, Accumulate))}
        return Part(written | {self.classes[array] for array, _ in accesses(body)}, written)

    def apart(self, group: Var, inner: For, moving: set[Var]) -> bool:
        """Whether an element of memory belongs to one iteration of the innermost loop, whichever the one around it:
        along one axis the index is the counter plus one thing that stays."""
        found = [(array, index) for array, index in accesses(inner.body) if self.classes[array] is group]
        if len({array for array, _ in found}) > 1:
            return False
        return any(self.own({index[axis] for _, index in found}, inner.counter, moving)
                   for axis in range(found[0][0].type.rank))

    def own(self, indices: set[Operand], counter: Var, moving: set[Var]) -> bool:
        forms = [self.ranges.build.affine(index) for index in indices]
        return all(form == forms[0] for form in forms) and forms[0][0].get(counter) == 1 \
            and not moving & forms[0][0].keys() and all(map(self.ranges.not_negative, indices))

    # --- gain

    def shares(self, loop: For, inner: For) -> bool:
        """Whether much of what iterations read and write is the same for all, and they do little else."""
        if any(map(costly, inner.body)):
            return False
        moving, counts = ir.introduced((loop,)) - {inner.counter}, {True: 0, False: 0}
        for item in inner.body:
            for _, index in accesses((item,)):
                stays = not any(moving & self.ranges.build.affine(part)[0].keys() for part in index)
                counts[stays] += 2 if isinstance(item, Accumulate) else 1
        return counts[True] > 0 and 2 * counts[True] >= counts[False]


def costly(statement: Stmt) -> bool:
    """Whether a statement takes so long, or so much code where numbers are vectors, that fetching counts little."""
    return isinstance(statement, Let) and isinstance(statement.expr, Prim) and (
        statement.expr.op == "select" or plain(statement.expr.op) in TRANSCENDENTAL)


def counted(loop: For) -> bool:
    """Whether a loop runs through all integers of a range, more than a few as far as is known."""
    if loop.leave is not None or loop.step not in (const(1), const(-1)):
        return False
    ends = loop.start, loop.stop
    return not all(isinstance(end, Const) for end in ends) or abs(ends[0].value - ends[1].value) >= TOGETHER


def simple(statement: Stmt) -> bool:
    match statement:
        case Let(_, Prim() | Load() | Dim()) | Store() | Accumulate() | Check():
            return True
        case For():
            return statement.counter.lane
    return False


def accesses(body: tuple[Stmt, ...]) -> list[tuple[Var, tuple[Operand, ...]]]:
    """The elements that statements read and write: array and index of each."""
    return [(item.array, item.index) if isinstance(item, (Store, Accumulate)) else (item.expr.array, item.expr.index)
            for item in body
            if isinstance(item, (Store, Accumulate)) or isinstance(item, Let) and isinstance(item.expr, Load)]


class Together:
    """One loop in the making."""

    def __init__(self, loop: For, at: int):
        self.loop, self.at = loop, at
        self.body = Program("", (loop.counter, *(carry.inside for carry in loop.carries)), loop.body,
                            tuple(carry.next for carry in loop.carries))

    def made(self) -> list[Stmt]:
        """The loop over four iterations at a time, and the loop over those that are left."""
        loop, build = self.loop, Builder()
        down = loop.step == const(-1)
        span = build.prim("sub", loop.start, loop.stop) if down else build.prim("sub", loop.stop, loop.start)
        fours = build.prim("floordiv", build.prim("max", span, const(0)), const(TOGETHER))
        middle = build.prim("sub" if down else "add", loop.start, build.prim("mul", fours, const(TOGETHER)))
        short = TOGETHER - 1 if down else 1 - TOGETHER
        stop = build.prim("add", loop.stop, const(short))
        counter = Var(ir.INT, loop.counter.name, loop.counter.user)
        entries = [Var(carry.inside.type, carry.inside.name, carry.inside.user) for carry in loop.carries]
        body, nexts = self.four(counter, entries)
        ends = [Var(carry.inside.type, carry.inside.name, carry.inside.user) for carry in loop.carries]
        carries = tuple(Carry(entry, carry.init, following, end)
                        for entry, carry, following, end in zip(entries, loop.carries, nexts, ends))
        rest = tuple(replace(carry, init=end) for carry, end in zip(loop.carries, ends))
        return [*build.here.body,
                For(counter, loop.start, stop, const(TOGETHER * loop.step.value), carries, body, None, loop.span),
                replace(loop, start=middle, carries=rest)]

    def four(self, counter: Var, entries: list[Var]) -> tuple[tuple[Stmt, ...], list[Operand]]:
        """The statements of four iterations, and what they leave of what is carried."""
        early: list[Stmt] = []
        late: list[Stmt] = []
        bodies: list[Stmt] = []
        carries: list[Carry] = []
        inner = self.loop.body[self.at]
        lane = Var(ir.INT, inner.counter.name, lane=True)
        values: list[Operand] = list(entries)
        for k in range(TOGETHER):
            build = Builder()
            own = build.prim("add", counter, const(k * self.loop.step.value))
            body, values = spliced(self.body, (own, *values), None, {})
            one = body[self.at]
            lanes = Program("", (one.counter,), one.body, tuple(carry.next for carry in one.carries))
            within, nexts = spliced(lanes, (lane,), None, {})
            early += [*build.here.body, *body[:self.at]]
            bodies += within
            carries += [replace(carry, next=following) for carry, following in zip(one.carries, nexts)]
            late += body[self.at + 1:]
        together = For(lane, inner.start, inner.stop, inner.step, tuple(carries), tuple(bodies), None, inner.span)
        return (*early, together, *late), values
