"""The oracle judged by 40 digits, complex step and differences; the generator by plain execution."""

import dataclasses
import functools
import math
import sys
import types
from typing import NamedTuple

import numpy as np
import pytest

from tests import duals
from tests.duals import elementary
from tests.duals.scalar import Dual, watch
from tests.fuzz import campaign
from tests.fuzz.constructs import CONSTRUCTS
from tests.fuzz.generator import generate
from tests.fuzz.judge import expected, judge, numbers, plain_value
from tests.fuzz.shrink import shrink

mpmath = pytest.importorskip("mpmath")

LIBRARY = {
    "exp": mpmath.exp, "exp2": lambda x: mpmath.mpf(2) ** x, "expm1": mpmath.expm1,
    "log2": lambda x: mpmath.log(x, 2),
    "log": mpmath.log, "log10": mpmath.log10, "log1p": mpmath.log1p, "sqrt": mpmath.sqrt, "cbrt": mpmath.cbrt,
    "square": lambda x: x * x, "reciprocal": lambda x: 1 / x,
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh, "arcsinh": mpmath.asinh, "arccosh": mpmath.acosh, "arctanh": mpmath.atanh,
    "degrees": mpmath.degrees, "radians": mpmath.radians, "rad2deg": mpmath.degrees,
    "deg2rad": mpmath.radians,
    "fabs": abs, "floor": mpmath.floor, "ceil": mpmath.ceil,
    "trunc": lambda x: mpmath.sign(x) * mpmath.floor(abs(x)),
    "rint": mpmath.nint, "sign": mpmath.sign,
    "arctan2": mpmath.atan2, "hypot": mpmath.hypot, "maximum": max, "minimum": min, "fmax": max, "fmin": min,
    "logaddexp": lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
    "logaddexp2": lambda a, b: mpmath.log(mpmath.mpf(2) ** a + mpmath.mpf(2) ** b, 2),
    "copysign": lambda a, b: abs(a) * mpmath.sign(b), "power": lambda a, b: a**b,
    "float_power": lambda a, b: a**b,
    "fmod": lambda a, b: a - b * (mpmath.sign(a / b) * mpmath.floor(abs(a / b))),
    "remainder": lambda a, b: a - b * mpmath.floor(a / b), "floor_divide": lambda a, b: mpmath.floor(a / b),
    "heaviside": lambda a, b: mpmath.mpf(a > 0),
}  # fmt: skip
POINTS = {"arccosh": (1.3, 4.7), "log": (0.2, 3.1), "log1p": (-0.4, 2.0), "cbrt": (0.3, 5.0)}


@pytest.mark.parametrize("name", sorted(set(elementary.unary) - {"digamma"}))
def test_unary_rows_against_forty_digits(name):
    points = POINTS.get(name, (0.31, 0.77) if name not in ("log2", "log10", "sqrt") else (0.4, 6.3))
    with mpmath.workdps(40):
        for x in (
            *points,
            *(-p for p in points if name in ("sin", "tan", "tanh", "arctan", "fabs", "sinh", "rint")),
        ):
            given = elementary.unary[name](Dual(x, 1.0))
            given = given if isinstance(given, Dual) else Dual(given, 0.0)
            assert given.value == pytest.approx(float(LIBRARY[name](mpmath.mpf(x))), rel=1e-14, abs=1e-300)
            assert given.dot == pytest.approx(
                float(mpmath.diff(LIBRARY[name], mpmath.mpf(x))), rel=1e-13, abs=1e-25
            )


@pytest.mark.parametrize("name", sorted(set(elementary.binary) - {"ldexp"}))
def test_binary_rows_against_forty_digits(name):
    with mpmath.workdps(40):
        for a, b in ((1.7, 0.6), (0.4, 2.3)):
            given = elementary.binary[name](Dual(a, np.array([1.0, 0.0])), Dual(b, np.array([0.0, 1.0])))
            given = given if isinstance(given, Dual) else Dual(given, np.zeros(2))
            exact = [
                mpmath.diff(LIBRARY[name], (mpmath.mpf(a), mpmath.mpf(b)), order)
                for order in ((1, 0), (0, 1))
            ]
            assert given.value == pytest.approx(float(LIBRARY[name](mpmath.mpf(a), mpmath.mpf(b))), rel=1e-14)
            assert given.dot == pytest.approx([float(d) for d in exact], rel=1e-13, abs=1e-25)


@pytest.mark.parametrize(
    "name, exact",
    [("erf", mpmath.erf), ("erfc", mpmath.erfc), ("gamma", mpmath.gamma), ("lgamma", mpmath.loggamma)],
)
def test_special_rows_against_forty_digits(name, exact):
    with mpmath.workdps(40):
        given = getattr(elementary, name)(Dual(1.37, 1.0))
        assert given.value == pytest.approx(float(exact(mpmath.mpf(1.37))), rel=1e-13)
        assert given.dot == pytest.approx(float(mpmath.diff(exact, mpmath.mpf(1.37))), rel=1e-12)


def complex_step(fun, x):
    """The gradient of an analytic function of one array."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1e-30j
        gradient[index] = np.imag(fun(z)) / 1e-30
    return gradient


X = np.cos(1.7 * np.arange(12.0)).reshape(3, 4) + 0.1
V = np.sin(2.3 * np.arange(24.0)).reshape(4, 6)
ANALYTIC = [
    lambda x: np.sum(np.sin(x) * x, axis=0)[1] * x.prod(axis=1)[2],
    lambda x: (x.mean(axis=1, keepdims=True) * x).sum(),
    lambda x: (x @ V[:, :2]).sum() + np.dot(x[0], x[1]) * x.T[1].dot(x[:, 2]),
    lambda x: np.outer(x[0], x[1])[1, 2] + np.vdot(V[1, :4], x[2]) + np.matmul(x.T, x)[0, 3],
    lambda x: np.cumsum(x)[7] * np.cumsum(x, axis=0)[2, 1] * x.cumsum(1)[1, 3],
    lambda x: np.concatenate([x, x * x], axis=1)[2, 5] + np.stack((x[0], x[1] ** 3))[1, 1],
    lambda x: np.where(V[:3, :4] > 0, x, x**2).sum() * x.reshape(2, -1)[1, 1],
    lambda x: (x.ravel()[::2] * np.linspace(0.0, 1.0, 6)).sum() + x.transpose()[3, 2] ** 2,
    lambda x: (x[:, None] * x[None, :]).sum(axis=(0, 2)) @ np.array([0.3, 0.5, 0.7]),
    lambda x: np.array([x[0, 0] ** 2, x[1, 1] * 3.0]).sum() * np.sum([x[0, 1], x[1, 0]]),
    lambda x: (np.ones((2, 3, 4)) * x @ V[:4, :3]).sum() + np.eye(3)[1] @ x[:, 1],
    lambda x: np.full_like(x, 0.3).sum() * x[0, 1] + (x * np.arange(4)).sum() + x.astype(x.dtype)[2, 1] ** 2,
    lambda x: np.tanh(x / (1.0 + x * x)).sum() ** 2 - np.exp(-x).prod(),
]


@pytest.mark.parametrize("k", range(len(ANALYTIC)))
def test_arrays_against_complex_step(k):
    value, gradient = duals.gradient(ANALYTIC[k], (X,))
    assert value == pytest.approx(float(ANALYTIC[k](X)), rel=1e-13)
    np.testing.assert_allclose(gradient, complex_step(ANALYTIC[k], X), rtol=1e-12, atol=1e-13)


def test_variances_against_complex_step():
    def variance(x, axis=None, ddof=0):
        centred = x - x.mean(axis=axis, keepdims=True)
        return (centred * centred).sum(axis=axis) / (centred.size / np.size(centred.sum(axis=axis)) - ddof)

    def library(x):
        return x.std() + x.var(axis=0)[1] * np.std(x, axis=1)[2] + x.mean() * np.var(x, axis=0, ddof=1)[2]

    def written(x):
        return (
            variance(x) ** 0.5
            + variance(x, 0)[1] * variance(x, 1)[2] ** 0.5
            + x.mean() * variance(x, 0, 1)[2]
        )

    value, gradient = duals.gradient(library, (X,))
    assert value == pytest.approx(float(library(X)), rel=1e-13)
    np.testing.assert_allclose(gradient, complex_step(written, X), rtol=1e-12, atol=1e-13)


def gradient_of(fun, *args, argnums=0):
    return duals.gradient(fun, args, argnums)[1]


def test_kinks_have_the_written_answers():
    assert gradient_of(lambda x: abs(x), 0.0) == 0.0
    assert gradient_of(lambda x: np.maximum(x, 0.0), 0.0) == 1.0
    assert gradient_of(lambda x: np.maximum(0.0, x), 0.0) == 0.0
    assert gradient_of(lambda x, y: max(x, y), 1.0, 1.0, argnums=(0, 1)) == (1.0, 0.0)
    assert gradient_of(lambda x, y: min(x, y), 1.0, 1.0, argnums=(0, 1)) == (1.0, 0.0)
    np.testing.assert_array_equal(gradient_of(lambda x: x.max(), np.array([1.0, 2.0, 2.0])), [0, 1, 0])
    tied = np.array([[1.0, 3.0], [3.0, 0.0]])
    np.testing.assert_array_equal(gradient_of(lambda x: np.max(x), tied), [[0, 1], [0, 0]])
    np.testing.assert_array_equal(
        gradient_of(lambda x: np.clip(x, 0.0, 1.0).sum(), np.array([-1, 0, 0.5, 1, 2])), [0, 1, 1, 1, 0]
    )
    assert gradient_of(lambda x: x**0, 0.0) == 0.0
    assert gradient_of(lambda x: x**1, 0.0) == 1.0
    assert gradient_of(lambda x: x**2.0, 0.0) == 0.0
    assert gradient_of(lambda x: math.sqrt(x), 0.0) == 0.0
    assert gradient_of(lambda x: x // 0.3 + math.floor(x) + round(x, 1) + int(x) + np.sign(x), 0.7) == 0.0
    assert gradient_of(lambda x, y: x % y, 1.7, 0.5, argnums=(0, 1)) == (1.0, -3.0)


def test_comparisons_are_watched():
    duals.gradient(lambda x: x if x < 1.0 + 1e-9 else -x, (1.0,))
    assert watch.smallest < 2e-9
    duals.gradient(lambda x: x if x < 3.0 else np.floor(x), (1.0,))
    assert watch.smallest == 2.0


def test_ties_can_be_broken_either_way():
    def fun(x):
        return x if x < 2.0 else 3.0 * x + math.floor(x)

    assert [duals.gradient(fun, (2.0,), bias=bias) for bias in (0, 1, -1)] == [
        (8.0, 3.0),
        (8.0, 3.0),
        (2.0, 1.0),
    ]
    assert watch.ties == 1


def test_views_and_aliases_share_memory():
    def fun(x, y):
        v = x[1:]
        v *= y[0]
        x[0], x[1] = x[1], x[0]
        return x[0] * y[1] + x[1]

    memory = np.array([2.0, 3.0, 5.0])
    first, second = gradient_of(fun, memory, memory, argnums=(0, 1))
    # memory (a, b, c) becomes (a b, a, a c): the result is a b * a + a
    np.testing.assert_allclose(first, [2 * 2 * 3 + 1, 4.0, 0.0])
    np.testing.assert_allclose(second, first)
    np.testing.assert_array_equal(memory, [2.0, 3.0, 5.0])
    np.testing.assert_allclose(
        gradient_of(lambda x, y: x[0] * y[0], memory[1:], memory[::-1], argnums=0), [5.0, 3.0]
    )


class Pair(NamedTuple):
    w: np.ndarray
    n: int


@dataclasses.dataclass
class Box:
    pair: Pair
    b: float


def test_containers_keep_their_structure():
    def fun(box, options):
        return box.b * box.pair.w.sum() * options["gain"] ** box.pair.n

    box = Box(Pair(np.array([1.0, 2.0]), 2), 3.0)
    one, two = gradient_of(fun, box, {"gain": 2.0, "name": "x", "none": None}, argnums=(0, 1))
    assert isinstance(one, Box) and isinstance(one.pair, Pair) and one.pair.n is None and one.b == 12.0
    np.testing.assert_array_equal(one.pair.w, [12.0, 12.0])
    assert two == {"gain": 36.0, "name": None, "none": None}


class Layer:
    def __init__(self, gain):
        self.gain = gain

    def scaled(self, x):
        return self.gain * math.tanh(x)

    def apply(self, x):
        return self.scaled(x) ** 2


def test_functions_of_every_kind_are_moved():
    def doubled(fun):
        @functools.wraps(fun)
        def wrapper(*args, **kwargs):
            return fun(*args, **kwargs)

        return wrapper

    count = 0.5

    @doubled
    def closure(x, y=2.0):
        nonlocal_free = [count * x for _ in range(2)]
        return sum(nonlocal_free) * y

    assert gradient_of(closure, 1.5) == pytest.approx(2.0)
    assert gradient_of(functools.partial(closure, y=3.0), 1.5) == pytest.approx(3.0)
    t = math.tanh(0.4)
    assert gradient_of(Layer(0.7).apply, 0.4) == pytest.approx(2 * 0.49 * t * (1 - t * t))


def test_second_order_by_duals_of_duals():
    def fun(x, y):
        return np.sum(np.sin(x) * x[::-1]) * y**3 + np.exp(x[0] * y)

    x, y, direction = np.array([0.3, -0.8, 1.1]), 0.7, np.array([0.2, -1.0, 0.5, 0.4])

    def flat_gradient(t):
        one, two = gradient_of(fun, x + t * direction[:3], y + t * direction[3], argnums=(0, 1))
        return np.array([*one, two])

    one, two = duals.hessian_vector(fun, (x, y), direction, (0, 1))
    h = 1e-5
    np.testing.assert_allclose([*one, two], (flat_gradient(h) - flat_gradient(-h)) / (2 * h), rtol=1e-8)


def test_float_would_drop_the_derivative():
    with pytest.raises(TypeError):
        float(Dual(1.0, 1.0))


def test_programs_run_and_the_oracle_repeats_their_value():
    for seed in range(500):
        program = generate(seed)
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            assert math.isfinite(plain_value(program)), seed
        expected(program)
        program.unload()


def test_the_same_seed_gives_the_same_program():
    assert [generate(s).source for s in range(50)] == [generate(s).source for s in range(50)]
    assert len({generate(s).source for s in range(50)}) == 50


def test_programs_cover_every_construct():
    seen = set()
    for seed in range(2500):
        seen |= generate(seed).constructs
    assert not CONSTRUCTS - seen


def test_gradients_of_programs_against_differences():
    checked = 0
    for seed in range(200):
        program = generate(seed)
        truth = expected(program)
        if not program.single and truth.distance > 1e-4:
            checked += agrees_with_differences(program, truth)
        program.unload()
    assert checked > 120


def agrees_with_differences(program, truth, h=1e-6):
    """Compare a directional derivative; count programs whose gradient is not zero."""
    exact = numbers(truth.gradient)
    directions = np.random.default_rng(program.seed).standard_normal(exact.size)

    def moved(sign):
        args = program.args()
        call = duals.run.Call(program.load(), args, program.argnums)
        return duals.primal(
            duals.run.unpacked(call.run(lambda v, k: v + (sign * h * directions[k] if k >= 0 else 0.0)))
        )

    numeric = (moved(1) - moved(-1)) / (2 * h)
    call = duals.run.Call(program.load(), program.args(), program.argnums)
    unique = np.zeros(call.memory.n_directions)
    numbered = (
        numbers(call.directions[call.positions[0]])
        if call.single
        else numbers(tuple(call.directions[i] for i in call.positions))
    )
    unique[numbered.astype(int)] = exact
    scale = max(np.abs(exact).max(initial=0.0), 1e-3)
    assert numeric == pytest.approx(unique @ directions[: unique.size], abs=1e-5 * scale), program.seed
    return bool(np.abs(exact).max(initial=0.0) > 0)


class Refusal(Exception):
    """Stands for the compiler's own error class."""


def pretended(monkeypatch, fault):
    """A compiler that answers with the oracle, but for a fault."""

    class Gradient:
        def __init__(self, fun, argnums):
            self.fun, self.argnums = fun, argnums

        def interpreted(self, *args):
            value, gradient = duals.gradient(self.fun, args, self.argnums)
            return fault(self.fun, value, typed(gradient, args, self))

    def typed(gradient, args, g):
        call = duals.run.Call(g.fun, args, g.argnums)
        given = (gradient,) if call.single else gradient
        out = tuple(like(d, args[i]) for d, i in zip(given, call.positions))
        return out[0] if call.single else out

    def like(derivative, arg):
        kinds = iter(duals.run.leaves(arg))
        return duals.run.walk(derivative, lambda d: convert(d, next(kinds)))

    def convert(derivative, arg):
        if derivative is None:
            return None
        if isinstance(arg, np.ndarray):
            return np.asarray(derivative, dtype=arg.dtype)
        return np.float32(derivative) if isinstance(arg, np.float32) else float(derivative)

    module = types.ModuleType("adtrans")
    module.AdtransError = Refusal
    module.value_and_grad = lambda fun, argnums=0, **options: Gradient(fun, argnums)
    monkeypatch.setitem(sys.modules, "adtrans", module)


def test_the_judge_knows_right_from_wrong(monkeypatch):
    pretended(monkeypatch, lambda fun, value, gradient: (value, gradient))
    assert {judge(generate(s), "interpreted").outcome for s in range(100)} == {"right"}
    pretended(monkeypatch, lambda fun, value, gradient: (value + 1e-6, gradient))
    assert {judge(generate(s), "interpreted").outcome for s in range(30)} <= {"wrong", "right", "near"}

    def refuse(fun, value, gradient):
        raise Refusal("not in the language")

    pretended(monkeypatch, refuse)
    assert judge(generate(1), "interpreted").outcome == "refused"

    def crash(fun, value, gradient):
        raise KeyError("lost")

    pretended(monkeypatch, crash)
    assert judge(generate(1), "interpreted").outcome == "crashed"


def test_the_judge_sees_wrong_forms(monkeypatch):
    program = next(
        p
        for p in map(generate, range(100))
        if p.argnums == 0 and p.args()[0].__class__ is float and not p.single
    )
    for wrong in (lambda g: np.array(g), lambda g: (g,), lambda g: None, lambda g: g * (1 + 1e-8) + 1e-11):
        pretended(monkeypatch, lambda fun, value, gradient, wrong=wrong: (value, wrong(gradient)))
        assert judge(program, "interpreted").outcome == "wrong"


def test_the_command_counts_outcomes(monkeypatch, capsys):
    pretended(monkeypatch, lambda fun, value, gradient: (value, gradient))
    assert campaign.main(["--interpreted", "60", "--seed", "7"]) == 0
    assert "60 programs: 60 right, 0 wrong" in capsys.readouterr().out
    pretended(monkeypatch, lambda fun, value, gradient: (value + 1.0, gradient))
    assert campaign.main(["--interpreted", "5"]) == 1


def test_failing_programs_are_made_small(monkeypatch):
    seed = next(
        s
        for s in range(500)
        if "np:cumsum" in generate(s, 8).constructs and "func:entry-lambda" not in generate(s, 8).constructs
    )

    def fault(fun, value, gradient):
        if any("cumsum" in str(code) for code in names(fun)):
            raise KeyError("lost")
        return value, gradient

    def names(fun):
        from tests.duals.transplant import global_names

        fun = getattr(fun, "func", getattr(fun, "__wrapped__", getattr(fun, "py_func", fun)))
        return global_names(fun.__code__)

    pretended(monkeypatch, fault)
    program = generate(seed, 8)
    small = shrink(program, "interpreted", most=300)
    assert "cumsum" in small.source
    assert len(small.source) < 0.7 * len(program.source)
