"""Dual numbers: a value and its derivative(s), carried through Python's own arithmetic.

In: numbers. Out: `Dual(value, dot)`, whose operators follow Python's semantics on `value` and the chain rule
on `dot`. `value` and `dot` may be anything with arithmetic: `dot` is a float (one direction), a NumPy vector
(many directions at once) or, for second order, both parts are duals themselves.

    >>> x = Dual(3.0, 1.0)
    >>> (x * x + 1).dot
    6.0

Kinks: abs'(0) = 0, sqrt and x**y contribute nothing at 0 where their derivative is infinite, x**0 has
derivative 0. Every comparison and rounding is shown to `watch`, which keeps the smallest distance to a change
of outcome.
"""

import math

import numpy as np


class Watch:
    """The smallest nonzero distance to a kink or jump since `reset`, how often one was hit exactly, and how many
    integers were made of numbers that carry a derivative.

    `bias` decides ties: 0 leaves them ties, 1 and -1 resolve equal numbers as greater and as less, for asking
    whether a result hangs on a tie that another order of rounding would break. `only` is the number of the one tie
    that it decides, None for all.
    """

    def __init__(self):
        self.reset()

    def reset(self, bias=0.0, only=None):
        """Forget what was seen."""
        self.bias = bias
        self.only = only
        self.smallest = math.inf
        self.ties = 0
        self.integers = 0

    def lean(self):
        """How the latest tie is decided."""
        return self.bias if self.only is None or self.ties - 1 == self.only else 0.0

    def compare(self, a, b):
        """A decision hangs on the order of two numbers."""
        self.distance(abs(a - b))

    def jump(self, x):
        """A number was rounded: jumps are at the integers."""
        self.distance(abs(x - round(x)))

    def distance(self, d):
        """Something changes at this distance."""
        if d == 0:
            self.ties += 1
        elif d < self.smallest:
            self.smallest = d


watch = Watch()


def primal(x):
    """The plain number inside any nesting of duals."""
    while type(x) is Dual:
        x = x.value
    return x


def foreign(x):
    """True for operands that must handle the operation themselves (arrays, containers)."""
    return not isinstance(x, (Dual, float, int, np.generic))


class Dual:
    """A number with derivative(s); arithmetic is Python's, derivatives follow."""

    __slots__ = ("value", "dot")
    __hash__ = None

    def __init__(self, value, dot):
        self.value = value
        self.dot = dot

    def __repr__(self):
        return f"Dual({self.value!r}, {self.dot!r})"

    def __add__(self, other):
        if type(other) is Dual:
            return Dual(self.value + other.value, self.dot + other.dot)
        return NotImplemented if foreign(other) else Dual(self.value + other, self.dot)

    __radd__ = __add__

    def __sub__(self, other):
        if type(other) is Dual:
            return Dual(self.value - other.value, self.dot - other.dot)
        return NotImplemented if foreign(other) else Dual(self.value - other, self.dot)

    def __rsub__(self, other):
        return NotImplemented if foreign(other) else Dual(other - self.value, -self.dot)

    def __mul__(self, other):
        if type(other) is Dual:
            return Dual(self.value * other.value, self.dot * other.value + other.dot * self.value)
        return NotImplemented if foreign(other) else Dual(self.value * other, self.dot * other)

    __rmul__ = __mul__

    def __truediv__(self, other):
        if type(other) is Dual:
            quotient = self.value / other.value
            return Dual(quotient, (self.dot - other.dot * quotient) / other.value)
        return NotImplemented if foreign(other) else Dual(self.value / other, self.dot / other)

    def __rtruediv__(self, other):
        if foreign(other):
            return NotImplemented
        quotient = other / self.value
        return Dual(quotient, -self.dot * quotient / self.value)

    def __floordiv__(self, other):
        return NotImplemented if foreign(other) else quotient_floor(self, other)

    def __rfloordiv__(self, other):
        return NotImplemented if foreign(other) else quotient_floor(other, self)

    def __mod__(self, other):
        return NotImplemented if foreign(other) else self - other * quotient_floor(self, other)

    def __rmod__(self, other):
        return NotImplemented if foreign(other) else other - self * quotient_floor(other, self)

    def __divmod__(self, other):
        return self // other, self % other

    def __rdivmod__(self, other):
        return other // self, other % self

    def __pow__(self, other):
        return NotImplemented if foreign(other) else power(self, other)

    def __rpow__(self, other):
        return NotImplemented if foreign(other) else power(other, self)

    def __neg__(self):
        return Dual(-self.value, -self.dot)

    def __pos__(self):
        return self

    def __abs__(self):
        x = primal(self)
        watch.distance(abs(x))
        return self * (1.0 if x > 0 else -1.0 if x < 0 else 0.0)

    def __lt__(self, other):
        return NotImplemented if foreign(other) else order(self, other) < 0

    def __le__(self, other):
        return NotImplemented if foreign(other) else order(self, other) <= 0

    def __gt__(self, other):
        return NotImplemented if foreign(other) else order(self, other) > 0

    def __ge__(self, other):
        return NotImplemented if foreign(other) else order(self, other) >= 0

    def __eq__(self, other):
        return NotImplemented if foreign(other) else order(self, other) == 0

    def __ne__(self, other):
        return NotImplemented if foreign(other) else order(self, other) != 0

    def __bool__(self):
        return order(self, 0.0) != 0

    def __int__(self):
        watch.integers += 1
        return int(truncated(self))

    __trunc__ = __int__

    def __floor__(self):
        watch.integers += 1
        return int(floored(self))

    def __ceil__(self):
        watch.integers += 1
        return int(ceiled(self))

    def __round__(self, ndigits=None):
        watch.integers += ndigits is None
        return decimals(primal(self), ndigits)

    def __float__(self):
        raise TypeError("float() would drop the derivative")

    def item(self):
        """The number itself, as NumPy scalars have it."""
        return self

    conjugate = item
    copy = item
    ndim = 0
    size = 1
    shape = ()

    @property
    def real(self):
        """The number itself."""
        return self


def order(a, b):
    """Difference of two numbers' values, after telling `watch` about the comparison."""
    a, b = primal(a), primal(b)
    watch.compare(a, b)
    return a - b if a != b else watch.lean()


def quotient_floor(a, b):
    """a // b: a plain number."""
    a, b = primal(a), primal(b)
    watch.jump(a / b)
    return float(math.floor(nudged(a / b))) if watch.lean() else a // b


def nudged(x):
    """An integral float moved off the integer if ties are to be broken."""
    return x + watch.lean() * 1e-9 if watch.lean() and x == round(x) else x


def floored(x):
    """floor(x) as a plain float."""
    watch.jump(primal(x))
    return float(math.floor(nudged(primal(x))))


def ceiled(x):
    """ceil(x) as a plain float."""
    watch.jump(primal(x))
    return float(math.ceil(nudged(primal(x))))


def truncated(x):
    """trunc(x) as a plain float."""
    watch.jump(primal(x))
    return float(math.trunc(nudged(primal(x))))


def rounded(x):
    """x rounded half to even as a plain float."""
    watch.jump(primal(x) + 0.5)
    return float(round(primal(x)))


def decimals(x, ndigits=None):
    """round(x, ndigits). Python and NumPy decide halves after the point differently: no answer is sure there."""
    if ndigits is None:
        watch.jump(x + 0.5)
    elif isinstance(x, float):
        scaled = x * 10.0**ndigits + 0.5
        watch.distance(max(abs(scaled - round(scaled)), 1e-300))
    return round(x, ndigits)


def signed(x):
    """-1, 0 or 1 as a plain float."""
    x = float(primal(x))
    watch.distance(abs(x))
    return float((x > 0) - (x < 0))


def vanishes(dot):
    """True where a derivative is zero in every direction."""
    if type(dot) is Dual:
        return vanishes(dot.value) and vanishes(dot.dot)
    return not dot.any() if hasattr(dot, "any") else dot == 0


def log(x):
    """Natural logarithm."""
    return Dual(log(x.value), x.dot / x.value) if type(x) is Dual else math.log(x)


def power(x, y):
    """x ** y with both derivatives; a derivative that is zero in all directions needs no partner."""
    if type(x) is not Dual and type(y) is not Dual:
        return x**y
    x_value, x_dot = (x.value, x.dot) if type(x) is Dual else (x, 0.0)
    y_value, y_dot = (y.value, y.dot) if type(y) is Dual else (y, 0.0)
    value = x_value**y_value
    dot = x_dot * 0.0 + y_dot * 0.0
    if not vanishes(x_dot) and primal(y_value) != 0 and (primal(x_value) != 0 or primal(y_value) >= 1):
        dot = dot + x_dot * (y_value * x_value ** (y_value - 1))
    if not vanishes(y_dot) and primal(x_value) != 0:
        dot = dot + y_dot * (value * log(x_value))
    return Dual(value, dot)
