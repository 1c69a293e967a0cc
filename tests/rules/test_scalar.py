"""Every row of the derivative table against 40-digit differentiation on its domain, and the written kinks."""

import math

import numpy as np
import pytest

import adtrans
from adtrans.backend.python import load_module
from adtrans.build import Builder
from adtrans.ir import BOOL, F4, F8, Const, Program, Var
from adtrans.rules import RULES, is_nondifferentiable, rule_of
from adtrans.rules.rule import emit
from adtrans.write import write

mpmath = pytest.importorskip("mpmath")

mpf = mpmath.mpf
TRUTH = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "truediv": lambda a, b: a / b, "neg": lambda x: -x, "abs": abs,
    "mod": lambda a, b: a - b * mpmath.floor(a / b),
    "fmod": lambda a, b: a - b * mpmath.sign(a / b) * mpmath.floor(abs(a / b)),
    "minimum": min, "maximum": max, "fmin": min, "fmax": max,
    "copysign": lambda a, b: abs(a) * mpmath.sign(b),
    "sqrt": mpmath.sqrt, "cbrt": mpmath.cbrt, "hypot": mpmath.hypot, "pow": lambda a, b: a**b,
    "exp": mpmath.exp, "exp2": lambda x: mpf(2) ** x, "expm1": mpmath.expm1, "log": mpmath.log,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2), "log10": mpmath.log10, "log1p": mpmath.log1p,
    "logaddexp": lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
    "logaddexp2": lambda a, b: mpmath.log(mpf(2) ** a + mpf(2) ** b) / mpmath.log(2),
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "arcsin": mpmath.asin, "arccos": mpmath.acos,
    "arctan": mpmath.atan, "arctan2": mpmath.atan2, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "tanh": mpmath.tanh, "arcsinh": mpmath.asinh, "arccosh": mpmath.acosh, "arctanh": mpmath.atanh,
    "erf": mpmath.erf, "erfc": mpmath.erfc, "lgamma": mpmath.loggamma, "gamma": mpmath.gamma,
}  # fmt: skip
SPELLED_BY_MATH = {"lgamma", "gamma"}
# The rows' own domains keep these on their first branch.
WIDER = {"mod": ((-5.0, 5.0), (0.6, 1.9)), "fmod": ((-5.0, 5.0), (0.6, 1.9))}
ROWS = [(op, arg) for op, rule in RULES.items() for arg in rule.partials]


def points(rule, count=25):
    """Arguments drawn from the domain of a row."""
    rng = np.random.default_rng(len(rule.op))
    domains = WIDER.get(rule.op, rule.domains)
    return [tuple(rng.uniform(*domain) for domain in domains) for _ in range(count)]


def spelled(op):
    return f"math.{op}" if op in SPELLED_BY_MATH else op


def evaluator(rule, arg, type=F8):
    """The partial for `arg` as a Python function of the arguments and the result, spelled by the writer."""
    build = Builder(relaxed=True)
    params = tuple(Var(type, name, user=True) for name in (*rule.args, rule.result))
    operands = dict(zip((*rule.args, rule.result), params))
    found = emit(build, rule.partials[arg], operands, type)
    if found.type == BOOL:
        found = build.prim("select", found, Const(1.0, type), Const(0.0, type))
    program = Program("partial", params, tuple(build.here.body), (found,))
    return load_module(write(program, "partial"), "partial", "partial")


def operation(rule, type=F8):
    """The operation of a row as a Python function."""
    build = Builder()
    params = tuple(Var(type, name, user=True) for name in rule.args)
    found = build.prim(spelled(rule.op), *params)
    program = Program("operation", params, tuple(build.here.body), (found,))
    return load_module(write(program, "operation"), "operation", "operation")


def test_every_row_has_a_truth():
    assert set(TRUTH) == set(RULES)


def test_partials_are_for_arguments_of_the_row():
    for rule in RULES.values():
        assert set(rule.partials) <= set(rule.args)
        assert len(rule.domains) == len(rule.args)


@pytest.mark.parametrize("op", RULES)
def test_operation_is_what_its_name_says(op):
    rule = RULES[op]
    run = operation(rule)
    with mpmath.workdps(40):
        for point in points(rule):
            truth = float(mpmath.re(TRUTH[op](*map(mpf, point))))
            assert run(*map(np.float64, point)) == pytest.approx(truth, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("op, arg", ROWS, ids=[f"{op}-{arg}" for op, arg in ROWS])
def test_partial_is_the_derivative_to_40_digits(op, arg):
    rule = RULES[op]
    partial, run = evaluator(rule, arg), operation(rule)
    order = tuple(int(name == arg) for name in rule.args)
    with mpmath.workdps(40):
        for point in points(rule):
            numbers = tuple(map(np.float64, point))
            truth = float(mpmath.re(mpmath.diff(TRUTH[op], tuple(map(mpf, point)), order)))
            assert partial(*numbers, run(*numbers)) == pytest.approx(truth, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("op, arg", ROWS, ids=[f"{op}-{arg}" for op, arg in ROWS])
def test_partial_stays_in_single_precision(op, arg):
    rule = RULES[op]
    single, double = evaluator(rule, arg, F4), evaluator(rule, arg)
    run = operation(rule)
    for point in points(rule, 5):
        short = tuple(map(np.float32, point))
        wide = tuple(map(np.float64, short))
        found = single(*short, np.float32(run(*wide)))
        assert isinstance(found, (np.float32, float))
        assert not isinstance(found, np.float64)
        assert found == pytest.approx(double(*wide, run(*wide)), rel=2e-5, abs=1e-5)


@pytest.mark.parametrize("x", [-7.3, -2.6, -0.4, 0.2, 0.7, 1.5, 3.0, 9.0, 40.0])
def test_digamma_over_its_range(x):
    """Reflection, shift and asymptotic series of the derivative of lgamma."""
    with mpmath.workdps(40):
        truth = float(mpmath.digamma(mpf(x)))
    given = evaluator(RULES["lgamma"], "x")(np.float64(x), np.float64(0.0))
    assert given == pytest.approx(truth, rel=1e-12, abs=1e-13)


# --- kinks -----------------------------------------------------------------------------------------------


def slope(fun, *args, argnums=0):
    with np.errstate(all="ignore"):
        return adtrans.grad(fun, argnums=argnums, cache=False).interpreted(*args)


def test_absolute_value_is_flat_at_zero():
    assert slope(lambda x: abs(x), 0.0) == 0.0
    assert slope(lambda x: np.abs(x), 0.0) == 0.0


def test_square_root_is_flat_at_zero():
    assert slope(lambda x: np.sqrt(x), 0.0) == 0.0


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_ties_of_extrema_go_to_the_first_argument(name):
    function = getattr(np, name)

    def of(a, b):
        return function(a, b)

    assert slope(of, 0.5, 0.5, argnums=(0, 1)) == (1.0, 0.0)


def test_ties_of_builtin_extrema_go_to_the_first_argument():
    assert slope(lambda a, b: max(a, b), 0.5, 0.5, argnums=(0, 1)) == (1.0, 0.0)
    assert slope(lambda a, b: min(a, b), 0.5, 0.5, argnums=(0, 1)) == (1.0, 0.0)


def test_ties_of_reductions_go_to_the_first_element():
    x = np.array([0.2, 0.9, 0.9, 0.1])
    assert slope(lambda x: np.max(x), x).tolist() == [0.0, 1.0, 0.0, 0.0]
    assert slope(lambda x: np.min(-x), x).tolist() == [0.0, -1.0, 0.0, 0.0]
    assert slope(lambda x: max(x), x).tolist() == [0.0, 1.0, 0.0, 0.0]


def test_clip_passes_on_the_closed_interval():
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert slope(lambda x: np.sum(np.clip(x, 0.0, 1.0)), x).tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_relu_is_flat_at_zero():
    assert slope(lambda x: x if x > 0.0 else 0.0, 0.0) == 0.0


@pytest.mark.parametrize(
    "x, n, wanted", [(0.0, 0, 0.0), (0.0, 1, 1.0), (0.0, 2, 0.0), (-2.0, 3, 12.0), (2.0, -1, -0.25)]
)
def test_integer_powers(x, n, wanted):
    assert slope(lambda x, n: x**n, x, n) == wanted


def test_power_by_zero_has_no_slope():
    assert slope(lambda x, y: x**y, 0.0, 0.0, argnums=(0, 1)) == (0.0, 0.0)
    assert slope(lambda x: x**0, 0.0) == 0.0
    assert slope(lambda x: x**0.0, 2.0) == 0.0


def test_power_of_a_negative_base_has_no_slope_by_its_exponent():
    assert slope(lambda x, y: x**y, -2.0, 3.0, argnums=(0, 1)) == (12.0, 0.0)


def test_hypot_at_the_origin():
    assert slope(lambda a, b: np.hypot(a, b), 0.0, 0.0, argnums=(0, 1)) == (0.0, 0.0)


@pytest.mark.parametrize("op", ["floor", "ceil", "trunc", "rint", "sign", "floordiv"])
def test_piecewise_constant_operations_have_no_rule_and_pass_nothing(op):
    assert is_nondifferentiable(op) and rule_of(op) is None


def test_steps_have_derivative_zero():
    x = 1.7
    assert slope(lambda x: x * np.floor(x) + np.sign(x) + x // 0.5, x) == math.floor(x)


def test_remainder_is_linear_in_its_first_argument():
    assert slope(lambda x, y: x % y, 7.3, 2.0, argnums=(0, 1)) == (1.0, -3.0)
    assert slope(lambda x, y: x % y, -7.3, 2.0, argnums=(0, 1)) == (1.0, 4.0)
