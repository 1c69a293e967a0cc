"""A program put into another in place of a call: its parameters replaced, everything it defines made anew."""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.errors import Span
from adtrans.ir import Operand, Program, Stmt, Var
from adtrans.optimise.simplify import substitute


def spliced(program: Program, args: tuple[Operand, ...], span: Span | None,
            targets: dict[Var, Var] | None = None) -> tuple[tuple[Stmt, ...], list[Operand]]:
    """The statements of a program and its results, for these arguments; all of it counts as the place `span`.

    With `targets`, which maps some of what the program defines to what that is to be called, statements keep their own
    places where they have one.
    """
    names: dict[Var, Operand] = dict(zip(program.params, args))
    keep = targets is not None

    def change(operand: Operand) -> Operand:
        return names.get(operand, operand) if isinstance(operand, Var) else operand

    def fresh(var: Var) -> Var:
        made = names[var] = targets[var] if keep and var in targets else \
            Var(var.type, var.name, var.user and keep, var.apart and keep, var.lane and keep)
        return made

    def block(body) -> tuple[Stmt, ...]:
        return tuple(statement(item) for item in body)

    def statement(item: Stmt) -> Stmt:
        made = replace(substitute(item, change), span=keep and item.span or span)
        match made:
            case ir.For(counter=counter, carries=carries, body=body, leave=leave):
                made = replace(made, counter=fresh(counter), carries=tuple(
                    replace(carry, inside=fresh(carry.inside)) for carry in carries))
                inner = block(body)
                return replace(made, body=inner, carries=ended(made.carries), leave=leave and change(leave))
            case ir.While(carries=carries, head=head, body=body, test=test):
                made = replace(made, carries=tuple(replace(carry, inside=fresh(carry.inside)) for carry in carries))
                first = block(head)
                test = change(test)
                return replace(made, head=first, test=test, body=block(body), carries=ended(made.carries))
            case ir.If(then=then, orelse=orelse, merges=merges):
                made = replace(made, then=block(then), orelse=block(orelse))
                joined = tuple(ir.Merge(fresh(merge.after), change(merge.then), change(merge.orelse))
                               for merge in merges)
                return replace(made, merges=joined)
            case ir.Call(vars=vars):
                return replace(made, vars=tuple(fresh(var) for var in vars))
        own = ir.defined(made)
        return replace(made, var=fresh(own[0])) if own else made

    def ended(carries) -> tuple:
        return tuple(replace(carry, next=change(carry.next), after=fresh(carry.after)) for carry in carries)

    body = block(program.body)
    return body, [change(result) for result in program.results]
