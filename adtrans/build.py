"""The builder: appends statements to the innermost open block, sharing equal pure expressions.

    build = Builder()
    n = build.dim(x, 0)
    with build.loop(0, n) as loop: ...

Equal pure operations on equal operands give the same variable while it is in scope. Constants fold. With
`relaxed=True` (adjoint code) multiplications by 1 and additions of 0 vanish, which plain code must not do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adtrans.errors import Span
from adtrans.ir import (
    BOOL,
    INT,
    Accumulate,
    Alloc,
    Array,
    Const,
    Dim,
    For,
    Let,
    Load,
    Operand,
    Prim,
    Scalar,
    Stmt,
    Store,
    Var,
)

COMPARISONS = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}
ARITHMETIC = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "neg": lambda a: -a, "truediv": lambda a, b: a / b, "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b, "abs": abs, "min": min, "max": max,
    "band": lambda a, b: a & b, "bor": lambda a, b: a | b, "bxor": lambda a, b: a ^ b,
    "lsh": lambda a, b: a << b, "rsh": lambda a, b: a >> b, "invert": lambda a: ~a,
}
# Integer operations that never fail, so that they may be done where they were not.
UNFAILING = ("add", "sub", "mul", "neg", "min", "max")
LOGIC = {"and": lambda a, b: a and b, "or": lambda a, b: a or b, "not": lambda a: not a}


def const(value: bool | int | float) -> Const:
    """A literal of the type its Python value has."""
    if isinstance(value, bool):
        return Const(value, BOOL)
    return Const(value, INT) if isinstance(value, int) else Const(value, Scalar("f8"))


def zero(type: Scalar) -> Const:
    return Const({"b1": False, "i8": 0}.get(type.code, 0.0), type)


TRUE, FALSE, ZERO, ONE = const(True), const(False), const(0), const(1)


class Block:
    """An open statement list and the pure expressions already computed in it."""

    def __init__(self) -> None:
        self.body: list[Stmt] = []
        self.known: dict = {}


class Builder:
    def __init__(self, relaxed: bool = False):
        self.blocks = [Block()]
        self.relaxed = relaxed
        self.span: Span | None = None
        self.definitions: dict[Var, Prim | Load | Dim] = {}

    # --- blocks

    @contextmanager
    def block(self) -> Iterator[Block]:
        """Open a nested statement list; the caller puts its `.body` into a statement afterwards."""
        inner = Block()
        self.blocks.append(inner)
        depth = len(self.blocks)
        try:
            yield inner
        finally:
            del self.blocks[depth - 1:]

    @property
    def here(self) -> Block:
        return self.blocks[-1]

    def mark(self) -> tuple:
        """A point of the open block that `rollback` can return to."""
        return len(self.here.body), dict(self.here.known)

    def rollback(self, mark: tuple) -> None:
        del self.here.body[mark[0]:]
        self.here.known = dict(mark[1])

    def emit(self, statement: Stmt) -> None:
        self.here.body.append(statement)

    # --- scalars

    def prim(self, op: str, *args: Operand, type: Scalar | None = None, name: str | None = None) -> Operand:
        """The result of a scalar operation; its type is that of the first operand unless told."""
        result = type or (BOOL if op in COMPARISONS or op in LOGIC else args[op == "select"].type)
        folded = self.fold(op, args, result)
        if folded is not None:
            return folded
        key = (op, tuple(self.identity(arg) for arg in args), result)
        for block in reversed(self.blocks):
            if key in block.known:
                return block.known[key]
        var = self.let(Prim(op, args), result, name)
        self.here.known[key] = var
        return var

    @staticmethod
    def identity(operand: Operand):
        if isinstance(operand, Const):
            return (repr(operand.value), operand.type)
        return operand

    def let(self, expr: Prim | Load | Dim, type: Scalar, name: str | None = None) -> Var:
        var = Var(type, name)
        self.definitions[var] = expr
        self.emit(Let(var, expr, self.span))
        return var

    def fold(self, op: str, args: tuple[Operand, ...], result: Scalar) -> Operand | None:
        """The value of an operation that need not be emitted, or None."""
        match op, args:
            case "cast", (only,) if only.type == result:
                return only
            case "cast", (Const(value),):
                return self.cast_constant(value, result)
            case "select", (Const(value), then, orelse):
                return then if value else orelse
            case "select", (_, then, orelse) if then is orelse or (then == orelse and isinstance(then, Const)):
                return then
            case "select", (test, Const(True), Const(False)):
                return test
            case "select", (test, Const(False), Const(True)):
                return self.prim("not", test)
            case "and", (Const(value), other) | (other, Const(value)):
                return other if value else FALSE
            case "or", (Const(value), other) | (other, Const(value)):
                return TRUE if value else other
            case "not", (Var() as var,):
                inner = self.definitions.get(var)
                if isinstance(inner, Prim) and inner.op == "not":
                    return inner.args[0]
        if self.relaxed and result.is_float:
            found = self.fold_floats(op, args)
            if found is not None:
                return found
        if all(isinstance(arg, Const) for arg in args):
            return self.fold_constants(op, [arg.value for arg in args], result)
        if result == INT:
            return self.fold_integers(op, args)
        return None

    @staticmethod
    def cast_constant(value, result: Scalar) -> Const | None:
        if result.is_float:
            return Const(float(value), result)
        if result == BOOL:
            return Const(bool(value), BOOL)
        return Const(int(value), INT) if math.isfinite(value) else None

    @staticmethod
    def fold_constants(op: str, values: list, result: Scalar) -> Const | None:
        if result.code == "f4":
            return None
        function = COMPARISONS.get(op) or LOGIC.get(op) or ARITHMETIC.get(op)
        if function is None:
            return None
        try:
            value = function(*values)
        except (ArithmeticError, ValueError):
            return None
        if result == INT and not -2**63 <= value < 2**63:
            return None
        return Const(type_of(result)(value), result)

    def fold_integers(self, op: str, args: tuple[Operand, ...]) -> Operand | None:
        """Integer identities, constants gathered to the right: (n + 1) - 1 is n."""
        match op, args:
            case ("add", (other, Const(0))) | ("add", (Const(0), other)) | ("sub", (other, Const(0))):
                return other
            case ("mul", (other, Const(1))) | ("mul", (Const(1), other)) | ("floordiv", (other, Const(1))):
                return other
            case ("mul", (_, Const(0))) | ("mul", (Const(0), _)):
                return ZERO
            case "sub", (left, right) if left is right:
                return ZERO
            case "sub", (left, Const(value)) if value != -2**63:
                return self.prim("add", left, const(-value))
            case "add", (Const() as left, right):
                return self.prim("add", right, left)
            case "add", (Var() as left, Const(value)):
                inner = self.definitions.get(left)
                if isinstance(inner, Prim) and inner.op == "add" and isinstance(inner.args[1], Const):
                    return self.prim("add", inner.args[0], const(inner.args[1].value + value))
            case ("min" | "max"), (left, right) if left is right:
                return left
        return None

    def fold_floats(self, op: str, args: tuple[Operand, ...]) -> Operand | None:
        """Identities that hold for adjoints, where a zero is a structural zero."""
        match op, args:
            case ("add" | "sub", (other, Const(0.0))) | ("add", (Const(0.0), other)):
                return other
            case ("mul" | "truediv", (other, Const(1.0))) | ("mul", (Const(1.0), other)):
                return other
            case ("mul", (other, Const(-1.0))) | ("mul", (Const(-1.0), other)):
                return self.prim("neg", other)
            case ("mul", (_, Const(0.0))) | ("mul", (Const(0.0), _)):
                return zero(args[0].type)
            case "sub", (Const(0.0), other):
                return self.prim("neg", other)
            case "neg", (Var() as var,):
                inner = self.definitions.get(var)
                if isinstance(inner, Prim) and inner.op == "neg":
                    return inner.args[0]
        return None

    def cast(self, operand: Operand, type: Scalar) -> Operand:
        return self.prim("cast", operand, type=type)

    def iteration(self, loop: For) -> Operand:
        """The number of the current iteration of a counted loop."""
        number = self.prim("sub", loop.counter, loop.start)
        return number if loop.step == ONE else self.prim("floordiv", number, loop.step)

    # --- arrays

    def dim(self, array: Var, axis: int) -> Operand:
        key = ("dim", array, axis)
        for block in reversed(self.blocks):
            if key in block.known:
                return block.known[key]
        var = self.let(Dim(array, axis), INT)
        self.here.known[key] = var
        return var

    def assume_dim(self, array: Var, axis: int, extent: Operand) -> None:
        """Record that an axis of a new array has a known extent."""
        self.here.known[("dim", array, axis)] = extent

    def load(self, array: Var, index: tuple[Operand, ...], name: str | None = None) -> Var:
        return self.let(Load(array, tuple(index)), array.type.element, name)

    def store(self, array: Var, index: tuple[Operand, ...], value: Operand) -> None:
        self.emit(Store(array, tuple(index), value, self.span))

    def accumulate(self, array: Var, index: tuple[Operand, ...], value: Operand) -> None:
        self.emit(Accumulate(array, tuple(index), value, self.span))

    def alloc(self, dtype: str, shape: tuple[Operand, ...], fill: str = "zeros", name: str | None = None) -> Var:
        var = Var(Array(dtype, len(shape), "C"), name)
        self.emit(Alloc(var, tuple(shape), fill, self.span))
        for axis, extent in enumerate(shape):
            self.assume_dim(var, axis, extent)
        return var

    def affine(self, operand: Operand) -> tuple[dict[Var, int], int]:
        """An integer as sum(coefficient * variable) + constant, looking through additions."""
        if isinstance(operand, Const):
            return {}, operand.value
        definition = self.definitions.get(operand)
        match definition:
            case Prim("add", (left, right)):
                return combine(self.affine(left), self.affine(right), 1)
            case Prim("sub", (left, right)):
                return combine(self.affine(left), self.affine(right), -1)
            case Prim("neg", (only,)):
                return combine(({}, 0), self.affine(only), -1)
            case Prim("mul", (Const(value), other)) | Prim("mul", (other, Const(value))):
                return combine(({}, 0), self.affine(other), value)
        return {operand: 1}, 0


def combine(left, right, factor: int):
    terms = dict(left[0])
    for var, coefficient in right[0].items():
        terms[var] = terms.get(var, 0) + factor * coefficient
    return {var: c for var, c in terms.items() if c}, left[1] + factor * right[1]


def type_of(type: Scalar):
    return {"b1": bool, "i8": int}.get(type.code, float)


def over_elements(build: Builder, target: Var, body: Callable[[tuple[Operand, ...]], None]) -> None:
    """Loops over all indices of an array."""
    def level(k: int, index: tuple) -> None:
        if k == target.type.rank:
            body(index)
            return
        counter = Var(INT, "ijklmnpq"[k % 8])
        extent = build.dim(target, k)
        with build.block() as block:
            level(k + 1, (*index, counter))
        build.emit(For(counter, const(0), extent, const(1), (), tuple(block.body)))

    level(0, ())
