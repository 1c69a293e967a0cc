"""How a rule row is written and read.

    rule("y = tanh(x)", x="1 - y * y")

gives the partial derivative of the result for each argument, in terms of arguments and result. A partial that is a
comparison is a mask: the adjoint passes where it holds. `domain` is where the row's test draws its arguments.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from adtrans.build import Builder, const, zero
from adtrans.ir import BOOL, Const, Operand, Scalar

Domain = tuple[float, float]


@dataclass(frozen=True)
class Rule:
    """One row: `op` of `args` gives `result`; `partials` maps an argument to its parsed partial derivative."""

    op: str
    args: tuple[str, ...]
    result: str
    partials: dict[str, ast.expr]
    domains: tuple[Domain, ...]

    def needs(self, arg: str) -> frozenset[str]:
        """The arguments and result that the partial for `arg` reads."""
        names = {node.id for node in ast.walk(self.partials[arg]) if isinstance(node, ast.Name)}
        return frozenset(names & {*self.args, self.result})


RULES: dict[str, Rule] = {}
NONDIFFERENTIABLE: set[str] = set()


def rule(equation: str, *, domain: Domain | tuple[Domain, ...] = (-2.0, 2.0), **partials: str) -> None:
    """Add a row to the table."""
    statement = ast.parse(equation).body[0]
    assert isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
    target, call = statement.targets[0], statement.value
    assert isinstance(target, ast.Name) and isinstance(call.func, ast.Name)
    args = tuple(arg.id for arg in call.args if isinstance(arg, ast.Name))
    domains = domain if isinstance(domain[0], tuple) else (domain,) * len(args)
    parsed = {arg: ast.parse(text, mode="eval").body for arg, text in partials.items()}
    RULES[call.func.id] = Rule(call.func.id, args, target.id, parsed, domains)  # type: ignore[arg-type]


def nodiff(*ops: str) -> None:
    """Operations with derivative zero wherever it exists."""
    NONDIFFERENTIABLE.update(ops)


# Operations that take a call, and so are worth keeping and not worth repeating.
TRANSCENDENTAL = {
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh",
    "arctanh", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2", "pow", "powi",
    "cbrt", "hypot", "erf", "erfc", "sqrt", "lgamma", "gamma",
}


def plain(op: str) -> str:
    """The name a rule is kept under: `math.sin` and `sin` are one function."""
    return op.removeprefix("math.")


def rule_of(op: str) -> Rule | None:
    return RULES.get(plain(op))


def is_nondifferentiable(op: str) -> bool:
    return plain(op) in NONDIFFERENTIABLE


def emit(build: Builder, expr: ast.expr, names: dict[str, Operand], type: Scalar) -> Operand:
    """The operand of a partial's expression; a BOOL operand is a mask."""
    def value(node: ast.expr) -> Operand:
        match node:
            case ast.Constant(number):
                return Const(float(number), type)
            case ast.Name(name):
                return names[name]
            case ast.UnaryOp(ast.USub(), inner):
                return build.prim("neg", value(inner))
            case ast.BinOp(left, op, right):
                name = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv",
                        ast.Pow: "pow"}[op.__class__]
                return build.prim(name, value(left), value(right))
            case ast.Compare(left, [op], [right]):
                name = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq",
                        ast.NotEq: "ne"}[op.__class__]
                return build.prim(name, value(left), value(right))
            case ast.BoolOp(op, values):
                name = "and" if isinstance(op, ast.And) else "or"
                found = value(values[0])
                for other in values[1:]:
                    found = build.prim(name, found, value(other))
                return found
            case ast.IfExp(test, then, orelse):
                return build.prim("select", value(test), value(then), value(orelse))
            case ast.Call(ast.Name("digamma"), [arg]):
                return digamma(build, value(arg))
            case ast.Call(ast.Name(name), args):
                return build.prim(name, *(value(arg) for arg in args))
        raise ValueError(f"not in the language of partials: {ast.dump(node)}")

    return value(expr)


def integer_slope(build: Builder, base: Operand, exponent: Operand) -> Operand:
    """The derivative of base ** exponent by the base for an integer n: n x^(n-1), and 0 for n = 0."""
    lower = build.prim("powi", base, build.prim("sub", exponent, const(1)), type=base.type)
    slope = build.prim("mul", build.cast(exponent, base.type), lower)
    return build.prim("select", build.prim("eq", exponent, const(0)), zero(base.type), slope)


def product(build: Builder, factor: Operand, partial: Operand) -> Operand:
    """An adjoint or tangent times a partial derivative, or where that is a mask, what it lets through."""
    if partial.type == BOOL:
        return build.prim("select", partial, factor, zero(factor.type))
    return build.prim("mul", factor, partial)


def digamma(build: Builder, x: Operand) -> Operand:
    """The logarithmic derivative of the gamma function.

    Arguments below 1/2 are reflected (Abramowitz & Stegun 6.3.7), the rest is shifted by 8 (6.3.6) and summed by the
    asymptotic series (6.3.18), whose first omitted term is below 1e-16 there.
    """
    def number(found: float) -> Operand:
        return Const(found, x.type)

    reflected = build.prim("lt", x, number(0.5))
    z = build.prim("select", reflected, build.prim("sub", number(1.0), x), x)
    shifts: Operand = number(0.0)
    for k in range(8):
        shifts = build.prim("add", shifts, build.prim("truediv", number(1.0), build.prim("add", z, number(float(k)))))
    w = build.prim("add", z, number(8.0))
    inverse = build.prim("truediv", number(1.0), w)
    square = build.prim("mul", inverse, inverse)
    series: Operand = number(0.0)
    for numerator, denominator in ((1, 12), (-691, 32760), (1, 132), (-1, 240), (1, 252), (-1, 120), (1, 12)):
        term = build.prim("add", series, number(numerator / denominator))
        series = build.prim("mul", term, square)
    tail = build.prim("add", build.prim("mul", number(0.5), inverse), series)
    value = build.prim("sub", build.prim("sub", build.prim("log", w), tail), shifts)
    angle = build.prim("mul", number(3.141592653589793), x)
    other = build.prim("sub", value, build.prim("truediv", number(3.141592653589793), build.prim("tan", angle)))
    return build.prim("select", reflected, other, value)


__all__ = ["BOOL", "RULES", "Rule", "const", "emit", "is_nondifferentiable", "nodiff", "rule", "rule_of"]
