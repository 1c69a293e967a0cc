"""Elementwise functions: NumPy's ufuncs and the math module, on numbers and arrays."""

from __future__ import annotations

import math
import operator

import numpy as np

from adtrans.build import FALSE, TRUE, const, zero
from adtrans.ir import BOOL, F8, INT, Const
from adtrans.lower import fancy, joins, nests
from adtrans.lower.builtins import arity
from adtrans.lower.expressions import arithmetic
from adtrans.lower.scalars import as_type, compare, floating, promote, truth
from adtrans.lower.ufunc_calls import UfuncCall
from adtrans.lower.values import NONE, Arrayish, Lazy, Num, Seq, Value

FLOAT_UNARY = (
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt",
)
FLOAT_BINARY = ("hypot", "arctan2", "logaddexp", "logaddexp2", "copysign")
ROUNDING = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "fix": "trunc"}
ARITHMETIC = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "true_divide": "truediv",
    "floor_divide": "floordiv", "mod": "mod", "remainder": "mod", "power": "pow", "bitwise_and": "band",
    "bitwise_or": "bor", "bitwise_xor": "bxor", "left_shift": "lsh", "right_shift": "rsh",
}
COMPARE = {"less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "equal": "eq",
           "not_equal": "ne"}
TABLE: dict = {}


def strengthen(low, value: Value) -> Value:
    """NumPy functions give NumPy scalars, which are not weak."""
    return Num(value.operand, False) if isinstance(value, Num) else value


def elementary(op: str, name: str):
    """A float function of one argument."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 1)
        (x,) = call.operands

        def emit(value: Num) -> Num:
            code, _ = floating((value.code, value.weak))
            return Num(low.build.prim(op, as_type(low, value, code).operand))

        return call.finish(low, nests.elementwise(low, floating, emit, x, cheap=False))

    return run


def elementary2(op: str, name: str):
    """A float function of two arguments."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 2)
        x, y = call.operands

        def emit(a: Num, b: Num) -> Num:
            code, _ = floating((a.code, a.weak), (b.code, b.weak))
            return Num(low.build.prim(op, as_type(low, a, code).operand, as_type(low, b, code).operand))

        return call.finish(low, nests.elementwise(low, floating, emit, x, y, cheap=False))

    return run


def rounding(op: str, name: str):
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 1)
        (x,) = call.operands

        def emit(value: Num) -> Num:
            if value.code[0] != "f":
                return value
            return Num(low.build.prim(op, value.operand))

        return call.finish(low, nests.elementwise(low, lambda x: x, emit, x))

    return run


def operation(op: str, name: str):
    """An arithmetic operator as a function."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 2)
        x, y = call.operands
        return call.finish(low, arithmetic(low, op, low.as_array(x), low.as_array(y)))

    return run


def comparison(op: str, name: str):
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 2, True)
        x, y = call.operands
        found = nests.elementwise(low, lambda a, b: ("b1", False), lambda a, b: compare(low, op, a, b), x, y)
        return call.finish(low, found)

    return run


def logical(op: str, name: str, count: int):
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, count, True)

        def emit(*values: Num) -> Num:
            tests = [truth(low, value).operand for value in values]
            return Num(low.build.prim("ne" if op == "xor" else op, *tests, type=BOOL))

        return call.finish(low, nests.elementwise(low, lambda *t: ("b1", False), emit, *call.operands))

    return run


def predicate(op: str, name: str):
    """isnan, isinf, isfinite, signbit: false (or true) for integers."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 1, True)
        (x,) = call.operands

        def emit(value: Num) -> Num:
            if value.code[0] != "f":
                if op == "signbit":
                    return compare(low, "lt", value, Num(const(0), True))
                return Num(TRUE if op == "isfinite" else FALSE)
            return Num(low.build.prim(op, value.operand, type=BOOL))

        return call.finish(low, nests.elementwise(low, lambda t: ("b1", False), emit, x))

    return run


def extremum(op: str, name: str):
    """maximum, minimum, fmax, fmin; integers by comparison."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 2)
        x, y = call.operands

        def emit(a: Num, b: Num) -> Num:
            code, weak = promote((a.code, a.weak), (b.code, b.weak))
            left, right = as_type(low, a, code).operand, as_type(low, b, code).operand
            if code[0] == "f":
                return Num(low.build.prim(op, left, right))
            test = low.build.prim("ge" if op.endswith("max") or op == "maximum" else "le", left, right)
            return Num(low.build.prim("select", test, left, right))

        return call.finish(low, nests.elementwise(low, promote, emit, x, y))

    return run


def sign(low, args, keywords) -> Value:
    call = UfuncCall(low, "sign", args, keywords, 1)
    (x,) = call.operands

    def emit(value: Num) -> Num:
        if value.code[0] == "f":
            return Num(low.build.prim("sign", value.operand))
        nought = zero(value.type)
        up = low.build.cast(low.build.prim("gt", value.operand, nought), INT)
        down = low.build.cast(low.build.prim("lt", value.operand, nought), INT)
        return Num(low.build.prim("sub", up, down))

    return call.finish(low, nests.elementwise(low, lambda t: t, emit, x))


def absolute(low, args, keywords) -> Value:
    from adtrans.lower.builtins import abs_

    call = UfuncCall(low, "absolute", args, keywords, 1)
    (x,) = call.operands
    return call.finish(low, abs_(low, [x], {}))


def composed(name: str, make):
    """A function of one argument written with arithmetic."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 1)
        (x,) = call.operands
        return call.finish(low, make(low, low.as_array(x)))

    return run


def heaviside(low, args, keywords) -> Value:
    """np.heaviside: 0 below zero, 1 above, the second argument at zero, NaN for NaN."""
    call = UfuncCall(low, "heaviside", args, keywords, 2)
    x, y = call.operands

    def emit(a: Num, b: Num) -> Num:
        code, _ = floating((a.code, a.weak), (b.code, b.weak))
        at, value = as_type(low, a, code).operand, as_type(low, b, code).operand
        build = low.build
        nought, one = zero(at.type), Const(1.0, at.type)
        level = build.prim("select", build.prim("gt", at, nought), one, value)
        level = build.prim("select", build.prim("lt", at, nought), nought, level)
        return Num(build.prim("select", build.prim("isnan", at, type=BOOL), at, level))

    return call.finish(low, nests.elementwise(low, floating, emit, x, y))


def same(low, x: Value) -> Value:
    """A new array of the same elements."""
    return nests.elementwise(low, lambda t: t, lambda v: v, x)


def times(factor: float):
    return lambda low, x: arithmetic(low, "mul", x, Num(const(factor), True))


def float_power(low, args, keywords) -> Value:
    call = UfuncCall(low, "float_power", args, keywords, 2)
    x, y = call.operands
    wide = [nests.elementwise(low, lambda t: ("f8", False), lambda v: as_type(low, v, "f8", False), v)
            for v in (x, y)]
    return call.finish(low, arithmetic(low, "pow", *wide))


def where(low, args, keywords) -> Value:
    """np.where(test, a, b): only the side that is taken is computed, so the other contributes nothing."""
    arity(low, "where", args, keywords, 1, 3)
    if len(args) == 1:
        return nonzero(low, args, keywords)
    if len(args) != 3:
        raise low.error("either both or neither of x and y should be given", kind="value")
    values = [low.as_array(arg) for arg in args]
    if not any(isinstance(value, Lazy) for value in values[1:]):
        return strengthen(low, nests.elementwise(low, where_type, lambda t, a, b: picked(low, t, a, b), *values))
    shape = nests.broadcast_shapes(low, [value.shape for value in values if isinstance(value, Arrayish)])
    code, _ = where_type(*(nests.typing(value) for value in values))
    from adtrans.lower import views

    spread = [views.broadcast(low, nests.affordable(low, value, shape), shape) if isinstance(value, Arrayish)
              else value for value in values]
    span = low.build.span

    def element(index):
        with low.at(span):
            test = truth(low, nests.element(low, spread[0], index)).operand
            key = low.new_key("where")

            def side(value):
                def run():
                    low.env[key] = as_type(low, nests.element(low, value, index), code)
                return run

            joins.branch(low, test, side(spread[1]), side(spread[2]))
            return low.env.pop(key).operand

    leaves = tuple(leaf for value in spread for leaf in nests.leaves_of(value))
    return Lazy(shape, code, element, leaves, False)


def nonzero(low, args, keywords) -> Value:
    """np.nonzero: the indices of the elements that are not zero, one array for each axis."""
    arity(low, "nonzero", args, keywords, 1, 1)
    value = low.as_array(args[0])
    if isinstance(value, Num) or not value.rank:
        raise low.error("calling nonzero on 0d arrays is not allowed", kind="value")
    return Seq(fancy.nonzero(low, value))


def flatnonzero(low, args, keywords) -> Value:
    from adtrans.lower.shaping import flat

    arity(low, "flatnonzero", args, keywords, 1, 1)
    return fancy.nonzero(low, flat(low, args[0]))[0]


def where_type(test, a, b):
    code, _ = promote(a, b) if a[0] != b[0] else (a[0], False)
    return code, False


def picked(low, test: Num, a: Num, b: Num) -> Num:
    code, _ = where_type(None, (a.code, a.weak), (b.code, b.weak))
    left, right = as_type(low, a, code).operand, as_type(low, b, code).operand
    return Num(low.build.prim("select", truth(low, test).operand, left, right))


def clip(low, args, keywords) -> Value:
    """np.clip: passes gradients on the closed interval."""
    arity(low, "clip", args, keywords, 1, 4, ("a_min", "a_max", "min", "max", "out"))
    names = dict(zip(("a", "lower", "upper", "out"), args))
    lower = names.get("lower", keywords.get("a_min", keywords.get("min", NONE)))
    upper = names.get("upper", keywords.get("a_max", keywords.get("max", NONE)))
    value = args[0]
    out = names.get("out", keywords.get("out", NONE))
    if lower != NONE:
        value = extremum("maximum", "clip")(low, [value, lower], {})
    if upper != NONE:
        value = extremum("minimum", "clip")(low, [value, upper], {})
    return UfuncCall(low, "clip", [out], {}, 0).finish(low, low.as_array(value))


def math_function(op: str, name: str, count: int):
    """A function of the math module: on float64, giving a Python float."""
    def run(low, args, keywords) -> Value:
        arity(low, name, args, keywords, count, count)
        from adtrans.lower.builtins import number

        operands = [as_type(low, number(low, arg, name), "f8").operand for arg in args]
        if op in ("minimum", "isnan", "isinf", "isfinite"):
            return Num(low.build.prim("math." + op, *operands, type=BOOL), True)
        return Num(low.build.prim("math." + op, *operands, type=F8), True)

    return run


def math_rounding(op: str, name: str):
    def run(low, args, keywords) -> Value:
        from adtrans.lower.builtins import number

        arity(low, name, args, keywords, 1, 1)
        value = number(low, args[0], name)
        if value.code[0] != "f":
            return as_type(low, value, "i8", True)
        return Num(low.build.prim("trunc_int", low.build.prim(op, value.operand), type=INT), True)

    return run


def math_pow(low, args, keywords) -> Value:
    from adtrans.lower.builtins import number

    arity(low, "pow", args, keywords, 2, 2)
    base, exponent = (as_type(low, number(low, arg, "pow"), "f8", True) for arg in args)
    return arithmetic(low, "pow", base, exponent)


def math_log(low, args, keywords) -> Value:
    """math.log(x) and math.log(x, base)."""
    arity(low, "log", args, keywords, 1, 2)
    logs = [math_function("log", "log", 1)(low, [arg], {}) for arg in args]
    return logs[0] if len(logs) == 1 else arithmetic(low, "truediv", *logs)


def math_hypot(low, args, keywords) -> Value:
    if len(args) == 2:
        return math_function("hypot", "hypot", 2)(low, args, keywords)
    total: Value = Num(const(0.0), True)
    for arg in args:
        total = arithmetic(low, "add", total, arithmetic(low, "mul", arg, arg))
    return math_function("sqrt", "hypot", 1)(low, [total], {})


def math_remainder(low, args, keywords) -> Value:
    """math.remainder: x - n y for the integer n nearest to x / y, the even one of two."""
    from adtrans.lower.builtins import number

    arity(low, "remainder", args, keywords, 2, 2)
    x, y = (as_type(low, number(low, arg, "remainder"), "f8", True).operand for arg in args)
    build = low.build
    count = build.prim("rint", build.prim("truediv", x, y))
    return Num(build.prim("sub", x, build.prim("mul", count, y)), True)


def math_scaled(factor: float):
    def run(low, args, keywords) -> Value:
        arity(low, "degrees", args, keywords, 1, 1)
        return arithmetic(low, "mul", args[0], Num(Const(factor, F8), True))

    return run


def fill_tables() -> None:
    for name in FLOAT_UNARY:
        TABLE[getattr(np, name)] = elementary(name, name)
    for name in FLOAT_BINARY:
        TABLE[getattr(np, name)] = elementary2(name, name)
    for name, op in ROUNDING.items():
        TABLE[getattr(np, name)] = rounding(op, name)
    for name, op in ARITHMETIC.items():
        TABLE[getattr(np, name)] = operation(op, name)
    for name, op in COMPARE.items():
        TABLE[getattr(np, name)] = comparison(op, name)
    for name, op, count in (("logical_and", "and", 2), ("logical_or", "or", 2), ("logical_xor", "xor", 2),
                            ("logical_not", "not", 1)):
        TABLE[getattr(np, name)] = logical(op, name, count)
    for name in ("isnan", "isinf", "isfinite", "signbit"):
        TABLE[getattr(np, name)] = predicate(name, name)
    for name in ("maximum", "minimum", "fmax", "fmin"):
        TABLE[getattr(np, name)] = extremum(name, name)
    TABLE.update({
        np.sign: sign, np.absolute: absolute, np.where: where, np.clip: clip,
        np.nonzero: nonzero, np.flatnonzero: flatnonzero,
        np.float_power: float_power, np.heaviside: heaviside,
        np.negative: composed("negative", lambda low, x: arithmetic(low, "mul", x, Num(const(-1), True))),
        np.positive: composed("positive", same), np.conjugate: composed("conjugate", same),
        np.real: lambda low, args, keywords: low.as_array(args[0]),
        np.square: composed("square", lambda low, x: arithmetic(low, "pow", x, Num(const(2), True))),
        np.deg2rad: composed("deg2rad", times(math.pi / 180)), np.radians: composed("radians", times(math.pi / 180)),
        np.rad2deg: composed("rad2deg", times(180 / math.pi)), np.degrees: composed("degrees", times(180 / math.pi)),
    })
    names = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
             "atanh": "arctanh"}
    for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
                 "exp", "expm1", "log2", "log10", "log1p", "sqrt", "erf", "erfc", "isnan", "isinf",
                 "isfinite", "lgamma", "gamma"):
        TABLE[getattr(math, name)] = math_function(names.get(name, name), name, 1)
    for name, op in (("atan2", "arctan2"), ("copysign", "copysign"), ("fmod", "fmod")):
        TABLE[getattr(math, name)] = math_function(op, name, 2)
    for name in ("exp2", "cbrt"):
        if hasattr(math, name):
            TABLE[getattr(math, name)] = math_function(name, name, 1)
    for name in ("floor", "ceil", "trunc"):
        TABLE[getattr(math, name)] = math_rounding(name, name)
    TABLE.update({math.log: math_log, math.pow: math_pow, math.hypot: math_hypot,
                  math.fabs: math_function("abs", "fabs", 1), math.remainder: math_remainder,
                  math.radians: math_scaled(math.pi / 180), math.degrees: math_scaled(180 / math.pi)})
    for name, op in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("truediv", "truediv")):
        TABLE[getattr(operator, name)] = operation(op, name)


fill_tables()
