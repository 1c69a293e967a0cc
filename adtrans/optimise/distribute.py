"""One loop made two, one after the other, and the checks of a loop made before all else that it does.

    for i in range(n):                            for i in range(n):
        if i >= m:                                    if i >= m:
            raise IndexError                              raise IndexError
        for j in range(i):              ->        for i in range(n):
            c[i, j] *= beta                           for j in range(i):
        for k in range(m):                                c[i, j] *= beta
            ...                                   for i in range(n):
                                                      for k in range(m):
                                                          ...

Loops part where no iteration of the second hands anything to a later one of the first.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.analysis.alias import Classes
from adtrans.analysis.dependence import Case, Dependence, place_of
from adtrans.analysis.ranges import Ranges
from adtrans.build import ONE, Builder
from adtrans.ir import (
    Accumulate,
    Check,
    Const,
    Dim,
    For,
    Let,
    Load,
    Operand,
    Prim,
    Program,
    Stmt,
    Store,
    Var,
)
from adtrans.optimise.nests import Unfit
from adtrans.splice import spliced

Body = tuple[Stmt, ...]


def checks_ahead(loop: For, ranges: Ranges) -> tuple[Body, For]:
    """The loop over the checks alone, if there are any, and the loop without them."""
    if not any(isinstance(item, Check) for item in ir.walk(loop.body)):
        return (), loop
    return anew(only_checks(loop, set(), ranges)), replace(loop, body=unchecked(loop.body))


def only_checks(loop: For, missing: set[Var], ranges: Ranges) -> Body:
    """The checks of a loop and the integers that they are about, which must not come from memory or earlier
    iterations: those are `missing`."""
    missing |= {carry.inside for carry in loop.carries}
    if not any(isinstance(item, (For, ir.If)) for item in loop.body):
        return at_the_end(loop, missing, ranges)
    kept: list[Stmt] = []
    for item in loop.body:
        operands = {operand for operand in ir.operands(item) if isinstance(operand, Var)}
        match item:
            case For() if any(isinstance(inner, Check) for inner in ir.walk(item.body)):
                if missing & {item.start, item.stop, item.step}:
                    raise Unfit
                kept += only_checks(item, missing, ranges)
            case Check():
                if missing & operands:
                    raise Unfit
                kept.append(item)
            case Let(var, Prim() | Dim()) if var.type in (ir.INT, ir.BOOL) and not missing & operands:
                kept.append(item)
                continue
        if isinstance(item, ir.If) and any(isinstance(inner, Check) for inner in ir.walk((item,))):
            raise Unfit
        missing |= set(ir.defined(item))
    return (replace(loop, carries=(), body=tuple(kept)),)


def at_the_end(loop: For, missing: set[Var], ranges: Ranges) -> Body:
    """The checks of an innermost loop, each made once: where it fails if it fails anywhere.

    Of several that may fail in different iterations the error must be the same.
    """
    checks = [item for item in loop.body if isinstance(item, Check)]
    if not isinstance(loop.step, Const) or len({(item.error, item.message if item.error != "IndexError" else "")
                                                for item in checks}) > 1:
        raise Unfit
    build = Builder()
    build.definitions = dict(ranges.build.definitions)
    with build.block() as outer:
        ends = Ends(loop, build, missing, {item.var: item.expr for item in loop.body if isinstance(item, Let)})
        proper = build.prim("lt" if loop.step.value > 0 else "gt", loop.start, loop.stop)
        with build.block() as inner:
            for item in checks:
                build.span = item.span
                ends.check(item)
        build.emit(ir.If(proper, tuple(inner.body), (), (), loop.span))
    return tuple(outer.body)


class Ends:
    """Checks of a loop at its first or its last iteration."""

    def __init__(self, loop: For, build: Builder, missing: set[Var], made: dict):
        self.loop, self.build, self.missing, self.made = loop, build, missing, made
        self.rises = loop.step.value > 0
        if abs(loop.step.value) != 1:
            raise Unfit
        self.last = build.prim("sub" if self.rises else "add", loop.stop, ONE)

    def check(self, item: Check) -> None:
        """Make a check in the iteration in which it fails if it fails in any."""
        test = self.made.get(item.test)
        grows = 0
        if isinstance(test, Prim) and test.op in ("lt", "le", "gt", "ge"):
            left, right = (self.build.affine(arg)[0].get(self.loop.counter, 0) for arg in test.args)
            grows = (left - right) * (1 if test.op in ("lt", "le") else -1)
            self.require_affine(test.args)
        elif self.varies(item.test):
            raise Unfit
        place = self.last if grows * (1 if self.rises else -1) > 0 else self.loop.start
        values = tuple(self.shown(test, value, place) for value in item.values)
        self.build.emit(replace(item, test=self.at(item.test, place), values=values))

    def shown(self, test, value: Operand, place: Operand) -> Operand:
        """What is told of a value: of an index, the first that is out of bounds."""
        if isinstance(test, Prim) and test.op == "lt" and value is test.args[0] and \
                self.build.affine(value)[0].get(self.loop.counter) == 1:
            first = self.at(value, self.loop.start)
            return self.build.prim("max", first, self.at(test.args[1], place)) if self.rises else first
        return self.at(value, place)

    def require_affine(self, args) -> None:
        for arg in args:
            if any(var is not self.loop.counter and self.varies(var) for var in self.build.affine(arg)[0]):
                raise Unfit

    def varies(self, operand: Operand) -> bool:
        """Whether an integer may change from one iteration to the next."""
        if operand is self.loop.counter or operand in self.missing:
            return True
        match self.made.get(operand):
            case None | Dim():
                return False
            case Prim(_, args):
                return any(map(self.varies, args))
        return True

    def at(self, operand: Operand, place: Operand) -> Operand:
        """An integer as it is in the iteration with the counter at `place`."""
        if operand is self.loop.counter:
            return place
        if operand in self.missing:
            raise Unfit
        match self.made.get(operand):
            case None:
                return operand
            case Dim(array, axis):
                return self.build.dim(array, axis)
            case Prim(op, args):
                return self.build.prim(op, *(self.at(arg, place) for arg in args), type=operand.type)
        raise Unfit


def unchecked(body: Body) -> Body:
    return tuple(replace(item, body=unchecked(item.body)) if isinstance(item, For) else item
                 for item in body if not isinstance(item, Check))


def anew(body: Body) -> Body:
    """The statements with variables of their own."""
    return spliced(Program("", (), body, ()), (), None, {})[0]


def parted(loop: For, at: int, dependence: Dependence, classes: Classes) -> tuple[For, For]:
    """The loop over the first `at` statements of its body, then over the others."""
    first, second = loop.body[:at], loop.body[at:]
    if not all(any(not isinstance(item, Let) for item in part) for part in (first, second)):
        raise Unfit
    shared = shared_integers(first, second)
    require_apart(loop, first, second, dependence, classes)
    sides: tuple[list, list] = ([], [])
    for carry in loop.carries:
        sides[side_of(carry, first, second)].append(carry)
    one = replace(loop, carries=tuple(sides[0]), body=first)
    counter = Var(loop.counter.type, loop.counter.name, loop.counter.user, loop.counter.apart)
    repeated = replace(loop, carries=tuple(sides[1]), body=(*shared, *second))
    inner = ir.introduced(shared)
    names = {var: Var(var.type, var.name, var.user) for var in inner}
    program = Program("", (loop.counter,), repeated.body, tuple(carry.next for carry in repeated.carries))
    kept = {var: var for var in ir.introduced(second)}
    body, nexts = spliced(program, (counter,), loop.span, {**kept, **names})
    carries = tuple(replace(carry, next=made) for carry, made in zip(repeated.carries, nexts))
    return one, replace(repeated, counter=counter, carries=carries, body=body)


def shared_integers(first: Body, second: Body) -> Body:
    """The integers that both parts need, which are computed twice."""
    made = {var: item for item in first for var in ir.defined(item)}
    needed: set[Var] = set()
    pending = [operand for item in ir.walk(second) for operand in (*ir.operands(item), *ir.inner_operands(item))]
    while pending:
        operand = pending.pop()
        if operand in made and operand not in needed:
            item = made[operand]
            if not isinstance(item, Let) or not isinstance(item.expr, (Prim, Dim)) or \
                    operand.type not in (ir.INT, ir.BOOL):
                raise Unfit
            needed.add(operand)
            pending += ir.operands(item)
    return tuple(item for item in first if isinstance(item, Let) and item.var in needed)


def side_of(carry: ir.Carry, first: Body, second: Body) -> int:
    """The part of a loop's body that a carried value belongs to."""
    sides = set()
    for side, body in enumerate((first, second)):
        for item in ir.walk(body):
            if carry.inside in (*ir.operands(item), *ir.inner_operands(item)) or carry.next in ir.defined(item):
                sides.add(side)
    if len(sides) > 1:
        raise Unfit
    return sides.pop() if sides else 0


def require_apart(loop: For, first: Body, second: Body, dependence: Dependence, classes: Classes) -> None:
    """Nothing that the second part does is seen by the first one in a later iteration."""
    case = Case((), dependence.regions.body(loop))
    earlier = accesses(first)
    for late in accesses(second):
        for early in earlier:
            one, other = place_of(late), place_of(early)
            if classes[one.array] is not classes[other.array] or isinstance(one, Load) and isinstance(other, Load):
                continue
            if isinstance(one, Accumulate) and isinstance(other, Accumulate):
                continue
            if one.array is not other.array \
                    or not all(map(dependence.ranges.not_negative, (*one.index, *other.index))) \
                    or not dependence.apart(one.index, other.index, case):
                raise Unfit


def accesses(body: Body) -> list:
    return [item for item in ir.walk(body) if isinstance(item, (Store, Accumulate))
            or isinstance(item, Let) and isinstance(item.expr, Load)]


__all__ = ["checks_ahead", "parted"]
