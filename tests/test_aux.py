"""`has_aux`: what a function returns beside the number to differentiate is handed on as it is."""

import numba
import numpy as np
import pytest

import adtrans
from adtrans import grad, value_and_grad

X = np.array([0.5, -1.0, 2.0])


def fit(x, n):
    y = 2.0 * x
    return np.sum(y * x), {"doubled": y, "n": n, "name": "fit", "rest": (x[0], None)}


def overwriting(x):
    x[0] = x[1] * x[2]
    return np.sum(x * x), x


def pair(x, y):
    return x * y, (x + y, y * y)


compiled = value_and_grad(pair, argnums=(0, 1), has_aux=True)
alone = grad(pair, has_aux=True)


@numba.njit
def caller(x):
    (value, (first, second)), (x_bar, y_bar) = compiled(x, 3.0)
    gradient, aux = alone(x, 3.0)
    return value, first, second, x_bar, y_bar, gradient, aux[0]


def is_fit(aux):
    return (np.array_equal(aux["doubled"], 2.0 * X) and aux["n"] == 3 and type(aux["n"]) is int
            and aux["name"] == "fit" and aux["rest"] == (0.5, None))


@pytest.mark.parametrize("run", ["__call__", "interpreted"])
def test_any_structure_is_handed_on(run):
    gradient, aux = getattr(grad(fit, has_aux=True), run)(X, 3)
    (value, other), again = getattr(value_and_grad(fit, has_aux=True), run)(X, 3)
    assert np.array_equal(gradient, 4.0 * X) and np.array_equal(again, gradient)
    assert value == 2.0 * np.sum(X * X) and is_fit(aux) and is_fit(other)


def test_the_value_is_what_the_function_returns():
    g = grad(fit, has_aux=True)
    value, aux = g.value(X, 3)
    assert value == 2.0 * np.sum(X * X) and is_fit(aux)
    buffer = np.ones(3)
    value, aux = g.accumulate(buffer, X, 3, seed=2.0)
    assert np.array_equal(buffer, 1.0 + 8.0 * X) and is_fit(aux)


@pytest.mark.parametrize("run", ["__call__", "interpreted"])
def test_what_is_handed_on_is_not_the_argument_once_that_is_written_to(run):
    x = X.copy()
    gradient, aux = getattr(grad(overwriting, has_aux=True), run)(x)
    assert np.array_equal(x, X) and np.array_equal(aux, [X[1] * X[2], X[1], X[2]])
    a, b, c = X
    assert np.allclose(gradient, [0.0, 2 * b * c * c + 2 * b, 2 * c * b * b + 2 * c], rtol=1e-14)


def test_in_compiled_code():
    assert caller(2.0) == (6.0, 5.0, 9.0, 3.0, 2.0, 3.0, 5.0)


@pytest.mark.parametrize("fun", [lambda x: x * x, lambda x: (x, x, x), lambda x: [x, x]])
def test_the_result_has_to_be_a_pair(fun):
    with pytest.raises(TypeError, match="pair") as caught:
        grad(fun, has_aux=True)(2.0)
    assert isinstance(caught.value, adtrans.AdtransError)


def test_the_first_of_the_pair_has_to_be_a_number():
    with pytest.raises(TypeError, match="scalar result"):
        grad(lambda x: (np.array([x]), x), has_aux=True)(2.0)
    with pytest.raises(adtrans.NonDifferentiableError):
        grad(lambda x: (int(x), x), has_aux=True)(2.0)
