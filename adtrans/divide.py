"""Loops that run in parts at the same time, as functions.

    def loss_grad_part(part, x, y, parts):
        n = x.shape[0]
        for i in range(part * n // parts, (part + 1) * n // parts):
            y[i] = x[i] * x[i]

    def loss_grad_parts(first, step, x, y, parts):
        for k in prange((parts - first + step - 1) // step):
            loss_grad_part(first + step * k, x, y, parts)

A part is a function of its own, so that it is compiled like any other function; only the loop over the parts is one of
Numba's parallel loops. The counter of that has no sign, the number of a part has one. With one part no thread is asked
for.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from adtrans import ir
from adtrans.emit import name_node, number
from adtrans.ir import Check, Const, Parallel, Var

if TYPE_CHECKING:
    from adtrans.write import Writer


def in_parts(writer: Writer, loop: Parallel) -> list[ast.stmt]:
    """The statements that run a loop; its functions are added to those of the writer."""
    given = list(ir.free_variables(loop))
    for var in (loop.stop, loop.failed):
        if isinstance(var, Var) and var not in given:
            given.append(var)
    part = unused(f"{writer.entry}_part", writer)
    whole = f"{part}s"
    writer.parts.append(part)
    arguments = [writer.names[var] for var in given]
    writer.functions.append(function(part, [writer.names[loop.counter], *arguments], body_of(writer, loop)))
    writer.functions.append(over_parts(writer, loop, part, whole, arguments))
    writer.shown = ""
    return calls(writer, loop, part, whole, arguments)


def body_of(writer: Writer, loop: Parallel) -> list[ast.stmt]:
    outside, writer.within, writer.shown = writer.within, loop, ""
    made = writer.block(loop.body)
    writer.within = outside
    return made


def over_parts(writer: Writer, loop: Parallel, part: str, whole: str, arguments: list[str]) -> ast.FunctionDef:
    """The function with the parallel loop."""
    first, step, counter = (unused(name, writer) for name in ("first", "step", "k"))
    left = minus(plus(minus(writer.value(loop.stop), name_node(first)), name_node(step)), number(1))
    count: ast.expr = ast.BinOp(left, ast.FloorDiv(), name_node(step))
    before: list[ast.stmt] = []
    place: ast.expr = name_node(counter)
    if loop.uneven:
        length = unused("count", writer)
        before = [ast.Assign([name_node(length, ast.Store())], count, lineno=0)]
        count, place = name_node(length), alternating(counter, length)
    number_of_part = plus(name_node(first), times(name_node(step), place))
    body = [ast.Expr(call(part, [number_of_part, *map(name_node, arguments)]))]
    return function(whole, [first, step, *arguments], [*before, ast.For(
        name_node(counter, ast.Store()), call("prange", [count]), body, [], lineno=0)])


def alternating(counter: str, length: str) -> ast.expr:
    """k // 2 + k % 2 * (count - k): the first, the last, the second, the last but one, and so on. Threads get runs of
    these, which take as long as each other where what comes later takes longer."""
    half = ast.BinOp(name_node(counter), ast.FloorDiv(), number(2))
    odd = ast.BinOp(name_node(counter), ast.Mod(), number(2))
    return plus(half, times(odd, minus(name_node(length), name_node(counter))))


def plus(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.Add(), right)


def minus(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.Sub(), right)


def times(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.Mult(), right)


def calls(writer: Writer, loop: Parallel, part: str, whole: str, arguments: list[str]) -> list[ast.stmt]:
    together: list[ast.stmt] = [
        ast.Expr(call(whole, [number(first), number(loop.colours), *map(name_node, arguments)]))
        for first in range(loop.colours)]
    if isinstance(loop.stop, Const) or not loop.single:
        return together
    alone: list[ast.stmt] = [ast.Expr(call(part, [number(0), *map(name_node, arguments)]))]
    return [ast.If(ast.Compare(writer.value(loop.stop), [ast.Gt()], [number(1)]), together, alone)]


def noted(writer: Writer, check: Check) -> list[ast.stmt]:
    """What a part does when a check fails."""
    loop = writer.within
    failed, row = name_node(writer.names[loop.failed]), name_node(writer.names[loop.counter])
    values = [number(check.number), *map(writer.value, check.values)]
    stores: list[ast.stmt] = [
        ast.Assign([ast.Subscript(failed, ast.Tuple([row, number(at)], ast.Load()), ast.Store())], value, lineno=0)
        for at, value in enumerate(values)]
    return [*stores, ast.Return(None)]


def unused(name: str, writer: Writer) -> str:
    """A name that no variable or function has."""
    taken = {*writer.names.values(), *(made.name for made in writer.functions)}
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found


def function(name: str, params: list[str], body: list[ast.stmt]) -> ast.FunctionDef:
    arguments = ast.arguments([], [ast.arg(param) for param in params], None, [], [], None, [])
    return ast.FunctionDef(name, arguments, body or [ast.Pass()], [], None, lineno=0)


def call(name: str, args: list[ast.expr]) -> ast.expr:
    return ast.Call(name_node(name), args, [])
