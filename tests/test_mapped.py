"""`vmap` against the plain loop over rows, alone and with the other transformations."""

import functools
from typing import NamedTuple

import numba
import numpy as np
import pytest

import adtrans
from adtrans import UnsupportedError, grad, hessian, hvp, jacobian, jvp, value_and_grad, vmap
from tests import duals

RNG = np.random.default_rng(5)
X, Y, W = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=(2, 3))
V = RNG.normal(size=3)
RUNS = pytest.mark.parametrize("run", ["__call__", "interpreted"])


class Pair(NamedTuple):
    weight: np.ndarray
    offset: float


def wave(x, y):
    total = 0.0
    for i in range(len(x)):
        if y[i] > 0.0:
            total += np.sin(x[i]) * y[i] ** 2
        else:
            total -= x[i] * x[0] * y[i]
    return total


def network(params, x, label):
    first, bias, last = params["first"], params["bias"], params["last"]
    hidden = np.tanh(first @ x + bias)
    scores = last @ hidden
    top = np.max(scores)
    return top + np.log(np.sum(np.exp(scores - top))) - scores[label]


PARAMS = {"first": RNG.normal(size=(5, 3)), "bias": RNG.normal(size=5), "last": RNG.normal(size=(2, 5))}
LABELS = np.array([0, 1, 1, 0])


def stacked(rows):
    """Results of rows with an axis in front, leaf by leaf."""
    first = rows[0]
    if isinstance(first, dict):
        return {key: stacked([one[key] for one in rows]) for key in first}
    if isinstance(first, tuple):
        return tuple(stacked([one[k] for one in rows]) for k in range(len(first)))
    return first if first is None or isinstance(first, str) else np.array(rows)


def assert_alike(found, expected):
    assert type(found) is type(expected) or isinstance(found, tuple) and isinstance(expected, tuple)
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, item in expected.items():
            assert_alike(found[key], item)
    elif isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected):
            assert_alike(one, other)
    elif isinstance(expected, np.ndarray):
        assert found.shape == expected.shape and found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    else:
        assert found == (pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected)


CASES = {
    "numbers": (lambda x: x**2 + 1.0, 0, (X[:, 0],)),
    "rows": (wave, 0, (X, Y)),
    "an argument for all": (wave, (0, None), (X, V)),
    "columns": (lambda x, y: x * np.sum(y), (1, 0), (X.T.copy(), Y)),
    "the last axis": (lambda x: x * 2.0, -1, (RNG.normal(size=(2, 3, 4)),)),
    "matrices": (lambda x: x @ x.T, 0, (RNG.normal(size=(4, 2, 3)),)),
    "containers": (lambda pair, x: {"a": pair.weight * x, "n": None, "b": (np.sum(x), pair.offset)},
                   (Pair(0, None), 0), (Pair(X, 2.0), Y)),
    "integers": (lambda n: (n * 2, n > 1), 0, (np.array([1, 2, 3]),)),
    "another length": (lambda x: np.concatenate((x, x * 2.0)), 0, (X,)),
    "no rows": (lambda x: np.sum(x), 0, (np.ones((0, 3)),)),
    "single precision": (lambda x: np.sin(x), 0, (X.astype(np.float32),)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_loop_over_rows(name):
    fun, axes, args = CASES[name]
    found = vmap(fun, in_axes=axes).interpreted(*args)
    each = axes if isinstance(axes, tuple) and not hasattr(axes, "_fields") else (axes,) * len(args)
    count = len(args[0][0]) if isinstance(args[0], tuple) else args[0].shape[each[0]]
    if count == 0:
        assert found.shape == (0,)
        return

    def row(axis, arg, k):
        if isinstance(axis, tuple):
            return Pair(*(row(*pair, k) for pair in zip(axis, arg)))
        return arg if axis is None else np.take(arg, k, axis)

    assert_alike(found, stacked([fun(*(row(*pair, k) for pair in zip(each, args))) for k in range(count)]))


def test_compiled_and_in_place():
    kept = X.copy()
    mapped = vmap(lambda x, y: (wave(x, y), x * y), in_axes=(0, None))
    assert_alike(mapped(X, V), stacked([(wave(x, V), x * V) for x in X]))
    assert np.array_equal(X, kept) and "for i in range" in mapped.source
    assert np.array_equal(vmap(vmap(lambda x: x**2))(X), X**2)


@RUNS
def test_gradients_for_each_example(run):
    g = grad(network)
    found = getattr(vmap(g, in_axes=(None, 0, 0)), run)(PARAMS, X, LABELS)
    assert_alike(found, stacked([g.interpreted(PARAMS, x, label) for x, label in zip(X, LABELS)]))
    both = getattr(vmap(value_and_grad(network, argnums=(0, 1)), in_axes=(None, 0, 0)), run)(PARAMS, X, LABELS)
    assert_alike(both[1][0], found)
    assert_alike(both[0], np.array([network(PARAMS, x, label) for x, label in zip(X, LABELS)]))


def test_the_rows_are_made_where_they_belong():
    mapped = vmap(grad(network), in_axes=(None, 0, 0))
    mapped.interpreted(PARAMS, X, LABELS)
    text = mapped.source
    assert "np.zeros((n" not in text and "_bar[i, k] = " in text  # no zeros to fill and no copies


def test_with_the_other_transformations():
    product, tangent = vmap(hvp(wave), in_axes=(None, 0, 0)), vmap(lambda x, y: jvp(wave, (x, y), (y, x))[1])
    assert_alike(product.interpreted(V, X, Y), stacked([hvp(wave)(V, x, y) for x, y in zip(X, Y)]))
    assert_alike(tangent.interpreted(X, Y), np.array([jvp(wave, (x, y), (y, x))[1] for x, y in zip(X, Y)]))
    nested = vmap(vmap(grad(lambda x, y: np.sin(x) * y**3), in_axes=(0, None)), in_axes=(None, 0))
    assert_alike(nested.interpreted(V, X[:, 0]), np.array([[np.cos(v) * y**3 for v in V] for y in X[:, 0]]))


@RUNS
def test_gradients_of_functions_that_map(run):
    def loss(w, x):
        hidden = vmap(lambda row: np.tanh(w @ row), in_axes=0)(x)
        slopes = vmap(grad(wave), in_axes=(0, None))(x, w[0])
        return np.sum(hidden**2) + np.sum(slopes**3)

    def plain(w, x):
        total = np.sum(np.tanh(x @ w.T) ** 2)
        for k in range(x.shape[0]):
            for i in range(3):
                if w[0, i] > 0.0:
                    slope = np.cos(x[k, i]) * w[0, i] ** 2
                else:
                    slope = -x[k, 0] * w[0, i]
                if i == 0:
                    for j in range(3):
                        if w[0, j] <= 0.0:
                            slope -= x[k, j] * w[0, j]
                total += slope**3
        return total

    found = getattr(grad(loss, argnums=(0, 1)), run)(W, X)
    assert_alike(found, grad(plain, argnums=(0, 1)).interpreted(W, X))


def test_mapped_functions_can_be_differentiated():
    squares = vmap(lambda x, y: x**2 * y, in_axes=(0, None))
    assert_alike(jvp(squares, (V, 2.0), (V, 1.0))[1], 4.0 * V * V + V**2)
    assert_alike(jacobian(squares)(V, 2.0), np.diag(4.0 * V))
    assert_alike(grad(lambda x: np.sum(squares(x, 3.0))).interpreted(V), 6.0 * V)


@pytest.mark.parametrize("args, axes, words", [
    ((X, 2.0), 0, "a number has none"), ((X, Y[:3]), 0, "one length"), ((X,), 2, "out of bounds"),
    ((X,), (None,), "None for all"), ((X,), (0, 0, 0), "3 entries"), (({"a": X},), ({"b": 0},), "structure")])
def test_axes_that_do_not_fit(args, axes, words):
    fun = (lambda x, y: x * np.sum(y)) if len(args) == 2 else (lambda x: x)
    with pytest.raises(ValueError, match=words):
        vmap(fun, in_axes=axes).interpreted(*args)


def test_shapes_that_are_not_known():
    with pytest.raises(adtrans.UnsupportedError, match="known"):
        vmap(lambda x: x[: int(x[0])]).interpreted(X)
    with pytest.raises(adtrans.ArgumentError):
        vmap(3.0)


def test_indices_are_checked_where_the_library_calls():
    """What a Jacobian or Hessian within the language calls is the user's: nothing is known of its indices."""
    def beyond(x):
        return np.array([x[5] * x[0], x[1]])

    for made in (*(vmap(jacobian(beyond, mode=mode)) for mode in ("fwd", "rev", "auto")),
                 vmap(hessian(lambda x: beyond(x)[0])), grad(lambda x: np.sum(jacobian(beyond)(x[0])))):
        for call in (made, made.interpreted):
            with pytest.raises(IndexError, match=r"test_mapped.py:\d+: index out of bounds for axis 0.*5 3"):
                call(np.ones((4, 3)))


def test_jacobians_by_rows_or_columns():
    """Few known results: a gradient for each; else a tangent for each element."""
    def few(x, w):
        return np.array([np.sum(x * w), np.prod(x), np.sin(x[0])])

    def many(x, w):
        return np.outer(x, w) * x[0]

    x, w = np.linspace(0.5, 1.5, 12).reshape(4, 3), np.array([0.3, -1.2, 0.8])
    for fun in (few, many, lambda x, w: np.sum(x * w) ** 2, lambda x, w: np.array([[x[0] * w[0], w[1]]]),
                lambda x, w: x[:0] * w[:0]):
        for argnums in (0, 1, (0, 1)):
            rows = [jacobian(fun, argnums=argnums)(row, w) for row in x]
            for mode in ("auto", "fwd", "rev"):
                mapped = vmap(jacobian(fun, argnums=argnums, mode=mode), in_axes=(0, None))
                for found in (mapped(x, w), mapped.interpreted(x, w)):
                    parts = zip(found, zip(*rows)) if isinstance(argnums, tuple) else [(found, rows)]
                    for part, wanted in parts:
                        np.testing.assert_allclose(part, np.array(wanted), rtol=1e-13, atol=1e-15)
    source = vmap(jacobian(few), in_axes=(0, None))
    source(x, w)
    assert "_dot" not in source.source


def test_jacobians_keep_types():
    x = np.linspace(0.5, 1.5, 6, dtype=np.float32).reshape(2, 3)
    for mode in ("auto", "fwd", "rev"):
        assert vmap(jacobian(lambda x: np.array([x[0] * x[1], x[2]]), mode=mode))(x).dtype == np.float32
        wide = vmap(jacobian(lambda x: np.array([x[0] * x[1], x[2]]) * np.float64(2.0), mode=mode))(x)
        assert wide.dtype == np.float64
        np.testing.assert_allclose(wide[:, 0, 0], 2.0 * x[:, 1], rtol=1e-6)
    with pytest.raises(ValueError, match="mode must be one of"):
        grad(lambda x: np.sum(jacobian(lambda y: y * y, mode="best")(x)))(x[0])


class Weighted:
    def __init__(self, weights):
        self.weights = weights

    def loss(self, x, y):
        return np.sum(self.weights * x * x) * y

    def __call__(self, x):
        return np.sum(self.weights * x)


def scaled(x, scale=2.0):
    return np.sum(x * x) * scale


def test_what_a_method_or_partial_function_has_bound_is_not_mapped():
    own, square = Weighted(W[0]), np.arange(9.0).reshape(3, 3)
    bare = functools.partial(weighted, W[0])
    for mapped, args, wanted in (
            (vmap(own.loss, in_axes=(0, None)), (X, 2.0), [own.loss(x, 2.0) for x in X]),
            (vmap(grad(own.loss), in_axes=(0, None)), (X, 2.0), [4.0 * W[0] * x for x in X]),
            (vmap(grad(own.loss, argnums=1), in_axes=(0, None)), (X, 2.0), [own.loss(x, 1.0) for x in X]),
            (vmap(hvp(own.loss), in_axes=(None, 0, None)), (V, X, 2.0), [4.0 * W[0] * V for _ in X]),
            (vmap(jacobian(own.loss), in_axes=(0, None)), (X, 2.0), [4.0 * W[0] * x for x in X]),
            (vmap(own), (X,), [own(x) for x in X]), (vmap(bare), (square,), [bare(x) for x in square]),
            (vmap(grad(bare)), (square,), [W[0] for _ in square]),
            (vmap(functools.partial(weighted, x=V), in_axes=(0,)), (X,), [weighted(x, V) for x in X])):
        np.testing.assert_allclose(mapped.interpreted(*args), wanted, rtol=1e-13)


def weighted(weights, x):
    return np.sum(weights * x)


def test_defaults_that_are_left_out_are_not_mapped():
    for mapped, wanted in ((vmap(scaled), [scaled(x) for x in X]),
                           (vmap(grad(scaled)), [4.0 * x for x in X])):
        np.testing.assert_allclose(mapped.interpreted(X), wanted, rtol=1e-13)
    scales = np.arange(4.0)
    np.testing.assert_allclose(vmap(scaled).interpreted(X, scales), [scaled(x, s) for x, s in zip(X, scales)])
    np.testing.assert_allclose(vmap(scaled, in_axes=(0, None)).interpreted(X, 3.0), [scaled(x, 3.0) for x in X])
    value, slope = value_and_grad(lambda x: np.sum(vmap(scaled)(x))).interpreted(X)
    assert value == pytest.approx(sum(scaled(x) for x in X)) and np.allclose(slope, 4.0 * X)


def cubes(a, b):
    return np.sum(a**3 * b)


def test_keywords_in_another_order_than_the_parameters():
    """`argnums` and `in_axes` count parameters, whichever order a call within the language gives them in."""
    for fun, wanted in ((lambda x, w: np.sum(grad(cubes)(b=w, a=x)), 3.0 * V**2 * X[0]),
                        (lambda x, w: np.sum(jacobian(cubes)(b=w, a=x)), 3.0 * V**2 * X[0]),
                        (lambda x, w: np.sum(hvp(cubes)(x, b=w, a=x)), 6.0 * V**2 * X[0])):
        value = value_and_grad(fun).interpreted(V, X[0])[0]
        assert value == pytest.approx(np.sum(wanted), rel=1e-13)
    value = value_and_grad(lambda x, w: np.sum(vmap(cubes, in_axes=(0, None))(b=w, a=x))).interpreted(X, V)[0]
    assert value == pytest.approx(np.sum(X**3 * V), rel=1e-13)
    for mode in ("fwd", "rev", "auto"):
        assert value_and_grad(lambda x, w, mode=mode: np.sum(jacobian(lambda x, *rest: x * rest[0] * len(rest), mode=mode)(
            x, w, w))).interpreted(V, X[0])[0] == pytest.approx(2.0 * np.sum(X[0]))


def test_jacobians_leave_arguments_as_they_are():
    def overwriting(x):
        y = x
        y[0] = y[1] * y[2]
        return y * y[0]

    wanted = [[duals.gradient(lambda x, k=k: overwriting(x)[k], (x,))[1] for k in range(3)] for x in X]
    for mode in ("auto", "fwd", "rev"):
        np.testing.assert_allclose(vmap(jacobian(overwriting, mode=mode)).interpreted(X), wanted, rtol=1e-12)
        total = value_and_grad(lambda x, mode=mode: np.sum(jacobian(overwriting, mode=mode)(x)) + np.sum(x))
        assert total.interpreted(X[0])[0] == pytest.approx(np.sum(wanted[0]) + np.sum(X[0]), rel=1e-12)


def test_jacobians_of_functions_with_a_reverse_rule_alone():
    cube = adtrans.custom_vjp(lambda x: x**3)
    cube.defvjp(lambda x: (x**3, x), lambda x, bar: (bar * 3.0 * x * x,))
    wanted = [np.diag(3.0 * x * x) for x in X]
    np.testing.assert_allclose(vmap(jacobian(lambda x: cube(x))).interpreted(X), wanted, rtol=1e-13)
    single = jacobian(lambda x: cube(x))
    np.testing.assert_allclose(single(X[0]), wanted[0], rtol=1e-13)
    assert single.passes == {"reverse": 3}
    with pytest.raises(UnsupportedError, match="no forward rule"):
        jacobian(lambda x: cube(x), mode="fwd")(X[0])


def test_calls_inside_compiled_code():
    """Numba calls what transformations have made; defaults that are left out are not mapped there either."""
    rows, product = vmap(scaled), hvp(scaled)
    matrix, second = jacobian(lambda x: x * x[0]), hessian(scaled)
    each = vmap(grad(scaled, argnums=(0, 1)), in_axes=(0, None))

    @numba.njit
    def called(x, v):
        return rows(x), product(v, x[0], scale=3.0), matrix(x[1]), second(x[0]), each(x, 2.0)

    found = called(X, V)
    wanted = rows(X), product(V, X[0], scale=3.0), matrix(X[1]), second(X[0]), each(X, 2.0)
    for one, other in zip((*found[:4], *found[4]), (*wanted[:4], *wanted[4]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    with pytest.raises(numba.TypingError):
        numba.njit(lambda x: product(x))(X[0])
