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
    number_of_part = ast.BinOp(name_node(first), ast.Add(), ast.BinOp(name_node(step), ast.Mult(), name_node(counter)))
    left = ast.BinOp(ast.BinOp(ast.BinOp(writer.value(loop.stop), ast.Sub(), name_node(first)), ast.Add(),
                               name_node(step)), ast.Sub(), number(1))
    header = ast.Call(name_node("prange"), [ast.BinOp(left, ast.FloorDiv(), name_node(step))], [])
    body = [ast.Expr(call(part, [number_of_part, *map(name_node, arguments)]))]
    return function(whole, [first, step, *arguments],
                    [ast.For(name_node(counter, ast.Store()), header, body, [], lineno=0)])


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
