"""Which indices of a finished program are proven not to be negative.

    for i in range(n - 2, 0, -1): u[i - 1]          i >= 1, so i - 1 >= 0

What is proven needs no wrapping round from the end when it is compiled. Counters have affine limits by their ranges;
values that are carried round a loop, popped from a stack or read from a tape are proven by induction: what is assumed
of all of them has to follow for all of them.
"""

from __future__ import annotations

from functools import cached_property

from adtrans import ir
from adtrans.build import Builder
from adtrans.ir import Alloc, Carry, Dim, For, If, Let, Load, Merge, Operand, Pop, Program, Push, Store, Var, While
from adtrans.lower.bounds import Bounds


class Ranges:
    """Proofs about the integers of one program."""

    def __init__(self, program: Program):
        self.build = Builder()
        self.bounds = Bounds(self.build)
        self.proven: dict[Operand, bool] = {}
        self.assumed: dict[Var, list[tuple[Operand, ...]]] = {}
        self.program = program
        self.collect(program)
        self.settle()

    def not_negative(self, operand: Operand) -> bool:
        if operand not in self.proven:
            self.proven[operand] = self.bounds.at_least(operand, 0)
        return self.proven[operand]

    @cached_property
    def repeated(self) -> set[Operand]:
        """The variables that have other values in other iterations of a loop."""
        found: set[Operand] = set()
        for statement in ir.walk(self.program.body):
            if isinstance(statement, (For, While)) and found.isdisjoint(own := ir.introduced((statement,))):
                found |= own
        return found

    # --- facts

    def collect(self, program: Program) -> None:
        """Definitions, the limits of counters, and what may be proven by induction."""
        for statement in ir.walk(program.body):
            match statement:
                case Let(var, expr) if var.type == ir.INT and not isinstance(expr, (Load, Pop)):
                    self.build.definitions[var] = expr
        pushed: dict[Var, list[Operand]] = {}
        popped: dict[Var, list[Var]] = {}
        for statement in ir.walk(program.body):
            match statement:
                case For():
                    self.bounds.counter(statement.counter, statement.start, statement.stop, statement.step)
                    self.carried(statement.carries)
                case While():
                    self.carried(statement.carries)
                case If():
                    for merge in statement.merges:
                        self.merged(merge)
                case Push(stack, value) if value.type == ir.INT:
                    pushed.setdefault(stack, []).append(value)
                case Let(var, Pop(stack)) if var.type == ir.INT:
                    popped.setdefault(stack, []).append(var)
        for var, values in taped(program):
            self.assume(var, values)
        for stack, vars in popped.items():
            for var in vars:
                self.assume(var, tuple(pushed.get(stack, ())))

    def carried(self, carries: tuple[Carry, ...]) -> None:
        for carry in carries:
            if carry.inside.type == ir.INT:
                self.assume(carry.inside, (carry.init, carry.next))
                self.assume(carry.after, (carry.init, carry.next))

    def merged(self, merge: Merge) -> None:
        if merge.after.type == ir.INT:
            self.assume(merge.after, (merge.then, merge.orelse))

    def assume(self, var: Var, sources: tuple[Operand, ...]) -> None:
        """That a variable, which always is one of `sources`, is not negative."""
        self.assumed[var] = [sources]
        self.bounds.lowest[var] = {}, 0

    def settle(self) -> None:
        """Withdraw assumptions until all that are left follow from each other."""
        while True:
            wrong = [var for var, sources in self.assumed.items()
                     if not all(self.bounds.at_least(source, 0) for each in sources for source in each)]
            if not wrong:
                return
            for var in wrong:
                del self.assumed[var]
                del self.bounds.lowest[var]


def taped(program: Program) -> list[tuple[Var, tuple[Operand, ...]]]:
    """Integers read from tapes, each with all that is put there. A tape is read only where it has been written."""
    tapes: dict[Var, list[Operand]] = {var: [] for var in program.facts.get("tapes", ()) if is_row(var)}
    read: list[tuple[Var, Var]] = []
    for statement in ir.walk(program.body) if tapes else ():
        match statement:
            case Let(var, Load(array)) if array in tapes:
                read.append((var, array))
            case Store(array, value=value) if array in tapes:
                tapes[array].append(value)
            case Let(_, Load() | Dim()) | Store() | Alloc():
                pass
            case _:
                for operand in (*ir.operands(statement), *ir.inner_operands(statement)):
                    tapes.pop(operand, None)
    return [(var, tuple(tapes[array])) for var, array in read if array in tapes]


def is_row(var: Var) -> bool:
    return isinstance(var.type, ir.Array) and var.type.dtype == "i8"
