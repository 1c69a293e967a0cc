"""Vector forward mode: from a program to the program of its value and of `count` tangents at once.

    t = np.sin(x[i])                    t = np.sin(x[i])
    s += t * w                    ->    partial = np.cos(x[i])
                                        for p in range(8):
                                            s_dot[p] += x_dot[i, p] * partial * w
                                        s += t * w

Every active array has a companion with the tangents along a last axis. A run of statements is followed by one loop over
the tangents, in which those of numbers are numbers; whatever is wanted after the run is kept in an array of its own, a
slot. What no one reads of them is dropped later like any dead store. The partial derivatives are computed once for all
tangents, before that loop.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace

from adtrans.analysis.activity import Activity, analyse, differentiable_places
from adtrans.build import Builder, const, over_elements, zero
from adtrans.forward import dot_name
from adtrans.ir import (
    INT,
    Accumulate,
    Alloc,
    Array,
    Call,
    Carry,
    Dim,
    For,
    If,
    Inner,
    Let,
    ListOf,
    Load,
    Merge,
    NewList,
    Operand,
    Pop,
    Prim,
    Program,
    Push,
    Reshape,
    Scalar,
    Slice,
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


class Unvectorised(Exception):
    """A program that is pushed forward one tangent at a time: some of its arguments overlap in memory."""


def push_many(program: Program, dots: dict[Var, Var], outputs: tuple[Operand, ...], count: int | None) -> Program:
    """The program with `count` tangents of each of `outputs` after its results, or as many as come in.

    `dots` pairs parameters with the parameters for their tangents, which have these along a last axis and are added
    behind the others.
    """
    activity = analyse(program, tuple(dots), outputs)
    vector = Vector(activity, dots, count)
    for var in program.params:
        if isinstance(var.type, Array) and var not in dots and activity.memory_active(var):
            vector.arrays[var] = vector.zeros_like(var)
    vector.block(program.body)
    tangents = tuple(vector.result(output) for output in outputs)
    copied = {dots[param] for param in program.mutable if param in dots}
    facts = {**program.facts, "discrete": activity.discrete, "tangents": True}
    return replace(program, params=(*program.params, *dots.values()),
                   body=(*vector.prologue, *vector.build.here.body), results=(*program.results, *tangents),
                   mutable=program.mutable | copied, facts=facts)


def dots_type(type: Scalar | Array) -> Array:
    """The type of the tangents of a number or array."""
    return Array(type.dtype, type.rank + 1, "C") if isinstance(type, Array) else Array(type.code, 1, "C")


class Vector:
    """The sweep. `arrays` are companions of arrays and stacks, `slots` keep tangents of numbers, `local` are those at
    hand in the loop over tangents that is open; `run` emits what belongs into the next one."""

    def __init__(self, activity: Activity, dots: dict[Var, Var], count: int | None):
        self.activity, self.active = activity, activity.has_tangent
        self.build = Builder(relaxed=True)
        self.prologue: list[Stmt] = []
        self.count: Operand = const(count or 0)
        if count is None:
            given = next(iter(dots.values()))
            self.count = Var(INT, "n_dots")
            self.prologue.append(Let(self.count, Dim(given, given.type.rank - 1)))
        self.arrays = {var: dot for var, dot in dots.items() if isinstance(var.type, Array)}
        self.slots = {var: dot for var, dot in dots.items() if not isinstance(var.type, Array)}
        self.given = set(dots.values())
        self.local: dict[Var, Operand | None] = {}
        self.run: list[Callable[[Operand], None]] = []

    # --- tangents

    def dot(self, operand: Operand, p: Operand) -> Operand | None:
        """Tangent number p of a number, None for zero."""
        if not isinstance(operand, Var):
            return None
        if operand in self.local:
            return self.local[operand]
        slot = self.slots.get(operand)
        if slot is None:
            return None
        found = self.local[operand] = self.build.load(slot, (p,), dot_name(operand))
        return found

    def dot_or_zero(self, operand: Operand, p: Operand) -> Operand:
        found = self.dot(operand, p)
        return zero(operand.type) if found is None else found

    def slot(self, var: Operand, fill: str = "empty") -> Var:
        """An array for the tangents of a number, made at the start of the program."""
        made = Var(dots_type(var.type), dot_name(var))
        self.prologue.append(Alloc(made, (self.count,), fill))
        return made

    def zeros_like(self, array: Var) -> Var:
        shape = tuple(self.build.dim(array, axis) for axis in range(array.type.rank))
        return self.build.alloc(array.type.dtype, (*shape, self.count), "zeros", dot_name(array))

    def result(self, output: Operand) -> Var:
        """The tangents of a result, in an array that nobody else has."""
        found = (self.arrays if isinstance(output.type, Array) else self.slots).get(output)
        if found is not None and found not in self.given:
            return found
        made = self.zeros_like(output) if isinstance(output.type, Array) else self.slot(output, "zeros")
        if found is not None:
            over_elements(self.build, made,
                          lambda index: self.build.store(made, index, self.build.load(found, index)))
        return made

    # --- the loop over tangents

    @contextmanager
    def each(self, down: bool = False):
        """A loop over the tangents."""
        p = Var(INT, "p")
        with self.build.block() as block:
            yield p
        if block.body:
            last = self.build.prim("sub", self.count, const(1))
            bounds = (last, const(-1), const(-1)) if down else (const(0), self.count, const(1))
            self.build.emit(For(p, *bounds, (), tuple(block.body)))

    def flush(self) -> None:
        """Emit the run."""
        if not self.run:
            return
        run, self.run, self.local = self.run, [], {}
        with self.each() as p:
            for emit in run:
                emit(p)
        self.local = {}

    def made(self, var: Var, tangent: Callable[[Operand], Operand | None]) -> None:
        """The tangent of a number in the run, and its slot."""
        slot = self.slots[var] = self.slot(var)

        def emit(p: Operand) -> None:
            found = tangent(p)
            if isinstance(found, Var) and var.user and found.name is None:
                found.name = dot_name(var)
            self.local[var] = found
            self.build.store(slot, (p,), zero(var.type) if found is None else found)

        self.run.append(emit)

    # --- statements

    def block(self, body: tuple[Stmt, ...], last: Callable[[Operand], None] | None = None) -> None:
        """Statements, and `last` at the end of the last run."""
        for statement in body:
            self.build.span = getattr(statement, "span", None)
            self.statement(statement)
        if last is not None:
            self.run.append(last)
        self.flush()

    def statement(self, statement: Stmt) -> None:
        build = self.build
        match statement:
            case Let(var, Pop(stack)):
                build.emit(statement)
                if self.active(stack):
                    self.pop(var, stack)
            case Let(var, expr):
                build.emit(statement)
                if self.active(var):
                    self.let(var, expr)
            case Store(array, index, value):
                build.emit(statement)
                if self.active(array):
                    self.run.append(lambda p: build.store(self.arrays[array], (*index, p), self.dot_or_zero(value, p)))
            case Accumulate(array, index, value):
                build.emit(statement)
                if self.active(array) and self.active(value):
                    self.run.append(lambda p: self.accumulate(array, index, value, p))
            case Alloc(var, shape):
                build.emit(statement)
                if self.active(var):
                    made = self.arrays[var] = Var(dots_type(var.type), dot_name(var))
                    build.emit(replace(statement, var=made, shape=(*shape, self.count)))
            case NewList(var):
                build.emit(statement)
                if self.active(var):
                    element = var.type.element
                    held = dots_type(element) if isinstance(element, Array) else element
                    self.arrays[var] = Var(ListOf(held), dot_name(var))
                    build.emit(replace(statement, var=self.arrays[var]))
            case View(var) | Reshape(var) | Strided(var):
                build.emit(statement)
                if self.active(var):
                    self.view(statement)
            case Push(stack, value):
                build.emit(statement)
                if self.active(stack):
                    self.push(stack, value)
            case Call():
                self.flush()
                build.emit(statement)
                if any(self.active(var) for var in statement.vars):
                    self.call(statement)
            case For() | While():
                self.flush()
                self.loop(statement)
            case If():
                self.flush()
                self.branch(statement)
            case _:
                build.emit(statement)

    def accumulate(self, array: Var, index, value: Operand, p: Operand) -> None:
        found = self.dot(value, p)
        if found is not None:
            self.build.accumulate(self.arrays[array], (*index, p), found)

    def view(self, statement: View | Reshape | Strided) -> None:
        """The same look at the companion."""
        var, base = statement.var, self.arrays[statement.base]
        made = self.arrays[var] = Var(replace(dots_type(var.type), layout=var.type.layout if isinstance(
            statement, Reshape) else "A"), dot_name(var))
        match statement:
            case View(_, _, subscript, order):
                rest = base.type.rank - 1 - sum(item is not None for item in subscript)
                full = Slice(None, None, const(1))
                items = (*subscript, *(full,) * rest, full)
                self.build.emit(replace(statement, var=made, base=base, subscript=items,
                                        order=order and (*order, len(order))))
            case Reshape(_, _, shape):
                self.build.emit(replace(statement, var=made, base=base, shape=(*shape, self.count)))
            case Strided():
                raise Unvectorised

    def push(self, stack: Var, value: Operand) -> None:
        if isinstance(value.type, Array):
            self.build.emit(Push(self.arrays[stack], self.arrays[value], self.build.span))
            return
        self.flush()
        with self.each() as p:
            self.build.emit(Push(self.arrays[stack], self.dot_or_zero(value, p), self.build.span))
        self.local = {}

    def pop(self, var: Var, stack: Var) -> None:
        """Tangents come off a stack last to first."""
        if isinstance(var.type, Array):
            made = self.arrays[var] = Var(dots_type(var.type), dot_name(var))
            self.build.emit(Let(made, Pop(self.arrays[stack]), self.build.span))
            return
        self.flush()
        slot = self.slots[var] = self.slot(var)
        with self.each(down=True) as p:
            found = self.build.let(Pop(self.arrays[stack]), var.type)
            self.build.store(slot, (p,), found)

    def let(self, var: Var, expr) -> None:
        build = self.build
        match expr:
            case Load(array, index):
                if self.active(array):
                    self.made(var, lambda p: build.load(self.arrays[array], (*index, p), dot_name(var)))
            case Prim("cast", (arg,)):
                self.made(var, lambda p: self.through(arg, p, lambda dot: build.cast(dot, var.type)))
            case Prim("select", (test, then, orelse)):
                self.made(var, lambda p: build.prim("select", test, self.dot_or_zero(then, p),
                                                    self.dot_or_zero(orelse, p)))
            case Prim("powi", args):
                slope = integer_slope(build, *args)
                self.made(var, lambda p: self.through(args[0], p, lambda dot: build.prim("mul", slope, dot)))
            case Prim(op, args):
                self.prim(var, op, args)

    def through(self, arg: Operand, p: Operand, emit: Callable[[Operand], Operand]) -> Operand | None:
        found = self.dot(arg, p)
        return None if found is None else emit(found)

    def prim(self, var: Var, op: str, args: tuple[Operand, ...]) -> None:
        """The partial derivatives now, their products with the tangents in the run."""
        build, rule = self.build, rule_of(op)
        if rule is None:
            return
        names = {**dict(zip(rule.args, args)), rule.result: var}
        partials = [(arg, emit_partial(build, rule.partials[name], names, var.type))
                    for arg, name in zip(args, rule.args) if name in rule.partials and self.active(arg)]

        def tangent(p: Operand) -> Operand | None:
            total: Operand | None = None
            for arg, partial in partials:
                found = self.dot(arg, p)
                if found is not None:
                    share = times_partial(build, found, partial)
                    total = share if total is None else build.prim("add", total, share)
            return total

        self.made(var, tangent)

    # --- routines

    def call(self, statement: Call) -> None:
        """Tangent by tangent, with contiguous copies of those of the arguments."""
        build = self.build
        if statement.op == "np.dot":
            (var,) = statement.vars
            (self.arrays if isinstance(var.type, Array) else self.slots)[var] = self.product(statement)
            return
        floats = [var for var in statement.vars if var.type.is_float]
        for var in floats:
            if self.active(var):
                if isinstance(var.type, Array):
                    self.arrays[var] = self.zeros_like(var)
                else:
                    self.slots[var] = self.slot(var)
        with self.each() as p:
            results = self.called(statement, p)
            for var, found in zip(floats, results):
                if self.active(var) and found is not None:
                    self.keep(var, found, p)
        self.local = {}
        build.span = statement.span

    def keep(self, var: Var, found: Operand, p: Operand) -> None:
        if isinstance(var.type, Array):
            over_elements(self.build, found, lambda index: self.build.store(
                self.arrays[var], (*index, p), self.build.load(found, index)))
        else:
            self.build.store(self.slots[var], (p,), found)

    def called(self, statement: Call, p: Operand) -> list[Operand | None]:
        """Tangent number p of the floating-point results."""
        build = self.build
        if isinstance(statement, Inner):
            moving = differentiable_places(statement, self.activity)
            dots = [self.lone(statement.args[k], p) for k in moving]
            body, results = spliced(statement.function.pushed(moving), (*statement.args, *dots), statement.span, {})
            results = results[len(statement.vars) - statement.function.hidden:]
        else:
            dots = [self.lone(arg, p) for arg in statement.args if isinstance(arg.type, Array) and arg.type.is_float]
            body, results = spliced(tangent_of(statement), (*statement.args, *statement.vars, *dots), build.span)
        for inner in body:
            build.emit(inner)
        return list(results)

    def lone(self, arg: Operand, p: Operand) -> Operand:
        """Tangent number p of an argument by itself."""
        if not isinstance(arg.type, Array):
            return self.dot_or_zero(arg, p)
        shape = tuple(self.build.dim(arg, axis) for axis in range(arg.type.rank))
        made = self.build.alloc(arg.type.dtype, shape, "empty" if self.active(arg) else "zeros", dot_name(arg))
        if self.active(arg):
            over_elements(self.build, made, lambda index: self.build.store(
                made, index, self.build.load(self.arrays[arg], (*index, p))))
        return made

    def product(self, statement: Call) -> Var:
        """c_dot = a_dot b + a b_dot, the latter of all tangents at once: they are so many more columns of b."""
        left, right = statement.args
        parts: list[Var] = []
        if self.active(right):
            dots = self.contiguous(self.arrays[right])
            if right.type.rank == 2:
                rows, columns = self.build.dim(right, 0), self.build.dim(right, 1)
                wide = self.build.prim("mul", columns, self.count)
                parts.append(self.shaped(self.times(left, self.shaped(dots, (rows, wide))), (
                    *(self.build.dim(left, 0) for _ in range(left.type.rank - 1)), columns, self.count)))
            else:
                parts.append(self.times(left, dots))
        if self.active(left):
            if left.type.rank == 2 and right.type.rank == 2:
                return self.matrices(left, right, parts[0] if parts else None)
            parts.append(self.left_product(left, right))
        total, *others = parts
        for other in others:
            self.over_tangents(total, lambda index, of=other: self.build.accumulate(
                total, index, self.build.load(of, index)))
        return total

    def left_product(self, left: Var, right: Var) -> Var:
        """a_dot b for a vector: the tangents are columns behind b transposed; or for a vector b."""
        if left.type.rank == 2:
            return self.shaped(self.times(self.stacked(left), right), (self.build.dim(left, 0), self.count))
        turned = right
        if right.type.rank == 2:
            turned = Var(replace(right.type, layout={"C": "F", "F": "C"}.get(right.type.layout, "A")), right.name)
            self.build.emit(View(turned, right, (), (1, 0), self.build.span))
        return self.times(turned, self.contiguous(self.arrays[left]))

    def matrices(self, left: Var, right: Var, total: Var | None) -> Var:
        """a_dot b for matrices, added to `total`."""
        rows, columns = self.build.dim(left, 0), self.build.dim(right, 1)
        found = self.shaped(self.times(self.stacked(left), right), (rows, self.count, columns))
        put = self.build.store if total is None else self.build.accumulate
        if total is None:
            total = self.build.alloc(left.type.dtype, (rows, columns, self.count), "empty", dot_name(left))
        self.over_tangents(total, lambda index: put(total, index, self.build.load(
            found, (index[0], index[2], index[1]))))
        return total

    def stacked(self, matrix: Var) -> Var:
        """The tangents of a matrix as so many more rows."""
        rows, columns = (self.build.dim(matrix, axis) for axis in range(2))
        turned = self.build.alloc(matrix.type.dtype, (rows, self.count, columns), "empty", dot_name(matrix))
        given = self.arrays[matrix]
        self.over_tangents(given, lambda index: self.build.store(turned, (index[0], index[2], index[1]),
                                                                 self.build.load(given, index)))
        return self.shaped(turned, (self.build.prim("mul", rows, self.count), columns))

    def times(self, left: Var, right: Var) -> Var:
        rank = left.type.rank + right.type.rank - 2
        made = Var(Array(left.type.dtype, rank) if rank else left.type.element)
        self.build.emit(Call((made,), "np.dot", (left, right), self.build.span))
        return made

    def contiguous(self, array: Var) -> Var:
        """The array, or a copy whose elements lie one behind the other."""
        if array.type.layout == "C":
            return array
        shape = tuple(self.build.dim(array, axis) for axis in range(array.type.rank))
        made = self.build.alloc(array.type.dtype, shape, "empty", array.name)
        self.over_tangents(made, lambda index: self.build.store(made, index, self.build.load(array, index)))
        return made

    def shaped(self, array: Var, shape: tuple[Operand, ...]) -> Var:
        made = Var(Array(array.type.dtype, len(shape)), array.name)
        self.build.emit(Reshape(made, array, shape, self.build.span))
        return made

    def over_tangents(self, target: Var, body: Callable[[tuple[Operand, ...]], None]) -> None:
        """Loops over all indices of an array whose last axis is that of the tangents."""
        counters = [Var(INT, "ijkl"[axis]) for axis in range(target.type.rank - 1)]

        def level(axis: int) -> None:
            if axis == len(counters):
                with self.each() as p:
                    body((*counters, p))
                return
            with self.build.block() as block:
                level(axis + 1)
            self.build.emit(For(counters[axis], const(0), self.build.dim(target, axis), const(1), (),
                                tuple(block.body)))

        level(0)

    # --- structure

    def loop(self, statement: For | While) -> None:
        build = self.build
        numbers = [carry for carry in statement.carries if not isinstance(carry.inside.type, Array)
                   and (self.active(carry.inside) or self.active(carry.after))]
        arrays = [carry for carry in statement.carries if isinstance(carry.inside.type, Array)
                  and (self.active(carry.inside) or self.active(carry.after))]
        slots = [self.slot(carry.inside) for carry in numbers]
        self.move([carry.init for carry in numbers], slots)
        for carry, slot in zip(numbers, slots):
            self.slots[carry.inside] = slot
        held = []
        for carry in arrays:
            inside, after = (Var(dots_type(var.type), dot_name(var)) for var in (carry.inside, carry.after))
            held.append((inside, self.arrays[carry.init], after))
            self.arrays[carry.inside] = inside
        with build.block() as block:
            self.block(statement.body, self.mover([carry.next for carry in numbers], slots))
            carries = [Carry(inside, before, self.arrays[carry.next], after)
                       for carry, (inside, before, after) in zip(arrays, held)]
        build.emit(replace(statement, body=tuple(block.body), carries=(*statement.carries, *carries)))
        for carry, slot in zip(numbers, slots):
            self.slots[carry.after] = slot
        for carry, (_, _, after) in zip(arrays, held):
            self.arrays[carry.after] = after

    def mover(self, sources: list[Operand], slots: list[Var]) -> Callable[[Operand], None]:
        """All tangents are read before the first is written: what is carried may change places."""
        def emit(p: Operand) -> None:
            found = [self.dot_or_zero(source, p) for source in sources]
            for value, slot in zip(found, slots):
                self.build.store(slot, (p,), value)

        return emit

    def move(self, sources: list[Operand], slots: list[Var]) -> None:
        self.run.append(self.mover(sources, slots))
        self.flush()

    def branch(self, statement: If) -> None:
        build = self.build
        numbers = [m for m in statement.merges if self.active(m.after) and not isinstance(m.after.type, Array)]
        arrays = [m for m in statement.merges if self.active(m.after) and isinstance(m.after.type, Array)]
        slots = [self.slot(merge.after) for merge in numbers]
        blocks, ends = [], []
        for part, region in enumerate((statement.then, statement.orelse)):
            with build.block() as block:
                self.block(region, self.mover([(m.then, m.orelse)[part] for m in numbers], slots))
                ends.append([self.arrays[(m.then, m.orelse)[part]] for m in arrays])
            blocks.append(tuple(block.body))
        merges = []
        for merge, then, orelse in zip(arrays, *ends):
            after = self.arrays[merge.after] = Var(dots_type(merge.after.type), dot_name(merge.after))
            merges.append(Merge(after, then, orelse))
        for merge, slot in zip(numbers, slots):
            self.slots[merge.after] = slot
        build.emit(replace(statement, then=blocks[0], orelse=blocks[1], merges=(*statement.merges, *merges)))
