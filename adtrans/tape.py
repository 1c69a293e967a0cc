"""The forward sweep: the program with what the storage plan wants kept for the reverse sweep.

Tapes are allocated before the loops that index them, values are stored right where they are defined, values needed from
branches are joined out of them, and the shadows of carried references travel along.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.analysis.regions import Region
from adtrans.build import Builder, const, zero
from adtrans.early import early
from adtrans.ir import (
    Alloc,
    Array,
    Call,
    Carry,
    For,
    If,
    Merge,
    NewList,
    Operand,
    Program,
    Push,
    Reshape,
    Stmt,
    Store,
    Strided,
    Var,
    View,
    While,
)
from adtrans.local import Local
from adtrans.segments import Segments
from adtrans.storage import Export, Stack, Storage, Tape


def forward_sweep(program: Program, storage: Storage, companions: dict[Var, Var],
                  local: dict[int, Local | Segments]) -> tuple[Stmt, ...]:
    """The statements of the forward sweep; those of loops in `local` have been made already."""
    return Forward(program, storage, companions, local).function_level()


class Forward:
    def __init__(self, program: Program, storage: Storage, companions: dict[Var, Var],
                 local: dict[int, Local | Segments]):
        self.program, self.storage, self.companions, self.local = program, storage, companions, local
        self.regions = storage.regions
        self.setup: dict[int, list[Stmt]] = {}
        self.exports: dict[Region, list[tuple[Operand, Var]]] = {}
        self.ahead = {loop: list(made) for loop, made in storage.ahead.items()}
        self.early: set[Var] = set()
        for var, plan in list(storage.plans.items()):
            self.prepare(var, plan)

    def prepare(self, var: Var, plan) -> None:
        match plan:
            case Tape() if not self.storage.leaders.get(var, True):
                pass
            case Tape(array, loops, extents):
                self.setup.setdefault(id(loops[0].owner), []).append(Alloc(array, extents, "empty"))
                found = early(self.storage, var, plan) if var not in self.storage.leaders else None
                if found is not None:
                    self.ahead.setdefault(id(found[0]), []).extend(found[1])
                    self.early.add(var)
            case Stack(stack):
                top = self.regions.home[var].outermost()
                self.setup.setdefault(id(top), []).append(NewList(stack))
            case Export(steps):
                inner: Operand = var
                for region, outer in steps:
                    self.exports.setdefault(region, []).append((inner, outer))
                    inner = outer

    def function_level(self) -> tuple[Stmt, ...]:
        return self.block(self.program.body)

    def block(self, body) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for statement in body:
            done += self.prepared(statement)
            done += self.local[id(statement)].made if id(statement) in self.local else self.statement(statement)
        return tuple(done)

    def prepared(self, statement: Stmt) -> list[Stmt]:
        """Tapes and stacks that are made before a statement."""
        extents = self.storage.before.get(id(statement))
        done = list(extents.here.body) if extents is not None else []
        for made in self.setup.get(id(statement), ()):
            done += [made, *(self.keep(made.var, made) if isinstance(made, Alloc) else ())]
        return done + self.ahead.get(id(statement), [])

    def statement(self, statement: Stmt) -> list[Stmt]:
        match statement:
            case For() | While():
                made = self.loop(statement)
            case If():
                made = self.branch(statement)
            case _:
                made = statement
        trips = self.storage.trips.get(id(statement))
        kept = [item for var in (*ir.defined(statement), *((trips,) if trips else ()))
                for item in self.keep(var, statement)]
        return [made, *self.companion(statement), *kept]

    # --- keeping values

    def keep(self, var: Var, statement: Stmt) -> list[Stmt]:
        """The statements that store a value just defined."""
        done: list[Stmt] = []
        for each in (var, self.companions.get(var)):
            plan = self.storage.plans.get(each) if each is not None else None
            span = getattr(statement, "span", None)
            match plan:
                case Tape(array, loops, _, shift) if each not in self.early and self.storage.leaders.get(each, True):
                    build = Builder(relaxed=True)
                    *outer, last = (build.iteration(loop.owner) for loop in loops)
                    index = *outer, build.prim("add", last, const(shift))
                    done += build.here.body
                    done.append(Store(array, index, each, span))
                case Stack(stack):
                    done.append(Push(stack, each, span))
        return done

    def companion(self, statement: Stmt) -> list[Stmt]:
        """The shadow of an array reference that has to travel along."""
        match statement:
            case Alloc(var, shape) if var in self.companions:
                return [Alloc(self.companions[var], shape, "zeros", statement.span)]
            case View(var, base) if var in self.companions:
                return [replace(statement, var=self.companions[var], base=self.companions[base])]
            case (Reshape(var, base) | Strided(var, base)) if var in self.companions:
                return [replace(statement, var=self.companions[var], base=self.companions[base])]
            case Call(vars):
                return [made for var in vars if var in self.companions for made in self.zeros_like(var)]
        return []

    def zeros_like(self, var: Var) -> tuple[Stmt, ...]:
        """The allocation of the shadow of an array that a routine has made."""
        build = Builder(relaxed=True)
        shape = tuple(build.dim(var, axis) for axis in range(var.type.rank))
        return (*build.here.body, Alloc(self.companions[var], shape, "zeros"))

    def follow(self, operand: Operand) -> Operand:
        return self.companions[operand]

    # --- structure

    def loop(self, statement: For | While) -> For | While:
        entry = [item for carry in statement.carries for item in self.keep(carry.inside, statement)]
        if isinstance(statement, For):
            entry += self.keep(statement.counter, statement)
        carries = list(statement.carries)
        for carry in statement.carries:
            if carry.inside in self.companions:
                carries.append(Carry(*(self.follow(var) for var in (carry.inside, carry.init, carry.next,
                                                                     carry.after))))
        body = (*entry, *self.block(statement.body))
        trips = self.storage.trips.get(id(statement))
        if trips is not None:
            build = Builder()
            inside = Var(ir.INT, "n_trips")
            following = build.prim("add", inside, const(1), name="n_trips")
            body += tuple(build.here.body)
            carries.append(Carry(inside, const(0), following, trips))
        if isinstance(statement, While):
            return replace(statement, carries=tuple(carries), body=body)
        return replace(statement, carries=tuple(carries), body=body)

    def branch(self, statement: If) -> If:
        merges = list(statement.merges)
        for merge in statement.merges:
            if merge.after in self.companions:
                merges.append(Merge(*(self.follow(var) for var in (merge.after, merge.then, merge.orelse))))
        bodies = []
        for region_body in (statement.then, statement.orelse):
            bodies.append(list(self.block(region_body)))
        for part in (0, 1):
            for inner, outer in self.exports.get(self.regions.body(statement, part), ()):
                other = self.placeholder(inner, bodies[1 - part])
                merges.append(Merge(outer, *((inner, other) if part == 0 else (other, inner))))
        return replace(statement, then=tuple(bodies[0]), orelse=tuple(bodies[1]), merges=tuple(merges))

    @staticmethod
    def placeholder(operand: Operand, body: list[Stmt]) -> Operand:
        """Something of the right type for the side that does not have the value."""
        if not isinstance(operand.type, Array):
            return zero(operand.type)
        empty = Var(replace(operand.type, layout="C"), operand.name)
        body.append(Alloc(empty, (const(0),) * operand.type.rank, "zeros"))
        return empty
