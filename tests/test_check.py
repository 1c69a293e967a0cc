"""The checker is itself judged: against known gradients, and against gradients that are wrong on purpose."""

import copy
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans.check import check_grads


class Claim:
    """A gradient function that says whatever it is told to."""

    def __init__(self, fun, gradient, value=None, argnums=0):
        self.py_func, self.gradient, self.claimed, self.argnums = fun, gradient, value, argnums

    def value_and_grad(self, *args):
        value = self.py_func(*copy.deepcopy(args)) if self.claimed is None else self.claimed
        return value, self.gradient(*args)


def check(fun, gradient, *args, **options):
    claim = Claim(fun, gradient, **{k: options.pop(k) for k in ("value", "argnums") if k in options})
    check_grads(claim, args, modes=("rev",), **options)


def rejects(words, fun, gradient, *args, **options):
    with pytest.raises(AssertionError) as caught:
        check(fun, gradient, *args, **options)
    for word in words:
        assert word in str(caught.value), (word, str(caught.value))


X = np.linspace(0.3, 1.7, 7)


def sum_sin(x):
    return np.sum(np.sin(x))


def norm_with_abs(x):
    return np.sum(np.abs(x) ** 1.5)


def math_only(x):
    return math.exp(x) / math.lgamma(x + 3.0)


def branch(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 1.0:
            total += x[i] * x[i]
        else:
            total += 3.0 * x[i]
    return total


def test_right_gradients_pass():
    check(sum_sin, np.cos, X)
    check(norm_with_abs, lambda x: 1.5 * np.sign(x) * np.sqrt(np.abs(x)), X - 1.2)
    check(branch, lambda x: np.where(x > 1.0, 2 * x, 3.0), X)
    check(lambda x: x ** 3, lambda x: 3 * x ** 2, 2.0)
    check(lambda x: 5.0, lambda x: np.zeros_like(x), X)


def test_functions_of_the_math_module_pass():
    h = 1e-5
    digamma = (math.lgamma(4.5 + h) - math.lgamma(4.5 - h)) / (2 * h)
    exact = math.exp(1.5) * (math.lgamma(4.5) - digamma) / math.lgamma(4.5) ** 2
    check(math_only, lambda x: exact, 1.5)


def test_a_wrong_element_is_named_with_both_values():
    def gradient(x):
        wrong = np.cos(x)
        wrong[4] *= 1.001
        return wrong

    exact = math.cos(X[4])
    rejects(["x[4]", f"{exact:.6f}"[:6], "complex step"], sum_sin, gradient, X)


def test_a_small_error_is_seen_against_the_complex_step():
    rejects(["x["], sum_sin, lambda x: np.cos(x) * (1 + 1e-7), X)


def test_a_wrong_element_of_a_large_array_is_found():
    a = np.linspace(0.1, 2.0, 40 * 30).reshape(40, 30)

    def gradient(a):
        wrong = np.cos(a)
        wrong[17, 23] += 0.01
        return wrong

    rejects(["a[17, 23]"], lambda a: np.sum(np.sin(a)), gradient, a)


def test_a_derivative_lost_by_the_complex_step_is_not_taken_for_zero():
    rejects(["central differences"], norm_with_abs, np.zeros_like, X)
    rejects(["central differences"], lambda x: np.linalg.norm(x), np.zeros_like, X)


def test_a_path_lost_by_the_complex_step_is_still_seen():
    def half_lost(x):
        return np.sum(x * np.abs(x))

    check(half_lost, lambda x: 2 * np.abs(x), X)
    rejects(["x["], half_lost, np.abs, X)


def test_sign_clear_swap_and_scale_errors_are_seen():
    a, b = X[:4], X[3:]

    def product(a, b):
        return np.sum(a * b ** 2)

    def right(a, b):
        return b ** 2, 2 * a * b

    both = {"argnums": (0, 1)}
    check(product, right, a, b, **both)
    rejects(["with respect to b[3]"], product, lambda a, b: (b ** 2, np.zeros_like(b)), a, b, **both)
    rejects(["with respect to a["], product, lambda a, b: right(a, b)[::-1], a, b, **both)
    rejects(["with respect to a["], product, lambda a, b: (-(b ** 2), 2 * a * b), a, b, **both)
    rejects(["with respect to b["], product, lambda a, b: (b ** 2, 4 * a * b), a, b, **both)


def test_nan_and_infinite_gradients_are_wrong():
    rejects(["x[2]", "nan"], sum_sin, lambda x: np.where(np.arange(7) == 2, np.nan, np.cos(x)), X)
    rejects(["inf"], sum_sin, lambda x: np.full_like(x, np.inf), X)
    rejects(["inf"], sum_sin, lambda x: np.where(x > 0.5, -np.inf, np.inf), X)


def test_shape_dtype_and_type_must_be_the_arguments_own():
    rejects(["float32"], sum_sin, lambda x: np.cos(x).astype(np.float32), X)
    rejects(["(6,)"], sum_sin, lambda x: np.cos(x)[1:], X)
    rejects(["array of float64", "expected float"], lambda x: x * x, lambda x: np.array(2 * x), 3.0)
    rejects(["None"], sum_sin, lambda x: None, X)
    rejects(["2 parts"], lambda a, b: a * b, lambda a, b: (b,), 1.0, 2.0, argnums=(0, 1))


def test_integer_leaves_must_have_no_gradient():
    def scaled(p):
        return p[0] * p[1]

    check(scaled, lambda p: (float(p[1]), None), (2.0, 3))
    rejects(["p[1]", "expected None"], scaled, lambda p: (float(p[1]), 0), (2.0, 3))


def test_a_changed_argument_is_reported():
    def gradient(x):
        bar = np.cos(x)
        x[0] = 9.0
        return bar

    rejects(["changed its argument x"], sum_sin, gradient, X.copy())


def test_a_wrong_value_is_reported():
    rejects(["value of sum_sin"], sum_sin, np.cos, X, value=1.0)


def test_functions_that_are_not_finite_cannot_be_checked():
    rejects(["nan", "no derivative"], lambda x: math.nan * x, lambda x: math.nan, 1.0)


def test_a_jump_at_the_arguments_is_not_passed_over():
    rejects(["jump"], lambda x: 1.0 if abs(x) >= 1.0 else 0.0, lambda x: 0.0, 1.0)


def test_float32_is_judged_in_double_with_a_single_tolerance():
    x = X.astype(np.float32)
    check(sum_sin, np.cos, x)
    rejects(["x["], sum_sin, lambda x: np.cos(x) * np.float32(1.01), x)


def test_the_edge_of_the_domain_nearby_is_no_problem():
    x = np.array([1e-7, 0.5])
    exact = np.array([1 / x[0], 0.5 / math.sqrt(x[1])])
    check(lambda x: math.log(x[0]) + math.sqrt(x[1]), lambda x: exact, x)


def test_functions_that_overwrite_their_arguments():
    def running(x):
        for i in range(1, len(x)):
            x[i] += x[i - 1] ** 2
        return x[-1]

    def gradient(x):
        y = x.copy()
        running(y)
        bar = np.zeros_like(x)
        bar[-1] = 1.0
        for i in range(len(x) - 1, 0, -1):
            bar[i - 1] += 2 * y[i - 1] * bar[i]
        return bar

    start = X.copy()
    check(running, gradient, X)
    assert np.array_equal(X, start)


class Pair(NamedTuple):
    left: float
    right: np.ndarray


@dataclass(frozen=True)
class Layer:
    weight: np.ndarray
    name: str


def test_nested_containers_are_named_as_python_writes_them():
    def fun(p):
        return p["pair"].left * np.sum(p["layers"][1].weight * p["pair"].right)

    def gradient(p):
        left, right = p["pair"]
        weight = p["layers"][1].weight
        return {"pair": Pair(float(np.sum(weight * right)), left * weight),
                "layers": [Layer(np.zeros(2), None), Layer(left * right, None)]}

    def wrong(p):
        found = gradient(p)
        found["layers"][1].weight[1] = 0.0
        return found

    p = {"pair": Pair(2.0, np.array([1.0, 2.0])), "layers": [Layer(np.ones(2), "a"), Layer(np.ones(2), "b")]}
    check(fun, gradient, p)
    rejects(["p['layers'][1].weight[1]"], fun, wrong, p)
    rejects(["expected parts"], fun, lambda p: {"pair": gradient(p)["pair"]}, p)


def test_unknown_modes_and_arguments_are_refused():
    claim = Claim(sum_sin, np.cos)
    with pytest.raises(ValueError, match="modes"):
        check_grads(claim, (X,), modes=("sideways",))
    with pytest.raises(ValueError, match="no argument 'z'"):
        check_grads(claim, (X,), argnums="z")
    with pytest.raises(ValueError, match="out of range"):
        check_grads(claim, (X,), argnums=3)
    with pytest.raises(adtrans.UnsupportedError, match="order 3"):
        check_grads(claim, (X,), order=3)
    with pytest.raises(TypeError, match="function"):
        check_grads(3.0, (X,))


def test_a_plain_function_is_differentiated_by_adtrans():
    check_grads(branch, (X,))
    check_grads(lambda a, n, b: a * b ** n, (2.0, 3, 0.5))
    check_grads(lambda a, b: a * b, (2.0, 3.0), argnums="b")
    check_grads(adtrans.grad(branch), (X,))
    check_grads(adtrans.value_and_grad(lambda a, b: a / b, argnums=("b", 0)), (2.0, 3.0))


def test_forward_mode_alone(monkeypatch):
    check_grads(branch, (X,), modes=("fwd",))
    monkeypatch.setattr(adtrans, "jvp", lambda fun, primals, tangents: (0.0, 0.0))
    with pytest.raises(AssertionError, match="tangent of branch"):
        check_grads(branch, (X,), modes=("fwd",))


@pytest.mark.parametrize("fun, args", [
    (lambda x: x**3, (2.0,)), (lambda x, y: np.sum(np.sin(x) * x) * y**2, (X, 1.5)),
    (lambda d, n: np.sum(d["a"] ** n) * d["b"], ({"a": X, "b": 2.0}, 3))])
def test_second_order(fun, args):
    check_grads(fun, args, order=2)


def test_second_derivatives_of_a_wrong_rule():
    @adtrans.custom_vjp
    def square(x):
        return x * x

    # Right at first order for the derivative that the rule computes, but not made to be differentiated.
    square.defvjp(lambda x: (x * x, x), lambda x, bar: (2.0 * adtrans.stop_gradient(x) * bar,))
    check_grads(lambda x: square(x) * x, (2.0,), modes=("rev",))
    with pytest.raises(AssertionError, match="Hessian of"):
        check_grads(lambda x: square(x) * x, (2.0,), order=2, modes=("rev",))


def test_the_gradient_of_a_gradient_is_checked_against_the_gradient():
    check_grads(adtrans.grad(adtrans.grad(lambda x: np.sin(x) * x)), (0.7,))
    with pytest.raises(AssertionError):
        check_grads(adtrans.grad(adtrans.grad(lambda x: adtrans.stop_gradient(x) * x)), (0.7,), modes=("fwd",))
