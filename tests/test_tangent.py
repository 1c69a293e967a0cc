"""Forward mode: tangents against adjoints, second derivatives against differences of gradients."""

from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans.tangent import pushed

RNG = np.random.default_rng(17)
A = RNG.normal(size=(4, 4)) + 3.0 * np.eye(4)
B = RNG.normal(size=(4, 3))


class Pair(NamedTuple):
    weight: np.ndarray
    count: int


def sweep(x, n):
    u = x * 1.0
    total = 0.0
    for k in range(n):
        for i in range(1, len(u)):
            u[i] = np.sin(u[i - 1]) * u[i] + 0.1 * k
        if u[1] > 0:
            total += u[0] * u[2]
        else:
            total -= u[1] ** 2
    while total > 1.0:
        total = total * 0.5
    return total + np.sum(u**3)


def dotted(one, other):
    return sum(float(np.sum(np.asarray(a) * np.asarray(b))) for a, b in zip(one, other))


def tuple_of(found):
    return found if isinstance(found, tuple) else (found,)


LINALG = {
    "solve": (lambda a, b: np.linalg.solve(a, b), (A, B)),
    "solve of a vector": (lambda a, b: np.linalg.solve(a, b[:, 0]), (A, B)),
    "inv": (lambda a: np.linalg.inv(a), (A,)),
    "det": (lambda a: np.linalg.det(a), (A,)),
    "det of a singular matrix": (lambda a: np.linalg.det(a), (np.outer(A[0], A[1]) + np.outer(A[2], A[3])
                                                              + np.outer(A[1], A[0]),)),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], (A,)),
    "cholesky": (lambda a: np.linalg.cholesky(a), (A @ A.T,)),
    "eigh": (lambda a: tuple(np.linalg.eigh(a)), (A + A.T,)),
    "svd": (lambda b: tuple(np.linalg.svd(b, False)), (B,)),
    "svd, wide": (lambda b: tuple(np.linalg.svd(b, False)), (B.T,)),
    "qr": (lambda b: tuple(np.linalg.qr(b)), (B,)),
    "qr, wide": (lambda b: tuple(np.linalg.qr(b)), (B.T,)),
    "pinv": (lambda b: np.linalg.pinv(b), (B,)),
    "lstsq": (lambda a, b: np.linalg.lstsq(a, b)[0], (B, A[:, 0])),
    "product": (lambda a, b: a @ b, (A, B)),
    "norm": (lambda a: np.linalg.norm(a), (A,)),
}
OTHERS = {
    "loops": (lambda x: sweep(x, 3), (A[0],)),
    "elementwise": (lambda a: np.where(a > 0, np.log(np.abs(a)), np.arctan2(a, 1.0 + a * a)), (A,)),
    "sorting": (lambda a: (np.sort(a, axis=1), np.median(a), a.max(axis=0)), (A,)),
    "views": (lambda a: a.T[1:, ::2].reshape(-1) * a[0, 1], (A,)),
    "powers": (lambda a: np.abs(a) ** 1.5 + a**3 + np.cumprod(a, axis=0), (A,)),
    "special": (lambda a: adtrans.special.softmax(a, axis=1), (A,)),
    "accumulated": (lambda a: np.convolve(a[0], a[1]) + np.interp(0.3, np.arange(4.0), a[2]), (A,)),
}


@pytest.mark.parametrize("interpreted", [True, False], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("name", [*LINALG, *OTHERS])
def test_tangents_are_the_transpose_of_adjoints(name, interpreted):
    fun, args = {**LINALG, **OTHERS}[name]
    tangents = tuple(RNG.normal(size=arg.shape) for arg in args)
    kept = [arg.copy() for arg in (*args, *tangents)]
    out, out_dot = pushed(fun, args, tangents, interpreted)
    value, pullback = adtrans.vjp(fun, *args)
    assert all(np.allclose(one, other, rtol=1e-12) for one, other in zip(tuple_of(out), tuple_of(value)))
    bars = tuple(RNG.normal(size=np.shape(part)) for part in tuple_of(value))
    found = dotted(tuple_of(out_dot), bars)
    expected = dotted(tangents, pullback(bars if isinstance(value, tuple) else bars[0]))
    assert np.isclose(found, expected, rtol=1e-9, atol=1e-9)
    assert all(np.array_equal(one, other) for one, other in zip((*args, *tangents), kept))


@pytest.mark.parametrize("name", ["solve", "inv", "slogdet", "cholesky", "product", "loops", "elementwise", "views",
                                  "powers"])
def test_second_derivatives(name):
    fun, args = {**LINALG, **OTHERS}[name]
    arg, others = args[0], args[1:]
    weights = RNG.normal(size=np.shape(fun(*args)))


    def by(a):
        found = fun(a, *others)
        return np.sum(np.sin(found) * weights)

    v = RNG.normal(size=arg.shape)
    step = 1e-5
    gradient = adtrans.grad(by)
    product = adtrans.hvp(by)(v, arg)
    expected = (gradient(arg + step * v) - gradient(arg - step * v)) / (2 * step)
    assert product.shape == arg.shape and np.allclose(product, expected, rtol=1e-6, atol=1e-7)
    other = RNG.normal(size=arg.shape)
    assert np.isclose(np.sum(other * product), np.sum(v * adtrans.hvp(by)(other, arg)), rtol=1e-9)


def test_numbers_and_types():
    assert adtrans.jvp(lambda x: x * x, (3.0,), (1.0,)) == (9.0, 6.0)
    assert adtrans.hvp(lambda x: x * x * x)(1.0, 2.0) == 12.0
    for kind in (float, np.float64, np.float32):
        out, dot = adtrans.jvp(lambda x, y: x * y, (kind(3.0), kind(2.0)), (1.0, 1))
        assert type(out) is type(dot) is kind and (out, dot) == (6.0, 5.0)
    x = np.ones(3, np.float32)
    out, dot = adtrans.jvp(lambda x: np.sin(x), (x,), (np.ones(3),))
    assert out.dtype == dot.dtype == np.float32
    made = adtrans.hvp(lambda x: np.sum(x**4))(np.ones(3), x)
    assert made.dtype == np.float32 and np.allclose(made, 12.0)


def test_containers_and_what_has_no_tangent():
    def fun(pair, options, n):
        total = np.sum(pair.weight) * options["rate"] * pair.count
        return {"total": total, "n": n + 1, "parts": (pair.weight * 2.0, n)}

    pair, options = Pair(np.arange(3.0), 2), {"rate": 0.5, "name": "x"}
    out, dot = adtrans.jvp(fun, (pair, options, 7), (Pair(np.ones(3), None), {"rate": 1.0, "name": None}, None))
    assert out["total"] == 3.0 and dot["total"] == 3.0 * 0.5 * 2 + 3.0 * 2
    assert dot["n"] is None and dot["parts"][1] is None and np.array_equal(dot["parts"][0], np.full(3, 2.0))


def test_several_arguments():
    def fun(x, y):
        return np.sum(x * x * y) + np.sum(y**3)

    x, y = np.arange(3.0), np.ones(3)
    v, w = np.array([1.0, 0.0, 2.0]), np.array([0.0, 1.0, 1.0])
    first, second = adtrans.hvp(fun, argnums=(0, 1))((v, w), x, y)
    assert np.allclose(first, 2 * y * v + 2 * x * w) and np.allclose(second, 2 * x * v + 6 * y * w)
    assert np.allclose(adtrans.hvp(fun, argnums="y")(w, x, y), 6 * y * w)


def test_arguments_that_overlap():
    def fun(x, y):
        x[0] = y[1] * 2.0
        return np.sum(x * y)

    x, v = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])
    out, dot = adtrans.jvp(fun, (x, x), (v, v))
    assert np.isclose(out, 16.0 + 4.0 + 9.0) and np.isclose(dot, 2 * 4.0 * 2 * v[1] + 4.0 * v[1] + 6.0 * v[2])
    with pytest.raises(adtrans.ArgumentValueError, match="memory"):
        adtrans.jvp(fun, (x, x), (v, 2 * v))


def test_the_result_is_nobody_elses():
    x, v = np.ones(3), np.ones(3)
    out, dot = adtrans.jvp(lambda x: x, (x,), (v,))
    dot[0] = 5.0
    assert out is x and v[0] == 1.0


def test_defaults_do_not_move():
    assert adtrans.jvp(lambda x, y=2.0: x * y, (3.0,), (1.0,)) == (6.0, 2.0)


@pytest.mark.parametrize("tangents, error", [
    ((np.ones(2),), "shape"), ((np.ones(3, complex),), "floats"), ((), "tangents"), (("x",), "floats")])
def test_tangents_that_do_not_fit(tangents, error):
    with pytest.raises(adtrans.AdtransError, match=error):
        adtrans.jvp(lambda x: x * x, (np.ones(3),), tangents)


def test_no_derivative():
    with pytest.raises(adtrans.NonDifferentiableError):
        adtrans.jvp(lambda x: int(x), (3.0,), (1.0,))
    with pytest.raises(adtrans.NonDifferentiableError):
        adtrans.jvp(lambda x: float(int(x)), (3.0,), (1.0,))
    with pytest.raises(adtrans.AdtransError):
        adtrans.hvp(lambda x: x * x)(np.ones(3), np.ones(3))


def stencil(u, steps):
    n = len(u)
    v = u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            v[i] = u[i] * (1.0 - u[i - 1]) + 0.1 * u[i + 1]
        u, v = v, u
    return np.sum(u * u)


def test_tangents_are_stored_after_all_loads():
    gradient = adtrans.grad(stencil)
    x = RNG.uniform(0.1, 0.9, 7)
    text = gradient._run("jvp", gradient._bind((x, 3), {}), (x,), interpreted=True)[1].product.text
    loop = text.split("for i in range(1, n - 1):")[-1].split("u, v")[0]
    body = [line for line in loop.splitlines() if "#" not in line]
    stores = [k for k, line in enumerate(body) if "[i] = " in line]
    loads = [k for k, line in enumerate(body) if "[" in line.partition("=")[2]]
    assert len(stores) == 2 and max(loads) <= min(stores)
