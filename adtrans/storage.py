"""How the reverse sweep gets at values of the forward sweep: still there, recomputed, or taped.

`Storage.plan(var)` answers per value:

    Here          defined outside all loops: the variable itself
    Again         recomputed from values that need no tape
    Tape          stored in an array indexed by the loops' counters, which is allocated before the outermost loop
    Stack         pushed on a growable stack (trip counts unknown beforehand)
    Export        defined in a branch outside all loops: joined out of it
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adtrans import ir
from adtrans.analysis.alias import Classes
from adtrans.analysis.regions import Region, Regions
from adtrans.build import Builder, const
from adtrans.ir import Accumulate, Const, Dim, For, If, Let, Load, Operand, Prim, Program, Store, Var, While
from adtrans.rules.rule import plain

TRANSCENDENTAL = {
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh",
    "arctanh", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2", "pow", "powi",
    "cbrt", "hypot", "erf", "erfc", "sqrt", "lgamma", "gamma",
}


@dataclass(frozen=True)
class Here:
    pass


@dataclass(frozen=True)
class Again:
    pass


@dataclass(frozen=True)
class Counter:
    """The counter of a loop: the reverse loop has its own."""


@dataclass(frozen=True, eq=False)
class Tape:
    """`array` indexed by the iteration numbers of `loops`."""

    array: Var
    loops: tuple[Region, ...]
    extents: tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class Stack:
    stack: Var


@dataclass(frozen=True, eq=False)
class Export:
    """`steps` are (branch region, joined variable), innermost first; the last variable is at function level."""

    steps: tuple[tuple[Region, Var], ...]

    @property
    def outer(self) -> Var:
        return self.steps[-1][1]


Plan = Here | Again | Counter | Tape | Stack | Export


@dataclass
class Storage:
    """The storage plan of one program, made on demand."""

    program: Program
    regions: Regions
    classes: Classes
    companions: dict[Var, Var] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plans: dict[Var, Plan] = {}
        self.frees: dict[Var, bool] = {}
        self.stores: dict[Var, list] = {}
        self.before: dict[int, Builder] = {}
        self.trips: dict[int, Var] = {}
        for statement in ir.walk(self.program.body):
            if isinstance(statement, (Store, Accumulate)):
                self.stores.setdefault(self.classes[statement.array], []).append(statement)

    # --- decisions

    def plan(self, var: Var) -> Plan:
        if var not in self.plans:
            self.plans[var] = self.decide(var)
        return self.plans[var]

    def decide(self, var: Var) -> Plan:
        home = self.regions.home[var]
        if home.parent is None:
            return Here()
        if self.is_counter(var):
            return Counter()
        if self.free(var):
            return Again() if home.loops or self.cheap_again(var) else self.export(var, home)
        if not home.loops:
            return self.export(var, home)
        extents = None if isinstance(var.type, ir.Array) else self.extents(home)
        name = f"{var.name}_tape" if var.name else "tape"
        if extents is None:
            return Stack(Var(ir.ListOf(var.type), name))
        dtype = var.type.code
        return Tape(Var(ir.Array(dtype, len(extents), "C"), name), home.loops, extents)

    def cheap_again(self, var: Var) -> bool:
        return not isinstance(self.definition(var), Load)

    def is_counter(self, var: Var) -> bool:
        statement = self.regions.definition.get(var)
        return isinstance(statement, For) and statement.counter is var

    def definition(self, var: Var):
        statement = self.regions.definition.get(var)
        return statement.expr if isinstance(statement, Let) else None

    def free(self, operand: Operand) -> bool:
        """Whether the reverse sweep can have a value without storing it."""
        if not isinstance(operand, Var):
            return True
        if operand not in self.frees:
            self.frees[operand] = False
            self.frees[operand] = self.find_free(operand)
        return self.frees[operand]

    def find_free(self, var: Var) -> bool:
        home = self.regions.home[var]
        if home.parent is None or self.is_counter(var):
            return True
        match self.definition(var):
            case Prim(op, args):
                return plain(op) not in TRANSCENDENTAL and all(self.free(arg) for arg in args)
            case Dim(array):
                return self.reachable(array)
            case Load(array, index):
                return self.reachable(array) and self.stable(self.regions.definition[var]) and all(
                    self.free(arg) for arg in index)
        return False

    def reachable(self, array: Var) -> bool:
        """Whether an array reference is still at hand in the reverse sweep."""
        return not self.regions.home[array].loops

    def stable(self, load: Let) -> bool:
        """Whether no store to the loaded memory can run after the load."""
        regions = self.regions
        here = regions.at[id(load)].loops
        for store in self.stores.get(self.classes[load.expr.array], ()):
            there = regions.at[id(store)].loops
            if here and there and here[0] is there[0]:
                return False
            if regions.order[id(store)] > regions.order[id(load)]:
                return False
        return True

    # --- tapes

    def extents(self, home: Region) -> tuple[Operand, ...] | None:
        """Upper bounds of the trip counts of the loops around, known before the outermost one; else None."""
        outermost = home.outermost()
        if not isinstance(outermost, For):
            return None
        build = self.before.setdefault(id(outermost), Builder(relaxed=True))
        mark = build.mark()
        limits: dict[Var, tuple] = {}
        found = []
        for region in home.loops:
            loop = region.owner
            if isinstance(loop, While) or loop.leave is not None or not isinstance(loop.step, Const):
                build.rollback(mark)
                return None
            bounds = self.bounds(build, loop, limits, outermost)
            if bounds is None:
                build.rollback(mark)
                return None
            limits[loop.counter] = bounds[:2]
            found.append(bounds[2])
        return tuple(found)

    def bounds(self, build: Builder, loop: For, limits: dict, outermost: For):
        """(lowest, highest) value of the counter and the greatest number of trips, as operands."""
        start = [self.extreme(build, loop.start, limits, highest, outermost, 0) for highest in (False, True)]
        stop = [self.extreme(build, loop.stop, limits, highest, outermost, 0) for highest in (False, True)]
        if None in start or None in stop:
            return None
        step = loop.step.value
        fixed = self.difference(build, loop, limits, outermost)
        if step > 0:
            span = fixed if fixed is not None else build.prim("sub", stop[1], start[0])
            ends = start[0], build.prim("sub", stop[1], const(1))
        else:
            span = fixed if fixed is not None else build.prim("sub", start[1], stop[0])
            ends = build.prim("add", stop[0], const(1)), start[1]
        if abs(step) != 1:
            span = build.prim("floordiv", build.prim("add", span, const(abs(step) - 1)), const(abs(step)))
        return (*ends, build.prim("max", span, const(0)))

    def difference(self, build: Builder, loop: For, limits, outermost) -> Operand | None:
        """The greatest |stop - start| where both move together with an outer counter."""
        if loop.start == const(0):
            return None
        first, second = (loop.stop, loop.start) if loop.step.value > 0 else (loop.start, loop.stop)
        left, right = self.affine(first), self.affine(second)
        terms = dict(left[0])
        for var, factor in right[0].items():
            terms[var] = terms.get(var, 0) - factor
        total: Operand = const(left[1] - right[1])
        for var, factor in terms.items():
            if factor == 0:
                continue
            limit = self.extreme(build, var, limits, factor > 0, outermost, 0)
            if limit is None:
                return None
            total = build.prim("add", build.prim("mul", limit, const(factor)), total)
        return total

    def affine(self, operand: Operand) -> tuple[dict[Var, int], int]:
        """Look through integer additions of the forward sweep."""
        if isinstance(operand, Const):
            return {}, operand.value
        match self.definition(operand):
            case Prim("add", (a, b)):
                x, y = self.affine(a), self.affine(b)
                return merge(x[0], y[0], 1), x[1] + y[1]
            case Prim("sub", (a, b)):
                x, y = self.affine(a), self.affine(b)
                return merge(x[0], y[0], -1), x[1] - y[1]
        return {operand: 1}, 0

    def extreme(self, build: Builder, operand: Operand, limits, highest: bool, outermost, depth: int):
        """The lowest or highest value of an integer over the loops, computed before them; None if unknown."""
        if isinstance(operand, Const):
            return operand
        if operand in limits:
            return limits[operand][highest]
        home = self.regions.home[operand]
        if home.parent is None and self.precedes(operand, outermost):
            return operand
        if depth > 12:
            return None

        def inner(other: Operand, high: bool):
            return self.extreme(build, other, limits, high, outermost, depth + 1)

        match self.definition(operand):
            case Prim("add" | "min" | "max" as op, (a, b)):
                parts = inner(a, highest), inner(b, highest)
            case Prim("sub", (a, b)):
                op, parts = "sub", (inner(a, highest), inner(b, not highest))
            case Prim("mul", (a, Const(value))) | Prim("mul", (Const(value), a)):
                op, parts = "mul", (inner(a, highest == (value >= 0)), const(value))
            case Prim("floordiv", (a, Const(value))) if value > 0:
                op, parts = "floordiv", (inner(a, highest), const(value))
            case Dim(array, axis) if self.regions.home[array].parent is None and self.precedes(array, outermost):
                return build.dim(array, axis)
            case _:
                return None
        return None if None in parts else build.prim(op, *parts)

    def precedes(self, var: Var, statement) -> bool:
        """Whether a function-level variable is defined before a function-level statement."""
        definition = self.regions.definition.get(var)
        return definition is None or self.regions.order[id(definition)] < self.regions.order[id(statement)]

    # --- branches

    def export(self, var: Var, home: Region) -> Export:
        steps = []
        for region in reversed(home.chain()[1:]):
            steps.append((region, Var(var.type, var.name, var.user)))
        return Export(tuple(steps))

    def count(self, loop: For | While) -> Var:
        """The number of iterations that ran, for a loop that can be left early."""
        if id(loop) not in self.trips:
            var = Var(ir.INT, "n_trips")
            self.trips[id(loop)] = var
            self.regions.home[var] = self.regions.at[id(loop)]
            self.regions.definition[var] = loop
        return self.trips[id(loop)]


def merge(a: dict, b: dict, factor: int) -> dict:
    terms = dict(a)
    for var, coefficient in b.items():
        terms[var] = terms.get(var, 0) + factor * coefficient
    return {var: c for var, c in terms.items() if c}


__all__ = ["Again", "Counter", "Export", "Here", "If", "Plan", "Stack", "Storage", "Tape"]
