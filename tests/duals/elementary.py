"""Elementary functions of numbers and duals: what `math` and NumPy's float ufuncs compute, a row each.

In: plain numbers or `Dual`s. Out: the same kind, derivatives included. `unary` and `binary` list every
function under the name NumPy gives it; `math` spellings are mapped in `tests.duals.namespaces`.

    >>> exp(Dual(0.0, 2.0)).dot
    2.0
"""

import math

from tests.duals.scalar import (
    Dual,
    ceiled,
    floored,
    log,
    order,
    power,
    primal,
    quotient_floor,
    rounded,
    signed,
    truncated,
    watch,
)


def lift(function, derivative):
    """Extend a function of one number to duals; `derivative(x, y)` takes duals as well."""

    def lifted(x):
        if type(x) is not Dual:
            return function(x)
        y = lifted(x.value)
        return Dual(y, x.dot * derivative(x.value, y))

    return lifted


def lift2(function, derivatives):
    """Extend a function of two numbers to duals; `derivatives(a, b, y)` gives both partials."""

    def lifted(a, b):
        if type(a) is not Dual and type(b) is not Dual:
            return function(a, b)
        a_value = a.value if type(a) is Dual else a
        b_value = b.value if type(b) is Dual else b
        y = lifted(a_value, b_value)
        da, db = derivatives(a_value, b_value, y)
        dot = a.dot * da if type(a) is Dual else 0.0
        return Dual(y, dot + b.dot * db if type(b) is Dual else dot)

    return lifted


def sqrt(x):
    """Square root; nothing comes through at 0, where the derivative is infinite."""
    if type(x) is not Dual:
        return math.sqrt(x)
    y = sqrt(x.value)
    return Dual(y, x.dot * 0.0 if primal(y) == 0 else x.dot * 0.5 / y)


def cube_root(x):
    """Real cube root of a plain number."""
    y = math.copysign(abs(x) ** (1 / 3), x)
    return y if y == 0 else y - (y * y * y - x) / (3.0 * y * y)


def digamma(x):
    """Logarithmic derivative of gamma, itself differentiable once."""
    from scipy import special

    if type(x) is Dual:
        return Dual(digamma(x.value), x.dot * float(special.polygamma(1, primal(x))))
    return float(special.digamma(x))


exp = lift(math.exp, lambda x, y: y)
exp2 = lift(lambda x: 2.0**x, lambda x, y: y * math.log(2.0))
expm1 = lift(math.expm1, lambda x, y: y + 1.0)
log2 = lift(math.log2, lambda x, y: 1.0 / (x * math.log(2.0)))
log10 = lift(math.log10, lambda x, y: 1.0 / (x * math.log(10.0)))
log1p = lift(math.log1p, lambda x, y: 1.0 / (1.0 + x))
cbrt = lift(cube_root, lambda x, y: 1.0 / (3.0 * y * y))
square = lift(lambda x: x * x, lambda x, y: 2.0 * x)
reciprocal = lift(lambda x: 1.0 / x, lambda x, y: -y * y)
sin = lift(math.sin, lambda x, y: cos(x))
cos = lift(math.cos, lambda x, y: -sin(x))
tan = lift(math.tan, lambda x, y: 1.0 + y * y)
arcsin = lift(math.asin, lambda x, y: 1.0 / sqrt((1.0 - x) * (1.0 + x)))
arccos = lift(math.acos, lambda x, y: -1.0 / sqrt((1.0 - x) * (1.0 + x)))
arctan = lift(math.atan, lambda x, y: 1.0 / (1.0 + x * x))
sinh = lift(math.sinh, lambda x, y: cosh(x))
cosh = lift(math.cosh, lambda x, y: sinh(x))
tanh = lift(math.tanh, lambda x, y: 1.0 - y * y)
arcsinh = lift(math.asinh, lambda x, y: 1.0 / sqrt(x * x + 1.0))
arccosh = lift(math.acosh, lambda x, y: 1.0 / sqrt((x - 1.0) * (x + 1.0)))
arctanh = lift(math.atanh, lambda x, y: 1.0 / ((1.0 - x) * (1.0 + x)))
degrees = lift(math.degrees, lambda x, y: 180.0 / math.pi)
radians = lift(math.radians, lambda x, y: math.pi / 180.0)
erf = lift(math.erf, lambda x, y: 2.0 / math.sqrt(math.pi) * exp(-x * x))
erfc = lift(math.erfc, lambda x, y: -2.0 / math.sqrt(math.pi) * exp(-x * x))
gamma = lift(math.gamma, lambda x, y: y * digamma(x))
lgamma = lift(math.lgamma, lambda x, y: digamma(x))


def add_exponentials(a, b):
    """log(exp(a) + exp(b)) of plain numbers without overflow."""
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def arctan2_partials(a, b, y):
    """Partials of the angle of the point (b, a)."""
    square_radius = a * a + b * b
    return b / square_radius, -a / square_radius


arctan2 = lift2(math.atan2, arctan2_partials)
logaddexp = lift2(add_exponentials, lambda a, b, y: (exp(a - y), exp(b - y)))
logaddexp2 = lift2(
    lambda a, b: add_exponentials(a * math.log(2.0), b * math.log(2.0)) / math.log(2.0),
    lambda a, b, y: (exp2(a - y), exp2(b - y)),
)


def hypot(*sides):
    """Length of a vector."""
    return sqrt(sum(side * side for side in sides))


def maximum(a, b):
    """The larger number, the first one when they are equal."""
    return b if order(b, a) > 0 else a


def minimum(a, b):
    """The smaller number, the first one when they are equal."""
    return b if order(b, a) < 0 else a


def clip(x, low=None, high=None):
    """x where it lies in the closed interval, else the bound."""
    if low is not None and order(x, low) < 0:
        x = low
    if high is not None and order(x, high) > 0:
        x = high
    return x


def copysign(x, y):
    """|x| with the sign of y."""
    watch.distance(abs(primal(x)))
    watch.distance(abs(primal(y)))
    flip = math.copysign(1.0, primal(x)) != math.copysign(1.0, primal(y))
    return -x if flip else x * 1.0


def fmod(a, b):
    """C's remainder: the sign is that of a."""
    return a - b * truncated(primal(a) / primal(b))


def ieee_remainder(a, b):
    """a minus the nearest multiple of b."""
    return a - b * rounded(primal(a) / primal(b))


def heaviside(x, at_zero):
    """0, `at_zero` or 1."""
    side = order(x, 0.0)
    return at_zero if side == 0 else float(side > 0)


def fabs(x):
    """Absolute value as a float."""
    return abs(x * 1.0)


def ldexp(x, exponent):
    """x times a power of two."""
    return x * 2.0**exponent


def divide(a, b):
    """a / b."""
    return a / b


def remainder(a, b):
    """a % b."""
    return a % b


unary = {
    "exp": exp, "exp2": exp2, "expm1": expm1, "log": log, "log2": log2, "log10": log10, "log1p": log1p,
    "sqrt": sqrt, "cbrt": cbrt, "square": square, "reciprocal": reciprocal, "sin": sin, "cos": cos,
    "tan": tan,
    "arcsin": arcsin, "arccos": arccos, "arctan": arctan, "sinh": sinh, "cosh": cosh, "tanh": tanh,
    "arcsinh": arcsinh, "arccosh": arccosh, "arctanh": arctanh, "degrees": degrees, "radians": radians,
    "rad2deg": degrees, "deg2rad": radians, "fabs": fabs, "floor": floored, "ceil": ceiled,
    "trunc": truncated, "rint": rounded, "sign": signed,
}  # fmt: skip

binary = {
    "arctan2": arctan2, "hypot": hypot, "logaddexp": logaddexp, "logaddexp2": logaddexp2, "maximum": maximum,
    "minimum": minimum, "fmax": maximum, "fmin": minimum, "copysign": copysign, "fmod": fmod,
    "heaviside": heaviside, "power": power, "float_power": power, "floor_divide": quotient_floor,
    "remainder": remainder, "ldexp": ldexp,
}  # fmt: skip

__all__ = ["unary", "binary", "clip", "erf", "erfc", "gamma", "lgamma", "ieee_remainder"]
