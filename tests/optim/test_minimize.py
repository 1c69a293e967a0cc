"""`minimize` against solutions known in closed form, optimality conditions, and its own promises."""

from typing import NamedTuple

import numpy as np
import pytest
import scipy.optimize

import adtrans
from adtrans.optim import least_squares, minimize
from adtrans.optim.methods import METHODS

RNG = np.random.default_rng(5)
ROOT = RNG.normal(size=(4, 4))
MATRIX = ROOT @ ROOT.T + 0.5 * np.eye(4)
TARGET = RNG.normal(size=4)
SAMPLED = ("natural", "natural-diagonal")
SMOOTH = [name for name in METHODS if name not in SAMPLED]


def quadratic(x, matrix, target):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[0]):
            total += 0.5 * (x[i] - target[i]) * matrix[i, j] * (x[j] - target[j])
    return total


def rosenbrock(x):
    total = 0.0
    for i in range(x.shape[0] - 1):
        total += 100.0 * (x[i + 1] - x[i] * x[i]) ** 2 + (1.0 - x[i]) ** 2
    return total


@pytest.mark.parametrize("method", SMOOTH)
def test_a_quadratic_is_solved(method):
    found = minimize(quadratic, np.zeros(4), (MATRIX, TARGET), method, gtol=1e-9, ftol=0.0)
    assert found.success and found.status == 0
    assert np.allclose(found.x, TARGET, atol=1e-8)
    assert np.allclose(found.jac, MATRIX @ (found.x - TARGET), atol=1e-12)
    assert found.nfev == found.njev >= found.nit > 0


@pytest.mark.parametrize("method", ["cg", "bfgs", "lbfgs", "newton", "newton-cg", "trust-ncg", "trust-exact"])
def test_rosenbrock(method):
    start = np.array([-1.2, 1.0, -1.2, 1.0])
    before = start.copy()
    found = minimize(rosenbrock, start, method=method, gtol=1e-8, ftol=0.0)
    assert found.success and np.allclose(found.x, 1.0, atol=1e-6) and found.nfev < 200
    assert np.array_equal(start, before)


@pytest.mark.parametrize("method", ["newton", "trust-exact", "trust-ncg", "newton-cg"])
def test_newton_methods_leave_a_saddle(method):
    def saddle(x):
        return x[0] ** 2 - 2.0 * x[1] ** 2 + x[1] ** 4 + 0.1 * x[1]

    found = minimize(saddle, np.array([1.0, 0.01]), method=method, gtol=1e-9)
    roots = np.roots([4.0, 0.0, -4.0, 0.1])
    assert found.success and abs(found.x[0]) < 1e-8
    assert min(abs(found.x[1] - root) for root in roots.real if 12.0 * root ** 2 > 4.0) < 1e-8


def test_newton_takes_one_step_on_a_quadratic():
    found = minimize(quadratic, np.ones(4), (MATRIX, TARGET), "newton", gtol=1e-9)
    assert found.nit == 1 and found.nfev == 2 and found.nhev == 4


def losses(w, x, y):
    return np.log(1.0 + np.exp(-y * (x @ w))) + 0.05 * np.sum(w * w)


@pytest.mark.parametrize("method", SAMPLED)
def test_natural_gradients_minimise_the_mean(method):
    x = RNG.normal(size=(60, 3)) * np.array([1.0, 10.0, 0.1])
    y = np.where(x @ np.array([1.0, 0.2, -3.0]) + RNG.normal(size=60) > 0.0, 1.0, -1.0)
    found = minimize(losses, np.zeros(3), (x, y), method, gtol=1e-7)
    share = 1.0 / (1.0 + np.exp(y * (x @ found.x)))
    assert found.success
    assert np.allclose(-(share * y) @ x / 60 + 0.1 * found.x, 0.0, atol=1e-6)
    assert np.isclose(found.fun, np.mean(np.log1p(np.exp(-y * (x @ found.x)))) + 0.05 * found.x @ found.x)


@pytest.mark.parametrize("bounds", [
    [(-2.0, 0.5), (None, 0.2), (0.0, 2.0), (-1.0, None)],
    [(0.2, 0.2), (None, None), (1.5, 3.0), (0.0, np.inf)],
    (np.full(4, -0.3), np.full(4, 0.4)),
    [(None, None)] * 4,
])
def test_bounds_by_their_optimality_conditions(bounds):
    found = minimize(rosenbrock, np.array([-1.2, 1.0, -1.2, 1.0]), bounds=bounds, gtol=1e-7, ftol=0.0)
    low, high = bounds if isinstance(bounds, tuple) else np.array(
        [(-np.inf if a is None else a, np.inf if b is None else b) for a, b in bounds]).T
    assert found.success and np.all(found.x >= low) and np.all(found.x <= high)
    g, x = adtrans.grad(rosenbrock)(found.x), found.x
    assert np.allclose(g, found.jac, rtol=1e-12, atol=1e-12)
    assert np.all(g[(x > low) & (x < high)] < 1e-6) and np.all(g[(x > low) & (x < high)] > -1e-6)
    assert np.all(g[(x == low) & (low < high)] >= -1e-6) and np.all(g[(x == high) & (low < high)] <= 1e-6)


def test_bounds_of_a_quadratic_with_known_active_set():
    # Separable: each element of the solution is the target brought within its bounds.
    weights = np.diag([1.0, 10.0, 100.0, 1000.0])
    target = np.array([3.0, -2.0, 0.5, 7.0])
    found = minimize(quadratic, np.zeros(4), (weights, target), bounds=[(-1.0, 1.0)] * 4, gtol=1e-10, ftol=0.0)
    assert np.allclose(found.x, [1.0, -1.0, 0.5, 1.0], atol=1e-9)


class Line(NamedTuple):
    slope: float
    offset: np.ndarray


def misfit(p, t):
    total = 0.0
    for i in range(t.shape[0]):
        total += (p.slope * t[i] + p.offset[0, 0] - (2.0 * t[i] - 1.0)) ** 2
    return total


def tied(p):
    return (p["a"] - 1.0) ** 2 + np.sum((p["b"][0] - p["a"]) ** 2) + (p["b"][1] - 3.0) ** 2


def test_containers_come_back_as_they_were_given():
    found = minimize(misfit, Line(0.0, np.zeros((1, 1))), (np.linspace(0.0, 1.0, 5),), "bfgs", gtol=1e-10)
    assert isinstance(found.x, Line) and type(found.x.slope) is float and found.x.offset.shape == (1, 1)
    assert np.isclose(found.x.slope, 2.0) and np.isclose(found.x.offset[0, 0], -1.0)
    assert isinstance(found.jac, Line) and abs(found.jac.slope) < 1e-9
    given = {"a": 5.0, "b": (np.zeros(3), np.float32(1.0))}
    found = minimize(tied, given, method="bfgs")
    assert list(found.x) == ["a", "b"] and isinstance(found.x["b"], tuple)
    assert type(found.x["b"][1]) is np.float32 and abs(found.x["b"][1] - 3.0) < 1e-4
    assert np.allclose(found.x["b"][0], 1.0, atol=1e-4) and given["a"] == 5.0


def test_numbers_lists_and_shapes():
    assert abs(minimize(lambda x: (x - 2.0) ** 2, 0, method="bfgs").x - 2.0) < 1e-6
    assert type(minimize(lambda x: (x - 2.0) ** 2, 0.0, method="bfgs").x) is float
    found = minimize(lambda x: np.sum((x - 1.0) ** 2), np.asfortranarray(np.zeros((2, 3))), method="bfgs")
    assert found.x.shape == found.jac.shape == (2, 3) and np.allclose(found.x, 1.0)
    found = minimize(rosenbrock, [-1.2, 1], method="bfgs")
    assert found.x.dtype == np.float64 and np.allclose(found.x, 1.0, atol=1e-4)


@pytest.mark.parametrize("method", ["bfgs", "newton"])
def test_single_precision(method):
    found = minimize(lambda x: np.sum((x - np.float32(0.75)) ** 2), np.zeros(3, np.float32), method=method, gtol=1e-4)
    assert found.x.dtype == found.jac.dtype == np.float32 and np.allclose(found.x, 0.75, atol=1e-4)
    assert abs(found.fun) < 1e-7 and type(found.fun) is float
    residuals = least_squares(lambda x, t: x[0] * t - np.float32(3.0) * t, np.ones(1, np.float32),
                              (np.arange(4, dtype=np.float32),))
    assert residuals.x.dtype == np.float32 and np.isclose(residuals.x[0], 3.0, rtol=1e-6)


def affine(x, scale, matrix, count, flag, name, shift=0.5):
    total = 0.0
    for k in range(count):
        for i in range(2):
            total += (scale * x[i] - matrix[k, i] - shift) ** 2
    if flag and name == "plus":
        total += x[0] ** 2
    return total


CAPTURED = np.arange(6.0).reshape(2, 3).T


def captured(x):
    return np.sum((x - CAPTURED) ** 2)


def test_arguments_of_all_kinds():
    matrix = np.arange(12, dtype=np.float32).reshape(2, 6)[:, ::3].T
    found = minimize(affine, np.zeros(2), (2.0, matrix, 2, True, "plus"), "bfgs", gtol=1e-9)
    mean = matrix.mean(axis=0) + 0.5
    # Per element of x: 2 (2 x - mean)^2 and, for the first, x^2 as well.
    assert np.allclose(found.x, [4.0 * mean[0] / 9.0, mean[1] / 2.0], atol=1e-7)
    assert np.allclose(minimize(lambda x, a: (x - a) ** 2, 0.0, 3.0, "bfgs").x, 3.0)
    assert np.allclose(minimize(captured, np.zeros((3, 2)), method="bfgs").x, CAPTURED, atol=1e-4)
    same = np.array([1.0, 2.0])
    assert np.allclose(minimize(lambda x, a, b: np.sum((x - a) ** 2 + (x - b) ** 2), np.zeros(2), (same, same),
                                "bfgs").x, same)


def walled(x):
    return -np.log(x[0]) + 10.0 * x[0] + np.sqrt(x[1]) + 1.0 / x[1]


@pytest.mark.parametrize("method", ["gd", "cg", "bfgs", "lbfgs", "newton", "trust-ncg", "trust-exact"])
def test_steps_into_nan_are_shortened(method):
    found = minimize(walled, np.array([5.0, 0.02]), method=method, gtol=1e-7, ftol=0.0)
    assert found.success and np.allclose(found.x, [0.1, 4.0 ** (1.0 / 3.0)], atol=1e-5)


def test_reports_of_failure():
    nowhere = minimize(lambda x: np.log(x[0]), np.array([-1.0]), method="bfgs")
    assert not nowhere.success and nowhere.status == 3 and "finite" in nowhere.message
    short = minimize(rosenbrock, [-1.2, 1.0], method="bfgs", max_steps=3)
    assert not short.success and short.status == 1 and short.nit == 3 and "max_steps" in short.message
    assert minimize(rosenbrock, [-1.2, 1.0], method="bfgs", max_steps=0).fun == pytest.approx(24.2)
    tight = minimize(rosenbrock, [-1.2, 1.0], method="bfgs", gtol=0.0)
    assert tight.status in (0, 2) and np.allclose(tight.x, 1.0, atol=1e-7) and tight.nfev < 500


def test_tolerances_stop():
    loose = minimize(rosenbrock, [-1.2, 1.0], method="bfgs", gtol=0.0, ftol=1e-3)
    assert loose.success and "ftol" in loose.message
    loose = minimize(rosenbrock, [-1.2, 1.0], method="bfgs", gtol=0.0, xtol=1e-3)
    assert loose.success and "xtol" in loose.message
    loose = minimize(rosenbrock, [-1.2, 1.0], method="bfgs", gtol=1.0)
    assert loose.success and "gtol" in loose.message and np.max(np.abs(loose.jac)) <= 1.0
    assert minimize(rosenbrock, [1.0, 1.0], method="bfgs").nit == 0


@pytest.mark.parametrize("method", SMOOTH)
def test_stopping_for_the_callback_changes_nothing(method):
    seen = []
    start = np.array([-1.2, 1.0, 0.5, 0.8])
    plain = minimize(rosenbrock, start, method=method, max_steps=30, history=True)
    asked = minimize(rosenbrock, start, method=method, max_steps=30, callback=seen.append)
    assert np.array_equal(plain.x, asked.x) and plain.nfev == asked.nfev and plain.nit == asked.nit == len(seen)
    assert np.array_equal(np.array([start, *seen]), plain.history["x"])
    assert np.allclose(plain.history["fun"], [rosenbrock(x) for x in [start, *seen]], rtol=1e-12, atol=1e-25)


def test_callbacks_stop():
    def twice(intermediate_result):
        values.append(intermediate_result.fun)
        if len(values) == 2:
            raise StopIteration

    values = []
    found = minimize(rosenbrock, [-1.2, 1.0], method="bfgs", callback=twice)
    assert found.nit == 2 and found.status == 99 and not found.success and values[-1] == found.fun
    assert minimize(rosenbrock, [-1.2, 1.0], method="bfgs", callback=lambda x: x[0] > 0.0).x[0] > 0.0


def test_a_preconditioner_saves_steps():
    weights = np.diag([1.0, 100.0, 1e4, 1e6])
    for method in ("gd", "cg", "lbfgs"):
        plain = minimize(quadratic, np.zeros(4), (weights, TARGET), method, gtol=1e-6, ftol=0.0, max_steps=2000)
        better = minimize(quadratic, np.zeros(4), (weights, TARGET), method, gtol=1e-6, ftol=0.0,
                          precondition=1.0 / np.diag(weights))
        assert better.success and better.nit < plain.nit and np.allclose(better.x, TARGET, atol=1e-6)


class Descent:
    """Plain gradient descent as an optimizer of the public form."""

    def init(self, params):
        return {"steps": 0}

    def step(self, params, grads, state):
        state["steps"] += 1
        for name in params:
            params[name] -= 0.1 * grads[name]


def test_an_optimizer_for_a_method():
    def bowl(p):
        return (p["a"] - 1.0) ** 2 + np.sum((p["b"] + 2.0) ** 2)

    found = minimize(bowl, {"a": 0.0, "b": np.zeros(2)}, method=Descent(), gtol=1e-6, history=True)
    # The error shrinks by 0.8 a step: 2 * 2 * 0.8^k <= 1e-6.
    assert found.success and found.nit == int(np.ceil(np.log(1e-6 / 4.0) / np.log(0.8)))
    assert type(found.x["a"]) is float and np.allclose(found.x["b"], -2.0)
    assert found.history["x"].shape == (found.nit + 1, 3)
    assert minimize(bowl, {"a": 0.0, "b": np.zeros(2)}, method=Descent(), max_steps=4).nit == 4


STEP = """
import numpy as np
from numba import carray

from adtrans.backend.entries import pointer


def descent_step(table, values, hyper, numbers, counter):
    counter[0] += 1
    for row in range(table.shape[0]):
        x = carray(pointer(table[row, 1]), table[row, 0], np.float64)
        g = carray(pointer(table[row, 2]), table[row, 0], np.float64)
        for i in range(x.size):
            x[i] -= hyper[0] * g[i]
    return -1
"""


class CompiledDescent(Descent):
    """The same with a compiled step, which works on addresses."""

    def compiled_step(self, params, grads, state):
        from adtrans.backend import cpu

        signature = ("i8:2:C", "f8:2:C", "f8:1:C", "f8:1:C", "i8:1:C")
        made = cpu.compile_module(STEP, "descent_step", signature, key=None, meta={})
        self.table = np.array([[params[name].size, params[name].ctypes.data, grads[name].ctypes.data]
                               for name in params])
        return made.function, (self.table, np.zeros((2, 0)), np.array([0.1]), np.zeros(1), np.zeros(1, np.int64))


def test_a_compiled_step_does_the_same():
    def bowl(p):
        return (p["a"] - 1.0) ** 2 + np.sum((p["b"] + 2.0) ** 2) + p["a"] * p["b"][1, 0] / 10.0

    start = {"a": 0.0, "b": np.zeros((2, 2))}
    plain = minimize(bowl, start, method=Descent(), gtol=1e-6, history=True)
    quick = minimize(bowl, start, method=CompiledDescent(), gtol=1e-6, history=True)
    assert quick.success and quick.nit == plain.nit > 50 and quick.nfev == plain.nfev
    assert np.allclose(quick.history["x"], plain.history["x"], rtol=1e-12, atol=1e-12)
    assert quick.x["b"].shape == (2, 2) and type(quick.x["a"]) is float and start["a"] == 0.0
    assert minimize(bowl, start, method=CompiledDescent(), max_steps=4).nit == 4
    assert minimize(bowl, start, method=CompiledDescent(), callback=lambda p: p["a"] > 0.5).status == 99
    lost = minimize(lambda p: np.log(p["a"] - 1.0), {"a": 1.001}, method=CompiledDescent())
    assert lost.status == 3 and not lost.success


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match="'adam-ish'"):
        minimize(rosenbrock, [0.0, 0.0], method="adam-ish")
    with pytest.raises(ValueError, match="optimizer with init and step"):
        minimize(rosenbrock, [0.0, 0.0], method=3)
    with pytest.raises(ValueError, match="bounds are for method 'lbfgs'"):
        minimize(rosenbrock, [0.0, 0.0], method="bfgs", bounds=[(0, 1), (0, 1)])
    with pytest.raises(ValueError, match="lower bound"):
        minimize(rosenbrock, [0.0, 0.0], bounds=[(1, 0), (0, 1)])
    with pytest.raises(ValueError, match="bounds"):
        minimize(rosenbrock, [0.0, 0.0], bounds=[(0, 1)] * 3)
    with pytest.raises(ValueError, match="gtol"):
        minimize(rosenbrock, [0.0, 0.0], gtol=-1.0)
    with pytest.raises(ValueError, match="max_steps"):
        minimize(rosenbrock, [0.0, 0.0], max_steps=1.5)
    with pytest.raises(ValueError, match="not finite"):
        minimize(rosenbrock, [np.nan, 0.0])
    with pytest.raises(ValueError, match="precondition"):
        minimize(rosenbrock, [0.0, 0.0], method="cg", precondition=[1.0, -1.0])
    with pytest.raises(ValueError, match="real numbers"):
        minimize(rosenbrock, np.zeros(2, complex))
    with pytest.raises(TypeError):
        minimize(3.0, [0.0, 0.0])
    with pytest.raises(TypeError):
        minimize(rosenbrock, [0.0, 0.0], (1.0,))


def two(x):
    return x * 2.0


def test_errors_of_the_function_are_located():
    with pytest.raises(adtrans.AdtransError, match=r"test_minimize\.py:\d+:\d+: .*\n +return x \* 2\.0") as raised:
        minimize(two, np.zeros(2))
    assert "returns an array" in str(raised.value)


def picked(x, at):
    return (x[at] - 1.0) ** 2


def test_exceptions_inside_the_solver_come_out():
    with pytest.raises(IndexError):
        minimize(picked, np.zeros(3), (7,), "bfgs")
    assert abs(minimize(picked, np.zeros(3), (1,), "bfgs").x[1] - 1.0) < 1e-5


def test_a_gradient_function_drops_into_scipy():
    found = scipy.optimize.minimize(adtrans.value_and_grad(rosenbrock), [-1.2, 1.0], jac=True, method="BFGS")
    own = minimize(rosenbrock, [-1.2, 1.0], method="bfgs")
    assert np.allclose(found.x, own.x, atol=1e-4) and own.nfev <= 1.2 * found.nfev


def test_a_gradient_function_is_an_objective():
    found = minimize(adtrans.value_and_grad(rosenbrock), [-1.2, 1.0], method="bfgs")
    assert np.allclose(found.x, 1.0, atol=1e-4)
    with pytest.raises(ValueError, match="first argument"):
        minimize(adtrans.grad(quadratic, argnums=1), np.zeros(4), (MATRIX, TARGET))


SCALE = 1.0


def scaled(x):
    return SCALE * x[0] ** 2 + (x[0] - 1.0) ** 2


def test_globals_that_change_are_seen(monkeypatch):
    assert np.isclose(minimize(scaled, np.zeros(1), method="bfgs").x[0], 0.5, atol=1e-5)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert np.isclose(minimize(scaled, np.zeros(1), method="bfgs").x[0], 0.25, atol=1e-5)


def test_results_read_like_scipys():
    found = minimize(rosenbrock, [-1.2, 1.0], method="bfgs")
    assert found["x"] is found.x and "nfev" in dir(found) and "success: True" in repr(found)
    with pytest.raises(AttributeError, match="nothing"):
        found.nothing
