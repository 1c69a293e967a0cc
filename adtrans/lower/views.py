"""Views: basic indexing, transposition and broadcasting as index arithmetic on the base array.

`subscript(low, view, items)` gives the view (or the element) that NumPy's `view[items]` would.
"""

from __future__ import annotations

from adtrans.build import FALSE, ONE, TRUE, ZERO, combine, const
from adtrans.ir import INT, Array, Const, Operand, Reshape, Slice, Var
from adtrans.ir import View as ViewStatement
from adtrans.lower.values import NONE, Along, Fixed, Lazy, Num, Py, SliceV, Value, View


def whole(low, base: Var) -> View:
    """The view of an array reference itself."""
    rank = base.type.rank
    shape = tuple(low.build.dim(base, k) for k in range(rank))
    low.extents.setdefault(base, shape)
    return View(base, tuple(Along(k, ZERO, ONE) for k in range(rank)), shape)


def is_identity(low, view: View) -> bool:
    """Whether the view is its whole base, in order."""
    extents = low.extents.get(view.base)
    if extents is None:
        return False
    return len(view.axes) == view.rank and all(
        axis == Along(k, ZERO, ONE) and low.equal_extents(view.shape[k], extents[k])
        for k, axis in enumerate(view.axes))


def position(low, view: View, index: tuple[Operand, ...]) -> tuple[Operand, ...]:
    """The index into the base of one element of the view."""
    build = low.build
    found = []
    for axis in view.axes:
        match axis:
            case Fixed(at):
                found.append(at)
            case Along(k, start, step):
                scaled = build.prim("mul", index[k], step) if step != ONE else index[k]
                found.append(build.prim("add", scaled, start))
    return tuple(found)


def load(low, view: View, index: tuple[Operand, ...]) -> Operand:
    return low.build.load(view.base, position(low, view, index))


def store(low, view: View, index: tuple[Operand, ...], value: Operand) -> None:
    low.wrote(view.base)
    low.build.store(view.base, position(low, view, index), value)


def broadcast(low, value: View | Lazy, shape: tuple[Operand, ...]) -> View | Lazy:
    """`value` seen with a larger shape; extents of 1 are repeated (their equality was settled before)."""
    extra = len(shape) - value.rank
    if extra == 0 and all(a == b for a, b in zip(value.shape, shape)):
        return value
    repeated = [low.repeats(value.shape[k], shape[extra + k]) for k in range(value.rank)]
    if isinstance(value, View):
        return View(value.base, tuple(stretched(low, axis, extra, repeated) for axis in value.axes), shape)

    def element(index):
        return value.element(tuple(chosen(low, index[extra + k], repeated[k]) for k in range(value.rank)))

    return Lazy(shape, value.code, element, tuple(broadcast(low, leaf, shape) for leaf in value.leaves),
                value.cheap)


def chosen(low, index: Operand, repeat: Operand) -> Operand:
    """The index on an axis that is repeated when `repeat` holds."""
    if repeat == FALSE:
        return index
    return ZERO if repeat == TRUE else low.build.prim("select", repeat, ZERO, index)


def stretched(low, axis: Fixed | Along, extra: int, repeated: list[Operand]) -> Fixed | Along:
    if isinstance(axis, Fixed):
        return axis
    repeat = repeated[axis.axis]
    if repeat == TRUE:
        return Fixed(axis.start)
    step = axis.step if repeat == FALSE else low.build.prim("select", repeat, ZERO, axis.step)
    return Along(axis.axis + extra, axis.start, step)


def transpose(view: View | Lazy, order: tuple[int, ...]) -> View | Lazy:
    """Axis k of the result is axis order[k] of the view."""
    shape = tuple(view.shape[k] for k in order)
    place = {old: new for new, old in enumerate(order)}
    if isinstance(view, Lazy):
        return Lazy(shape, view.code,
                    lambda index: view.element(tuple(index[place[k]] for k in range(view.rank))),
                    tuple(transpose(leaf, order) for leaf in view.leaves), view.cheap)
    axes = tuple(axis if isinstance(axis, Fixed) else Along(place[axis.axis], axis.start, axis.step)
                 for axis in view.axes)
    return View(view.base, axes, shape)


def expand(value: View | Lazy, at: tuple[int, ...]) -> View | Lazy:
    """New axes of extent 1 at the positions `at` of the result."""
    rank = value.rank + len(at)
    kept = [k for k in range(rank) if k not in at]
    extents = iter(value.shape)
    shape = tuple(ONE if k in at else next(extents) for k in range(rank))
    if isinstance(value, Lazy):
        return Lazy(shape, value.code, lambda index: value.element(tuple(index[k] for k in kept)),
                    tuple(expand(leaf, at) for leaf in value.leaves), value.cheap)
    axes = tuple(axis if isinstance(axis, Fixed) else Along(kept[axis.axis], axis.start, axis.step)
                 for axis in value.axes)
    return View(value.base, axes, shape)


def drop(value: View | Lazy, at: tuple[int, ...]) -> View | Lazy:
    """Without the axes `at`, whose extent is 1."""
    kept = [k for k in range(value.rank) if k not in at]
    place = {old: new for new, old in enumerate(kept)}
    shape = tuple(value.shape[k] for k in kept)
    if isinstance(value, Lazy):
        return Lazy(shape, value.code,
                    lambda index: value.element(tuple(
                        ZERO if k in at else index[place[k]] for k in range(value.rank))),
                    tuple(drop(leaf, at) for leaf in value.leaves), value.cheap)
    axes = tuple(axis if isinstance(axis, Fixed)
                 else Fixed(axis.start) if axis.axis in at
                 else Along(place[axis.axis], axis.start, axis.step) for axis in value.axes)
    return View(value.base, axes, shape)


# --- subscripts ------------------------------------------------------------------------------------------


def subscript(low, view: View, items: tuple[Value, ...]) -> View | Num:
    """view[items] for integers, slices, None and Ellipsis."""
    items = spread(low, view.rank, items)
    starts: list[Fixed | tuple[int, Operand, Operand]] = []
    shape: list[Operand] = []
    axis = 0
    for item in items:
        if item == NONE:
            shape.append(ONE)
            continue
        extent = view.shape[axis]
        match item:
            case SliceV():
                start, step, length = slice_range(low, item, extent)
                starts.append((len(shape), start, step))
                shape.append(length)
            case Num():
                starts.append(Fixed(element_index(low, item, extent, axis, known_whole(low, view, axis))))
        axis += 1
    result = compose(low, view, starts, tuple(shape))
    if not any(item == NONE or isinstance(item, SliceV) for item in items):
        return Num(load(low, result, ()))
    return result


def known_whole(low, view: View, axis: int) -> bool:
    """Whether an index on this axis reaches the base as it is, so that the base's own wrap-around serves."""
    walked = [k for k, a in enumerate(view.axes) if isinstance(a, Along) and a.axis == axis]
    return len(walked) == 1 and view.axes[walked[0]] == Along(axis, ZERO, ONE) and low.equal_extents(
        view.shape[axis], low.extents[view.base][walked[0]])


def spread(low, rank: int, items: tuple[Value, ...]) -> tuple[Value, ...]:
    """Ellipsis replaced and missing axes appended as full slices."""
    full = SliceV(NONE, NONE, NONE)
    used = sum(1 for item in items if item != NONE and item != Py(Ellipsis))
    if items.count(Py(Ellipsis)) > 1:
        raise low.error("an index can only have a single ellipsis ('...')", kind="index")
    if used > rank:
        raise low.error(f"too many indices for array: array is {rank}-dimensional, but {used} were indexed",
                        kind="index")
    if Py(Ellipsis) in items:
        at = items.index(Py(Ellipsis))
        return (*items[:at], *[full] * (rank - used), *items[at + 1:])
    return (*items, *[full] * (rank - used))


def compose(low, view: View, starts: list, shape: tuple[Operand, ...]) -> View:
    """The view of a view: each axis of `view` is held or walked as `starts` says."""
    build = low.build
    axes: list[Fixed | Along] = []
    for axis in view.axes:
        if isinstance(axis, Fixed):
            axes.append(axis)
            continue
        match starts[axis.axis]:
            case Fixed(index):
                axes.append(Fixed(build.prim("add", build.prim("mul", index, axis.step), axis.start)))
            case (new, start, step):
                first = build.prim("add", build.prim("mul", start, axis.step), axis.start)
                axes.append(Along(new, first, build.prim("mul", step, axis.step)))
    return View(view.base, tuple(axes), shape)


def element_index(low, item: Num, extent: Operand, axis: int, wraps: bool = False) -> Operand:
    """An integer index, checked, negative ones counted from the end."""
    if item.code == "f8" or item.code == "f4":
        raise low.error("only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
                        "boolean arrays are valid indices", kind="index", hint="convert with int(...)")
    build, index = low.build, low.build.cast(item.operand, INT)
    inside, below = low.bounds.inside(index, extent), low.bounds.at_least(index, 0)
    if isinstance(index, Const) and index.value < 0:
        wrapped = build.prim("add", extent, index)
        if not low.bounds.at_least(wrapped, 0):
            low.check_index(build.prim("ge", wrapped, ZERO), index, extent, axis)
        return wrapped
    if below and inside:
        return index
    test = TRUE if inside else build.prim("lt", index, extent)
    if not below:
        test = build.prim("and", build.prim("ge", index, build.prim("neg", extent)), test)
    low.check_index(test, index, extent, axis)
    if below or wraps:
        return index
    return build.prim("select", build.prim("lt", index, ZERO), build.prim("add", index, extent), index)


def slice_range(low, item: SliceV, extent: Operand) -> tuple[Operand, Operand, Operand]:
    """First index, step and length of a slice of an axis, with Python's clipping."""
    build = low.build
    step = part(low, item.step, ONE)
    if isinstance(step, Const):
        if step.value == 0:
            raise low.error("slice step cannot be zero", kind="value")
        return (forward if step.value > 0 else backward)(low, item, extent, step)
    low.check(build.prim("ne", step, ZERO), "ValueError", "slice step cannot be zero")
    up, down = forward(low, item, extent, step), backward(low, item, extent, step)
    rising = build.prim("gt", step, ZERO)
    return build.prim("select", rising, up[0], down[0]), step, build.prim("select", rising, up[2], down[2])


def part(low, value: Value, default: Operand) -> Operand:
    if value == NONE:
        return default
    if not isinstance(value, Num) or value.code not in ("i8", "b1"):
        raise low.error("slice indices must be integers or None", kind="type")
    return low.build.cast(value.operand, INT)


def from_end(low, index: Operand, extent: Operand, lowest: int | None) -> Operand:
    """A slice bound with negative values counted from the end, then at least `lowest`."""
    build = low.build
    if isinstance(index, Const) and index.value >= 0 or low.bounds.at_least(index, 0):
        return index
    shifted = build.prim("add", extent, index)
    if lowest is not None and not low.bounds.at_least(shifted, lowest):
        shifted = build.prim("max", shifted, const(lowest))
    return shifted if isinstance(index, Const) else build.prim(
        "select", build.prim("lt", index, ZERO), shifted, index)


def at_most(low, index: Operand, highest: Operand) -> Operand:
    return index if low.bounds.at_most(index, highest) else low.build.prim("min", index, highest)


def forward(low, item: SliceV, extent: Operand, step: Operand) -> tuple[Operand, Operand, Operand]:
    """A start past the end and a stop before the start need no clipping: the length is 0 then."""
    build = low.build
    if step == ONE and not low.options.dynamic_broadcast:
        only = single(low, item, extent)
        if only is not None:
            return only, step, ONE
    start = ZERO if item.start == NONE else from_end(low, part(low, item.start, ZERO), extent, 0)
    stop = extent
    if item.stop != NONE:
        stop = at_most(low, from_end(low, part(low, item.stop, ZERO), extent, None), extent)
    return start, step, count(low, build.prim("sub", stop, start), step)


def single(low, item: SliceV, extent: Operand) -> Operand | None:
    """The index that a slice like `k:k+1` or `-1:` holds, taken to be within bounds: an axis kept for broadcasting.

    None for other slices, and where the slice is known to be empty.
    """
    build = low.build
    start = ZERO if item.start == NONE else exact(low, item.start, extent)
    stop = extent if item.stop == NONE else exact(low, item.stop, extent)
    if start is None or stop is None or combine(build.affine(stop), build.affine(start), -1) != ({}, 1):
        return None
    tests = [] if low.bounds.at_least(start, 0) else [build.prim("ge", start, ZERO)]
    tests += [] if low.bounds.at_most(stop, extent) else [build.prim("le", stop, extent)]
    if FALSE in tests:
        return None
    for test in tests:
        low.assume(test)
    return start


def exact(low, value: Value, extent: Operand) -> Operand | None:
    """A slice bound that is not clipped, or None where its sign is not known."""
    index = part(low, value, ZERO)
    if isinstance(index, Const) and index.value < 0:
        return low.build.prim("add", extent, index)
    return index if isinstance(index, Const) or low.bounds.at_least(index, 0) else None


def backward(low, item: SliceV, extent: Operand, step: Operand) -> tuple[Operand, Operand, Operand]:
    build = low.build
    last = build.prim("sub", extent, ONE)
    start = last
    if item.start != NONE:
        start = at_most(low, from_end(low, part(low, item.start, ZERO), extent, None), last)
    stop = const(-1) if item.stop == NONE else from_end(low, part(low, item.stop, ZERO), extent, -1)
    return start, step, count(low, build.prim("sub", start, stop), build.prim("neg", step))


def count(low, span: Operand, step: Operand) -> Operand:
    """How many steps fit into a span, at least 0."""
    build = low.build
    if step != ONE:
        span = build.prim("floordiv", build.prim("add", span, build.prim("sub", step, ONE)), step)
    return span if low.bounds.at_least(span, 0) else build.prim("max", span, ZERO)


# --- references ------------------------------------------------------------------------------------------


def reference(low, view: View, name: str | None = None) -> Var | None:
    """An array reference with the same elements sharing the same memory, or None when the view repeats
    elements (a broadcast or a diagonal), which has to be copied instead."""
    if is_identity(low, view):
        return view.base
    walked = [axis.axis for axis in view.axes if isinstance(axis, Along)]
    if len(set(walked)) != len(walked):
        return None
    fresh = [k for k in range(view.rank) if k not in walked]
    if any(view.shape[k] != ONE for k in fresh):
        return None
    items: list = [ViewSlice(low, axis, view.shape) if isinstance(axis, Along) else axis.index
                   for axis in view.axes]
    if not fresh:
        del items[partial_axes(low, view):]
    items += [None] * len(fresh)
    produced = [*walked, *fresh]
    order = tuple(produced.index(k) for k in range(view.rank))
    var = Var(Array(view.dtype, view.rank, "A"), name)
    low.build.emit(ViewStatement(var, view.base, tuple(items), None if order == tuple(range(view.rank)) else order,
                                 low.build.span))
    low.alias(var, view.base)
    for k, extent in enumerate(view.shape):
        low.build.assume_dim(var, k, extent)
    return var


def partial_axes(low, view: View) -> int:
    """How many leading axes of the base a view restricts: the others need no slice (and Numba then knows that a
    stretch of rows is contiguous)."""
    extents = low.extents.get(view.base)
    count = len(view.axes)
    while extents is not None and count > 1:
        axis = view.axes[count - 1]
        if isinstance(axis, Fixed) or axis.step != ONE or axis.start != ZERO or not low.equal_extents(
                view.shape[axis.axis], extents[count - 1]):
            break
        count -= 1
    return count


def ViewSlice(low, axis: Along, shape: tuple[Operand, ...]) -> Slice:
    """The slice of a base axis that a view walks; a negative step that ends before index 0 has no stop."""
    build, extent = low.build, shape[axis.axis]
    if isinstance(axis.step, Const) and axis.step.value > 0:
        if axis.step == ONE:
            return Slice(axis.start, build.prim("add", axis.start, extent), axis.step)
        return Slice(axis.start, build.prim("add", axis.start, build.prim("mul", extent, axis.step)), axis.step)
    stop = build.prim("add", axis.start, build.prim("mul", extent, axis.step))
    # Python reads a negative stop from the end; -(big) is clipped to "before the first element".
    stop = build.prim("select", build.prim("lt", stop, ZERO), const(-2**62), stop)
    return Slice(axis.start, stop, axis.step)


def contiguous(low, view: View) -> Var | None:
    """A C-contiguous reference to the memory of a view, where it is known to be one: the whole of a C-contiguous
    array, or a stretch of its first axis."""
    single = tuple(k for k, extent in enumerate(view.shape) if extent == ONE and not any(
        isinstance(axis, Along) and axis.axis == k for axis in view.axes))
    if single:
        view = drop(view, single)
    if view.base.type.layout != "C":
        return None
    if is_identity(low, view):
        return view.base
    fixed = sum(isinstance(axis, Fixed) for axis in view.axes)
    walked = view.axes[fixed:]
    extents = low.extents.get(view.base)
    if extents is None or len(walked) != view.rank or any(isinstance(axis, Fixed) for axis in walked):
        return None
    for k, axis in enumerate(walked):
        first = k == 0
        if axis.axis != k or axis.step != ONE or not (first or axis.start == ZERO and low.equal_extents(
                view.shape[k], extents[fixed + k])):
            return None
    made = reference(low, view)
    return None if made is None else retyped(low, made)


def retyped(low, made: Var) -> Var:
    """The view just emitted, known to be C-contiguous (which Numba finds too)."""
    made.type = Array(made.type.dtype, made.type.rank, "C")
    return made


def reshaped(low, view: View, shape: tuple[Operand, ...]) -> View | None:
    """A reshaped view sharing memory, where the whole of a C-contiguous array is looked at."""
    base = contiguous(low, view)
    if base is None:
        return None
    var = Var(Array(view.dtype, len(shape), "C"))
    low.build.emit(Reshape(var, base, shape, low.build.span))
    low.alias(var, base)
    for k, extent in enumerate(shape):
        low.build.assume_dim(var, k, extent)
    return whole(low, var)
