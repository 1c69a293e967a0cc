"""The elementary functions: against mpmath, at special values, vectorised, and in the place of NumPy's."""

import functools
import math
import operator
import re

import mpmath
import numba
import numpy as np
import pytest
from numba.core import typed_passes

from adtrans import cache
from adtrans.backend import cpu
from adtrans.backend.vecmath import INTRINSICS, OPERATORS, TABLE, VectorMath, sigmoid
from adtrans.backend.vecmath.library import available
from tests.backend.test_cpu import run_python

pytestmark = pytest.mark.skipif(
    not available(numba.core.registry.cpu_target.target_context), reason="no fused multiplication and addition"
)
FORMATS = {np.float64: (53, -1074), np.float32: (24, -149)}
BINARY = {"arctan2", "power"}
each_function = pytest.mark.parametrize("name", list(INTRINSICS))
each_format = pytest.mark.parametrize("dtype", list(FORMATS), ids=["f8", "f4"])


@functools.cache
def looped(name):
    """The function over arrays, compiled the way generated code is."""
    function = INTRINSICS[name]

    def unary(x, y):
        for i in range(x.shape[0]):
            y[i] = function(x[i])

    def binary(x, z, y):
        for i in range(x.shape[0]):
            y[i] = function(x[i], z[i])

    compiler = numba.njit(error_model="numpy", fastmath=set(cpu.FASTMATH))
    return compiler(binary if name in BINARY else unary)


def evaluated(name, *arguments):
    result = np.empty_like(arguments[0])
    looped(name)(*arguments, result)
    return result


# Against mpmath.


def exact(name, *arguments):
    """The value with 40 digits, more where the argument is far from zero."""
    with mpmath.workdps(40 if name in ("power", "sigmoid") else 60):
        x = mpmath.mpf(float(arguments[0]))
        match name:
            case "sigmoid":
                return 1 / (1 + mpmath.exp(-x))
            case "exp2":
                return mpmath.power(2, x)
            case "log2":
                return mpmath.log(x) / mpmath.log(2)
            case "arctan":
                return mpmath.atan(x)
            case "arctan2":
                return mpmath.atan2(x, mpmath.mpf(float(arguments[1])))
            case "power":
                return mpmath.power(x, mpmath.mpf(float(arguments[1])))
        return getattr(mpmath, name)(x)


def ulps(result, true, dtype):
    """The error in units of the last place of the true value; infinity counts as the first power of two too large."""
    precision, least = FORMATS[dtype]
    largest = mpmath.ldexp(1, 1024 if dtype is np.float64 else 128)
    if abs(true) >= largest:
        return mpmath.mpf(0) if np.isinf(result) and (result > 0) == (true > 0) else mpmath.inf
    value = mpmath.mpf(float(result)) if np.isfinite(result) else math.copysign(1, result) * largest
    exponent = max(mpmath.frexp(true)[1] - precision, least) if true else least
    return abs(value - true) / mpmath.ldexp(1, int(exponent))


def around(values, dtype, steps=2):
    """The values and their neighbours on both sides."""
    points = [np.asarray(values, dtype)]
    for direction in (-np.inf, np.inf):
        point = points[0]
        for _ in range(steps):
            point = np.nextafter(point, dtype(direction))
            points.append(point)
    return np.concatenate(points)


def anywhere(rng, dtype, n):
    """Numbers with random bits: all magnitudes, subnormal ones included."""
    bits = rng.integers(0, 2 ** (64 if dtype is np.float64 else 32), n, dtype=np.uint64)
    numbers = bits.astype(np.uint64 if dtype is np.float64 else np.uint32).view(dtype)
    return numbers[np.isfinite(numbers)]


THRESHOLDS = {
    "exp": [709.782712893384, -708.3964185322641, -745.1332191019412, 88.72283905206835, -87.33654475, -103.97207708,
            math.log(2) / 2, -math.log(2) / 2],
    "exp2": [1024, -1022, -1074, -1075, 128, -126, -149, -150, 0.5, -0.5, 1023.5],
    "expm1": [709.782712893384, 88.72283905206835, -37.4, -17.3, 709.1, 88.2, math.log(2) / 2, -math.log(2) / 2],
    "tanh": [19.06, 9.01, 0.35, 0.3465, 20, 10],
    "sigmoid": [-709.78, -745.13, -88.7, -103.97, 36.7, 17.3],
    "log1p": [-1, -0.5, -0.2928932188134524, 0.41421356237309515, 2.0**53, 2.0**24],
    "sin": [2.0**30, 2.0**20], "cos": [2.0**30, 2.0**20], "tan": [2.0**30, 2.0**20],
    "arctan": [1, -1, 1e16, 1e8],
    "erf": [1, -1, 5.92, 3.92, 6, 4],
}  # fmt: skip
RANGES = {
    "exp": (-750, 715), "exp2": (-1080, 1030), "expm1": (-45, 10), "tanh": (-5, 5), "sigmoid": (-50, 50),
    "log": (0, 3), "log1p": (-1, 3), "log2": (0, 3), "log10": (0, 3), "sin": (-1e3, 1e3), "cos": (-1e3, 1e3),
    "tan": (-1e3, 1e3), "arctan": (-5, 5), "arctan2": (-5, 5), "erf": (-6, 6), "power": (0, 5),
}  # fmt: skip


def points(name, dtype):
    """Arguments: over the usual range, near zero, near thresholds and powers of two, and anywhere."""
    rng = np.random.default_rng(3)
    low, high = RANGES[name]
    narrow = dtype is np.float32 and high > 500 and name.startswith("exp")
    usual = rng.uniform(low, high, 1200) / (8 if narrow else 1)
    x = [usual.astype(dtype), (usual[:300] / high).astype(dtype), anywhere(rng, dtype, 400)]
    x.append(around(THRESHOLDS.get(name, [1.0]), dtype))
    x.append(around(2.0 ** rng.integers(-120, 120, 50), dtype, 1))
    if name in ("sin", "cos", "tan"):
        for limit in (2**4, 2**19, 2**29):
            multiples = rng.integers(1, limit, 200) * (math.pi / 2)
            x.append(around(multiples, dtype, 1))
    if name == "power":
        return power_points(rng, dtype, np.abs(np.concatenate(x)))
    if name == "arctan2":
        x = np.concatenate(x)
        return x, np.concatenate([rng.permutation(x[:1500]), x[1500:] * dtype(1.5)])
    return (np.concatenate(x),)


def power_points(rng, dtype, x):
    """Exponents for results of all magnitudes."""
    x = x[(x > 0) & np.isfinite(x)]
    limit = 1080 if dtype is np.float64 else 152
    with np.errstate(divide="ignore", over="ignore"):
        y = (rng.uniform(-limit, limit, len(x)) / np.log2(x.astype(float))).astype(dtype)
    kept = np.isfinite(y)
    x, y = x[kept], y[kept]
    few = rng.uniform(-3, 3, len(x)).astype(dtype)
    return np.concatenate([x, x]), np.concatenate([y, few])


@each_format
@each_function
def test_error_is_below_two_units_in_the_last_place(name, dtype):
    arguments = points(name, dtype)
    with np.errstate(all="ignore"):
        defined = np.all([np.isfinite(a) for a in arguments], axis=0)
    if name.startswith("log"):
        defined &= arguments[0] > (-1 if name == "log1p" else 0)
    arguments = tuple(np.ascontiguousarray(a[defined]) for a in arguments)
    result = evaluated(name, *arguments)
    worst = max(
        (ulps(y, exact(name, *at), dtype), *map(float, at)) for y, *at in zip(result, *arguments)
    )
    assert worst[0] < 2, worst


# At special values.


def numpys(name):
    if name == "erf":
        return np.frompyfunc(math.erf, 1, 1)
    if name == "sigmoid":
        return lambda x: 1 / (1 + np.exp(-x))
    return getattr(np, name)


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan]


def assert_same(result, expected):
    np.testing.assert_array_equal(result, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(result)[numbers], np.signbit(expected)[numbers])


@each_format
@each_function
def test_special_values(name, dtype):
    values = [*SPECIAL, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 1e30, -1e30]
    x = np.array(values if name in BINARY else [*SPECIAL, 1e30 if name.startswith("exp") else 0.0], dtype)
    arguments = (x,)
    if name in BINARY:
        x, y = (np.ascontiguousarray(a.ravel()) for a in np.meshgrid(x, x))
        arguments = x, y
    with np.errstate(all="ignore"):
        expected = numpys(name)(*arguments).astype(dtype)
    result = evaluated(name, *arguments)
    if name in BINARY:
        special = ~np.isfinite(expected) | (expected == 0) | (np.abs(expected) == 1)
        np.testing.assert_allclose(result, expected, rtol=4 * np.finfo(dtype).eps)
        arguments = tuple(a[special] for a in arguments)
        result, expected = result[special], expected[special]
    assert_same(result, expected)


@each_format
@pytest.mark.parametrize("name", ["log", "log2", "log10", "log1p"])
def test_logarithms_outside_their_domain(name, dtype):
    x = np.array([-1.5, -np.inf, np.nextafter(dtype(-1), dtype(-2)), -2.0**100], dtype)
    assert np.isnan(evaluated(name, x)).all()
    pole = np.array([-1.0 if name == "log1p" else 0.0], dtype)
    np.testing.assert_array_equal(evaluated(name, pole), [-np.inf])


@each_format
def test_exact_cases(dtype):
    n = np.arange(-149 if dtype is np.float32 else -1074, 128, dtype=dtype)
    powers = evaluated("exp2", n)
    np.testing.assert_array_equal(powers, np.ldexp(dtype(1), n.astype(int)))
    np.testing.assert_array_equal(evaluated("log2", powers), n)
    small = np.arange(1, 100, dtype=dtype)
    np.testing.assert_array_equal(evaluated("power", small, np.full_like(small, 2)), small * small)
    np.testing.assert_array_equal(evaluated("power", small, np.ones_like(small)), small)


@each_format
@pytest.mark.parametrize("name", ["sin", "tan", "tanh", "expm1", "log1p", "arctan", "erf"])
def test_small_arguments_keep_their_sign(name, dtype):
    x = np.array([0.0, 5e-324 if dtype is np.float64 else 1e-45, np.finfo(dtype).tiny, 1e-30], dtype)
    assert_same(evaluated(name, -x), -evaluated(name, x))
    if name != "erf":
        np.testing.assert_array_equal(evaluated(name, x), x)


# Vectorised.


@each_format
@each_function
def test_loops_are_vectorised(name, dtype):
    evaluated(name, *(np.ones(3, dtype) for _ in range(1 + (name in BINARY))))
    texts = {signature[0].dtype: text for signature, text in looped(name).inspect_llvm().items()}
    text = texts[numba.from_dtype(np.dtype(dtype))]
    assert re.search(r"call <\d+ x (double|float)> @llvm.fma.v\d+f", text)
    # The bodies are inlined, and their operations have no fast-math flags.
    assert f"@adtrans_{name}_" not in text
    assert not re.search(r"fadd [a-z]*(reassoc|contract)", text)


@each_format
@each_function
def test_vector_and_remainder_agree_bitwise(name, dtype):
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(0, 3, 150), [np.inf, np.nan, 0, -0.0, 1e300, 1e-310, 3e9, 1e6, -5e15]])
    with np.errstate(over="ignore"):
        x = rng.permutation(x).astype(dtype)
    arguments = (x, rng.permutation(x)) if name in BINARY else (x,)
    result = evaluated(name, *arguments)
    one = np.concatenate([evaluated(name, *(a[i : i + 1] for a in arguments)) for i in range(len(x))])
    numbers = ~np.isnan(result)
    np.testing.assert_array_equal(np.isnan(one), np.isnan(result))
    assert one[numbers].tobytes() == result[numbers].tobytes()


# In the place of NumPy's functions.


class Replacing(cpu.LeanCompiler):
    def define_pipelines(self):
        (passes,) = super().define_pipelines()
        if not any(step is VectorMath for step, _ in passes.passes):
            passes.add_pass_after(VectorMath, typed_passes.NopythonTypeInference)
            passes.finalize()
        return [passes]


@pytest.fixture(autouse=True)
def replacing(tmp_path, monkeypatch):
    monkeypatch.setenv("ADTRANS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("ADTRANS_CACHE", raising=False)
    monkeypatch.setattr(cpu, "LeanCompiler", Replacing)


HEAD = "import math\nimport numpy as np\n\n\n"


def compiled(expression, signature, key=None):
    names = ", ".join("xyz"[: len(signature)])
    return cpu.compile_module(f"{HEAD}def f({names}):\n    return {expression}\n", "f", signature, key=key, meta={})


def ir(made):
    return next(iter(made.function.inspect_llvm().values()))


@pytest.mark.parametrize("function", list(TABLE), ids=lambda f: f"{type(f).__name__}-{f.__name__}")
def test_every_function_is_replaced(function):
    name = next(name for name, intrinsic in INTRINSICS.items() if intrinsic is TABLE[function])
    module = "np" if isinstance(function, np.ufunc) else "math"
    arguments = (0.7, 1.3)[: 1 + (name in BINARY)]
    expression = f"{module}.{function.__name__}({', '.join('xy'[: len(arguments)])})"
    for code, dtype in ("f8", np.float64), ("f4", np.float32):
        made = compiled(expression, (code,) * len(arguments))
        expected = evaluated(name, *(np.array([a], dtype) for a in arguments))[0]
        assert made.function(*map(dtype, arguments)) == expected
        assert "llvm.fma" in ir(made)


def test_operators_are_replaced_but_for_simple_exponents():
    assert list(OPERATORS) == [operator.pow]
    made = compiled("x ** y", ("f8", "f8"))
    assert made.function(0.7, 1.3) == evaluated("power", np.array([0.7]), np.array([1.3]))[0]
    assert "llvm.fma" in ir(made)
    made = compiled("x ** 2", ("f8",))
    assert "llvm.fma" not in ir(made) and "fmul" in ir(made)
    for expression in ("x ** 2.0", "np.power(x, 2.0)", "x ** 0.5", "x ** -1.0"):
        made = compiled(expression, ("f8",))
        assert "llvm.fma" not in ir(made)
        assert made.function(1.7) == pytest.approx(eval(expression, {"np": np, "x": 1.7}), rel=1e-15)
    assert "llvm.fma" in ir(compiled("x ** 1.7", ("f8",)))
    assert compiled("x ** y", ("f8", "i8")).function(1.5, 2) == 2.25
    text = f"{HEAD}def f(x, y):\n    x **= y\n    return x\n"
    made = cpu.compile_module(text, "f", ("f8", "f8"), key=None, meta={})
    assert made.function(0.7, 1.3) == evaluated("power", np.array([0.7]), np.array([1.3]))[0]


CHAIN = f"""{HEAD}def f(x):
    s = 0.5
    for i in range(x.shape[0]):
        t = {{}}
        s = t * 0.5
    return s
"""


@pytest.mark.parametrize(
    ("expression", "replaced"),
    [
        ("np.exp(x[i] - s)", False), ("math.log(x[i] + s)", False), ("(x[i] + s) ** 0.3", False),
        ("np.tanh(x[i] - s)", True), ("s + np.exp(x[i])", True), ("s * math.log(x[i])", True),
    ],
)  # fmt: skip
def test_what_waits_for_itself_is_left_to_the_c_library(expression, replaced):
    made = cpu.compile_module(CHAIN.format(expression), "f", ("f8:1:C",), key=None, meta={})
    assert ("llvm.fma" in ir(made)) == replaced
    x, s = np.linspace(0.5, 3, 7), 0.5
    for i in range(len(x)):
        s = 0.5 * eval(expression)
    assert made.function(x) == pytest.approx(s, rel=1e-14)


def test_mixed_formats_are_widened():
    made = compiled("np.arctan2(x, y)", ("f4", "f8"))
    x, y = np.float32(0.7), 1.3
    assert made.function(x, y) == evaluated("arctan2", np.array([x], float), np.array([y]))[0]


@pytest.mark.parametrize("code", ["i8", "i4", "b1"])
def test_integers_are_left_alone(code):
    made = compiled("np.exp(x)", (code,))
    assert "llvm.fma" not in ir(made)
    assert made.function(np.dtype(code.replace("b1", "?")).type(1)) == pytest.approx(math.e, rel=1e-3)


def test_arrays_are_left_alone():
    made = compiled("np.exp(x)", ("f8:1:C",))
    np.testing.assert_allclose(made.function(np.arange(3.0)), np.exp(np.arange(3.0)), rtol=1e-15)


def test_nothing_is_raised_outside_the_domain():
    assert np.isnan(compiled("math.log(x)", ("f8",)).function(-1.0))
    assert compiled("math.exp(x)", ("f8",)).function(1e4) == np.inf
    assert compiled("math.pow(x, y)", ("f8", "f8")).function(0.0, -1.0) == np.inf


def test_logistic_function_by_name():
    @numba.njit
    def f(x):
        return sigmoid(x)

    assert f(0.0) == 0.5
    assert f(np.float32(2)) == evaluated("sigmoid", np.array([2], np.float32))[0]


LOOP = f"""{HEAD}def f(x, y):
    for i in range(x.shape[0]):
        y[i] = {{}}
"""


def test_code_from_the_cache_of_another_process():
    keys = []
    for expression in ("np.sin(x[i]) + np.exp(x[i])", "np.sin(x[i]) + math.log(x[i])"):
        text = LOOP.format(expression)
        keys.append(cache.digest(text))
        cpu.compile_module(text, "f", ("f8:1:C", "f8:1:C"), key=keys[-1], meta={})
    x = np.append(np.linspace(0.1, 5, 30), 1e12)
    expected = []
    for key in keys:
        y = np.empty_like(x)
        cpu.load(key).function(x, y)
        expected.append(y.tolist())
    code = f"""
import numpy as np
from adtrans.backend import cpu
x = np.append(np.linspace(0.1, 5, 30), 1e12)
for key in {keys!r}:
    y = np.empty_like(x)
    cpu.load(key).function(x, y)
    print(y.tolist())
"""
    assert run_python(code) == "\n".join(map(str, expected))
