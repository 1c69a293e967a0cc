"""Arrays that every iteration makes anew are made once.

    for i in range(n):                   t = np.empty(m)
        t = np.zeros(m)                  for i in range(n):
        ...                      ->          for j in range(m):
                                                 t[j] = 0.0
                                             ...

It takes arrays of which nothing is left after the iteration: no one keeps a reference to them. Where the first sums
into zeros fill the array they become stores, and nothing is cleared (see `first`).
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.build import Builder, const, over_elements, zero
from adtrans.ir import (
    Accumulate,
    Alloc,
    Call,
    Check,
    Const,
    Dim,
    For,
    If,
    Let,
    Load,
    Operand,
    Parallel,
    Program,
    Stmt,
    Store,
)
from adtrans.optimise.first import stored_first

Body = tuple[Stmt, ...]


def hoist(program: Program) -> Program:
    """The program with arrays made before loops in place of within."""
    hoister = Hoister(program)
    body = hoister.block(program.body)
    return program if body is program.body else ir.verify(replace(program, body=body))


class Hoister:
    def __init__(self, program: Program):
        self.definitions = {statement.var: statement.expr for statement in ir.walk(program.body)
                            if isinstance(statement, Let)}
        self.kept = set(program.results)
        for statement in ir.walk(program.body):
            self.kept.update(references(statement))

    def block(self, body: Body) -> Body:
        made: list[Stmt] = []
        changed = False
        for statement in body:
            match statement:
                case Parallel(body=inner):  # whose iterations need arrays of their own
                    inside = self.block(inner)
                    new = statement if inside is inner else replace(statement, body=inside)
                case For(body=inner):
                    before, inside = self.loop(self.block(inner), statement)
                    made += before
                    new = statement if inside is inner else replace(statement, body=inside)
                case ir.While(body=inner):
                    inside = self.block(inner)
                    new = statement if inside is inner else replace(statement, body=inside)
                case If(then=then, orelse=orelse):
                    sides = self.block(then), self.block(orelse)
                    same = sides[0] is then and sides[1] is orelse
                    new = statement if same else replace(statement, then=sides[0], orelse=sides[1])
                case _:
                    new = statement
            changed |= new is not statement
            made.append(new)
        return tuple(made) if changed else body

    def loop(self, body: Body, loop: For) -> tuple[list[Stmt], Body]:
        """What goes before a loop, and the rest of its body."""
        own = {loop.counter, *(carry.inside for carry in loop.carries)}
        own.update(var for statement in ir.walk((replace(loop, body=body),)) for var in ir.defined(statement))
        for statement in ir.walk(body):
            own.update(getattr(carry, "inside", None) for carry in getattr(statement, "carries", ()))
            own.update((statement.counter,) if isinstance(statement, For) else ())
        before, rest = Builder(), list(body)
        for statement in body:
            if isinstance(statement, Alloc) and statement.var not in self.kept and not own & set(statement.shape):
                at = next(k for k, item in enumerate(rest) if item is statement)
                before.span = statement.span
                shape = tuple(self.size(before, extent) for extent in statement.shape)
                before.emit(replace(statement, shape=shape, fill="empty"))
                after = rest[at + 1:]
                rest[at:] = after if statement.fill == "empty" else self.cleared(statement, tuple(after))
        return before.here.body, tuple(rest) if before.here.body else body

    def size(self, build: Builder, extent: Operand) -> Operand:
        """An extent that is not negative even where the loop does not run."""
        plain = isinstance(extent, Const) and extent.value >= 0 or isinstance(self.definitions.get(extent), Dim)
        return extent if plain else build.prim("max", extent, const(0))

    def cleared(self, statement: Alloc, rest: Body) -> list[Stmt]:
        """What follows an array of zeros, with its elements set to zero first unless that is needless."""
        filled = stored_first(rest, statement.var, statement.shape, lambda extent: extent, self.definitions)
        if filled is not None:
            return list(filled)
        build = Builder()
        build.span = statement.span
        for axis, extent in enumerate(statement.shape):
            build.assume_dim(statement.var, axis, extent)
        over_elements(build, statement.var,
                      lambda index: build.store(statement.var, index, zero(statement.var.type.element)))
        return [*build.here.body, *rest]


def references(statement: Stmt) -> set[Operand]:
    """The arrays that a statement makes another reference to, or may keep."""
    inner = set(ir.inner_operands(statement))
    match statement:
        case Let(_, Load() | Dim()) | Store() | Accumulate() | Check() | Call() | Alloc():
            return inner - inner
    return inner | set(ir.operands(statement))
