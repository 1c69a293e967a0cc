"""`vmap(fun)(...)`: a function called for each row of its arguments, as a loop that stores what it returns in rows.

    ys = vmap(f)(xs)          ys = np.empty((n, ...))
                              for i in range(n):
                                  ys[i] = f(xs[i])

The function is read once to see what it returns, for the rows to be made before the loop.
"""

from __future__ import annotations

import ast
from typing import Any

from adtrans.build import ONE, ZERO
from adtrans.ir import Alloc, Dim, Operand, Prim, Var, walk
from adtrans.lower import containers, loops, nests, views
from adtrans.lower.scalars import as_type
from adtrans.lower.transforms import Bound, Derived, run
from adtrans.lower.values import NONE, Contents, Num, Py, Range, Ref, Seq, SliceV, Value, View

FULL = SliceV(NONE, NONE, NONE)
ROW = ast.For(ast.Name("i", ast.Store()), ast.Constant(0), [], [])


def mapped(low, derived: Derived, names: Bound) -> Value:
    """The results of the function for all rows, each an array with an axis in front."""
    axes = axes_by_name(low, derived.options.get("in_axes", 0), names)
    names = names.with_values({name: low.solid(value) for name, value in names.items()})
    extents: list[Operand] = []
    for name, value in names.items():
        gather_extents(low, value, axes[name], name, extents)
    if not extents:
        raise low.error("vmap needs an axis to go along, but in_axes is None for all arguments", kind="value")
    count = common(low, extents)

    def rows(at: Operand) -> Value:
        return run(low, derived.fun, names.with_values({name: row(low, value, axes[name], at)
                                                        for name, value in names.items()}))

    out = results(low, count, rows)

    def body(at: Value) -> None:
        store(low, out, rows(at.operand), at.operand)

    loops.over(low, ROW, Range(ZERO, count, ONE), body, None)
    return out


def axes_by_name(low, in_axes: Any, names: Bound) -> dict[str, Any]:
    """The entry of `in_axes` for each argument; what the caller has given nothing for is not mapped."""
    known = names.free
    if isinstance(in_axes, (tuple, list)):
        if len(in_axes) > len(known):
            raise low.error(f"in_axes has {len(in_axes)} entries for {len(known)} arguments", kind="value")
        found = dict(zip(known, in_axes))
    else:
        found = dict.fromkeys(known, in_axes)
    return {name: None if name in names.fixed else found.get(name) for name in names}


def inner_axes(low, axes: Any, contents: Contents | Seq) -> list[Any]:
    """The axes for the items of a container: one for all, or a container of them."""
    items = contents.values if isinstance(contents, Contents) else contents.items
    if axes is None or isinstance(axes, int):
        return [axes] * len(items)
    if isinstance(axes, dict) and isinstance(contents, Contents) and contents.keys is not None:
        if set(axes) == set(contents.keys):
            return [axes[key] for key in contents.keys]
    elif isinstance(axes, (tuple, list)) and len(axes) == len(items):
        return list(axes)
    raise low.error("in_axes needs the structure of the argument", kind="value")


def children(low, value: Value) -> Contents | Seq | None:
    if isinstance(value, Ref):
        return low.contents(value)
    return value if isinstance(value, Seq) else None


def gather_extents(low, value: Value, axes: Any, name: str, found: list[Operand]) -> None:
    """The extents of the axes that are gone along."""
    inner = children(low, value)
    if inner is not None:
        items = inner.values if isinstance(inner, Contents) else inner.items
        for item, axis in zip(items, inner_axes(low, axes, inner)):
            gather_extents(low, item, axis, name, found)
    elif axes is not None and isinstance(value, View):
        found.append(value.shape[place(low, axes, value, name)])
    elif axes is not None and isinstance(value, Num):
        raise low.error(f"vmap goes along axis {axes} of {name!r}, but a number has none", kind="value",
                        hint="in_axes=None passes it on as it is")


def place(low, axis: Any, value: View, name: str) -> int:
    if not isinstance(axis, int) or not -value.rank <= axis < value.rank:
        raise low.error(f"axis {axis} in in_axes is out of bounds for {name!r} of {value.rank} axes", kind="value")
    return axis % value.rank


def common(low, extents: list[Operand]) -> Operand:
    first = extents[0]
    for other in extents[1:]:
        if not low.equal_extents(first, other):
            low.check(low.build.prim("eq", first, other), "ValueError",
                      "vmap needs axes of one length; lengths", (first, other))
            low.declare_equal(first, other)
    return first


def row(low, value: Value, axes: Any, at: Operand) -> Value:
    """An argument for one row."""
    inner = children(low, value)
    if isinstance(inner, Seq):
        return Seq(tuple(row(low, *pair, at) for pair in zip(inner.items, inner_axes(low, axes, inner))), inner.cls)
    if isinstance(inner, Contents):
        items = tuple(row(low, *pair, at) for pair in zip(inner.values, inner_axes(low, axes, inner)))
        return low.new_cell(Contents(inner.cls, items, inner.keys))
    if axes is None or not isinstance(value, View):
        return value
    return views.subscript(low, value, (*(FULL,) * place(low, axes, value, ""), Num(at, True)))


# --- results ---------------------------------------------------------------------------------------------


def results(low, count: Operand, rows) -> Value:
    """What is returned, not filled yet."""
    mark, env, errors = low.build.mark(), dict(low.env), len(low.errors)
    found: list[Value] = []
    with low.build.block() as block:
        loops.over(low, ROW, Range(ZERO, count, ONE), lambda at: found.append(rows(at.operand)), None)
        made = shapes(low, found[-1])
    low.env = env
    del low.errors[errors:]
    low.build.rollback(mark)
    sizes = {var: statement.shape for statement in walk(block.body) if isinstance(statement, Alloc)
             for var in (statement.var,)}
    return allocated(low, made, count, sizes)


def shapes(low, value: Value) -> Any:
    """A result with dtype and shape in place of numbers and arrays."""
    match value:
        case Seq(items, cls):
            return Seq(tuple(shapes(low, item) for item in items), cls)
        case Ref():
            contents = low.contents(value)
            return Contents(contents.cls, tuple(shapes(low, item) for item in contents.values), contents.keys)
        case Py():
            return value
    found = low.as_array(value)
    return found.code if isinstance(found, Num) else found.dtype, getattr(found, "shape", ())


def allocated(low, made: Any, count: Operand, sizes: dict) -> Value:
    match made:
        case Seq(items, cls):
            return Seq(tuple(allocated(low, item, count, sizes) for item in items), cls)
        case Contents(cls, items, keys):
            return low.new_cell(Contents(cls, tuple(allocated(low, item, count, sizes) for item in items), keys))
        case Py():
            return made
    dtype, shape = made
    extents = (count, *(before(low, extent, sizes) for extent in shape))
    return views.whole(low, low.fresh(low.build.alloc(dtype, extents, "empty")))


def before(low, extent: Operand, sizes: dict) -> Operand:
    """An extent computed within the loop, computed before it."""
    if not isinstance(extent, Var) or low.visible(extent) or extent in low.params:
        return extent
    match low.build.definitions.get(extent):
        case Prim(op, args):
            return low.build.prim(op, *(before(low, arg, sizes) for arg in args), type=extent.type)
        case Dim(array, axis) if array in sizes:
            return before(low, sizes[array][axis], sizes)
        case Dim(array, axis) if array in low.params or low.visible(array):
            return low.build.dim(array, axis)
    raise low.error("the shape of what the function returns is not known before it is called",
                    hint="write a loop over the rows, or return an array with the shape of an argument")


def store(low, out: Value, value: Value, at: Operand) -> None:
    """out[at] = value."""
    match out:
        case Seq(items):
            for item, part in zip(items, value.items):
                store(low, item, part, at)
        case Ref():
            for item, part in zip(low.contents(out).values, low.contents(value).values):
                store(low, item, part, at)
        case View() if out.rank == 1 and isinstance(low.as_array(value), Num):
            views.store(low, out, (at,), as_type(low, low.as_array(value), out.code).operand)
        case View():
            nests.assign(low, containers.view_at(low, out, (Num(at, True),)), value)


__all__ = ["mapped"]
