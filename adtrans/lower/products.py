"""dot, matmul, @, outer, inner, vdot, kron, trace as loop nests; products of matrices are calls (see `dense`)."""

from __future__ import annotations

import numpy as np

from adtrans.build import ZERO, const
from adtrans.ir import INT, Const, Operand, Scalar
from adtrans.lower import dense, einsum, nests, views
from adtrans.lower.builtins import arity, integer
from adtrans.lower.creation import convert
from adtrans.lower.expressions import arithmetic
from adtrans.lower.requests import as_view, axis_argument, bound, into, output
from adtrans.lower.scalars import as_type, promote
from adtrans.lower.ufunc_calls import UfuncCall
from adtrans.lower.values import NONE, Arrayish, Num, Value, View


def same_extent(low, a: Operand, b: Operand, name: str) -> None:
    """The contracted extents agree, with NumPy's wording where they do not."""
    if low.equal_extents(a, b):
        return
    if isinstance(a, Const) and isinstance(b, Const):
        raise low.error(f"{name}: mismatch in core dimension: {a.value} is different from {b.value}", kind="value")
    low.check(low.build.prim("eq", a, b), "ValueError", f"{name}: shapes not aligned:", (a, b))
    low.declare_equal(a, b)


def contract(low, extent: Operand, code: str, product, wide: str | None = None) -> Operand:
    """The sum over k of product(k), formed in the precision `wide`."""
    type = Scalar(wide or code)
    init = Const(0.0, type) if code[0] == "f" else Const(0, INT)

    def step(k, state):
        return [low.build.prim("add", state[0], low.build.cast(product(k), type))]

    return low.build.cast(nests.loop(low, ZERO, extent, [(init, "total")], step, "k")[0], Scalar(code))


def alone(code: str) -> str:
    """The precision in which a sum is formed that is the whole result."""
    return "f8" if code == "f4" else code


def operand(low, value: View, index, code: str) -> Operand:
    return as_type(low, nests.element(low, value, index), code).operand


def matmul(low, a: Value, b: Value) -> Value:
    """a @ b with NumPy's rules for 1-d operands; leading axes broadcast."""
    if not isinstance(a, Arrayish) or not isinstance(b, Arrayish) or not a.rank or not b.rank:
        raise low.error("matmul: input operand does not have enough dimensions", kind="value")
    a, b = nests.concrete(low, a), nests.concrete(low, b)
    code, _ = promote((a.code, False), (b.code, False))
    code = "i8" if code == "b1" else code
    left = views.expand(a, (0,)) if a.rank == 1 else a
    right = views.expand(b, (1,)) if b.rank == 1 else b
    same_extent(low, left.shape[-1], right.shape[-2], "matmul")
    outer = nests.broadcast_shapes(low, [left.shape[:-2], right.shape[:-2]])
    left = views.broadcast(low, left, (*outer, *left.shape[-2:]))
    right = views.broadcast(low, right, (*outer, *right.shape[-2:]))
    full = (*outer, left.shape[-2], right.shape[-1])
    if b.rank == 2 and outer and dense.pays(low, code, None, *b.shape):
        rows = dense.gathered(low, left, (len(outer) + 1, 1))
        return dense.spread(low, dense.product(low, rows, b, code), full)
    if dense.pays(low, code, *left.shape[-2:], right.shape[-1]):
        return dense.stack(low, left, right, code)
    wide = alone(code) if a.rank == b.rank == 1 else code

    def entry(index) -> Operand:
        *lead, i, j = index
        return contract(low, left.shape[-1], code, lambda k: low.build.prim(
            "mul", operand(low, left, (*lead, i, k), code), operand(low, right, (*lead, k, j), code)), wide)

    dropped = tuple(len(full) - 2 + k for k, value in enumerate((a, b)) if value.rank == 1)
    if len(dropped) == len(full):
        return Num(entry((ZERO,) * len(full)))
    kept = tuple(extent for k, extent in enumerate(full) if k not in dropped)
    out = views.whole(low, low.fresh(low.build.alloc(code, kept, "empty")))

    def at(index):
        found = iter(index)
        views.store(low, out, index, entry(tuple(ZERO if k in dropped else next(found) for k in range(len(full)))))

    nests.nest(low, kept, at)
    return out


def matmul_(low, args, keywords) -> Value:
    """np.matmul; its out= is filled afterwards."""
    call = UfuncCall(low, "matmul", args, keywords, 2)
    if call.where != NONE:
        raise low.error("matmul() got an unexpected keyword argument 'where'", kind="type")
    return call.finish(low, matmul(low, *(low.as_array(arg) for arg in call.operands)))


def dot(low, args, keywords) -> Value:
    """np.dot: products with scalars, else the sum over the last axis of a and the second-to-last of b."""
    arity(low, "dot", args, keywords, 2, 3, ("out",))
    found = dot_of(low, *(low.as_array(arg) for arg in args[:2]))
    out = output(low, args[2] if len(args) > 2 else keywords.get("out", NONE))
    return found if out == NONE else into(low, "dot", out, found)


def dot_of(low, a: Value, b: Value) -> Value:
    ranks = [value.rank if isinstance(value, Arrayish) else 0 for value in (a, b)]
    if 0 in ranks:
        found = arithmetic(low, "mul", *(Num(value.operand) if isinstance(value, Num) else value for value in (a, b)))
        return Num(found.operand) if isinstance(found, Num) else found
    if max(ranks) <= 2:
        return matmul(low, a, b)
    return tensor_dot(low, nests.concrete(low, a), nests.concrete(low, b), a.rank - 1, max(b.rank - 2, 0), "dot")


def tensor_dot(low, a: View, b: View, axis_a: int, axis_b: int, name: str) -> Value:
    """The sum over one axis of each: the other axes of a, then those of b."""
    same_extent(low, a.shape[axis_a], b.shape[axis_b], name)
    labels_a = [*range(a.rank)]
    labels_b = [a.rank + k if k != axis_b else axis_a for k in range(b.rank)]
    found = einsum.by_matrices(low, [a, b], [tuple(labels_a), tuple(labels_b)],
                               tuple(k for k in (*labels_a, *labels_b) if k != axis_a))
    if found is not None:
        return found
    code, _ = promote((a.code, False), (b.code, False))
    rest_a = a.shape[:axis_a] + a.shape[axis_a + 1:]
    rest_b = b.shape[:axis_b] + b.shape[axis_b + 1:]
    shape = (*rest_a, *rest_b)

    code = "i8" if code == "b1" else code
    wide = code if shape else alone(code)

    def entry(index) -> Operand:
        left, right = index[:len(rest_a)], index[len(rest_a):]
        return contract(low, a.shape[axis_a], code, lambda k: low.build.prim(
            "mul", operand(low, a, (*left[:axis_a], k, *left[axis_a:]), code),
            operand(low, b, (*right[:axis_b], k, *right[axis_b:]), code)), wide)

    if not shape:
        return Num(entry(()))
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))
    nests.nest(low, shape, lambda index: views.store(low, out, index, entry(index)))
    return out


def inner(low, args, keywords) -> Value:
    arity(low, "inner", args, keywords, 2, 2)
    a, b = (low.as_array(arg) for arg in args)
    if not (isinstance(a, Arrayish) and isinstance(b, Arrayish) and a.rank and b.rank):
        return dot_of(low, a, b)
    return tensor_dot(low, nests.concrete(low, a), nests.concrete(low, b), a.rank - 1, b.rank - 1, "inner")


def vdot(low, args, keywords) -> Value:
    from adtrans.lower.shaping import flat

    arity(low, "vdot", args, keywords, 2, 2)
    a, b = (nests.concrete(low, flat(low, arg)) for arg in args)
    return tensor_dot(low, a, b, 0, 0, "vdot")


def outer(low, args, keywords) -> Value:
    from adtrans.lower.shaping import flat

    arity(low, "outer", args, keywords, 2, 3, ("out",))
    a, b = (flat(low, arg) for arg in args[:2])
    found = arithmetic(low, "mul", views.expand(a, (1,)), views.expand(b, (0,)))
    out = output(low, args[2] if len(args) > 2 else keywords.get("out", NONE))
    return found if out == NONE else into(low, "outer", out, found)


def kron(low, args, keywords) -> Value:
    """np.kron: each element of a times all of b, axis by axis."""
    arity(low, "kron", args, keywords, 2, 2)
    a, b = (as_view(low, arg) for arg in args)
    rank = max(a.rank, b.rank)
    if not rank:
        return dot_of(low, *(low.as_array(arg) for arg in args))
    left = views.expand(a, tuple(range(rank - a.rank))) if a.rank < rank else a
    right = views.expand(b, tuple(range(rank - b.rank))) if b.rank < rank else b
    made = arithmetic(low, "mul", views.expand(left, tuple(range(1, 2 * rank, 2))),
                      views.expand(right, tuple(range(0, 2 * rank, 2))))
    shape = tuple(low.build.prim("mul", m, n) for m, n in zip(left.shape, right.shape))
    return views.reshaped(low, nests.materialise(low, made), shape)


def trace(low, args, keywords) -> Value:
    """np.trace: the sum along a diagonal of two axes."""
    found = bound(low, "trace", ("a", "offset", "axis1", "axis2", "dtype", "out"), args, keywords)
    value = nests.concrete(low, as_view(low, found["a"]))
    if value.rank < 2:
        raise low.error("diag requires an array of at least two dimensions", kind="value")
    if found.get("dtype", NONE) != NONE:
        value = nests.concrete(low, convert(low, value, found["dtype"]))
    offset = integer(low, found.get("offset", Num(ZERO, True)), "offset")
    axes = [nests.axes_of(low, axis_argument(low, found.get(name, Num(const(k), True))), value.rank)[0]
            for k, name in enumerate(("axis1", "axis2"))]
    if axes[0] == axes[1]:
        raise low.error("axis1 and axis2 cannot be the same", kind="value")
    result = diagonal_sum(low, value, offset, *axes)
    out = output(low, found.get("out", NONE))
    return result if out == NONE else into(low, "trace", out, result)


def diagonal_sum(low, value: View, offset: Operand, first: int, second: int) -> Num | View:
    build, code = low.build, "i8" if value.code == "b1" else value.code
    down = build.prim("max", build.prim("neg", offset), ZERO)
    right = build.prim("max", offset, ZERO)
    extent = build.prim("min", build.prim("sub", value.shape[first], down),
                        build.prim("sub", value.shape[second], right))
    others = [k for k in range(value.rank) if k not in (first, second)]

    def entry(index) -> Operand:
        def term(k):
            places = {first: build.prim("add", k, down), second: build.prim("add", k, right),
                      **dict(zip(others, index))}
            return operand(low, value, tuple(places[axis] for axis in range(value.rank)), code)

        return contract(low, extent, code, term, alone(code))

    if not others:
        return Num(entry(()))
    shape = tuple(value.shape[k] for k in others)
    out = views.whole(low, low.fresh(build.alloc(code, shape, "empty")))
    nests.nest(low, shape, lambda index: views.store(low, out, index, entry(index)))
    return out


TABLE = {np.matmul: matmul_, np.dot: dot, np.inner: inner, np.vdot: vdot, np.outer: outer, np.kron: kron,
         np.trace: trace, **einsum.TABLE}
__all__ = ["TABLE", "matmul"]
