"""Elements that are read, added to and stored again become sums.

    t = h[k[i]]                 h[k[i]] += x[i]
    s = t + x[i]        ->
    h[k[i]] = s

Sums may come in any order. Nothing else may use what is read, or write to the array meanwhile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.ir import Accumulate, For, If, Let, Load, Operand, Prim, Program, Stmt, Store, Var, While


def sums(program: Program) -> Program:
    """The program with sums in place of loads and stores."""
    return replace(program, body=Sums(program).block(program.body))


class Sums:
    """`uses` counts where each variable is read."""

    def __init__(self, program: Program):
        self.classes = memory_classes(program)
        self.uses = Counter(operand for operand in program.results if isinstance(operand, Var))
        for statement in ir.walk(program.body):
            self.uses.update(operand for operand in (*ir.operands(statement), *ir.inner_operands(statement))
                             if isinstance(operand, Var))

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        loads: dict[Var, Let] = {}
        added: dict[Var, list[tuple[Let, Let, Operand]]] = {}
        gone: set[int] = set()
        made: list[Stmt] = []
        for statement in body:
            statement = self.within(statement)
            match statement:
                case Let(var, Load()) if self.uses[var] == 1:
                    loads[var] = statement
                case Let(var, Prim(op, (left, right))) if self.uses[var] == 1 and var.type.is_float:
                    ways = ((left, right), (right, left))[:2 if op == "add" else op == "sub"]
                    added[var] = [(loads[old], statement, other) for old, other in ways
                                  if old in loads and old is not other]
                case Store(array, index, value):
                    for load, addition, other in added.get(value, ()):
                        if load.var in loads and load.expr == Load(array, index):
                            gone.update((id(load), id(addition)))
                            made += self.accumulation(statement, addition, other)
                            break
                    else:
                        made.append(statement)
                    self.forget(statement, loads)
                    continue
            self.forget(statement, loads)
            made.append(statement)
        return tuple(item for item in made if id(item) not in gone)

    def accumulation(self, store: Store, addition: Let, other: Operand) -> list[Stmt]:
        if addition.expr.op == "add":
            return [Accumulate(store.array, store.index, other, store.span)]
        less = Var(addition.var.type)
        return [Let(less, Prim("neg", (other,)), addition.span), Accumulate(store.array, store.index, less, store.span)]

    def within(self, statement: Stmt) -> Stmt:
        match statement:
            case For(body=body):
                return replace(statement, body=self.block(body))
            case While(head=head, body=body):
                return replace(statement, head=self.block(head), body=self.block(body))
            case If(then=then, orelse=orelse):
                return replace(statement, then=self.block(then), orelse=self.block(orelse))
        return statement

    def forget(self, statement: Stmt, loads: dict[Var, Let]) -> None:
        """Drop what has been read of arrays that a statement writes to."""
        written = {self.classes[item.array] for item in ir.walk((statement,)) if isinstance(item, (Store, Accumulate))}
        for var in [var for var, load in loads.items() if self.classes[load.expr.array] in written]:
            del loads[var]
