"""Elementwise functions: every spelling on arrays and numbers, NumPy's values and the oracle's gradients."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import agree_on, function, interpreted

UNARY = {
    "x": ["exp", "exp2", "expm1", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "arcsinh", "square",
          "negative", "positive", "abs", "absolute", "fabs", "sign", "floor", "ceil", "trunc", "rint", "degrees",
          "radians", "rad2deg", "deg2rad", "cbrt", "reciprocal", "fix"],
    "np.abs(x) + 0.1": ["log", "log2", "log10", "sqrt", "log1p"],
    "x * 0.5": ["arcsin", "arccos", "arctanh"],
    "x * x + 1.1": ["arccosh"],
}  # fmt: skip
BINARY = ["add", "subtract", "multiply", "arctan2", "hypot", "logaddexp", "logaddexp2", "maximum", "minimum", "fmax",
          "fmin", "copysign"]  # fmt: skip
POSITIVE = ["divide", "true_divide", "floor_divide", "remainder", "mod", "fmod"]
MATH = ["sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh", "exp", "expm1", "fabs",
        "degrees", "radians", "erf", "erfc", "log", "log2", "log10", "log1p", "sqrt", "gamma", "lgamma"]  # fmt: skip


@pytest.mark.parametrize("argument, name", [(argument, name) for argument, names in UNARY.items() for name in names])
def test_functions_of_one_argument(argument, name):
    agree_on(f"np.{name}({argument})")
    agree_on(f"np.{name}(({argument})[0])")


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arguments(name):
    agree_on(f"np.{name}(x, y)")
    agree_on(f"np.{name}(a, x[:4])")
    agree_on(f"np.{name}(s, y) + np.{name}(x, 0.5) + np.{name}(t, s)")


@pytest.mark.parametrize("name", POSITIVE)
def test_quotients(name):
    agree_on(f"np.{name}(x * 3.0, np.abs(y) + 0.3)")
    agree_on(f"np.{name}(x * 3.0, s)")


@pytest.mark.parametrize("base, exponent", [("np.abs(x) + 0.1", "y"), ("x", "2"), ("x", "3.0"), ("2.0", "x"),
                                            ("x + 3.0", "-2"), ("s", "n"), ("x", "5"),
                                            ("np.abs(x) + 0.1", "0.5")])  # fmt: skip
def test_powers(base, exponent):
    agree_on(f"np.power({base}, {exponent})")
    agree_on(f"({base}) ** ({exponent})")


@pytest.mark.parametrize("name", MATH)
def test_math_functions(name):
    agree_on(f"M.{name}(s)")


@pytest.mark.parametrize("expression", ["M.atan2(s, t)", "M.hypot(s, t)", "M.pow(s, t)", "M.copysign(s, -t)",
                                        "M.fmod(t, s)", "M.log(t, 3.0)", "M.log(t, s)", "M.pi * s + M.e",
                                        "M.asin(s) + M.acos(s) + M.atanh(s)", "M.acosh(t)", "M.fsum([s, t, s])",
                                        "M.floor(t) * s + M.ceil(t) * t + M.trunc(t) * s"])  # fmt: skip
def test_math_functions_of_more(expression):
    agree_on(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "np.where(x > 0.5, x * x, y)", "np.where(x > y, s, y)", "np.where(a > 0.0, a, x[:4])",
        "np.where(s > 0.5, x, y)", "np.where(flags, x, 0.0)", "np.clip(x, -0.2, 0.8)", "np.clip(x, y, 1.2)",
        "np.clip(x, None, 0.8)",
        "np.clip(x, 0.1, None)", "x.clip(0.1, 0.8)", "np.clip(s, 0.0, t)", "np.heaviside(x, 0.5) * y",
        "np.sign(a) * a", "np.isfinite(x) * y", "np.logical_and(x > 0.0, y > 0.5) * x", "np.equal(x, y) + x",
    ],
)  # fmt: skip
def test_choices_and_others(expression):
    agree_on(expression)


def test_the_side_of_where_that_is_not_taken_contributes_nothing():
    x = np.array([0.0, 2.0, -1.0])
    for expression in ("np.log(x), 0.0", "np.sqrt(x), x", "1.0 / x, x * x"):
        fun = function(f"def f(x):\n    return np.sum(np.where(x > 0.0, {expression}))\n")
        assert np.isfinite(interpreted(fun, x)[1]).all()


def test_booleans_of_arrays_are_ambiguous():
    with pytest.raises(ValueError, match="ambiguous"):
        interpreted(lambda x: 1.0 if x > 0.0 else x[0], np.ones(3))


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((2, 3), (2,)), ((2, 3), (3, 2)), ((2, 1, 4), (3, 3))])
def test_shapes_that_do_not_fit(shapes):
    a, b = (np.ones(shape) for shape in shapes)
    with pytest.raises(ValueError, match="could not be broadcast"):
        interpreted(lambda a, b: np.sum(a * b), a, b)


@pytest.mark.parametrize("shapes", [((3,), (1,)), ((1,), (3,)), ((2, 3), (3,)), ((2, 3), (1, 3)), ((2, 1), (1, 3)),
                                    ((), (2,)), ((2, 1, 4), (3, 1)), ((0,), (1,)), ((1, 0), (3, 1)),
                                    ((1, 1), (1,))])  # fmt: skip
def test_broadcasting_is_undone(shapes):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape) for shape in shapes)
    g = adtrans.grad(lambda a, b: np.sum(np.sin(a * b)), argnums=(0, 1), cache=False)
    for one, other in ((a, b), (b, a)):
        one_bar, other_bar = g.interpreted(one, other)
        weight = np.cos(one * other)
        for given, array, factor in ((one_bar, one, other), (other_bar, other, one)):
            full = weight * factor
            assert given.shape == array.shape
            extra = tuple(range(full.ndim - array.ndim))
            kept = tuple(k + len(extra) for k, extent in enumerate(array.shape) if extent == 1)
            assert np.allclose(given, full.sum(axis=(*extra, *kept)).reshape(array.shape), rtol=1e-13, atol=1e-15)


def test_one_gradient_function_serves_broadcast_and_full_shapes_in_any_order():
    g = adtrans.grad(lambda a, b: np.sum(a * b * b), argnums=(0, 1), cache=False)
    for shapes in (((3,), (3,)), ((3,), (1,)), ((1,), (3,)), ((3,), (3,)), ((1,), (1,)), ((4,), (4,))):
        a, b = (np.full(shape, 0.5) for shape in shapes)
        a_bar, b_bar = g.interpreted(a, b)
        n = max(len(a), len(b))
        assert np.allclose(a_bar.sum(), 0.25 * n) and np.allclose(b_bar.sum(), 0.5 * n)
        assert a_bar.shape == a.shape and b_bar.shape == b.shape
