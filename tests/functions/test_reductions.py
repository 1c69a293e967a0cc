"""Reductions in every form of their arguments, and the accuracy of sums in single precision."""

import numpy as np
import pytest

import adtrans
from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(21)
NAMES = ["sum", "prod", "mean", "var", "std", "max", "min"]
C = RNG.normal(size=(2, 3, 4)) + 0.1
M = RNG.permutation(12).reshape(3, 4) / 4.0 + 0.13
X = RNG.permutation(6) / 3.0 - 0.8
W = M > 0.9
E = np.zeros((3, 0))
I = np.array([[3, -1, 2], [5, 0, 7]])
B = np.array([[True, False, True], [True, True, True]])
AXES = ["", "axis=None", "axis=0", "axis=1", "axis=-1", "axis=(0, 2)", "axis=(-1, 1)", "axis=(0, 1, 2)", "axis=()"]


def call(name, *parts):
    return f"np.{name}({', '.join(part for part in parts if part)})"


CASES = [
    *(case(call(name, "c", axis, keep), c=C) for name in NAMES for axis in AXES for keep in ("", "keepdims=True")
      if not (name in ("max", "min", "var", "std") and axis == "axis=()")),
    *(case(call(name, "m", axis), m=m) for name in NAMES for m in forms(RNG, (3, 4)) for axis in ("", "axis=0", "axis=1")),
    *(case(call(name, arg), x=X, s=1.3) for name in NAMES for arg in
      ("[x[0], x[1], 0.3]", "(s, 2.0)", "s", "s, keepdims=True", "x[::-1]", "x[2:5]", "x * x", "[x, x + 1.0], axis=0")),
    *(case(f"m.{name}({axis})", m=M) for name in NAMES for axis in ("", "0", "axis=1", "axis=1, keepdims=True")),
    *(case(call(name, "m", "where=w", axis, keep), m=M, w=W) for name in ("sum", "prod", "mean", "var", "std")
      for axis in ("", "axis=1") for keep in ("", "keepdims=True")),
    *(case(call(name, "c", "axis=-1", "where=w[0]"), c=C, w=np.ones((1, 4), bool)) for name in ("sum", "prod", "mean")),
    *(case(call(name, "m", axis, "initial=0.4", where), m=M, w=W) for name in ("sum", "prod", "max", "min")
      for axis in ("", "axis=0") for where in ("", "where=w")),
    *(case(call(name, "m", "axis=0", "out=np.zeros(4, m.dtype)"), m=M) for name in NAMES),
    *(case(f"(np.{name}(m, axis=1, out=r), r)", _setup="r = np.ones(3, m.dtype)", m=M) for name in NAMES),
    *(case(call(name, "m", "axis=0", "dtype=np.float64"), m=M) for name in NAMES[:5]),
    *(case(call(name, "m", "axis=0", "dtype=np.float32"), _rough=1e6, m=M) for name in NAMES[:5]),
    *(case(call(name, "i", axis, "dtype=np.float64") + " * s", i=I, s=0.7) for name in NAMES[:5] for axis in ("", "axis=0")),
    *(case(call(name, "i", axis) + " * s", i=I, s=0.7) for name in [*NAMES, "ptp"] for axis in ("", "axis=0")),
    *(case(call(name, "b", axis) + " * s", b=B, s=0.7) for name in ("sum", "mean", "any", "all", "count_nonzero")
      for axis in ("", "axis=0", "axis=(0, 1)")),
    *(case(f"np.{name}(m, 1, None, np.zeros(3, m.dtype))", m=M) for name in ("sum", "prod", "mean", "var", "std")),
    case("np.sum(m, 1, None, None, True, 0.5)", m=M), case("np.max(m, 1, None, True)", m=M), case("np.std(m, 1, None, None, 1)", m=M),
    *(case(call(name, "m", axis, how), m=M) for name in ("var", "std") for axis in ("", "axis=0")
      for how in ("ddof=1", "ddof=2", "correction=1", "ddof=0.5")),
    *(case(call(name, "e", axis), e=E) for name in ("sum", "prod") for axis in ("", "axis=0", "axis=1")),
    *(case(call(name, "e", "axis=0"), e=E) for name in ("max", "min", "ptp")),
    *(case(call(name, "e", "axis=1", "initial=2.5"), e=E) for name in ("max", "min")),
    *(case(call(name, "c", axis), c=C) for name in ("ptp",) for axis in ("", "axis=0", "axis=-1", "axis=(0, 1)", "axis=1, keepdims=True")),
    *(case(call(name, "c", axis) + " * s", c=C, s=1.7) for name in ("argmax", "argmin")
      for axis in ("", "axis=0", "axis=-1", "axis=1, keepdims=True", "keepdims=True")),
    *(case(call(name, "c > 0.3", axis, where) + " * s", c=C, s=1.7, w=C > 0.2) for name in ("any", "all")
      for axis in ("", "axis=0", "axis=(0, 2), keepdims=True") for where in ("", "where=w")),
    *(case(call("count_nonzero", "c > 0.3", axis) + " * s", c=C, s=1.7) for axis in ("", "axis=0", "axis=1, keepdims=True")),
    *(case(call(name, "c", axis), c=C) for name in ("cumsum", "cumprod") for axis in ("", "axis=None", "axis=0", "axis=1", "axis=-1")),
    *(case(call(name, "m", axis, "out=np.zeros((3, 4), m.dtype)"), m=M) for name in ("cumsum", "cumprod") for axis in ("axis=0", "axis=1")),
    *(case(call(name, arg), x=X, s=0.6, e=E) for name in ("cumsum", "cumprod") for arg in ("x", "x[::2]", "[s, x[0]]", "s", "e", "e, axis=0")),
    *(case(f"m.{name}({axis})", m=M) for name in ("cumsum", "cumprod") for axis in ("", "0", "axis=1")),
    case("np.cumsum(i) * s", i=I, s=0.3), case("np.cumsum(i, axis=1, dtype=np.float64) * s", i=I, s=0.3),
    case("np.cumsum(b, axis=1) * s", b=B, s=0.3),
    case("np.sum(np.log(m), where=m > 0.5)", m=np.array([[0.2, 0.7], [2.0, 0.4]])),
    case("np.sum([x[k] * k for k in range(6)])", x=X),
]  # fmt: skip


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found, single):
    judge(found, single)


@pytest.mark.parametrize("found", CASES[::110], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


def DOT(x):
    """Not pairwise in NumPy."""
    return np.dot(x, x)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("values", [np.full(100_000, 0.1, np.float32), RNG.random(100_000, dtype=np.float32)], ids=["same", "random"])
@pytest.mark.parametrize("function", [lambda x: np.sum(x), lambda x: np.mean(x), DOT, lambda x: np.sum(x * x)],
                         ids=["sum", "mean", "dot", "squares"])
def test_single_precision_sums_are_as_accurate_as_pairwise(function, values, compiled):
    g = adtrans.value_and_grad(function)
    value, slope = g(values) if compiled else g.interpreted(values)
    exact = function(values.astype(np.float64))
    assert value.dtype == slope.dtype == np.float32
    assert abs(float(value) - exact) <= 1.01 * np.spacing(np.float32(exact))
    assert function is DOT or abs(float(value) - float(function(values))) <= 8 * np.spacing(np.float32(exact))



@pytest.mark.parametrize("text, words", [
    ("np.max(e)", "zero-size array to reduction operation maximum which has no identity"),
    ("np.min(e, axis=1)", "zero-size array to reduction operation minimum which has no identity"),
    ("np.argmax(e)", "attempt to get argmax of an empty sequence"),
    ("np.max(m, where=m > 1.0)", "does not have an identity"),
    ("np.sum(m, axis=2)", "axis 2 is out of bounds for array of dimension 2"),
    ("np.sum(m, axis=(0, 0))", "duplicate value in 'axis'"),
    ("np.sum(m, axis=0, out=np.zeros((1, 4)))", "wrong number of dimensions"),
])  # fmt: skip
def test_refused(text, words):
    fun = case(text, m=M, e=E).function()
    with pytest.raises(ValueError):
        fun(M, E)
    with pytest.raises(ValueError, match=words):
        adtrans.vjp(fun, M, E)


@pytest.mark.parametrize("text", ["np.sum(m, axis=[0])", "np.sum(m, axes=0)",
                                  "np.argmax(m, axis=(0, 1))", "np.cumsum(m, axis=(0, 1))", "np.sum(m, 0, axis=0)"])  # fmt: skip
def test_refused_types(text):
    fun = case(text, m=M).function()
    for run in (fun, lambda m: adtrans.vjp(fun, m)):
        with pytest.raises(TypeError):
            run(M)
