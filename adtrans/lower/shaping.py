"""Shapes: reshape, ravel, transpose, expand_dims, squeeze, broadcast_to, concatenate, stack, shape, ndim, size."""

from __future__ import annotations

import numpy as np

from adtrans.build import ONE, ZERO, const
from adtrans.ir import Const, Operand
from adtrans.lower import nests, views
from adtrans.lower.builtins import arity, integer
from adtrans.lower.containers import items_of, stack, view_at
from adtrans.lower.creation import convert, shape_of
from adtrans.lower.fancy import nonzero
from adtrans.lower.methods import array_attribute
from adtrans.lower.reductions import axis_argument
from adtrans.lower.scalars import promote, static_int
from adtrans.lower.values import NONE, Along, Arrayish, Lazy, Num, Py, Ref, Seq, SliceV, Value, View


def array(low, value: Value) -> View | Lazy:
    found = low.as_array(value)
    return nests.filled(low, found, (), found.code) if isinstance(found, Num) else found


def flat(low, value: Value) -> View | Lazy:
    """All elements in order, for a function of NumPy's that only reads them."""
    found = array(low, value)
    if found.rank == 1:
        return found
    shape = (product(low, found.shape),)
    view = nests.concrete(low, found)
    made = views.reshaped(low, view, shape)
    return made if made is not None else views.reshaped(low, nests.materialise(low, view), shape)


def reshape(low, args, keywords) -> Value:
    """A view where memory allows it, as in NumPy, else a copy. One extent may be -1."""
    arity(low, "reshape", args, keywords, 1, 2, ("shape", "order", "newshape"))
    value = array(low, args[0])
    wanted = args[1] if len(args) > 1 else keywords.get("shape", keywords.get("newshape", NONE))
    if columns_first(low, keywords.get("order", Py("C"))) and value.rank:
        turned = views.transpose(value, tuple(range(value.rank))[::-1])
        backward = Seq(tuple((items_of(low, wanted) or [wanted])[::-1]))
        found = reshape(low, [split_off(low, turned), backward], {})
        return views.transpose(found, tuple(range(found.rank))[::-1])
    shape = resolved(low, value, wanted)
    view = without_new_axes(low, nests.concrete(low, value))
    if view.rank == len(shape) == 1:
        return view
    found = views.reshaped(low, view, shape)
    if found is not None:
        return found
    made = nests.materialise(low, view)
    walked = [axis.axis for axis in view.axes if isinstance(axis, Along)]
    if walked == sorted(walked):  # NumPy may or may not have made a copy; a transposed array it always copies
        tellable = len(shape) == 1 and view.base.type.layout == "C"
        apart = low.build.prim("not", mergeable(low, view)) if tellable else None
        low.sever(view.base, made.base, "was reshaped from a part of another", apart)
    return views.reshaped(low, made, shape)


def columns_first(low, order: Value) -> bool:
    """Whether elements are counted with the first index changing fastest."""
    if order not in (Py("C"), Py("F")):
        raise low.error("order= has to be 'C' or 'F'")
    return order == Py("F")


def split_off(low, value: View | Lazy) -> View | Lazy:
    """A copy, where NumPy may or may not make one."""
    if isinstance(value, Lazy) or value.rank < 2:
        return value
    made = nests.materialise(low, value)
    low.sever(value.base, made.base, "was reshaped in Fortran order")
    return made


def resolved(low, value, wanted: Value) -> tuple[Operand, ...]:
    items = [wanted] if isinstance(wanted, Num) else items_of(low, wanted)
    if items is None:
        raise low.error("a shape must be an integer or a tuple of integers", kind="type")
    build = low.build
    extents = [integer(low, item, "an extent") for item in items]
    total = product(low, value.shape)
    unknown = [k for k, extent in enumerate(extents) if extent == const(-1)]
    if len(unknown) > 1:
        raise low.error("can only specify one unknown dimension", kind="value")
    known = product(low, [extent for k, extent in enumerate(extents) if k not in unknown])
    if unknown:
        low.check(build.prim("ne", known, ZERO), "ValueError", "cannot reshape an array into an extent of -1")
        extents[unknown[0]] = build.prim("floordiv", total, known)
        known = product(low, extents)
    if isinstance(total, Const) and isinstance(known, Const) and total != known:
        raise low.error(f"cannot reshape array of size {total.value} into shape {nests.spell(extents)}", kind="value")
    if not low.equal_extents(total, known):
        low.check(build.prim("eq", total, known), "ValueError", "cannot reshape array: sizes differ:",
                  (total, known))
    return tuple(extents)


def product(low, extents) -> Operand:
    total: Operand = ONE
    for extent in extents:
        total = low.build.prim("mul", total, extent)
    return total


def ravel(low, args, keywords) -> Value:
    arity(low, "ravel", args, keywords, 1, 2, ("order",))
    value = array(low, args[0])
    if columns_first(low, args[1] if len(args) > 1 else keywords.get("order", Py("C"))):
        value = split_off(low, views.transpose(value, tuple(range(value.rank))[::-1]))
    value = without_new_axes(low, value)
    if value.rank == 1:
        if isinstance(value, View) and views.contiguous(low, value) is None:
            made = nests.materialise(low, value)
            if value.base.type.layout == "A" and value.base not in low.params:
                low.sever(value.base, made.base, "was flattened from a part of another")
            return made
        return value
    return reshape(low, [value, Num(product(low, value.shape), True)], {})


def mergeable(low, view: View) -> Operand:
    """Whether the elements of a view of a C-contiguous array lie at equal distances, so that NumPy flattens it without
    a copy; a view without elements does not count."""
    build = low.build
    extents = low.extents[view.base]
    strides: list[Operand] = []
    step: Operand = ONE
    for extent in reversed(extents):
        strides.insert(0, step)
        step = build.prim("mul", step, extent)
    walked = [(view.shape[axis.axis], build.prim("mul", axis.step, stride))
              for axis, stride in zip(view.axes, strides) if isinstance(axis, Along)]
    fits: Operand = build.prim("gt", product(low, view.shape), ZERO)
    for (outer, outer_stride), (inner, inner_stride) in zip(walked, walked[1:]):
        joined = build.prim("eq", outer_stride, build.prim("mul", inner, inner_stride))
        loose = build.prim("or", build.prim("eq", outer, ONE), build.prim("eq", inner, ONE))
        fits = build.prim("and", fits, build.prim("or", joined, loose))
    return fits


def without_new_axes(low, value: View | Lazy) -> View | Lazy:
    """Without axes of extent 1 that np.newaxis made."""
    if isinstance(value, Lazy):
        return value
    walked = {axis.axis for axis in value.axes if isinstance(axis, Along)}
    return views.drop(value, tuple(k for k, extent in enumerate(value.shape) if k not in walked and extent == ONE))


def transpose(low, args, keywords) -> Value:
    arity(low, "transpose", args, keywords, 1, 2, ("axes",))
    value = array(low, args[0])
    axes = args[1] if len(args) > 1 else keywords.get("axes", NONE)
    if axes == NONE:
        return views.transpose(value, tuple(range(value.rank))[::-1])
    order = tuple(axis_argument(low, item) for item in items_of(low, axes))
    if sorted(k % value.rank for k in order) != list(range(value.rank)):
        raise low.error("axes don't match array", kind="value")
    return views.transpose(value, tuple(k % value.rank for k in order))


def swapaxes(low, args, keywords) -> Value:
    arity(low, "swapaxes", args, keywords, 3, 3)
    value = array(low, args[0])
    a, b = (nests.axes_of(low, axis_argument(low, arg), value.rank)[0] for arg in args[1:])
    order = list(range(value.rank))
    order[a], order[b] = b, a
    return views.transpose(value, tuple(order))


def moveaxis(low, args, keywords) -> Value:
    """np.moveaxis: the named axes go where they are wanted, the others keep their order."""
    arity(low, "moveaxis", args, keywords, 1, 3, ("source", "destination"))
    value = array(low, args[0])
    given = [*args[1:], *(keywords[name] for name in ("source", "destination") if name in keywords)]
    wanted = [axis_argument(low, Seq(tuple(items_of(low, arg))) if isinstance(arg, Ref) else arg) for arg in given]
    source, target = (nests.axes_of(low, item, value.rank) if not isinstance(item, tuple) else
                      tuple(nests.axes_of(low, k, value.rank)[0] for k in item) for item in wanted)
    if len(source) != len(target) or len(set(source)) != len(source) or len(set(target)) != len(target):
        raise low.error("`source` and `destination` arguments must have the same number of elements, all different",
                        kind="value")
    order = [k for k in range(value.rank) if k not in source]
    for at, axis in sorted(zip(target, source)):
        order.insert(at, axis)
    return views.transpose(value, tuple(order))


def expand_dims(low, args, keywords) -> Value:
    arity(low, "expand_dims", args, keywords, 1, 2, ("axis",))
    value = array(low, args[0])
    axis = axis_argument(low, args[1] if len(args) > 1 else keywords["axis"])
    wanted = axis if isinstance(axis, tuple) else (axis,)
    return views.expand(value, nests.axes_of(low, wanted, value.rank + len(wanted)))


def squeeze(low, args, keywords) -> Value:
    """Without the named axes; without an axis= those whose extent is known to be 1 go, the others are taken to stay."""
    arity(low, "squeeze", args, keywords, 1, 2, ("axis",))
    value = array(low, args[0])
    axis = axis_argument(low, args[1] if len(args) > 1 else keywords.get("axis", NONE))
    if axis is None:
        gone = tuple(k for k, extent in enumerate(value.shape) if extent == ONE)
        unknown = [extent for extent in value.shape if not isinstance(extent, Const)]
        if unknown and low.options.dynamic_broadcast:
            raise low.error("np.squeeze needs axis= here: an extent that is computed may be 1 or not",
                            hint="name the axes that go: np.squeeze(a, axis=0)")
        for extent in unknown:
            low.assume(low.build.prim("ne", extent, ONE))
    else:
        gone = nests.axes_of(low, axis, value.rank)
        for k in gone:
            low.check(low.build.prim("eq", value.shape[k], ONE), "ValueError",
                      "cannot select an axis to squeeze out which has size not equal to one")
    return views.drop(value, gone)


def diagonal(low, args, keywords) -> Value:
    """np.diagonal: a view, not to be written to, of the elements whose two indices differ by `offset`."""
    arity(low, "diagonal", args, keywords, 1, 4, ("offset", "axis1", "axis2"))
    given = dict(zip(("offset", "axis1", "axis2"), args[1:])) | keywords
    value = nests.concrete(low, array(low, args[0]))
    if value.rank < 2:
        raise low.error("diag requires an array of at least two dimensions", kind="value")
    pair = [axis_argument(low, given.get(name, Num(const(k), True))) for k, name in enumerate(("axis1", "axis2"))]
    first, second = (nests.axes_of(low, axis, value.rank)[0] for axis in pair)
    if first == second:
        raise low.error("axis1 and axis2 cannot be the same", kind="value")
    build = low.build
    offset = integer(low, given.get("offset", Num(ZERO, True)), "offset")
    down, right = build.prim("max", build.prim("neg", offset), ZERO), build.prim("max", offset, ZERO)
    rows, columns = build.prim("sub", value.shape[first], down), build.prim("sub", value.shape[second], right)
    extent = rows if low.equal_extents(rows, columns) else build.prim("min", rows, columns)
    extent = extent if low.bounds.at_least(extent, 0) else build.prim("max", extent, ZERO)
    others = [k for k in range(value.rank) if k not in (first, second)]
    last = len(others)
    starts = [(last, down, ONE) if k == first else (last, right, ONE) if k == second else (others.index(k), ZERO, ONE)
              for k in range(value.rank)]
    return views.compose(low, value, starts, (*(value.shape[k] for k in others), extent))


def broadcast_arrays(low, args, keywords) -> Value:
    arity(low, "broadcast_arrays", args, keywords, 0, 99, ("subok",))
    values = [array(low, arg) for arg in args]
    shape = nests.broadcast_shapes(low, [value.shape for value in values])
    return Seq(tuple(nests.concrete(low, views.broadcast(low, value, shape)) for value in values))


def argwhere(low, args, keywords) -> Value:
    """np.argwhere: the indices of the elements that are not zero, one row for each."""
    arity(low, "argwhere", args, keywords, 1, 1)
    found = nonzero(low, array(low, args[0]))
    return nests.materialise(low, views.transpose(stack(low, list(found), 0), (1, 0)))


def broadcast_to(low, args, keywords) -> Value:
    arity(low, "broadcast_to", args, keywords, 2, 2)
    return nests.require_shape(low, array(low, args[0]), shape_of(low, args[1]))


def broadcast_shapes(low, args, keywords) -> Value:
    """np.broadcast_shapes of tuples."""
    shapes = [tuple(integer(low, item, "an extent") for item in items_of(low, arg) or (arg,)) for arg in args]
    return Seq(tuple(Num(extent, True) for extent in nests.broadcast_shapes(low, shapes)))


def concatenate(low, args, keywords) -> Value:
    arity(low, "concatenate", args, keywords, 1, 3, ("axis", "out", "dtype"))
    axis = axis_argument(low, args[1] if len(args) > 1 else keywords.get("axis", Num(ZERO, True)))
    out = args[2] if len(args) > 2 else keywords.get("out", NONE)
    return into(low, concatenated(low, args[0], axis), out, keywords.get("dtype", NONE))


def into(low, found: View, out: Value, dtype: Value) -> Value:
    """A new array with another dtype, or written to `out`."""
    if dtype != NONE:
        found = nests.materialise(low, convert(low, found, dtype))
    if out == NONE:
        return found
    if not isinstance(out, View) or out.rank != found.rank:
        raise low.error("Output array has wrong dimensionality", kind="value")
    if found.code[0] == "f" and out.code[0] != "f":
        raise low.error(f"Cannot cast array data from {found.dtype} to {out.dtype}", kind="type")
    for extent, wanted in zip(out.shape, found.shape):
        if not low.equal_extents(extent, wanted):
            low.check(low.build.prim("eq", extent, wanted), "ValueError", "Output array is the wrong shape")
    nests.assign(low, out, found)
    return out


def concatenated(low, values: Value, axis: int | None) -> View:
    items = items_of(low, values)
    if items is None and isinstance(values, Arrayish):
        return rows_joined(low, nests.concrete(low, values), axis)
    if items is None:
        raise low.error("concatenate needs a tuple or list of arrays", kind="type")
    parts = [low.as_array(item) for item in items]
    if not parts or any(isinstance(part, Num) or not part.rank for part in parts):
        raise low.error("zero-dimensional arrays cannot be concatenated", kind="value")
    if axis is None:
        from functools import partial

        parts, axis = list(map(partial(ravel_one, low), parts)), 0
    return joined(low, parts, nests.axes_of(low, axis, parts[0].rank)[0])


def rows_joined(low, value: View, axis: int | None) -> View:
    """The items of an array one after the other along an axis."""
    if axis is None:
        return nests.materialise(low, flat(low, value))
    (at,) = nests.axes_of(low, axis, value.rank - 1)
    order = (*range(1, at + 1), 0, *range(at + 1, value.rank))
    inner = value.shape[1:]
    shape = (*inner[:at], low.build.prim("mul", value.shape[0], inner[at]), *inner[at + 1:])
    return views.reshaped(low, nests.materialise(low, views.transpose(value, order)), shape)


def ravel_one(low, value: Value) -> Value:
    return ravel(low, [value], {})


def joined(low, parts, axis: int) -> View:
    """The parts one after the other along an axis."""
    rank = parts[0].rank
    if any(part.rank != rank for part in parts):
        raise low.error("all the input array dimensions except for the concatenation axis must match", kind="value")
    extent: Operand = ZERO
    for part in parts:
        extent = low.build.prim("add", extent, part.shape[axis])
        for k in range(rank):
            if k != axis and not low.equal_extents(part.shape[k], parts[0].shape[k]):
                low.check(low.build.prim("eq", part.shape[k], parts[0].shape[k]), "ValueError",
                          "all the input array dimensions except for the concatenation axis must match exactly",
                          (part.shape[k], parts[0].shape[k]))
    code, _ = promote(*((part.code, False) for part in parts))
    kinds = {part.dtype for part in parts}
    code = kinds.pop() if len(kinds) == 1 else code
    shape = (*parts[0].shape[:axis], extent, *parts[0].shape[axis + 1:])
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))
    start: Operand = ZERO
    full = SliceV(NONE, NONE, NONE)
    for part in parts:
        stop = low.build.prim("add", start, part.shape[axis])
        piece = SliceV(Num(start, True), Num(stop, True), NONE)
        target = view_at(low, out, (*[full] * axis, piece, *[full] * (rank - axis - 1)))
        target = View(target.base, target.axes, (*shape[:axis], part.shape[axis], *shape[axis + 1:]))
        nests.write(low, target, part)
        start = stop
    return out


def stack_(low, args, keywords) -> Value:
    arity(low, "stack", args, keywords, 1, 3, ("axis", "out", "dtype"))
    found = stacked(low, args[0], args[1] if len(args) > 1 else keywords.get("axis", Num(ZERO, True)))
    return into(low, found, args[2] if len(args) > 2 else keywords.get("out", NONE), keywords.get("dtype", NONE))


def stacked(low, values: Value, along: Value) -> View:
    if isinstance(values, Arrayish) and values.rank:
        to = nests.axes_of(low, axis_argument(low, along), values.rank)[0]
        order = (*range(1, to + 1), 0, *range(to + 1, values.rank))
        return nests.materialise(low, views.transpose(values, order))
    items = items_of(low, values)
    if not items:
        raise low.error("need at least one array to stack", kind="value")
    parts = [low.as_array(item) for item in items]
    axis = axis_argument(low, along)
    rank = 0 if isinstance(parts[0], Num) else parts[0].rank
    return stack(low, parts, nests.axes_of(low, axis, rank + 1)[0])


def flip(low, args, keywords) -> Value:
    arity(low, "flip", args, keywords, 1, 2, ("axis",))
    value = nests.concrete(low, array(low, args[0]))
    axis = axis_argument(low, args[1] if len(args) > 1 else keywords.get("axis", NONE))
    axes = nests.axes_of(low, axis, value.rank)
    back = SliceV(NONE, NONE, Num(const(-1), True))
    full = SliceV(NONE, NONE, NONE)
    return views.subscript(low, value, tuple(back if k in axes else full for k in range(value.rank)))


def attribute_function(name: str):
    def run(low, args, keywords) -> Value:
        arity(low, name, args, keywords, 1, 2, ("axis",))
        value = low.as_array(args[0])
        if isinstance(value, Num):
            return Seq(()) if name == "shape" else Num(const(0 if name == "ndim" else 1), True)
        if len(args) > 1 or "axis" in keywords:
            axis = static_int(args[1] if len(args) > 1 else keywords["axis"])
            return Num(value.shape[axis], True)
        return array_attribute(low, value, name)

    return run


TABLE = {
    np.reshape: reshape, np.ravel: ravel, np.transpose: transpose, np.swapaxes: swapaxes, np.moveaxis: moveaxis,
    np.expand_dims: expand_dims, np.squeeze: squeeze, np.broadcast_to: broadcast_to,
    np.broadcast_shapes: broadcast_shapes, np.concatenate: concatenate,
    np.stack: stack_, np.flip: flip, np.shape: attribute_function("shape"), np.ndim: attribute_function("ndim"),
    np.size: attribute_function("size"), np.diagonal: diagonal, np.broadcast_arrays: broadcast_arrays,
    np.argwhere: argwhere,
}
__all__ = ["Arrayish", "TABLE", "ravel", "reshape"]
