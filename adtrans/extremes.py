"""The derivative of a running maximum goes to the element it was found at, which a search after the loop tells.

    for i in range(n):                      for i in range(n):
        t = x[i]                                t = x[i]
        m = t if t > m else m               m = t if t > m else m           (as before)
                                   ->       at = n
                                            for i in range(n):
                                                at = min(at, i if x[i] == m else n)
                                            m = x[at] if at < n and start != m else start

The comparisons need then not be kept, and the reverse sweep has one element to add to. It takes maxima and minima, by
strict comparisons, of elements of memory that the loop leaves alone. The first element that equals the result is the
one that the loop took last; where the start equals the result, or is not a number, the loop took none. Elements that
are computed with rounding are not taken: compiled twice, they need not come out equal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adtrans import ir
from adtrans.analysis.activity import Activity
from adtrans.build import ONE, UNFAILING, Builder
from adtrans.ir import (
    INT,
    Accumulate,
    Carry,
    For,
    If,
    Let,
    Load,
    Merge,
    Operand,
    Prim,
    Program,
    Stmt,
    Store,
    Var,
    While,
)
from adtrans.optimise.simplify import substitute

# Operations on floats that do not round, and on integers that do not fail.
EXACT = ("neg", "abs")


def located(program: Program, activity: Activity) -> Program:
    """The program with running maxima and minima read from where they were found."""
    finder = Finder(program, activity)
    body = finder.block(program.body)
    return replace(program, body=body) if finder.changed else program


@dataclass
class Extreme:
    """A carry, the value that it is compared with, and the statements that get that value."""

    carry: Carry
    value: Var
    slice: tuple[Let, ...]


class Finder:
    def __init__(self, program: Program, activity: Activity):
        self.activity, self.changed = activity, False
        self.uses: dict[Var, int] = {}
        for item in ir.walk(program.body):
            for operand in (*ir.operands(item), *ir.inner_operands(item)):
                if isinstance(operand, Var):
                    self.uses[operand] = self.uses.get(operand, 0) + 1
        for result in program.results:
            if isinstance(result, Var):
                self.uses[result] = self.uses.get(result, 0) + 1

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
        return tuple(made)

    def loop(self, loop: For) -> list[Stmt]:
        """A loop and the searches after it."""
        if loop.step != ONE or loop.leave is not None:
            return [loop]
        found = [extreme for carry in loop.carries if (extreme := self.extreme(loop, carry)) is not None]
        after: list[Stmt] = []
        for extreme in found:
            self.changed = True
            end = Var(extreme.carry.after.type, extreme.carry.after.name)
            loop = replace(loop, carries=tuple(replace(carry, after=end) if carry is extreme.carry else carry
                                               for carry in loop.carries))
            after += search(loop, extreme, end)
        return [loop, *after]

    def extreme(self, loop: For, carry: Carry) -> Extreme | None:
        """What a carry is if it is a running maximum or minimum; else None."""
        if not carry.inside.type.is_float or not self.activity.is_active(carry.after):
            return None
        definitions = {item.var: item for item in loop.body if isinstance(item, Let)}
        chosen = choice(loop, carry)
        if chosen is None:
            return None
        test, value = chosen
        match definitions.get(test) and definitions[test].expr:
            case Prim("gt" | "lt", (left, right)) if {left, right} == {value, carry.inside} and value != carry.inside:
                pass
            case _:
                return None
        if (self.uses[carry.inside], self.uses[carry.next]) != (2, 1):
            return None
        needed = self.slice(loop, value, definitions)
        return Extreme(carry, value, needed) if needed is not None else None

    def slice(self, loop: For, value: Var, definitions: dict[Var, Let]) -> tuple[Let, ...] | None:
        """The statements that get a value by the counter and what is outside the loop, in order; None for others."""
        own, classes = ir.introduced((loop,)), self.activity.classes
        written = {classes[item.array] for item in ir.walk(loop.body) if isinstance(item, (Store, Accumulate))}
        needed: set[Var] = set()

        def exact(operand: Operand) -> bool:
            if operand not in own or operand is loop.counter or operand in needed:
                return True
            match definitions.get(operand) and definitions[operand].expr:
                case Prim(op, args) if op in (EXACT if operand.type.is_float else UNFAILING):
                    fine = all(map(exact, args))
                case Load(array, index) if array not in own and classes[array] not in written:
                    fine = all(map(exact, index))
                case _:
                    return False
            needed.add(operand)
            return fine

        if not exact(value) or not needed:
            return None
        return tuple(item for item in loop.body if isinstance(item, Let) and item.var in needed)


def choice(loop: For, carry: Carry) -> tuple[Var, Var] | None:
    """What decides whether a carry becomes another value or stays, and that value; None where it does anything else."""
    for item in loop.body:
        match item:
            case Let(var, Prim("select", (Var() as test, Var() as value, orelse))) if var is carry.next:
                return (test, value) if orelse is carry.inside else None
            case If(Var() as test, (), (), merges):
                for merge in merges:
                    if merge.after is carry.next and isinstance(merge.then, Var) and merge.orelse is carry.inside:
                        return test, merge.then
    return None


def search(loop: For, extreme: Extreme, end: Var) -> list[Stmt]:
    """The statements that find where a result comes from, and read it there."""
    carry, build = extreme.carry, Builder()
    build.span = loop.span
    counter, before, following, at = (Var(INT, name) for name in (loop.counter.name, "at", "at", "at"))
    with build.block() as body:
        value = again(build, extreme, loop.counter, counter)
        here = build.prim("select", build.prim("eq", value, end), counter, loop.stop)
        build.emit(Let(following, Prim("min", (before, here)), build.span))
    build.emit(For(counter, loop.start, loop.stop, ONE, (Carry(before, loop.stop, following, at),), tuple(body.body),
                   None, loop.span))
    taken = build.prim("and", build.prim("lt", at, loop.stop), build.prim("ne", carry.init, end))
    with build.block() as then:
        value = again(build, extreme, loop.counter, at)
    build.emit(If(taken, tuple(then.body), (), (Merge(carry.after, value, carry.init),), loop.span))
    return build.here.body


def again(build: Builder, extreme: Extreme, counter: Var, place: Operand) -> Operand:
    """The compared value of an iteration."""
    names: dict[Var, Operand] = {counter: place}
    for item in extreme.slice:
        made = names[item.var] = Var(item.var.type, item.var.name)
        build.emit(Let(made, substitute(item.expr, lambda one: names.get(one, one)), item.span))
    return names[extreme.value]
