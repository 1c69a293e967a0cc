"""Which computations are written inside the expression that uses them, instead of on a line of their own.

A value that the user did not name, that is used once in the same statement list, and whose loads no store in between
can disturb, is folded into its use, up to a size that keeps lines and compile time short.
"""

from __future__ import annotations

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.ir import Accumulate, Const, Dim, If, Let, Load, Operand, Pop, Prim, Program, Stmt, Store, Var

LARGEST = 9


def foldable(program: Program) -> dict[Var, Let]:
    """The variables to be folded, with their defining statements."""
    uses: dict[Var, int] = {}
    for operand in every_operand(program):
        if isinstance(operand, Var):
            uses[operand] = uses.get(operand, 0) + 1
    folder = Folder(program, uses)
    folder.block(program.body, ())
    return folder.folded


def every_operand(program: Program):
    for statement in ir.walk(program.body):
        yield from ir.operands(statement)
        yield from ir.inner_operands(statement)
    yield from program.results


class Folder:
    def __init__(self, program: Program, uses: dict[Var, int]):
        self.uses = uses
        self.loads_first = "tangents" in program.facts
        self.classes = memory_classes(program)
        self.folded: dict[Var, Let] = {}
        self.sizes: dict[Var, int] = {}
        self.reads: dict[Var, frozenset] = {}

    def block(self, body: tuple[Stmt, ...], ends: tuple[Operand, ...]) -> None:
        """Decide for the values defined in one statement list; `ends` are read when it has run."""
        pending: dict[Var, Let] = {}
        for statement in body:
            loop = isinstance(statement, (ir.For, ir.While))
            carried = {carry.init for carry in statement.carries if isinstance(carry.init, Var)} if loop else set()
            for operand in ir.operands(statement):
                if isinstance(operand, Var) and operand in pending and operand not in carried:
                    self.accept(operand, pending.pop(operand), statement)
            self.inner(statement)
            self.disturb(statement, pending)
            if isinstance(statement, Let) and self.candidate(statement):
                self.measure(statement)
                pending[statement.var] = statement
        for operand in ends:
            if isinstance(operand, Var) and operand in pending:
                self.accept(operand, pending.pop(operand), None)

    def inner(self, statement: Stmt) -> None:
        match statement:
            case ir.For(body=body, leave=leave):
                self.block(body, () if leave is None else (leave,))
            case ir.While(head=head, body=body, test=test):
                self.block(head, (test,))
                self.block(body, ())
            case If(then=then, orelse=orelse):
                self.block(then, ())
                self.block(orelse, ())

    def candidate(self, statement: Let) -> bool:
        var = statement.var
        return not var.user and self.uses.get(var) == 1 and not isinstance(statement.expr, Pop)

    def measure(self, statement: Let) -> None:
        """The size of a value written out, and the memory that it reads."""
        total, reads = 1, set()
        for operand in ir.operands(statement.expr):
            total += self.sizes.get(operand, 0) if operand in self.folded else 0
            reads |= self.reads.get(operand, frozenset()) if operand in self.folded else frozenset()
        if isinstance(statement.expr, Load):
            reads.add(self.classes[statement.expr.array])
        self.sizes[statement.var], self.reads[statement.var] = total, frozenset(reads)

    def accept(self, var: Var, definition: Let, user: Stmt | None) -> None:
        inner = sum(self.sizes.get(operand, 0) for operand in (ir.operands(user) if user else ())
                    if operand in self.folded)
        if inner + self.sizes[var] <= LARGEST:
            self.folded[var] = definition
            if isinstance(user, Let) and user.var in self.sizes:
                self.measure(user)

    def disturb(self, statement: Stmt, pending: dict[Var, Let]) -> None:
        """Values that read memory which `statement` writes stay where they are; in programs of tangents those that read
        any memory come before a store, as loops that load first are vectorised more often."""
        written = {self.classes[inner.array] for inner in ir.walk((statement,))
                   if isinstance(inner, (Store, Accumulate))}
        if written:
            always = self.loads_first and isinstance(statement, Store)
            for var in [var for var in pending if self.reads[var] & written or always and self.reads[var]]:
                del pending[var]


__all__ = ["Const", "Dim", "Prim", "foldable"]
