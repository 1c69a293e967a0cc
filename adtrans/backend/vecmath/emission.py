"""A small expression language that writes LLVM IR: kernels of elementary functions are Python functions over it.

In: a kernel, a function of one or two `Value`s, and the `Format` it is wanted for. Out: the text of one LLVM
function, straight-line code without fast-math flags, so that every operation rounds as IEEE 754 says.

    def square_plus_one(x):
        return fma(x, x, 1.0)

    definition("name_of_the_symbol", square_plus_one, DOUBLE)

A `Value` is a number, an integer of the same width or a truth value. Python numbers beside a `Value` become
constants of its type. Comparisons are ordered, false for NaN, and those of integers signed; `>>` is logical.
"""

from __future__ import annotations

import inspect
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adtrans.backend.vecmath import far


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: its type code, its LLVM types and the numbers that describe it."""

    code: str
    name: str
    integer: str
    width: int
    fraction_bits: int
    bias: int

    @property
    def shift(self) -> float:
        """1.5 times 2^fraction_bits: a sum with it is rounded to an integer, found in the low bits."""
        return 1.5 * 2.0**self.fraction_bits

    @property
    def smallest_normal(self) -> float:
        return 2.0 ** (1 - self.bias)

    @property
    def sign_mask(self) -> int:
        return -1 << self.width - 1

    @property
    def fraction_mask(self) -> int:
        return (1 << self.fraction_bits) - 1

    def bytes(self, number: float) -> bytes:
        """`number` rounded to this format."""
        return struct.pack("<d" if self.width == 64 else "<f", number)

    def pattern(self, number: float) -> int:
        """The bits of `number` rounded to this format, as a signed integer."""
        return int.from_bytes(self.bytes(number), "little", signed=True)

    def round(self, number: float) -> float:
        """`number` rounded to this format."""
        return struct.unpack("<d" if self.width == 64 else "<f", self.bytes(number))[0]


DOUBLE = Format("f8", "double", "i64", 64, 52, 1023)
SINGLE = Format("f4", "float", "i32", 32, 23, 127)

_TRUTH = "i1"


@dataclass
class _Lines:
    """The instructions of one function so far."""

    format: Format
    convention: str
    text: list[str] = field(default_factory=list)
    declarations: set[str] = field(default_factory=set)
    beside: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, instruction: str, type_: str) -> Value:
        self.count += 1
        self.text.append(f"  %v{self.count} = {instruction}")
        return Value(self, type_, f"%v{self.count}")

    def call(self, name: str, type_: str, *arguments: Value) -> Value:
        types = ", ".join(a.type for a in arguments)
        self.declarations.add(f"declare {type_} @{name}({types})")
        return self.add(f"call {type_} @{name}({', '.join(f'{a.type} {a.name}' for a in arguments)})", type_)

    def constant(self, number: float, type_: str) -> Value:
        if type_ == self.format.name:
            # LLVM writes constants of both formats as the bits of a double.
            bits = struct.unpack("<Q", struct.pack("<d", self.format.round(number)))[0]
            return Value(self, type_, f"0x{bits:016X}")
        return Value(self, type_, str(int(number)))


class Value:
    """One value in the function being written."""

    __slots__ = ("lines", "name", "type")

    def __init__(self, lines: _Lines, type_: str, name: str):
        self.lines, self.type, self.name = lines, type_, name

    @property
    def format(self) -> Format:
        return self.lines.format

    @property
    def floating(self) -> bool:
        return self.type == self.format.name

    def like(self, other: Value | float) -> Value:
        """`other`, or the constant `other` of this value's type."""
        return other if isinstance(other, Value) else self.lines.constant(other, self.type)

    def _binary(self, operation: str, left: Value | float, right: Value | float) -> Value:
        left, right = self.like(left), self.like(right)
        operation = f"f{operation}" if self.floating else operation
        return self.lines.add(f"{operation} {self.type} {left.name}, {right.name}", self.type)

    def _compare(self, condition: str, other: Value | float) -> Value:
        if self.floating:
            operation = f"fcmp o{condition}"
        else:
            operation = "icmp eq" if condition == "eq" else f"icmp s{condition}"
        return self.lines.add(f"{operation} {self.type} {self.name}, {self.like(other).name}", _TRUTH)

    def __add__(self, other):
        return self._binary("add", self, other)

    def __radd__(self, other):
        return self._binary("add", other, self)

    def __sub__(self, other):
        return self._binary("sub", self, other)

    def __rsub__(self, other):
        return self._binary("sub", other, self)

    def __mul__(self, other):
        return self._binary("mul", self, other)

    def __rmul__(self, other):
        return self._binary("mul", other, self)

    def __truediv__(self, other):
        return self._binary("div", self, other)

    def __rtruediv__(self, other):
        return self._binary("div", other, self)

    def __neg__(self):
        return self.lines.add(f"fneg {self.type} {self.name}", self.type)

    def __and__(self, other):
        return self._binary("and", self, other)

    def __or__(self, other):
        return self._binary("or", self, other)

    def __xor__(self, other):
        return self._binary("xor", self, other)

    def __lshift__(self, count: int):
        return self._binary("shl", self, count)

    def __rshift__(self, count: int):
        return self._binary("lshr", self, count)

    def __lt__(self, other):
        return self._compare("lt", other)

    def __le__(self, other):
        return self._compare("le", other)

    def __gt__(self, other):
        return self._compare("gt", other)

    def __ge__(self, other):
        return self._compare("ge", other)

    def equals(self, other: Value | float) -> Value:
        return self._compare("eq", other)

    def is_nan(self) -> Value:
        return self.lines.add(f"fcmp uno {self.type} {self.name}, {self.name}", _TRUTH)


def select(condition: Value, then: Value | float, otherwise: Value | float) -> Value:
    """`then` where the condition holds, else `otherwise`; at least one of them is a `Value`."""
    typed = then if isinstance(then, Value) else otherwise
    assert isinstance(typed, Value)
    then, otherwise = typed.like(then), typed.like(otherwise)
    arguments = f"{typed.type} {then.name}, {typed.type} {otherwise.name}"
    return condition.lines.add(f"select i1 {condition.name}, {arguments}", typed.type)


def fma(a: Value, b: Value | float, c: Value | float) -> Value:
    """a·b + c, rounded once."""
    return a.lines.call(f"llvm.fma.f{a.format.width}", a.type, a, a.like(b), a.like(c))


def polynomial(x: Value, coefficients: Sequence[float], leading: int = 1) -> Value:
    """The sum of coefficients[i]·x^i.

    After the `leading` ones the even and the odd terms are summed side by side, for half the latency of Horner's
    rule. Where their signs alternate and x is about one, that costs accuracy unless more of them lead.
    """
    first, rest = coefficients[:leading], coefficients[leading:]
    if len(rest) < 5:
        return _horner(x, coefficients)
    square = x * x
    total = fma(_horner(square, rest[1::2]), x, _horner(square, rest[::2]))
    for coefficient in reversed(first):
        total = fma(x, total, coefficient)
    return total


def _horner(x: Value, coefficients: Sequence[float]) -> Value:
    total: Value | float = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = fma(x, total, coefficient)
    return x.like(total)


def magnitude(x: Value) -> Value:
    return x.lines.call(f"llvm.fabs.f{x.format.width}", x.type, x)


def bits(x: Value) -> Value:
    """The number's bits as an integer."""
    return x.lines.add(f"bitcast {x.type} {x.name} to {x.format.integer}", x.format.integer)


def number(i: Value) -> Value:
    """The number whose bits these are."""
    return i.lines.add(f"bitcast {i.type} {i.name} to {i.format.name}", i.format.name)


def with_sign_of(y: Value, x: Value) -> Value:
    return y.lines.call(f"llvm.copysign.f{x.format.width}", y.type, y, x)


def unless_far(condition: Value, name: str, arguments: Sequence[Value], usual: Value) -> Value:
    """`usual`, but where the condition holds, which should be rare, the function `name` of `far`.

    Only the last operation of a kernel may be one like this.
    """
    lines, symbol, code = usual.lines, far.symbol(name, usual.format.code), usual.format.code
    lines.beside.append(far.definitions(name, code, len(arguments), lines.convention))
    lines.text += [f"  br i1 {condition.name}, label %far, label %done", "far:"]
    given = ", ".join(f"{x.type} {x.name}" for x in arguments)
    there = lines.add(f"call {lines.convention} {usual.type} @{symbol}({given}) #0", usual.type)
    lines.text += ["  br label %done", "done:"]
    return lines.add(f"phi {usual.type} [ {usual.name}, %entry ], [ {there.name}, %far ]", usual.type)


def definition(symbol: str, kernel: Callable[..., Value], format_: Format, features: str = "") -> str:
    """LLVM IR of the function `symbol` computing `kernel`, with the declarations it needs; always inlined.

    `features` are those of the processor, as LLVM lists them.
    """
    lines = _Lines(format_, far.convention(features))
    parameters = [Value(lines, format_.name, f"%{name}") for name in inspect.signature(kernel).parameters]
    result = kernel(*parameters)
    head = ", ".join(f"{format_.name} {p.name}" for p in parameters)
    return "\n".join([
        *sorted(lines.declarations),
        f"define {format_.name} @{symbol}({head}) alwaysinline nounwind willreturn memory(none) {{",
        "entry:",
        *lines.text,
        f"  ret {format_.name} {result.name}",
        "}",
        *lines.beside,
        "",
    ])
