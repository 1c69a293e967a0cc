"""Averages, statistics that ignore NaNs, covariances."""

import numpy as np
import pytest

import adtrans
from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(31)
A = RNG.normal(size=(3, 4)) + 0.2
C = RNG.normal(size=(2, 3, 4))
X = RNG.normal(size=6)
N = np.where(RNG.random((3, 4)) < 0.25, np.nan, RNG.permutation(12).reshape(3, 4) / 5.0 + 0.1)
N[0, 0], N[1, 1] = np.nan, 0.77
C_NAN = np.where(RNG.random((2, 3, 4)) < 0.2, np.nan, C)
V = 0.5 + RNG.random(3)
V4 = 0.5 + RNG.random(4)
F = 0.5 + RNG.random((3, 4))
I = np.array([[3, -1, 2], [5, 0, 7]])
NAN = ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"]

CASES = [
    *(case(f"np.average(a{axis})", a=a) for a in forms(RNG, (3, 4)) for axis in ("", ", axis=0", ", axis=-1", ", 1")),
    *(case(f"np.average(c, axis={axis}, keepdims=True)", c=C) for axis in ("None", "1", "(0, 2)")),
    *(case(f"np.average(a, {axis}, v)", a=A, v=v) for axis, v in (("0", V), ("1", V4), ("-1", V4), ("0", F), ("None", F))),
    *(case(f"np.average(a, axis={axis}, weights=v, keepdims=True)", a=A, v=v) for axis, v in (("0", V), ("1", F), ("None", F))),
    case("np.average(a, axis=0, weights=[1.0, 2.0, s])", a=A, s=0.7), case("np.average(x, weights=w)", x=X, w=X * X),
    case("np.average([x[0], 2.0], weights=[1, 3])", x=X), case("np.average(i, axis=0) * s", i=I, s=0.4),
    case("np.average(a, axis=0, weights=v, returned=True)", a=A, v=V), case("np.average(a, axis=1, returned=True)", a=A),
    *(case(f"np.{name}(n{axis}{keep})", n=N) for name in NAN for axis in ("", ", axis=0", ", axis=1", ", -1") for keep in ("", ", keepdims=True")),
    *(case(f"np.{name}(c, axis={axis})", c=C_NAN) for name in NAN for axis in ("2", "(0, 1)", "(0, 1, 2)")),
    *(case(f"np.{name}(x)", x=x) for name in NAN for x in (X, X[::2], np.array([np.nan, 1.5, np.nan]))),
    *(case(f"np.{name}(i, axis=0) * s", i=I, s=0.4) for name in NAN),
    *(case(f"np.{name}([x[0], np.nan, 3.0])", x=X) for name in NAN),
    *(case(f"np.{name}(n, axis=0, ddof=1)", n=C_NAN[0]) for name in ("nanvar", "nanstd")),
    *(case(f"np.{name}(n, axis=0, out=np.zeros(4, n.dtype))", n=N) for name in NAN),
    *(case(f"np.{name}(n, initial=1.5)", n=N) for name in ("nansum", "nanprod")),
    *(case(f"np.{name}(n, where=w)", n=N, w=F > 0.9) for name in ("nansum", "nanprod")),
    *(case(f"np.{name}(n{axis})", n=N) for name in ("nancumsum", "nancumprod") for axis in ("", ", axis=0", ", axis=1", ", axis=-1")),
    *(case(f"np.{name}(n{axis}) * s", n=np.where(np.isnan(N), N, N), s=0.3) for name in ("nanargmax", "nanargmin") for axis in ("", ", axis=0", ", axis=1")),
    *(case(f"np.cov({arg})", a=A, x=X, v=V) for arg in
      ("a", "a.T", "x", "a, bias=True", "a, ddof=0", "a, ddof=2", "a, rowvar=False", "x, np.sin(x)", "x, x * x, bias=True",
       "a, a * a", "a, rowvar=False, y=v.reshape(3, 1)", "[x, x * x]", "a[:, :3], v", "a, aweights=[1.0, 2.0, 3.0, 1.5]",
       "a, fweights=[1, 2, 3, 1]", "a, fweights=[1, 2, 3, 1], aweights=[0.4, 0.2, 0.3, 0.5]", "a, aweights=[1.0, 2.0, 3.0, 1.5], bias=True")),
    *(case(f"np.corrcoef({arg})", a=A, x=X, _rough=10.0) for arg in ("a", "x", "a, rowvar=False", "x, np.sin(x)", "[x, x * x]", "a, a * a + 0.3 * a")),
    *(case(f"np.cumulative_sum({arg})", a=A, x=X) for arg in ("x", "a, axis=0", "a, axis=-1, include_initial=True", "x, include_initial=True")
      if hasattr(np, "cumulative_sum")),
    *(case(f"np.cumulative_prod({arg})", a=A, x=X) for arg in ("x", "a, axis=0", "a, axis=-1, include_initial=True")
      if hasattr(np, "cumulative_prod")),
]  # fmt: skip


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_function(found, single):
    judge(found, single)


@pytest.mark.parametrize("found", CASES[::60], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


@pytest.mark.parametrize("name", NAN[2:])
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_nothing_but_nan(name):
    a = np.array([[np.nan, np.nan], [1.0, 3.0]])
    fun = case(f"np.{name}(a, axis=1)", a=a).function()
    out, pullback = adtrans.vjp(fun, a)
    assert np.array_equal(out, fun(a), equal_nan=True)


@pytest.mark.parametrize("text, error", [
    ("np.average(a, weights=v)", TypeError), ("np.average(a, axis=1, weights=v)", ValueError),
    ("np.average(a, weights=a * 0.0)", ZeroDivisionError), ("np.cov(c)", ValueError),
])  # fmt: skip
def test_refused(text, error):
    fun = case(text, a=A, v=V, c=C).function()
    for run in (fun, lambda *args: adtrans.vjp(fun, *args)):
        with pytest.raises(error):
            run(A, V, C)
