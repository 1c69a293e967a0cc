"""Which values carry derivatives: varied (they depend on a differentiated input) and useful (the result
depends on them).

Scalars are followed one by one, memory by class (see `alias`). Scratch buffers become active by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from adtrans import ir
from adtrans.analysis.alias import Classes, memory_classes
from adtrans.ir import Accumulate, Alloc, Call, For, If, Let, Load, Operand, Pop, Prim, Program, Push, Store, Var, While
from adtrans.rules import is_nondifferentiable, rule_of

PASSING = {"cast", "select", "powi"}


@dataclass(frozen=True)
class Activity:
    """`active` variables and memory classes; `discrete` tells that the result depends on an input only through
    integers made from it."""

    vars: frozenset[Var]
    memory: frozenset[Var]
    classes: Classes
    discrete: bool

    def is_active(self, operand: Operand) -> bool:
        """Whether an operand carries a derivative."""
        if not isinstance(operand, Var):
            return False
        if isinstance(operand.type, ir.Array):
            return self.classes[operand] in self.memory
        return operand in self.vars

    def memory_active(self, array: Var) -> bool:
        return self.classes[array] in self.memory

    def has_tangent(self, operand: Operand) -> bool:
        """Whether a number, array, or stack has something beside it that holds tangents."""
        if isinstance(operand, Var) and isinstance(operand.type, (ir.Array, ir.ListOf)):
            held = operand.type.element if isinstance(operand.type, ir.ListOf) else operand.type
            return self.memory_active(operand) and held.is_float
        return self.is_active(operand)


def differentiable_places(call: Call, activity: Activity) -> tuple[int, ...]:
    """The places of the arguments of a call that carry derivatives; those of routines are arrays."""
    return tuple(k for k, arg in enumerate(call.args) if activity.is_active(arg)
                 and (isinstance(call, ir.Inner) or isinstance(arg.type, ir.Array)))


def differentiable_arguments(expr: Prim) -> tuple[Operand, ...]:
    """The operands through which a derivative flows."""
    op, args = expr.op, expr.args
    if op == "stop" or op == "trunc_int" or is_nondifferentiable(op):
        return ()
    if op == "select":
        return args[1:]
    if op in ("cast", "powi"):
        return args[:1]
    rule = rule_of(op)
    if rule is None:
        return ()
    return tuple(arg for arg, name in zip(args, rule.args) if name in rule.partials)


def analyse(program: Program, inputs: tuple[Var, ...], outputs: tuple[Operand, ...]) -> Activity:
    """Activity of a program for the given inputs and outputs."""
    classes = memory_classes(program)
    varied = Flow(program, classes, set(inputs), forward=True)
    useful = Flow(program, classes, {out for out in outputs if isinstance(out, Var)}, forward=False)
    active = frozenset(var for var in varied.vars & useful.vars if var.type.is_float)
    memory = frozenset(varied.memory & useful.memory)
    discrete = False
    if not any(is_reached(out, Flow(program, classes, set(inputs), True, differentiable_only=False))
               for out in outputs):
        tainted = Taint(program, classes, set(inputs))
        discrete = any(isinstance(out, Var) and tainted.integral(out) for out in outputs)
    return Activity(active, memory, classes, discrete)


def is_reached(out: Operand, varied: Flow) -> bool:
    if not isinstance(out, Var):
        return False
    if isinstance(out.type, ir.Array):
        return varied.classes[out] in varied.memory
    return out in varied.vars


class Flow:
    """Reachability along differentiable dependences, forwards from inputs or backwards from outputs."""

    def __init__(self, program: Program, classes: Classes, start: set[Var], forward: bool,
                 differentiable_only: bool = True):
        self.classes, self.forward = classes, forward
        self.through = differentiable_arguments if differentiable_only else (lambda expr: expr.args)
        self.vars: set[Var] = set()
        self.memory: set[Var] = set()
        for var in start:
            self.mark(var)
        self.changed = True
        statements = list(ir.walk(program.body))
        if not forward:
            statements.reverse()
        while self.changed:
            self.changed = False
            for statement in statements:
                self.visit(statement)

    def mark(self, operand: Operand) -> None:
        if not isinstance(operand, Var) or not (operand.type.is_float or isinstance(operand.type, ir.ListOf)):
            return
        if isinstance(operand.type, (ir.Array, ir.ListOf)):
            group = self.classes[operand]
            if group not in self.memory:
                self.memory.add(group)
                self.changed = True
        elif operand not in self.vars:
            self.vars.add(operand)
            self.changed = True

    def holds(self, operand: Operand) -> bool:
        if not isinstance(operand, Var):
            return False
        if isinstance(operand.type, (ir.Array, ir.ListOf)):
            return self.classes[operand] in self.memory
        return operand in self.vars

    def link(self, source: Operand, target: Operand) -> None:
        """`target` depends on `source`."""
        if not self.forward:
            source, target = target, source
        if self.holds(source):
            self.mark(target)

    def visit(self, statement) -> None:
        match statement:
            case Let(var, Prim() as expr):
                if var.type.is_float:
                    for operand in self.through(expr):
                        self.link(operand, var)
            case Let(var, Load(array)):
                self.link(array, var)
            case Let(var, Pop(stack)):
                self.link(stack, var)
            case Store(array, _, value) | Accumulate(array, _, value):
                self.link(value, array)
            case Push(stack, value):
                self.link(value, stack)
            case Call(vars, _, args):
                for arg in args:
                    for var in vars:
                        self.link(arg, var)
            case For(carries=carries) | While(carries=carries):
                for carry in carries:
                    for source, target in ((carry.init, carry.inside), (carry.next, carry.inside),
                                           (carry.init, carry.after), (carry.next, carry.after)):
                        self.link(source, target)
            case If(merges=merges):
                for merge in merges:
                    self.link(merge.then, merge.after)
                    self.link(merge.orelse, merge.after)


class Taint:
    """Values that depend on an input through an integer made from it."""

    def __init__(self, program: Program, classes: Classes, inputs: set[Var]):
        self.classes = classes
        self.any: set = {classes[var] if isinstance(var.type, ir.Array) else var for var in inputs}
        self.integers: set = set()
        changed = True
        while changed:
            before = len(self.any) + len(self.integers)
            for statement in ir.walk(program.body):
                self.visit(statement)
            changed = len(self.any) + len(self.integers) > before

    def key(self, operand: Operand):
        if isinstance(operand, Var) and isinstance(operand.type, (ir.Array, ir.ListOf)):
            return self.classes[operand]
        return operand

    def integral(self, operand: Operand) -> bool:
        return self.key(operand) in self.integers

    def flow(self, sources, target: Operand) -> None:
        keys = [self.key(source) for source in sources]
        goal = self.key(target)
        if any(key in self.any for key in keys):
            self.any.add(goal)
            if isinstance(target, Var) and target.type == ir.INT:
                self.integers.add(goal)
        if any(key in self.integers for key in keys):
            self.any.add(goal)
            self.integers.add(goal)

    def visit(self, statement) -> None:
        match statement:
            case Let(_, ir.Dim()):
                pass  # extents do not depend on what the array holds
            case Let(_, Prim(op)) if op in ir.TESTS:
                pass  # piecewise constant, with derivative zero
            case Let(var, expr):
                self.flow(tuple(ir.operands(expr)), var)
            case Store(array, index, value) | Accumulate(array, index, value):
                self.flow((*index, value), array)
            case Push(stack, value):
                self.flow((value,), stack)
            case Call(vars, _, args):
                for var in vars:
                    self.flow(args, var)
            case For(carries=carries) | While(carries=carries):
                for carry in carries:
                    for source in (carry.init, carry.next):
                        self.flow((source,), carry.inside)
                        self.flow((source,), carry.after)
            case If(merges=merges):
                for merge in merges:
                    self.flow((merge.then, merge.orelse), merge.after)


__all__ = ["Activity", "Alloc", "analyse", "differentiable_arguments", "differentiable_places"]
