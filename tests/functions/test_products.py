"""Products of vectors, matrices and arrays of more axes."""

import numpy as np
import pytest

import adtrans
from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(41)


def normal(*shape):
    return RNG.normal(size=shape)


X, Y = normal(3), normal(4)
A, B, Q = normal(2, 3), normal(3, 4), normal(3, 3)
H, G = normal(2, 3, 4), normal(4, 3, 2)
I = np.array([[1, 2, 3], [4, 5, 6]])
ARGS = {"x": X, "y": Y, "a": A, "b": B, "q": Q, "h": H, "g": G}


def of(text, **more):
    """A case with those of the arrays above that the text names."""
    import re

    names = set(re.findall(r"\b[a-z]\b", re.sub(r"'[^']*'", "", text)))
    return case(text, **{name: value for name, value in ARGS.items() if name in names}, **more)


EINSUMS = ["'ij,jk->ik', a, b", "'ij,jk', a, b", "'ij,jk->ki', a, b", "'ij->', a", "'ij->ji', a", "'ij->i', a", "'ij->j', a",
           "'ij', a", "'ji', a", "'ii', q", "'ii->i', q", "'ii->', q", "'ij,ij->', q, q", "'ij,ji->', q, q", "'ij,ij->ij', q, q",
           "'i,i->', x, x", "'i,i', x, x", "'i,j->ij', x, y", "'i,j', x, y", "'i,j->ji', x, y", "'i,ij,j->', x, b, y", "'i,ij,j', x, b, y",
           "'ij,jk,kl->il', q, q, q", "'ij,jk,kl', q, q, b", "'ij,jk,kl,lm->im', a, q, q, b", "'i,i,i,i->', x, x, x, x", "'ijk->kji', h",
           "'ijk->k', h", "'ijk,kji->', h, g", "'ijk,kjl->il', h, g", "'ijk,jk->i', h, b", "'...j,jk->...k', a, b", "'...k,k', h, y",
           "'...,...', h, h", "'...ij->...ji', h", "'...ij,...ij->...', h, h", "'i...->...', h", "'i...,i...->...', a, a",
           "'bij,jk->bik', h, g[:, :, 0]", "'ij,kj->ik', a, a", "'iij->j', q[:, :, None] * y", "'i j , j k -> i k', a, b",
           "a, [0, 1], b, [1, 2], [0, 2]", "a, [0, 1], b, [1, 2]", "h, [..., 1], y, [1]", "'ij,jk->ik', a[::-1], b.T.T", "'ij,j->i', a, x[::-1]",
           "'ij,ij->ij', a, a[:1]", "'ij,j->ij', a, x[:1]", "'Ab,bC->AC', a, b", "'ij,jk->ik', [[1.0, 2.0, 3.0]], b"]  # fmt: skip
CASES = [
    *(of(f"np.einsum({text})") for text in EINSUMS),
    *(of(f"np.einsum({text}, optimize={how})") for text in ("'ij,jk,kl->il', q, q, q", "'i,ij,j->', x, b, y", "'ij,jk->ik', a, b") for how in ("True", "False", "'greedy'")),
    of("np.einsum('ij,jk->ik', a, b, out=np.zeros((2, 4), a.dtype))"), case("np.einsum('ij,j->i', i, x)", i=I, x=X), case("np.einsum('ij->j', i) * s", i=I, s=0.7),
    *(of(f"np.tensordot({text})") for text in
      ("a, b, 1", "a, b, axes=1", "q, q", "q, q, 2", "a, b, 0", "x, y, 0", "h, g, axes=([1, 2], [1, 0])", "h, g, axes=((0, 1), (2, 1))", "h, a, axes=(1, 1)",
       "a, b, axes=(-1, 0)", "a, b, axes=([1], [0])", "h, b, 2", "x, x, 1", "h, h, 3", "a, b, axes=(1, 0)")),
    *(of(f"np.dot({text})") for text in ("x, x", "a, x", "a, b", "x, b", "h, y", "h, b.T", "x, g[0]", "x, g", "a, 2.0", "3.0, a", "[1.0, 2.0, 3.0], x", "a, [1.0, 2.0, 3.0]", "x[0], y[0]", "a.T, a")),
    *(of(f"a.dot({text})") for text in ("x", "b", "q")), of("np.dot(a, b, out=np.zeros((2, 4), a.dtype))"),
    *(of(f"np.vdot({text})") for text in ("x, x", "a, a", "a, a * 2.0", "h, h")),
    *(of(f"np.inner({text})") for text in ("x, x", "a, a", "a, x", "x, a", "h, b", "2.0, a", "a, s", "b, y") if "s" not in text),
    *(of(f"np.outer({text})") for text in ("x, y", "a, x", "x, [1.0, 2.0]", "x, 2.0", "x[::2], y", "a, b")),
    *(of(f"np.matmul({text})") for text in ("a, b", "a, x", "x, b", "x, x", "h, b.T", "h, y", "h, g[0].T[:, :1] * y[:, None]", "x, g", "h, h.transpose(0, 2, 1)", "h[:1], h.swapaxes(1, 2)", "a, [[1.0], [2.0], [3.0]]")
      if text != "h, g[0].T[:, :1] * y[:, None]"),
    *(of(text) for text in ("a @ b", "x @ x", "a @ x", "h @ b.T", "h @ y", "h[:, None] @ b.T", "(a @ b) @ y", "np.matmul(a, b, out=np.zeros((2, 4), a.dtype))")),
    *(of(f"np.kron({text})") for text in ("a, b", "x, x", "x, b", "b, x", "h, a", "x, 2.0", "2.0, a", "[1.0, 2.0], x")),
    *(of(f"np.trace({text})") for text in
      ("a", "b", "q", "q, 1", "q, -1", "b, offset=2", "b, offset=-2", "b, offset=9", "h", "h, 1", "h, axis1=1, axis2=2", "h, 0, 2, 0", "h, axis1=-1, axis2=0", "q, dtype=np.float64")),
    *(of(f"q.trace({text})") for text in ("", "1", "offset=-1")), case("np.trace(i) * s", i=I, s=0.3), of("np.trace([[x[0], 1.0], [2.0, y[0]]])"),
    *(case(f"np.cross({text})", u=u, v=v) for text, u, v in
      [("u, v", normal(3), normal(3)), ("u, v", normal(4, 3), normal(4, 3)), ("u, v", normal(4, 3), normal(3)), ("u, v", normal(3), normal(2, 4, 3)),
       ("u, v", normal(4, 1, 3), normal(2, 3)), ("u, v, axis=0", normal(3, 4), normal(3, 4)), ("u, v, axisa=0", normal(3, 4), normal(4, 3)),
       ("u, v, axisc=0", normal(4, 3), normal(4, 3)), ("u, v, axisa=1, axisb=0, axisc=0", normal(4, 3), normal(3, 4)), ("u, [1.0, 2.0, 3.0]", normal(4, 3), normal(3))]),
    *(of(f"np.{name}({text})") for name, text in (("vecdot", "a, a"), ("vecdot", "h, y"), ("matvec", "a, x"), ("matvec", "h, y"), ("vecmat", "x, b"), ("vecmat", "x, q"))
      if hasattr(np, name)),
    *(case(f"np.{text}", p=p, r=r) for text in ("dot(p, r)", "matmul(p, r)", "einsum('ij,jk', p, r)", "tensordot(p, r, 1)", "kron(p, r)", "inner(p, r.T)")
      for p in forms(RNG, (2, 3)) for r in forms(RNG, (3, 2))),
    *(case(f"np.{text}", p=np.zeros((2, 0)), r=np.zeros((0, 3))) for text in ("dot(p, r)", "matmul(p, r)", "einsum('ij,jk', p, r)", "tensordot(p, r, 1)", "kron(p, r)", "trace(p)")),
]  # fmt: skip


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found, single):
    judge(found, single)


@pytest.mark.parametrize("found", CASES[::60], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


@pytest.mark.parametrize("text", [
    "np.einsum('ij,jk->ik', a, a)", "np.einsum('ij', x)", "np.einsum('i', a)", "np.einsum('ij->ijk', a)", "np.einsum('ij->ii', a)",
    "np.einsum('ij,jk', a)", "np.einsum('i-j', a)", "np.einsum('...i->i', a)", "np.dot(a, a)", "np.matmul(a, a)", "np.matmul(a, 2.0)",
    "np.tensordot(a, a, 1)", "np.inner(x, y)", "np.trace(x)", "np.trace(a, axis1=1, axis2=1)",
])  # fmt: skip
def test_refused(text):
    fun = case(text, a=A, x=X, y=Y).function()
    for run in (fun, lambda *args: adtrans.vjp(fun, *args)):
        with pytest.raises(ValueError):
            run(A, X, Y)
