"""What is known of integers while reading a program: intervals of counters and affine differences.

`inside(i, n)` proves i < n, `at_least(i, c)` proves i >= c; both answer False when they cannot tell.
"""

from __future__ import annotations

from adtrans.build import Builder, combine
from adtrans.ir import Const, Dim, Operand, Prim, Var

Affine = tuple[dict[Var, int], int]


class Bounds:
    """Facts are recorded when a counted loop opens; variables are defined once, so they stay true."""

    def __init__(self, build: Builder):
        self.build = build
        self.lowest: dict[Var, Affine] = {}
        self.highest: dict[Var, Affine] = {}

    def counter(self, var: Var, start: Operand, stop: Operand, step: Operand) -> None:
        """`var` runs over range(start, stop, step)."""
        if not isinstance(step, Const):
            return
        first = self.build.affine(start)
        past = self.build.affine(stop)
        if step.value > 0:
            self.lowest[var], self.highest[var] = first, combine(past, ({}, 1), -1)
        else:
            self.highest[var], self.lowest[var] = first, combine(past, ({}, 1), 1)

    def at_least(self, operand: Operand, least: int) -> bool:
        return self.not_negative(combine(self.build.affine(operand), ({}, least), -1), 6)

    def at_most(self, operand: Operand, most: Operand) -> bool:
        return self.not_negative(combine(self.build.affine(most), self.build.affine(operand), -1), 6)

    def inside(self, operand: Operand, extent: Operand) -> bool:
        difference = combine(self.build.affine(extent), self.build.affine(operand), -1)
        return self.not_negative(combine(difference, ({}, 1), -1), 6)

    def not_negative(self, form: Affine, depth: int) -> bool:
        """Whether an affine form is proven >= 0 by putting extreme values for its variables."""
        terms, constant = form
        if not terms:
            return constant >= 0
        if depth == 0:
            return False
        for var, coefficient in terms.items():
            for limit in self.limits(var, coefficient > 0):
                rest = ({v: c for v, c in terms.items() if v is not var}, constant)
                if self.not_negative(combine(rest, limit, coefficient), depth - 1):
                    return True
        return False

    def limits(self, var: Var, low: bool) -> list[Affine]:
        """Affine lower (or upper) limits of a variable."""
        found = []
        table = self.lowest if low else self.highest
        if var in table:
            found.append(table[var])
        match self.build.definitions.get(var):
            case Dim() if low:
                found.append(({}, 0))
            case Prim("max", args) if low:
                found += [self.build.affine(arg) for arg in args]
            case Prim("min", args) if not low:
                found += [self.build.affine(arg) for arg in args]
            case Prim("max", args) if not low:
                found += self.common(args, low)
            case Prim("min", args) if low:
                found += self.common(args, low)
            case Prim("mod", (_, Const(value))) if value > 0:
                found.append(({}, 0) if low else ({}, value - 1))
            case Prim("floordiv", (top, Const(value))) if value > 0 and low and self.at_least(top, 0):
                found.append(({}, 0))
            case Prim("floordiv", (top, Var() as bottom)) if low and self.at_least(bottom, 1) and self.at_least(top, 0):
                found.append(({}, 0))
            case Prim("select", (_, a, b)):
                found += self.common((a, b), low)
            case Prim("mul", (a, b)) if low and self.at_least(a, 0) and self.at_least(b, 0):
                found.append(({}, 0))
            case Prim("cast", (only,)) if low and only.type.code == "b1":
                found.append(({}, 0))
        return found

    def common(self, args, low: bool) -> list[Affine]:
        """A limit that holds for every one of `args`: zero from below, when each is proven."""
        if low and all(self.at_least(arg, 0) for arg in args):
            return [({}, 0)]
        return []
