"""What a gradient keeps: `g.explain(*args)` statement by statement, `g.memory(*args)` in bytes.

    explain.py:7  t = np.sin(x[i]) * t
        t      taped       t_tape, 8000 bytes   the loop goes on to change it: one element for each iteration
        x[i]   read again  x                    nothing writes to it after it has been read

Sizes are found by a program of their own: the gradient's, of which only what decides them is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from adtrans import ir
from adtrans.build import ONE, Builder, const
from adtrans.ir import (
    Alloc,
    Array,
    Check,
    Let,
    Load,
    NewList,
    Operand,
    Pop,
    Prim,
    Print,
    Program,
    Push,
    Scalar,
    Stmt,
    Var,
)
from adtrans.names import choose_names
from adtrans.optimise.simplify import simplify
from adtrans.rules.rule import TRANSCENDENTAL, plain
from adtrans.storage import Export, Here, Stack, Storage, Tape

ITEM = {"f8": 8, "i8": 8, "f4": 4, "b1": 1, "u8": 8, "i4": 4, "u4": 4, "i2": 2, "u2": 2, "i1": 1, "u1": 1}


WORDS = {"add": "a sum", "sub": "a difference", "mul": "a product", "truediv": "a quotient", "select": "a choice"}


@dataclass(frozen=True)
class Row:
    """One value: the user's line, the value's name, how the sweep back has it, where, in how many bytes, and why."""

    line: int
    text: str
    value: str
    how: str
    where: str
    bytes: int | None
    why: str


@dataclass(frozen=True)
class Explanation:
    """Rows in the order of the user's lines; prints as a table."""

    name: str
    rows: tuple[Row, ...]
    total: int

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.total} bytes are kept for the sweep back"]
        shown = None
        for row in self.rows:
            if row.line != shown:
                shown = row.line
                lines.append(f"line {row.line}: {row.text}")
            place = f"{row.where}, {row.bytes} bytes" if row.bytes is not None else row.where
            lines.append(f"    {row.value.ljust(10)} {row.how.ljust(11)} {place.ljust(24)} {row.why}".rstrip())
        return "\n".join(lines)

    __repr__ = __str__


def memory(program: Program, args: tuple) -> dict[str, int]:
    """The bytes that a gradient's program keeps for its sweep back, by name, and their "total"."""
    found = dict(sizes(program, args).values())
    return {**found, "total": sum(found.values())}


def explain(reading: Any, program: Program, args: tuple) -> Explanation:
    """How the sweep back of a gradient's program gets at each value that it needs."""
    kept = sizes(program, args)
    main, *loops = program.facts["plans"]
    found = [*rows_of(main, kept), *(row for storage in loops for row in rows_of(storage, kept, in_place=True))]
    found += [in_parts(span, snapshots, kept) for span, snapshots in program.facts["snapshots"] if span is not None]
    rows = list(dict.fromkeys(found))
    rows += others(reading.value.body, {row.line for row in rows})
    rows.sort(key=lambda row: row.line)
    return Explanation(reading.lowered.source.name, tuple(rows), sum(size for _, size in kept.values()))


# --- rows ------------------------------------------------------------------------------------------------


def rows_of(storage: Storage, kept: dict[Var, tuple[str, int]], in_place: bool = False) -> Iterator[Row]:
    """A row for each value that the sweep back has asked for, but for constants and counters; `in_place` for a loop
    each of whose iterations is reversed right after it has run."""
    for var, plan in storage.plans.items():
        statement = storage.regions.definition.get(var)
        span = getattr(statement, "span", None)
        if span is None or not isinstance(var.type, Scalar):
            continue
        if not (var.type.is_float or isinstance(plan, (Tape, Stack))):
            continue
        how, where, size, why = described(storage, var, plan, kept)
        if in_place and isinstance(plan, Here):
            why = "its iteration is reversed right after it has run"
        yield Row(span.line, " ".join(span.text.split()), name_of(storage, var), how, where, size, why)


def in_parts(span: Any, snapshots: tuple[Var, ...], kept: dict[Var, tuple[str, int]]) -> Row:
    """The row of a loop that is run again in parts."""
    found = [kept[var] for var in snapshots if var in kept]
    return Row(span.line, " ".join(span.text.split()), "the loop", "run again", ", ".join(name for name, _ in found),
               sum(size for _, size in found), "in parts, from snapshots: tapes hold what one part needs")


def others(body: tuple[Stmt, ...], known: set[int]) -> list[Row]:
    """A row for each line that computes something of which the sweep back needs nothing."""
    found = {}
    for statement in ir.walk(body):
        span = getattr(statement, "span", None)
        if isinstance(statement, (Let, ir.Store, ir.Accumulate)) and span is not None and span.line not in known:
            found.setdefault(span.line, Row(span.line, " ".join(span.text.split()), "", "not needed", "", None,
                                            "the sweep back reads nothing of it"))
    return list(found.values())


def described(storage: Storage, var: Var, plan: Any, kept: dict[Var, tuple[str, int]]) -> tuple:
    """How, where, bytes and why."""
    match plan:
        case Here():
            return "kept", "a variable", None, "it is outside all loops"
        case Export():
            return "kept", "a variable", None, "it is joined out of its branch"
        case Tape(array) if array in kept:
            return "taped", *kept[array], f"{reason(storage, var)}: an element for each iteration"
        case Stack(stack) if stack in kept:
            return "taped", *kept[stack], f"{reason(storage, var)}, and how often is not known beforehand"
        case Tape() | Stack():
            return "at hand", "a variable", None, "both sweeps go through it together"
    definition = storage.definition(var)
    copy = storage.copies.get(var)
    if copy is not None:
        return "read again", copy.array.name or "an array", None, "the program stores it, and nothing overwrites that"
    if isinstance(definition, Load):
        return "read again", definition.array.name or "an array", None, "nothing writes to it after it has been read"
    return "recomputed", "", None, "what it is made of is at hand, and to compute it costs less than to keep it"


def reason(storage: Storage, var: Var) -> str:
    """Why a value is not computed or read again."""
    match storage.definition(var):
        case Prim(op) if plain(op) in TRANSCENDENTAL:
            return "it costs much to compute"
        case Prim():
            return "what it is made of is not at hand any more"
        case Load():
            return "its element is overwritten later"
    return "the loop goes on to change it"


def name_of(storage: Storage, var: Var) -> str:
    if var.name:
        return var.name
    match storage.definition(var):
        case Load(array) if array.name:
            return f"{array.name}[...]"
        case Prim(op):
            return WORDS.get(op, f"{plain(op)}(...)")
    return "a value"


# --- sizes -----------------------------------------------------------------------------------------------


def sizes(program: Program, args: tuple) -> dict[Var, tuple[str, int]]:
    """Name and bytes of each tape, stack and copy that is kept."""
    from adtrans.backend.python import load_module
    from adtrans.fold import foldable
    from adtrans.specialise import stored_params
    from adtrans.write import write

    pushed, again = pushed_arrays(program)
    wanted = [var for var in kept_arrays(program) if var not in pushed]
    if not wanted:
        return {}
    names = choose_names(program, foldable(program))
    build = Builder()
    counters = {var: build.alloc("i8", (const(2),), "zeros") for var in wanted}
    own = {var: counters[var] for var in program.facts.get("own stacks", ()) if var in counters}
    body = (*build.here.body, *counting(program.body, counters, own, again))
    whole = replace(program, body=body, results=tuple(counters.values()), facts={})
    small = ir.verify(simplify(ir.verify(whole)))
    small = replace(small, mutable=small.mutable & stored_params(small))
    found = load_module(write(small, "sizes"), "sizes", "sizes")(*args)
    found = found if isinstance(found, tuple) else (found,)
    return {var: (names[var], int(peak)) for var, (_, peak) in zip(wanted, found)}


def kept_arrays(program: Program) -> Iterator[Var]:
    """The arrays and stacks that the reverse sweep has had made."""
    for statement in ir.walk(program.body):
        match statement:
            case Alloc(var) if not var.user and (var.name or "").endswith(("tape", "_kept", "_snapshots")):
                yield var
            case NewList(var):
                yield var


def pushed_arrays(program: Program) -> tuple[set[Var], set[Var]]:
    """The arrays that are put on stacks, and those references among them, carried round a loop, to what an earlier
    iteration has put on a stack: but for the first, they are no other arrays."""
    found = {statement.value for statement in ir.walk(program.body)
             if isinstance(statement, Push) and isinstance(statement.value.type, Array)}
    return found, {carry.inside for statement in ir.walk(program.body) for carry in getattr(statement, "carries", ())
                   if carry.inside in found and carry.next in found}


def counting(body: tuple, counters: dict[Var, Var], own: dict[Var, Var], again: set[Var],
             held: Operand = ONE) -> tuple:
    """Statements that count bytes beside those that keep something: what is held now, and the most so far, where so
    many parts run at the same time, each with its own. Checks are left out.

    Only what is pushed is counted: `own` are the stacks that nothing is left on at the end of an iteration, of a loop
    that pushes and pops.
    """
    made: list = []
    for statement in body:
        build = Builder()
        match statement:
            case Check() | Print():
                continue
            case ir.Parallel(stop=stop, body=inner):
                together = build.prim("min", stop, const(threads()))
                made += build.here.body
                made.append(replace(statement, body=counting(inner, counters, own, again, together)))
                continue
            case ir.For(body=inner):
                for stack in pushed_and_popped(inner, own):
                    build.store(own[stack], (const(0),), const(0))
                made.append(replace(statement, body=(*build.here.body, *counting(inner, counters, own, again, held))))
                continue
            case ir.While(head=head, body=inner):
                made.append(replace(statement, head=counting(head, counters, own, again, held),
                                    body=counting(inner, counters, own, again, held)))
                continue
            case ir.If(then=then, orelse=orelse):
                made.append(replace(statement, then=counting(then, counters, own, again, held),
                                    orelse=counting(orelse, counters, own, again, held)))
                continue
        made.append(statement)
        match statement:
            case Alloc(var, shape) if var in counters:
                count(build, counters[var], product(build, (*shape, const(ITEM[var.type.dtype]), held)), False)
            case NewList(var) if var in counters:
                build.store(counters[var], (const(0),), const(0))
            case Push(stack, value) if stack in counters and isinstance(value.type, Array):
                extents = [build.dim(value, axis) for axis in range(value.type.rank)]
                size = product(build, (*extents, const(ITEM[value.type.dtype]), held))
                count(build, counters[stack], size, value not in again)
            case Push(stack, value) if stack in counters:
                count(build, counters[stack], product(build, (const(ITEM[value.type.code]), held)), True)
        made += build.here.body
    return tuple(made)


def pushed_and_popped(body: tuple, stacks: Iterable[Var]) -> list[Var]:
    """The stacks that a body both pushes to and pops from."""
    pushed = {statement.stack for statement in ir.walk(body) if isinstance(statement, Push)}
    popped = {statement.expr.stack for statement in ir.walk(body)
              if isinstance(statement, Let) and isinstance(statement.expr, Pop)}
    return [stack for stack in stacks if stack in pushed and stack in popped]


def threads() -> int:
    """How many parts of a loop run at the same time."""
    import numba

    return numba.get_num_threads()


def product(build: Builder, factors: tuple) -> Any:
    total = factors[0]
    for factor in factors[1:]:
        total = build.prim("mul", total, factor)
    return total


def count(build: Builder, counter: Var, size: Any, more: bool) -> None:
    """What is held is `size`, or so much `more`."""
    now, most = (const(0),), (const(1),)
    held = build.prim("add", build.load(counter, now), size) if more else size
    build.store(counter, now, held)
    build.store(counter, most, build.prim("max", build.load(counter, most), held))


__all__ = ["Explanation", "Row", "explain", "memory"]
