"""Whole-array expressions as loop nests: elementwise maps, broadcasting, stores, reductions.

`b = a * 2 + 1` is one `Lazy`; storing it emits one nest:

    for i in range(n):
        b[i] = a[i] * 2 + 1
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adtrans.build import FALSE, ONE, TRUE, ZERO
from adtrans.ir import Carry, Const, For, Operand, Scalar, Var
from adtrans.lower import views
from adtrans.lower.scalars import as_type
from adtrans.lower.values import Along, Arrayish, Fixed, Lazy, Num, Value, View

Index = tuple[Operand, ...]
COUNTERS = "ijklmnpq"


# --- shapes ----------------------------------------------------------------------------------------------


def broadcast_shapes(low, shapes: Sequence[tuple[Operand, ...]]) -> tuple[Operand, ...]:
    """The common shape, with NumPy's message when there is none."""
    rank = max(len(shape) for shape in shapes)
    padded = [(ONE,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(common_extent(low, [shape[k] for shape in padded], shapes) for k in range(rank))


def common_extent(low, extents: list[Operand], shapes) -> Operand:
    result: Operand = ONE
    for extent in extents:
        if extent == ONE or extent is result or extent == result:
            continue
        result = extent if result == ONE else agree(low, result, extent, shapes)
    return result


def agree(low, a: Operand, b: Operand, shapes) -> Operand:
    """Settle that two extents fit and give the larger: equal, or one of them 1."""
    build = low.build
    if low.equal_extents(a, b):
        return a
    if isinstance(a, Const) and isinstance(b, Const):
        raise low.error("operands could not be broadcast together with shapes "
                        + " ".join(spell(shape) for shape in shapes), kind="value")
    equal = build.prim("eq", a, b)
    if not low.options.dynamic_broadcast:
        low.assume(equal)
        low.declare_equal(a, b)
        return a
    one_a, one_b = build.prim("eq", a, ONE), build.prim("eq", b, ONE)
    low.check(build.prim("or", equal, build.prim("or", one_a, one_b)), "ValueError",
              "operands could not be broadcast together with extents", (a, b))
    return build.prim("select", one_a, b, a)


def spell(shape) -> str:
    """A shape as NumPy prints it."""
    parts = [str(n.value) if isinstance(n, Const) else "n" for n in shape]
    return "(" + ",".join(parts) + ("," if len(parts) == 1 else "") + ")"


def require_shape(low, value: View | Lazy, shape: tuple[Operand, ...]) -> View | Lazy:
    """`value` broadcast to exactly `shape`, as assignment does; leading extents of 1 are dropped."""
    while value.rank > len(shape) and value.shape[0] == ONE:
        value = views.drop(value, (0,))
    if value.rank > len(shape):
        raise low.error(f"could not broadcast input array from shape {spell(value.shape)} into shape "
                        f"{spell(shape)}", kind="value")
    for extent, wanted in zip(value.shape[::-1], shape[::-1]):
        if extent == ONE or low.equal_extents(extent, wanted):
            continue
        if isinstance(extent, Const) and isinstance(wanted, Const):
            raise low.error(f"could not broadcast input array from shape {spell(value.shape)} into shape "
                            f"{spell(shape)}", kind="value")
        equal = low.build.prim("eq", extent, wanted)
        if low.options.dynamic_broadcast:
            test = low.build.prim("or", equal, low.build.prim("eq", extent, ONE))
            low.check(test, "ValueError", "could not broadcast input array into shape; extents", (extent, wanted))
        else:
            low.assume(equal)
            low.declare_equal(extent, wanted)
    return views.broadcast(low, value, shape)


# --- loops -----------------------------------------------------------------------------------------------


def loop(low, start: Operand, stop: Operand, inits: Sequence[tuple[Operand, str | None]],
         body: Callable[[Operand, list[Operand]], Sequence[Operand]], name: str = "i",
         step: Operand = ONE) -> list[Operand]:
    """A counted loop carrying scalars; gives their values after it."""
    build = low.build
    counter = Var(Scalar("i8"), name)
    low.bounds.counter(counter, start, stop, step)
    insides = [Var(init.type, hint) for init, hint in inits]
    with build.block() as block:
        nexts = list(body(counter, list(insides)))
    afters = [Var(init.type, hint) for init, hint in inits]
    carries = tuple(Carry(inside, init, following, after) for inside, (init, _), following, after
                    in zip(insides, inits, nexts, afters))
    build.emit(For(counter, start, stop, step, carries, tuple(block.body), None, build.span))
    return list(afters)


def nest(low, shape: tuple[Operand, ...], body: Callable[[Index], None]) -> None:
    """Loops over a whole index domain; extents of 1 need none."""
    def level(k: int, index: Index) -> None:
        if k == len(shape):
            body(index)
        elif shape[k] == ONE:
            level(k + 1, (*index, ZERO))
        else:
            def inner(counter, _):
                level(k + 1, (*index, counter))
                return ()
            loop(low, ZERO, shape[k], (), inner, COUNTERS[k % 8])

    level(0, ())


def fold(low, shape: tuple[Operand, ...], inits: Sequence[tuple[Operand, str | None]],
         body: Callable[[Index, list[Operand]], Sequence[Operand]], offset: int = 0) -> list[Operand]:
    """Loops over an index domain carrying scalars from element to element in order."""
    def level(k: int, index: Index, state: list[Operand]) -> list[Operand]:
        if k == len(shape):
            return list(body(index, state))
        if shape[k] == ONE:
            return level(k + 1, (*index, ZERO), state)
        named = [(value, hint) for value, (_, hint) in zip(state, inits)]
        return loop(low, ZERO, shape[k], named,
                    lambda counter, inner: level(k + 1, (*index, counter), inner),
                    COUNTERS[(k + offset) % 8])

    return level(0, (), [init for init, _ in inits])


# --- elements --------------------------------------------------------------------------------------------


def element(low, value: Num | View | Lazy, index: Index) -> Num:
    """One element as a scalar; scalars are their own element everywhere."""
    match value:
        case Num():
            return value
        case View():
            return Num(views.load(low, value, index))
        case Lazy():
            return Num(value.element(index))


def typing(value: Num | View | Lazy) -> tuple[str, bool]:
    return value.code, value.weak


def elementwise(low, type_rule: Callable, emit: Callable[..., Num], *values: Value, cheap: bool = True) -> Num | Lazy:
    """emit(a, b, ...) on scalars, or the lazy array of it over the broadcast shape."""
    values = tuple(low.as_array(value) for value in values)
    arrays = [value for value in values if isinstance(value, Arrayish)]
    if not arrays:
        return emit(*values)
    shape = broadcast_shapes(low, [value.shape for value in arrays])
    code, _ = type_rule(*(typing(value) for value in values))
    spread = [views.broadcast(low, affordable(low, value, shape), shape) if isinstance(value, Arrayish) else value
              for value in values]
    span = low.build.span

    def at(index: Index) -> Operand:
        with low.at(span):
            result = emit(*(element(low, value, index) for value in spread))
        return as_type(low, result, code).operand

    if not shape:
        return Num(at(()))
    leaves = tuple(leaf for value in spread for leaf in leaves_of(value))
    return Lazy(shape, code, at, leaves, cheap and all(not isinstance(v, Lazy) or v.cheap for v in spread))


def leaves_of(value: Value) -> tuple[View, ...]:
    match value:
        case View():
            return (value,)
        case Lazy(leaves=leaves):
            return leaves
    return ()


def affordable(low, value: View | Lazy, shape: tuple[Operand, ...]) -> View | Lazy:
    """A lazy operand that broadcasting would compute again and again is computed once first."""
    grows = len(shape) > value.rank or any(not low.equal_extents(a, b) for a, b in zip(value.shape, shape))
    if isinstance(value, Lazy) and grows and not value.cheap:
        return materialise(low, value)
    return value


# --- storing ---------------------------------------------------------------------------------------------


def materialise(low, value: View | Lazy, dtype: str | None = None, name: str | None = None) -> View:
    """A new array holding the elements of `value`."""
    dtype = dtype or value.dtype
    base = low.build.alloc(dtype, value.shape, "empty", name)
    low.fresh(base)
    target = views.whole(low, base)
    write(low, target, value)
    return target


def concrete(low, value: View | Lazy) -> View:
    """`value` as a view of memory: lazy expressions are computed now."""
    return value if isinstance(value, View) else materialise(low, value)


def write(low, target: View, value: Num | View | Lazy) -> None:
    """target[...] = value, one element at a time, without looking at overlap."""
    code = target.code

    def at(index: Index) -> None:
        views.store(low, target, index, as_type(low, element(low, value, index), code).operand)

    nest(low, target.shape, at)
    if low.build.here.body:
        low.at_once.append(low.build.here.body[-1])


def assign(low, target: View, value: Value) -> None:
    """target[...] = value with NumPy's semantics: the right-hand side is read completely first."""
    value = low.as_array(value)
    low.require_writable(target)
    if isinstance(value, Num):
        write(low, target, value)
        return
    value = require_shape(low, value, target.shape)
    if any(conflicts(low, target, leaf) for leaf in leaves_of(value)):
        value = materialise(low, value)
    write(low, target, value)


def conflicts(low, target: View, leaf: View) -> bool:
    """Whether writing elements of `target` one by one could change elements of `leaf` read later."""
    if not low.may_alias(target.base, leaf.base):
        return False
    same = target.base is leaf.base and target.axes == leaf.axes and injective(target)
    return not same and not apart(low, target, leaf)


def injective(view: View) -> bool:
    walked = {axis.axis for axis in view.axes if isinstance(axis, Along)}
    return all(k in walked or view.shape[k] == ONE for k in range(view.rank))


def apart(low, a: View, b: View) -> bool:
    """Whether two views of one base are told apart by a held axis with provably different indices."""
    if a.base is not b.base:
        return False
    for left, right in zip(a.axes, b.axes):
        if isinstance(left, Fixed) and isinstance(right, Fixed):
            terms, constant = low.build.affine(low.build.prim("sub", left.index, right.index))
            if not terms and constant != 0:
                return True
    return False


# --- reductions ------------------------------------------------------------------------------------------


def axes_of(low, axis, rank: int) -> tuple[int, ...]:
    """The normalised axes of an `axis=` argument given as None, int or tuple of ints."""
    if axis is None:
        return tuple(range(rank))
    found = []
    for k in axis if isinstance(axis, tuple) else (axis,):
        if not -rank <= k < rank:
            raise low.error(f"axis {k} is out of bounds for array of dimension {rank}", kind="value")
        if k % rank in found:
            raise low.error("duplicate value in 'axis'", kind="value")
        found.append(k % rank)
    return tuple(sorted(found))


def reduce(low, value: View | Lazy, axes: tuple[int, ...], keepdims: bool, code: str,
           run: Callable[[tuple[Operand, ...], Callable[[Index], Num], int], Operand]) -> Num | View:
    """`run(extents, element, depth)` over the reduced axes, once per element of the kept ones."""
    kept = tuple(k for k in range(value.rank) if k not in axes)
    extents = tuple(value.shape[k] for k in axes)

    def at(outer: Index) -> Operand:
        def of(inner: Index) -> Num:
            index: list[Operand] = [ZERO] * value.rank
            for k, operand in [*zip(kept, outer), *zip(axes, inner)]:
                index[k] = operand
            return element(low, value, tuple(index))

        return run(extents, of, len(outer))

    if not kept:
        result = Num(at(()))
        return filled(low, result, (ONE,) * value.rank, code) if keepdims else result
    shape = tuple(value.shape[k] for k in kept)
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))
    nest(low, shape, lambda index: views.store(low, out, index, low.build.cast(at(index), Scalar(code))))
    return views.expand(out, axes) if keepdims else out


def filled(low, value: Num, shape: tuple[Operand, ...], code: str) -> View:
    """A new array of one value."""
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))
    write(low, out, value)
    return out


def total(low, value: View | Lazy, name: str = "total") -> Operand:
    """The sum of all elements."""
    zero = Const(0.0, Scalar(value.code)) if value.code[0] == "f" else ZERO

    def add(index: Index, state: list[Operand]) -> list[Operand]:
        return [low.build.prim("add", state[0], as_type(low, element(low, value, index), zero.type.code).operand)]

    return fold(low, value.shape, [(zero, name)], add)[0]


def any_true(low, tests: list[Operand]) -> Operand:
    result: Operand = FALSE
    for test in tests:
        result = TRUE if test == TRUE else low.build.prim("or", result, test)
    return result
