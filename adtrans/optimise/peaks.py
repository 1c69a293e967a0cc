"""Running maxima and minima of numbers, written so that several can be kept at once.

    for i in range(n):                      same = m == m
        t = x[i]                            m = m if same else -np.inf
        m_1 = t if t > m_1 else m_1   ->    for i in range(n):
                                                m_1 = max(m_1, x[i])
                                            m_1 = m_1 if same else m

The comparison keeps what it has where an element is not a number, and keeps a start that is none for good. Python's
`max(m, t)` is that comparison. Where `m` is a number the larger one of two that are, and `m` if `t` is not, is one
instruction on a vector, in any order of the elements (see `backend.peaks`); so a start that is not a number, which
would hide the elements, is put aside. It takes innermost loops that carry nothing else but sums, and do nothing else.
"""

from __future__ import annotations

import math
from dataclasses import replace

from adtrans import ir
from adtrans.build import Builder
from adtrans.ir import Carry, Const, Dim, For, If, Let, Load, Operand, Prim, Program, Stmt, Var, While

OPERATIONS = {"gt": "max", "lt": "min"}
MIRRORED = {"gt": "lt", "lt": "gt"}


def peaks(program: Program) -> Program:
    """The program with running maxima and minima in place of comparisons."""
    uses = counted(program)
    body = block(program.body, uses)
    return program if body is program.body else replace(program, body=body)


def counted(program: Program) -> dict[Var, int]:
    """How often each variable is read."""
    uses: dict[Var, int] = {}
    reads = [*program.results]
    for item in ir.walk(program.body):
        reads += (*ir.operands(item), *ir.inner_operands(item))
    for operand in reads:
        if isinstance(operand, Var):
            uses[operand] = uses.get(operand, 0) + 1
    return uses


def block(body: tuple[Stmt, ...], uses: dict[Var, int]) -> tuple[Stmt, ...]:
    made: list[Stmt] = []
    for statement in body:
        match statement:
            case For(body=inner):
                if type(statement) is For and all(isinstance(item, Let) for item in inner):
                    made += loop(statement, uses)
                else:
                    made.append(within(statement, body=block(inner, uses)))
            case While(body=inner):
                made.append(within(statement, body=block(inner, uses)))
            case If(then=then, orelse=orelse):
                made.append(within(statement, then=block(then, uses), orelse=block(orelse, uses)))
            case _:
                made.append(statement)
    same = len(made) == len(body) and all(one is other for one, other in zip(made, body))
    return body if same else tuple(made)


def within(statement: Stmt, **parts: tuple[Stmt, ...]) -> Stmt:
    """The statement with other lists within it; itself where they are the same."""
    return statement if all(getattr(statement, name) is part for name, part in parts.items()) \
        else replace(statement, **parts)


def loop(statement: For, uses: dict[Var, int]) -> list[Stmt]:
    """An innermost loop, with what goes before and after it."""
    if statement.leave is not None or not all(isinstance(item.expr, (Prim, Load, Dim)) for item in statement.body):
        return [statement]
    definitions = {item.var: item for item in statement.body}
    found = {carry: extreme for carry in statement.carries
             if (extreme := running(carry, definitions, uses)) is not None}
    if not found or not all(carry in found or adds(carry, definitions, uses) for carry in statement.carries):
        return [statement]
    before, after = Builder(), Builder()
    before.span = after.span = statement.span
    chosen: dict[Var, Let] = {}
    gone: set[Var] = set()
    carries: list[Carry] = []
    for carry in statement.carries:
        if carry not in found:
            carries.append(carry)
            continue
        op, test, value = found[carry]
        gone.add(test)
        chosen[carry.next] = replace(definitions[carry.next], expr=Prim(op, (carry.inside, value)))
        carries.append(carry if is_number(carry.init) else aside(carry, op, before, after))
    body = tuple(chosen.get(item.var, item) for item in statement.body if item.var not in gone)
    return [*before.here.body, replace(statement, carries=tuple(carries), body=body), *after.here.body]


def running(carry: Carry, definitions: dict[Var, Let], uses: dict[Var, int]) -> tuple[str, Var, Var] | None:
    """The operation, the test and the value of a carry that is a running maximum or minimum."""
    if not carry.inside.type.is_float or (uses.get(carry.inside), uses.get(carry.next)) != (2, 1):
        return None
    match definitions.get(carry.next) and definitions[carry.next].expr:
        case Prim("select", (Var() as test, Var() as value, kept)) if kept is carry.inside and uses[test] == 1:
            pass
        case _:
            return None
    match definitions.get(test) and definitions[test].expr:
        case Prim("gt" | "lt" as op, (left, right)):
            if left is value and right is carry.inside:
                return OPERATIONS[op], test, value
            if right is value and left is carry.inside:
                return OPERATIONS[MIRRORED[op]], test, value
    return None


def adds(carry: Carry, definitions: dict[Var, Let], uses: dict[Var, int]) -> bool:
    """Whether a carry is a sum of which the iterations see nothing."""
    if (uses.get(carry.inside), uses.get(carry.next)) != (1, 1):
        return False
    match definitions.get(carry.next) and definitions[carry.next].expr:
        case Prim("add", args):
            return carry.inside in args
        case Prim("sub", (left, _)):
            return left is carry.inside
    return False


def is_number(operand: Operand) -> bool:
    return isinstance(operand, Const) and not math.isnan(operand.value)


def aside(carry: Carry, op: str, before: Builder, after: Builder) -> Carry:
    """The carry that starts with a number in any case; `after` has what was carried before."""
    least = Const(-math.inf if op == "max" else math.inf, carry.inside.type)
    same = before.prim("eq", carry.init, carry.init, name="same")
    start = before.prim("select", same, carry.init, least, name=carry.inside.name)
    end = Var(carry.after.type, carry.after.name)
    after.emit(Let(carry.after, Prim("select", (same, end, carry.init)), after.span))
    return replace(carry, init=start, after=end)
