"""np.linalg against NumPy, its derivatives against differences in 60-digit arithmetic."""

import mpmath as mp
import numpy as np
import pytest

import adtrans
from tests.functions.harness import case, judge

RNG = np.random.default_rng(12)
H = mp.mpf(10) ** -20


def to_mp(a):
    return mp.matrix([[mp.mpf(float(x)) for x in row] for row in np.atleast_2d(a)])


def to_float(m, shape=None):
    found = np.array([[float(m[i, j]) for j in range(m.cols)] for i in range(m.rows)])
    return found if shape is None else found.reshape(shape)


def difference(fun, *inputs):
    """The directional derivative of fun(*matrices) by central differences; `inputs` are (matrix, direction) pairs."""
    def at(step):
        return fun(*(to_mp(a) if d is None else to_mp(a) + step * to_mp(d) for a, d in inputs))

    high, low = at(H), at(-H)
    if isinstance(high, tuple):
        return tuple((x - y) / (2 * H) for x, y in zip(high, low))
    return (high - low) / (2 * H)


def matrices(n, m=None, kind="any", stack=None):
    if stack is not None:
        return np.stack([matrices(n, m, kind) for _ in range(stack)])
    a = RNG.normal(size=(n, m or n))
    if kind == "good":
        return a + 3.0 * np.eye(n)
    if kind == "positive":
        return a @ a.T + 2.0 * np.eye(n)
    return a


def columns(x):
    return x[:, None] if x.ndim == 1 else x


def inv_reference(a, dots):
    return to_float(difference(lambda m: m**-1, (a, dots["a"])))


def solve_reference(a, b, dots):
    b_dot = dots.get("b")
    a_dot = dots.get("a")
    found = difference(lambda m, r: mp.lu_solve(m, r) if r.cols == 1 else m**-1 * r, (a, a_dot),
                       (columns(b), None if b_dot is None else columns(b_dot)))
    return to_float(found, b.shape)


def det_reference(a, dots):
    return float(difference(lambda m: mp.det(m), (a, dots["a"])))


def slogdet_reference(a, dots):
    return 0.0, float(difference(lambda m: mp.log(abs(mp.det(m))), (a, dots["a"])))


def mirrored(m):
    """The symmetric matrix that a lower triangle stands for."""
    found = m.copy()
    for i in range(m.rows):
        for j in range(i):
            found[j, i] = found[i, j]
    return found


def cholesky_reference(a, dots):
    return to_float(difference(lambda m: mp.cholesky(mirrored(m)), (a, dots["a"])))


def eigh_mp(a):
    _, signs = np.linalg.eigh(a)

    def run(m):
        values, vectors = mp.eigsy(mirrored(m))
        order = sorted(range(len(values)), key=lambda k: values[k])
        made = mp.matrix(m.rows, m.cols)
        for k, at in enumerate(order):
            sign = 1 if sum(float(vectors[i, at]) * signs[i, k] for i in range(m.rows)) > 0 else -1
            for i in range(m.rows):
                made[i, k] = sign * vectors[i, at]
        return mp.matrix([values[k] for k in order]), made

    return run


def eigh_reference(a, dots):
    values, vectors = difference(eigh_mp(a), (a, dots["a"]))
    return to_float(values, len(a)), to_float(vectors)


def svd_mp(a):
    u0, _, _ = np.linalg.svd(a, full_matrices=False)

    def run(m):
        u, s, vt = mp.svd_r(m)
        for k in range(len(s)):
            if sum(float(u[i, k]) * u0[i, k] for i in range(m.rows)) < 0:
                for i in range(m.rows):
                    u[i, k] = -u[i, k]
                for j in range(m.cols):
                    vt[k, j] = -vt[k, j]
        return u, mp.matrix(list(s)), vt

    return run


def svd_reference(a, dots):
    u, s, vt = difference(svd_mp(a), (a, dots["a"]))
    return to_float(u), to_float(s, min(a.shape)), to_float(vt)


def qr_mp(a):
    _, r0 = np.linalg.qr(a)

    def run(m):
        k = min(m.rows, m.cols)
        q, r = mp.qr(m[:, :k], mode="skinny") if m.rows >= k else mp.qr(m)
        r = q.T * m
        for i in range(k):
            if float(r[i, i]) * r0[i, i] < 0:
                for j in range(m.cols):
                    r[i, j] = -r[i, j]
                for j in range(m.rows):
                    q[j, i] = -q[j, i]
        return q, r

    return run


def qr_reference(a, dots):
    q, r = difference(qr_mp(a), (a, dots["a"]))
    return to_float(q), to_float(r)


def pinv_mp(m):
    return (m.T * m) ** -1 * m.T if m.rows >= m.cols else m.T * (m * m.T) ** -1


def pinv_reference(a, dots):
    return to_float(difference(pinv_mp, (a, dots["a"])))


def lstsq_reference(a, b, dots):
    def run(m, r):
        return pinv_mp(m) * r

    b_dot = dots.get("b")
    found = difference(run, (a, dots.get("a")), (columns(b), None if b_dot is None else columns(b_dot)))
    shape = (a.shape[1],) if b.ndim == 1 else (a.shape[1], b.shape[1])
    return to_float(found, shape)


def each(reference, names):
    """The reference of a stack of matrices: one after the other."""
    def run(*args):
        *args, dots = args
        parts = [reference(*(arg[k] for arg in args), {name: dots[name][k] for name in names if name in dots})
                 for k in range(len(args[0]))]
        return tuple(np.stack(p) for p in zip(*parts)) if isinstance(parts[0], tuple) else np.stack(parts)

    return run


def cases():
    yield from (case("np.linalg.inv(a)", _reference=inv_reference, a=matrices(n, kind="good")) for n in (1, 2, 4))
    yield case("np.linalg.inv(a)", _reference=each(inv_reference, "a"), a=matrices(3, kind="good", stack=2))
    yield case("np.linalg.inv(a.T)", a=matrices(3, kind="good"), _reference=lambda a, d: inv_reference(a.T, {"a": d["a"].T}))
    for n in (1, 3):
        yield case("np.linalg.solve(a, b)", _reference=solve_reference, a=matrices(n, kind="good"), b=RNG.normal(size=n))
        yield case("np.linalg.solve(a, b)", _reference=solve_reference, a=matrices(n, kind="good"),
                   b=RNG.normal(size=(n, 2)))
    yield case("np.linalg.solve(a, b)", _reference=each(solve_reference, "ab"), a=matrices(3, kind="good", stack=2),
               b=RNG.normal(size=(2, 3, 2)))
    for n in (1, 2, 4):
        yield case("np.linalg.det(a)", _reference=det_reference, a=matrices(n))
        yield case("np.linalg.slogdet(a)", _reference=slogdet_reference, a=matrices(n))
        yield case("np.linalg.slogdet(a)[1]", _reference=lambda a, d: slogdet_reference(a, d)[1], a=matrices(n))
        yield case("np.linalg.cholesky(a)", _reference=cholesky_reference, a=matrices(n, kind="positive"))
        yield case("np.linalg.eigh(a)", _reference=eigh_reference, a=matrices(n, kind="positive"))
        yield case("np.linalg.eigvalsh(a)", _reference=lambda a, d: eigh_reference(a, d)[0],
                   a=matrices(n, kind="positive"))
    singular = matrices(3)
    singular[2] = singular[0] - 2.0 * singular[1]
    yield case("np.linalg.det(a)", _reference=det_reference, a=singular)
    yield case("np.linalg.det(a)", _reference=det_reference, a=np.zeros((2, 2)))
    yield case("np.linalg.det(a)", _reference=det_reference, a=singular + 1e-9 * matrices(3))
    yield case("np.linalg.det(a)", _reference=det_reference, a=matrices(9, kind="good"))
    yield case("np.linalg.det(a)", _reference=each(det_reference, "a"), a=matrices(3, stack=2))
    yield case("np.linalg.slogdet(a)", _reference=each(slogdet_reference, "a"), a=matrices(3, stack=2))
    yield case("np.linalg.cholesky(a)", _reference=each(cholesky_reference, "a"), a=matrices(3, kind="positive", stack=2))
    yield case("np.linalg.cholesky(a)", _reference=cholesky_reference,
               a=matrices(3, kind="positive") + np.triu(np.full((3, 3), 9.0), 1))
    yield case("np.linalg.eigh(a)", _reference=each(eigh_reference, "a"), a=matrices(3, kind="positive", stack=2))
    yield case("np.linalg.eigh(a)", _reference=eigh_reference,
               a=matrices(3, kind="positive") + np.triu(np.full((3, 3), 9.0), 1))
    yield case("np.linalg.eigvalsh(a, 'U')", _reference=lambda a, d: eigh_reference(a.T, {"a": d["a"].T})[0],
               a=matrices(3, kind="positive") + np.tril(np.full((3, 3), 9.0), -1))
    for shape in ((3, 3), (5, 3), (3, 5), (1, 1), (4, 1)):
        a = matrices(*shape)
        yield case("np.linalg.svd(a, full_matrices=False)", _reference=svd_reference, a=a)
        yield case("np.linalg.svd(a, compute_uv=False)", _reference=lambda a, d: svd_reference(a, d)[1], a=a)
        yield case("np.linalg.qr(a)", _reference=qr_reference, a=a)
        yield case("np.linalg.pinv(a)", _reference=pinv_reference, a=a)
        yield case("np.linalg.norm(a, 'nuc')", _reference=lambda a, d: float(np.sum(svd_reference(a, d)[1])), a=a)
        yield case("np.linalg.norm(a, 2)", _reference=lambda a, d: float(svd_reference(a, d)[1][0]), a=a)
        if shape[0] != shape[1]:
            yield case("np.linalg.lstsq(a, b, rcond=None)[0]", _reference=lstsq_reference, a=a, b=RNG.normal(size=shape[0]))
            yield case("np.linalg.lstsq(a, b, rcond=None)[0]", _reference=lstsq_reference, a=a,
                       b=RNG.normal(size=(shape[0], 2)))
    yield case("np.linalg.svd(a)", _reference=svd_reference, a=matrices(3))
    for n in (0, 1, 2, 3, 5):
        yield case(f"np.linalg.matrix_power(a, {n})", a=matrices(3))
    yield case("np.linalg.matrix_power(a, -2)", a=matrices(3, kind="good"),
               _reference=lambda a, d: to_float(difference(lambda m: m**-2, (a, d["a"]))))
    for options in ("", ", 1", ", 2", ", 3", ", np.inf", ", -np.inf", ", 2.5", ", None", ", keepdims=True"):
        yield case(f"np.linalg.norm(a{options})", a=RNG.normal(size=5))
    for options in ("", ", 'fro'", ", 1", ", -1", ", np.inf", ", -np.inf", ", axis=0", ", axis=-1, keepdims=True",
                    ", 1, axis=1", ", axis=(0, 1)", ", np.inf, axis=(0, 1)", ", axis=(1, 0), keepdims=True", ", keepdims=True"):
        yield case(f"np.linalg.norm(a{options})", a=matrices(3, 4))
    for options in ("", ", axis=1", ", axis=(0, 2)", ", 1, axis=(1, 2)", ", 'fro', axis=(-1, 0), keepdims=True"):
        yield case(f"np.linalg.norm(a{options})", a=RNG.normal(size=(2, 3, 4)))
    yield case("np.linalg.norm(a[0])", a=matrices(2, 3))


CASES = list(cases())


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found, single):
    with mp.workdps(60):
        judge(found, single)


@pytest.mark.parametrize("text", ["np.linalg.solve(a, b)", "np.linalg.eigh(a)[1]", "np.linalg.cholesky(a) @ b",
                                  "np.linalg.svd(a)[1]", "np.linalg.inv(a) @ b", "np.linalg.det(a)", "np.linalg.qr(a)[1]",
                                  "np.linalg.slogdet(a)[1]", "np.linalg.pinv(a) @ b"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_compiled_code_agrees_with_interpreted(text, dtype):
    a, b = matrices(4, kind="positive").astype(dtype), RNG.normal(size=4).astype(dtype)
    fun = case(text, a=a, b=b).function()
    g = adtrans.value_and_grad(lambda a, b: np.sum(fun(a, b) ** 2), argnums=(0, 1), cache=False)
    value, bars = g(a, b)
    other, other_bars = g.interpreted(a, b)
    tolerance = 1e-11 if dtype == np.float64 else 1e-4
    assert value == pytest.approx(other, rel=tolerance) and value.dtype == dtype
    for bar, other in zip(bars, other_bars):
        assert bar.dtype == dtype and np.allclose(bar, other, rtol=0.0, atol=tolerance * np.max(np.abs(other), initial=1.0))


def in_a_loop(a, b):
    x = b
    for k in range(3):
        x = np.linalg.solve(a + k * np.eye(3), x) * b
        a = a * 1.1
    return np.sum(x) + np.linalg.slogdet(a)[1]


@pytest.mark.parametrize("how", ["interpreted", "compiled"])
def test_routines_within_loops(how):
    a, b = matrices(3, kind="good"), RNG.normal(size=3)
    g = adtrans.grad(in_a_loop, argnums=(0, 1), cache=False)
    a_bar, b_bar = (g.interpreted if how == "interpreted" else g)(a, b)
    for bar, at in ((a_bar, 0), (b_bar, 1)):
        direction = RNG.normal(size=bar.shape)
        ends = []
        for sign in (1, -1):
            moved = [a, b]
            moved[at] = moved[at] + sign * 1e-6 * direction
            ends.append(in_a_loop(*moved))
        assert np.sum(bar * direction) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-7)


def test_equal_eigenvalues_take_no_share_of_each_other():
    _, pullback = adtrans.vjp(lambda a: np.linalg.eigh(a)[1], np.diag([1.0, 1.0, 3.0]))
    (a_bar,) = pullback(np.ones((3, 3)))
    assert np.all(np.isfinite(a_bar)) and a_bar[1, 0] == 0.0


@pytest.mark.parametrize("text, words", [
    ("np.linalg.eigh(a, UPLO='U')[0]", "upper triangle"), ("np.linalg.qr(a, mode='complete')[0]", "mode other than"),
    ("np.linalg.svd(np.stack((a, a)))[1]", "stack of matrices"),
])
def test_what_is_not_there_is_refused(text, words):
    fun = case(text, a=matrices(3)).function()
    with pytest.raises(adtrans.UnsupportedError, match=words):
        adtrans.vjp(fun, matrices(3))
