"""Methods of NumPy's ufuncs: `np.add.reduce`, `np.maximum.accumulate`, `np.multiply.outer`, `np.add.at`."""

from __future__ import annotations

import numpy as np

from adtrans.build import ONE, TRUE, ZERO, const
from adtrans.lower import fancy, nests, views
from adtrans.lower.builtins import arity
from adtrans.lower.containers import view_at
from adtrans.lower.reductions import KNOWN_REDUCTIONS, Request
from adtrans.lower.scalars import as_type
from adtrans.lower.values import NONE, Lazy, Num, Seq, Value, View

REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min, np.logical_or: np.any,
              np.logical_and: np.all}
REORDERABLE = (np.logaddexp, np.logaddexp2, np.hypot, np.fmax, np.fmin)
IDENTITIES = {np.logaddexp: -np.inf, np.logaddexp2: -np.inf, np.hypot: 0.0}


def ufunc_method(low, ufunc: np.ufunc, name: str, args, keywords) -> Value:
    """ufunc.name(*args, **keywords)."""
    from adtrans.lower.tables import KNOWN

    if ufunc not in KNOWN:
        raise low.error(f"np.{ufunc.__name__} is not in the language")

    def run(*values: Value) -> Value:
        return KNOWN[ufunc](low, list(values), {})

    match name:
        case "reduce":
            return reduce(low, ufunc, run, args, keywords)
        case "accumulate":
            return accumulate(low, ufunc, run, args, keywords)
        case "outer":
            return outer(low, run, args, keywords)
        case "at":
            return at(low, ufunc, run, args, keywords)
    raise low.error(f"np.{ufunc.__name__}.{name} is not in the language")


def reduce(low, ufunc: np.ufunc, run, args, keywords) -> Value:
    """The operation between all elements along an axis, the first by default."""
    keywords = dict(keywords)
    if len(args) < 2:
        keywords.setdefault("axis", Num(ZERO, True))
    if ufunc in REDUCTIONS:
        return KNOWN_REDUCTIONS[REDUCTIONS[ufunc]](low, args, keywords)
    request = Request(low, f"{ufunc.__name__}.reduce", args, keywords)
    if len(request.axes) > 1 and ufunc not in REORDERABLE:
        raise low.error(f"reduction operation '{ufunc.__name__}' is not reorderable, so at most one axis may be "
                        "specified", kind="value")
    if request.initial != NONE or request.where is not None:
        return request.finish(low, started(low, ufunc, run, request))
    found: Value = nests.concrete(low, request.value)
    for axis in reversed(request.axes):
        found = along(low, ufunc, run, nests.concrete(low, found), axis, request.keepdims)
    return request.finish(low, found)


def along(low, ufunc: np.ufunc, run, value: View, axis: int, keepdims: bool) -> Num | View:
    """The reduction along one axis, from its first element on."""
    code = result_code(low, run, value)

    def body(extents, element, depth):
        low.check(low.build.prim("gt", extents[0], ZERO), "ValueError",
                  f"zero-size array to reduction operation {ufunc.__name__} which has no identity")

        def step(counter, state):
            return [as_type(low, run(Num(state[0]), element((counter,))), code).operand]

        first = as_type(low, element((ZERO,)), code).operand
        return nests.loop(low, ONE, extents[0], [(first, "total")], step, "k")[0]

    return nests.reduce(low, value, (axis,), keepdims, code, body)


def started(low, ufunc: np.ufunc, run, request: Request) -> Num | View:
    """The reduction from `initial` on, of the elements where `where` holds."""
    value = nests.concrete(low, request.value)
    code = result_code(low, run, value)
    initial = request.initial
    if initial == NONE and ufunc in IDENTITIES:
        initial = Num(const(IDENTITIES[ufunc]), True)
    if initial == NONE:
        raise low.error(f"reduction operation '{ufunc.__name__}' does not have an identity, so to use a where mask one "
                        "has to specify 'initial'", kind="value")
    first = as_type(low, low.as_array(initial), code).operand
    holds = request.where if request.where is not None else Num(TRUE, True)

    kept = tuple(k for k in range(value.rank) if k not in request.axes)

    def entry(outer):
        def step(inner, state):
            places = {**dict(zip(kept, outer)), **dict(zip(request.axes, inner))}
            index = tuple(places[k] for k in range(value.rank))
            new = as_type(low, run(Num(state[0]), nests.element(low, value, index)), code).operand
            return [low.build.prim("select", nests.element(low, holds, index).operand, new, state[0])]

        extents = tuple(value.shape[k] for k in request.axes)
        return nests.fold(low, extents, [(first, "total")], step, len(outer))[0]

    out = views.whole(low, low.fresh(low.build.alloc(code, tuple(value.shape[k] for k in kept), "empty")))
    nests.nest(low, out.shape, lambda outer: views.store(low, out, outer, entry(outer)))
    if request.keepdims:
        return views.expand(out, request.axes)
    return out if kept else nests.element(low, out, ())


def result_code(low, run, value: View | Lazy) -> str:
    """The dtype of the operation between two elements."""
    mark = low.build.mark()
    with low.build.block():
        found = run(*(Num(nests.element(low, value, (ZERO,) * value.rank).operand) for _ in range(2)))
    low.build.rollback(mark)
    return found.code


def accumulate(low, ufunc: np.ufunc, run, args, keywords) -> Value:
    """All partial results along an axis."""
    keywords = {"axis": Num(ZERO, True), **keywords} if len(args) < 2 else keywords
    if ufunc in (np.add, np.multiply):
        return KNOWN_REDUCTIONS[np.cumsum if ufunc is np.add else np.cumprod](low, args, keywords)
    request = Request(low, f"{ufunc.__name__}.accumulate", args, keywords, ("a", "axis", "dtype", "out"))
    (axis,) = request.axes
    value = nests.concrete(low, request.value)
    code = result_code(low, run, value)
    out = views.whole(low, low.fresh(low.build.alloc(code, value.shape, "empty")))
    others = tuple(extent for k, extent in enumerate(value.shape) if k != axis)

    def line(outer):
        def at(counter):
            return (*outer[:axis], counter, *outer[axis:])

        def first(counter, _):
            views.store(low, out, at(counter), as_type(low, nests.element(low, value, at(counter)), code).operand)
            return ()

        def step(counter, _):
            before = Num(views.load(low, out, at(low.build.prim("sub", counter, ONE))))
            new = run(before, nests.element(low, value, at(counter)))
            views.store(low, out, at(counter), as_type(low, new, code).operand)
            return ()

        extent = value.shape[axis]
        nests.loop(low, ZERO, low.build.prim("min", extent, ONE), (), first, "k")
        nests.loop(low, ONE, extent, (), step, "k")

    nests.nest(low, others, line)
    return request.finish(low, out)


def outer(low, run, args, keywords) -> Value:
    """The operation between all pairs of elements."""
    arity(low, "outer", args, keywords, 2, 2)
    a, b = (Num(found.operand) if isinstance(found, Num) else found for found in map(low.as_array, args))
    rank = 0 if isinstance(b, Num) else b.rank
    if isinstance(a, Num) or not rank:
        return run(a, b)
    return run(views.expand(a, tuple(range(a.rank, a.rank + rank))), b)


def at(low, ufunc: np.ufunc, run, args, keywords) -> Value:
    """Unbuffered in-place operation: repeated indices take part repeatedly."""
    arity(low, "at", args, keywords, ufunc.nin, ufunc.nin + 1)
    target = low.as_array(args[0])
    if not isinstance(target, View):
        raise low.error(f"np.{ufunc.__name__}.at needs an array")
    items = args[1].items if isinstance(args[1], Seq) else (args[1],)
    if not fancy.is_fancy(items):
        part = view_at(low, target, items)
        nests.assign(low, part, run(part, *args[2:]))
        return NONE
    fancy.at(low, target, args[1], run, args[2] if len(args) > 2 else None)
    return NONE
