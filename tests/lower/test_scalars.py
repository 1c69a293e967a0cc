"""Scalar arithmetic: the type and value of every operator on every pair of types is NumPy's own."""

import itertools
import operator
import warnings

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

NUMBERS = {
    "bool": True, "int": 3, "float": 0.75, "np.bool_": np.bool_(True), "np.int64": np.int64(3),
    "np.float32": np.float32(0.75), "np.float64": np.float64(0.75),
}  # fmt: skip
OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    "&": operator.and_, "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
PAIRS = list(itertools.product(NUMBERS, NUMBERS))


def plain(op, a, b):
    """What NumPy gives, or the class of its error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return OPERATORS[op](a, b)
        except (TypeError, ValueError) as error:
            return type(error)


def generated(op, a, b):
    """What the generated code gives: the result beside a float, so that any type can come back."""
    fun = function(f"def f(x, a, b):\n    return x * 1.0, a {op} b\n")
    g = adtrans.grad(fun, cache=False)
    found = g._find(g._bind((1.0, a, b), {}))
    mode = g._mode(found, "value")
    with np.errstate(all="ignore"):
        result = g._interpreted(mode)(*g._flat(found, g._bind((1.0, a, b), {})))
    return g._finish("value", found, mode, result, {})[1]


@pytest.mark.parametrize("op", OPERATORS)
def test_operators_follow_numpy(op):
    for left, right in PAIRS:
        a, b = NUMBERS[left], NUMBERS[right]
        wanted = plain(op, a, b)
        if isinstance(wanted, type) or np.asarray(wanted).dtype.itemsize < 4 and np.asarray(wanted).dtype != bool:
            continue
        found = generated(op, a, b)
        assert found == wanted, (left, op, right)
        assert np.asarray(found).dtype == np.asarray(wanted).dtype, (left, op, right)
        weak = type(wanted) in (bool, int, float)
        assert (type(found) in (bool, int, float)) == weak, (left, op, right, type(found), type(wanted))


@pytest.mark.parametrize("name", NUMBERS)
def test_unary_operators_follow_numpy(name):
    number = NUMBERS[name]
    for op in ("-", "+", "not ", "~", "abs"):
        text = "abs(a)" if op == "abs" else f"{op}a"
        if name in ("bool", "np.bool_") and op in ("abs", "~"):
            continue
        try:
            wanted = eval(text, {"a": number})
        except TypeError:
            continue
        fun = function(f"def f(x, a, b):\n    return x * 1.0, {text}\n")
        g = adtrans.grad(fun, cache=False)
        bound = g._bind((1.0, number, 0), {})
        found = g._find(bound)
        mode = g._mode(found, "value")
        given = g._finish("value", found, mode, g._interpreted(mode)(*g._flat(found, bound)), {})[1]
        assert given == wanted and np.asarray(given).dtype == np.asarray(wanted).dtype, (op, name)


@pytest.mark.parametrize("a", [-7, -3, 0, 3, 7])
@pytest.mark.parametrize("b", [-3, -2, 2, 5])
def test_integer_division_rounds_down(a, b):
    def f(x, a, b):
        return x * (a // b) + (a % b)

    found, slope = adtrans.value_and_grad(f, cache=False).interpreted(1.0, a, b)
    assert found == a // b + a % b and slope == a // b


@pytest.mark.parametrize("x", [-7.3, -0.5, 0.0, 2.9])
@pytest.mark.parametrize("y", [-1.7, 0.6, 2.0])
def test_float_division_rounds_down(x, y):
    found = adtrans.value_and_grad(lambda x, y: x // y + x % y * 10.0, cache=False).interpreted(x, y)[0]
    assert found == x // y + x % y * 10.0


def test_integer_division_by_zero_is_an_error():
    with pytest.raises(ZeroDivisionError):
        adtrans.grad(lambda x, n: x * (3 // n), cache=False).interpreted(1.0, 0)


def test_large_integers_stay_exact():
    def f(x, n):
        return x * ((n * 4611686018427387 + 1) % 1000)

    assert adtrans.grad(f, cache=False).interpreted(1.0, 1000) == (1000 * 4611686018427387 + 1) % 1000


@pytest.mark.parametrize("text, wanted", [("int(x)", -2), ("float(int(x))", -2.0), ("round(x)", -3), ("bool(x)", 1.0),
                                          ("round(x, 1)", -2.7), ("abs(x)", 2.7), ("int(-x)", 2)])  # fmt: skip
def test_conversions(text, wanted):
    fun = function(f"def f(x):\n    return x * 0.0 + ({text})\n")
    assert adtrans.value_and_grad(fun, cache=False).interpreted(-2.7)[0] == pytest.approx(wanted, abs=1e-15)


@pytest.mark.parametrize("half", [0.5, 1.5, 2.5, -0.5, -1.5])
def test_rounding_goes_to_even(half):
    assert adtrans.value_and_grad(lambda x: x * 0.0 + round(x), cache=False).interpreted(half)[0] == round(half)


def test_the_side_of_where_that_is_not_taken_contributes_nothing():
    def f(x):
        return np.where(x > 0.0, np.log(x), 0.0)

    for x in (2.0, 0.0, -1.0):
        value, gradient = adtrans.value_and_grad(f, cache=False).interpreted(x)
        assert gradient == (1.0 / x if x > 0.0 else 0.0) and value == (np.log(x) if x > 0.0 else 0.0)

    def single(x):
        return np.where(x > 0.0, 2.0 / x, x * 3.0)

    for x in (np.float32(0.0), np.float32(4.0)):
        value, gradient = adtrans.value_and_grad(single, cache=False).interpreted(x)
        assert value.dtype == np.float32 and gradient == (3.0 if x == 0.0 else -0.125)
