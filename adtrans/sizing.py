"""What the loops of a gradient keep, computed from the arguments, and whether a loop is better run again in parts.

    count(x, n)  ->  (8 * n * (len(x) - 2), n)          bytes of tapes and iterations, for each loop in turn

Tapes that do not stay in the cache are written to memory and read back, which takes longer than to run the loop once
more; snapshots and the tapes of one part have to stay there instead. By measurement: `benchmarks/checkpoints.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from adtrans import ir
from adtrans.build import UNFAILING, Builder, const
from adtrans.ir import Array, Const, Dim, For, Let, Operand, Prim, Program, Stmt, Var
from adtrans.storage import Stack, Storage, Tape

LARGE = 16 << 20  # bytes that are kept, above which parts are considered
SMALL = 4 << 20  # bytes that one part may keep
SHARE = 4  # above what part of the memory there is parts are taken in any case
BYTES = {"f4": 4, "b1": 1}


def sizes(program: Program, storage: Storage, loops: Sequence[For]) -> Program | None:
    """A program of the bytes that each loop keeps and of its iterations, as far as the parameters tell; None where that
    is not known of any."""
    pairs = [pair for loop in loops if (pair := kept_by(loop, storage)) is not None]
    build = Builder(relaxed=True)
    known = Definitions(program, storage)
    results: list[Operand] = []
    for tapes, trips in pairs:
        mark = build.mark()
        total: Operand = const(0)
        found = known.again(build, trips)
        for plan in tapes:
            extents = [known.again(build, extent) for extent in plan.extents]
            if None in extents:
                found = None
                break
            size: Operand = const(BYTES.get(plan.array.type.dtype, 8))
            for extent in extents:
                size = build.prim("mul", size, extent)
            total = build.prim("add", total, size)
        if found is None:
            build.rollback(mark)
            known.made.clear()
        else:
            results += [total, found]
    if not results or all(isinstance(result, Const) for result in results):
        return None
    return replace(program, body=tuple(build.here.body), results=tuple(results), facts={}, mutable=frozenset())


def kept_by(loop: For, storage: Storage) -> tuple[list[Tape], Operand] | None:
    """The tapes of a loop and the extent of its iterations; None where it keeps nothing, or stacks."""
    region = storage.regions.body(loop)
    tapes: dict[Var, Tape] = {}
    for var, plan in storage.plans.items():
        if region in storage.regions.home[var].loops:
            if isinstance(plan, Stack):
                return None
            if isinstance(plan, Tape):
                tapes[plan.array] = plan
    found = list(tapes.values())
    if not found or any(plan.loops[0] is not region for plan in found):
        return None
    return found, found[0].extents[0]


class Definitions:
    """Integers of the function level, computed again from the parameters."""

    def __init__(self, program: Program, storage: Storage):
        self.params = set(program.params)
        self.made: dict[Operand, Operand | None] = {}
        self.found: dict[Var, Let] = {}
        before: list[Stmt] = [item for builder in storage.before.values() for item in builder.here.body]
        for statement in (*program.body, *before):
            if isinstance(statement, Let):
                self.found[statement.var] = statement

    def again(self, build: Builder, operand: Operand) -> Operand | None:
        if isinstance(operand, Const) or operand in self.params:
            return operand
        if operand not in self.made:
            self.made[operand] = self.compute(build, operand)
        return self.made[operand]

    def compute(self, build: Builder, operand: Var) -> Operand | None:
        match self.found.get(operand):
            case Let(var, Prim(op, args)) if var.type == ir.INT and (op in UNFAILING or op == "floordiv"
                                                                     and isinstance(args[1], Const) and args[1].value):
                parts = [self.again(build, arg) for arg in args]
                return None if None in parts else build.prim(op, *parts, type=var.type)
            case Let(_, Dim(array, axis)) if array in self.params and isinstance(array.type, Array):
                return build.dim(array, axis)
        return None


def large(count: Callable[..., tuple[int, ...]]) -> Callable[..., bool]:
    """Whether a loop is better run in parts, for arguments of generated code; `count` gives bytes and iterations."""

    def decide(*args) -> bool:
        numbers = count(*args)
        return any(kept > LARGE and (kept < SMALL * trips ** 0.5 or kept > memory() // SHARE)
                   for kept, trips in zip(numbers[::2], numbers[1::2]))

    return decide


@cache
def memory() -> int:
    """The bytes of memory there are, if the system tells."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize
