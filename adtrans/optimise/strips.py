"""Loops over the tangents of an iteration are made short, and taken out of loops that could be vectors.

    for i in range(n):                              for first in range(0, n, 64):
        t = np.exp(x[i])                                count = min(64, n - first)
        s = np.sqrt(t)                                  for b in range(count):
        y[i] = s                                            t = np.exp(x[first + b])
        for p in range(8):                  ->              y[first + b] = np.sqrt(t)
            y_dot[i, p] = x_dot[i, p] * t * (0.5 / s)       c_[b] = t * (0.5 / np.sqrt(t))
                                                        for b in range(count):
                                                            c = c_[b]
                                                            for p in range(8):
                                                                y_dot[first + b, p] = x_dot[first + b, p] * c

First what is the same for all tangents is multiplied out, where that leaves fewer operations in the loop over them
("preaccumulation", A. Griewank and A. Walther, "Evaluating Derivatives", 2008, chapter 10). Then a loop that calls
elementary functions is divided into strips: the values of all iterations of a strip, then their tangents. Values never
depend on tangents, so the order of everything that is read and written stays.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.build import ONE, ZERO, Builder, const
from adtrans.ir import (
    INT,
    Accumulate,
    Alloc,
    Array,
    Carry,
    Check,
    Const,
    For,
    If,
    Let,
    Load,
    Operand,
    Prim,
    Program,
    Stmt,
    Store,
    Var,
)
from adtrans.optimise.simplify import substitute

WIDTH = 64
CHEAP = {"add", "sub", "mul", "neg", "abs", "min", "max", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not",
         "select", "cast", "truediv"}

Form = dict[Var, Operand]


def strips(program: Program) -> Program:
    """The program with the loops over tangents shortened, and apart from what calls elementary functions."""
    maker = Strips(program)
    body = maker.block(program.body)
    return ir.verify(replace(program, body=(*maker.rows, *body))) if maker.changed else program


class Strips:
    """`rows` are the arrays that hand values of a strip on to its tangents."""

    def __init__(self, program: Program):
        self.classes = memory_classes(program)
        self.rows: list[Stmt] = []
        self.changed = False

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        made: list[Stmt] = []
        for statement in body:
            match statement:
                case For(body=inner) if is_run(inner[-1] if inner else None):
                    made.append(self.loop(statement))
                case For(body=inner):
                    made.append(replace(statement, body=self.block(inner)))
                case ir.While(body=inner):
                    made.append(replace(statement, body=self.block(inner)))
                case If(then=then, orelse=orelse):
                    made.append(replace(statement, then=self.block(then), orelse=self.block(orelse)))
                case _:
                    made.append(statement)
        return tuple(made)

    def loop(self, loop: For) -> For:
        """A loop whose iterations end with a loop over tangents."""
        *head, run = loop.body
        if not all(isinstance(item, (Let, Store, Accumulate, Check)) for item in head):
            return replace(loop, body=(*self.block(tuple(head)), run))
        found = multiplied_out(run)
        if found is not None:
            self.changed = True
            head += found[0]
            run = found[1]
        if loop.step == ONE and loop.leave is None and any(map(costly, head)) and self.independent(loop, head, run):
            return self.divided(loop, head, run) or replace(loop, body=(*head, run))
        return replace(loop, body=(*head, run))

    def independent(self, loop: For, head: list[Stmt], run: For) -> bool:
        """Whether memory is either for values or for tangents, and carried values are numbers."""
        own, tangents = self.touched(head), self.touched(run.body)
        return not own & tangents and all(isinstance(carry.inside.type, ir.Scalar) for carry in loop.carries)

    def touched(self, body) -> set[Var]:
        return {self.classes[var] for item in body for var in ir.operands(item)
                if isinstance(var, Var) and isinstance(var.type, Array)}

    def divided(self, loop: For, head: list[Stmt], run: For) -> For | None:
        """The loop in strips; None where tangents need more of the values than numbers."""
        definitions = {item.var: item for item in head if isinstance(item, Let)}
        inside = {carry.inside for carry in loop.carries}
        build, first = Builder(), Var(INT, "first")
        build.span = loop.span
        again, second = Var(INT, "b"), Var(INT, loop.counter.name, loop.counter.user)
        names: dict[Var, Operand] = {loop.counter: second}
        ahead: list[Stmt] = [Let(second, Prim("add", (first, again)), None)]
        kept: list[Stmt] = []

        def need(var: Operand) -> bool:
            if not isinstance(var, Var) or var in names or var not in definitions and var not in inside:
                return True
            definition = definitions.get(var)
            names[var] = Var(var.type, var.name, var.user)
            if var.type == INT and isinstance(getattr(definition, "expr", None), Prim):
                if not all(map(need, definition.expr.args)):
                    return False
                ahead.append(Let(names[var], substitute(definition.expr, lambda one: names.get(one, one)), None))
                return True
            if var.type == ir.BOOL:
                return False
            row = Var(Array(var.type.code, 1), f"{var.name}_" if var.name else None)
            self.rows.append(Alloc(row, (const(WIDTH),), "empty", loop.span))
            kept.append(Store(row, (lane,), var, None))
            ahead.append(Let(names[var], Load(row, (again,)), None))
            return True

        lane = Var(INT, "b")
        before = len(self.rows)
        if not all(need(operand) for item in run.body for operand in ir.operands(item)):
            del self.rows[before:]
            return None
        self.changed = True
        with build.block() as body:
            count = build.prim("min", const(WIDTH), build.prim("sub", loop.stop, first), name="count")
            outer, inner = [], []
            for carry in loop.carries:
                start, end = (Var(carry.inside.type, carry.inside.name, carry.inside.user) for _ in range(2))
                outer.append(Carry(start, carry.init, end, carry.after))
                inner.append(Carry(carry.inside, start, carry.next, end))
            values = (Let(loop.counter, Prim("add", (first, lane)), None), *head, *kept)
            build.emit(For(lane, ZERO, count, ONE, tuple(inner), values, None, loop.span))
            renamed = tuple(substitute(item, lambda one: names.get(one, one) if isinstance(one, Var) else one)
                            for item in run.body)
            build.emit(For(again, ZERO, count, ONE, (), (*ahead, replace(run, body=renamed)), None, loop.span))
        return For(first, loop.start, loop.stop, const(WIDTH), tuple(outer), tuple(body.body), None, loop.span)


def is_run(statement: Stmt | None) -> bool:
    """Whether a statement is a loop over a number of tangents that is known."""
    return isinstance(statement, For) and isinstance(statement.stop, Const) and statement.start == ZERO \
        and statement.step == ONE and not statement.carries and statement.leave is None \
        and all(isinstance(item, (Let, Store, Accumulate)) for item in statement.body)


def costly(statement: Stmt) -> bool:
    return isinstance(statement, Let) and isinstance(statement.expr, Prim) and statement.var.type.is_float \
        and statement.expr.op not in CHEAP


# --- preaccumulation -------------------------------------------------------------------------------------


def multiplied_out(run: For) -> tuple[list[Stmt], For] | None:
    """Statements that multiply out what tangents have in common, and the loop over them; None where it would not be
    shorter."""
    forms: dict[Var, Form] = {}
    build, body = Builder(relaxed=True), []
    inner = {run.counter, *(item.var for item in run.body if isinstance(item, Let))}
    length = 0
    for item in run.body:
        build.span = getattr(item, "span", None)
        match item:
            case Let(var, Load()) if var.type.is_float:
                forms[var] = {var: Const(1.0, var.type)}
                body.append(item)
            case Let(var, Prim(op, args)) if var.type.is_float:
                found = combined(build, op, args, forms, inner)
                if found is None:
                    return None
                forms[var] = found
            case Let():
                body.append(item)
            case Store(value=value) | Accumulate(value=value):
                if value in forms:
                    lines, value = written_out(forms[value], item.span)
                    length += len(lines)
                    body += lines
                body.append(replace(item, value=value))
    before = sum(isinstance(item, Let) and isinstance(item.expr, Prim) and item.var.type.is_float for item in run.body)
    return (build.here.body, replace(run, body=tuple(body))) if length < before else None


def combined(build: Builder, op: str, args: tuple[Operand, ...], forms: dict[Var, Form],
             inner: set[Var]) -> Form | None:
    """The coefficients of the result of an operation; None where it is not linear in tangents."""
    moving = [arg for arg in args if arg in inner]
    if not moving or not all(arg in forms for arg in moving):
        return None
    match op, args:
        case "neg", (one,):
            return {leaf: build.prim("neg", factor) for leaf, factor in forms[one].items()}
        case ("add" | "sub"), (one, other) if len(moving) == 2:
            total = dict(forms[one])
            for leaf, factor in forms[other].items():
                if leaf in total:
                    total[leaf] = build.prim(op, total[leaf], factor)
                else:
                    total[leaf] = factor if op == "add" else build.prim("neg", factor)
            return total
        case "mul", (one, other) if len(moving) == 1:
            linear, factor = (one, other) if moving[0] is one else (other, one)
            return {leaf: build.prim("mul", own, factor) for leaf, own in forms[linear].items()}
        case "truediv", (one, other) if moving == [one]:
            return {leaf: build.prim("truediv", own, other) for leaf, own in forms[one].items()}
    return None


def written_out(form: Form, span) -> tuple[list[Stmt], Operand]:
    """The statements of a sum of products, and what it comes to."""
    build = Builder(relaxed=True)
    build.span = span
    total: Operand | None = None
    for leaf, factor in form.items():
        share = build.prim("mul", leaf, factor)
        total = share if total is None else build.prim("add", total, share)
    return build.here.body, total
