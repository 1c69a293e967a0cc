"""Indexing by integer arrays and boolean masks: read, written and accumulated, with NumPy's rules.

A mask counts as the index arrays of its true elements. Index arrays broadcast against each other; their axes stand
where the arrays stood when these are side by side, else in front. Reading copies; writing goes in index order, so of
repeated indices the last wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adtrans.build import ONE, ZERO
from adtrans.ir import INT, If, Operand
from adtrans.lower import nests, views
from adtrans.lower.scalars import as_type, truth
from adtrans.lower.values import NONE, Arrayish, Lazy, Num, Py, Ref, Seq, SliceV, Value, View

FULL = SliceV(NONE, NONE, NONE)


@dataclass(frozen=True)
class Selection:
    """What an index picks of an array: a shape, and where in the array each element of it is."""

    shape: tuple[Operand, ...]
    place: Callable[[tuple[Operand, ...]], tuple[Operand, ...]]
    arrays: tuple[View, ...]


def is_fancy(items: tuple[Value, ...]) -> bool:
    """Whether an index needs this module."""
    return any(isinstance(item, (*Arrayish, Ref, Seq)) for item in items)


def gather(low, view: View, items: tuple[Value, ...]) -> View | Num:
    """view[items]: a new array."""
    return picked(low, view, select(low, view, items))


def picked(low, view: View, found: Selection) -> View | Num:
    """What is selected now: a new array, or the one element."""
    def element(index) -> Operand:
        return views.load(low, view, found.place(index))

    if not found.shape:
        return Num(element(()))
    return nests.materialise(low, Lazy(found.shape, view.code, element, (view, *found.arrays)))


def scatter(low, view: View, items: tuple[Value, ...], value: Value) -> None:
    """view[items] = value."""
    value = low.as_array(value)
    low.require_writable(view)
    mask = lone_mask(low, view, items, value)
    if mask is not None:
        value = apart_from(low, view, value)
        masked(low, view, mask, lambda index, inner: nests.element(low, spread(low, value, view, mask), inner))
        return
    put(low, view, select(low, view, items), value)


def put(low, view: View, found: Selection, value: Num | View | Lazy) -> None:
    """Write `value`, read completely first, to the selected elements."""
    if isinstance(value, Arrayish):
        value = nests.require_shape(low, value, found.shape)
    value = apart_from(low, view, value)

    def at(index) -> None:
        stored = as_type(low, nests.element(low, value, index), view.code).operand
        views.store(low, view, found.place(index), stored)

    nests.nest(low, found.shape, at)


def augment(low, view: View, items: tuple[Value, ...], run: Callable[[Value, Value], Value], value: Value) -> None:
    """view[items] op= value: what is there is read completely first, so repeated indices do not add up."""
    value = low.as_array(value)
    low.require_writable(view)
    mask = lone_mask(low, view, items, value)
    if mask is not None:
        value = apart_from(low, view, value)

        def changed(index, inner):
            return run(Num(views.load(low, view, index)), nests.element(low, spread(low, value, view, mask), inner))

        masked(low, view, mask, changed)
        return
    found = select(low, view, items)
    put(low, view, found, run(picked(low, view, found), value))


def at(low, view: View, index: Value, run: Callable[[Num, Num], Num], value: Value | None) -> None:
    """ufunc.at: one element after the other, so that repeated indices add up."""
    low.require_writable(view)
    items = index.items if isinstance(index, Seq) else (index,)
    found = select(low, view, items)
    if value is not None:
        value = low.as_array(value)
        value = nests.require_shape(low, value, found.shape) if isinstance(value, Arrayish) else value
        value = apart_from(low, view, value)

    def step(at_index) -> None:
        place = found.place(at_index)
        current = Num(views.load(low, view, place))
        new = run(current, *(() if value is None else (nests.element(low, value, at_index),)))
        views.store(low, view, place, as_type(low, new, view.code).operand)

    nests.nest(low, found.shape, step)


def apart_from(low, view: View, value: Num | View | Lazy) -> Num | View | Lazy:
    """The value, computed beforehand where writing to `view` could change it."""
    if any(low.may_alias(view.base, leaf.base) for leaf in nests.leaves_of(value)):
        return nests.materialise(low, value)
    return value


# --- masks -----------------------------------------------------------------------------------------------


def lone_mask(low, view: View, items: tuple[Value, ...], value: Value) -> View | Lazy | None:
    """The mask of `view[mask] = value` where no element of `value` has to be counted to."""
    while items and (items[-1] == Py(Ellipsis) or items[-1] == FULL):
        items = items[:-1]
    if len(items) != 1 or not isinstance(items[0], Arrayish) or items[0].code != "b1":
        return None
    mask = items[0]
    rank = value.rank if isinstance(value, Arrayish) else 0
    if rank > view.rank - mask.rank or not mask.rank:
        return None
    fit(low, view, mask, 0)
    aliased = any(nests.conflicts(low, view, leaf) for leaf in nests.leaves_of(mask)) or mask.rank < view.rank
    return nests.concrete(low, mask) if aliased else mask


def fit(low, view: View, mask: View | Lazy, axis: int) -> None:
    """A mask has the extents of the axes that it stands for."""
    if mask.rank > view.rank - axis:
        raise low.error(f"too many indices for array: array is {view.rank}-dimensional, but a mask of {mask.rank} "
                        "axes was given", kind="index")
    for k, extent in enumerate(mask.shape):
        wanted = view.shape[axis + k]
        if not low.equal_extents(extent, wanted):
            low.check(low.build.prim("eq", extent, wanted), "IndexError",
                      f"boolean index did not match indexed array along axis {axis + k}: sizes", (wanted, extent))
            low.declare_equal(extent, wanted)


def spread(low, value: Num | View | Lazy, view: View, mask: View | Lazy) -> Num | View | Lazy:
    """`value` over the axes that follow the mask's."""
    if isinstance(value, Num):
        return value
    return nests.require_shape(low, value, view.shape[mask.rank:])


def masked(low, view: View, mask: View | Lazy, changed: Callable) -> None:
    """Store changed(index, index after the mask's axes) wherever the mask holds."""
    def outer(index) -> None:
        def inner(rest) -> None:
            place = (*index, *rest)
            views.store(low, view, place, as_type(low, changed(place, rest), view.code).operand)

        with low.build.block() as block:
            nests.nest(low, view.shape[mask.rank:], inner)
        test = truth(low, nests.element(low, mask, index)).operand
        low.build.emit(If(test, tuple(block.body), (), (), low.build.span))

    nests.nest(low, mask.shape, outer)


def nonzero(low, mask: View | Lazy) -> tuple[View, ...]:
    """np.nonzero: for each axis, the indices of the true elements in order."""
    mask = nests.concrete(low, mask)

    def holds(index) -> Operand:
        return truth(low, nests.element(low, mask, index)).operand

    def count(index, state):
        return [low.build.prim("add", state[0], low.build.cast(holds(index), INT))]

    total = nests.fold(low, mask.shape, [(ZERO, "count")], count)[0]
    found = [views.whole(low, low.fresh(low.build.alloc("i8", (total,), "empty"))) for _ in mask.shape]

    def fill(index, state):
        test = holds(index)
        with low.build.block() as block:
            for axis, view in enumerate(found):
                views.store(low, view, (state[0],), index[axis])
        low.build.emit(If(test, tuple(block.body), (), (), low.build.span))
        return [low.build.prim("add", state[0], low.build.cast(test, INT))]

    nests.fold(low, mask.shape, [(ZERO, "count")], fill)
    return tuple(found)


# --- selections ------------------------------------------------------------------------------------------


def select(low, view: View, items: tuple[Value, ...]) -> Selection:
    """What view[items] means."""
    items, sure = expanded(low, view, items)
    advanced = [k for k, item in enumerate(items) if isinstance(item, Arrayish)]
    fixed = [k for k, item in enumerate(items) if isinstance(item, Num)]
    stand = sorted(advanced + fixed)
    together = stand == list(range(stand[0], stand[-1] + 1))
    shape = nests.broadcast_shapes(low, [items[k].shape for k in advanced])
    arrays = {k: views.broadcast(low, items[k], shape) for k in advanced}
    front = 0
    dims: list[Operand] = []
    steps: list[tuple] = []
    axis = 0
    for k, item in enumerate(items):
        if k == (stand[0] if together else 0):
            front = len(dims)
            dims += shape
        if item == NONE:
            dims.append(ONE)
            continue
        if isinstance(item, SliceV):
            start, step, length = views.slice_range(low, item, view.shape[axis])
            steps.append(("slice", len(dims), start, step))
            dims.append(length)
        elif isinstance(item, Num):
            steps.append(("fixed", views.element_index(low, item, view.shape[axis], axis)))
        else:
            steps.append(("array", arrays[k], None if k in sure else axis))
        axis += 1

    def place(index: tuple[Operand, ...]) -> tuple[Operand, ...]:
        found = []
        for step in steps:
            match step:
                case ("slice", at, start, stride):
                    found.append(low.build.prim("add", start, low.build.prim("mul", index[at], stride)))
                case ("fixed", position):
                    found.append(position)
                case ("array", array, axis):
                    item = nests.element(low, array, index[front:front + len(shape)])
                    found.append(item.operand if axis is None else
                                 views.element_index(low, item, view.shape[axis], axis))
        return tuple(found)

    return Selection(tuple(dims), place, tuple(arrays.values()))


def expanded(low, view: View, items: tuple[Value, ...]) -> tuple[tuple[Value, ...], set[int]]:
    """Lists as arrays, masks as index arrays, the ellipsis as slices; index arrays are computed.

    Given with the positions of index arrays made from masks: they are known to be within bounds.
    """
    found: list[Value] = []
    sure: set[int] = set()
    kinds = [item if isinstance(item, SliceV) or item in (NONE, Py(Ellipsis)) else low.as_array(item)
             for item in items]
    used = sum(item.rank if isinstance(item, Arrayish) and item.code == "b1" else 1
               for item in kinds if item not in (NONE, Py(Ellipsis)))
    if used > view.rank:
        raise low.error(f"too many indices for array: array is {view.rank}-dimensional, but {used} were indexed",
                        kind="index")
    if sum(item == Py(Ellipsis) for item in kinds) > 1:
        raise low.error("an index can only have a single ellipsis ('...')", kind="index")
    axis = 0
    for item in kinds:
        if item == Py(Ellipsis):
            found += [FULL] * (view.rank - used)
            axis += view.rank - used
        elif item == NONE:
            found.append(item)
        elif isinstance(item, Arrayish) and item.code == "b1":
            if not item.rank:
                raise low.error("a boolean is not an index in the language", hint="use int(...)")
            fit(low, view, item, axis)
            sure.update(range(len(found), len(found) + item.rank))
            found += nonzero(low, item)
            axis += item.rank
        else:
            if isinstance(item, Arrayish) and item.code[0] == "f":
                raise low.error("arrays used as indices must be of integer (or boolean) type", kind="index")
            if isinstance(item, Num) and item.code == "b1":
                raise low.error("a boolean is not an index in the language", hint="use int(...)")
            found.append(nests.concrete(low, item) if isinstance(item, Arrayish) else item)
            axis += 1
    return (*found, *[FULL] * (view.rank - axis)), sure
