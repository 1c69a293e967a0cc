"""Forward mode: from a program to the program of its value and its tangent.

    t = np.sin(x)                 t = np.sin(x)
    y[i] = t * x         ->       t_dot = x_dot * np.cos(x)
                                  y_dot[i] = t_dot * x + t * x_dot
                                  y[i] = t * x

    push(program, {x: x_dot}, results)

Statements run in their order, each active one beside that of its tangent. A scalar without an entry in `dots` has
tangent zero; every active array, and every stack of active values, has a companion of its own. The partial derivatives
are those of the rows that reverse mode reads. What reverse mode makes is a program like others, so that this gives
second derivatives of it.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans.analysis.activity import Activity, analyse, differentiable_places
from adtrans.build import Builder, over_elements, zero
from adtrans.ir import (
    Accumulate,
    Alloc,
    Array,
    Call,
    Carry,
    For,
    If,
    Inner,
    Let,
    Load,
    Merge,
    NewList,
    Operand,
    Pop,
    Prim,
    Program,
    Push,
    Reshape,
    Stmt,
    Store,
    Strided,
    Var,
    View,
    While,
)
from adtrans.rules import rule_of
from adtrans.rules.linalg import tangent_of
from adtrans.rules.rule import emit as emit_partial
from adtrans.rules.rule import integer_slope
from adtrans.rules.rule import product as times_partial
from adtrans.splice import spliced


def push(program: Program, dots: dict[Var, Var], outputs: tuple[Operand, ...]) -> Program:
    """The program with the tangents of `outputs` after its results.

    `dots` pairs parameters with the parameters for their tangents, which are added behind the others.
    """
    activity = analyse(program, tuple(dots), outputs)
    forward = Forward(activity, dots)
    for var in program.params:
        if isinstance(var.type, Array) and var not in dots and activity.memory_active(var):
            forward.dots[var] = forward.zeros_like(var)
    forward.block(program.body)
    tangents = tuple(forward.result(output) for output in outputs)
    copied = {dots[param] for param in program.mutable if param in dots}
    facts = {**program.facts, "discrete": activity.discrete, "tangents": True}
    return replace(program, params=(*program.params, *dots.values()), body=tuple(forward.build.here.body),
                   results=(*program.results, *tangents), mutable=program.mutable | copied, facts=facts)


def dot_name(operand: Operand) -> str | None:
    """The name wished for a tangent; a constant has none."""
    name = getattr(operand, "name", None)
    return f"{name}_dot" if name else None


class Forward:
    """The forward sweep of values and tangents; `dots` are the tangents at hand."""

    def __init__(self, activity: Activity, dots: dict[Var, Var]):
        self.activity, self.active = activity, activity.has_tangent
        self.dots: dict[Var, Operand] = dict(dots)
        self.given = set(dots.values())
        self.build = Builder(relaxed=True)

    # --- tangents of operands

    def dot(self, operand: Operand) -> Operand | None:
        """The tangent of a number or array, None for zero."""
        return self.dots.get(operand) if isinstance(operand, Var) else None

    def dot_or_zero(self, operand: Operand) -> Operand:
        found = self.dot(operand)
        return zero(operand.type) if found is None else found

    def companion(self, var: Var) -> Var:
        """A new array or stack beside an active one."""
        made = Var(var.type, dot_name(var))
        self.dots[var] = made
        return made

    def zeros_like(self, array: Var) -> Var:
        build = self.build
        shape = tuple(build.dim(array, axis) for axis in range(array.type.rank))
        return build.alloc(array.type.dtype, shape, "zeros", dot_name(array))

    def result(self, output: Operand) -> Operand:
        """The tangent of a result: a number, or an array that nobody else has."""
        if not isinstance(output.type, Array):
            return self.dot_or_zero(output)
        found = self.dot(output)
        if found is not None and found not in self.given:
            return found
        made = self.zeros_like(output)
        if found is not None:
            over_elements(self.build, made,
                          lambda index: self.build.store(made, index, self.build.load(found, index)))
        return made

    # --- statements

    def block(self, body: tuple[Stmt, ...]) -> None:
        for statement in body:
            self.build.span = getattr(statement, "span", None)
            self.statement(statement)

    def statement(self, statement: Stmt) -> None:
        build = self.build
        match statement:
            case Let(var, expr):
                build.emit(statement)
                if self.active(var) or isinstance(expr, Pop) and self.active(expr.stack):
                    self.let(var, expr)
            case Store(array, index, value):
                if self.active(array):
                    build.store(self.dots[array], index, self.dot_or_zero(value))
                build.emit(statement)
            case Accumulate(array, index, value):
                build.emit(statement)
                if self.active(array) and self.dot(value) is not None:
                    build.accumulate(self.dots[array], index, self.dots[value])
            case Alloc(var) | NewList(var):
                build.emit(statement)
                if self.active(var):
                    build.emit(replace(statement, var=self.companion(var)))
            case View(var, base) | Reshape(var, base) | Strided(var, base):
                build.emit(statement)
                if self.active(var):
                    build.emit(replace(statement, var=self.companion(var), base=self.dots[base]))
            case Push(stack, value):
                build.emit(statement)
                if self.active(stack):
                    build.emit(Push(self.dots[stack], self.pushed(value), statement.span))
            case Inner():
                self.inner(statement)
            case Call():
                build.emit(statement)
                if any(self.active(var) for var in statement.vars):
                    self.call(statement)
            case For() | While():
                self.loop(statement)
            case If():
                self.branch(statement)
            case _:
                build.emit(statement)

    def pushed(self, value: Operand) -> Operand:
        return self.dots[value] if isinstance(value.type, Array) else self.dot_or_zero(value)

    def let(self, var: Var, expr) -> None:
        match expr:
            case Load(array, index):
                if self.active(array):
                    self.dots[var] = self.build.load(self.dots[array], index, dot_name(var))
            case Pop(stack):
                made = self.companion(var)
                self.build.emit(Let(made, Pop(self.dots[stack]), self.build.span))
            case Prim(op, args):
                found = self.prim(var, op, args)
                if found is not None:
                    if isinstance(found, Var) and var.user and found.name is None and found not in self.given:
                        found.name = dot_name(var)
                    self.dots[var] = found

    def prim(self, var: Var, op: str, args: tuple[Operand, ...]) -> Operand | None:
        """The tangent of the result of an operation."""
        build = self.build
        match op:
            case "cast":
                found = self.dot(args[0])
                return None if found is None else build.cast(found, var.type)
            case "select":
                if self.dot(args[1]) is None and self.dot(args[2]) is None:
                    return None
                return build.prim("select", args[0], self.dot_or_zero(args[1]), self.dot_or_zero(args[2]))
            case "powi":
                found = self.dot(args[0])
                return None if found is None else build.prim("mul", integer_slope(build, *args), found)
        rule = rule_of(op)
        if rule is None:
            return None
        total: Operand | None = None
        for arg, name in zip(args, rule.args):
            found = self.dot(arg)
            if found is None or name not in rule.partials:
                continue
            names = {**dict(zip(rule.args, args)), rule.result: var}
            partial = emit_partial(build, rule.partials[name], names, var.type)
            share = times_partial(build, found, partial)
            total = share if total is None else build.prim("add", total, share)
        return total

    # --- routines

    def call(self, statement: Call) -> None:
        """The tangents of what a library routine makes: a program of its own, read in place of the call."""
        if statement.op == "np.dot":
            self.product(statement)
            return
        dots = [self.dot(arg) if self.active(arg) else self.zeros_like(arg) for arg in statement.args
                if isinstance(arg.type, Array) and arg.type.is_float]
        tangent = tangent_of(statement)
        body, results = spliced(tangent, (*statement.args, *statement.vars, *dots), self.build.span)
        for inner in body:
            self.build.emit(inner)
        floats = [var for var in statement.vars if var.type.is_float]
        for var, found in zip(floats, results):
            if self.active(var):
                self.dots[var] = found

    def inner(self, statement: Inner) -> None:
        """A program of its own with its tangents, in place of the call."""
        moving = differentiable_places(statement, self.activity)
        if not moving or not any(self.active(var) for var in statement.vars):
            self.build.emit(statement)
            return
        pushed = statement.function.pushed(moving)
        dots = [self.dots[arg] if isinstance(arg.type, Array) else self.dot_or_zero(arg)
                for arg in (statement.args[k] for k in moving)]
        shown = statement.vars[:len(statement.vars) - statement.function.hidden]
        count = len(shown)
        body, results = spliced(pushed, (*statement.args, *dots), statement.span,
                                dict(zip(pushed.results[:count], shown)))
        for made in body:
            self.build.emit(made)
        floats = [var for var in shown if var.type.is_float]
        for var, found in zip(floats, results[count:]):
            if self.active(var):
                self.dots[var] = found

    def product(self, statement: Call) -> None:
        """c_dot = a_dot b + a b_dot."""
        build, (c,) = self.build, statement.vars
        made = []
        for place, arg in enumerate(statement.args):
            if self.active(arg):
                args = list(statement.args)
                args[place] = self.dots[arg]
                made.append(Var(replace(c.type, layout="C")))
                build.emit(Call((made[-1],), "np.dot", tuple(args), statement.span))
        total = made[0]
        if len(made) == 2:
            over_elements(build, total, lambda index: build.accumulate(total, index, build.load(made[1], index)))
        total.name = dot_name(c)
        self.dots[c] = total

    # --- structure

    def carried(self, carries: tuple[Carry, ...]) -> list[tuple[Carry, Var, Operand, Var]]:
        """For each carry with a tangent: that within, before and after the loop."""
        found = []
        for carry in carries:
            if not (self.active(carry.inside) or self.active(carry.after)):
                continue
            before = self.dots[carry.init] if isinstance(carry.init.type, Array) else self.dot_or_zero(carry.init)
            inside, after = Var(carry.inside.type, dot_name(carry.inside)), Var(carry.after.type, dot_name(carry.after))
            found.append((carry, inside, before, after))
        return found

    def loop(self, statement: For | While) -> None:
        build = self.build
        carried = self.carried(statement.carries)
        for carry, inside, _, _ in carried:
            self.dots[carry.inside] = inside
        with build.block() as block:
            self.block(statement.body)
            carries = [Carry(inside, before, self.pushed(carry.next), after)
                       for carry, inside, before, after in carried]
        build.emit(replace(statement, body=tuple(block.body), carries=(*statement.carries, *carries)))
        for carry, _, _, after in carried:
            self.dots[carry.after] = after

    def branch(self, statement: If) -> None:
        build = self.build
        merged = [merge for merge in statement.merges if self.active(merge.after)]
        ends, blocks = [], []
        for part, region in enumerate((statement.then, statement.orelse)):
            with build.block() as block:
                self.block(region)
                ends.append([self.pushed((merge.then, merge.orelse)[part]) for merge in merged])
            blocks.append(tuple(block.body))
        merges = []
        for merge, then, orelse in zip(merged, *ends):
            after = Var(merge.after.type, dot_name(merge.after))
            self.dots[merge.after] = after
            merges.append(Merge(after, then, orelse))
        build.emit(replace(statement, then=blocks[0], orelse=blocks[1], merges=(*statement.merges, *merges)))
