"""Copies made where Python might have gone on sharing memory.

NumPy's `reshape` copies or does not, by the strides it meets, and a name that has another dtype on another path
may or may not still be the array that other names refer to. Reading takes a copy there. That is right as long as
nothing tells the two apart: `check` follows a program and finds the writes to one of them after which the other
is read. Where the program itself can tell whether memory is shared it does so when it runs, before such a write;
otherwise the write is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adtrans.ir import (
    Accumulate,
    Alloc,
    Array,
    Check,
    For,
    If,
    Let,
    Load,
    Operand,
    Program,
    Stmt,
    Store,
    Var,
    While,
    defined,
    regions,
    walk,
)


@dataclass(frozen=True)
class Severed:
    """A `copy` of memory at the `sites`, and why; `apart` says when the program runs that it is one in NumPy too.

    `filling` are the statements that make the copy what it is.
    """

    sites: frozenset
    copy: Var
    why: str
    apart: Operand | None
    filling: tuple[Stmt, ...]


# By pair: whether its copy exists (None), and the writes that have made the copy (True) or the original (False)
# differ from what sharing would show.
Stale = dict[tuple[int, "bool | None"], frozenset[int]]


def check(low, program: Program) -> Program:
    """The program with run-time checks before writes that sharing would carry over; an error where none can be."""
    if not low.severed:
        return program
    follow = Follower(low, program)
    if not follow.needed:
        return program
    return replace(program, body=follow.with_checks(program.body, set(program.params)))


class Follower:
    """Finds, in `needed`, the pairs that each write statement has to be checked for."""

    def __init__(self, low, program: Program):
        self.low = low
        self.severed: list[Severed] = low.severed
        self.at_once = {id(statement) for statement in low.at_once}
        self.needed: dict[int, set[int]] = {}
        carried = frozenset().union(*(
            low.points[carry.inside] for statement in walk(program.body) if isinstance(statement, (For, While))
            for carry in statement.carries if isinstance(carry.inside.type, Array)))
        self.copies = {pair.copy: k for k, pair in enumerate(self.severed)}
        self.carried = carried
        stale = self.block(program.body, {})
        for result in (*program.results, *(program.params if low.options.procedure else ())):
            if isinstance(result.type, Array):
                self.read(result, stale)

    def block(self, body: tuple[Stmt, ...], stale: Stale) -> Stale:
        for statement in body:
            stale = self.statement(statement, stale)
        return stale

    def statement(self, statement: Stmt, stale: Stale) -> Stale:
        match statement:
            case Let(_, Load(array)):
                self.read(array, stale)
            case Store(array):
                return self.wrote(statement, array, stale)
            case Accumulate(array):
                self.read(array, stale)
                return self.wrote(statement, array, stale)
            case Alloc(var) if var in self.copies:
                number = self.copies[var]
                kept = {key: writes for key, writes in stale.items() if key[0] != number or var in self.carried}
                return {**kept, (number, None): frozenset()}
            case For(body=body) if id(statement) in self.at_once:
                for inner in walk(body):
                    if isinstance(inner, Let) and isinstance(inner.expr, Load):
                        self.read(inner.expr.array, stale)
                for inner in walk(body):
                    if isinstance(inner, (Store, Accumulate)):
                        stale = self.wrote(inner, inner.array, stale)
                return stale
            case For(body=body):
                return self.loop(stale, lambda now: self.block(body, now))
            case While(head=head, body=body):
                stale = self.block(head, stale)
                return self.loop(stale, lambda now: self.block(head, self.block(body, now)))
            case If(then=then, orelse=orelse):
                return union(self.block(then, stale), self.block(orelse, stale))
        return stale

    @staticmethod
    def loop(stale: Stale, iteration) -> Stale:
        while (after := union(stale, iteration(stale))) != stale:
            stale = after
        return stale

    def read(self, array: Var, stale: Stale) -> None:
        points = self.low.points[array]
        for (number, of_copy), writes in stale.items():
            pair = self.severed[number]
            if of_copy is None:
                continue
            if pair.copy in points if of_copy else pair.sites & points:
                for write in writes:
                    self.needed.setdefault(write, set()).add(number)

    def wrote(self, statement: Stmt, array: Var, stale: Stale) -> Stale:
        points, made = self.low.points[array], {}
        for number, pair in enumerate(self.severed):
            if (number, None) not in stale:
                continue
            if pair.sites & points:
                made[number, True] = frozenset((id(statement),))
            if pair.copy in points and not any(statement is known for known in pair.filling):
                made[number, False] = frozenset((id(statement),))
        return union(stale, made) if made else stale

    # --- inserting checks

    def with_checks(self, body: tuple[Stmt, ...], scope: set[Operand]) -> tuple[Stmt, ...]:
        scope, made = set(scope), []
        for statement in body:
            wanted = [(write, number) for write in leading_writes(statement)
                      for number in sorted(self.needed.get(id(write), ()))]
            if wanted and all(self.tellable(number, scope) for _, number in wanted):
                made += dict.fromkeys(self.test(write, number) for write, number in wanted)
            elif wanted and isinstance(statement, (Store, Accumulate)):
                why = next(self.severed[number].why for _, number in wanted if not self.tellable(number, scope))
                with self.low.at(statement.span):
                    raise self.low.error(f"an array that {why} is written to", hint="make a copy first")
            else:
                statement = self.inner(statement, scope)
            made.append(statement)
            scope.update(defined(statement))
        return tuple(made)

    def inner(self, statement: Stmt, scope: set[Operand]) -> Stmt:
        if not any(id(inner) in self.needed for region in regions(statement) for inner in walk(region)):
            return statement
        match statement:
            case For(body=body):
                return replace(statement, body=self.with_checks(body, scope))
            case While(body=body):
                return replace(statement, body=self.with_checks(body, scope))
            case If(then=then, orelse=orelse):
                return replace(statement, then=self.with_checks(then, scope), orelse=self.with_checks(orelse, scope))
        return statement

    def tellable(self, number: int, scope: set[Operand]) -> bool:
        apart = self.severed[number].apart
        return apart is not None and (not isinstance(apart, Var) or apart in scope)

    def test(self, write: Stmt, number: int) -> Check:
        pair = self.severed[number]
        return Check(pair.apart, "RuntimeError", f"an array that {pair.why} is written to: make a copy first", (),
                     write.span)


def union(a: Stale, b: Stale) -> Stale:
    return {key: a.get(key, frozenset()) | b.get(key, frozenset()) for key in {**a, **b}}


def leading_writes(statement: Stmt) -> list[Stmt]:
    """The writes of a statement that nothing but counted loops stands around."""
    match statement:
        case Store() | Accumulate():
            return [statement]
        case For(body=body):
            return [write for inner in body for write in leading_writes(inner)]
    return []
