"""Reductions: sum, mean, prod, max, min, var, std, any, all, argmax, argmin, cumsum, cumprod."""

from __future__ import annotations

import math

import numpy as np

from adtrans.build import FALSE, ONE, TRUE, ZERO, zero
from adtrans.ir import BOOL, F8, INT, Const, Operand, Scalar
from adtrans.lower import nests, views
from adtrans.lower.builtins import arity
from adtrans.lower.comprehensions import Generator, collect
from adtrans.lower.creation import dtype_code
from adtrans.lower.expressions import arithmetic
from adtrans.lower.scalars import as_type, static_int, truth
from adtrans.lower.values import NONE, Arrayish, Lazy, Num, Py, Seq, Value, View

NAMES = ("axis", "keepdims", "dtype", "out", "ddof", "initial", "where")


class Request:
    """The arguments of one call of a reduction."""

    def __init__(self, low, name: str, args, keywords, extra: tuple[str, ...] = ()):
        arity(low, name, args, keywords, 1, 2 + len(extra), ("a", *NAMES))
        for refused in ("out", "initial", "where"):
            if keywords.get(refused, NONE) != NONE:
                raise low.error(f"{name}() with {refused}= is not in the language yet")
        value = args[0]
        if isinstance(value, Generator):
            value = collect(low, value, list)
        found = low.as_array(value)
        if isinstance(found, Num):
            found = nests.filled(low, found, (), found.code)
        self.value: View | Lazy = found
        self.axis = axis_argument(low, args[1] if len(args) > 1 else keywords.get("axis", NONE))
        self.axes = nests.axes_of(low, self.axis, found.rank)
        keep = keywords.get("keepdims", Num(FALSE, True))
        self.keepdims = bool(keep.operand.value) if isinstance(keep, Num) else False
        self.dtype = keywords.get("dtype", NONE)
        self.ddof = keywords.get("ddof", Num(ZERO, True))
        if self.dtype != NONE:
            from adtrans.lower.creation import convert

            self.value = convert(low, self.value, self.dtype)

    def run(self, low, code: str, body) -> Num | View:
        return nests.reduce(low, self.value, self.axes, self.keepdims, code, body)


def axis_argument(low, value: Value):
    if value == NONE:
        return None
    if isinstance(value, Seq):
        return tuple(axis_argument(low, item) for item in value.items)
    axis = static_int(value)
    if axis is None:
        raise low.error("axis has to be known before the program runs")
    return axis


def numeric_code(value) -> str:
    return "i8" if value.code == "b1" else value.code


def adding(low, code: str, op: str, start: float):
    """The body of sum and prod over reduced axes."""
    init = Const(start, Scalar(code)) if code[0] == "f" else Const(int(start), INT)

    def body(extents, element, depth) -> Operand:
        def step(index, state):
            return [low.build.prim(op, state[0], as_type(low, element(index), code).operand)]

        return nests.fold(low, extents, [(init, "total")], step, depth)[0]

    return body


def sum_(low, args, keywords) -> Value:
    request = Request(low, "sum", args, keywords)
    code = numeric_code(request.value)
    return request.run(low, code, adding(low, code, "add", 0.0))


def prod(low, args, keywords) -> Value:
    request = Request(low, "prod", args, keywords)
    code = numeric_code(request.value)
    return request.run(low, code, adding(low, code, "mul", 1.0))


def count(low, request: Request) -> Operand:
    total: Operand = ONE
    for axis in request.axes:
        total = low.build.prim("mul", total, request.value.shape[axis])
    return total


def mean(low, args, keywords) -> Value:
    request = Request(low, "mean", args, keywords)
    code = request.value.code if request.value.code[0] == "f" else "f8"
    add = adding(low, code, "add", 0.0)
    size = low.build.cast(count(low, request), Scalar(code))

    def body(extents, element, depth):
        return low.build.prim("truediv", add(extents, element, depth), size)

    return request.run(low, code, body)


def variance(low, request: Request, root: bool) -> Value:
    """Two passes, as NumPy does: the mean, then the squared deviations."""
    request.value = nests.concrete(low, request.value)
    code = request.value.code if request.value.code[0] == "f" else "f8"
    add = adding(low, code, "add", 0.0)
    type = Scalar(code)
    size = low.build.cast(count(low, request), type)
    ddof = as_type(low, request.ddof, code).operand
    freedom = low.build.prim("sub", size, ddof) if request.ddof != Num(ZERO, True) else size

    def body(extents, element, depth):
        center = low.build.prim("truediv", add(extents, element, depth), size)

        def squared(index):
            gap = low.build.prim("sub", as_type(low, element(index), code).operand, center)
            return Num(low.build.prim("mul", gap, gap))

        result = low.build.prim("truediv", add(extents, squared, depth), freedom)
        return low.build.prim("sqrt", result) if root else result

    return request.run(low, code, body)


def var(low, args, keywords) -> Value:
    return variance(low, Request(low, "var", args, keywords), False)


def std(low, args, keywords) -> Value:
    return variance(low, Request(low, "std", args, keywords), True)


def arg_extreme(low, op: str, name: str):
    """The position of the first extreme element within the reduced axes; NaN wins, as in NumPy.

    Carries the extents' multi-index, so that the element itself is one load and its derivative one update.
    """
    def body(extents, element, depth) -> list[Operand]:
        for extent in extents:
            low.check(low.build.prim("gt", extent, ZERO), "ValueError",
                      f"zero-size array to reduction operation {name} which has no identity")
        inits = [(ZERO, "best") for _ in extents]

        def step(index, state):
            build = low.build
            here, best = element(index).operand, element(tuple(state)).operand
            better = build.prim(op, here, best)
            if here.type.is_float:
                poisoned = build.prim("isnan", best, type=BOOL)
                nan = build.prim("and", build.prim("isnan", here, type=BOOL), build.prim("not", poisoned))
                better = build.prim("or", better, nan)
            return [build.prim("select", better, new, old) for new, old in zip(index, state)]

        return nests.fold(low, extents, inits, step, depth)

    return body


def extreme(name: str, op: str):
    def run(low, args, keywords) -> Value:
        request = Request(low, name, args, keywords)
        request.value = nests.concrete(low, request.value)
        find = arg_extreme(low, op, name)

        def body(extents, element, depth):
            return element(tuple(find(extents, element, depth))).operand

        return request.run(low, request.value.code, body)

    return run


def arg_function(name: str, op: str):
    def run(low, args, keywords) -> Value:
        request = Request(low, name, args, keywords)
        request.value = nests.concrete(low, request.value)
        find = arg_extreme(low, op, name)

        def body(extents, element, depth):
            at: Operand = ZERO
            for extent, index in zip(extents, find(extents, element, depth)):
                at = low.build.prim("add", low.build.prim("mul", at, extent), index)
            return at

        return request.run(low, "i8", body)

    return run


def quantifier(name: str, op: str, start):
    def run(low, args, keywords) -> Value:
        request = Request(low, name, args, keywords)

        def body(extents, element, depth):
            def step(index, state):
                return [low.build.prim(op, state[0], truth(low, element(index)).operand)]

            return nests.fold(low, extents, [(start, name)], step, depth)[0]

        return request.run(low, "b1", body)

    return run


def count_nonzero(low, args, keywords) -> Value:
    request = Request(low, "count_nonzero", args, keywords)

    def body(extents, element, depth):
        def step(index, state):
            return [low.build.prim("add", state[0], low.build.cast(truth(low, element(index)).operand, INT))]

        return nests.fold(low, extents, [(ZERO, "count")], step, depth)[0]

    return request.run(low, "i8", body)


def ptp(low, args, keywords) -> Value:
    return arithmetic(low, "sub", extreme("max", "gt")(low, args, keywords), extreme("min", "lt")(low, args, keywords))


# --- running sums ----------------------------------------------------------------------------------------


def running(name: str, op: str, start: float):
    """cumsum, cumprod."""
    def run(low, args, keywords) -> Value:
        request = Request(low, name, args, keywords)
        value = request.value
        if request.axis is None and value.rank != 1:
            from adtrans.lower.shaping import flat

            value = flat(low, value)
        axis = request.axes[0] if request.axis is not None else 0
        value = nests.concrete(low, value)
        code = numeric_code(value)
        init = Const(start, Scalar(code)) if code[0] == "f" else Const(int(start), INT)
        out = views.whole(low, low.fresh(low.build.alloc(code, value.shape, "empty")))
        others = tuple(extent for k, extent in enumerate(value.shape) if k != axis)

        def line(outer):
            def step(counter, state):
                index = (*outer[:axis], counter, *outer[axis:])
                following = low.build.prim(op, state[0], as_type(low, nests.element(low, value, index), code).operand)
                views.store(low, out, index, following)
                return [following]

            nests.loop(low, ZERO, value.shape[axis], [(init, "total")], step, "k")

        nests.nest(low, others, line)
        return out

    return run


TABLE = {
    np.sum: sum_, np.mean: mean, np.average: mean, np.prod: prod, np.var: var, np.std: std,
    np.max: extreme("max", "gt"), np.min: extreme("min", "lt"), np.amax: extreme("max", "gt"),
    np.amin: extreme("min", "lt"), np.argmax: arg_function("argmax", "gt"), np.argmin: arg_function("argmin", "lt"),
    np.any: quantifier("any", "or", FALSE), np.all: quantifier("all", "and", TRUE),
    np.count_nonzero: count_nonzero, np.ptp: ptp,
    np.cumsum: running("cumsum", "add", 0.0), np.cumprod: running("cumprod", "mul", 1.0),
}


def fsum(low, args, keywords) -> Value:
    from adtrans.lower.builtins import sum_ as plain

    arity(low, "fsum", args, keywords, 1, 1)
    return plain(low, args, {"start": Num(Const(0.0, F8), True)})


TABLE[math.fsum] = fsum
KNOWN_REDUCTIONS = TABLE
__all__ = ["KNOWN_REDUCTIONS", "TABLE", "Arrayish", "Py", "dtype_code", "zero"]
