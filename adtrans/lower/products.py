"""dot, matmul, @, outer, inner, vdot, trace as loop nests."""

from __future__ import annotations

import numpy as np

from adtrans.build import ONE, ZERO
from adtrans.ir import INT, Const, Operand, Scalar
from adtrans.lower import nests, views
from adtrans.lower.builtins import arity
from adtrans.lower.expressions import arithmetic
from adtrans.lower.scalars import as_type, promote
from adtrans.lower.values import Arrayish, Num, Value, View


def same_extent(low, a: Operand, b: Operand, name: str) -> None:
    """The contracted extents agree, with NumPy's wording where they do not."""
    if low.equal_extents(a, b):
        return
    if isinstance(a, Const) and isinstance(b, Const):
        raise low.error(f"{name}: mismatch in core dimension: {a.value} is different from {b.value}", kind="value")
    low.check(low.build.prim("eq", a, b), "ValueError", f"{name}: shapes not aligned:", (a, b))


def contract(low, extent: Operand, code: str, product) -> Operand:
    """The sum over k of product(k)."""
    init = Const(0.0, Scalar(code)) if code[0] == "f" else Const(0, INT)

    def step(k, state):
        return [low.build.prim("add", state[0], product(k))]

    return nests.loop(low, ZERO, extent, [(init, "total")], step, "k")[0]


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

    def entry(index) -> Operand:
        *lead, i, j = index
        return contract(low, left.shape[-1], code, lambda k: low.build.prim(
            "mul", operand(low, left, (*lead, i, k), code), operand(low, right, (*lead, k, j), code)))

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
    arity(low, "matmul", args, keywords, 2, 2)
    return matmul(low, *(low.as_array(arg) for arg in args))


def dot(low, args, keywords) -> Value:
    """np.dot: products with scalars, else the sum over the last axis of a and the second-to-last of b."""
    arity(low, "dot", args, keywords, 2, 2)
    a, b = (low.as_array(arg) for arg in args)
    ranks = [value.rank if isinstance(value, Arrayish) else 0 for value in (a, b)]
    if 0 in ranks:
        return arithmetic(low, "mul", a, b)
    if max(ranks) <= 2:
        return matmul(low, a, b)
    return tensor_dot(low, nests.concrete(low, a), nests.concrete(low, b), a.rank - 1, max(b.rank - 2, 0), "dot")


def tensor_dot(low, a: View, b: View, axis_a: int, axis_b: int, name: str) -> Value:
    """The sum over one axis of each: the other axes of a, then those of b."""
    same_extent(low, a.shape[axis_a], b.shape[axis_b], name)
    code, _ = promote((a.code, False), (b.code, False))
    rest_a = a.shape[:axis_a] + a.shape[axis_a + 1:]
    rest_b = b.shape[:axis_b] + b.shape[axis_b + 1:]
    shape = (*rest_a, *rest_b)

    def entry(index) -> Operand:
        left, right = index[:len(rest_a)], index[len(rest_a):]
        return contract(low, a.shape[axis_a], code, lambda k: low.build.prim(
            "mul", operand(low, a, (*left[:axis_a], k, *left[axis_a:]), code),
            operand(low, b, (*right[:axis_b], k, *right[axis_b:]), code)))

    if not shape:
        return Num(entry(()))
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))
    nests.nest(low, shape, lambda index: views.store(low, out, index, entry(index)))
    return out


def inner(low, args, keywords) -> Value:
    arity(low, "inner", args, keywords, 2, 2)
    a, b = (low.as_array(arg) for arg in args)
    if not (isinstance(a, Arrayish) and isinstance(b, Arrayish) and a.rank and b.rank):
        return arithmetic(low, "mul", a, b)
    return tensor_dot(low, nests.concrete(low, a), nests.concrete(low, b), a.rank - 1, b.rank - 1, "inner")


def vdot(low, args, keywords) -> Value:
    from adtrans.lower.shaping import flat

    arity(low, "vdot", args, keywords, 2, 2)
    a, b = (nests.concrete(low, flat(low, arg)) for arg in args)
    return tensor_dot(low, a, b, 0, 0, "vdot")


def outer(low, args, keywords) -> Value:
    from adtrans.lower.shaping import flat

    arity(low, "outer", args, keywords, 2, 2)
    a, b = (flat(low, arg) for arg in args)
    return arithmetic(low, "mul", views.expand(a, (1,)), views.expand(b, (0,)))


def trace(low, args, keywords) -> Value:
    arity(low, "trace", args, keywords, 1, 1)
    value = nests.concrete(low, low.as_array(args[0]))
    if value.rank != 2:
        raise low.error("trace of an array of more than two axes is not in the language yet")
    extent = low.build.prim("min", *value.shape)
    code = "i8" if value.code == "b1" else value.code
    return Num(contract(low, extent, code, lambda k: operand(low, value, (k, k), code)))


TABLE = {np.matmul: matmul_, np.dot: dot, np.inner: inner, np.vdot: vdot, np.outer: outer, np.trace: trace}
__all__ = ["ONE", "TABLE", "matmul"]
