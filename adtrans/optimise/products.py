"""Loops over three counters that add up products become products of matrices.

    for i in range(n):                            sums = ...    the triangle of np.dot(a, b), see `panels`
        for j in range(m):                        for i in range(n):
            total = 0.0                    ->         for j in range(m):
            for k in range(i):                            c[i, j] = sums[i, j]
                total += a[i, k] * b[k, j]
            c[i, j] = total

What is summed up in an innermost loop over elements that stay as they are until it reads them is computed before the
loops. What is added to elements that nothing in the loops reads, from elements that stay as they are and from numbers
of the loop around, which are put down, is added after the loops:

    for i in range(n):                            for i in range(n):
        for k in range(m):                            for k in range(m):
            t = alpha * a[i, k]            ->             factors[i, k] = alpha * a[i, k]
            for j in range(i + 1):                c += the triangle of np.dot(factors, a.T)
                c[i, j] += t * a[j, k]

It takes loops at function level in whose two outer loops an array with these two axes is used, so that the new array is
not larger than what there is. Additions come in another order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.analysis.dependence import Dependence, place_of
from adtrans.analysis.ranges import Ranges
from adtrans.analysis.regions import Regions
from adtrans.build import ZERO, Builder, zero
from adtrans.ir import (
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
from adtrans.optimise.distribute import checks_ahead, parted
from adtrans.optimise.nests import Frame, Innermost, Matrix, Sum, Term, Unfit, chains
from adtrans.optimise.panels import Panels
from adtrans.optimise.simplify import substitute

Chain = tuple[For, For, For]
# Loops of fewer iterations, where these are known, stay as they are.
SHORT = 8


def products(program: Program) -> Program:
    """The program with products of matrices in place of loops."""
    at = 0
    while at < len(program.body):
        loop = program.body[at]
        if isinstance(loop, For) and loop.leave is None and chains(loop):
            made = multiplied(program, at)
            if made is not None:
                program, at = made, at + len(made.body) - len(program.body)
        at += 1
    return program


def loops_of_products(program: Program) -> set[int]:
    """The loops, by identity, within one and around another one that products take the place of."""
    found: set[int] = set()
    for at, loop in enumerate(program.body):
        if isinstance(loop, For) and chains(loop):
            nest = Nest(program, loop)
            own = {id(chain[1]) for chain in chains(loop) if nest.fits(chain)}
            if not own and multiplied(program, at) is not None:
                own = {id(chain[1]) for chain in chains(loop)}
            found |= own
    return found


def multiplied(program: Program, at: int) -> Program | None:
    """The program with products in place of what the loop at a place does, wholly or in part; None where there are
    none."""
    loop = program.body[at]
    try:
        require_plain(loop)
        ahead, bare = checks_ahead(loop, Ranges(program))
        before, after = program.body[:at], program.body[at + 1:]
        found = in_place(replace(program, body=(*before, *ahead, bare, *after)), bare)
    except Unfit:
        return None
    return replace(program, body=(*before, *ahead, *found, *after)) if found is not None else None


def short(loop: For) -> bool:
    """Whether it is known that a loop runs a few times only: no matrix product is as fast as such loops unrolled."""
    match loop:
        case For(_, Const(start), Const(stop)):
            return abs(stop - start) < SHORT
    return False


def require_plain(loop: For) -> None:
    """Loops do nothing but compute, and carry numbers."""
    for item in ir.walk((loop,)):
        match item:
            case For(leave=leave, carries=carries):
                if leave is not None or any(isinstance(carry.inside.type, Array) for carry in carries):
                    raise Unfit
            case If(merges=merges):
                if any(isinstance(merge.after.type, Array) for merge in merges):
                    raise Unfit
            case Let(expr=ir.Pop()):
                raise Unfit
            case Let() | Store() | Accumulate() | Alloc() | Check():
                pass
            case _:
                raise Unfit


def in_place(program: Program, loop: For) -> tuple[Stmt, ...] | None:
    """The statements in place of a loop of the program: as it is or, if that does not go, parted."""
    nest = Nest(program, loop)
    made = nest.made()
    if made is not None:
        return made
    places = [k for k, item in enumerate(loop.body) if any(chain[1] is item for chain in chains(loop))]
    for at in dict.fromkeys(edge for k in places for edge in (k, k + 1) if 0 < edge < len(loop.body)):
        try:
            halves = parted(loop, at, nest.dependence, nest.classes)
        except Unfit:
            continue
        position = next(k for k, item in enumerate(program.body) if item is loop)
        body = (*program.body[:position], *halves, *program.body[position + 1:])
        split = replace(program, body=body)
        found = [in_place(split, half) if chains(half) else None for half in halves]
        if any(found):
            return tuple(item for half, made in zip(halves, found) for item in (made or (half,)))
    return None


@dataclass
class Found:
    """One product: where it goes, its factors, the numbers that are put down for it or multiply it, and where these are
    read if it is in the innermost loop."""

    chain: Chain
    frame: Frame
    sum: Sum
    term: Term
    target: Matrix | None
    factors: tuple[Matrix, ...]
    fixed: tuple[Let, ...]


class Nest:
    """One loop of a program, and the products in it."""

    def __init__(self, program: Program, loop: For):
        self.program, self.loop = program, loop
        self.dependence = Dependence(program, Regions(program))
        self.ranges, self.classes = self.dependence.ranges, memory_classes(program)
        self.statements = list(ir.walk(loop.body))
        self.writes = [item for item in self.statements if isinstance(item, (Store, Accumulate))]
        self.build = Builder()
        self.build.definitions = dict(self.ranges.build.definitions)
        self.build.span = loop.span
        self.sums: dict[tuple, Var] = {}
        self.factors: dict[tuple, Var] = {}
        self.later: list[tuple[Found, Var]] = []

    def made(self) -> tuple[Stmt, ...] | None:
        """The statements in place of the loop; None where nothing fits."""
        replaced: dict[int, list[Found]] = {}
        for chain in chains(self.loop):
            try:
                replaced[id(chain[2])] = self.found(chain)
            except Unfit:
                continue
        if not replaced:
            return None
        try:
            body = self.rewritten(self.loop.body, replaced)
            self.build.emit(replace(self.loop, body=body))
            for found, factors in self.later:
                own = Matrix(factors, found.frame.own_place(0), found.frame.own_place(1))
                Panels(found.frame, self.build).product(found.target, own, found.factors[0])
        except Unfit:
            return None
        return tuple(self.build.here.body)

    # --- finding

    def fits(self, chain: Chain) -> bool:
        """Whether products take the place of an innermost loop."""
        try:
            require_plain(self.loop)
            return bool(self.found(chain))
        except Unfit:
            return False

    def found(self, chain: Chain) -> list[Found]:
        """All that an innermost loop does, as products."""
        if any(map(short, chain)):
            raise Unfit
        innermost = Innermost(chain[2], self.classes)
        frame = Frame(chain, self.ranges)
        if not all(map(self.ranges.not_negative, frame.counters[:2])) or not self.has_room(frame):
            raise Unfit
        made = [self.product(chain, frame, innermost, each, term)
                for each in innermost.sums() for term in each.terms]
        if not made:
            raise Unfit
        return made

    def has_room(self, frame: Frame) -> bool:
        """Whether the loops use an array that has the two outer counters for axes."""
        for item in self.statements:
            access = place_of(item) if isinstance(item, (Store, Accumulate)) or \
                isinstance(item, Let) and isinstance(item.expr, Load) else None
            if access is None or access.array in frame.inside:
                continue
            forms = [self.ranges.build.affine(index)[0] for index in access.index]
            own = [{number for number in range(2) if frame.counters[number] in form} for form in forms]
            if {0} in own and any(1 in axes for axes in own):
                return True
        return False

    def product(self, chain: Chain, frame: Frame, innermost: Innermost, each: Sum, term: Term) -> Found:
        loads = {id(load): next(item for item in chain[2].body if isinstance(item, Let) and item.expr is load)
                 for load in term.loads}
        factors = tuple(frame.matrix(load.array, load.index) for load in term.loads)
        kinds = {matrix.array.type.dtype for matrix in factors}
        kinds |= {operand.type.code for operand in term.outer}
        if isinstance(each.target, Carry):
            kinds.add(each.target.inside.type.code)
        else:
            kinds.add(each.target.array.type.dtype)
        if len(kinds) > 1 or not kinds <= {"f4", "f8"}:
            raise Unfit
        fixed = tuple(innermost.fixed[operand] for operand in term.outer if operand in innermost.fixed)
        if fixed and isinstance(each.target, Carry):
            raise Unfit
        match factors:
            case (left, right):
                if {frozenset(left.axes), frozenset(right.axes)} != {frozenset((0, 2)), frozenset((1, 2))} \
                        or not all(map(self.as_before, loads.values())) or not self.stays_put(each, innermost):
                    raise Unfit
                return Found(chain, frame, each, term, None, factors, fixed)
            case (only,) if not isinstance(each.target, Carry):
                target = frame.matrix(each.target.array, each.target.index)
                if {frozenset(target.axes), frozenset(only.axes)} != {frozenset((0, 2)), frozenset((1, 2))} \
                        or not any(operand in frame.inside for operand in term.outer) \
                        or any(self.is_changed_after(load) for load in loads.values()) \
                        or not self.only_added_to(target.array):
                    raise Unfit
                return Found(chain, frame, each, term, target, factors, fixed)
        raise Unfit

    def stays_put(self, each: Sum, innermost: Innermost) -> bool:
        """Whether the innermost loop adds to one thing only."""
        return isinstance(each.target, Carry) or not any(
            operand in innermost.definitions or operand is innermost.loop.counter for operand in each.target.index)

    def of_memory(self, array: Var) -> list[Store | Accumulate]:
        return [write for write in self.writes if self.classes[write.array] is self.classes[array]]

    def as_before(self, load: Let) -> bool:
        """Whether an element is read before the loops change it."""
        return all(self.dependence.spares(write, load) for write in self.of_memory(place_of(load).array))

    def is_changed_after(self, load: Let) -> bool:
        """Whether the loops change an element after it has been read."""
        return any(self.dependence.overwrites(write, load, 0) for write in self.of_memory(place_of(load).array))

    def only_added_to(self, array: Var) -> bool:
        """Whether the loops do nothing to the memory of an array but add to it."""
        old = set()
        for write in self.of_memory(array):
            if isinstance(write, Store):
                before = [item for item in self.statements if isinstance(item, Let)
                          and item.expr == Load(write.array, write.index)]
                if len(before) != 1 or not self.is_sum(write, before[0].var):
                    return False
                old.add(before[0].var)
        return all(not (isinstance(item, Let) and isinstance(item.expr, Load)
                        and self.classes[item.expr.array] is self.classes[array]) or item.var in old
                   for item in self.statements)

    def is_sum(self, store: Store, old: Var) -> bool:
        """Whether a store adds something to the old value, which is used for nothing else."""
        made = {item.var: item.expr for item in self.statements if isinstance(item, Let)}
        uses: dict[Operand, int] = {}
        for item in self.statements:
            for operand in (*ir.operands(item), *ir.inner_operands(item)):
                uses[operand] = uses.get(operand, 0) + 1
        value = store.value
        while value is not old:
            match made.get(value):
                case Prim("add", (left, right)) if uses[value] == 1:
                    value = left if self.leads_to(left, old, made) else right
                case Prim("sub", (left, _)) if uses[value] == 1:
                    value = left
                case _:
                    return False
        return uses[old] == 1

    def leads_to(self, operand: Operand, old: Var, made: dict) -> bool:
        match made.get(operand):
            case Prim("add" | "sub", (left, right)):
                return self.leads_to(left, old, made) or self.leads_to(right, old, made)
        return operand is old

    # --- writing

    def rewritten(self, body: tuple[Stmt, ...], replaced: dict[int, list[Found]]) -> tuple[Stmt, ...]:
        """The statements with innermost loops replaced; what goes before the loops is written."""
        made: list[Stmt] = []
        for item in body:
            if id(item) in replaced:
                made += self.instead(item, replaced[id(item)])
            elif isinstance(item, For):
                made.append(replace(item, body=self.rewritten(item.body, replaced)))
            else:
                made.append(item)
        return tuple(made)

    def instead(self, loop: For, found: list[Found]) -> list[Stmt]:
        """What an innermost loop becomes."""
        build = Builder()
        build.definitions, build.span = dict(self.build.definitions), loop.span
        frame = found[0].frame
        low, high = (loop.start, loop.stop) if loop.step.value > 0 else (loop.stop, loop.start)
        with build.block() as body:
            index = frame.counters[0], frame.counters[1] if not frame.axes[1].shifted else \
                build.prim("add", frame.counters[1], frame.counters[0])
            proper = build.prim("lt", low, high)
            totals = {id(carry): carry.init for carry in loop.carries}
            for each in found:
                if each.target is not None:
                    self.put_down(build, each, proper, index)
                    continue
                value = build.load(self.computed(each), index)
                if not isinstance(each.sum.target, Carry):
                    self.add_to(build, each, proper, value)
                    continue
                value = signed(build, each.term, value)
                if each.term.outer:
                    value = build.prim("select", proper, value, zero(value.type))
                old = totals[id(each.sum.target)]
                totals[id(each.sum.target)] = value if old == zero(value.type) else build.prim("add", old, value)
        return defining({carry.after: totals[id(carry)] for carry in loop.carries}, body.body, loop.span)

    def put_down(self, build: Builder, each: Found, proper: Operand, index: tuple[Operand, ...]) -> None:
        """Keep the numbers that a product after the loops is to be made with."""
        key = id(each.chain[2]), tuple(each.term.outer), each.term.negative
        if key not in self.factors:
            dtype = each.target.array.type.dtype
            self.factors[key] = self.array(each.frame, dtype, "empty", "factors")
            with build.block() as block:
                term = read_anew(build, each)
                build.store(self.factors[key], index, signed(build, term, None))
            if each.fixed:
                build.emit(If(proper, tuple(block.body), (), (), build.span))
            else:
                build.here.body += block.body
        self.later.append((each, self.factors[key]))

    def add_to(self, build: Builder, each: Found, proper: Operand, value: Operand) -> None:
        """Add a sum to an element, unless it is over nothing."""
        with build.block() as block:
            term = read_anew(build, each)
            build.accumulate(each.sum.target.array, each.sum.target.index, signed(build, term, value))
        build.emit(If(proper, tuple(block.body), (), (), build.span))

    def computed(self, each: Found) -> Var:
        """The sums over the innermost loop, before the loops."""
        key = id(each.chain[2]), frozenset((load.array, load.index) for load in each.term.loads)
        if key not in self.sums:
            frame = each.frame
            sums = self.sums[key] = self.array(frame, each.factors[0].array.type.dtype, "zeros", "sums")
            target = Matrix(sums, frame.own_place(0), frame.own_place(1))
            Panels(frame, self.build).product(target, *each.factors)
        return self.sums[key]

    def array(self, frame: Frame, dtype: str, fill: str, name: str) -> Var:
        """A new array with a place for each iteration of the two outer loops."""
        panels = Panels(frame, self.build)
        extents = [panels.span(0)[1]]
        if frame.follower == 1:
            extents.append(panels.ends(*panels.span(0), False)[1])
        else:
            extents.append(panels.span(1)[1])
        return self.build.alloc(dtype, tuple(self.build.prim("max", extent, ZERO) for extent in extents), fill, name)


def defining(names: dict[Var, Operand], body: list[Stmt], span) -> list[Stmt]:
    """The statements with some of their values under other names."""
    own = {item.var for item in body if isinstance(item, Let)}
    called: dict[Operand, Var] = {}
    rest: list[Stmt] = []
    for name, value in names.items():
        if value in own and value not in called:
            called[value] = name
        else:
            rest.append(Let(name, Prim("cast", (value,)), span))
    made = [substitute(item, lambda operand: called.get(operand, operand)) for item in (*body, *rest)]
    return [replace(item, var=called.get(item.var, item.var)) if isinstance(item, Let) else item for item in made]


def read_anew(build: Builder, each: Found) -> Term:
    """The term of a product with what it takes from the innermost loop read here."""
    names = {item.var: build.load(item.expr.array, item.expr.index) for item in each.fixed}
    return replace(each.term, outer=[names.get(operand, operand) for operand in each.term.outer])


def signed(build: Builder, term: Term, value: Operand | None) -> Operand:
    """The numbers of a term times a value."""
    for operand in term.outer:
        value = operand if value is None else build.prim("mul", operand, value)
    return build.prim("neg", value) if term.negative else value


__all__ = ["products"]
