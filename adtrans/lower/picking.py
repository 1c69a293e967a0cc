"""Elements taken along an axis, functions given for pieces of an array, loops over all indices of a shape."""

from __future__ import annotations

import numpy as np

from adtrans.build import ONE, ZERO, const
from adtrans.lower import fancy, nests, views
from adtrans.lower.builtins import arity
from adtrans.lower.containers import items_of
from adtrans.lower.creation import shape_of
from adtrans.lower.expressions import arithmetic
from adtrans.lower.reductions import axis_argument
from adtrans.lower.scalars import as_type
from adtrans.lower.shaping import array, flat
from adtrans.lower.values import NONE, Arrayish, Func, Iter, Lazy, Num, Py, Seq, Value, View


def take(low, args, keywords) -> Value:
    """np.take: an index array in place of one axis."""
    arity(low, "take", args, keywords, 2, 5, ("axis", "out", "mode"))
    given = dict(zip(("axis", "out", "mode"), args[2:])) | keywords
    axis = axis_argument(low, given.get("axis", NONE))
    value = nests.concrete(low, array(low, args[0]) if axis is not None else flat(low, args[0]))
    at = 0 if axis is None else nests.axes_of(low, axis, value.rank)[0]
    index = placed(low, low.as_array(args[1]), value.shape[at], given.get("mode", Py("raise")))
    items = (*[fancy.FULL] * at, index)
    found = fancy.gather(low, value, items) if isinstance(index, Arrayish) else views.subscript(low, value, items)
    if isinstance(found, View) and not isinstance(index, Arrayish):
        found = nests.materialise(low, found)
    if given.get("out", NONE) == NONE:
        return found
    if not isinstance(given["out"], View):
        raise low.error("output must be an array", kind="type")
    nests.assign(low, given["out"], found)
    return given["out"]


def placed(low, index: Value, extent, mode: Value) -> Value:
    """An index array made to fit an axis as `mode` says."""
    build = low.build
    if isinstance(index, Arrayish) and index.code == "b1" or isinstance(index, Num) and index.code == "b1":
        index = nests.elementwise(low, lambda t: ("i8", False), lambda x: as_type(low, x, "i8"), index)
    match mode:
        case Py("raise"):
            return index
        case Py("wrap"):
            return arithmetic(low, "mod", index, Num(extent))
        case Py("clip"):
            last = build.prim("sub", extent, ONE)

            def emit(x: Num) -> Num:
                return Num(build.prim("max", ZERO, build.prim("min", x.operand, last)))

            return nests.elementwise(low, lambda t: ("i8", False), emit, index)
    raise low.error("clipmode must be one of 'clip', 'raise', or 'wrap'", kind="value")


def along(low, value: View, indices: View | Lazy, axis: int) -> tuple[Value, ...]:
    """The index that takes, at each place, the element that `indices` names on one axis."""
    if indices.code != "i8":
        raise low.error("`indices` must be an integer array", kind="index")
    if indices.rank != value.rank:
        raise low.error("`indices` and `arr` must have the same number of dimensions", kind="value")
    items: list[Value] = []
    for k, extent in enumerate(value.shape):
        line = Lazy((extent,), "i8", lambda index: index[0], (), True)
        items.append(indices if k == axis else views.expand(
            line, tuple(at for at in range(value.rank) if at != k)))
    return tuple(items)


def axis_of(low, value: View | Lazy, axis: Value) -> tuple[View, int]:
    """The array, flattened for None, and the axis counted from 0."""
    number = axis_argument(low, axis)
    if number is None:
        return nests.concrete(low, flat(low, value)), 0
    return nests.concrete(low, value), nests.axes_of(low, number, value.rank)[0]


def take_along_axis(low, args, keywords) -> Value:
    arity(low, "take_along_axis", args, keywords, 2, 3, ("axis", "indices"))
    given = args[2] if len(args) > 2 else keywords.get("axis", Num(const(-1), True))
    value, axis = axis_of(low, array(low, args[0]), given)
    return fancy.gather(low, value, along(low, value, low.as_array(args[1]), axis))


def put_along_axis(low, args, keywords) -> Value:
    arity(low, "put_along_axis", args, keywords, 3, 4, ("axis",))
    given = args[3] if len(args) > 3 else keywords.get("axis", NONE)
    target = args[0]
    if not isinstance(target, View):
        raise low.error("put_along_axis needs an array", kind="type")
    if given == NONE and target.rank != 1:
        raise low.error("put_along_axis needs axis= here")
    axis = 0 if given == NONE else nests.axes_of(low, axis_argument(low, given), target.rank)[0]
    fancy.scatter(low, target, along(low, target, low.as_array(args[1]), axis), args[2])
    return NONE


def piecewise(low, args, keywords) -> Value:
    """np.piecewise: functions or numbers for the parts of an array where conditions hold."""
    from adtrans.lower.calls import apply

    value = nests.concrete(low, array(low, args[0]))
    lone = isinstance(args[1], Arrayish) and args[1].rank == 1 or isinstance(args[1], Num)
    tests = [args[1]] if lone else items_of(low, args[1])
    pieces = items_of(low, args[2])
    if tests is None or pieces is None:
        raise low.error("piecewise needs lists of conditions and of functions", kind="type")
    masks = [nests.concrete(low, mask_of(low, test)) for test in tests]
    if len(pieces) not in (len(masks), len(masks) + 1):
        raise low.error(f"with {len(masks)} condition(s), either {len(masks)} or {len(masks) + 1} functions are "
                        "expected", kind="value")
    out = views.whole(low, low.fresh(low.build.alloc(value.dtype, value.shape, "zeros")))
    if len(pieces) > len(masks):
        held = masks[0]
        for mask in masks[1:]:
            held = arithmetic(low, "bor", held, mask)
        masks.append(nests.concrete(low, negated(low, held)))
    for mask, piece in zip(masks, pieces):
        if isinstance(piece, (Func, Py)):
            part = fancy.gather(low, value, (mask,))
            piece = low.solid(apply(low, piece, [part, *args[3:]], keywords))
        fancy.scatter(low, out, (mask,), piece)
    return out


def mask_of(low, test: Value) -> Value:
    from adtrans.lower.scalars import truth

    return nests.elementwise(low, lambda t: ("b1", False), lambda x: truth(low, x), low.as_array(test))


def negated(low, mask: Value) -> Value:
    return nests.elementwise(low, lambda t: ("b1", False), lambda x: Num(low.build.prim("not", x.operand)), mask)


def ndindex(low, args, keywords) -> Value:
    """np.ndindex: the indices of all elements of a shape, in order."""
    arity(low, "ndindex", args, keywords, 0, 32)
    extents = shape_of(low, args[0] if len(args) == 1 else Seq(tuple(args)))
    return Iter("places", tuple(Num(extent, True) for extent in extents))


def ndenumerate(low, args, keywords) -> Value:
    """np.ndenumerate: the indices of all elements in order, each with the element."""
    arity(low, "ndenumerate", args, keywords, 1, 1)
    return Iter("elements", (nests.concrete(low, array(low, args[0])),))


TABLE = {
    np.ndindex: ndindex, np.ndenumerate: ndenumerate, np.take: take, np.take_along_axis: take_along_axis,
    np.put_along_axis: put_along_axis, np.piecewise: piecewise,
}
