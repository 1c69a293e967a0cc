"""Special functions: adtrans.special and SciPy's, on numbers and arrays.

SciPy has no extended precision: derivatives are compared with eighth-order differences in double precision.
"""

import numpy as np
import pytest
import scipy.special as sp

from adtrans import special as sa
from tests.functions.harness import case, flat, judge

RNG = np.random.default_rng(5)
X = 3.0 * RNG.normal(size=6)
A = 3.0 * RNG.normal(size=(3, 4))
P = 0.05 + 0.9 * RNG.random(5)
Q = 0.2 + 3.0 * RNG.random(5)
COEFFICIENTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


def smooth(text, **args):
    """A case judged by differences of the plain function in double precision."""
    found = case(text, {"sp": sp, "sa": sa}, **args)

    def slope(*given):
        *values, directions = given
        h = 2.0**-7
        names = list(found.args)
        total = None
        for k, c in enumerate(COEFFICIENTS, 1):
            for sign in (1, -1):
                moved = {name: np.asarray(value, float) + sign * k * h * directions[name] if name in directions else value
                         for name, value in zip(names, values)}
                terms = [c * sign * part / h for part in flat(found.function()(**moved))]
                total = terms if total is None else [a + b for a, b in zip(total, terms)]
        return tuple(total)

    found.reference = slope
    found.rough = 10.0
    return found


def exact(text, **args):
    return case(text, {"sp": sp, "sa": sa}, **args)


MAPS = ["sigmoid", "log_sigmoid", "softplus", "relu", "leaky_relu", "gelu"]
AXES = ["", ", axis=0", ", axis=-1", ", axis=None"]
CASES = [
    *(exact(f"sa.{name}(x)", x=x) for name in MAPS for x in (X, A, A.T, 1.3, -2.6, np.zeros(0), np.array(0.4))),
    *(exact(f"sa.{name}(a{axis})", a=a) for name in ("softmax", "log_softmax", "logsumexp") for axis in AXES
      for a in (A, A.T, A[:, ::2], X)),
    *(exact(f"sa.logsumexp(a{axis}, keepdims=True)", a=A) for axis in [*AXES, ", axis=(0, 1)"]),
    exact("sa.logsumexp(a, 1, b)", a=A, b=RNG.random(4)), exact("sa.logsumexp(a, b=b)", a=A, b=A * A),
    exact("sa.logsumexp([a[0, 0], 2.0])", a=A), exact("sa.softmax(a - 1000.0)", a=A),
    exact("sa.logsumexp(1000.0 + a)", a=A),
    exact("sa.logaddexp(x, y)", x=X, y=0.3 * X), exact("sa.logaddexp(x, 1.0)", x=0.5), exact("sa.logaddexp(a, x)", a=A, x=X[:4]),
    exact("sa.leaky_relu(x, 0.2)", x=X), exact("sa.leaky_relu(x, negative_slope=s)", x=X, s=0.3),
    exact("sa.cross_entropy(a, [1, 0, 3])", a=A), exact("sa.cross_entropy(a, k)", a=A, k=np.array([3, 3, 0])),
    exact("sa.cross_entropy(a, p)", a=A, p=RNG.random((3, 4))),
    exact("sa.cross_entropy(a, k, 'none')", a=A, k=np.array([3, 3, 0])),
    exact("sa.cross_entropy(a, k, reduction='sum')", a=A, k=np.array([3, 3, 0])),
    exact("sa.cross_entropy(x, 2)", x=X),
    exact("sa.binary_cross_entropy_with_logits(x, y)", x=X, y=(X > 1.0) * 1.0),
    exact("sa.binary_cross_entropy_with_logits(x, y, 'none')", x=X, y=RNG.random(6)),
    smooth("sa.gelu(x, False)", x=X), smooth("sa.gelu(x, approximate=False)", x=0.7),
    *(smooth(f"sa.{name}(q)", q=q) for name in ("erf", "gammaln", "digamma") for q in (Q, 2.5, Q.reshape(5, 1))),
    *(smooth(f"sp.{name}(p)", p=p)
      for name in ("erf", "erfc", "gammaln", "digamma", "psi", "expit", "log_expit", "gamma", "ndtr", "log_ndtr", "exp10",
                   "expm1", "log1p", "exp2", "cbrt", "entr", "logit")
      for p in (P * 0.8 + 0.1, 0.45, (P * 0.8 + 0.1).reshape(1, 5))),
    *(smooth(f"sp.{name}(x)", x=X) for name in ("erf", "erfc", "expit", "log_expit", "ndtr", "log_ndtr")),
    smooth("sp.digamma(x)", x=-P * 0.3 - 0.2), smooth("sp.log_ndtr(x)", x=np.array([-29.0, -31.0, -80.0, 3.0])),
    *(smooth(f"sp.{name}(p, q)", p=p, q=q)
      for name in ("xlogy", "xlog1py", "rel_entr", "kl_div", "beta", "betaln", "pseudo_huber")
      for p, q in ((0.5 + P, Q + 0.3), (0.75, Q + 0.3), (P + 0.4, 1.7))),
    *(exact(f"sp.{name}(a{axis})", a=A) for name in ("softmax", "log_softmax", "logsumexp") for axis in AXES),
    exact("sp.logsumexp(a, axis=1, keepdims=True)", a=A), exact("sp.logsumexp(a, b=b)", a=A, b=A * A),
    smooth("sp.huber(d, r)", d=1.0, r=np.array([0.1, -0.3, 2.0, -3.0])),
    smooth("sp.huber(d, r)", d=np.array([1.0, 2.0]), r=np.array([[0.1], [-3.0]])),
    smooth("sp.expit(x, out=np.zeros(6, x.dtype))", x=X), smooth("np.sum(sp.expit(x) * sp.erf(x))", x=X),
]


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found, single):
    judge(found, single)


@pytest.mark.parametrize("found", CASES[::40], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


def gradient(fun, *args):
    import adtrans

    return adtrans.grad(fun, cache=False).interpreted(*args)


@pytest.mark.parametrize("x, slope", [(0.0, 0.25), (1000.0, 0.0), (-1000.0, 0.0), (-50.0, np.exp(-50.0))])
def test_sigmoid_far_out(x, slope):
    assert np.isclose(gradient(lambda x: sa.sigmoid(x), x), slope, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("x, slope", [(0.0, 0.5), (1000.0, 1.0), (-1000.0, 0.0), (-50.0, np.exp(-50.0))])
def test_softplus_far_out(x, slope):
    assert np.isclose(gradient(lambda x: sa.softplus(x), x), slope, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("function, slope", [(sa.relu, 0.0), (sa.leaky_relu, 0.01), (sa.gelu, 0.5)])
def test_kinks(function, slope):
    assert gradient(lambda x: np.sum(function(x)), np.zeros(1))[0] == slope
    assert gradient(lambda x: function(x), 0.0) == slope


def test_nothing_of_anything():
    import adtrans

    a_bar, b_bar = adtrans.grad(lambda a, b: sa.logaddexp(a, b), argnums=(0, 1), cache=False).interpreted(-np.inf, -np.inf)
    assert a_bar == b_bar == 0.5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", sa.__all__)
def test_plain_python_keeps_the_dtype(name, dtype):
    x = np.linspace(0.1, 2.0, 5).astype(dtype)
    others = {"cross_entropy": (2,), "binary_cross_entropy_with_logits": (x > 1,), "logaddexp": (x,)}.get(name, ())
    assert np.asarray(getattr(sa, name)(x, *others)).dtype == dtype
    assert np.ndim(getattr(sa, name)(x, *others)) in (0, 1)


def test_wrong_reduction():
    with pytest.raises(ValueError, match="reduction"):
        sa.cross_entropy(A, [0, 1, 2], "median")
