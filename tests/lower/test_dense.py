"""Which products become calls of np.dot, and that nothing is copied for them that lies side by side."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

RNG = np.random.default_rng(5)
A, B, X = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 5)), RNG.normal(size=4)
H, K = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 4, 5))


def source(expression, value=True, **args):
    """The generated source of a function that returns an expression of `args`."""
    fun = function(f"def f({', '.join(args)}):\n    return {expression}\n")
    gradient = adtrans.grad(fun, argnums=tuple(args), cache=False)
    found = gradient._find(gradient._bind(tuple(args.values()), {}))
    return gradient._mode(found, "value" if value else "pullback").product.text


@pytest.mark.parametrize("expression, count", [
    ("a @ b", 1), ("b.T @ a.T", 1), ("np.dot(a, b)", 1), ("a.dot(b)", 1), ("np.matmul(a, b)", 1), ("np.inner(a, b.T)", 1),
    ("np.tensordot(a, b, 1)", 1), ("np.tensordot(a, b, axes=(1, 0))", 1), ("np.einsum('ij,jk->ik', a, b)", 1),
    ("np.einsum('ij,jk->ki', a, b)", 1), ("a @ b @ b.T", 2), ("a[1:] @ b", 1), ("a[:, 1:] @ b[1:]", 1), ("a[1:, ::-1] @ b", 1),
])  # fmt: skip
def test_products_of_matrices_are_calls(expression, count):
    assert source(expression, a=A, b=B).count(" = np.dot(") == count


@pytest.mark.parametrize("expression", [
    "h @ b", "np.dot(h, b)", "np.tensordot(h, k, axes=([0, 2], [0, 1]))", "np.einsum('bij,jk->bik', h, b)", "h @ k", "h[:, :, None] @ b",
    "np.einsum('bij,bjk->bik', h, k)", "np.einsum('bij,bjk->ibk', h, k)", "np.einsum('bij,bjk->ik', h, k)",
])
def test_products_of_more_axes_are_calls(expression):
    assert source(expression, h=H, b=B, k=K).count(" = np.dot(") == 1


@pytest.mark.parametrize("expression", [
    "a @ x", "x @ b", "x @ x", "np.outer(x, x) * 2.0", "a.astype(int) @ b.astype(int)", "a[:1] @ b", "a @ b[:, :1]", "a[:, 1:2] @ b[1:2]",
    "a[:, 2:] @ np.array([[1.0, 2.0], [3.0, 4.0]])[:, :1]", "np.eye(3) @ np.ones((3, 3))", "np.einsum('ij,ij->i', a, a)",
])  # fmt: skip
def test_other_products_are_loops(expression):
    assert "np.dot(" not in source(expression, a=A, b=B, x=X)


def test_large_products_of_known_size_are_calls():
    assert "np.dot(" in source("(a[0, 0] * np.ones((6, 6))) @ np.ones((6, 6))", a=A)


@pytest.mark.parametrize("expression", ["a @ b", "a.T.T @ b", "b.T @ a.T", "a[1:] @ b[:4]"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_matrices_side_by_side_are_not_copied(expression, order):
    if order == "F" and "[" in expression:
        pytest.skip("a stretch of rows")
    text = source(expression, a=np.asarray(A, order=order), b=np.asarray(B, order=order))
    assert "for " not in text and "np.empty" not in text


def test_with_debug_every_number_of_a_product_is_looked_at():
    gradient = adtrans.grad(function("def f(a, b):\n    return np.sum(a @ b)\n"), debug=True, cache=False)
    assert "np.dot(" not in gradient.inspect_source(A, B)
    with pytest.raises(FloatingPointError, match="f"), np.errstate(invalid="ignore"):
        gradient.interpreted(np.full((2, 3), np.inf), np.zeros((3, 2)))


def test_transposes_of_transposes_are_the_matrices_themselves():
    text = source("a @ b.T", value=False, a=A, b=RNG.normal(size=(5, 4)))
    assert "b_bar = np.dot(" in text and "a_bar = np.dot(" in text and "np.zeros" not in text.split("np.dot")[-1]
