"""Differences, integrals, slopes, interpolation, convolution and polynomials."""

import numpy as np
import pytest

import adtrans
from tests.functions.harness import case, cast, flat, forms, judge

RNG = np.random.default_rng(51)
X = RNG.permutation(7) / 4.0 - 0.6
A = RNG.normal(size=(4, 5))
C = RNG.normal(size=(3, 4, 3))
T = np.array([0.1, 0.9, 1.4, 2.2, 3.1])
K = np.array([0.0, 1.0, 2.5, 4.0])
F = RNG.normal(size=4)
P = np.array([-1.0, 0.3, 1.7, 3.3, 5.2, 2.1])
I = np.array([3, 1, 4, 1, 5])


def piecewise(x, xp, fp, left=None, right=None):
    """np.interp in whatever precision its arguments have."""
    points, found = np.ravel(x), []
    for at in points:
        k = int(np.searchsorted(xp, at, "right")) - 1
        if k < 0:
            found.append(fp[0] if left is None else left)
        elif k == len(xp) - 1:
            found.append(fp[-1] if right is None else right)
        else:
            found.append(fp[k] + (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k]) * (at - xp[k]))
    return np.array(found, np.longdouble).reshape(np.shape(x))


def interp(text, **args):
    """A case of np.interp, which NumPy has in double precision only: differences of `piecewise`."""
    plain = case(text.replace("np.interp", "piecewise"), {"piecewise": piecewise}, **args).function()

    def slope(*given):
        *values, directions = given
        h = np.longdouble(2.0) ** -20
        wide = [cast(np.asarray(value), np.longdouble) for value in values]
        ends = [flat(plain(*(value + sign * h * directions[name] if name in directions else value
                             for name, value in zip(args, wide)))) for sign in (1, -1)]
        return tuple((a - b) / (2 * h) for a, b in zip(*ends))

    return case(text, _reference=slope, **args)


CASES = [
    *(case(f"np.diff(a{more})", a=A) for more in ("", ", 2", ", n=3", ", axis=0", ", n=2, axis=0", ", 1, 1", ", axis=-2", ", n=0", ", n=9", ", n=4, axis=0",
                                                 ", prepend=0.0", ", append=a", ", prepend=a[:, :1], append=2.0", ", axis=0, prepend=a[:1]")),
    *(case(f"np.diff({arg})", x=x) for x in forms(RNG, (7,)) for arg in ("x", "x, 2", "x, prepend=1.0, append=[2.0, 3.0]", "x[::-1]", "x * x")),
    *(case(f"np.diff(c, axis={axis})", c=C) for axis in (0, 1, 2)), case("np.diff([x[0], 2.0, x[1]])", x=X),
    case("np.diff(x > 0.0) * x[1:]", x=X), case("np.diff(i) * s", i=I, s=0.4), case("np.diff(e)", e=np.zeros(0)), case("np.diff(e)", e=np.zeros(1)),
    *(case(f"np.ediff1d({arg})", x=X, a=A) for arg in ("x", "a", "x, to_end=1.0", "x, to_begin=-1.0, to_end=[1.0, 2.0]", "x, x[:2]", "a[:, ::2]")),
    *(case(f"np.trapezoid({arg})", a=A, x=X, t=T) for arg in
      ("x", "a", "a, dx=0.3", "a, dx=0.3, axis=0", "a, t", "a, x=t, axis=-1", "a, t[:4], axis=0", "a, np.cumsum(a * a, axis=0), 1.0, 0", "[x[0], 2.0, x[1]]",
       "x[:5], t", "a, dx=t[0]", "a, axis=1", "x[:1]") if hasattr(np, "trapezoid")),
    *(case(f"np.gradient({arg})", a=A, x=X, c=C, t=T, s=0.3) for arg in
      ("x", "x, 0.3", "x, s", "x[:5], t", "x, edge_order=2", "x[:5], t, edge_order=2", "a", "a, 0.3", "a, 0.3, s", "a, t[:4], t", "a, axis=0", "a, axis=-1",
       "a, 0.5, axis=(0, 1)", "a, t, axis=1", "a, t[:4], 0.2, edge_order=2", "c", "c, axis=1", "c, axis=(0, 2)", "c, edge_order=2, axis=1", "x[:2]", "a.T", "a[::2]")),
    case("np.gradient(i) * s", i=I, s=0.4), case("np.gradient(i, 2) * s", i=I, s=0.4),
    *(interp(f"np.interp({arg})", p=P, k=K, f=F) for arg in
      ("p, k, f", "p, k, f, 0.5", "p, k, f, left=0.5, right=-1.0", "p, k, f, right=2.0", "p.reshape(2, 3), k, f", "p[::2], k, f", "2.2, k, f", "p[1], k, f",
       "p, [0.0, 1.0, 2.0], f[:3]", "p, k[:1], f[:1]", "p * 0.5, k, f * f", "[0.5, 1.5], k, f")),
    interp("np.interp(s, k, f)", s=1.2, k=K, f=F), interp("np.interp(e, k, f)", e=np.zeros(0), k=K, f=F),
    interp("np.interp(i, k + 0.1, f)", i=I, k=K, f=F), interp("np.interp(p, k, f, left=s)", p=P, k=K, f=F, s=0.7),
    *(case(f"np.{name}(u, v{mode})", u=RNG.normal(size=m), v=RNG.normal(size=n)) for name in ("convolve", "correlate")
      for mode in ("", ", 'full'", ", 'same'", ", mode='valid'") for m, n in ((6, 3), (3, 6), (6, 2), (2, 6), (4, 4), (5, 1), (1, 5), (7, 4), (4, 7))),
    *(case(f"np.{name}(x, [1, 2, 1])", x=X) for name in ("convolve", "correlate")), case("np.convolve([1.0, x[0]], x)", x=X), case("np.convolve(x, 2.0)", x=X),
    case("np.convolve(x[::2], x[::-1])", x=X), case("np.convolve(i, i) * s", i=I, s=0.4), case("np.convolve(i, x)", i=I, x=X),
    *(case(f"np.polyval({arg})", a=A, f=F, s=0.7, i=I, _rough=10.0) for arg in
      ("f, a", "f, s", "[1.0, 2.0, s], a", "f, 2", "f, i", "i, f", "i, s", "f, f", "f[:1], a", "f, a[:, ::2]", "f, [1.0, s]")),
    *(case(f"np.polyder({arg})", f=F, a=A) for arg in ("f", "f, 2", "f, m=0", "f, 9", "a[0]", "[a[0, 0], 2.0, 3.0]")),
    *(case(f"np.vander({arg})", f=F, i=I) for arg in ("f", "f, 3", "f, N=6", "f, 4, increasing=True", "f, increasing=True", "f, 1", "f[::2]", "[f[0], 2.0]", "f, 0")),
    case("np.vander(i) * s", i=I, s=0.4),
]  # fmt: skip


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found, single):
    judge(found, single)


@pytest.mark.parametrize("found", CASES[::50], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


def test_interpolation_with_a_period():
    k, f = np.array([0.2, 0.7, 1.5, 2.9]), F
    fun = case("np.interp(p, k, f, period=3.0)", p=P, k=k, f=f).function()
    out, pullback = adtrans.vjp(fun, P, k, f)
    assert np.allclose(out, fun(P, k, f), rtol=1e-14)
    bars = pullback(np.ones_like(out))
    for bar, name in zip(bars, "pkf"):
        values = {"p": P, "k": k, "f": f}
        direction = RNG.normal(size=values[name].shape)
        ends = [np.sum(fun(**{**values, name: values[name] + sign * 1e-6 * direction})) for sign in (1, -1)]
        assert np.isclose(np.sum(bar * direction), (ends[0] - ends[1]) / 2e-6, rtol=1e-7)


@pytest.mark.parametrize("text, words", [
    ("np.diff(a, n=-1)", "order must be non-negative"), ("np.gradient(a, edge_order=3)", "greater than 2 not supported"),
    ("np.gradient(a, t, axis=0)", "must match the length"),
    ("np.interp(t, t, t[:3])", "not of the same length"), ("np.convolve(t, t, 'most')", "mode must be one of"), ("np.convolve(t[:0], t)", "cannot be empty"),
    ("np.vander(a)", "one-dimensional"),
])  # fmt: skip
def test_refused(text, words):
    fun = case(text, a=A, t=T).function()
    with pytest.raises(ValueError):
        fun(A, T)
    with pytest.raises(ValueError, match=words):
        adtrans.vjp(fun, A, T)
