"""Every ufunc of the language: on arrays, numbers, broadcast, of integers, with out=, where= and dtype=; its methods."""

import numpy as np
import pytest

import adtrans
from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(61)
A = RNG.permutation(6).reshape(2, 3) / 4.0 - 0.57
B = RNG.permutation(6).reshape(2, 3) / 5.0 + 0.33
R = np.array([0.45, -0.75, 1.15])
I = np.array([[3, -1, 2], [5, 1, 7]])
W = np.array([[True, False, True], [False, True, True]])

UNARY = {
    "{}": ["sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "arcsinh", "exp", "exp2", "expm1", "square", "negative", "positive",
           "absolute", "abs", "fabs", "sign", "floor", "ceil", "trunc", "rint", "degrees", "radians", "rad2deg", "deg2rad", "cbrt", "reciprocal",
           "conjugate", "isnan", "isinf", "isfinite", "signbit", "logical_not"],
    "np.abs({}) + 0.1": ["log", "log2", "log10", "sqrt", "log1p"],
    "{} * 0.5": ["arcsin", "arccos", "arctanh"],
    "{} * {} + 1.1": ["arccosh"],
}  # fmt: skip
BINARY = ["add", "subtract", "multiply", "arctan2", "hypot", "logaddexp", "logaddexp2", "maximum", "minimum", "fmax", "fmin", "copysign", "divide",
          "true_divide", "floor_divide", "remainder", "mod", "fmod", "heaviside", "less", "less_equal", "greater", "greater_equal", "equal",
          "not_equal", "logical_and", "logical_or", "logical_xor"]  # fmt: skip
POWERS = ["power", "float_power"]
BOOLEAN = {"isnan", "isinf", "isfinite", "signbit", "logical_not", *BINARY[19:]}


def unary():
    for pattern, names in UNARY.items():
        for name in names:
            dtype = "bool" if name in BOOLEAN else "a.dtype"
            for text, value in [("a", A), ("a[:, ::2]", A), ("a.T", A), ("a[0, 1]", A), ("a", 0.7), ("a", np.zeros((2, 0))), ("[a[0, 0], 0.5]", A)]:
                inner = f"np.asarray({text})" if text.startswith("[") and pattern != "{}" else text
                yield case(f"np.{name}({pattern.format(inner, inner)})", a=value)
            if pattern != "{} * 0.5":
                yield case(f"np.{name}({pattern.format('i', 'i')}) * s", i=I, s=0.6)
            if name == "conjugate":
                continue
            yield case(f"np.{name}({pattern.format('a', 'a')}, out=np.zeros(a.shape, {dtype}))", a=A)
            yield case(f"(np.{name}({pattern.format('a', 'a')}, r), r)", _setup=f"r = np.zeros((2, 3), {dtype})", a=A)
            yield case(f"np.{name}({pattern.format('a', 'a')}, out=np.ones(a.shape, {dtype}), where=w)", a=A, w=W)
            if name not in BOOLEAN:
                yield case(f"np.{name}({pattern.format('a', 'a')}, dtype=np.float64)", a=A)


def binary():
    for name in BINARY + POWERS:
        dtype = "bool" if name in BOOLEAN else "np.float64" if name == "float_power" else "a.dtype"
        first = A if name not in POWERS else B + 0.2
        for text in ("a, b", "a, b[0]", "a, b[:, :1]", "a, 1.3", "2.4, b", "a[0, 0], b[1, 1]", "a.T, b.T", "a[:, None], b", "a, [0.4, 0.5, b[0, 0]]"):
            yield case(f"np.{name}({text})", a=first, b=B)
        yield case(f"np.{name}(s, t)", s=1.7, t=0.6)
        if name not in ("heaviside", "power"):
            yield case(f"np.{name}(i, j) * s", i=I, j=np.array([2, 3, 4]), s=0.6)
        yield case(f"np.{name}(i, b)", i=np.abs(I), b=B)
        yield case(f"np.{name}(a, b, out=np.zeros((2, 3), {dtype}))", a=first, b=B)
        if name not in ("maximum", "minimum"):
            yield case(f"(np.{name}(a, b[0], r), r)", _setup=f"r = np.zeros((2, 3), {dtype})", a=first, b=B)
        yield case(f"np.{name}(a, b, out=np.ones((2, 3), {dtype}), where=w)", a=first, b=B, w=W)
        yield case(f"np.{name}(a, 0.63, out=np.ones((2, 3), {dtype}), where=w[0])", a=first, w=W)
        if name not in BOOLEAN:
            yield case(f"np.{name}(a, b, dtype=np.float64)", a=first, b=B)


METHODS = ["add", "multiply", "maximum", "minimum", "logaddexp", "hypot", "fmax", "fmin", "subtract", "divide"]
ONE_AXIS = ["subtract", "divide"]
OTHERS = [
    *(case(f"np.{name}.reduce({arg})", a=B, r=R) for name in METHODS for arg in ("a", "r", "a, 1", "a, axis=0", "a, axis=-1", "a, 0, keepdims=True", "[a[0, 0], 0.7]")),
    *(case(f"np.{name}.reduce(a, axis={axis})", a=B) for name in METHODS if name not in ONE_AXIS for axis in ("None", "(0, 1)")),
    *(case(f"np.{name}.reduce(a, initial=0.9)", a=B) for name in METHODS[:6]),
    *(case(f"np.{name}.reduce(a, axis=1, where=w, initial=0.9)", a=B, w=W) for name in METHODS[:6]),
    *(case(f"np.{name}.reduce(a, out=np.zeros(3, a.dtype))", a=B) for name in METHODS),
    *(case(f"np.{name}.accumulate({arg})", a=B, r=R) for name in METHODS for arg in ("r", "a", "a, 1", "a, axis=0", "a, axis=-1", "r[::2]")),
    *(case(f"np.{name}.accumulate(a, out=np.zeros((2, 3), a.dtype))", a=B) for name in METHODS),
    *(case(f"np.{name}.outer({arg})", a=B, r=R, s=0.7) for name in METHODS for arg in ("r, r", "a, r", "r, a", "r, s", "s, a", "[1.0, s], r")),
    *(case("r", _setup=f"r = r * 1.0\nnp.{name}.at(r, {args})", r=R, b=B) for name in METHODS
      for args in ("[0, 1, 0], b[0]", "1, b[0, 0]", "[2, 2, 2], 0.7", "slice(0, 2), b[0, :2]", "k, b[1]".replace("k", "np.array([1, 1, 0])"))),
    *(case("r", _setup=f"r = r * 1.0\nnp.{name}.at(r, [0, 2])", r=R) for name in ("negative", "exp", "square")),
    *(case(f"np.{name}.reduce(b, axis=1) * s", b=W, s=0.3) for name in ("logical_and", "logical_or")),
    case("np.modf(a)", a=A), case("np.modf(s)", s=-2.7), case("np.modf(i)[0] * s", i=I, s=0.3), case("np.modf(np.array([np.inf, -0.0, -2.5]))[0] * s", s=0.3),
    case("np.divmod(a, b)", a=A, b=B), case("np.divmod(a, 0.25)", a=A), case("np.divmod(s, 0.4)", s=1.7), case("np.divmod(i, 2)[0] * s", i=I, s=0.3),
    case("divmod(s, 0.4)", s=1.7), case("np.frexp(a * 9.0)", a=A), case("np.frexp(a.T)[0]", a=A), case("np.frexp(s)[0]", s=0.3),
    case("np.frexp(np.array([1.0, 2.0, 0.0, 5e-324, 1.7e308, np.inf]))[1] * s", s=1.0), case("np.ldexp(a, i)", a=A, i=I), case("np.ldexp(s, 3)", s=0.6),
    case("np.invert(a > 0.0) * a", a=A), case("np.invert(i) * s", i=I, s=0.3), case("np.bitwise_and(i, 3) * s", i=I, s=0.3),
    *(case(f"np.{name}(i, 2) * s", i=I, s=0.3) for name in ("bitwise_or", "bitwise_xor", "left_shift", "right_shift", "fmod", "power")),
    *(case(f"np.{name}(np.array([5, -5, 4, -4]), np.array([3, 3, -3, -3])) * s", s=0.3) for name in ("fmod", "mod", "floor_divide", "remainder")),
    *(case(f"np.clip({arg})", a=A, b=B, s=0.4, i=I) for arg in
      ("a, -0.3, 0.3", "a, None, 0.3", "a, -0.3, None", "a, b - 0.8, b", "a, b[0] - 0.9, 0.31", "s, 0.0, 1.0", "a, a_min=-0.3, a_max=0.3",
       "a, -0.3, 0.3, np.zeros((2, 3), a.dtype)", "a, -0.3, 0.3, out=np.zeros((2, 3), a.dtype)", "i, 0.5, 2.5", "[s, 2.0], 0.0, 1.0", "a, 0.3, -0.3")),
    case("a.clip(-0.3, 0.3)", a=A), case("a.clip(max=0.3)", a=A), case("a.clip(min=-0.3)", a=A), case("np.clip(i, 0, 3) * s", i=I, s=0.2),
    *(case(f"np.{text}", a=A, b=B, s=0.4, n=np.array([1.0, np.nan, np.inf, -np.inf])) for text in
      ("isclose(a, b) * a", "isclose(a, a + 1e-9) * b", "isclose(n, n) * s", "isclose(n, n, equal_nan=True) * s", "isclose(a, 0.2, atol=0.2) * a",
       "allclose(a, a) * s", "allclose(a, b) * s", "allclose(n, n) * s", "allclose(n, n, equal_nan=True) * s", "allclose(a, b, rtol=9.0) * s", "array_equal(a, a) * s",
       "array_equal(a, b) * s", "array_equal(a, s) * s", "array_equal(n, n) * s", "array_equal(n, n, equal_nan=True) * s", "array_equiv(a, a[:1]) * s",
       "array_equiv(s, [s, s]) * s", "nan_to_num([a[0, 0], np.nan])", "nan_to_num(np.array([0, np.nan]), nan=2.0) * s", "nan_to_num(a)", "nan_to_num(n, posinf=3.0, neginf=-3.0) * s",
       "nan_to_num(s)", "isposinf(n) * s", "isneginf(n) * s", "sinc(a)", "sinc(s)", "sinc(a * 0.001)", "sinc(a.T)", "sinc([s, 0.5])", "isreal(a) * s")),
    *(case(f"np.{name}(a)", a=a) for name in ("exp", "sqrt", "nan_to_num", "sinc") for a in forms(RNG, (2, 3), 0.1, 1.0)),
]  # fmt: skip
CASES = [*unary(), *binary(), *OTHERS]


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found, single):
    judge(found, single)


@pytest.mark.parametrize("found", CASES[::160], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


def test_elements_that_where_leaves_out_are_not_computed():
    x = np.array([0.0, 2.0, -1.0, 3.0])

    def logs(x):
        return np.sum(np.log(x, out=np.zeros(4), where=x > 0.0))

    assert np.array_equal(adtrans.grad(logs, cache=False).interpreted(x), [0.0, 0.5, 0.0, 1.0 / 3.0])


def test_sinc_is_flat_at_zero():
    assert adtrans.grad(lambda x: np.sinc(x), cache=False).interpreted(0.0) == 0.0


@pytest.mark.parametrize("text", ["np.add(a, a, out=np.zeros((2, 3), int))", "np.add(a, a, dtype=int)", "np.exp(a, a, a)", "np.exp(a, axis=0)", "np.less(a, a, dtype=float)",
                                  "np.exp(a, out=np.zeros((2, 3)), where=a)", "np.invert(a)"])  # fmt: skip
def test_refused_types(text):
    fun = case(text, a=A).function()
    for run in (fun, lambda a: adtrans.vjp(fun, a)):
        with pytest.raises((TypeError, ValueError)):
            run(A)


@pytest.mark.parametrize("text", ["np.exp(a, where=a > 0.0)", "np.add(a, a, dtype=np.float32, casting='unsafe')"])
def test_what_is_not_in_the_language(text):
    fun = case(text, a=A).function()
    with pytest.raises(adtrans.AdtransError):
        adtrans.vjp(fun, A)
