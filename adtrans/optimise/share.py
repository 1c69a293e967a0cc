"""Arrays that take over the memory of others, element by element.

    x_bar = np.empty(n)                          x_bar = np.empty(n)
    tape = np.empty(n)                           for i in range(n):
    for i in range(n):                               x_bar[i] = np.exp(x[i])
        tape[i] = np.exp(x[i])         ->        for i in range(n - 1, -1, -1):
    for i in range(n - 1, -1, -1):                   x_bar[i] = x_bar[i] * total_bar
        x_bar[i] = tape[i] * total_bar

Both are made at function level, of one shape and type, without zeros. The last that is done with `tape` is to read it
in a nest where each iteration of the innermost loop reads its element before it stores that of `x_bar`, in the same
place, and before which nothing is done with `x_bar`. What one iteration stores no other one has still to read: the
place is all the counters of the nest, in some order, none of which is ever negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adtrans import ir
from adtrans.analysis.ranges import Ranges
from adtrans.ir import Accumulate, Alloc, Array, Dim, For, Let, Load, Program, Stmt, Store, Var
from adtrans.splice import spliced


def share(program: Program) -> Program:
    """The program with fewer arrays."""
    while (found := pair(program)) is not None:
        program = merged(program, *found)
    return program


def pair(program: Program) -> tuple[Var, Var] | None:
    """An array that another one can be, and this other one."""
    body = program.body
    made = {item.var: at for at, item in enumerate(body) if isinstance(item, Alloc) and item.fill == "empty"}
    if len(made) < 2:
        return None
    plain, extents = simple_arrays(program, made), {item.var: item.shape for item in body if isinstance(item, Alloc)}
    used: dict[Var, list[int]] = {}
    for at, statement in enumerate(body):
        for item in ir.walk((statement,)):
            for array in accessed(item):
                if array in plain and (not used.get(array) or used[array][-1] != at):
                    used.setdefault(array, []).append(at)
    ranges = None
    for tape in plain:
        if tape in program.results or not used.get(tape):
            continue
        last = used[tape][-1]
        for other in plain:
            if other is not tape and used.get(other, [-1])[0] == last and made[other] < made[tape] \
                    and extents[other] == extents[tape] and other.type == tape.type:
                ranges = ranges or Ranges(program)
                if in_turn(body[last], tape, other, ranges):
                    return tape, other
    return None


def simple_arrays(program: Program, made: dict[Var, int]) -> list[Var]:
    """Those arrays that only elements, extents and results are made of."""
    others = {operand for item in ir.walk(program.body) for operand in (*ir.operands(item), *ir.inner_operands(item))
              if isinstance(operand, Var) and isinstance(operand.type, Array) and operand not in accessed(item)
              and not (isinstance(item, Let) and isinstance(item.expr, Dim))}
    return [var for var in made if var not in others]


def accessed(item: Stmt) -> Iterator[Var]:
    """The array of which a statement reads or writes an element."""
    match item:
        case Let(_, Load(array)) | Store(array) | Accumulate(array):
            yield array


def in_turn(nest: Stmt, tape: Var, other: Var, ranges: Ranges) -> bool:
    """Whether a nest reads elements of one array and then stores those of the other, one after the other."""
    counters: list[Var] = []
    while isinstance(nest, For):
        if type(nest) is not For:
            return False
        counters.append(nest.counter)
        inner = [item for item in nest.body if any(array in (tape, other) for part in ir.walk((item,))
                                                   for array in accessed(part))]
        if len(inner) != 1 or not isinstance(inner[0], For):
            break
        nest = inner[0]
    if not counters:
        return False
    place = None
    stored = False
    for item in nest.body:
        match item:
            case Let(_, Load(array, index)) if array is tape and not stored:
                pass
            case Store(array, index) if array is other and place is not None:
                stored = True
            case _:
                if any(array in (tape, other) for part in ir.walk((item,)) for array in accessed(part)):
                    return False
                continue
        if place is not None and index != place:
            return False
        place = index
    return stored and sorted(map(id, place)) == sorted(map(id, counters)) and all(map(ranges.not_negative, place))


def merged(program: Program, tape: Var, other: Var) -> Program:
    """The program with one array in the place of the other."""
    own = {var: var for var in ir.introduced(program.body)}
    body = tuple(item for item in program.body if not (isinstance(item, Alloc) and item.var is tape))
    swapped, _ = spliced(replace(program, params=(tape,), body=body), (other,), None, own)
    return ir.verify(replace(program, body=swapped))
