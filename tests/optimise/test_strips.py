"""Tangents in strips and as columns of products: against complex steps and forward mode one tangent at a time."""

import numpy as np
import pytest

import adtrans
from adtrans.pullback import _gradient
from adtrans.tangent import pushed
from tests.test_tangent import tuple_of

RNG = np.random.default_rng(5)


def recurrence(x, n):
    """Carried values, neighbours and the counter itself in the tangents of a loop that calls elementary functions."""
    y = np.zeros(n)
    s = x[0]
    for i in range(1, n):
        s = 0.5 * s + np.exp(-x[i - 1] * i / n) * x[i]
        y[i] = s * np.sin(x[i])
        y[i - 1] += x[i] / x[i - 1]
    return y


def sums(x, n):
    total = 0.0
    largest = 0.0
    for i in range(n):
        t = np.log(x[i]) * np.sqrt(x[n - 1 - i])
        total += 3.0 * t - x[i] * t / (1.0 + t * t)
        largest = largest + total * 0.01
    return total * largest


def stretched(x, n):
    y = np.empty((n, 2))
    for j in range(2):
        for i in range(n):
            y[i, j] = np.tanh(x[i] * (j + 1)) - x[i] * 2.0 * x[i] * 3.0
    return y


def tangents(fun, args, several, interpreted=False):
    """What vector mode gives, and its source."""
    gradient = _gradient(fun, None, args)
    found = gradient._run("tangents", gradient._bind(args, {}), several, interpreted)
    return found[2], found[1].product.text


def complex_step(fun, x, dots, n):
    columns = [np.imag(complexly(fun, x + 1e-200j * dots[:, k], n)) / 1e-200 for k in range(8)]
    return np.stack(columns, axis=-1)


def complexly(fun, x, n):
    """A program run by CPython on complex numbers."""
    plain = {"empty": lambda shape: np.zeros(shape, complex), "zeros": lambda n: np.zeros(n, complex)}
    kinds = type("numpy", (), {name: getattr(np, name) for name in ("exp", "sin", "log", "sqrt", "tanh")})
    for name, make in plain.items():
        setattr(kinds, name, staticmethod(make))
    made = type(fun)(fun.__code__, {"np": kinds, "range": range})
    return np.asarray(made(x, n))


@pytest.mark.parametrize("fun", [recurrence, sums, stretched])
def test_strips_against_complex_steps(fun):
    for n in (2, 64, 150):
        x, dots = RNG.uniform(0.5, 1.5, n), RNG.normal(size=(n, 8))
        expected = complex_step(fun, x, dots, n)
        scale = np.abs(expected).max()
        for interpreted in (True, False):
            found, text = tangents(fun, (x, n), (dots,), interpreted)
            np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-11, atol=1e-12 * scale)
    assert "range(0, n, 64)" in text or ", 64)" in text


def test_what_tangents_have_in_common_is_multiplied_out():
    def chain(x):
        total = 0.0
        for i in range(len(x)):
            total += 2.0 * np.exp(np.sin(x[i]) * 3.0) / 5.0
        return total

    x, dots = RNG.normal(size=70), RNG.normal(size=(70, 8))
    found, text = tangents(chain, (x,), (dots,), True)
    np.testing.assert_allclose(found, (2.0 * np.exp(3.0 * np.sin(x)) * 3.0 * np.cos(x) / 5.0) @ dots, rtol=1e-12)
    inner = text.rsplit("for p in range(8):", 1)[1].split("return")[0]
    assert sum("=" in line and "#" not in line for line in inner.splitlines()) == 1


def test_nan_of_what_is_not_chosen_goes_nowhere():
    def fun(x):
        root = np.sqrt(x)
        return np.sum(np.where(x > 0.0, root * 2.0, x * 3.0))

    x, dots = np.array([0.0, 4.0]), np.ones((2, 8))
    with np.errstate(all="ignore"):
        assert np.array_equal(np.asarray(tangents(fun, (x,), (dots,), True)[0]), np.full(8, 3.5))


MATRIX, VECTOR = RNG.normal(size=(3, 4)), RNG.normal(size=4)
PRODUCTS = {
    "both matrices": (lambda a, b: a @ b, (MATRIX, RNG.normal(size=(4, 5)))),
    "left matrix": (lambda a: a @ MATRIX.T, (MATRIX,)),
    "right matrix": (lambda a: MATRIX @ a, (RNG.normal(size=(4, 2)),)),
    "matrix and vector": (lambda a, x: a @ x, (MATRIX, VECTOR)),
    "vector and matrix": (lambda x, a: x @ a.T, (VECTOR, MATRIX)),
    "vectors": (lambda x, y: (x * 2.0) @ y, (VECTOR, VECTOR + 1.0)),
    "in Fortran order": (lambda a, b: (a * 1.0) @ b + (a @ b) * 2.0, (np.asfortranarray(MATRIX),
                                                                   np.asfortranarray(RNG.normal(size=(4, 5))))),
    "slices": (lambda a: a[:, 1:3].T @ a[:, 0] + np.sum(a[1:, ::2] @ a[:2, :2]), (MATRIX,)),
}


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("interpreted", [True, False])
def test_products(name, interpreted):
    fun, args = PRODUCTS[name]
    several = tuple(RNG.normal(size=(*arg.shape, 8)) for arg in args)
    found = tangents(fun, args, several, interpreted)[0]
    for k in range(8):
        dot = pushed(fun, args, tuple(dots[..., k] for dots in several), interpreted=True)[1]
        np.testing.assert_allclose(np.asarray(found)[..., k], tuple_of(dot)[0], rtol=1e-12, atol=1e-13)


def test_hessian_of_products():
    w = RNG.normal(size=(4, 3))

    def fun(x):
        return np.sum(np.tanh(x @ w) ** 2)

    x = RNG.normal(size=(2, 4))
    found = adtrans.hessian(fun)(x).reshape(8, 8)
    columns = [adtrans.hvp(fun)(e.reshape(2, 4), x).ravel() for e in np.eye(8)]
    np.testing.assert_allclose(found, np.stack(columns, axis=-1), rtol=1e-11, atol=1e-13)
