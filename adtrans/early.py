"""Elements that a loop reads again and again are put on their tapes before it, once.

    for row in range(m):                    if 0 < m:
        for b in range(n):                      for b in range(n):
            t = centred[b]          ->              tape[b] = centred[b]
            tape[b] = t                     for row in range(m):
            s[row] += t * t                     for b in range(n):
                                                    t = centred[b]
                                                    s[row] += t * t

It takes elements that are read in every iteration, at places that are known before the loop and that no check within
it is about. The plan has found that they stay what they are while the loop runs: its tape has no axis for it.
"""

from __future__ import annotations

from adtrans import ir
from adtrans.build import UNFAILING, Builder, const
from adtrans.ir import Check, Const, Dim, For, If, Let, Load, Operand, Prim, Stmt, Store, Var
from adtrans.storage import Storage, Tape


def early(storage: Storage, var: Var, plan: Tape) -> tuple[For, list[Stmt]] | None:
    """A loop, and the statements before it that keep what it reads as `var`; None where the value is kept as it is
    defined."""
    load, chain = storage.regions.definition[var], storage.regions.home[var].chain()
    idle = [at for at, region in enumerate(chain) if isinstance(region.owner, For) and region not in plan.loops
            and plan.loops[0] in region.parent.chain()]
    if not isinstance(load, Let) or not isinstance(load.expr, Load):
        return None
    for at in idle:
        within = [region.owner for region in chain[at:]]
        if all(isinstance(loop, For) and loop.leave is None and isinstance(loop.step, Const) for loop in within) and \
                not checked(storage, within[0], load.expr.index):
            made = Ahead(storage, plan, within).statements(load)
            if made is not None:
                return within[0], made
    return None


def checked(storage: Storage, loop: For, index: tuple[Operand, ...]) -> bool:
    """Whether a check in a loop compares one of these indices with anything."""
    places = [storage.affine(item) for item in index]

    def about(operand: Operand) -> bool:
        if operand.type == ir.INT:
            return storage.affine(operand) in places
        definition = storage.definition(operand)
        return isinstance(definition, Prim) and any(map(about, definition.args))

    return any(about(item.test) for item in ir.walk(loop.body) if isinstance(item, Check))


class Ahead:
    """The statements in the making. `known` maps counters of the loops that stay to those of the new ones."""

    def __init__(self, storage: Storage, plan: Tape, within: list[For]):
        self.storage, self.plan, self.within = storage, plan, within
        self.kept = {id(region.owner) for region in plan.loops}
        self.own = ir.introduced((within[0],))
        self.known: dict[Var, Operand] = {}
        self.build = Builder(relaxed=True)

    def statements(self, load: Let) -> list[Stmt] | None:
        self.build.span = load.span
        return self.build.here.body if self.level(0, load) else None

    def level(self, depth: int, load: Let) -> bool:
        """Put the loops from `depth` on around the store; whether all they need is known before."""
        if depth == len(self.within):
            return self.store(load)
        loop, build = self.within[depth], self.build
        start, stop = self.again(loop.start), self.again(loop.stop)
        if start is None or stop is None:
            return False
        with build.block() as block:
            if id(loop) in self.kept:
                made = self.known[loop.counter] = Var(ir.INT, loop.counter.name, lane=loop.counter.lane)
            done = self.level(depth + 1, load)
        if id(loop) in self.kept:
            build.emit(For(made, start, stop, loop.step, (), tuple(block.body), None, load.span))
        else:
            runs = build.prim("lt", *((start, stop) if loop.step.value > 0 else (stop, start)))
            build.emit(If(runs, tuple(block.body), (), (), load.span))
        return done

    def store(self, load: Let) -> bool:
        build, index = self.build, [self.again(item) for item in load.expr.index]
        numbers = [self.number(region.owner) for region in self.plan.loops]
        if None in index or None in numbers or load.expr.array in self.own:
            return False
        build.emit(Store(self.plan.array, tuple(numbers), build.load(load.expr.array, tuple(index)), load.span))
        return True

    def number(self, loop: For) -> Operand | None:
        """The number of the current iteration of a loop."""
        counter, start = self.again(loop.counter), self.again(loop.start)
        if counter is None or start is None:
            return None
        number = self.build.prim("sub", counter, start)
        return number if loop.step == const(1) else self.build.prim("floordiv", number, loop.step)

    def again(self, operand: Operand) -> Operand | None:
        """A value of the loops as it is before them; None where it is not known."""
        if not isinstance(operand, Var) or operand not in self.own:
            return operand
        if operand in self.known:
            return self.known[operand]
        match self.storage.definition(operand):
            case Prim(op, args) if op in UNFAILING and operand.type == ir.INT:
                found = [self.again(arg) for arg in args]
                return None if None in found else self.build.prim(op, *found)
            case Dim(array, axis) if array not in self.own:
                return self.build.dim(array, axis)
        return None
