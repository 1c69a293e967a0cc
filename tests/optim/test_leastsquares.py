"""`least_squares` against certified parameters, linear algebra and optimality conditions."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans.optim import least_squares

RNG = np.random.default_rng(11)
DATA = Path(__file__).parent / "data"


def misra1a(b, x, y):
    return y - b[0] * (1.0 - np.exp(-b[1] * x))


def mgh09(b, x, y):
    return y - b[0] * (x ** 2 + x * b[1]) / (x ** 2 + x * b[2] + b[3])


def eckerle4(b, x, y):
    return y - b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2)


@pytest.mark.parametrize("model", [misra1a, mgh09, eckerle4], ids=lambda model: model.__name__)
@pytest.mark.parametrize("start", [0, 1])
def test_certified_parameters(model, start):
    (path,) = (path for path in DATA.glob("*.dat") if path.stem.lower() == model.__name__)
    lines = path.read_text().splitlines()
    table = np.array([line.split("=")[1].split()[:3] for line in lines[40:50] if "=" in line], float)
    (certified,) = (float(line.split(":")[1]) for line in lines if line.startswith("Residual Sum of Squares"))
    y, x = np.array([line.split() for line in lines[60:] if line.strip()], float).T
    found = least_squares(model, table[:, start], (x, y))
    assert found.success and np.allclose(found.x, table[:, 2], rtol=1e-6, atol=0.0)
    assert np.isclose(2.0 * found.cost, certified, rtol=1e-9)
    assert np.allclose(found.fun, model(found.x, x, y), rtol=1e-12, atol=1e-12 * np.max(np.abs(y)))
    assert np.allclose(found.jac, adtrans.jacobian(model)(found.x, x, y), rtol=1e-12)


def linear(x, matrix, y):
    return matrix @ x - y


@pytest.mark.parametrize("method", ["lm", "gn"])
def test_a_linear_problem_by_normal_equations(method):
    matrix, y = RNG.normal(size=(12, 3)), RNG.normal(size=12)
    found = least_squares(linear, np.zeros(3), (matrix, y), method)
    assert found.success and np.allclose(found.x, np.linalg.solve(matrix.T @ matrix, matrix.T @ y), rtol=1e-12)


@pytest.mark.parametrize("method", ["lm", "gn"])
def test_fewer_residuals_than_parameters(method):
    matrix, y = RNG.normal(size=(2, 4)), RNG.normal(size=2)
    found = least_squares(linear, np.zeros(4), (matrix, y), method)
    assert found.success and found.cost < 1e-24 and np.allclose(matrix @ found.x, y)


def decay(p, t, y):
    return y - p[0] * np.exp(-p[1] * t)


TIMES = np.linspace(0.0, 3.0, 20)
VALUES = 2.5 * np.exp(-1.3 * TIMES) + 0.01 * np.sin(40.0 * TIMES)


@pytest.mark.parametrize("method", ["lm", "gn"])
@pytest.mark.parametrize("bounds", [([0.0, 1.5], [5.0, 2.0]), ([2.6, 0.0], [np.inf, 1.1]), (-np.inf, np.inf),
                                    ([2.0, 1.2], [3.0, 1.2])])
def test_bounds_by_their_optimality_conditions(method, bounds):
    found = least_squares(decay, np.array([1.0, 1.0]), (TIMES, VALUES), method, bounds=bounds)
    low, high = (np.broadcast_to(side, 2) for side in bounds)
    slope, x = found.jac.T @ found.fun, found.x
    assert found.success and np.all(x >= low) and np.all(x <= high)
    assert np.all(np.abs(slope[(x > low) & (x < high)]) < 1e-8)
    assert np.all(slope[(x == low) & (low < high)] > -1e-8) and np.all(slope[(x == high) & (low < high)] < 1e-8)


class Curve(NamedTuple):
    height: float
    rate: float


def by_name(p, t, y):
    return [y - p.height * np.exp(-p.rate * t), p.height - 2.5]


def test_containers_of_parameters_and_residuals():
    found = least_squares(by_name, Curve(1.0, 1.0), (TIMES, VALUES))
    assert isinstance(found.x, Curve) and found.fun.shape == (21,) and found.jac.shape == (21, 2)
    assert np.allclose(found.fun[:20], VALUES - found.x.height * np.exp(-found.x.rate * TIMES), atol=1e-14)
    assert np.allclose(found.jac.T @ found.fun, 0.0, atol=1e-9)
    both = least_squares(lambda x: np.outer(x, x) - np.eye(2), np.array([1.0, 0.5]))
    assert both.fun.shape == (4,) and np.isclose(both.x @ both.x, 1.0)
    assert np.isclose(least_squares(lambda x: x * x - 2.0, 1.0).x, np.sqrt(2.0), rtol=1e-15)


def test_singular_columns():
    # The second parameter has no influence: it stays, and the first is found.
    found = least_squares(lambda p, t: p[0] * t - 3.0 * t + 0.0 * p[1], np.array([1.0, 7.0]), (TIMES,))
    assert found.success and np.isclose(found.x[0], 3.0) and found.x[1] == 7.0


def logarithm(p):
    return np.stack([np.log(p[0]) + 2.0, p[1] - 1.0])


def test_steps_into_nan_are_shortened():
    found = least_squares(logarithm, np.array([5.0, 0.0]))
    assert found.success and np.isclose(found.x[0], np.exp(-2.0))


def test_reports_of_failure():
    assert least_squares(logarithm, np.array([-1.0, 0.0])).status == 3
    short = least_squares(decay, np.array([1.0, 1.0]), (TIMES, VALUES), max_steps=2)
    assert short.status == 1 and not short.success and short.nit == 2
    assert least_squares(decay, np.array([1.0, 1.0]), (TIMES, VALUES), max_steps=0).nit == 0


@pytest.mark.parametrize("method", ["lm", "gn"])
@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_squares_beyond_the_range_of_floats(method, unit):
    found = least_squares(lambda x, u: u * (x ** 3 - np.array([1.0, 8.0])), np.array([0.5, 3.0]), unit, method)
    assert found.success and np.allclose(found.x, [1.0, 2.0], rtol=1e-12)


def test_a_steep_start():
    # exp(500) - 1: far beyond where squares are finite; every step takes about one from the exponent.
    found = least_squares(lambda x: np.exp(100.0 * x) - 1.0, np.array([5.0]))
    assert found.success and abs(found.x[0]) < 1e-12 and found.cost < 1e-20


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match="'trf'"):
        least_squares(decay, np.ones(2), (TIMES, VALUES), "trf")
    with pytest.raises(ValueError, match="bounds"):
        least_squares(decay, np.ones(2), (TIMES, VALUES), bounds=([0.0] * 3, [1.0] * 3))
    with pytest.raises(ValueError, match="ftol"):
        least_squares(decay, np.ones(2), (TIMES, VALUES), ftol=-1.0)
    with pytest.raises(ValueError, match="broadcast"):
        least_squares(decay, np.ones(2), (TIMES, VALUES[:7]))
    with pytest.raises(adtrans.AdtransError, match="floating-point"):
        least_squares(lambda x: "text", np.ones(2))


def shrinking(p):
    return p[:2] if p[0] > 0.5 else p[:1]


def test_the_number_of_residuals_must_not_change():
    with pytest.raises((ValueError, adtrans.AdtransError)):
        least_squares(shrinking, np.array([1.0, 1.0]))
