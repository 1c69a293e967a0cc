"""Loops that ask in each iteration whether it is at an end, divided: the iterations at the ends, and those between.

    for i in range(n):                            if 0 < n:
        left = q[i - 1] if i > 0 else 0.0             right = q[1] if 0 < n - 1 else 0.0
        right = q[i + 1] if i < n - 1 else 0.0        r[0] = right - 0.0
        r[i] = right - left                 ->    for i in range(1, n - 1):
                                                      r[i] = q[i + 1] - q[i - 1]
                                                  i = max(1, n - 1)
                                                  if i < n:
                                                      r[i] = 0.0 - q[i - 1]

Iterations keep their order, and each does what it did: a comparison of the counter, and what follows from it, is
replaced where it comes out the same for all iterations of a part. In the middle elements are then read, and in the
reverse sweep added to, without a question, which makes vectors and sums of neighbours of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adtrans import ir
from adtrans.analysis.ranges import Ranges
from adtrans.build import COMPARISONS, FALSE, ONE, TRUE, Builder, combine, const
from adtrans.ir import BOOL, Check, Const, For, If, Let, Merge, Operand, Prim, Program, Stmt, Var, While
from adtrans.lower.bounds import Affine, Bounds
from adtrans.optimise.simplify import propagate
from adtrans.splice import spliced

AT_AN_END = 2  # iterations at each end at most
STATEMENTS = 80  # that a loop may have
FEW = 8  # iterations that are not worth dividing
MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def borders(program: Program) -> Program:
    """The program with loops divided at their ends."""
    if not any(isinstance(item, For) and asks(item) for item in ir.walk(program.body)):
        return program
    dividing = Dividing(Ranges(program))
    body = dividing.block(program.body)
    return replace(program, body=body) if dividing.changed else program


def asks(loop: For) -> bool:
    """Whether an innermost loop has branches in it and could be divided."""
    inner = list(ir.walk(loop.body))
    short = isinstance(loop.start, Const) and isinstance(loop.stop, Const) and loop.stop.value - loop.start.value <= FEW
    return type(loop) is For and loop.step == ONE and loop.leave is None and not short and len(inner) <= STATEMENTS \
        and any(isinstance(item, If) for item in inner) and not any(isinstance(item, (For, While)) for item in inner)


@dataclass
class Part:
    """The iterations of a range, and the tests that are settled in it; `single` is for the first of them alone."""

    start: Operand
    stop: Operand
    known: dict[Var, Operand]
    single: bool = False


class Dividing:
    def __init__(self, ranges: Ranges):
        self.ranges, self.changed = ranges, False

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        made: list[Stmt] = []
        for statement in body:
            match statement:
                case For() if asks(statement):
                    made += self.divided(statement)
                case For(body=inner):
                    made.append(replace(statement, body=self.block(inner)))
                case While(head=head, body=inner):
                    made.append(replace(statement, head=self.block(head), body=self.block(inner)))
                case If(then=then, orelse=orelse):
                    made.append(replace(statement, then=self.block(then), orelse=self.block(orelse)))
                case _:
                    made.append(statement)
        return tuple(made)

    def divided(self, loop: For) -> list[Stmt]:
        """The parts of a loop; itself if no branch is about its ends."""
        tests = {item.var: item.expr for item in ir.walk(loop.body)
                 if isinstance(item, Let) and item.var.type == BOOL and isinstance(item.expr, Prim)}
        places = [place for expr in tests.values() if (place := self.place(loop, expr)) is not None]
        first = max((count for at_start, count in places if at_start), default=0)
        last = max((count for at_start, count in places if not at_start), default=0)
        if not first and not last:
            return [loop]
        build = Builder()
        build.span = loop.span
        build.definitions = dict(self.ranges.build.definitions)
        begin = build.prim("add", loop.start, const(first))
        end = build.prim("sub", loop.stop, const(last))
        middle = self.decided(loop, tests, [(begin, end)], build)
        branches = {item.test for item in ir.walk(loop.body) if isinstance(item, If)}
        if not branches & middle.keys():
            return [loop]
        self.changed = True
        parts = [Part(begin, end, middle)]
        if first:
            past = loop.stop if first == 1 else build.prim("min", begin, loop.stop)
            known = self.decided(loop, tests, [(loop.start, begin)], build)
            parts.insert(0, Part(loop.start, past, known, first == 1))
        if last:
            late = build.prim("max", begin, end)
            known = self.decided(loop, tests, [(begin, loop.stop), (end, loop.stop)], build)
            parts.append(Part(late, loop.stop, known, last == 1))
        divided = chained(loop, parts, build)
        return [*build.here.body, *divided]

    def place(self, loop: For, expr: Prim) -> tuple[bool, int] | None:
        """Where a comparison changes: whether from the start, and after how many iterations; None if elsewhere."""
        if expr.op not in ("lt", "le", "gt", "ge", "eq", "ne") or any(arg.type != ir.INT for arg in expr.args):
            return None
        build = self.ranges.build
        form = combine(*map(build.affine, expr.args), -1)
        sign = form[0].get(loop.counter, 0)
        if abs(sign) != 1:
            return None
        # The comparison is of the counter with `rest`: to which end is that a constant?
        rest = combine(({loop.counter: 1}, 0), form, -sign)
        op = expr.op if sign == 1 else MIRRORED.get(expr.op, expr.op)
        for at_start, border in ((True, loop.start), (False, loop.stop)):
            terms, apart = combine(rest, build.affine(border), -1)
            if terms:
                continue
            # i is less than start + apart for `apart` iterations, at least stop + apart for `-apart`.
            more = op in ("le", "gt") or (at_start and op in ("eq", "ne"))
            count = apart + more if at_start else -(apart + more)
            return (at_start, count) if 0 < count <= AT_AN_END else None
        return None

    def decided(self, loop: For, tests: dict[Var, Prim], ranges: list[tuple[Operand, Operand]],
                build: Builder) -> dict[Var, Operand]:
        """The tests of the loop that come out the same whenever its counter is in all of some ranges."""
        tables = []
        for start, stop in ranges:
            bounds = Bounds(build)
            bounds.lowest, bounds.highest = dict(self.ranges.bounds.lowest), dict(self.ranges.bounds.highest)
            bounds.counter(loop.counter, start, stop, ONE)
            tables.append(bounds)
        known: dict[Var, Operand] = {}
        for var, expr in tests.items():
            args = [known.get(arg, arg) if isinstance(arg, Var) else arg for arg in expr.args]
            found = self.outcome(expr.op, args, tables, build)
            if found is not None:
                known[var] = found
        return known

    def outcome(self, op: str, args: list[Operand], tables: list[Bounds], build: Builder) -> Operand | None:
        """What a test comes to, if that is certain: true, false, or another test."""
        match op, args:
            case "not", [Const(value)]:
                return FALSE if value else TRUE
            case "select", [Const(value), then, orelse]:
                return then if value else orelse
            case "and" | "or", _:
                neutral = op == "and"
                if any(isinstance(arg, Const) and arg.value is not neutral for arg in args):
                    return const(not neutral)
                left = [arg for arg in args if not isinstance(arg, Const)]
                return left[0] if len(left) == 1 < len(args) else TRUE if not left and neutral else \
                    FALSE if not left else None
            case _ if op in COMPARISONS and all(arg.type == ir.INT for arg in args):
                form = combine(*map(build.affine, args), -1)
                for bounds in tables:
                    found = outcome(op, form, bounds)
                    if found is not None:
                        return const(found)
        return None


def outcome(op: str, form: Affine, bounds: Bounds) -> bool | None:
    """How `form` compares with zero; None if that is open."""
    negative = combine(({}, 0), form, -1)

    def at_least(one: Affine, least: int) -> bool:
        return bounds.not_negative((one[0], one[1] - least), 6)

    if at_least(form, 1):
        sign = {1}
    elif at_least(negative, 1):
        sign = {-1}
    elif at_least(form, 0) and at_least(negative, 0):
        sign = {0}
    elif at_least(form, 0):
        sign = {0, 1}
    elif at_least(negative, 0):
        sign = {-1, 0}
    else:
        return None
    results = {COMPARISONS[op](one, 0) for one in sign}
    return results.pop() if len(results) == 1 else None


def chained(loop: For, parts: list[Part], build: Builder) -> list[Stmt]:
    """The iterations of some parts in turn; the last one ends as the loop itself."""
    made: list[Stmt] = []
    ends: list[Operand] = [carry.init for carry in loop.carries]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        afters = [carry.after if last else Var(carry.after.type, carry.after.name) for carry in loop.carries]
        program = branches_taken(loop, part.known)
        if part.single:
            statements, after = spliced(program, (part.start, *ends), None, {})
            with build.block() as block:
                there = build.prim("lt", part.start, part.stop)
            merges = tuple(map(Merge, afters, after, ends))
            made += [*block.body, If(there, statements, (), merges, loop.span)]
        else:
            carries = tuple(replace(carry, init=init, next=following)
                            for carry, init, following in zip(loop.carries, ends, program.results))
            whole = replace(loop, start=part.start, stop=part.stop, carries=carries, body=program.body)
            targets = {carry.after: after for carry, after in zip(loop.carries, afters)}
            made += spliced(Program("", (), (whole,), ()), (), None, targets)[0]
        ends = [*afters]
    return made


def branches_taken(loop: For, known: dict[Var, Operand]) -> Program:
    """One iteration, from the counter and what is carried to what is carried on, with tests that are known replaced.

    Checks that are known to fail are left to fail.
    """
    checked = {item.test for item in ir.walk(loop.body) if isinstance(item, Check)}
    sure = {var: value for var, value in known.items() if var not in checked or value != FALSE}
    params = (loop.counter, *(carry.inside for carry in loop.carries))
    return propagate(Program("", params, loop.body, tuple(carry.next for carry in loop.carries)), sure)
