"""The reverse sweep: the statements of a program backwards, each loop mirrored by a loop that counts down.

`bars` maps a scalar to the adjoint collected for it so far; every active array has a shadow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from adtrans import ir
from adtrans.analysis.activity import Activity, differentiable_places
from adtrans.analysis.regions import Region, Regions
from adtrans.build import Builder, const, over_elements, zero
from adtrans.ir import (
    INT,
    Accumulate,
    Alloc,
    Array,
    Carry,
    Const,
    Dim,
    For,
    If,
    Let,
    Load,
    Merge,
    Operand,
    Pop,
    Prim,
    Program,
    Reshape,
    Slice,
    Stmt,
    Store,
    Var,
    View,
    While,
)
from adtrans.local import Local
from adtrans.matrices import product
from adtrans.rules import rule_of
from adtrans.rules.linalg import adjoint_of, read_by
from adtrans.rules.rule import emit as emit_partial
from adtrans.rules.rule import integer_slope
from adtrans.rules.rule import product as times_partial
from adtrans.splice import spliced
from adtrans.storage import Again, Counter, Export, Here, Stack, Storage, Tape

Seeds = Sequence[tuple[Operand, Operand]]


@dataclass
class Mirror:
    """An open region of the reverse sweep: where to emit, and what it has at hand already."""

    depth: int
    known: dict[Var, Operand] = field(default_factory=dict)
    shadows: dict[Var, Var] = field(default_factory=dict)
    iteration: Operand | None = None


def bar_name(var: Var) -> str:
    return f"{var.name or 't'}_bar"


class Reverse:
    """The reverse sweep of one program."""

    def __init__(self, program: Program, activity: Activity, regions: Regions, shadows: dict[Var, Var],
                 local: dict[int, Local], wanted: frozenset[Var] = frozenset(),
                 again: dict[int, Callable[[Reverse], None]] | None = None):
        """`local` loops are reversed already, loops of `again` by a function of their own."""
        self.program, self.activity, self.regions, self.local = program, activity, regions, local
        self.again_in_parts = again or {}
        self.storage = Storage(program, regions, activity.classes, kept=self.needs_result, placed=self.needs_place,
                               wanted=wanted)
        self.build = Builder(relaxed=True)
        self.bars: dict[Var, Operand] = {}
        self.mirrors: dict[Region, Mirror] = {regions.root: Mirror(0, {}, dict(shadows))}
        self.shared = shared_classes(program, activity) | {
            activity.classes[var] for each in local.values() for var in ir.free_variables(each.loop)
            if isinstance(var.type, Array) and activity.memory_active(var)}
        self.companions: dict[Var, Var] = {}
        self.untouched: set[Var] = set()
        self.reversed: set[Var] = set()
        self.plans = [self.storage]
        self.make_companions(shadows)

    def make_companions(self, shadows: dict[Var, Var]) -> None:
        """References that are carried or merged take their shadows along through the forward sweep."""
        for var in [*self.program.params, *every_array(self.program)]:
            if self.activity.classes[var] in self.shared and var not in self.companions:
                known = shadows.get(var)
                companion = known or Var(replace(var.type, layout=var.type.layout), bar_name(var))
                self.companions[var] = companion
                if known is None:
                    self.regions.home[companion] = self.regions.home[var]
                    self.regions.definition[companion] = self.regions.definition.get(var)
        self.storage.companions = self.companions

    # --- values of the forward sweep

    def needs_result(self, var: Operand) -> bool:
        """Whether the derivative of the operation that makes a value is written with the value."""
        expr = self.storage.definition(var)
        rule = rule_of(expr.op) if isinstance(expr, Prim) and self.activity.is_active(var) else None
        return rule is not None and any(rule.result in rule.needs(name) for name, arg in zip(rule.args, expr.args)
                                        if name in rule.partials and self.activity.is_active(arg))

    def needs_place(self, var: Var) -> bool:
        """Whether something will be added to the adjoint of the element that a value was read from."""
        expr = self.storage.definition(var)
        return isinstance(expr, Load) and self.activity.is_active(var) and self.activity.memory_active(expr.array)

    @contextmanager
    def within(self, mirror: Mirror):
        """Emit into an open block further out."""
        blocks = self.build.blocks
        self.build.blocks = blocks[:mirror.depth + 1]
        try:
            yield
        finally:
            self.build.blocks = blocks

    def value(self, operand: Operand) -> Operand:
        """A forward value, as the reverse sweep has it here."""
        if not isinstance(operand, Var):
            return operand
        home = self.regions.home.get(operand)
        if home is None:
            return operand
        plan = self.storage.plan(operand)
        if isinstance(plan, Here):
            return operand
        if isinstance(plan, Export):
            return plan.outer
        mirror = self.mirrors[home]
        if operand not in mirror.known:
            with self.within(mirror):
                mirror.known[operand] = self.obtain(operand, plan, home)
        return mirror.known[operand]

    def reference(self, operand: Operand) -> Operand:
        """A forward value, as here; a view made within a loop or branch is made again."""
        view = self.regions.definition.get(operand) if isinstance(operand, Var) else None
        if not isinstance(view, (View, Reshape)) or self.regions.home[operand].parent is None:
            return self.value(operand)
        mirror = self.mirrors[self.regions.home[operand]]
        if operand not in mirror.known:
            base = self.reference(view.base)
            made = mirror.known[operand] = Var(operand.type, operand.name)
            with self.within(mirror):
                if isinstance(view, View):
                    items = tuple(self.subscript(item) for item in view.subscript)
                    self.build.emit(replace(view, var=made, base=base, subscript=items))
                else:
                    shape = tuple(self.value(extent) for extent in view.shape)
                    self.build.emit(replace(view, var=made, base=base, shape=shape))
        return mirror.known[operand]

    def obtain(self, var: Var, plan, home: Region) -> Operand:
        match plan:
            case Again():
                return self.again(var)
            case Tape(array, loops, _, shift):
                *outer, last = (self.mirrors[loop].iteration for loop in loops)
                index = *outer, self.build.prim("add", last, const(shift))
                return self.build.load(self.value(array), index, var.name)
            case Stack(stack):
                popped = Var(var.type, var.name)
                self.build.emit(Let(popped, Pop(stack), self.build.span))
                return popped
        raise ir.MalformedProgram(f"no way to have {var!r} in the reverse sweep: {plan}")

    def again(self, var: Var) -> Operand:
        """Recompute a value."""
        copy = self.storage.copies.get(var)
        expr = self.storage.definition(var) if copy is None else Load(copy.array, copy.index)
        match expr:
            case Prim(op, args):
                found = self.build.prim(op, *(self.value(arg) for arg in args), type=var.type)
            case Load(array, index):
                found = self.build.load(self.value(array), tuple(self.value(i) for i in index))
            case Dim(array, axis):
                found = self.build.dim(self.value(array), axis)
            case _:
                raise ir.MalformedProgram(f"cannot recompute {var!r}")
        if isinstance(found, Var) and var.user and not found.user:
            found.name, found.user = found.name or var.name, var.user
        return found

    # --- shadows

    def shadow(self, array: Var) -> Var:
        """The array of adjoints that belongs to an array reference, here."""
        self.untouched.discard(array)
        home = self.regions.home[array]
        if array in self.companions:
            return self.value(self.companions[array])
        mirror = self.mirrors[home] if home in self.mirrors else self.mirrors[self.regions.root]
        holder = self.outer_shadow(array, mirror)
        if holder is not None:
            return holder
        definition = self.regions.definition[array]
        with self.within(mirror):
            made = self.make_shadow(array, definition)
        mirror.shadows[array] = made
        return made

    def outer_shadow(self, array: Var, mirror: Mirror) -> Var | None:
        return mirror.shadows.get(array)

    def make_shadow(self, array: Var, definition: Stmt) -> Var:
        build = self.build
        match definition:
            case Alloc(_, shape):
                return build.alloc(array.type.dtype, tuple(self.value(n) for n in shape), "zeros", bar_name(array))
            case View(_, base, subscript, order):
                made = Var(replace(array.type, layout="A"), bar_name(array))
                items = tuple(self.subscript(item) for item in subscript)
                build.emit(View(made, self.shadow(base), items, order, build.span))
                return made
            case Reshape(_, base, shape):
                made = Var(array.type, bar_name(array))
                build.emit(Reshape(made, self.shadow(base), tuple(self.value(n) for n in shape), build.span))
                return made
            case ir.Call(op="np.dot", args=(left, right)):
                shape = tuple(build.dim(self.reference(arg), axis) for axis, arg in enumerate((left, right)))
                return build.alloc(array.type.dtype, shape, "zeros", bar_name(array))
            case ir.Call():
                array_value = self.value(array)
                shape = tuple(build.dim(array_value, k) for k in range(array.type.rank))
                return build.alloc(array.type.dtype, shape, "zeros", bar_name(array))
            case ir.Strided(_, base):
                made = Var(array.type, bar_name(array))
                build.emit(replace(definition, var=made, base=self.shadow(base), span=build.span))
                return made
        raise ir.MalformedProgram(f"no shadow for {array!r}")

    def subscript(self, item):
        match item:
            case None:
                return None
            case Slice(start, stop, step):
                return Slice(*(None if part is None else self.value(part) for part in (start, stop, step)))
        return self.value(item)

    def early_shadow(self, array: Var) -> Var:
        """The shadow of an array as it is at hand in the forward sweep, of the function level."""
        self.untouched.discard(array)
        return self.companions[array]

    # --- adjoints of scalars

    def add(self, operand: Operand, contribution: Operand) -> None:
        """bar of `operand` += contribution."""
        if not self.activity.is_active(operand) or contribution == zero(contribution.type):
            return
        before = self.bars.get(operand)
        if before is None:
            self.bars[operand] = contribution
            return
        total = self.build.prim("add", before, contribution)
        if isinstance(total, Var) and total.name is None:
            total.name = bar_name(operand)
        self.bars[operand] = total

    def take(self, var: Var) -> Operand | None:
        """The adjoint collected for a variable whose definition has been reached, named after it."""
        found = self.bars.pop(var, None)
        if isinstance(found, Var) and var.user and found.name is None:
            found.name = bar_name(var)
        return found

    # --- statements

    def block(self, body: tuple[Stmt, ...]) -> None:
        for statement in reversed(body):
            self.build.span = getattr(statement, "span", None)
            self.statement(statement)

    def statement(self, statement: Stmt) -> None:
        match statement:
            case Let(var, expr):
                if self.activity.is_active(var):
                    bar = self.take(var)
                    if bar is not None:
                        self.let(var, expr, bar)
            case Store(array, index, value):
                if self.activity.memory_active(array):
                    self.store(array, index, value)
            case Accumulate(array, index, value):
                if self.activity.is_active(value) and self.activity.memory_active(array):
                    place = tuple(self.value(i) for i in index)
                    self.add(value, self.build.load(self.shadow(array), place))
            case ir.Call():
                if any(self.activity.is_active(var) for var in statement.vars):
                    self.call(statement)
            case For() if id(statement) in self.local:
                self.reversed_already(self.local[id(statement)])
            case For() if id(statement) in self.again_in_parts:
                self.again_in_parts[id(statement)](self)
            case For() | While():
                self.loop(statement)
            case If():
                self.branch(statement)

    def reversed_already(self, local: Local) -> None:
        """A loop that was reversed in place has left adjoints of scalars behind, and passes those of its sums on."""
        for carry in local.sums:
            self.add(carry.init, self.take(carry.after) or zero(carry.after.type))
        for var, bar in local.bars.items():
            self.add(var, bar)

    def call(self, statement: ir.Call) -> None:
        """The adjoint of a library routine: a program of its own, read in place of the call."""
        if statement.op == "np.dot":
            product(self, statement)
            return
        build = self.build
        if isinstance(statement, ir.Inner):
            self.reversed.add(statement.vars[0])
        bars = [self.shadow(var) if isinstance(var.type, Array) else self.take(var) or zero(var.type)
                for var in statement.vars if var.type.is_float]
        active = differentiable_places(statement, self.activity)
        adjoint = adjoint_of(statement, active)
        needed = read_by(adjoint)
        values = [self.reference(operand) if param in needed else operand
                  for operand, param in zip((*statement.args, *statement.vars), adjoint.params)]
        body, results = spliced(adjoint, (*values, *bars), build.span)
        for inner in body:
            build.emit(inner)
        own = {inner.var for inner in body if isinstance(inner, Alloc)}.union(bars)
        for k, result in zip(active, results):
            if not isinstance(result.type, Array):
                self.add(statement.args[k], result)
            elif result in own and result.type.layout == "C":
                self.contribute(statement.args[k], result)
            else:
                add_nest(build, self.shadow(statement.args[k]), result)

    def contribute(self, array: Var, made: Var) -> None:
        """Add a new array to the shadow of another; where that has had nothing yet, the new array is the shadow."""
        mirror = self.mirrors.get(self.regions.home[array])
        fresh = array in self.untouched or (
            mirror is not None and array not in mirror.shadows and array not in self.companions
            and isinstance(self.regions.definition.get(array), (Alloc, ir.Call)))
        if fresh and len(self.build.blocks) == mirror.depth + 1:
            made.name = bar_name(array)
            mirror.shadows[array] = made
            self.untouched.discard(array)
        else:
            add_nest(self.build, self.shadow(array), made)

    def let(self, var: Var, expr, bar: Operand) -> None:
        match expr:
            case Load(array, index):
                if self.activity.memory_active(array):
                    place = tuple(self.value(i) for i in index)
                    self.build.accumulate(self.shadow(array), place, bar)
            case Prim(op, args):
                self.prim(var, op, args, bar)

    def prim(self, var: Var, op: str, args: tuple[Operand, ...], bar: Operand) -> None:
        build = self.build
        match op:
            case "cast":
                if args[0].type.is_float:
                    self.add(args[0], build.cast(bar, args[0].type))
                return
            case "select":
                test = self.value(args[0])
                for arg, pair in ((args[1], (bar, zero(bar.type))), (args[2], (zero(bar.type), bar))):
                    if self.activity.is_active(arg):
                        self.add(arg, build.prim("select", test, *pair))
                return
            case "powi":
                if self.activity.is_active(args[0]):
                    self.integer_power(args, bar)
                return
        rule = rule_of(op)
        if rule is None:
            return
        for arg, name in zip(args, rule.args):
            if name in rule.partials and self.activity.is_active(arg):
                self.add(arg, self.product(bar, self.partial(rule, name, var, args)))

    def integer_power(self, args: tuple[Operand, ...], bar: Operand) -> None:
        """x ** n for an integer n."""
        slope = integer_slope(self.build, self.value(args[0]), self.value(args[1]))
        self.add(args[0], self.build.prim("mul", bar, slope))

    def partial(self, rule, name: str, var: Var, args: tuple[Operand, ...]) -> Operand:
        needed = rule.needs(name)
        names = {arg_name: self.value(arg) for arg_name, arg in zip(rule.args, args) if arg_name in needed}
        if rule.result in needed:
            names[rule.result] = self.value(var)
        return emit_partial(self.build, rule.partials[name], names, var.type)

    def product(self, bar: Operand, partial: Operand) -> Operand:
        return times_partial(self.build, bar, partial)

    def store(self, array: Var, index, value: Operand) -> None:
        place = tuple(self.value(i) for i in index)
        shadow = self.shadow(array)
        if self.activity.is_active(value):
            bar = self.build.load(shadow, place)
            self.build.store(shadow, place, zero(bar.type))
            self.add(value, bar)
        else:
            self.build.store(shadow, place, zero(shadow.type.element))

    # --- branches

    def branch(self, statement: If) -> None:
        incoming = {merge: self.take(merge.after) for merge in statement.merges
                    if self.activity.is_active(merge.after)}
        if not self.touches(statement) and not any(bar is not None for bar in incoming.values()):
            return
        test = self.value(statement.test)
        outer = dict(self.bars)
        sides, blocks = [], []
        span = self.build.span
        for part, region in enumerate((statement.then, statement.orelse)):
            self.bars = dict(outer)
            with self.build.block() as block:
                self.open(self.regions.body(statement, part))
                for merge, bar in incoming.items():
                    if bar is not None:
                        self.add((merge.then, merge.orelse)[part], bar)
                self.block(region)
                self.close(self.regions.body(statement, part))
            sides.append(self.bars)
            blocks.append(tuple(block.body))
        self.build.span = span
        self.bars, merges = join_bars(outer, sides)
        if merges or any(blocks):
            self.build.emit(If(test, blocks[0], blocks[1], tuple(merges), span))

    def touches(self, statement: Stmt) -> bool:
        """Whether anything active happens within a statement."""
        for inner in ir.walk((statement,)):
            match inner:
                case Store(array) | Accumulate(array):
                    if self.activity.memory_active(array):
                        return True
                case Let(var):
                    if self.activity.is_active(var):
                        return True
                case ir.Call(vars):
                    if any(self.activity.is_active(var) for var in vars):
                        return True
                case If(merges=merges):
                    if any(self.activity.is_active(merge.after) for merge in merges):
                        return True
                case For(carries=carries) | While(carries=carries):
                    if any(self.flows(carry) for carry in carries):
                        return True
        return False

    def flows(self, carry: Carry) -> bool:
        """Whether a derivative travels along a carry."""
        return self.activity.is_active(carry.inside) or self.activity.is_active(carry.after)

    def open(self, region: Region, iteration: Operand | None = None) -> Mirror:
        mirror = Mirror(len(self.build.blocks) - 1, iteration=iteration)
        self.mirrors[region] = mirror
        return mirror

    def close(self, region: Region) -> None:
        del self.mirrors[region]

    # --- loops

    def loop(self, statement: For | While) -> None:
        """The mirrored loop: adjoints of carried values, and of outer values used within, are carried backwards."""
        if not self.touches(statement):
            return
        carried = [carry for carry in statement.carries
                   if self.flows(carry) and not isinstance(carry.inside.type, Array)]
        ends = [self.take(carry.after) or zero(carry.after.type) for carry in carried]
        outer = self.outer_scalars(statement)
        build = self.build
        span = build.span
        inner_bars = [Var(end.type, bar_name(carry.inside)) for carry, end in zip(carried, ends)]
        sums = [Var(var.type, bar_name(var)) for var in outer]
        begins = [self.bars.get(var, zero(var.type)) for var in outer]
        header = self.header(statement)
        references = self.permuted(statement)
        region = self.regions.body(statement)
        before = self.bars
        self.bars = dict(zip(outer, sums))
        with build.block() as block:
            mirror = self.open(region)
            header.enter(mirror)
            for inside, held in references.held.items():
                mirror.known[inside] = held
            for carry, bar in zip(carried, inner_bars):
                self.add(carry.next, bar)
            self.block(statement.body)
            nexts = [self.bars.get(carry.inside, zero(carry.inside.type)) for carry in carried]
            totals = [self.bars.get(var, zero(var.type)) for var in outer]
            self.close(region)
        self.bars = before
        build.span = span
        carries = []
        for bar, end, following in zip(inner_bars, ends, nexts):
            after = Var(bar.type, bar.name)
            carries.append(Carry(bar, end, following, after))
        for var, bar, begin, total in zip(outer, sums, begins, totals):
            after = Var(bar.type, bar.name)
            carries.append(Carry(bar, begin, total, after))
            self.bars[var] = after
        carries += references.carries
        build.emit(header.loop(tuple(carries), tuple(block.body), span))
        for carry, made in zip(carried, carries):
            self.add(carry.init, made.after)

    def outer_scalars(self, statement: For | While) -> list[Var]:
        """Active scalars from outside that are read within a loop."""
        return [var for var in ir.free_variables(statement)
                if not isinstance(var.type, Array) and self.activity.is_active(var)]

    def header(self, statement: For | While):
        if isinstance(statement, For) and statement.leave is None:
            forward = statement.counter.lane and not self.stacked(statement)
            return Lanes(self, statement) if forward else Countdown(self, statement)
        return Replay(self, statement)

    def stacked(self, statement: For) -> bool:
        """Whether iterations may leave something on a stack, from which the last one's comes first."""
        depth = len(self.regions.at[id(statement)].loops)
        inner = [item for item in ir.walk((statement,)) if isinstance(item, (For, While))]
        return any(isinstance(var.type, Array) for item in ir.walk(statement.body) for var in ir.defined(item)) or any(
            self.storage.extents(self.regions.body(item).loops[depth:]) is None for item in inner)

    def permuted(self, statement: For | While) -> References:
        """Array references that a loop only exchanges are exchanged back; any other is taken from a stack."""
        arrays = {carry.inside: carry for carry in statement.carries if isinstance(carry.inside.type, Array)}
        references = References({}, [])
        targets = [carry.next for carry in arrays.values()]
        if not arrays or set(targets) != set(arrays):
            return references
        pairs = [(carry, carry.inside, carry.next, carry.after) for carry in arrays.values()]
        if all(inside in self.companions for inside in arrays):
            pairs += [(carry, *(self.companions[var] for var in (carry.inside, carry.next, carry.after)))
                      for carry in arrays.values()]
        held: dict[Var, Var] = {}
        for _, inside, following, _ in pairs:
            held[following] = Var(inside.type, inside.name)
        for _, inside, following, after in pairs:
            entry = held[following]
            end = Var(entry.type, entry.name)
            references.carries.append(Carry(entry, self.value(after), held[inside], end))
        references.held = held
        for inside in held:
            self.storage.plans[inside] = Counter()
        return references


@dataclass
class References:
    """`held` maps a reference of the forward loop to the one that the mirrored loop carries for it."""

    held: dict[Var, Var]
    carries: list[Carry]


class Countdown:
    """The mirror of a counted loop: the same counter values, last to first."""

    def __init__(self, reverse: Reverse, statement: For):
        build = reverse.build
        start, stop, step = (reverse.value(part) for part in (statement.start, statement.stop, statement.step))
        self.reverse, self.statement, self.start, self.step = reverse, statement, start, step
        counter = statement.counter
        self.counter = Var(INT, counter.name, counter.user, counter.apart)
        if step == const(1):
            self.first = build.prim("sub", stop, const(1))
            self.past = build.prim("sub", start, const(1))
        elif step == const(-1):
            self.first = build.prim("add", stop, const(1))
            self.past = build.prim("add", start, const(1))
        else:
            trips = trip_count(build, start, stop, step)
            last = build.prim("mul", build.prim("sub", trips, const(1)), step)
            self.first = build.prim("add", start, last)
            self.past = build.prim("sub", start, step)

    def enter(self, mirror: Mirror) -> None:
        build = self.reverse.build
        mirror.known[self.statement.counter] = self.counter
        number = build.prim("sub", self.counter, self.start)
        mirror.iteration = number if self.step == const(1) else build.prim("floordiv", number, self.step)

    def loop(self, carries, body, span) -> For:
        step = self.reverse.build.prim("neg", self.step)
        return For(self.counter, self.first, self.past, step, carries, body, None, span)


class Lanes:
    """The mirror of a loop whose iterations pass nothing on but sums: the same loop."""

    def __init__(self, reverse: Reverse, statement: For):
        self.reverse, self.statement = reverse, statement
        self.start, self.stop = reverse.value(statement.start), reverse.value(statement.stop)
        self.counter = Var(INT, statement.counter.name, lane=True)

    def enter(self, mirror: Mirror) -> None:
        mirror.known[self.statement.counter] = self.counter
        number = self.reverse.build.prim("sub", self.counter, self.start)
        step = self.statement.step
        mirror.iteration = number if step == const(1) else self.reverse.build.prim("floordiv", number, step)

    def loop(self, carries, body, span) -> For:
        return For(self.counter, self.start, self.stop, self.statement.step, carries, body, None, span)


def trip_count(build: Builder, start: Operand, stop: Operand, step: Operand) -> Operand:
    """max(0, ceil((stop - start) / step)) for a step of either sign."""
    span = build.prim("sub", stop, start)
    if isinstance(step, Const):
        slack = const(step.value - 1 if step.value > 0 else step.value + 1)
    else:
        up = build.prim("gt", step, const(0))
        slack = build.prim("select", up, build.prim("sub", step, const(1)), build.prim("add", step, const(1)))
    trips = build.prim("floordiv", build.prim("add", span, slack), step)
    return build.prim("max", trips, const(0))


class Replay:
    """The mirror of a loop that can be left early: as many iterations as ran, last to first."""

    def __init__(self, reverse: Reverse, statement: For | While):
        self.reverse, self.statement = reverse, statement
        self.trips = reverse.value(reverse.storage.count(statement))
        self.number = Var(INT, "k", apart=True)

    def enter(self, mirror: Mirror) -> None:
        mirror.iteration = self.number
        if isinstance(self.statement, For):
            build = self.reverse.build
            start, step = self.reverse.value(self.statement.start), self.reverse.value(self.statement.step)
            mirror.known[self.statement.counter] = build.prim(
                "add", build.prim("mul", self.number, step), start)

    def loop(self, carries, body, span) -> For:
        first = self.reverse.build.prim("sub", self.trips, const(1))
        return For(self.number, first, const(-1), const(-1), carries, body, None, span)


def join_bars(outer: dict, sides: list[dict]) -> tuple[dict, list[Merge]]:
    """Adjoints after a mirrored branch: those that differ are merged."""
    joined, merges = {}, []
    for var in dict.fromkeys([*outer, *sides[0], *sides[1]]):
        values = [side.get(var, zero(var.type)) for side in sides]
        if values[0] is values[1] or values[0] == values[1]:
            joined[var] = values[0]
            continue
        after = Var(var.type, bar_name(var))
        merges.append(Merge(after, *values))
        joined[var] = after
    return joined, merges


def every_array(program: Program):
    """All array references that statements define."""
    for statement in ir.walk(program.body):
        match statement:
            case For(carries=carries) | While(carries=carries):
                for carry in carries:
                    if isinstance(carry.inside.type, Array):
                        yield carry.inside
        for var in ir.defined(statement):
            if isinstance(var.type, Array):
                yield var


def shared_classes(program: Program, activity: Activity) -> set[Var]:
    """Active memory classes with a reference that is carried round a loop or merged after a branch."""
    found = set()
    for statement in ir.walk(program.body):
        match statement:
            case For(carries=carries) | While(carries=carries):
                candidates = [carry.inside for carry in carries]
            case If(merges=merges):
                candidates = [merge.after for merge in merges]
            case _:
                continue
        for var in candidates:
            if isinstance(var.type, Array) and activity.memory_active(var):
                found.add(activity.classes[var])
    return found


def add_nest(build: Builder, target: Var, source: Var) -> None:
    """target += source, element by element."""
    over_elements(build, target, lambda index: build.accumulate(target, index, build.load(source, index)))


def clear_nest(build: Builder, target: Var) -> None:
    """target = 0, element by element."""
    over_elements(build, target, lambda index: build.store(target, index, zero(target.type.element)))
