"""Factors of matrices made once for both sweeps, and for every routine that wants those of the same matrix.

    x = np.linalg.solve(a, b)                lu, pivots = factors.lu_factor(a)
    s, d = np.linalg.slogdet(a)      ->      x = factors.lu_solve(lu, pivots, b)
                                             s, d = factors.lu_slogdet(lu, pivots)

In what follows `lu` stands for `a`: its adjoint is the adjoint of the matrix whose factors it holds.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.analysis.activity import Activity
from adtrans.ir import Accumulate, Array, Call, For, If, Program, Stmt, Store, Var, While

BY_FACTORS = {"np.linalg.solve": "factors.lu_solve", "np.linalg.det": "factors.lu_det",
              "np.linalg.slogdet": "factors.lu_slogdet"}


def factorise(program: Program, activity: Activity) -> Program:
    """The program with the factors that its active calls need as statements of their own."""
    if not any(isinstance(statement, Call) and statement.op in BY_FACTORS for statement in ir.walk(program.body)):
        return program
    return replace(program, body=Factoriser(activity).block(program.body, {}))


class Factoriser:
    """`known` are the factors at hand, by matrix; those of a matrix that is written to are forgotten."""

    def __init__(self, activity: Activity):
        self.activity = activity

    def block(self, body: tuple[Stmt, ...], known: dict[Var, tuple[Var, Var]]) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for statement in body:
            if isinstance(statement, (For, While)):
                self.forget(statement, known)
            done += self.statement(statement, known)
            self.forget(statement, known)
        return tuple(done)

    def forget(self, statement: Stmt, known: dict[Var, tuple[Var, Var]]) -> None:
        classes = self.activity.classes
        written = {classes[inner.array] for inner in ir.walk((statement,)) if isinstance(inner, (Store, Accumulate))}
        for matrix in [matrix for matrix in known if classes[matrix] in written]:
            del known[matrix]

    def statement(self, statement: Stmt, known: dict[Var, tuple[Var, Var]]) -> list[Stmt]:
        match statement:
            case For(body=body):
                return [replace(statement, body=self.block(body, dict(known)))]
            case While(head=head, body=body):
                return [replace(statement, head=self.block(head, dict(known)), body=self.block(body, dict(known)))]
            case If(then=then, orelse=orelse):
                return [replace(statement, then=self.block(then, dict(known)), orelse=self.block(orelse, dict(known)))]
            case Call(vars, op, (matrix, *rest)) if op in BY_FACTORS and any(map(self.activity.is_active, vars)):
                made: list[Stmt] = []
                if matrix not in known:
                    name = f"{matrix.name}_" if matrix.name else ""
                    known[matrix] = (Var(Array(matrix.type.dtype, 2, "F"), f"{name}lu"),
                                     Var(Array("i8", 1, "C"), f"{name}pivots"))
                    made.append(Call(known[matrix], "factors.lu_factor", (matrix,), statement.span))
                return [*made, replace(statement, op=BY_FACTORS[op], args=(*known[matrix], *rest))]
        return [statement]
