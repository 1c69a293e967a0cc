"""Scalar arithmetic under NumPy 2's promotion rules (NEP 50), with Python's own numbers weak.

`binary(low, "add", a, b)` emits the operation with the casts that NumPy would make.
"""

from __future__ import annotations

from adtrans.build import FALSE, ONE, TRUE, ZERO, const, zero
from adtrans.ir import BOOL, F8, INT, Const, Scalar, Var
from adtrans.lower.values import Num

KIND = {"b": 0, "i": 1, "f": 2}
Typing = tuple[str, bool]


def kind(code: str) -> int:
    return KIND[code[0]]


def promote(*types: Typing) -> Typing:
    """The type of arithmetic between scalars given as (code, weak)."""
    strong = [code for code, weak in types if not weak]
    weakest = [code for code, weak in types if weak]
    if not strong:
        return max(weakest, key=kind), True
    result = strong[0]
    for code in strong[1:]:
        result = join_strong(result, code)
    for code in weakest:
        if kind(code) > kind(result):
            result = {1: "i8", 2: "f8"}[kind(code)]
    return result, False


def join_strong(a: str, b: str) -> str:
    if a == b:
        return a
    if {a, b} == {"i8", "f4"}:
        return "f8"
    return max(a, b, key=lambda code: (kind(code), code))


def floating(*types: Typing) -> Typing:
    """The type of a NumPy float function: at least float64 for integers, never weak."""
    code, weak = promote(*types)
    return (code if code[0] == "f" else "f8"), False


def as_type(low, value: Num, code: str, weak: bool | None = None) -> Num:
    """`value` converted to `code`."""
    return Num(low.build.cast(value.operand, Scalar(code)), value.weak if weak is None else weak)


def truth(low, value: Num) -> Num:
    """bool(value)."""
    if value.code == "b1":
        return value
    return Num(low.build.prim("ne", value.operand, zero(value.type)), True)


def compare(low, op: str, a: Num, b: Num) -> Num:
    code, weak = promote((a.code, a.weak), (b.code, b.weak))
    left, right = as_type(low, a, code), as_type(low, b, code)
    return Num(low.build.prim(op, left.operand, right.operand), a.weak and b.weak)


def arithmetic_type(op: str, *types: Typing) -> Typing:
    """The result type of an arithmetic operator."""
    code, weak = promote(*types)
    if op == "truediv" and code[0] != "f":
        return "f8", weak
    if code == "b1" and (weak or op not in ("add", "mul", "band", "bor", "bxor")):
        if weak and op in ("band", "bor", "bxor"):
            return "b1", weak
        return "i8", weak
    return code, weak


def binary(low, op: str, a: Num, b: Num) -> Num:
    """a op b for + - * / // % ** & | ^ << >>."""
    if op == "pow":
        return power(low, a, b)
    code, weak = arithmetic_type(op, (a.code, a.weak), (b.code, b.weak))
    left, right = as_type(low, a, code).operand, as_type(low, b, code).operand
    if code == "b1":
        name = {"add": "or", "mul": "and", "band": "and", "bor": "or", "bxor": "ne"}[op]
        return Num(low.build.prim(name, left, right, type=BOOL), weak)
    if op in ("floordiv", "mod") and code == "i8":
        check_nonzero(low, right)
    if code[0] == "f" and op in ("band", "bor", "bxor", "lsh", "rsh"):
        raise low.error(f"unsupported operand types for {op}: float", kind="type")
    return Num(low.build.prim(op, left, right), weak)


def check_nonzero(low, divisor) -> None:
    if isinstance(divisor, Const) and divisor.value != 0:
        return
    low.check(low.build.prim("ne", divisor, ZERO), "ZeroDivisionError", "integer division or modulo by zero")


SMALL_POWERS = {2: (0, 0)}


def power(low, a: Num, b: Num) -> Num:
    """a ** b: small constant exponents are products, integer bases need exponents that are not negative."""
    code, weak = promote((a.code, a.weak), (b.code, b.weak))
    exponent = b.operand
    if code in ("b1", "i8"):
        return integer_power(low, as_type(low, a, "i8"), as_type(low, b, "i8"), weak)
    base = as_type(low, a, code)
    if isinstance(exponent, Const) and float(exponent.value) == int(exponent.value) and abs(exponent.value) <= 4:
        return constant_power(low, base, int(exponent.value), weak)
    if isinstance(exponent, Const) and exponent.value == 0.5:
        return Num(low.build.prim("sqrt", base.operand), weak)
    if b.code == "i8":
        return Num(low.build.prim("powi", base.operand, exponent, type=Scalar(code)), weak)
    right = as_type(low, b, code)
    return Num(low.build.prim("pow", base.operand, right.operand), weak)


def constant_power(low, base: Num, exponent: int, weak: bool) -> Num:
    """x ** n for |n| <= 4 by multiplication; x ** 0 is 1 with derivative 0 everywhere."""
    build, x = low.build, base.operand
    one = Const(1.0, base.type)
    if exponent == 0:
        return Num(one, weak)
    result = x
    match abs(exponent):
        case 2:
            result = build.prim("mul", x, x)
        case 3:
            result = build.prim("mul", build.prim("mul", x, x), x)
        case 4:
            square = build.prim("mul", x, x)
            result = build.prim("mul", square, square)
    if exponent < 0:
        result = build.prim("truediv", one, result)
    return Num(result, weak)


def integer_power(low, a: Num, b: Num, weak: bool) -> Num:
    exponent = b.operand
    if isinstance(exponent, Const):
        if exponent.value < 0:
            if not weak:
                raise low.error("integers to negative integer powers are not allowed")
            floats = as_type(low, a, "f8")
            return power(low, floats, b)
        if isinstance(a.operand, Const):
            return Num(const(a.operand.value ** exponent.value), weak)
        if exponent.value <= 4:
            result = ONE
            for _ in range(exponent.value):
                result = low.build.prim("mul", result, a.operand)
            return Num(result, weak)
    else:
        low.check(low.build.prim("ge", exponent, ZERO), "ValueError",
                  "integers to negative integer powers are not allowed")
    return Num(low.build.prim("ipow", a.operand, exponent), weak)


def unary(low, op: str, a: Num) -> Num:
    """-a, +a, ~a, not a."""
    build = low.build
    match op:
        case "not":
            return Num(build.prim("not", truth(low, a).operand), True)
        case "invert":
            if a.code == "b1" and not a.weak:
                return Num(build.prim("not", a.operand), False)
            if a.code[0] == "f":
                raise low.error("bad operand type for unary ~: float", kind="type")
            return Num(build.prim("invert", as_type(low, a, "i8").operand), a.weak)
        case "neg":
            wide = as_type(low, a, "i8") if a.code == "b1" else a
            return Num(build.prim("neg", wide.operand), a.weak)
        case _:
            return as_type(low, a, "i8") if a.code == "b1" else a


def python_number(value) -> Num | None:
    """A Python or NumPy scalar as a constant."""
    import numpy as np

    if isinstance(value, np.generic):
        if isinstance(value, np.bool_):
            return Num(const(bool(value)), False)
        if isinstance(value, np.integer):
            return Num(const(int(value)), False)
        if isinstance(value, (np.float32, np.float16)):
            return Num(Const(float(value), Scalar("f4")), False)
        if isinstance(value, np.float64):
            return Num(Const(float(value), F8), False)
        return None
    if isinstance(value, bool):
        return Num(TRUE if value else FALSE, True)
    if isinstance(value, int):
        return Num(Const(value, INT), True) if -2**63 <= value < 2**63 else None
    if isinstance(value, float):
        return Num(Const(value, F8), True)
    return None


def static_int(value) -> int | None:
    """The Python int of a constant integer value, or None."""
    if isinstance(value, Num) and isinstance(value.operand, Const) and value.code in ("i8", "b1"):
        return int(value.operand.value)
    return None


def is_constant(value) -> bool:
    return isinstance(value, Num) and not isinstance(value.operand, Var)
