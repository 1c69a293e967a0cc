"""Running maxima and minima: whose derivative it is, where it is searched for, and where it must not be."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

INF, NAN = np.inf, np.nan
FOUND = {
    "largest": "m = x[0]\nfor i in range(1, len(x)):\n    m = max(m, x[i])\nreturn m * y[1]",
    "smallest": "m = x[0]\nfor i in range(1, len(x)):\n    m = min(m, x[i])\nreturn m * m",
    "by a branch": "m = y[0]\nfor i in range(len(x)):\n    if x[i] > m:\n        m = x[i]\nreturn m * m",
    "turned round": "m = y[0]\nfor i in range(len(x)):\n    if m > x[i]:\n        m = x[i]\nreturn m * m",
    "of magnitudes": "m = 0.0\nfor i in range(len(x)):\n    m = max(m, abs(x[i]))\nreturn m * m",
    "elsewhere": "m = y[1]\nfor i in range(2, len(x)):\n    m = max(m, -x[len(x) - 1 - i])\nreturn m * m",
    "both": "a = x[0]\nb = x[0]\nfor i in range(len(x)):\n    a = max(a, x[i])\n    b = min(b, x[i])\nreturn a * b",
    "in rows": "s = 0.0\nfor j in range(2):\n    m = y[j]\n    for i in range(j, len(x)):\n        m = max(m, x[i])\n"
               "    s += m * y[j]\nreturn s",
    "with more to do": "m = y[0]\ns = 0.0\nfor i in range(len(x)):\n    s += x[i] * y[1]\n    m = max(m, x[i])\n"
                       "return m * s",
}
LEFT = {
    "that round": "m = y[0]\nfor i in range(len(x)):\n    m = max(m, x[i] * y[1])\nreturn m * m",
    "used on the way": "m = y[0]\ns = 0.0\nfor i in range(len(x)):\n    m = max(m, x[i])\n    s += m * x[i]\nreturn s",
    "of changed memory": "x = x.copy()\nm = y[0]\nfor i in range(len(x)):\n    m = max(m, x[i])\n    x[i] = 0.5 * y[1]\n"
                         "return m * m + x[0]",
    "left early": "m = y[0]\nfor i in range(len(x)):\n    if i > 2:\n        break\n    m = max(m, x[i])\nreturn m * m",
    "of each other": "m = y[0]\nfor i in range(len(x)):\n    m = max(m, m * x[i])\nreturn m",
}
POINTS = [
    ([0.3, 0.9, -0.4, 0.2], [0.1, 0.7]), ([0.9, 0.3, -0.4, 0.2], [0.1, 0.7]), ([0.3, 0.9, 0.9, -0.4, -0.4], [0.1, 0.7]),
    ([0.3, 0.9, -0.4, 0.2], [1.1, 0.7]), ([0.3, 0.9, -0.4, 0.2], [-1.1, -0.7]), ([0.3], [0.3, 0.7]),
    ([0.9, 0.9, 0.1], [0.9, 0.9]), ([0.3, NAN, 0.9], [0.1, 0.7]), ([0.3, 0.2, 0.9], [NAN, 0.7]),
    ([NAN, 0.2, 0.9], [0.1, 0.7]), ([0.0, -0.0, 0.0], [-0.0, 0.7]), ([-0.0, 0.0], [0.0, 0.5]),
    ([-INF, 0.2, -INF], [-INF, 0.7]), ([-INF, -INF], [-INF, 1.0]), ([0.4, INF, INF], [0.1, 0.7]),
]


def scaled(tangent, factor):
    """A multiple of a tangent; what is zero because it does not depend stays zero."""
    return np.where(tangent == 0.0, 0.0, tangent * factor)


class Traced:
    """A number with its tangents by x and y; comparisons are of the values."""

    def __init__(self, value, tangent):
        self.value, self.tangent = value, tangent

    def __mul__(self, other):
        if not isinstance(other, Traced):
            return Traced(self.value * other, scaled(self.tangent, other))
        return Traced(self.value * other.value, scaled(self.tangent, other.value) + scaled(other.tangent, self.value))

    __rmul__ = __mul__

    def __add__(self, other):
        return Traced(self.value + other.value, self.tangent + other.tangent) if isinstance(other, Traced) else \
            Traced(self.value + other, self.tangent)

    __radd__ = __add__

    def __neg__(self):
        return Traced(-self.value, -self.tangent)

    def __abs__(self):
        return Traced(abs(self.value), np.sign(self.value) * self.tangent)

    def __gt__(self, other):
        return self.value > getattr(other, "value", other)

    def __lt__(self, other):
        return self.value < getattr(other, "value", other)


def traced(fun, x, y):
    """Value and gradient by dual numbers."""
    units = np.eye(len(x) + len(y))
    args = [Traced(float(value), unit) for value, unit in zip([*x, *y], units)]
    arrays = np.array(args[:len(x)], dtype=object), np.array(args[len(x):], dtype=object)
    result = fun(*arrays)
    return (result.value, result.tangent) if isinstance(result, Traced) else (result, 0.0 * units[0])


def made(text):
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    fun = function(f"def f(x, y):\n{lines}")
    return fun, adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)


def right(fun, call, points=POINTS):
    for x, y in points:
        with np.errstate(all="ignore"):
            value, bars = call(np.array(x), np.array(y))
            expected, slope = traced(fun, x, y)
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        np.testing.assert_allclose(np.concatenate(bars), slope, rtol=1e-12, err_msg=str((x, y)))


@pytest.mark.parametrize("name", FOUND)
def test_found(name):
    fun, gradient = made(FOUND[name])
    right(fun, gradient.interpreted)
    assert "at = " in gradient.source and "bool_" not in gradient.source


@pytest.mark.parametrize("name", LEFT)
def test_left(name):
    fun, gradient = made(LEFT[name])
    right(fun, gradient.interpreted, [point for point in POINTS if np.all(np.isfinite([*point[0], *point[1]]))])
    assert "at = min(" not in gradient.source


@pytest.mark.parametrize("name", ["largest", "in rows", "both"])
def test_compiled(name):
    right(*made(FOUND[name]))


def test_single_precision():
    fun, gradient = made(FOUND["largest"])
    x, y = np.array([0.1, 0.7, 0.7, 0.3], np.float32), np.array([0.5, 2.0], np.float32)
    value, (x_bar, y_bar) = gradient(x, y)
    assert value == np.float32(0.7) * 2 and x_bar.dtype == np.float32
    assert list(x_bar) == [0.0, 2.0, 0.0, 0.0] and list(y_bar) == [0.0, np.float32(0.7)]


@pytest.mark.parametrize("name", ["with more to do", "both", "in rows"])
def test_second_order(name):
    fun, _ = made(FOUND[name])
    x, y, v = np.array([0.3, 0.9, -0.4, 0.2]), np.array([0.1, 0.7]), np.array([1.0, 2.0, 3.0, 4.0])
    product = adtrans.hvp(fun).interpreted(v, x, y)
    gradient = adtrans.grad(fun, cache=False).interpreted
    expected = (gradient(x + 1e-6 * v, y) - gradient(x - 1e-6 * v, y)) / 2e-6
    assert product == pytest.approx(expected, rel=1e-7, abs=1e-8)
