"""Reverse mode: from a program to the program of its value and gradient.

    differentiate(program, (x,), seeds=[(result, const(1.0))], values=(result,))

The forward sweep is the program itself with what the plan wants stored, the reverse sweep follows (see `reverse`);
loops whose iterations are on their own are reversed in place (see `local`), others in parts (see `segments`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from adtrans.analysis.activity import Activity, analyse
from adtrans.analysis.regions import Regions
from adtrans.build import Builder, zero
from adtrans.extremes import located
from adtrans.factorise import factorise
from adtrans.ir import Array, For, ListOf, Operand, Prim, Program, Var
from adtrans.local import Local, local_loops, reverse_in_place
from adtrans.matrices import keep_operands
from adtrans.originals import keep_originals
from adtrans.reverse import Reverse, Seeds, add_nest, bar_name
from adtrans.rules.rule import TRANSCENDENTAL, plain
from adtrans.segments import Segments, runs_again, segmented
from adtrans.sizing import sizes
from adtrans.storage import Stack, Storage, Tape
from adtrans.tape import forward_sweep
from adtrans.windows import Window, keep, windows


def differentiate(program: Program, inputs: tuple[Var, ...], *, seeds: Seeds, shadows: dict[Var, Var] | None = None,
                  ends: tuple[Var, ...] = (), values: tuple[Operand, ...] = (), in_place: bool = True) -> Program:
    """The program that returns `values` and the adjoints of `inputs`.

    `seeds` pairs results with their adjoints: constants, or variables that become parameters. `shadows` are parameters
    that take the gradients of array parameters; array inputs without one are allocated and returned. `ends` are array
    parameters whose shadows hold the adjoints of what the program leaves in them. Without `in_place` no loop is
    reversed before the whole program has run.
    """
    outputs = (*(result for result, _ in seeds), *ends)
    activity = analyse(program, inputs, outputs)
    kept = factorise(program, activity)
    if kept is not program:
        program, activity = kept, analyse(kept, inputs, outputs)
    kept = located(program, activity)
    if kept is not program:
        program, activity = kept, analyse(kept, inputs, outputs)
    kept = keep_operands(program, activity)
    if kept is not program:
        program, activity = kept, analyse(kept, inputs, outputs)
    kept = keep_originals(program, activity) if in_place else program
    if kept is not program:
        program, activity = kept, analyse(kept, inputs, outputs)
    settled = program, activity, inputs, seeds, shadows or {}, values, in_place
    reverse, made = sweeps(*settled)
    parts = frozenset() if not in_place else heavy(program, reverse.storage)
    if parts:
        reverse, made = sweeps(*settled, parts=parts)
    kept = taped(reverse)
    rows, instead = windows(reverse.storage, kept)
    if rows or any(spared(reverse, var, kept) for var in kept):
        reverse, made = sweeps(*settled, kept - instead, rows, parts)
    return made


def heavy(program: Program, storage: Storage) -> frozenset[int]:
    """The loops to be run in parts of whose iterations values are kept, by identity."""
    marked = {id(item): item for item in program.body if isinstance(item, For) and item.segments is not None}
    if not marked:
        return frozenset()
    holders = {id(loop.owner) for var, plan in storage.plans.items() if isinstance(plan, (Tape, Stack))
               for loop in storage.regions.home[var].loops}
    return frozenset(marked.keys() & holders)


def taped(reverse: Reverse) -> frozenset[Var]:
    """The values that the reverse sweep takes from tapes."""
    return frozenset(var for var, plan in reverse.storage.plans.items() if isinstance(plan, Tape))


def spared(reverse: Reverse, var: Var, kept: frozenset[Var]) -> bool:
    """Whether a value need not be taped if others are."""
    match reverse.storage.definition(var):
        case Prim(op, args):
            return plain(op) not in TRANSCENDENTAL and not reverse.needs_result(var) and all(
                arg in kept or reverse.storage.free(arg) for arg in args)
    return False


def sweeps(program: Program, activity: Activity, inputs: tuple[Var, ...], seeds: Seeds, given: dict[Var, Var],
           values: tuple[Operand, ...], in_place: bool, wanted: frozenset[Var] = frozenset(),
           rows: Sequence[Window] = (), parts: frozenset[int] = frozenset()) -> tuple[Reverse, Program]:
    """The program with both sweeps; `wanted` are values that are taped in any case, `rows` elements that are, `parts`
    loops that are run again in parts."""
    regions = Regions(program)
    prologue = Builder(relaxed=True)
    made: dict[Var, Var] = {}
    others: dict[Var, Var] = {}
    for var in dict.fromkeys((*inputs, *program.params)):
        if isinstance(var.type, Array) and var not in given and (var in inputs or activity.memory_active(var)):
            shape = tuple(prologue.dim(var, k) for k in range(var.type.rank))
            (made if var in inputs else others)[var] = prologue.alloc(var.type.dtype, shape, "zeros", bar_name(var))
    local = local_loops(program, activity, regions, seeds) if in_place else {}
    cut = {at: each for at, each in segmented(program, activity, regions, parts).items() if at not in local}
    reverse = Reverse(program, activity, regions, {**given, **made, **others}, local, wanted, {
        at: partial(each.reverse, differentiate=differentiate) for at, each in cut.items()})
    for each in cut.values():
        each.forward(reverse.companions)
    keep(reverse.storage, rows)
    reverse.untouched = set(made) - set(reverse.companions)
    for each in local.values():
        reverse_in_place(each, reverse, differentiate)
    for result, bar in seeds:
        if isinstance(result.type, Array):
            if activity.is_active(result):
                add_nest(reverse.build, reverse.shadow(result), bar)
        elif isinstance(result, Var) and result.type.is_float:
            reverse.add(result, bar)
    reverse.block(program.body)
    body = (*prologue.here.body, *forward_sweep(program, reverse.storage, reverse.companions, {**local, **cut}),
            *reverse.build.here.body)
    shadows = reverse.mirrors[regions.root].shadows
    gradients = tuple(shadows[var] if var in made else reverse.bars.get(var, zero(var.type))
                      for var in inputs if var not in given)
    params = (*program.params, *given.values(), *(bar for _, bar in seeds if isinstance(bar, Var)))
    facts = {**program.facts, "outputs": (*program.facts.get("outputs", ()), *given.values()),
             "discrete": activity.discrete,
             "tapes": tapes_of(reverse, [*local.values(), *cut.values()]).union(program.facts.get("tapes", ())),
             "own stacks": frozenset(stack for each in local.values() for stack in each.tapes
                                     if isinstance(stack.type, ListOf)),
             "reversed": frozenset(reverse.reversed), "plans": tuple(reverse.plans),
             "snapshots": tuple((each.loop.span, tuple(each.snapshots.values())) for each in cut.values()),
             "forward": len(body) - len(reverse.build.here.body),
             "sizes": sizes(program, reverse.storage, runs_again(program, activity, local)) if in_place else None}
    return reverse, replace(program, params=params, body=body, results=(*values, *gradients), facts=facts)


def tapes_of(reverse: Reverse, loops: list[Local | Segments]) -> set[Var]:
    """The tapes and stacks that are made at the level of the program."""
    found = {plan.array if isinstance(plan, Tape) else plan.stack for plan in reverse.storage.plans.values()
             if isinstance(plan, (Tape, Stack))}
    return found.union(*(each.tapes for each in loops))
