"""Whether a write may change an element after it has been read or written.

    for i in range(n):
        for j in range(i):
            a[i, j] = a[i, j] / a[j, j]         a[j, j] is not written any more, a[i, j] not again

An access and a later write of the same memory are compared for every way in which the write can come later: in the
same iterations of all the loops around both, further down in the text, or in a later iteration of one of these loops.
In each case the write misses the element if on some axis the difference of the two indices is proven not to be zero
(the dependence test of U. Banerjee, "Dependence Analysis for Supercompiling", 1988, with symbolic limits).
"""

from __future__ import annotations

from dataclasses import dataclass

from adtrans.analysis.ranges import Ranges
from adtrans.analysis.regions import Region, Regions
from adtrans.ir import Accumulate, Const, For, Let, Load, Operand, Program, Stmt, Store, Var

# A variable as it is at the access (False) or at the later write (True), where these differ.
Term = tuple[Var, bool]
Form = tuple[dict[Term, int], int]
DEPTH = 5


@dataclass(frozen=True)
class Case:
    """A way to come later: the iterations of the loops `same` are the same, that of `moved` is a later one, its counter
    `ahead` at least by so much."""

    same: tuple[Region, ...]
    moved: Region | None
    ahead: int = 1


class Dependence:
    """Proofs about the accesses of one program."""

    def __init__(self, program: Program, regions: Regions):
        self.regions = regions
        self.ranges = Ranges(program)
        self.loops: dict[Var, tuple[Region, ...]] = {}

    def overwrites(self, write: Store | Accumulate, access: Let | Store, within: int) -> bool:
        """Whether `write` may change the element of `access` after it.

        In different iterations of the outermost `within` loops the memory is another one.
        """
        cases = self.cases(access, write, within)
        if not cases:
            return cases is None
        place = place_of(access)
        if place.array is not write.array or not all(map(self.ranges.not_negative, (*place.index, *write.index))):
            return True
        return not all(self.apart(place.index, write.index, case) for case in cases)

    def spares(self, write: Store | Accumulate, access: Let) -> bool:
        """Whether `write`, where it comes before `access`, is proven to leave the element as it was."""
        cases, place = self.cases(write, access, 0), place_of(access)
        if not cases:
            return cases is not None
        return place.array is write.array and all(map(self.ranges.not_negative, (*place.index, *write.index))) \
            and all(self.apart(write.index, place.index, case) for case in cases)

    def cases(self, first: Stmt, second: Stmt, within: int) -> list[Case] | None:
        """The ways in which the second statement may run after the first one; None if they are not told apart."""
        here, there = self.regions.at[id(first)].loops, self.regions.at[id(second)].loops
        shared = []
        for one, other in zip(here, there):
            if one.owner is not other.owner:
                break
            shared.append(one)
        if len(shared) < within:
            return None
        found = [Case(tuple(shared[:depth]), shared[depth]) for depth in range(within, len(shared))]
        if self.regions.order[id(second)] > self.regions.order[id(first)]:
            found.append(Case(tuple(shared), None))
        return found

    def apart(self, first: tuple[Operand, ...], second: tuple[Operand, ...], case: Case) -> bool:
        """Whether on some axis the first index is greater or smaller than the second."""
        for one, other in zip(first, second):
            left, right = self.form(one, False, case), self.form(other, True, case)
            for sign in (1, -1):
                if self.not_negative(plus(scaled(left, sign), scaled(right, -sign), -1), case, DEPTH):
                    return True
        return False

    # --- affine forms

    def form(self, operand: Operand, later: bool, case: Case) -> Form:
        return self.placed(self.ranges.build.affine(operand), later, case)

    def placed(self, affine: tuple[dict[Var, int], int], later: bool, case: Case) -> Form:
        """An affine form, its variables those of the access or of the write."""
        return {(var, later and not self.shared(var, case)): factor for var, factor in affine[0].items()}, affine[1]

    def shared(self, var: Var, case: Case) -> bool:
        """Whether a variable has the same value at the access and at the write."""
        if var not in self.loops:
            self.loops[var] = self.regions.home[var].loops
        loops = self.loops[var]
        return len(loops) <= len(case.same) and all(a.owner is b.owner for a, b in zip(loops, case.same))

    def not_negative(self, form: Form, case: Case, depth: int) -> bool:
        """Whether a form is proven >= 0, by putting extreme values for its variables."""
        terms, constant = form
        if not terms:
            return constant >= 0
        if depth == 0:
            return False
        for term, factor in terms.items():
            rest = {other: value for other, value in terms.items() if other != term}, constant
            for limit in self.limits(term, factor > 0, case):
                if self.not_negative(plus(rest, scaled(limit, factor), 0), case, depth - 1):
                    return True
        return False

    def limits(self, term: Term, low: bool, case: Case) -> list[Form]:
        """Lower (or upper) limits of a variable."""
        var, later = term
        found = [self.placed(limit, later, case) for limit in self.ranges.bounds.limits(var, low)]
        loop = case.moved.owner if case.moved is not None else None
        if isinstance(loop, For) and var is loop.counter and isinstance(loop.step, Const):
            ahead = loop.step.value > 0
            if later == (low == ahead):
                found.insert(0, ({(var, not later): 1}, case.ahead if low else -case.ahead))
        return found


def place_of(access: Let | Store) -> Load | Store:
    return access.expr if isinstance(access, Let) else access


def scaled(form: Form, factor: int) -> Form:
    return {term: factor * value for term, value in form[0].items()}, factor * form[1]


def plus(left: Form, right: Form, constant: int) -> Form:
    """The sum of two forms and a constant."""
    terms = dict(left[0])
    for term, value in right[0].items():
        terms[term] = terms.get(term, 0) + value
    return {term: value for term, value in terms.items() if value}, left[1] + right[1] + constant
