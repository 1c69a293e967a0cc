"""Ufuncs that take numbers apart or treat integers differently: modf, frexp, ldexp, divmod, fmod, rint, reciprocal."""

from __future__ import annotations

import numpy as np

from adtrans.build import ONE, ZERO, const, zero
from adtrans.ir import BOOL, INT, Const, Operand
from adtrans.lower import nests
from adtrans.lower.expressions import arithmetic
from adtrans.lower.scalars import arithmetic_type, as_type, check_nonzero, floating
from adtrans.lower.ufunc_calls import UfuncCall
from adtrans.lower.values import NONE, Num, Seq, Value


def modf(low, args, keywords) -> Value:
    """np.modf: the fractional part, which has the sign of the number, and the integral part."""
    (x,) = without_out(low, "modf", args, keywords, 1)
    build = low.build

    def fraction(value: Num) -> Num:
        at = as_type(low, value, floating((value.code, value.weak))[0]).operand
        infinite = build.prim("isinf", at, type=BOOL)
        part = build.prim("fmod", build.prim("select", infinite, zero(at.type), at), Const(1.0, at.type))
        return Num(build.prim("select", infinite, build.prim("copysign", zero(at.type), at), part))

    def whole(value: Num) -> Num:
        return Num(build.prim("trunc", as_type(low, value, floating((value.code, value.weak))[0]).operand))

    return Seq(tuple(low.solid(nests.elementwise(low, floating, emit, x)) for emit in (fraction, whole)))


def frexp(low, args, keywords) -> Value:
    """np.frexp: a mantissa of magnitude in [0.5, 1) and an exponent of two."""
    (x,) = without_out(low, "frexp", args, keywords, 1)

    def mantissa(value: Num) -> Num:
        at = as_type(low, value, floating((value.code, value.weak))[0]).operand
        return Num(scaled(low, at, low.build.prim("neg", exponent_of(low, at))))

    def exponent(value: Num) -> Num:
        return Num(exponent_of(low, as_type(low, value, floating((value.code, value.weak))[0]).operand))

    first = low.solid(nests.elementwise(low, floating, mantissa, x))
    second = nests.elementwise(low, lambda t: ("i8", False), exponent, x)
    return Seq((first, second if isinstance(second, Num) else nests.materialise(low, second, "i4")))


def exponent_of(low, at: Operand) -> Operand:
    """The exponent that brings a number into [0.5, 1); 0 for zeros, infinities and NaN."""
    build = low.build
    size = build.prim("abs", build.prim("stop", at))
    usual = build.prim("and", build.prim("gt", size, zero(at.type)), build.prim("isfinite", size, type=BOOL))
    safe = build.prim("select", usual, size, Const(0.75, at.type))
    guess = build.prim("add", build.prim("trunc_int", build.prim("floor", build.prim("log2", safe)), type=INT), ONE)
    rest = scaled(low, safe, build.prim("neg", guess))
    high = build.prim("cast", build.prim("ge", rest, Const(1.0, at.type)), type=INT)
    below = build.prim("cast", build.prim("lt", rest, Const(0.5, at.type)), type=INT)
    return build.prim("sub", build.prim("add", guess, high), below)


def scaled(low, at: Operand, exponent: Operand) -> Operand:
    """at * 2**exponent, in two steps so that the powers do not overflow."""
    build = low.build
    half = build.prim("floordiv", exponent, const(2))
    for part in (half, build.prim("sub", exponent, half)):
        at = build.prim("mul", at, build.prim("exp2", build.cast(part, at.type)))
    return at


def ldexp(low, args, keywords) -> Value:
    """np.ldexp: x * 2**k for integers k."""
    call = UfuncCall(low, "ldexp", args, keywords, 2)

    def type_rule(a, b):
        return floating(a)

    def emit(a: Num, b: Num) -> Num:
        if b.code[0] == "f":
            raise low.error("ufunc 'ldexp' not supported for the input types", kind="type")
        return Num(scaled(low, as_type(low, a, floating((a.code, a.weak))[0]).operand, as_type(low, b, "i8").operand))

    return call.finish(low, nests.elementwise(low, type_rule, emit, *call.operands))


def divmod_(low, args, keywords) -> Value:
    """np.divmod."""
    x, y = without_out(low, "divmod", args, keywords, 2)
    return Seq(tuple(low.solid(strong(arithmetic(low, op, low.as_array(x), low.as_array(y))))
                     for op in ("floordiv", "mod")))


def strong(value: Value) -> Value:
    return Num(value.operand, False) if isinstance(value, Num) else value


def without_out(low, name: str, args, keywords, count: int) -> list[Value]:
    """The operands of a ufunc with two results, whose `out=` is not read."""
    call = UfuncCall(low, name, args, keywords, count)
    if call.out != NONE:
        raise low.error(f"np.{name} with out= is not in the language")
    return call.operands


def fmod(low, args, keywords) -> Value:
    """np.fmod: the remainder with the sign of the first."""
    call = UfuncCall(low, "fmod", args, keywords, 2)
    build = low.build

    def emit(a: Num, b: Num) -> Num:
        code, _ = arithmetic_type("mod", (a.code, a.weak), (b.code, b.weak))
        left, right = as_type(low, a, code).operand, as_type(low, b, code).operand
        if code[0] == "f":
            return Num(build.prim("fmod", left, right))
        check_nonzero(low, right)
        rest = build.prim("mod", build.prim("abs", left), build.prim("abs", right))
        return Num(build.prim("select", build.prim("lt", left, ZERO), build.prim("neg", rest), rest))

    return call.finish(low, nests.elementwise(low, lambda *t: arithmetic_type("mod", *t), emit, *call.operands))


def floated(name: str, op: str):
    """A function that gives floats of integers too."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 1)

        def emit(value: Num) -> Num:
            return Num(low.build.prim(op, as_type(low, value, floating((value.code, value.weak))[0]).operand))

        return call.finish(low, nests.elementwise(low, floating, emit, *call.operands))

    return run


def reciprocal(low, args, keywords) -> Value:
    """np.reciprocal: 1 / x; of integers the integral part of it."""
    call = UfuncCall(low, "reciprocal", args, keywords, 1)
    build = low.build

    def emit(value: Num) -> Num:
        x = as_type(low, value, "i8").operand if value.code == "b1" else value.operand
        if value.code[0] == "f":
            return Num(build.prim("truediv", Const(1.0, x.type), x))
        check_nonzero(low, x)
        small = build.prim("le", build.prim("abs", x), ONE)
        return Num(build.prim("select", small, x, ZERO))

    def type_rule(x):
        return ("i8" if x[0] == "b1" else x[0]), x[1]

    return call.finish(low, nests.elementwise(low, type_rule, emit, *call.operands))


def invert(low, args, keywords) -> Value:
    """np.invert: ~x of integers, `not` of booleans."""
    call = UfuncCall(low, "invert", args, keywords, 1)

    def emit(value: Num) -> Num:
        if value.code[0] == "f":
            raise low.error("ufunc 'invert' not supported for the input types", kind="type")
        return Num(low.build.prim("not" if value.code == "b1" else "invert", value.operand))

    return call.finish(low, nests.elementwise(low, lambda t: t, emit, *call.operands))


TABLE = {
    np.modf: modf, np.frexp: frexp, np.ldexp: ldexp, np.divmod: divmod_, np.fmod: fmod,
    np.rint: floated("rint", "rint"), np.fabs: floated("fabs", "abs"), np.reciprocal: reciprocal, np.invert: invert,
}
