"""Integer-array indexing read: x[idx], x[rows, cols], mixed with slices that follow or precede."""

from __future__ import annotations

from adtrans.build import const
from adtrans.lower import nests, views
from adtrans.lower.values import NONE, Arrayish, Lazy, Num, Py, SliceV, Value, View


def gather(low, view: View, items: tuple[Value, ...]) -> View:
    """A new array of the elements that index arrays pick (a copy, as in NumPy)."""
    items = tuple(low.as_array(item) if not isinstance(item, SliceV) and item not in (NONE, Py(Ellipsis))
                  else item for item in items)
    if any(isinstance(item, Arrayish) and item.code == "b1" for item in items):
        raise low.error("boolean masks are not in the language yet", hint="use np.where, or a loop with `if`")
    if any(isinstance(item, Arrayish) and item.code != "i8" for item in items):
        raise low.error("arrays used as indices must be of integer (or boolean) type", kind="index")
    items = views.spread(low, view.rank, items)
    if NONE in items:
        raise low.error("np.newaxis beside an index array is not in the language yet")
    arrays = [k for k, item in enumerate(items) if not isinstance(item, SliceV)]
    if arrays != list(range(arrays[0], arrays[-1] + 1)):
        raise low.error("index arrays apart from each other are not in the language yet")
    picked = [nests.concrete(low, item) if isinstance(item, Lazy) else item for item in (items[k] for k in arrays)]
    inner = nests.broadcast_shapes(low, [item.shape for item in picked if isinstance(item, Arrayish)])
    picked = [views.broadcast(low, item, inner) if isinstance(item, Arrayish) else item for item in picked]
    before = [views.slice_range(low, item, view.shape[k]) for k, item in enumerate(items[:arrays[0]])]
    after = [views.slice_range(low, item, view.shape[arrays[-1] + 1 + k])
             for k, item in enumerate(items[arrays[-1] + 1:])]
    shape = (*(s[2] for s in before), *inner, *(s[2] for s in after))
    a, b = len(before), len(before) + len(inner)

    def element(index):
        build = low.build
        place = [build.prim("add", s[0], build.prim("mul", i, s[1])) for s, i in zip(before, index[:a])]
        for axis, item in zip(arrays, picked):
            at = nests.element(low, item, index[a:b]) if isinstance(item, Arrayish) else item
            place.append(views.element_index(low, at, view.shape[axis], axis))
        place += [build.prim("add", s[0], build.prim("mul", i, s[1])) for s, i in zip(after, index[b:])]
        return views.load(low, view, tuple(place))

    leaves: tuple[View, ...] = ()
    return nests.materialise(low, Lazy(shape, view.code, element, leaves))


__all__ = ["const", "gather", "Num"]
