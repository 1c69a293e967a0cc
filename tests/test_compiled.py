"""Compiled gradients: inside Numba, on long loops, with trip counts of every kind."""

import numba
import numpy as np
import pytest

import adtrans
from tests import duals


def energy(x, rate):
    total = 0.0
    for i in range(len(x)):
        total += rate * x[i] * x[i]
    return total


def relaxed(u, rate, n):
    for k in range(n):
        for i in range(1, len(u) - 1):
            u[i] = (1.0 - rate) * u[i] + 0.5 * rate * (u[i - 1] + u[i + 1])
    return np.sum(u * u)


gradient = adtrans.grad(energy)
both = adtrans.value_and_grad(energy, argnums=(0, 1))
relaxation = adtrans.value_and_grad(relaxed)


# --- inside Numba ----------------------------------------------------------------------------------------


def test_a_gradient_is_called_in_compiled_code():
    @numba.njit
    def descend(x, rate, steps):
        for _ in range(steps):
            x = x - 0.1 * gradient(x, rate)
        return x

    assert np.allclose(descend(np.ones(3), 0.5, 10), 0.9**10, rtol=1e-14)


def test_value_and_gradient_with_two_signatures_in_one_program():
    @numba.njit
    def measured(x, y):
        value, (x_bar, rate_bar) = both(x, 0.5)
        small, (y_bar, small_rate_bar) = both(y, np.float32(0.5))
        return value, x_bar, rate_bar, small, y_bar, small_rate_bar

    value, x_bar, rate_bar, small, y_bar, small_rate_bar = measured(np.arange(3.0), np.ones(2, np.float32))
    assert (value, rate_bar) == (2.5, 5.0) and x_bar.tolist() == [0.0, 1.0, 2.0]
    assert (small, small_rate_bar) == (1.0, 2.0) and y_bar.tolist() == [1.0, 1.0]
    assert x_bar.dtype == np.float64 and y_bar.dtype == np.float32


@adtrans.grad
def damped(x, rate=2.0, power=2):
    return rate * x**power


def test_keywords_in_compiled_code():
    @numba.njit
    def slopes(x):
        return damped(x, 3.0, 2), damped(power=3, x=x, rate=2.0)

    assert slopes(2.0) == (12.0, 24.0)


def test_defaults_in_compiled_code():
    @numba.njit
    def slopes(x):
        return damped(x), damped(x, power=3)

    assert slopes(2.0) == (8.0, 24.0)


def test_a_gradient_within_a_parallel_loop():
    @numba.njit(parallel=True)
    def rows(a):
        out = np.empty_like(a)
        for i in numba.prange(len(a)):
            out[i] = gradient(a[i], 0.5)
        return out

    a = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(rows(a), a)


def test_arguments_are_unchanged_in_compiled_code():
    @numba.njit
    def measured(u):
        return relaxation(u, 0.5, 3)

    u = np.linspace(0.0, 1.0, 6) ** 2
    before = u.copy()
    value, u_bar = measured(u)
    assert np.array_equal(u, before)
    wanted, wanted_bar = duals.gradient(relaxed, (u, 0.5, 3))
    assert value == pytest.approx(wanted, rel=1e-13) and np.allclose(u_bar, wanted_bar, rtol=1e-12)


def coupled(a, b):
    a[0] = 5.0 * b[1]
    return b[0] * b[1]


coupling = adtrans.value_and_grad(coupled, argnums=(0, 1))


def test_arguments_that_overlap_in_compiled_code_are_right_or_refused():
    @numba.njit
    def measured(a, b):
        return coupling(a, b)

    x = np.array([1.0, 2.0, 3.0])
    value, (a_bar, b_bar) = measured(x, x.copy())
    assert (value, a_bar.tolist(), b_bar.tolist()) == (2.0, [0.0] * 3, [2.0, 1.0, 0.0])
    try:
        value, (a_bar, b_bar) = measured(x, x)
    except ValueError:
        return
    assert (value, a_bar.tolist(), b_bar.tolist()) == (20.0, [0.0, 20.0, 0.0], [0.0, 20.0, 0.0])


def choosing(inner, memory, kind="sum", scale=None):
    if kind == "sum":
        return inner[()] * np.sum(memory) * (1.0 if scale is None else scale)
    return inner[()] ** 2 * memory[0]


choice = adtrans.grad(choosing, argnums=(0, 1))


def test_strings_none_and_arrays_of_no_axes_in_compiled_code():
    @numba.njit
    def slopes(a, x):
        return choice(a, x), choice(a, x, "square"), choice(a, x, scale=2.0), choice(a, x, "sum", None)

    a, x = np.array(3.0), np.array([1.0, 2.0])
    found = [(float(a_bar), x_bar.tolist()) for a_bar, x_bar in slopes(a, x)]
    assert found == [(3.0, [3.0, 3.0]), (6.0, [9.0, 0.0]), (6.0, [6.0, 6.0]), (3.0, [3.0, 3.0])]
    with pytest.raises(ValueError, match="'inner' and 'memory' overlap in memory"):
        slopes(x[0:1].reshape(()), x)
    beside = x.reshape(2, 1)
    slopes(beside[0].reshape(()), beside[1])


def test_an_argument_of_integers_is_a_typing_error():
    @numba.njit
    def wrong(n):
        return gradient(n, 0.5)

    with pytest.raises(numba.core.errors.TypingError, match="no floating-point values"):
        wrong(np.arange(3))


# --- long loops ------------------------------------------------------------------------------------------


def swept(x, c):
    n = len(x)
    for i in range(1, n):
        x[i] = 0.5 * x[i] + 0.3 * x[i - 1] * np.cos(c * x[i - 1])
    total = 0.0
    for i in range(n):
        total += x[i] * x[i]
    return total


def test_an_in_place_sweep_of_16000_points():
    n = 16_000
    x, c = np.sin(np.arange(n) * 0.01), 0.7
    value, (x_bar, c_bar) = adtrans.value_and_grad(swept, argnums=(0, 1))(x, c)
    # The adjoint of the recurrence by hand: y are the new values, y_bar runs backwards.
    y = x.copy()
    for i in range(1, n):
        y[i] = 0.5 * x[i] + 0.3 * y[i - 1] * np.cos(c * y[i - 1])
    y_bar = 2.0 * y
    wanted, wanted_c = np.empty(n), 0.0
    for i in range(n - 1, 0, -1):
        wanted[i] = 0.5 * y_bar[i]
        before = y[i - 1]
        y_bar[i - 1] += y_bar[i] * 0.3 * (np.cos(c * before) - c * before * np.sin(c * before))
        wanted_c -= y_bar[i] * 0.3 * before * before * np.sin(c * before)
    wanted[0] = y_bar[0]
    assert value == pytest.approx(np.sum(y * y), rel=1e-12)
    assert np.allclose(x_bar, wanted, rtol=1e-11, atol=1e-13)
    assert c_bar == pytest.approx(wanted_c, rel=1e-10)


def root(a, b):
    x = 1.0
    step = 1.0
    while abs(step) > 1e-13:
        step = (x * x * x + a * x - b) / (3.0 * x * x + a)
        x -= step
    return x


def test_newtons_method_in_a_while_loop():
    x, (a_bar, b_bar) = adtrans.value_and_grad(root, argnums=(0, 1))(2.0, 5.0)
    assert x**3 + 2.0 * x == pytest.approx(5.0, rel=1e-14)
    assert b_bar == pytest.approx(1.0 / (3.0 * x * x + 2.0), rel=1e-12)
    assert a_bar == pytest.approx(-x / (3.0 * x * x + 2.0), rel=1e-12)


def heated(u, rate, steps):
    new = np.empty_like(u)
    for _ in range(steps):
        for i in range(len(u)):
            new[i] = u[i] + rate * (u[i - 1] - 2.0 * u[i] + u[(i + 1) % len(u)]) - 0.01 * u[i] ** 3
        u, new = new, u
    return np.sum(u * np.arange(len(u)))


def test_an_explicit_time_loop_of_200_steps():
    u = np.cos(np.arange(24.0)) ** 2
    g = adtrans.value_and_grad(heated, argnums=(0, 1))
    value, (u_bar, rate_bar) = g(u, 0.2, 200)
    wanted, (wanted_bar, wanted_rate) = duals.gradient(heated, (u, 0.2, 200), (0, 1))
    assert value == pytest.approx(wanted, rel=1e-12)
    assert np.allclose(u_bar, wanted_bar, rtol=1e-10) and rate_bar == pytest.approx(wanted_rate, rel=1e-10)
    again = g.interpreted(u, 0.2, 200)
    assert np.allclose(again[1][0], u_bar, rtol=1e-11)


def test_one_compilation_serves_every_trip_count():
    before = len(relaxation.signatures)
    u = np.linspace(0.0, 1.0, 5) ** 2
    for n in (0, 1, 2, 10, 1000):
        value, u_bar = relaxation(u, 0.5, n)
        wanted, wanted_bar = duals.gradient(relaxed, (u, 0.5, min(n, 10)))
        if n <= 10:
            assert value == pytest.approx(wanted, rel=1e-12) and np.allclose(u_bar, wanted_bar, rtol=1e-11)
    assert len(relaxation.signatures) <= before + 1


# --- trip counts -----------------------------------------------------------------------------------------


def walked(x, start, stop, step):
    total = 1.0
    for i in range(start, stop, step):
        total = total * 0.5 + x[i] * total
    return total + x[0]


@pytest.mark.parametrize("bounds", [(0, 5, 1), (0, 0, 1), (3, 1, 1), (-2, -5, 1), (1, 5, 2), (0, 5, 2), (0, 5, 7), (4, -1, -1),
                                    (4, 0, -2), (3, -1, -2), (0, 4, -1), (2, 2, -3), (-1, -6, -2), (-5, 0, 3)], ids=str)  # fmt: skip
def test_ranges_of_every_kind(bounds):
    x = np.array([0.7, 1.3, -0.4, 0.9, 0.25])
    value, x_bar = adtrans.value_and_grad(walked)(x, *bounds)
    wanted, wanted_bar = duals.gradient(walked, (x, *bounds))
    assert value == pytest.approx(wanted, rel=1e-14) and np.allclose(x_bar, wanted_bar, rtol=1e-13, atol=1e-15)


def test_an_empty_array():
    for g in (adtrans.value_and_grad(energy), both):
        value = g(np.zeros(0), 0.5)[0]
        assert value == 0.0
    assert gradient(np.zeros(0), 0.5).shape == (0,)


# --- errors ----------------------------------------------------------------------------------------------


def test_an_index_out_of_range_is_an_error_in_compiled_code():
    g = adtrans.grad(lambda x, n: x[n] * x[0])
    assert g(np.ones(3), 2).tolist() == [1.0, 0.0, 1.0]
    for n in (3, -4):
        with pytest.raises(IndexError, match="out of bounds for axis 0"):
            g(np.ones(3), n)


def test_an_index_out_of_range_that_is_not_reached_is_no_error():
    def guarded(x):
        for i in range(2):
            if x[0] > 0.5:
                x[0] = x[1] * x[0]
        return x[0] * x[0]

    g = adtrans.grad(guarded, boundscheck=False)
    assert g(np.array([0.25])).tolist() == [0.5]  # arrays of one element are told from others
    with pytest.raises(IndexError, match="out of bounds for axis 0"):
        g(np.array([0.75]))


def test_shapes_that_do_not_fit_are_errors_in_compiled_code():
    g = adtrans.grad(lambda x, y: np.sum(x * y))
    with pytest.raises(ValueError, match="could not be broadcast"):
        g(np.ones(3), np.ones(4))


def test_nan_and_infinity_stay_visible():
    g = adtrans.value_and_grad(lambda x: np.log(x[0]) + x[1] / x[2])
    with np.errstate(all="ignore"):
        value, x_bar = g(np.array([-1.0, 1.0, 2.0]))
        assert np.isnan(value) and x_bar[1] == 0.5
        value, x_bar = g(np.array([1.0, 1.0, 0.0]))
    assert value == np.inf and x_bar[1] == np.inf and x_bar[2] == -np.inf


def test_statements_after_an_error_that_is_certain_in_a_branch():
    def fun(x, n, m):
        u = np.zeros((2, 3))
        u[0, 0] = x
        if n > 3:
            u = u + np.zeros((m, 1))
            t = x + u[m, 1]
            while t > 0.5:
                t = t * np.sin(t)
            return t * x
        return np.sum(u * u)

    gradient = adtrans.value_and_grad(fun)
    for run in (gradient, gradient.interpreted):
        assert run(2.0, 1, 3) == (4.0, 4.0)
        with pytest.raises(IndexError, match="out of bounds"):
            run(2.0, 5, 2)
    assert "if 0 == 0:" in gradient.source
