"""Reductions: sum, mean, prod, max, min, var, std, any, all, argmax, argmin, count_nonzero, ptp.

Sums of single-precision numbers are formed in double precision and rounded once: at least as accurate as NumPy's
pairwise sums, and still one loop.
"""

from __future__ import annotations

import math

import numpy as np

from adtrans.build import FALSE, ONE, TRUE, ZERO, zero
from adtrans.ir import BOOL, F8, INT, Const, Operand, Scalar
from adtrans.lower import nests, running
from adtrans.lower.builtins import arity
from adtrans.lower.expressions import arithmetic
from adtrans.lower.requests import Request, as_view, axis_argument
from adtrans.lower.scalars import as_type, truth
from adtrans.lower.values import NONE, Lazy, Num, Py, Value, View


def numeric_code(value) -> str:
    return "i8" if value.code == "b1" else value.code


def start_of(low, request: Request, code: str, default: float) -> Const | Operand:
    """Where a sum or product starts."""
    if request.initial == NONE:
        return Const(default, Scalar(code)) if code[0] == "f" else Const(int(default), INT)
    initial = low.as_array(request.initial)
    if not isinstance(initial, Num) or (initial.code[0] == "f" and code[0] != "f"):
        raise low.error("initial= has to be a number of the result's dtype", kind="type")
    return as_type(low, initial, code).operand


def adding(low, code: str, op: str, start: Operand | float):
    """The body of sum and prod over reduced axes."""
    if not isinstance(start, (Const, Operand)):
        start = Const(start, Scalar(code)) if code[0] == "f" else Const(int(start), INT)

    def body(extents, element, depth) -> Operand:
        wide = "f8" if code == "f4" and op == "add" and any(extent != ONE for extent in extents) else code

        def step(index, state):
            return [low.build.prim(op, state[0], as_type(low, element(index), wide).operand)]

        first = low.build.cast(start, Scalar(wide))
        return low.build.cast(nests.fold(low, extents, [(first, "total")], step, depth)[0], Scalar(code))

    return body


def total(op: str, start: int):
    """sum and prod."""
    def run(low, request: Request) -> Num | View:
        code = numeric_code(request.value)
        value = request.masked(low, Num(Const(start, INT), True))
        body = adding(low, code, op, start_of(low, request, code, float(start)))
        return nests.reduce(low, value, request.axes, request.keepdims, code, body)

    return run


add_up, multiply_up = total("add", 0), total("mul", 1)


def reader(name: str, run):
    """A reduction as NumPy calls it."""
    def read(low, args, keywords) -> Value:
        request = Request(low, name, args, keywords)
        return request.finish(low, run(low, request))

    return read


# --- averages --------------------------------------------------------------------------------------------


def count(low, request: Request) -> Num | View:
    """How many elements take part in each result."""
    if request.where is not None:
        def body(extents, element, depth):
            def step(index, state):
                return [low.build.prim("add", state[0], low.build.cast(element(index).operand, INT))]

            return nests.fold(low, extents, [(ZERO, "count")], step, depth)[0]

        return nests.reduce(low, request.where, request.axes, request.keepdims, "i8", body)
    found: Operand = ONE
    for axis in request.axes:
        found = low.build.prim("mul", found, request.value.shape[axis])
    return Num(found)


def float_code(value) -> str:
    return value.code if value.code[0] == "f" else "f8"


def average(low, request: Request) -> Num | View:
    """mean."""
    code = float_code(request.value)
    size = count(low, request)
    if request.where is None:
        add = adding(low, code, "add", 0.0)
        parts = as_type(low, size, code).operand

        def body(extents, element, depth):
            return low.build.prim("truediv", add(extents, element, depth), parts)

        return nests.reduce(low, request.value, request.axes, request.keepdims, code, body)
    return quotient(low, summed(low, request, request.value, code), size, code)


def summed(low, request: Request, value: View | Lazy, code: str) -> Num | View:
    """The sum of the elements of `value` that take part."""
    from adtrans.lower.ufuncs import where

    if request.where is not None:
        value = where(low, [request.where, value, Num(ZERO, True)], {})
    return nests.reduce(low, value, request.axes, request.keepdims, code, adding(low, code, "add", 0.0))


def quotient(low, a: Value, b: Value, code: str) -> Num | View:
    """a / b elementwise in `code`."""
    def emit(x: Num, y: Num) -> Num:
        return Num(low.build.prim("truediv", as_type(low, x, code).operand, as_type(low, y, code).operand))

    found = nests.elementwise(low, lambda x, y: (code, False), emit, a, b)
    return nests.concrete(low, found) if isinstance(found, Lazy) else found


def variance(root: bool):
    """var and std. Two passes, as NumPy does: the mean, then the squared deviations."""
    def run(low, request: Request) -> Num | View:
        request.value = nests.concrete(low, request.value)
        code = float_code(request.value)
        size = count(low, request)
        if request.where is not None:
            return masked_variance(low, request, size, code, root)
        add = adding(low, code, "add", 0.0)
        type = Scalar(code)
        parts = low.build.cast(size.operand, type)
        ddof = as_type(low, request.ddof, code).operand
        degrees = parts
        if request.ddof != Num(ZERO, True):
            degrees = low.build.prim("maximum", low.build.prim("sub", parts, ddof), zero(type))

        def body(extents, element, depth):
            center = low.build.prim("truediv", add(extents, element, depth), parts)

            def squared(index):
                gap = low.build.prim("sub", as_type(low, element(index), code).operand, center)
                return Num(low.build.prim("mul", gap, gap))

            result = low.build.prim("truediv", add(extents, squared, depth), degrees)
            return low.build.prim("sqrt", result) if root else result

        return nests.reduce(low, request.value, request.axes, request.keepdims, code, body)

    return run


def masked_variance(low, request: Request, size: Num | View, code: str, root: bool) -> Num | View:
    """The variance of the elements that take part."""
    keep, request.keepdims = request.keepdims, True
    parts = count(low, request)
    center = quotient(low, summed(low, request, request.value, code), parts, code)

    def emit(x: Num, y: Num) -> Num:
        gap = low.build.prim("sub", as_type(low, x, code).operand, y.operand)
        return Num(low.build.prim("mul", gap, gap))

    squares = nests.elementwise(low, lambda x, y: (code, False), emit, request.value, center)
    request.keepdims = keep
    spread = summed(low, request, squares, code)

    def result(x: Num, n: Num) -> Num:
        left = low.build.prim("sub", as_type(low, n, code).operand, as_type(low, request.ddof, code).operand)
        found = low.build.prim("truediv", x.operand, low.build.prim("maximum", left, zero(left.type)))
        return Num(low.build.prim("sqrt", found) if root else found)

    found = nests.elementwise(low, lambda x, n: (code, False), result, spread, size)
    return nests.concrete(low, found) if isinstance(found, Lazy) else found


# --- extremes --------------------------------------------------------------------------------------------


def better_of(low, op: str, here: Operand, best: Operand) -> Operand:
    """Whether `here` replaces `best`: the first of equal ones stays, NaN wins."""
    build = low.build
    better = build.prim(op, here, best)
    if not here.type.is_float:
        return better
    poisoned = build.prim("isnan", best, type=BOOL)
    nan = build.prim("and", build.prim("isnan", here, type=BOOL), build.prim("not", poisoned))
    return build.prim("or", better, nan)


def arg_extreme(low, op: str, message: str):
    """The position of the first extreme element within the reduced axes; NaN wins, as in NumPy.

    Carries the extents' multi-index, so that the element itself is one load and its derivative one update.
    """
    def body(extents, element, depth) -> list[Operand]:
        for extent in extents:
            low.check(low.build.prim("gt", extent, ZERO), "ValueError", message)
        inits = [(ZERO, "best") for _ in extents]

        def step(index, state):
            better = better_of(low, op, element(index).operand, element(tuple(state)).operand)
            return [low.build.prim("select", better, new, old) for new, old in zip(index, state)]

        return nests.fold(low, extents, inits, step, depth)

    return body


def extreme(name: str, op: str):
    """max and min."""
    def run(low, request: Request) -> Num | View:
        if request.initial != NONE:
            return bounded(low, request, op)
        if request.where is not None:
            raise low.error(f"reduction operation '{name}imum' does not have an identity, so to use a where mask one "
                            "has to specify 'initial'", kind="value")
        request.value = nests.concrete(low, request.value)
        find = arg_extreme(low, op, f"zero-size array to reduction operation {name}imum which has no identity")

        def body(extents, element, depth):
            return element(tuple(find(extents, element, depth))).operand

        return nests.reduce(low, request.value, request.axes, request.keepdims, request.value.code, body)

    return run


def bounded(low, request: Request, op: str) -> Num | View:
    """The extreme of `initial` and the elements that take part."""
    initial = low.as_array(request.initial)
    code = request.value.code
    if not isinstance(initial, Num) or (initial.code[0] == "f" and code[0] != "f"):
        raise low.error("initial= has to be a number of the array's dtype", kind="type")
    first = as_type(low, initial, code)

    def body(extents, element, depth):
        def step(index, state):
            here = as_type(low, element(index), code).operand
            return [low.build.prim("select", better_of(low, op, here, state[0]), here, state[0])]

        return nests.fold(low, extents, [(first.operand, "best")], step, depth)[0]

    return nests.reduce(low, request.masked(low, first), request.axes, request.keepdims, code, body)


def arg_function(name: str, op: str):
    """argmax and argmin: a position along the axis, or in the whole array in order."""
    def run(low, request: Request) -> Num | View:
        if isinstance(request.axis, tuple):
            raise low.error("'tuple' object cannot be interpreted as an integer", kind="type")
        request.value = nests.concrete(low, request.value)
        find = arg_extreme(low, op, f"attempt to get {name} of an empty sequence")

        def body(extents, element, depth):
            at: Operand = ZERO
            for extent, index in zip(extents, find(extents, element, depth)):
                at = low.build.prim("add", low.build.prim("mul", at, extent), index)
            return at

        return nests.reduce(low, request.value, request.axes, request.keepdims, "i8", body)

    return run


# --- truth and counting ----------------------------------------------------------------------------------


def quantifier(name: str, op: str, start):
    """any and all."""
    def run(low, request: Request) -> Num | View:
        def body(extents, element, depth):
            def step(index, state):
                return [low.build.prim(op, state[0], truth(low, element(index)).operand)]

            return nests.fold(low, extents, [(start, name)], step, depth)[0]

        value = request.masked(low, Num(start, True))
        return nests.reduce(low, value, request.axes, request.keepdims, "b1", body)

    return run


def count_true(low, request: Request) -> Num | View:
    def body(extents, element, depth):
        def step(index, state):
            return [low.build.prim("add", state[0], low.build.cast(truth(low, element(index)).operand, INT))]

        return nests.fold(low, extents, [(ZERO, "count")], step, depth)[0]

    return nests.reduce(low, request.value, request.axes, request.keepdims, "i8", body)


def range_of(low, request: Request) -> Num | View:
    """ptp."""
    request.value = nests.concrete(low, request.value)
    largest, smallest = extreme("max", "gt")(low, request), extreme("min", "lt")(low, request)
    found = arithmetic(low, "sub", largest, smallest)
    return nests.concrete(low, found) if isinstance(found, Lazy) else found


def fsum(low, args, keywords) -> Value:
    from adtrans.lower.builtins import sum_ as plain

    arity(low, "fsum", args, keywords, 1, 1)
    return plain(low, args, {"start": Num(Const(0.0, F8), True)})


MAX, MIN = reader("max", extreme("max", "gt")), reader("min", extreme("min", "lt"))
TABLE = {
    np.sum: reader("sum", add_up), np.prod: reader("prod", multiply_up), np.mean: reader("mean", average),
    np.var: reader("var", variance(False)), np.std: reader("std", variance(True)),
    np.max: MAX, np.min: MIN, np.amax: MAX, np.amin: MIN,
    np.argmax: reader("argmax", arg_function("argmax", "gt")),
    np.argmin: reader("argmin", arg_function("argmin", "lt")),
    np.any: reader("any", quantifier("any", "or", FALSE)), np.all: reader("all", quantifier("all", "and", TRUE)),
    np.count_nonzero: reader("count_nonzero", count_true), np.ptp: reader("ptp", range_of),
    np.cumsum: running.running("cumsum", "add", 0.0), np.cumprod: running.running("cumprod", "mul", 1.0),
    math.fsum: fsum,
}
KNOWN_REDUCTIONS = TABLE
__all__ = ["KNOWN_REDUCTIONS", "Py", "Request", "TABLE", "as_view", "axis_argument"]
