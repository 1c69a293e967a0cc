"""Searches for a running maximum or minimum go where it last changed.

    for i in range(n):                            found = n
        m = t if (t := x[i]) > m else m           for first in range(0, n, 2048):
    at = n                                            m_1 = m
    for i in range(n):                    ->          for i in range(first, min(first + 2048, n)):
        at = min(at, i if x[i] == m else n)               m = x[i] if x[i] > m else m
                                                      found = first if m > m_1 else found
                                                  at = n
                                                  for i in range(found, min(found + 2048, n)):
                                                      at = min(at, i if x[i] == m else n)

The first element that equals the result is in the part during which the result was reached: had it been in an
earlier one, nothing would have been above what that part left. Where no part changes anything the result is what there
was before, or no number at all; the search then finds nothing, which whoever asks has to take as "before". So it is
only for searches of which nothing but `at < n and before != m` and `x[at]` behind that test is used, those of
`extremes`.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.build import ONE, Builder, const
from adtrans.ir import INT, Carry, For, If, Let, Load, Operand, Prim, Program, Stmt, Var
from adtrans.optimise.peaks import adds, counted, running

PART = 2048
STRICT = {"max": "gt", "min": "lt"}


def spans(program: Program) -> Program:
    """The program with searches at function level that are done in one part."""
    body, uses, changed = list(program.body), None, False
    for at, statement in enumerate(program.body):
        if type(statement) is For and (loop := before(program.body, at)) is not None:
            uses = uses or counted(program)
            made = divided(body[loop], statement, uses) if settled(program, statement) else None
            if made is not None:
                body[loop], body[at], changed = made[0], made[1], True
    if not changed:
        return program
    return replace(program, body=tuple(item for group in body for item in (group if isinstance(group, tuple)
                                                                           else (group,))))


def before(body: tuple[Stmt, ...], at: int) -> int | None:
    """The loop that is before a statement, with nothing but operations between."""
    for number in range(at - 1, -1, -1):
        if type(body[number]) is For:
            return number
        if not isinstance(body[number], Let) or not isinstance(body[number].expr, Prim):
            return None
    return None


def settled(program: Program, search: For) -> bool:
    """Whether what a search finds is looked at only where it is within the range and the result is not what was before.

    It is used in one test `at < stop`, which is used in one with a comparison of numbers, and in branches on that.
    """
    if len(search.carries) != 1:
        return False
    found = search.carries[0].after
    definitions = {item.var: item.expr for item in ir.walk(program.body) if isinstance(item, Let)}
    tests = {var for var, expr in definitions.items()
             if isinstance(expr, Prim) and expr.op == "lt" and expr.args == (found, search.stop)}
    guards = {var for var, expr in definitions.items() if isinstance(expr, Prim) and expr.op == "and" and any(
        one in tests and unequal(definitions.get(other)) for one, other in (expr.args, expr.args[::-1]))}

    def fine(body: tuple[Stmt, ...], guarded: bool) -> bool:
        for item in body:
            used = {*ir.operands(item), *ir.inner_operands(item)}
            own = isinstance(item, Let) and (item.var in tests or item.var in guards)
            if not guarded and not own and (found in used or tests & used):
                return False
            match item:
                case If(test, then, orelse):
                    if not fine(then, guarded or test in guards) or not fine(orelse, guarded):
                        return False
                case _:
                    if not all(fine(region, guarded) for region in ir.regions(item)):
                        return False
        return True

    return found not in program.results and not tests & set(program.results) and fine(program.body, False)


def unequal(expr) -> bool:
    return isinstance(expr, Prim) and expr.op == "ne" and expr.args[0].type.is_float


def divided(loop, search: For, uses: dict[Var, int]) -> tuple[tuple[Stmt, ...], tuple[Stmt, ...]] | None:
    """The loop in parts, and the search in one of them; None if they are something else."""
    if not isinstance(loop, For) or loop.step != ONE or loop.leave is not None \
            or (search.start, search.stop, search.step, search.leave) != (loop.start, loop.stop, ONE, None) \
            or not all(isinstance(item, Let) and isinstance(item.expr, (Prim, Load)) for item in loop.body):
        return None
    definitions = {item.var: item for item in loop.body}
    extremes = {carry: kind for carry in loop.carries if (kind := running(carry, definitions, uses)) is not None}
    if not all(carry in extremes or adds(carry, definitions, uses) for carry in loop.carries):
        return None
    for carry, (op, _, value) in extremes.items():
        if searched(search, loop, carry.after, value, definitions):
            return in_parts(loop, search, carry, op)
    return None


def searched(search: For, loop: For, result: Var, value: Var, definitions: dict[Var, Let]) -> bool:
    """Whether a loop finds the first iteration in which the value that the other loop compares is the result."""
    own = {item.var: item for item in search.body if isinstance(item, Let)}
    if len(own) != len(search.body):
        return False
    carry = search.carries[0]
    match own.get(carry.next) and own[carry.next].expr:
        case Prim("min", (first, Var() as chosen)) if first is carry.inside and carry.init == search.stop:
            pass
        case _:
            return False
    match own.get(chosen) and own[chosen].expr:
        case Prim("select", (Var() as test, counter, stop)) if counter is search.counter and stop == search.stop:
            pass
        case _:
            return False
    match own.get(test) and own[test].expr:
        case Prim("eq", (Var() as compared, other)) if other is result:
            pass
        case _:
            return False

    def same(here: Operand, there: Operand) -> bool:
        if here is search.counter or there is loop.counter:
            return here is search.counter and there is loop.counter
        mine, other = own.get(here), definitions.get(there)
        if mine is None or other is None:
            return here == there
        match mine.expr, other.expr:
            case Prim(op, args), Prim(kind, others) if op == kind and here.type == there.type:
                return len(args) == len(others) and all(map(same, args, others))
            case Load(array, index), Load(whence, place) if array is whence:
                return all(map(same, index, place))
        return False

    return same(compared, value)


def in_parts(loop: For, search: For, extreme: Carry, op: str) -> tuple[tuple[Stmt, ...], tuple[Stmt, ...]]:
    build = Builder()
    build.span = loop.span
    first, place, ahead = Var(INT, "first"), Var(INT, "found"), Var(INT, "found")
    heads = {carry: Var(carry.inside.type, carry.inside.name) for carry in loop.carries}
    ends = {carry: Var(carry.inside.type, carry.inside.name) for carry in loop.carries}
    with build.block() as block:
        stop = build.prim("min", build.prim("add", first, const(PART)), loop.stop)
        build.emit(replace(loop, start=first, stop=stop, carries=tuple(
            replace(carry, init=heads[carry], after=ends[carry]) for carry in loop.carries)))
        changed = build.prim(STRICT[op], ends[extreme], heads[extreme])
        following = build.prim("select", changed, first, place)
    carries = (*(Carry(heads[carry], carry.init, ends[carry], carry.after) for carry in loop.carries),
               Carry(place, loop.stop, following, ahead))
    parts = For(first, loop.start, loop.stop, const(PART), carries, tuple(block.body), None, loop.span)
    after = Builder()
    after.span = search.span
    end = after.prim("min", after.prim("add", ahead, const(PART)), loop.stop)
    after.emit(replace(search, start=ahead, stop=end))
    return (parts,), tuple(after.here.body)
