"""What is first added to zeros is stored.

    g = np.zeros(n)                     g = np.empty(n)
    for i in range(n - 1, -1, -1):  ->  for i in range(n - 1, -1, -1):
        g[i] += t                           g[i] = t
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adtrans import ir
from adtrans.ir import Accumulate, Alloc, Const, For, Let, Operand, Prim, Program, Stmt, Store, Var

Body = tuple[Stmt, ...]


def filled(program: Program) -> Program:
    """The program without zeros, at function level, that the first sums into them replace."""
    definitions = {item.var: item.expr for item in ir.walk(program.body) if isinstance(item, Let)}
    body, changed = list(program.body), False
    for at, statement in enumerate(body):
        if isinstance(statement, Alloc) and statement.fill == "zeros":
            rest = stored_first(tuple(body[at + 1:]), statement.var, statement.shape, lambda extent: extent,
                                definitions)
            if rest is not None:
                body[at:] = [replace(statement, fill="empty"), *rest]
                changed = True
    return replace(program, body=tuple(body)) if changed else program


def stored_first(body: Body, array: Var, shape: tuple[Operand, ...], extent: Callable[[Operand], Operand],
                 definitions: dict) -> Body | None:
    """The statements after an array has been made, with the first sum into it a store; None where that does not fill
    all of it, once. `extent` gives equal extents one name."""
    for at, statement in enumerate(body):
        if not any(operand is array for inner in ir.walk((statement,))
                   for operand in (*ir.operands(inner), *ir.inner_operands(inner))):
            continue
        made = filling(statement, array, shape, extent, definitions, ())
        return None if made is None else (*body[:at], made, *body[at + 1:])
    return None


def filling(statement: Stmt, array: Var, shape, extent, definitions: dict, counters: tuple[Var, ...]) -> Stmt | None:
    """A nest that goes once over all elements, which it adds to, as one that stores."""
    match statement:
        case Accumulate(_, index, value, span) if statement.array is array and value is not array:
            full = len(index) == len(counters) and set(index) == set(counters)
            return Store(array, index, value, span) if full and fits(index, shape, extent, definitions) else None
        case For(counter=counter, body=inner, leave=None):
            users = [k for k, item in enumerate(inner) if any(
                operand is array for part in ir.walk((item,)) for operand in (*ir.operands(part),
                                                                              *ir.inner_operands(part)))]
            if len(users) != 1 or any(operand is array for operand in ir.inner_operands(statement)):
                return None
            definitions[counter] = statement
            made = filling(inner[users[0]], array, shape, extent, definitions, (*counters, counter))
            return None if made is None else replace(statement, body=(*inner[:users[0]], made, *inner[users[0] + 1:]))
    return None


def fits(index, shape, extent, definitions: dict) -> bool:
    """Whether each counter goes over the whole of its axis."""
    return all(whole(definitions[counter], extent(size), extent, definitions) for counter, size in zip(index, shape))


def whole(loop: For, size: Operand, extent, definitions: dict) -> bool:
    zero, one, back = Const(0, ir.INT), Const(1, ir.INT), Const(-1, ir.INT)
    if loop.step == one:
        return loop.start == zero and extent(loop.stop) == size
    if loop.step != back or loop.stop != back:
        return False
    if isinstance(loop.start, Const):
        return isinstance(size, Const) and loop.start.value == size.value - 1
    match definitions.get(loop.start):
        case Prim("add", (base, Const(-1))) | Prim("sub", (base, Const(1))):
            return extent(base) == size
    return False
