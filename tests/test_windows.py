"""Neighbouring elements kept as one row: what is kept, and that gradients are right whatever the extents."""

import numpy as np
import pytest

import adtrans
from adtrans import differentiate


def upwind(u, steps, rate):
    u, v = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            v[i] = u[i] - rate * u[i] * (u[i] - u[i - 1]) + 0.1 * u[i + 1]
        u, v = v, u
    return np.sum(u * u)


def downwards(u, steps, rate):
    u, v = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(len(u) - 3, 1, -1):
            v[i] = u[i] - rate * u[i + 2] * u[i - 2] * (u[i] - u[i + 1])
        u, v = v, u
    return np.sum(u * u)


def two_arrays(u, steps, rate):
    u, w, v = u.copy(), 0.5 * u, u.copy()
    for _ in range(steps):
        for i in range(2, len(u) - 1):
            v[i] = (u[i] - u[i - 2]) * (w[i + 1] - w[i]) + rate * (u[i] + w[i]) * (u[i - 1] - w[i]) * u[i]
        u, w, v = w, v, u
    return np.sum(u * w)


def rows(u, steps, rate):
    a = np.outer(u, u[::-1])
    b = a.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            for j in range(1, len(u) - 2):
                b[i, j] = a[i, j] - rate * a[i, j] * (a[i, j] - a[i, j - 1]) * (a[i, j + 2] - a[i, j])
        a, b = b, a
    return np.sum(a * b)


PROGRAMS = (upwind, downwards, two_arrays, rows)


@pytest.mark.parametrize("fun", PROGRAMS, ids=lambda fun: fun.__name__)
@pytest.mark.parametrize("extent", [3, 4, 5, 6, 7, 12])
def test_gradients(fun, extent):
    u = np.linspace(0.4, 1.1, extent) + 0.1 * np.cos(np.arange(extent))
    gradient = adtrans.grad(fun, cache=False)
    for steps in (0, 1, 3):
        expected = [fun(u + step, steps, 0.3).imag / 1e-30 for step in np.eye(extent) * 1e-30j]
        for call in (gradient, gradient.interpreted):
            assert np.allclose(call(u, steps, 0.3), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("fun, tapes", [(upwind, 1), (downwards, 1), (two_arrays, 2), (rows, 1)])
def test_a_row_for_each_array(fun, tapes, monkeypatch):
    args = np.linspace(0.4, 1.1, 40), 3, 0.3

    def kept():
        gradient = adtrans.grad(fun, cache=False)
        source = gradient.inspect_source(*args)
        return sum(f"    tape{end} = np.empty(" in source for end in ("", "_1", "_2", "_3", "_4")), gradient, \
            gradient.memory(*args)["total"]

    found, gradient, bytes_ = kept()
    assert found == tapes
    monkeypatch.setattr(differentiate, "windows", lambda storage, kept: ([], frozenset()))
    plainly, other, more = kept()
    assert plainly > tapes
    assert bytes_ < 0.7 * more
    assert np.allclose(gradient(*args), other(*args), rtol=1e-12)


def test_what_the_loop_writes_is_not_read_before_it():
    def fun(x, steps):
        u = x.copy()
        for _ in range(steps):
            for i in range(1, len(u) - 1):
                u[i + 1] = u[i] * (u[i] - u[i - 1]) + 0.5 * u[i + 1] * (u[i] + u[i + 1])
        return np.sum(u * u)

    x = np.linspace(0.3, 0.8, 12)
    expected = [fun(x + step, 3).imag / 1e-30 for step in np.eye(12) * 1e-30j]
    assert np.allclose(adtrans.grad(fun, cache=False).interpreted(x, 3), expected, rtol=1e-11)
