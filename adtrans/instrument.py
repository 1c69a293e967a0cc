"""`debug=True`: a check after every computed number, which stops at the first NaN or infinity.

    y = np.log(x[i])       ->       y = np.log(x[i]); if not np.isfinite(y): raise FloatingPointError("...", i)

The message names the user's line; the values after it are the counters of the loops around, outermost first.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.errors import Span
from adtrans.ir import BOOL, Accumulate, Check, For, If, Let, Operand, Prim, Program, Stmt, Store, Var, While

MESSAGE = "the result is not finite; iteration:"


def instrument(program: Program) -> Program:
    """Check every float that the program computes or loads."""
    return replace(program, body=block(program.body, ()))


def instrument_adjoints(program: Program, start: int) -> Program:
    """Check what the statements from `start` on (the reverse sweep) write to memory."""
    return replace(program, body=(*program.body[:start], *block(program.body[start:], (), stores_only=True)))


def block(body, counters: tuple[Operand, ...], stores_only: bool = False) -> tuple[Stmt, ...]:
    done: list[Stmt] = []
    for statement in body:
        value: Operand | None = None
        match statement:
            case For(counter=counter, body=inner):
                statement = replace(statement, body=block(inner, (*counters, counter), stores_only))
            case While(body=inner):
                statement = replace(statement, body=block(inner, counters, stores_only))
            case If(then=then, orelse=orelse):
                statement = replace(statement, then=block(then, counters, stores_only),
                                    orelse=block(orelse, counters, stores_only))
            case Let(var) if not stores_only and isinstance(var.type, ir.Scalar) and var.type.is_float:
                value = var
            case (Store(value=stored) | Accumulate(value=stored)) if stores_only and stored.type.is_float:
                value = stored
        done.append(statement)
        if isinstance(value, Var):
            done += finite(value, counters, statement.span)
    return tuple(done)


def finite(value: Var, counters: tuple[Operand, ...], span: Span | None) -> list[Stmt]:
    test = Var(BOOL)
    return [Let(test, Prim("isfinite", (value,)), span),
            Check(test, "FloatingPointError", MESSAGE if counters else "the result is not finite", counters, span)]
