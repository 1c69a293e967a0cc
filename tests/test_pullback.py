"""vjp: values and pullbacks of functions that return arrays and containers."""

from typing import NamedTuple

import numpy as np
import pytest

import adtrans

RNG = np.random.default_rng(3)
X = np.array([0.3, -1.2, 0.8])


class Pair(NamedTuple):
    left: object
    right: object


def spread(x, w, n):
    y = np.zeros((n, x.shape[0]))
    for i in range(n):
        y[i] = np.sin(w * x) * (i + 1)
    return y, np.sum(x), {"back": x[::-1] * w, "count": n}


def directional(fun, args, at, direction, bars):
    """The sum of bars times the derivative of fun along one argument's direction, by complex step."""
    moved = list(args)
    moved[at] = args[at] + 1e-30j * direction
    return sum(np.sum(bar * np.imag(out)) / 1e-30 for bar, out in zip(bars, fun(*moved)))


def test_a_pullback_of_arrays_numbers_and_dicts():
    out, pullback = adtrans.vjp(spread, X, 2.0, 4)
    wanted = spread(X, 2.0, 4)
    assert out[0].shape == (4, 3) and np.allclose(out[0], wanted[0]) and out[2]["count"] == 4
    bars = (RNG.normal(size=(4, 3)), 0.7, {"back": RNG.normal(size=3), "count": None})
    x_bar, w_bar, n_bar = pullback(bars)

    def flat(x, w):
        y = np.array([np.sin(w * x) * (i + 1) for i in range(4)])
        return y, np.sum(x), x[::-1] * w

    given = (bars[0], bars[1], bars[2]["back"])
    direction = RNG.normal(size=3)
    assert x_bar @ direction == pytest.approx(directional(flat, (X, 2.0), 0, direction, given), rel=1e-12)
    assert w_bar == pytest.approx(directional(flat, (X, 2.0), 1, 1.0, given), rel=1e-12)
    assert n_bar is None and type(w_bar) is float


def test_argnums_choose_what_comes_back():
    _, pullback = adtrans.vjp(lambda a, b: a * b, X, 2.0, argnums="b")
    assert pullback(np.ones(3)) == (pytest.approx(np.sum(X)),)
    _, pullback = adtrans.vjp(lambda a, b: a * b, X, 2.0, argnums=(1, 0))
    b_bar, a_bar = pullback(np.ones(3))
    assert b_bar == pytest.approx(np.sum(X)) and a_bar.tolist() == [2.0] * 3


def test_a_pullback_sees_the_arguments_as_they_were():
    x = X.copy()
    _, pullback = adtrans.vjp(lambda x: x * x, x)
    x[:] = 100.0
    assert pullback(np.ones(3))[0].tolist() == (2.0 * X).tolist()
    assert pullback(2.0 * np.ones(3))[0].tolist() == (4.0 * X).tolist()


def overwriting(x):
    x *= 2.0
    x[0] = x[1] * x[2]
    return x


def test_a_function_that_returns_the_argument_it_changed():
    x = X.copy()
    out, pullback = adtrans.vjp(overwriting, x)
    assert x.tolist() == X.tolist() and out.tolist() == overwriting(X.copy()).tolist()
    assert np.allclose(pullback(np.array([1.0, 0.0, 3.0]))[0], [0.0, 4.0 * X[2], 4.0 * X[1] + 6.0])


def test_the_same_array_returned_twice_gets_both_adjoints():
    _, pullback = adtrans.vjp(lambda x: (x * x, x * x), X)
    one, other = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 0.5])
    assert np.allclose(pullback((one, other))[0], 2.0 * X * (one + other))

    def twice(x):
        y = x * x
        return Pair(y, y[::-1])

    _, pullback = adtrans.vjp(twice, X)
    assert np.allclose(pullback(Pair(one, other))[0], 2.0 * X * (one + other[::-1]))


def test_single_precision_stays_single():
    out, pullback = adtrans.vjp(lambda x: np.exp(x), X.astype(np.float32))
    (x_bar,) = pullback(np.ones(3))
    assert out.dtype == x_bar.dtype == np.float32


def test_the_same_array_given_twice_counts_as_one():
    def shifted(a, b):
        a[0] = 5.0 * b[1]
        return a * b

    out, pullback = adtrans.vjp(shifted, X.copy(), X.copy())
    x = X.copy()
    both, pull_both = adtrans.vjp(shifted, x, x)
    assert out[0] == 5.0 * X[1] * X[0] and both[0] == (5.0 * X[1]) ** 2
    assert np.allclose(pull_both(np.array([1.0, 0.0, 0.0]))[0], [0.0, 50.0 * X[1], 0.0])


def test_softmax_with_random_cotangents():
    def softmax(z):
        e = np.exp(z - np.max(z, axis=-1, keepdims=True))
        return e / np.sum(e, axis=-1, keepdims=True)

    z, bar = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))
    out, pullback = adtrans.vjp(softmax, z)
    assert np.allclose(pullback(bar)[0], out * (bar - np.sum(out * bar, axis=-1, keepdims=True)), rtol=1e-12)


@pytest.mark.parametrize("bar, error, words", [
    (np.ones(2), ValueError, r"out_bar has shape \(2,\), but the function returned shape \(3,\)"),
    (1j * np.ones(3), TypeError, "array of floats"),
    ("x", TypeError, "array of floats"),
])
def test_an_adjoint_that_does_not_fit_is_refused(bar, error, words):
    _, pullback = adtrans.vjp(lambda x: x * x, X)
    with pytest.raises(error, match=words) as caught:
        pullback(bar)
    assert isinstance(caught.value, adtrans.AdtransError)


def test_containers_that_do_not_fit_are_refused():
    _, pullback = adtrans.vjp(spread, X, 2.0, 4)
    with pytest.raises(adtrans.ArgumentError, match="container of 3 adjoints"):
        pullback((np.ones((4, 3)), 1.0))
    with pytest.raises(adtrans.ArgumentError, match=r"out_bar\[2\] must be a dict with the keys 'back', 'count'"):
        pullback((np.ones((4, 3)), 1.0, {"back": X}))
    with pytest.raises(adtrans.ArgumentError, match=r"out_bar\[1\] must be a number"):
        pullback((np.ones((4, 3)), X, {"back": X, "count": None}))


def test_no_float_argument_and_no_float_result_are_refused():
    with pytest.raises(adtrans.ArgumentError, match="no argument has floating-point"):
        adtrans.vjp(lambda n: n + 1, 3)
    _, pullback = adtrans.vjp(lambda x: x > 0.0, X)
    with pytest.raises(adtrans.NonDifferentiableError):
        pullback(np.ones(3))


def test_broadcasting_of_axes_of_extent_one():
    def f(a, b):
        return a + b * b

    for n in (3, 1):
        a, b = RNG.normal(size=(4, 3)), RNG.normal(size=n)
        _, pullback = adtrans.vjp(f, a, b)
        bar = RNG.normal(size=(4, 3))
        a_bar, b_bar = pullback(bar)
        wanted = np.sum(bar, axis=0) if n == 3 else np.sum(bar, keepdims=True)[0]
        assert np.allclose(a_bar, bar) and np.allclose(b_bar, 2.0 * b * wanted)
