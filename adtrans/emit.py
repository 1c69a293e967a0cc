"""Scalar expressions of the core language as Python AST nodes: one table from operations to spelling."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from adtrans import ir
from adtrans.ir import Const, Dim, Let, Load, Operand, Pop, Prim, Scalar, Var

BINARY = {
    "add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "truediv": ast.Div, "floordiv": ast.FloorDiv, "mod": ast.Mod,
    "pow": ast.Pow, "powi": ast.Pow, "ipow": ast.Pow, "band": ast.BitAnd, "bor": ast.BitOr, "bxor": ast.BitXor,
    "lsh": ast.LShift, "rsh": ast.RShift,
}
COMPARE = {"lt": ast.Lt, "le": ast.LtE, "gt": ast.Gt, "ge": ast.GtE, "eq": ast.Eq, "ne": ast.NotEq}
OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
NUMPY = {
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "hypot", "arctan2", "logaddexp",
    "logaddexp2", "copysign", "fmod", "floor", "ceil", "trunc", "rint", "sign", "isnan", "isinf",
    "isfinite", "signbit", "maximum", "minimum", "fmax", "fmin",
}
MATH = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh",
        "arccosh": "acosh", "arctanh": "atanh", "abs": "fabs"}
DTYPES = {"f8": "float64", "f4": "float32", "i8": "int64", "i4": "int32", "i2": "int16", "i1": "int8",
          "u8": "uint64", "u4": "uint32", "u2": "uint16", "u1": "uint8", "b1": "bool_"}


def name_node(name: str, context: ast.expr_context | None = None) -> ast.expr:
    return ast.Name(name, context or ast.Load())


def number(value: int | float | bool) -> ast.expr:
    """A literal; negative ones as a negation, infinities and NaN through numpy."""
    if isinstance(value, float) and not math.isfinite(value):
        found: ast.expr = ast.Attribute(name_node("np"), "nan" if math.isnan(value) else "inf", ast.Load())
        return ast.UnaryOp(ast.USub(), found) if value == -math.inf else found
    if not isinstance(value, bool) and (value < 0 or (isinstance(value, float) and math.copysign(1, value) < 0)):
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def dtype_node(dtype: str) -> ast.expr:
    return ast.Attribute(name_node("np"), DTYPES[dtype], ast.Load())


def numpy_call(name: str, args: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Attribute(name_node("np"), name, ast.Load()), args, [])


class Expressions:
    """Writes operands: a folded one in place, any other by its name.

    Elements one of whose indices may be negative are kept in `wrapping`.
    """

    def __init__(self, names: dict[Var, str], folded: dict[Var, Let],
                 not_negative: Callable[[Operand], bool] = lambda index: False):
        self.names, self.folded, self.not_negative = names, folded, not_negative
        self.wrapping: list[ast.expr] = []

    def value(self, operand: Operand) -> ast.expr:
        match operand:
            case Const(value, type):
                found = number(value)
                return numpy_call("float32", [found]) if type.code == "f4" else found
            case Var() if operand in self.folded:
                return self.expression(self.folded[operand].expr, operand.type)
        return name_node(self.names[operand])

    def element(self, array: Var, index, context: ast.expr_context) -> ast.expr:
        items = [self.value(item) for item in index]
        where = items[0] if len(items) == 1 else ast.Tuple(items, ast.Load())
        found = ast.Subscript(self.value(array), where, context)
        self.mark(found, index)
        return found

    def mark(self, node: ast.expr, index) -> None:
        """Note an access with these integers among its indices."""
        if not all(map(self.not_negative, index)):
            self.wrapping.append(node)

    def expression(self, expr, type: Scalar) -> ast.expr:
        match expr:
            case Prim(op, args):
                return self.prim(op, args, type)
            case Load(array, index):
                return self.element(array, index, ast.Load())
            case Dim(array, axis):
                shape = ast.Attribute(self.value(array), "shape", ast.Load())
                return ast.Subscript(shape, ast.Constant(axis), ast.Load())
            case Pop(stack):
                return ast.Call(ast.Attribute(self.value(stack), "pop", ast.Load()), [], [])
        raise ir.MalformedProgram(f"not an expression: {expr!r}")

    def prim(self, op: str, args: tuple[Operand, ...], type: Scalar) -> ast.expr:
        if op == "cast":
            return self.cast(args[0], type)
        if op == "powi" and type.code == "f4":
            return ast.BinOp(self.value(args[0]), ast.Pow(), self.cast(args[1], type))
        if op == "add" and isinstance(args[1], Const) and args[1].type == ir.INT and args[1].value < 0:
            return ast.BinOp(self.value(args[0]), ast.Sub(), number(-args[1].value))
        values = [self.value(arg) for arg in args]
        if op in BINARY:
            return ast.BinOp(values[0], BINARY[op](), values[1])
        if op in COMPARE:
            return ast.Compare(values[0], [COMPARE[op]()], [values[1]])
        if op in NUMPY:
            return numpy_call(op, values)
        if op in ("math.fmod", "math.cbrt"):  # Numba has only NumPy's
            return numpy_call(op.removeprefix("math."), values)
        if op.startswith("math."):
            name = op.removeprefix("math.")
            return ast.Call(ast.Attribute(name_node("math"), MATH.get(name, name), ast.Load()), values, [])
        if op.startswith("special."):
            name = op.removeprefix("special.")
            return ast.Call(ast.Attribute(name_node("special"), name, ast.Load()), values, [])
        match op:
            case "neg":
                return ast.UnaryOp(ast.USub(), values[0])
            case "invert":
                return ast.UnaryOp(ast.Invert(), values[0])
            case "not":
                return self.negated(args[0])
            case "and" | "or":
                return ast.BoolOp(ast.And() if op == "and" else ast.Or(), values)
            case "select":
                return ast.IfExp(values[0], values[1], values[2])
            case "abs" | "min" | "max":
                return ast.Call(name_node(op), values, [])
            case "trunc_int":
                return ast.Call(name_node("int"), values, [])
            case "erf" | "erfc":
                return ast.Call(ast.Attribute(name_node("math"), op, ast.Load()), values, [])
            case "stop":
                return values[0]
        raise ir.MalformedProgram(f"no spelling for {op!r}")

    def cast(self, operand: Operand, type: Scalar) -> ast.expr:
        value = self.value(operand)
        if operand.type == ir.BOOL and type.is_float:
            return ast.IfExp(value, *(self.value(Const(n, type)) for n in (1.0, 0.0)))
        match type.code:
            case "f4":
                return numpy_call("float32", [value])
            case "f8":
                return ast.Call(name_node("float"), [value], [])
            case "i8":
                return ast.Call(name_node("int"), [value], [])
        return ast.Compare(value, [ast.NotEq()], [self.value(Const(0, operand.type))])

    def negated(self, test: Operand) -> ast.expr:
        """`not test`; comparisons of integers are turned round."""
        definition = self.folded.get(test) if isinstance(test, Var) else None
        if definition is not None and isinstance(definition.expr, Prim):
            op, args = definition.expr.op, definition.expr.args
            if op in OPPOSITE and not args[0].type.is_float:
                return self.prim(OPPOSITE[op], args, ir.BOOL)
            if op == "not":
                return self.value(args[0])
        return ast.UnaryOp(ast.Not(), self.value(test))
