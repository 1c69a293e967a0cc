"""What has been computed, read or written already is not computed or read again.

    t[i] = x[i] - y[i]                  u = x[i] - y[i]
    z[i] = t[i] * t[i]          ->      t[i] = u
                                        z[i] = u * u

Equal operations on equal operands are one value (value numbering over the structured program: what an enclosing or
earlier statement has computed is known). An element that has been read or written is known until something may write
to its memory; an element of another reference to the same memory, or one whose index might be equal, counts as written.
Views of the same part of one reference are one reference.
"""

from __future__ import annotations

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.analysis.indices import Indices
from adtrans.build import Builder
from adtrans.ir import (
    Accumulate,
    Const,
    Dim,
    For,
    If,
    Let,
    Load,
    Operand,
    Prim,
    Program,
    Slice,
    Stmt,
    Store,
    Var,
    View,
    While,
)
from adtrans.optimise.simplify import propagate, substitute

# Known elements: values by place, for each class of memory.
Memory = dict[Var, dict[tuple, Operand]]
EXACT = ("f4", "f8", "i8", "b1")


def reuse(program: Program) -> Program:
    """The program without repeated computations and reads."""
    table = Table(program)
    table.block(program.body, {})
    return propagate(program, table.names) if table.names else program


class Table:
    """`names` maps variables to equal ones that are defined before."""

    def __init__(self, program: Program):
        self.classes = memory_classes(program)
        self.indices = Indices(program)
        self.names: dict[Var, Operand] = {}
        self.sizes: set[Var] = set()
        self.made: dict[Var, Prim] = {}
        self.values: list[dict] = []

    def name(self, operand: Operand) -> Operand:
        while isinstance(operand, Var) and operand in self.names:
            operand = self.names[operand]
        return operand

    def key(self, operand: Operand):
        operand = self.name(operand)
        return (repr(operand.value), operand.type) if isinstance(operand, Const) else operand

    def block(self, body, memory: Memory) -> None:
        """Number a statement list; `memory` are the known elements before it, and then after it."""
        self.values.append({})
        for statement in body:
            self.statement(statement, memory)
        self.values.pop()

    def statement(self, statement: Stmt, memory: Memory) -> None:
        match statement:
            case Let(var, Prim() | Dim()):
                self.number(statement)
            case View():
                self.view(statement)
            case Let(var, Load(array, index)):
                known = memory.setdefault(self.classes[array], {})
                place = self.place(array, index)
                if place in known:
                    self.equal(var, known[place])
                else:
                    known[place] = var
            case Store(array, index, value):
                self.write(memory, array, index)
                if array.type.dtype in EXACT and value.type == array.type.element:
                    memory.setdefault(self.classes[array], {})[self.place(array, index)] = self.name(value)
            case Accumulate(array, index):
                self.write(memory, array, index)
            case For(body=body, carries=carries):
                self.forget(memory, (statement,))
                self.block(body, copied(memory))
                self.carried(carries)
            case While(head=head, body=body):
                self.forget(memory, (statement,))
                self.block(head, copied(memory))  # what the head computes is not seen in the body
                self.block(body, copied(memory))
            case If(then=then, orelse=orelse):
                self.block(then, copied(memory))
                self.block(orelse, copied(memory))
                self.forget(memory, (statement,))

    # --- values

    def number(self, statement: Let) -> None:
        expr = substitute(statement.expr, self.name)
        if isinstance(expr, Prim):
            folded = self.folded(expr, statement.var)
            if folded is not None:
                self.names[statement.var] = folded
                return
            self.made[statement.var] = expr
            key = (expr.op, tuple(self.key(arg) for arg in expr.args), statement.var.type)
        else:
            self.sizes.add(statement.var)
            key = ("dim", expr.array, expr.axis)
        for values in reversed(self.values):
            if key in values:
                self.equal(statement.var, values[key])
                return
        self.values[-1][key] = statement.var

    def view(self, statement: View) -> None:
        """A reference to what is referred to already is that reference."""
        made = substitute(statement, self.name)
        subscript = tuple((self.key(item.start), self.key(item.stop), self.key(item.step)) if isinstance(item, Slice)
                          else item and self.key(item) for item in made.subscript)
        key = ("view", made.base, subscript, made.order, made.var.type)
        for values in reversed(self.values):
            if key in values:
                self.equal(statement.var, values[key])
                return
        self.values[-1][key] = statement.var

    def folded(self, expr: Prim, var: Var) -> Operand | None:
        """The value of an operation on constants, of a multiplication by one, or of what cannot be negative."""
        match expr:
            case Prim("max", (other, Const(0))) if other in self.sizes:
                return other
            case Prim("max", (_, Const(0))):
                self.sizes.add(var)
            case Prim("mul", (other, Const(1.0))) | Prim("mul", (Const(1.0), other)) if other.type == var.type:
                return other
            case Prim(op, args) if args and all(isinstance(arg, Const) for arg in args):
                return Builder.fold_constants(op, [arg.value for arg in args], var.type)
        return None

    def equal(self, var: Var, known: Operand) -> None:
        """Let a variable be another one, unless the user has named both differently."""
        self.names[var] = known
        if isinstance(known, Var) and var.user and not known.user:
            known.name, known.user = var.name, True

    def carried(self, carries) -> None:
        """Values carried round a loop are one if they start as one and are changed in the same way."""
        for k, carry in enumerate(carries):
            for other in carries[:k]:
                if other.inside not in self.names and self.starts_alike(carry, other) and \
                        self.step(carry, carry.inside) == self.step(other, carry.inside) is not None:
                    self.names[carry.inside], self.names[carry.after] = other.inside, other.after
                    break

    def starts_alike(self, carry, other) -> bool:
        return self.key(carry.init) == self.key(other.init)

    def step(self, carry, stand_in: Var):
        """What a carried value becomes, with another variable in its place."""
        made = self.made.get(self.name(carry.next)) if isinstance(carry.next, Var) else None
        return made and (made.op, tuple(stand_in if self.name(arg) is carry.inside else self.key(arg)
                                        for arg in made.args))

    # --- memory

    def place(self, array: Var, index) -> tuple:
        return self.name(array), tuple(self.name(item) for item in index)

    def write(self, memory: Memory, array: Var, index) -> None:
        """Forget what a write may change."""
        known = memory.get(self.classes[array])
        if known:
            own, written = self.place(array, index)
            memory[self.classes[array]] = {
                place: value for place, value in known.items()
                if place[0] is own and any(self.apart(a, b) for a, b in zip(place[1], written))}

    def apart(self, a: Operand, b: Operand) -> bool:
        """Whether two indices never are one element: the same variable plus different constants."""
        left, right = self.indices.plain(self.name(a)), self.indices.plain(self.name(b))
        return left is not None and right is not None and self.name(left[0]) is self.name(right[0]) \
            and left[1] != right[1]

    def forget(self, memory: Memory, body) -> None:
        """Forget what anything in a body may change."""
        for statement in ir.walk(body):
            if isinstance(statement, (Store, Accumulate)):
                memory.pop(self.classes[statement.array], None)


def copied(memory: Memory) -> Memory:
    return {group: dict(known) for group, known in memory.items()}
