"""Making, shaping, joining and multiplying arrays: NumPy's values, the oracle's gradients."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import agree, agree_on, function, interpreted

CREATION = [
    "np.zeros(3) + s", "np.zeros((2, 3)) + x[:3]", "np.ones((n, 2)) * s", "np.full((2, 2), s)", "np.full(3, t) * x[:3]",
    "np.full((2, 3), x[:3])", "np.arange(5) * x", "np.arange(1, 5) * s", "np.arange(4, 0, -1) * s",
    "np.arange(0, n + 3) * x", "np.arange(0.5, 3.0) * s", "np.arange(0.0, 1.0, 0.3) * s", "np.linspace(0.0, s, 4)",
    "np.linspace(s, t, 5) * x", "np.linspace(0.0, 1.0, 4, endpoint=False) * s", "np.eye(3) * q", "np.eye(2, 3) * x[:3]",
    "np.eye(3, k=1) * q", "np.identity(3) * q", "np.zeros_like(a) + s", "np.ones_like(x) * x", "np.full_like(x, s)",
    "np.empty_like(x) * 0.0 + x if n > 5 else x", "np.array([s, t, x[1]])", "np.array([[s, t], [t, s * t]])",
    "np.array((s, 2.0)) * 3", "np.array([x, y])", "np.array(x) * 2.0", "np.asarray(x) * s", "np.asarray([s, 1])",
    "np.array([1, 2, 3]) * s", "np.array(z) * 2.0", "np.copy(x) * y", "x.copy()", "np.zeros(len(x)) + x",
    "np.zeros(a.shape) + a", "np.asarray(flags) * x",
]  # fmt: skip
SHAPING = [
    "a.reshape(4, 3)", "a.reshape((2, 6))", "np.reshape(a, (6, 2))", "a.reshape(-1)", "a.reshape(2, -1)", "a.T.reshape(-1)",
    "np.reshape(x, (5, 1))", "c.reshape(-1, 4)", "np.ravel(a)", "a.ravel()", "a.T.ravel()", "a.flatten()", "np.transpose(a)",
    "a.T", "a.transpose()", "np.transpose(c, (2, 0, 1))", "c.transpose(1, 0, 2)", "c.transpose((1, 2, 0))", "c.T",
    "np.swapaxes(c, 0, 2)", "np.expand_dims(x, 0)", "np.expand_dims(x, -1) * y", "np.squeeze(x[None], axis=0)",
    "np.broadcast_to(x, (2, 5))", "np.broadcast_to(x[:, None], (5, 3))", "np.concatenate((x, y))",
    "np.concatenate([a, a * 2.0], axis=1)", "np.concatenate((a, q[:, :1]), axis=1)", "np.concatenate((a, a[:1]))",
    "np.stack((x, y))", "np.stack([x, y], axis=1)", "np.stack((a, a), axis=-1)",
    "x.astype(np.float64) * s", "x.astype(float)", "a[:, ::-1].T[1:]", "np.flip(x)",
]  # fmt: skip
SIZES = [
    "s * len(x)", "s * a.shape[1] + len(a)", "s * np.shape(a)[0]", "s * a.size * x.size", "s * np.size(a)", "s * a.ndim",
    "s * np.ndim(c)", "s * np.size(a, 1)", "s * len(x[1:-1])", "s * len(x[::-2])", "s * c[0].shape[1]",
]  # fmt: skip
PRODUCTS = [
    "a @ x[:4]", "x[:3] @ a", "a @ a.T", "x @ y", "c @ x[:4]", "q @ c", "c @ a.T", "np.matmul(q, a)", "np.dot(x, y)", "np.dot(a, x[:4])",
    "np.dot(x[:3], a)", "np.dot(q, a)", "np.dot(s, x)", "np.dot(x, s)", "x.dot(y)", "q.dot(a)", "np.vdot(x, y)", "np.vdot(a, a)",
    "np.inner(x, y)", "np.outer(x, y)", "np.outer(a, x[:2])", "np.trace(q)", "q @ q @ q", "(q * 2.0) @ (q + s)", "x[::-1] @ y[::1]",
    "e.T @ e",
]  # fmt: skip
GATHERS = ["x[idx]", "x[idx] * x[idx]", "a[idx[:2], 1]", "a[[0, 2]]", "a[:, [0, 3, 3]]", "x[np.array([1, 1, 4])]", "c[idx[1:2]]",
           "a[[0, 1], [2, 3]]"]  # fmt: skip


@pytest.mark.parametrize("expression", CREATION + SHAPING + SIZES + PRODUCTS + GATHERS)
def test_arrays(expression):
    agree_on(expression)


@pytest.mark.parametrize("body", [
    "x.fill(s)", "x[:] = s", "x[1:].fill(s * t)", "x[0] = a.item(3)", "x[1] = z.item()", "x[2] = z", "a[1] = x[:4]",
    "a[:, 1] = s", "a[0] = a[1]", "x[...] = y", "a.T[1] = x[:3]", "x *= y", "a /= x[:4] + 2.0", "a -= a[0]", "x **= 2", "x[:] += x",
    "x %= 0.3", "a[1:] *= a[:-1]", "x[::2] = x[::-2]", "x[1:], x[0] = x[:-1] * s, t", "np.add(x, y, out=x)",
])  # fmt: skip
def test_writing(body):
    agree_on("np.concatenate((x, np.ravel(a), np.array([s, t, z]), y))", body=body)


def test_a_cast_to_integers_has_no_derivative_and_one_to_floats_has():
    agree_on("(x * 3.0).astype(np.int64) * s + x.astype(np.float64)")


def test_contents_of_empty_and_0d_arrays():
    agree_on("np.sum(e) + np.sum(e @ q) + z * z + z.sum() + np.max(z)")


@pytest.mark.parametrize("expression", ["np.zeros((2, -1))", "np.reshape(x, (2, 3))", "x.reshape(-1, 2)", "np.concatenate((x, a))",
                                        "a @ x", "np.stack((x, y[:3]))", "np.dot(a, q)", "np.transpose(a, (0, 0))"])  # fmt: skip
def test_shapes_that_do_not_fit_are_value_errors(expression):
    fun = function(f"def f(x, y, a, q):\n    return np.sum({expression}) + x[0]\n")
    with pytest.raises(ValueError):
        interpreted(fun, np.ones(5), np.ones(5), np.ones((3, 4)), np.ones((3, 3)))


def test_float32_arrays_keep_their_type_through_everything():
    def f(x, s):
        y = np.concatenate((x, x[::-1] * s)).reshape(2, -1)
        z = y.T @ np.full((2, 2), 0.5, dtype=np.float32) + np.linspace(0.0, 1.0, 3).astype(np.float32)[:, None]
        return np.sum(z * np.ones_like(z)) + np.mean(np.stack((x, x)))

    x = np.array([0.5, -1.0, 2.0], dtype=np.float32)
    value, (x_bar, s_bar) = interpreted(f, x, np.float32(0.5), argnums=(0, 1))
    assert type(value) is np.float32 and x_bar.dtype == np.float32 and type(s_bar) is np.float32
    assert value == pytest.approx(float(f(x, np.float32(0.5))), rel=1e-6)


def test_a_reshaped_fortran_array_is_a_copy_that_can_be_read():
    def f(a):
        b = a.reshape(-1)
        b[1] = b[0] * 2.0
        return np.sum(a * a) + b[1]

    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert interpreted(f, a)[0] == f(a.copy())
    with pytest.raises(adtrans.UnsupportedError, match="reshaped from a part"):
        interpreted(f, np.asfortranarray(a))
    assert interpreted(lambda a: a.reshape(-1)[1] * a.ravel()[2], np.asfortranarray(a))[0] == 6.0


def test_the_same_function_many_times():
    agree(function("def f(x):\n    for _ in range(3):\n        x = np.concatenate((x[1:], x[:1] * 2.0))\n    return x[0] * x[-1]\n"))


def test_an_array_of_another_length_each_iteration():
    def joined(m):
        for i in range(3):
            v = np.concatenate([m[0:i], m[3:4]])
        return np.sum(v * v)

    assert interpreted(joined, np.arange(1.0, 6.0))[0] == 1.0 + 4.0 + 16.0

    def growing(x):
        for n in range(1, 4):
            v = np.full(n, x)
        return np.sum(v * v)

    assert interpreted(growing, 2.0)[0] == 12.0
