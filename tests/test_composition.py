"""Transformations of transformations: derivatives of any order, and functions that differentiate within.

Third derivatives against mpmath at 40 digits, gradients of gradients against Hessian products and Taylor series.
"""

from typing import NamedTuple

import mpmath
import numba
import numpy as np
import pytest

import adtrans
from adtrans import grad, hvp, jvp, value_and_grad

X = np.array([0.3, -0.7, 1.2])
A = np.array([1.0, 2.0, 0.5])
V = np.array([0.2, 0.1, -0.4])
RUNS = pytest.mark.parametrize("run", ["__call__", "interpreted"])


class Pair(NamedTuple):
    weight: np.ndarray
    offset: float


def bump(x):
    return np.sin(x) ** 3 * np.exp(-x * x)


def winding(x):
    total, y = 0.0, x
    for k in range(5):
        if y > 0.3:
            y = np.sin(y) * x + 0.1 * k
        else:
            y = y * y - x
        total += y * np.exp(-y)
    while total > 2.0:
        total = total * 0.5 * np.cos(x)
    return total


def exact_winding(x):
    total, y = mpmath.mpf(0), x
    for k in range(5):
        y = mpmath.sin(y) * x + mpmath.mpf(0.1) * k if y > 0.3 else y * y - x
        total += y * mpmath.exp(-y)
    while total > 2:
        total = total * mpmath.cos(x) / 2
    return total


def energy(x, a):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0.0:
            total += np.sin(x[i]) ** 3 * a[i] * a[0]
        else:
            total += x[i] ** 4 * x[0] * a[i]
    while total > 1.0:
        total = total * 0.5
    return total + x[0] * x[1] ** 2


def overwriting(x, a):
    y = x * 1.0
    for i in range(1, len(y)):
        y[i] = np.sin(y[i - 1]) * y[i] * a[i]
    x[0] = y[1] * y[2]
    return np.sum(x * x * y)


def determined(x, a):
    return np.linalg.slogdet(np.outer(x, a) + 3.0 * np.eye(3))[1]


ENERGIES = {"loops": energy, "overwriting": overwriting, "logarithm of a determinant": determined,
            "arrays": lambda x, a: np.sum(np.exp(x * a) / (1.0 + a**2 * x**2))}
hessian_of_arrays = adtrans.hessian(ENERGIES["arrays"])


@RUNS
@pytest.mark.parametrize("fun, exact", [
    (bump, lambda x: mpmath.sin(x) ** 3 * mpmath.exp(-x * x)), (winding, exact_winding)], ids=["bump", "winding"])
def test_third_derivatives(fun, exact, run):
    with mpmath.workdps(40):
        expected = float(mpmath.diff(exact, mpmath.mpf(0.7), 3))
    found = getattr(grad(grad(grad(fun))), run)(0.7)
    assert type(found) is float and abs(found - expected) <= 1e-10 * abs(expected)
    if run == "interpreted" and fun is bump:
        out, dot = jvp(hvp(fun), (1.0, 0.7), (0.0, 1.0))
        assert abs(dot - expected) <= 1e-10 * abs(expected)
        out, dot = jvp(grad(fun), (0.7,), (1.0,))
        assert abs(adtrans.hessian(grad(fun))(0.7) - expected) <= 1e-10 * abs(expected)
        assert np.isclose(out, grad(fun)(0.7), rtol=1e-14)


@pytest.mark.parametrize("name", ENERGIES)
def test_the_gradient_of_half_the_square_of_a_gradient_is_a_hessian_product(name):
    fun = ENERGIES[name]

    def half(x, a):
        g = grad(fun)(x, a)
        return 0.5 * np.sum(g * g)

    own = value_and_grad(half)
    value, gradient = own.interpreted(X, A)
    g = grad(fun)(X, A)
    assert np.isclose(value, 0.5 * np.sum(g * g), rtol=1e-13)
    np.testing.assert_allclose(gradient, hvp(fun)(g, X, A), rtol=1e-10, atol=1e-12)
    if name == "loops":
        np.testing.assert_allclose(own(X, A)[1], gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["overwriting", "arrays"])
def test_products_and_tangents_within_have_derivatives_by_everything(name):
    fun = ENERGIES[name]

    def mixed(x, v, a):
        out, dot = jvp(fun, (x, a), (v, 0.5 * a))
        return np.sum(hvp(fun)(v, x, a) * np.cos(a)) + out * dot

    adtrans.check_grads(mixed, (X, V, A), modes=("rev", "fwd") if name == "arrays" else ("rev",))


def test_mixed_derivatives():
    def pair(x, a):
        return energy(x, a), (energy(x, a) ** 2, 1)

    def by_both(x, a):
        (x_bar, a_bar), (value, *_) = grad(pair, argnums=(0, 1), has_aux=True)(x, a)
        return np.sum(x_bar * V) + np.sum(a_bar * x) * value

    def with_value(x, a):
        value, a_bar = value_and_grad(energy, argnums="a")(x, a=a)
        return value**2 * np.sum(a_bar)

    adtrans.check_grads(by_both, (X, A), modes=("rev",))
    adtrans.check_grads(with_value, (X, A), modes=("rev",))


@RUNS
def test_local_functions_take_what_is_around_them(run):
    def fun(t, x):
        scale = 2.0 * t
        inner = lambda u: np.sum(scale * u**3 * x)  # noqa: E731

        def outer(u):
            return inner(u) * t

        return grad(outer)(t) + value_and_grad(inner)(2.0 * t)[0]

    found = getattr(grad(fun, argnums=(0, 1)), run)(1.5, X)
    s = np.sum(X)  # 6 t^4 s + 16 t^4 s
    assert np.isclose(found[0], 88.0 * 1.5**3 * s, rtol=1e-13) and np.allclose(found[1], 22.0 * 1.5**4, rtol=1e-13)


@RUNS
def test_within_loops_and_branches(run):
    def descent(x, n):
        y = 1.0 * x
        for k in range(n):
            g = grad(lambda y: np.sum((y - k) ** 4))(y)
            if k % 2 == 0:
                y = y - 0.01 * g
            else:
                y -= 0.02 * grad(energy)(y, A)
        return np.sum(y)

    def by_hand(x, n):
        y = 1.0 * x
        for k in range(n):
            if k % 2 == 0:
                y = y - 0.04 * (y - k) ** 3
            else:
                y = y - 0.02 * g_energy(y, A)
        return np.sum(y)

    g_energy = grad(energy)
    found = getattr(grad(descent), run)(X, 3)
    step = 1e-6
    for i, e in enumerate(np.eye(3)):
        assert np.isclose(found[i], (by_hand(X + step * e, 3) - by_hand(X - step * e, 3)) / (2 * step), rtol=1e-6)


def test_containers_within():
    def fun(pair, options):
        def loss(pair, options):
            return np.sum(pair.weight**3) * options["rate"] * pair.offset ** 2

        pair_bar, options_bar = grad(loss, argnums=(0, 1))(pair, options)
        return np.sum(pair_bar.weight) + pair_bar.offset * options_bar["rate"]

    pair, options = Pair(X, 2.0), {"rate": 0.5, "name": "x"}
    pair_bar, options_bar = grad(fun, argnums=(0, 1)).interpreted(pair, options)
    w, o, r, s = X, 2.0, 0.5, np.sum(X**3)  # 3 sum(w^2) r o^2 + 2 s^2 r o^3
    assert np.allclose(pair_bar.weight, 6 * w * r * o**2 + 12 * s * w**2 * r * o**3, rtol=1e-13)
    assert np.isclose(pair_bar.offset, 6 * np.sum(w**2) * r * o + 6 * s**2 * r * o**2, rtol=1e-13)
    assert np.isclose(options_bar["rate"], 3 * np.sum(w**2) * o**2 + 2 * s**2 * o**3, rtol=1e-13)
    assert options_bar["name"] is None


def test_matrices_within_and_their_derivatives():
    def with_matrices(x, a):
        return np.linalg.slogdet(hessian_of_arrays(x, a) + 9.0 * np.eye(3))[1] + np.sum(adtrans.jacobian(mapping)(a, x))

    def by_products(x, a):
        rows = np.stack([hvp(ENERGIES["arrays"])(e, x, a) for e in np.eye(3)])
        return np.linalg.slogdet(rows + 9.0 * np.eye(3))[1] + np.sum(np.outer(np.cos(a), x)) + 9.0 * np.sum(x**2)

    assert np.isclose(with_matrices(X, A), by_products(X, A), rtol=1e-12)
    own = value_and_grad(with_matrices, argnums=(0, 1))
    value, parts = own.interpreted(X, A)
    assert np.isclose(value, by_products(X, A), rtol=1e-12)
    step = 1e-6
    for part, (dx, da) in zip(parts, ((V, 0.0 * V), (0.0 * V, V))):
        ahead, behind = by_products(X + step * dx, A + step * da), by_products(X - step * dx, A - step * da)
        assert np.isclose(part @ V, (ahead - behind) / (2 * step), rtol=1e-7)
    assert np.isclose(grad(adtrans.hessian(bump)).interpreted(0.7), grad(grad(grad(bump)))(0.7), rtol=1e-13)
    tensor = jvp(lambda m: adtrans.jacobian(lambda m: m @ m)(m), (np.outer(X, A),), (np.eye(3),))
    assert tensor[0].shape == tensor[1].shape == (3, 3, 3, 3)
    np.testing.assert_allclose(tensor[0], adtrans.jacobian(lambda m: m @ m)(np.outer(X, A)), rtol=1e-13)
    with pytest.raises(adtrans.UnsupportedError, match="several arguments"):
        grad(lambda x: adtrans.hessian(energy, argnums=(0, 1))(x, A)[0][0][0, 0]).interpreted(X)


def mapping(a, x):
    return np.outer(x, np.sin(a)) + a * np.sum(x**2)


@adtrans.grad
def slope(x):
    return x**5


@numba.njit
def compiled(x):
    return curvature(x) + slope(x)


curvature = grad(slope)


def test_in_compiled_code_and_by_its_methods():
    assert np.isclose(compiled(2.0), 160.0 + 80.0, rtol=1e-14)
    assert grad(lambda x: slope.value_and_grad(x)[0] * x).interpreted(2.0) == 6 * 2.0**5


def test_a_gradient_made_elsewhere_is_read_anew_once_its_function_changes():
    space = {"power": 2}
    exec("def fun(x):\n    return x ** power\n", space)
    import linecache

    text = "def fun(x):\n    return x ** power\n"
    linecache.cache["<changing>"] = (len(text), None, text.splitlines(keepends=True), "<changing>")
    exec(compile(text, "<changing>", "exec"), space)
    second = grad(grad(space["fun"]))
    assert second.interpreted(3.0) == 2.0
    space["power"] = 3
    assert second.interpreted(3.0) == 18.0


def test_single_precision_stays():
    found = grad(grad(lambda x: x**3)).interpreted(np.float32(2.0))
    assert type(found) is np.float32 and found == 12.0
    found = hvp(lambda x: np.sum(grad(lambda y: np.sum(y**3))(x)))(np.ones(3, np.float32), X.astype(np.float32))
    assert found.dtype == np.float32 and np.allclose(found, 6.0)


def test_what_stops_stays_stopped():
    def fun(x):
        return x * adtrans.stop_gradient(x) + adtrans.stop_gradient(x * x) * 3.0

    assert grad(fun).interpreted(2.0) == grad(fun)(2.0) == 2.0 and jvp(fun, (2.0,), (1.0,)) == (16.0, 2.0)
    assert grad(grad(fun)).interpreted(2.0) == 0.0 and hvp(fun)(1.0, 2.0) == 0.0
    found = grad(lambda x: adtrans.stop_gradient(grad(bump)(x)) * x).interpreted(0.7)
    assert np.isclose(found, grad(bump)(0.7), rtol=1e-14)


BAD = {
    "an integer": (lambda x: grad(lambda n: n * 2.0)(3) * x, TypeError, "floating-point"),
    "not a number": (lambda x: grad(lambda y: y * np.ones(3))(x)[0], TypeError, "scalar result"),
    "an unknown option": (lambda x: grad(bump, parallel=True)(x), adtrans.UnsupportedError, "parallel"),
    "no argument": (lambda x: grad(bump)() * x, TypeError, "missing"),
    "argnums": (lambda x: grad(bump, argnums=3)(x), ValueError, "out of range"),
    "only through integers": (lambda x: grad(lambda y: float(int(y)))(x), adtrans.NonDifferentiableError, "integers"),
    "a tangent of another shape": (lambda x: jvp(lambda y: y, (np.ones(3) * x,), (np.ones((3, 1)),))[1][0], ValueError,
                                   "shape"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_within_point_at_the_line(name):
    fun, kind, words = BAD[name]
    with pytest.raises(kind, match=words) as caught:
        grad(fun).interpreted(0.7)
    assert isinstance(caught.value, adtrans.AdtransError) and __file__ in str(caught.value)


def test_tangents_that_do_not_fit_when_it_runs():
    g = grad(lambda x, v: np.sum(hvp(lambda y: np.sum(y**3))(v, x)))
    assert np.allclose(g.interpreted(X, V), 6 * V)
    with pytest.raises(ValueError, match="shape"):
        g.interpreted(X, np.ones(2))


def test_a_function_that_writes_to_what_may_be_another_argument():
    def fun(x):
        return np.sum(grad(overwriting)(x, x))

    with pytest.raises(adtrans.UnsupportedError, match="overlap"):
        grad(fun).interpreted(X)


def test_a_function_that_differentiates_itself():
    with pytest.raises(adtrans.UnsupportedError, match="recursion"):
        grad(endless).interpreted(1.0)


def endless(x):
    return grad(endless)(x) * x
