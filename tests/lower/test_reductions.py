"""Reductions over all axes, some axes, kept axes: NumPy's values, the oracle's gradients."""

import numpy as np
import pytest

from tests.lower.texts import agree_on, function, interpreted

NAMES = ["sum", "mean", "prod", "max", "min", "var", "std"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("axis", ["", "axis=0", "axis=1", "axis=-1", "axis=(0, 2)", "axis=(2, 1)", "axis=None",
                                  "axis=(0, 1, 2)"])  # fmt: skip
@pytest.mark.parametrize("keep", ["", "keepdims=True"])
def test_reductions_of_three_axes(name, axis, keep):
    agree_on(f"np.{name}({', '.join(part for part in ('c', axis, keep) if part)})")


@pytest.mark.parametrize("name", NAMES)
def test_reductions_as_methods(name):
    agree_on(f"a.{name}() * a.{name}(0) + a.{name}(axis=1)[1]")
    agree_on(f"a.{name}(axis=1, keepdims=True)")


@pytest.mark.parametrize(
    "expression",
    [
        "np.var(x, ddof=1)", "np.std(a, axis=0, ddof=1)", "np.sum(x * y, axis=0)", "np.sum([s, t, s * t])",
        "np.mean((s, t))", "np.sum(x > 0.5) * s", "np.sum(idx) * s", "np.mean(idx) * s",
        "np.max(x + y) * np.min(a * 2.0)", "np.amax(a, axis=1)", "np.amin(a)", "np.ptp(x)", "np.average(a, axis=1)",
        "np.sum(z)", "np.max(z)", "np.sum(s)", "np.sum(e)", "np.sum(e, axis=0)", "np.prod(e, axis=1)",
        "np.sum(np.sum(c, axis=0), axis=1)", "np.sum(x[::2]) + np.sum(a.T[1])",
        "np.sum(a, axis=0, dtype=np.float64)",
    ],
)  # fmt: skip
def test_other_forms(expression):
    agree_on(expression)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("call", ["x", "a", "a, axis=0", "a, axis=1", "c, axis=-2", "x[::-1]", "s * y"])
def test_running_sums_and_products(name, call):
    agree_on(f"np.{name}({call})")


def test_running_sums_as_methods():
    agree_on("x.cumsum() * a.cumsum(axis=1)[0, 2]")


@pytest.mark.parametrize(
    "expression",
    [
        "s if np.any(x > 1.2) else t", "s if np.all(x > -1.0) else t", "s * np.count_nonzero(x > 0.0)",
        "x[np.argmax(x)] * s", "x[np.argmin(y)]", "a[1, np.argmax(a[1])]", "s * np.argmax(a)",
        "np.sum(np.argmax(a, axis=1) * s)", "s if (a > 1.0).any() else t", "s * x.argmax()",
    ],
)  # fmt: skip
def test_reductions_to_integers_and_booleans(expression):
    agree_on(expression)


@pytest.mark.parametrize("text", ["np.max(e)", "np.min(e, axis=0)"])
def test_extremes_of_nothing_are_an_error(text):
    with pytest.raises(ValueError, match="zero-size array"):
        interpreted(function(f"def f(e):\n    return np.sum({text}) * 1.0\n"), np.zeros((0, 3)))


@pytest.mark.parametrize("axis", ["3", "-4", "(0, 0)", "(0, 3)"])
def test_axes_that_are_not_there(axis):
    with pytest.raises(ValueError):
        interpreted(function(f"def f(c):\n    return np.sum(np.sum(c, axis={axis}))\n"), np.ones((2, 3, 4)))


def test_nan_wins_an_extreme():
    value, x_bar = interpreted(lambda x: np.max(x) * 2.0, np.array([1.0, np.nan, 3.0, np.nan]))
    assert np.isnan(value) and x_bar.tolist() == [0.0, 2.0, 0.0, 0.0]


def test_sums_of_single_precision_stay_in_it():
    value, x_bar = interpreted(lambda x: np.mean(x) + np.sum(x), np.ones(7, np.float32))
    assert type(value) is np.float32 and x_bar.dtype == np.float32
