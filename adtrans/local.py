"""Iterations that are on their own, each reversed right after it has run.

    total = 0.0                                 total = 0.0
    for i in range(n):                          for i in range(n):
        t = math.exp(w * x[i])        ->            t = math.exp(w * x[i])
        total += t * t                              total += t * t
    return 0.5 * total                              t_bar = 0.5 * t + 0.5 * t
                                                    w_bar += t_bar * t * x[i]

What is kept for the reverse sweep is then what one iteration needs. It takes a loop at function level whose iterations
pass no derivative to each other except in sums (see `analysis.independence`), and sums of which it is known before the
loop what a change of them does to the result: nothing but linear operations follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adtrans import ir
from adtrans.analysis.activity import Activity
from adtrans.analysis.independence import Independence
from adtrans.analysis.regions import Regions
from adtrans.build import UNFAILING, Builder, zero
from adtrans.ir import (
    Alloc,
    Array,
    Carry,
    Check,
    Const,
    Dim,
    For,
    Let,
    NewList,
    Operand,
    Prim,
    Print,
    Program,
    Stmt,
    Var,
)

if TYPE_CHECKING:
    from adtrans.reverse import Reverse, Seeds

# Integer operations that do not fail, in what the size of a tape is computed from; what does not fail for floats.
SAFE = (*UNFAILING, "cast", "select", "abs")


@dataclass
class Local:
    """A loop to be reversed in place: the sums, the adjoint of each, and the statements that compute those.

    `made` is the loop with its reverse, `bars` are the adjoints that it gives to scalars from outside, `tapes` are made
    before it.
    """

    loop: For
    sums: tuple[Carry, ...]
    seeds: tuple[Operand, ...]
    ahead: list[Stmt]
    made: list[Stmt] = field(default_factory=list)
    bars: dict[Var, Var] = field(default_factory=dict)
    tapes: set[Var] = field(default_factory=set)


def local_loops(program: Program, activity: Activity, regions: Regions, seeds: Seeds) -> dict[int, Local]:
    """The loops at function level that are reversed in place, by identity."""
    candidates = [statement for statement in program.body if isinstance(statement, For) and any(
        activity.is_active(carry.inside) for carry in statement.carries)]
    if not candidates:
        return {}
    independence, found = Independence(program, activity, regions), {}
    for loop in candidates:
        sums = independence.sums(loop)
        if sums is None:
            continue
        effects = Effects(independence, seeds, loop)
        bars = tuple(effects.of(carry.after) for carry in sums)
        if None not in bars and any(bar != zero(bar.type) for bar in bars):
            found[id(loop)] = Local(loop, sums, bars, effects.build.here.body)
    return found


class Effects:
    """What a change of a value does to the results, as far as that is known before a loop."""

    def __init__(self, independence: Independence, seeds: Seeds, loop: For):
        self.independence, self.seeds, self.loop = independence, seeds, loop
        self.activity, self.regions = independence.activity, independence.regions
        self.build = Builder(relaxed=True)
        self.build.span = loop.span
        self.again: dict[Var, Operand | None] = {}
        inside = {id(statement) for statement in ir.walk((loop,))}
        self.checks = [self.regions.order[id(statement)] for statement in ir.walk(independence.program.body)
                       if isinstance(statement, Check) and id(statement) not in inside]

    def of(self, var: Var) -> Operand | None:
        """The adjoint of a variable of the function level; None where values after the loop decide about it."""
        total: Operand = zero(var.type)
        for result, seed in self.seeds:
            if result is var:
                total = self.build.prim("add", total, seed)
        for statement in {id(statement): statement for statement in self.independence.users.get(var, ())}.values():
            part = self.through(statement, var)
            if part is None:
                return None
            total = self.build.prim("add", total, part)
        return total

    def through(self, statement: Stmt, var: Var) -> Operand | None:
        """What it does by way of one statement."""
        if isinstance(statement, (Check, Print)):
            return zero(var.type)
        if self.regions.at[id(statement)].parent is not None:
            return None
        if isinstance(statement, For):
            return self.added(statement, var)
        if not isinstance(statement, Let):
            return None
        made, expr = statement.var, statement.expr
        if not self.activity.is_active(made):
            return zero(var.type)
        factor = self.factor(expr, var) if self.punctual(statement) else None
        bar = self.of(made) if factor is not None else None
        if bar is None:
            return None
        match factor:
            case "neg":
                return self.build.prim("neg", bar)
            case "same":
                return bar
            case ("mul" | "truediv" as op, other):
                return self.build.prim(op, bar, other)
        return None

    def added(self, statement: For, var: Var) -> Operand | None:
        """What it does where a later loop adds to it."""
        total: Operand = zero(var.type)
        carries = [carry for carry in statement.carries if carry.init is var]
        if not carries or any(carry.next is var for carry in statement.carries):
            return None
        for carry in carries:
            bar = self.of(carry.after) if self.independence.is_sum(carry) else None
            if bar is None:
                return None
            total = self.build.prim("add", total, bar)
        return total

    def factor(self, expr, var: Var):
        """How a linear operation passes a change on."""
        match expr:
            case Prim("add", (left, right)) if (left is var) != (right is var):
                return "same"
            case Prim("sub", (left, right)) if (left is var) != (right is var):
                return "same" if left is var else "neg"
            case Prim("neg"):
                return "neg"
            case Prim("mul", (left, right)) if (left is var) != (right is var):
                found = self.earlier(right if left is var else left)
                return found and ("mul", found)
            case Prim("truediv", (other, factor)) if other is var and factor is not var:
                found = self.earlier(factor)
                return found and ("truediv", found)
        return None

    def punctual(self, statement: Let) -> bool:
        """Whether an operation may run before the loop: it does not fail, or no check that might fail comes first."""
        match statement.expr:
            case Prim(op, args) if op in SAFE or op == "truediv" and isinstance(args[1], Const) and args[1].value:
                return True
        order = self.regions.order
        return not any(order[id(self.loop)] < check < order[id(statement)] for check in self.checks)

    def earlier(self, operand: Operand) -> Operand | None:
        """A value as it is at hand, or can be computed, before the loop."""
        if not isinstance(operand, Var) or operand in self.again:
            return self.again.get(operand) if isinstance(operand, Var) else operand
        definition = self.regions.definition.get(operand)
        if definition is None or self.regions.home[operand].parent is None and \
                self.regions.order[id(definition)] < self.regions.order[id(self.loop)]:
            return operand
        found = None
        match definition:
            case Let(var, Prim(op, args)) if self.punctual(definition):
                parts = [self.earlier(arg) for arg in args]
                found = None if None in parts else self.build.prim(op, *parts, type=var.type)
            case Let(_, Dim(array, axis)) if self.earlier(array) is array:
                found = self.build.dim(array, axis)
        self.again[operand] = found
        return found


def reverse_in_place(local: Local, reverse: Reverse, differentiate: Callable[..., Program]) -> None:
    """Fill `made` and `bars`: the body is differentiated as a program of its own."""
    loop, activity = local.loop, reverse.activity
    params = list(ir.free_variables(loop))
    arrays = {var: reverse.early_shadow(var) for var in params
              if isinstance(var.type, Array) and activity.memory_active(var)}
    scalars = tuple(reverse.outer_scalars(loop))
    results = tuple(carry.next for carry in local.sums)
    program = replace(reverse.program, params=(loop.counter, *(carry.inside for carry in loop.carries), *params),
                      body=loop.body, results=results, facts={})
    made = differentiate(program, (*arrays, *scalars), shadows=arrays, seeds=tuple(zip(results, local.seeds)))
    build = Builder(relaxed=True)
    local.tapes = made.facts["tapes"]
    reverse.reversed |= made.facts["reversed"]
    reverse.plans += made.facts["plans"]
    ahead, body = hoisted(made.body, local.tapes, set(program.params) - set(params))
    carries = list(loop.carries)
    for var, bar in zip(scalars, made.results):
        inside, after = Var(var.type, f"{var.name or 't'}_bar"), Var(var.type, f"{var.name or 't'}_bar")
        carries.append(Carry(inside, zero(var.type), build.prim("add", inside, bar), after))
        local.bars[var] = after
    local.made = [*local.ahead, *ahead,
                  replace(loop, carries=tuple(carries), body=(*body, *build.here.body))]


def hoisted(body: tuple[Stmt, ...], tapes: set[Var], own: set[Var]) -> tuple[list[Stmt], list[Stmt]]:
    """The allocations of tapes, with what their sizes are computed from, and the rest; `own` are the counter and what
    is carried.

    An iteration leaves nothing on a stack and reads from a tape only what it has written itself.
    """
    inside = own.union(var for statement in ir.walk(body) for var in ir.defined(statement))
    early: dict[Var, Let] = {}
    needed: dict[int, Stmt] = {}

    def is_early(operand: Operand) -> bool:
        return isinstance(operand, Const) or operand not in inside or operand in early

    def need(operand: Operand) -> Iterator[Stmt]:
        if operand in early:
            for other in ir.operands(early[operand]):
                yield from need(other)
            yield early[operand]

    for statement in body:
        match statement:
            case Let(var, Prim(op, args)) if op in UNFAILING and var.type == ir.INT and all(map(is_early, args)):
                early[var] = statement
            case Let(var, Dim(array)) if array not in inside:
                early[var] = statement
            case Alloc(var, shape, "empty") if var in tapes and all(map(is_early, shape)):
                needed.update((id(other), other) for extent in shape for other in need(extent))
                needed[id(statement)] = statement
            case NewList(var) if var in tapes:
                needed[id(statement)] = statement
    return list(needed.values()), [statement for statement in body if id(statement) not in needed]
