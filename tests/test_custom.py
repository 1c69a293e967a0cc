"""Derivatives of the user's own: what a rule says holds, in both modes, whatever the function itself does."""

import math
from typing import NamedTuple

import numba
import numpy as np
import pytest
from scipy import special

import adtrans
from adtrans import custom_vjp, grad, hvp, jvp, rule, value_and_grad

X = np.array([0.1, 0.5, -0.9])
Y = np.array([1.0, 2.0, 3.0])
RUNS = pytest.mark.parametrize("run", ["__call__", "interpreted"])
SCALES = np.array([2.0, 0.5, 1.5])


class Pair(NamedTuple):
    weight: np.ndarray
    offset: float


@custom_vjp
def waves(x, y):
    return np.sin(x) * y


def waves_fwd(x, y):
    return np.sin(x) * y, (np.cos(x), np.sin(x), y)


def waves_bwd(residuals, out_bar):
    c, s, y = residuals
    return c * out_bar * y, s * out_bar


waves.defvjp(waves_fwd, waves_bwd)


@custom_vjp
def rounded(x):  # derivative one: a straight-through estimator
    return np.round(x)


rounded.defvjp(lambda x: (np.round(x), None), lambda _, out_bar: (out_bar,))


@rounded.defjvp
def rounded_jvp(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return rounded(x), x_dot


@custom_vjp
def tripled(x):  # a rule that is not the derivative, to see that it is what counts
    y = x * 1.0
    for i in range(len(y)):
        y[i] = y[i] ** 2
    return y


tripled.defvjp(lambda x: (tripled(x), SCALES * x), lambda scaled, out_bar: (3.0 * out_bar + scaled,))


@rule("y = log1pexp(x)", x="1 / (1 + np.exp(-x))")
def log1pexp(x):
    return np.log(1.0 + np.exp(x))


@rule("y = power(a, b)", a="b * power(a, b - 1)", b="y * np.log(a)")
@numba.njit
def power(a, b):
    return a**b


def same(x, y):
    return np.sin(x) * y


@RUNS
def test_numbers_and_arrays(run):
    outer = lambda fun: lambda x, y: np.sum(fun(x, y) ** 2 * x)  # noqa: E731
    for args in ((0.7, 1.3), (X, Y)):
        found = getattr(grad(outer(waves), argnums=(0, 1)), run)(*args)
        expected = grad(outer(same), argnums=(0, 1)).interpreted(*args)
        assert all(np.allclose(*pair, rtol=1e-13) for pair in zip(found, expected))
        assert getattr(value_and_grad(outer(waves)), run)(*args)[0] == pytest.approx(outer(same)(*args), rel=1e-14)


def test_the_rule_is_compiled_into_the_gradient():
    g = grad(lambda x, y: waves(x, y) * 2.0)
    assert "np.cos(x)" in g.inspect_source(0.7, 1.3) and "np.sin" not in g.inspect_source(0.7, 1.3)


@RUNS
def test_in_loops_what_is_kept_is_that_of_the_iteration(run):
    def looped(fun):
        def total(x, y, n):
            for k in range(n):
                x = fun(x, y) + 0.1 * k
                if x[0] > 0.0:
                    y = y + fun(y, x)
            return np.sum(x * y)

        return total

    found = getattr(grad(looped(waves), argnums=(0, 1)), run)(X, Y, 4)
    expected = grad(looped(same), argnums=(0, 1)).interpreted(X, Y, 4)
    assert all(np.allclose(*pair, rtol=1e-12) for pair in zip(found, expected))


@RUNS
def test_what_counts_is_the_rule(run):
    found = getattr(grad(lambda x: np.sum(tripled(x) * Y)), run)(X)
    assert np.allclose(found, 3.0 * Y + SCALES * X, rtol=1e-14)
    assert np.array_equal(grad(lambda x: np.sum(tripled(x))).value(X), np.sum(X**2))
    assert getattr(grad(lambda x: rounded(3.0 * x) ** 2), run)(0.9) == 2 * 3.0 * 3.0


def test_a_forward_rule():
    assert jvp(lambda x: rounded(3.0 * x) ** 2, (0.9,), (1.0,)) == (9.0, 18.0)
    assert hvp(lambda x: rounded(3.0 * x) ** 2)(1.0, 0.9) == 0.0  # np.round in fwd has derivative zero
    only = custom_vjp(lambda x, n: x**n)
    only.defjvp(lambda primals, tangents: (primals[0] ** primals[1], 10.0 * tangents[0]))
    assert jvp(lambda x: only(x, 2) * x, (3.0,), (1.0,)) == (27.0, 9.0 + 30.0)
    with pytest.raises(adtrans.UnsupportedError, match="no reverse rule"):
        grad(lambda x: only(x, 2)).interpreted(3.0)


def test_second_derivatives_differentiate_the_rule():
    ours, theirs = (lambda x, y: np.sum(waves(x, y) ** 2 * x)), (lambda x, y: np.sum(same(x, y) ** 2 * x))
    found = hvp(ours, argnums=(0, 1))((Y, X), X, Y)
    expected = hvp(theirs, argnums=(0, 1))((Y, X), X, Y)
    assert all(np.allclose(*pair, rtol=1e-12) for pair in zip(found, expected))
    once = lambda x: waves(x, 2.0) ** 3  # noqa: E731
    assert np.isclose(grad(grad(once))(0.7), grad(grad(lambda x: same(x, 2.0) ** 3))(0.7), rtol=1e-13)


def test_clipping_gradients_is_not_symmetric_and_says_so():
    @custom_vjp
    def clipped(x):
        return x * 1.0

    clipped.defvjp(lambda x: (x * 1.0, None), lambda _, out_bar: (np.clip(out_bar, -1.0, 1.0),))

    def fun(x):
        return np.sum(clipped(x) ** 2 * Y)

    assert np.allclose(grad(fun)(X), np.clip(2 * X * Y, -1.0, 1.0))
    assert np.allclose(hvp(fun)(Y, X), np.where(np.abs(2 * X * Y) <= 1.0, 2 * Y * Y, 0.0))
    with pytest.raises(adtrans.UnsupportedError, match="rule of its own"):
        grad(lambda x: np.sum(grad(fun)(x) ** 2)).interpreted(X)


def test_containers_integers_and_arguments_without_adjoints():
    @custom_vjp
    def fun(pair, n, x, name):
        return {"a": pair.weight * pair.offset, "b": (x * n, n)}

    def fwd(pair, n, x, name):
        return fun(pair, n, x, name), (pair, n)

    def bwd(residuals, bar):
        pair, n = residuals
        weight = bar["a"] * pair.offset
        return Pair(weight, np.sum(bar["a"] * pair.weight)), None, 100.0 * bar["b"][0] * n, None

    fun.defvjp(fwd, bwd)

    def outer(pair, x):
        out = fun(pair, 3, x, "name")
        return np.sum(out["a"] * Y) + out["b"][0] * out["b"][1]

    pair_bar, x_bar = grad(outer, argnums=(0, 1)).interpreted(Pair(X, 2.0), 0.5)
    assert np.allclose(pair_bar.weight, 2.0 * Y) and np.isclose(pair_bar.offset, X @ Y) and x_bar == 900.0


def test_local_rules_and_single_precision():
    def made(x):
        fun = lambda x: rounded(x) * x  # noqa: E731
        return fun(x)

    found = grad(made).interpreted(np.float32(1.5))
    assert type(found) is np.float32 and found == 3.5


@RUNS
def test_rules_of_one_line(run):
    assert getattr(grad(lambda x: log1pexp(x)), run)(1000.0) == 1.0
    assert np.allclose(getattr(grad(lambda x: np.sum(log1pexp(x) * Y)), run)(X), Y / (1 + np.exp(-X)), rtol=1e-14)
    a_bar, b_bar = getattr(grad(lambda a, b: power(a, b) * 2.0, argnums=(0, 1)), run)(1.5, 2.5)
    assert math.isclose(a_bar, 5.0 * 1.5**1.5, rel_tol=1e-14)
    assert math.isclose(b_bar, 2.0 * 1.5**2.5 * math.log(1.5), rel_tol=1e-14)


def test_rules_of_one_line_at_higher_orders():
    out, dot = jvp(lambda x: np.sum(log1pexp(x) * Y), (X,), (Y,))
    assert np.isclose(dot, np.sum(Y * Y / (1 + np.exp(-X))), rtol=1e-14)
    s = 1 / (1 + math.exp(-0.3))
    assert math.isclose(hvp(lambda x: log1pexp(x))(1.0, 0.3), s * (1 - s), rel_tol=1e-13)
    assert math.isclose(grad(grad(grad(lambda x: log1pexp(x))))(0.3), s * (1 - s) * (1 - 2 * s), rel_tol=1e-13)
    adtrans.check_grads(lambda x: np.sum(grad(lambda z: np.sum(log1pexp(z) ** 2))(x) * Y), (X,), modes=("rev",))


def test_an_argument_that_is_repeated_gets_the_sum():
    found = grad(lambda a, b: np.sum(power(a, b) * X), argnums=(0, 1)).interpreted(Y, 2.0)
    assert np.allclose(found[0], 2 * Y * X) and np.isclose(found[1], np.sum(Y**2 * np.log(Y) * X))


def test_rules_given_later_are_seen():
    @custom_vjp
    def fun(x):
        return x * 1.0

    g = grad(lambda x: fun(x) * 2.0)
    with pytest.raises(adtrans.UnsupportedError, match="no rule yet"):
        g.interpreted(3.0)
    fun.defvjp(lambda x: (x, None), lambda _, bar: (5.0 * bar,))
    assert g.interpreted(3.0) == g(3.0) == 10.0
    fun.defvjp(lambda x: (x, None), lambda _, bar: (7.0 * bar,))
    assert g.interpreted(3.0) == g(3.0) == 14.0


def pair_of(fwd, bwd):
    fun = custom_vjp(lambda x, y: x * y)
    fun.defvjp(fwd, bwd)
    return fun


GOOD_FWD, GOOD_BWD = (lambda x, y: (x * y, (x, y))), (lambda r, bar: (bar * r[1], bar * r[0]))
BAD = {
    "fwd gives no pair": ((lambda x, y: x * y), GOOD_BWD, TypeError, "pair"),
    "fwd gives another result": ((lambda x, y: (np.sum(x), (x, y))), GOOD_BWD, TypeError, "returns a number"),
    "fwd takes too few": ((lambda x: (x, x)), GOOD_BWD, TypeError, "positional"),
    "bwd gives too few": (GOOD_FWD, (lambda r, bar: (bar,)), TypeError, "each of 2 arguments"),
    "bwd gives no tuple": (GOOD_FWD, (lambda r, bar: bar[0]), TypeError, "each of 2 arguments"),
    "bwd gives a number for an array": (GOOD_FWD, (lambda r, bar: (1.0, bar)), ValueError, "'x'.*shape"),
    "bwd gives another rank": (GOOD_FWD, (lambda r, bar: (np.outer(bar, bar), bar)), ValueError, "shape"),
    "bwd takes too many": (GOOD_FWD, (lambda r, s, bar: (bar, bar)), TypeError, "missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_rules_that_do_not_fit(name):
    fwd, bwd, kind, words = BAD[name]
    fun = pair_of(fwd, bwd)
    with pytest.raises(kind, match=words) as caught:
        grad(lambda x, y: np.sum(fun(x, y))).interpreted(X, Y)
    assert isinstance(caught.value, adtrans.AdtransError) and __file__ in str(caught.value)


def test_shapes_that_do_not_fit_when_it_runs():
    fun = pair_of(GOOD_FWD, lambda r, bar: (bar[1:], bar))
    with pytest.raises(ValueError, match="shape"):
        grad(lambda x, y: np.sum(fun(x, y))).interpreted(X, Y)


def test_forward_mode_without_a_forward_rule():
    with pytest.raises(adtrans.UnsupportedError, match="defjvp"):
        jvp(lambda x: waves(x, 2.0), (0.7,), (1.0,))
    with pytest.raises(adtrans.UnsupportedError, match="write to its arguments"):
        fun = custom_vjp(overwriting)
        fun.defvjp(lambda x: (x, None), lambda _, bar: (bar,))
        grad(lambda x: np.sum(fun(x))).interpreted(X)


def overwriting(x):
    x[0] = 1.0
    return x


j1 = rule("y = j1(x)", x="j0(x) - y / x", j0=special.j0)(special.j1)
j0 = rule("y = j0(x)", x="-j1(x)", j1=j1)(special.j0)
bessel = rule("y = jv(n, x)", x="0.5 * (jv(n - 1, x) - jv(n + 1, x))")(special.jv)


@RUNS
def test_functions_of_scipy(run):
    found = getattr(grad(lambda x: np.sum(j0(x) ** 2)), run)(Y)
    assert np.allclose(found, -2.0 * special.j0(Y) * special.j1(Y), rtol=1e-14)
    found = getattr(grad(lambda x: bessel(2.0, x) * x), run)(np.float64(1.5))
    assert np.isclose(found, special.jvp(2.0, 1.5) * 1.5 + special.jv(2.0, 1.5), rtol=1e-13)
    if run == "interpreted":
        slope = special.j0(Y) - special.j1(Y) / Y
        assert np.allclose(hvp(lambda x: np.sum(j0(x)))(X, Y), -slope * X, rtol=1e-13)
        assert np.allclose(grad(lambda x: np.sum(x * special.kv(0.5, 2.0))).interpreted(X), special.kv(0.5, 2.0))
        assert j0(1.5) == special.j0(1.5)


def test_functions_of_scipy_without_a_rule():
    for run in (lambda: grad(lambda x: special.jv(2.0, x)).interpreted(1.5), lambda: jvp(special_of, (1.5,), (1.0,))):
        with pytest.raises(adtrans.UnsupportedError, match="rule") as caught:
            run()
        assert __file__ in str(caught.value)
    with pytest.raises(adtrans.UnsupportedError, match="j0"):
        grad(grad(grad(lambda x: j0(x)))).interpreted(1.5)  # the rule of j1 mentions a j0 without one
    with pytest.raises(adtrans.ArgumentValueError, match="takes 1 arguments"):
        rule("y = f(a, b)", a="1")(special.j0)


def special_of(x):
    return special.jv(2.0, x)


@pytest.mark.parametrize("equation, partials", [
    ("f(x)", {"x": "1"}), ("y = f(2)", {"x": "1"}), ("y = f(x)", {}), ("y = f(x)", {"z": "1"}),
    ("y = f(x)", {"x": "1 +"}), ("y = f(", {"x": "1"}), ("y = f(x, z)", {"x": "1"})])
def test_equations_that_cannot_be_read(equation, partials):
    with pytest.raises(adtrans.ArgumentValueError):
        rule(equation, **partials)(lambda x: x)


def test_plain_calls_are_those_of_the_function():
    assert waves(0.7, y=1.3) == same(0.7, 1.3) and log1pexp(0.0) == math.log(2.0)
