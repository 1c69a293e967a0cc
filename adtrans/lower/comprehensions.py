"""List comprehensions and generator arguments.

Over containers of known length they are unrolled; over ranges and arrays a list comprehension of numbers is an
array, and a generator is only ever consumed by sum, min, max, any, all, list, tuple and np.array.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from adtrans.build import FALSE, ONE, ZERO, const
from adtrans.ir import Const, Operand, Var
from adtrans.lower import containers, joins, loops, nests, views
from adtrans.lower.context import Frame
from adtrans.lower.expressions import settled
from adtrans.lower.names import names_assigned
from adtrans.lower.scalars import as_type
from adtrans.lower.values import Contents, Lazy, Num, Seq, Value, View

SHORT = 16


@dataclass(frozen=True, eq=False)
class Generator:
    """A generator expression not yet consumed: `run(each)` reads its loops, calling each(item)."""

    node: ast.AST
    run: Callable[[Callable[[Value], None]], None]


def as_generator(low, node) -> Generator:
    return Generator(node, lambda each: run_clauses(low, node, node.elt, node.generators, each))


def run_clauses(low, node, elt: ast.expr, generators, each: Callable[[Value], None]) -> None:
    """The loops of a comprehension, in a scope of their own."""
    from adtrans.lower.statements import assign_target, condition

    frame = low.frame
    inner = Frame(frame.source, next(low.numbers), frozenset(targets(generators)),
                  {**frame.outer, **dict.fromkeys(frame.assigned, frame.number)})
    inner.forbidden = frozenset()
    inner.pinned = frame.pinned
    low.frame_table[inner.number] = inner
    low.env["flow", "returned", inner.number] = Num(FALSE, True)

    def clause(k: int) -> None:
        if k == len(generators):
            each(settled(low, elt))
            return
        generator = generators[k]
        iterable = settled(low, generator.iter)

        def item(value: Value) -> None:
            assign_target(low, generator.target, value)
            tests(list(generator.ifs))

        def tests(remaining: list) -> None:
            if not remaining:
                clause(k + 1)
                return
            test = condition(low, remaining[0])
            if isinstance(test, Const):
                if test.value:
                    tests(remaining[1:])
                return
            joins.branch(low, test, lambda: tests(remaining[1:]), lambda: None)

        trips = loops.constant_trips(iterable)
        if trips is not None and trips <= SHORT:
            iterable = Seq(tuple(loops.item_at(low, iterable, const(at)) for at in range(trips)))
        loops.over(low, generator, iterable, item, None)

    low.frames.append(inner)
    try:
        clause(0)
    finally:
        low.frames.pop()


def targets(generators) -> set[str]:
    return set().union(*(names_assigned([ast.Assign([g.target], ast.Constant(0))]) for g in generators))


def list_comprehension(low, node, elt: ast.expr, generators) -> Value:
    """A list when every item is known one by one, else an array of numbers."""
    generator = Generator(node, lambda each: run_clauses(low, node, elt, generators, each))
    return collect(low, generator, list)


def collect(low, generator: Generator, cls: type) -> Value:
    """The items of a generator as a list or tuple of known length, or as an array."""
    if unrollable(low, generator):
        items: list[Value] = []
        generator.run(lambda value: items.append(nests.materialise(low, value) if isinstance(value, Lazy) else value))
        return low.new_cell(Contents(list, tuple(items))) if cls is list else Seq(tuple(items))
    return to_array(low, generator)


def unrollable(low, generator: Generator) -> bool:
    """Whether the clauses run over containers of known length without run-time conditions."""
    mark, env, errors = low.build.mark(), dict(low.env), len(low.errors)
    depth = low.counted_depth
    seen: list[int] = []
    try:
        with low.build.block():
            generator.run(lambda value: seen.append(low.branch_depth + low.counted_depth))
        del low.errors[errors:]
    finally:
        low.env = env
        low.build.rollback(mark)
    return all(found == depth + low.branch_depth for found in seen)


def to_array(low, generator: Generator) -> View:
    """A first pass counts the items, a second stores them."""
    kinds: list[tuple[str, bool]] = []
    mark, env, errors = low.build.mark(), dict(low.env), len(low.errors)
    shapes: list = []

    def note(value: Value) -> None:
        found = low.as_array(value)
        kinds.append((found.code, found.weak))
        shapes.append(() if isinstance(found, Num) else found.shape)

    with low.build.block():
        generator.run(note)
    low.env = env
    del low.errors[errors:]
    low.build.rollback(mark)
    inner = shapes[0] if shapes else ()
    if any(isinstance(extent, Var) and not low.visible(extent) for extent in inner):
        raise low.error("the length of this list of arrays is not known before the program runs",
                        hint="preallocate a 2-d array and fill its rows")
    code = kinds[0][0] if kinds else "f8"
    extent = count_items(low, generator)
    out = views.whole(low, low.fresh(low.build.alloc(code, (extent, *inner), "empty")))
    position_key = low.new_key("position")
    low.env[position_key] = Num(ZERO, True)

    def put(value: Value) -> None:
        at = low.env[position_key].operand
        if inner:
            nests.assign(low, containers.view_at(low, out, (Num(at, True),)), value)
        else:
            views.store(low, out, (at,), as_type(low, low.as_array(value), code).operand)
        low.env[position_key] = Num(low.build.prim("add", at, ONE), True)

    generator.run(put)
    low.env.pop(position_key)
    return out


def count_items(low, generator: Generator) -> Operand:
    key = low.new_key("count")
    low.env[key] = Num(ZERO, True)

    def count(value: Value) -> None:
        low.env[key] = Num(low.build.prim("add", low.env[key].operand, ONE), True)

    generators = generator.node.generators
    if len(generators) == 1 and not generators[0].ifs:
        iterable = settled(low, generators[0].iter)
        low.env.pop(key)
        return loops.extent_of(low, iterable)
    generator.run(count)
    return low.env.pop(key).operand


def other_comprehension(low, node) -> Value:
    if isinstance(node, ast.DictComp):
        pair = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node.value)
        generator = Generator(node, lambda each: run_clauses(low, node, pair, node.generators, each))
        if not unrollable(low, generator):
            raise low.error("the keys of a dict have to be known before the program runs")
        items: dict = {}

        def put(value: Value) -> None:
            items[containers.static_key(low, value.items[0])] = value.items[1]

        generator.run(put)
        return low.new_cell(Contents(dict, tuple(items.values()), tuple(items)))
    if isinstance(node, ast.SetComp):
        raise low.error("sets are not in the language", hint="use a list")
    raise low.error("a generator can only be an argument of sum, min, max, any, all, list, tuple or np.array",
                    hint="use a list comprehension")


def fold(low, generator: Generator, init: Value, step: Callable[[Value, Value], Value]) -> Value:
    """Consume a generator: state = step(state, item) for each item."""
    key = low.new_key("state")
    low.env[key] = init

    def each(value: Value) -> None:
        low.env[key] = step(low.settled(low.env[key], "the state"), value)

    generator.run(each)
    return low.settled(low.env.pop(key), "the state")


__all__ = ["Generator", "as_generator", "collect", "const", "fold", "list_comprehension", "other_comprehension"]
