"""Derivatives of products of matrices in programs that write to the operands, exchange them or take them from views."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

RNG = np.random.default_rng(8)
A, B, Q = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 3)), RNG.normal(size=(3, 3))
H = RNG.normal(size=(4, 3, 3))


def written_later(a, b):
    c = a @ b
    a[0, 1] = 2.0 * b[1, 0]
    b *= 0.5
    return np.sum(c * c) + np.sum(a @ b)


def written_before(a, b):
    a[0, 1] = 2.0 * b[1, 0]
    return np.sum((a @ b) ** 2)


def result_written(a, b):
    c = a @ b
    c[1] *= c[0]
    c += c @ c
    return np.sum(c * c)


def squared(q):
    return np.sum((q @ q) ** 2)


def gram(q):
    return np.sum((q @ q.T) * (q.T @ q))


def cube(q):
    return np.sum(q.T @ q.T @ q.T)


def carried(q, a):
    x = a
    for _ in range(3):
        x = q @ x
    return np.sum(x * x)


def carried_and_written(q, a):
    x = a
    for k in range(3):
        x = q @ x
        x[0, k] += 0.5
    return np.sum(x * x)


def written_in_a_loop(q, a):
    for k in range(3):
        a[:] = q @ a
        q[k, 0] *= 0.9
    return np.sum(a * a)


def written_first_in_a_loop(q, a):
    total = 0.0
    for k in range(3):
        q[k, 0] *= 0.9
        total += np.sum((q @ a) ** 2)
    return total


def swapped(q, a):
    x, y = a, 2.0 * a
    for _ in range(3):
        x, y = y, q @ x
    return np.sum(x * y)


def slices_in_a_loop(h, q):
    total = 0.0
    for k in range(4):
        total += np.sum((h[k] @ q.T) ** 2 * (q @ h[k - 1].T))
    return total


def scratch_in_a_loop(h, q):
    total = 0.0
    for k in range(4):
        left = h[k] * q
        c = left @ q
        left[0, 0] = c[0, 1]
        total += np.sum(left @ c)
    return total


def in_a_branch(q, a):
    out = np.zeros_like(a)
    if q[0, 0] > -9.0:
        out[:] = q @ a
    else:
        out[:] = a
    return np.sum(out * out)


def view_in_a_branch(h, q):
    if q[0, 0] > -9.0:
        c = h[1].T @ q
    else:
        c = q
    return np.sum(c * c)


def until_large(q, a):
    x = a
    while np.sum(x * x) < 1e3:
        x = x + q @ x
    return np.sum(x)


def early(q, a):
    x = a
    for k in range(6):
        x = q @ x
        if k == 2:
            break
    return np.sum(x * x)


def stacks(h, q):
    return np.sum((h @ q) * (q @ h) * (h @ h.transpose(0, 2, 1)))


def contracted(h, q):
    return np.sum(np.tensordot(h, h, axes=([1, 2], [2, 1])) ** 2) + np.sum(np.einsum("bij,kj->kbi", h, q) ** 2)


def constant_side(q, a):
    c = np.arange(12.0).reshape(4, 3)
    return np.sum((a @ c) ** 2 @ q)


PROGRAMS = {
    written_later: (A, B), written_before: (A, B), result_written: (A, B), squared: (Q,), gram: (Q,), cube: (Q,), carried: (Q, A),
    carried_and_written: (Q, A), written_in_a_loop: (Q, A), written_first_in_a_loop: (Q, A), swapped: (Q, A), slices_in_a_loop: (H, Q), scratch_in_a_loop: (H, Q),
    in_a_branch: (Q, A), view_in_a_branch: (H, Q), until_large: (Q, A), early: (Q, A), stacks: (H, Q), contracted: (H, Q),
    constant_side: (Q, A),
}  # fmt: skip


def copies(args, order="C"):
    return tuple(np.array(arg, order=order) for arg in args)


def differences(fun, args, directions):
    """The derivative along directions in extended precision."""
    h = np.longdouble(2.0) ** -16

    def at(step):
        return fun(*(arg.astype(np.longdouble) + step * d for arg, d in zip(args, directions)))

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


@pytest.mark.parametrize("how", ["interpreted", "compiled", "by columns"])
@pytest.mark.parametrize("fun", PROGRAMS, ids=lambda fun: fun.__name__)
def test_derivatives(fun, how):
    args = copies(PROGRAMS[fun], "F" if how == "by columns" else "C")
    gradient = adtrans.value_and_grad(fun, argnums=tuple(range(len(args))), cache=False)
    value, bars = (gradient.interpreted if how == "interpreted" else gradient)(*args)
    assert "np.dot(" in gradient.source
    assert value == pytest.approx(fun(*copies(args)), rel=1e-12)
    directions = [RNG.normal(size=arg.shape) for arg in args]
    wanted = float(differences(fun, args, directions))
    assert sum(np.sum(bar * d) for bar, d in zip(bars, directions)) == pytest.approx(wanted, rel=1e-9)
    assert all(np.array_equal(arg, given) for arg, given in zip(args, PROGRAMS[fun]))


@pytest.mark.parametrize("fun", [written_in_a_loop, carried_and_written, gram], ids=lambda fun: fun.__name__)
def test_single_precision_stays(fun):
    args = tuple(arg.astype(np.float32) for arg in PROGRAMS[fun])
    value, bars = adtrans.value_and_grad(fun, argnums=tuple(range(len(args))), cache=False)(*args)
    _, wide = adtrans.value_and_grad(fun, argnums=tuple(range(len(args))), cache=False)(*copies(PROGRAMS[fun]))
    assert value.dtype == np.float32
    for bar, other in zip(bars, wide):
        assert bar.dtype == np.float32 and np.allclose(bar, other, rtol=1e-3, atol=1e-4 * np.max(np.abs(other)))


def test_mixed_precision_is_the_wider_one():
    value, pullback = adtrans.vjp(lambda a, b: a @ b, A.astype(np.float32), B)
    a_bar, b_bar = pullback(np.ones((3, 3)))
    assert value.dtype == np.float64 and a_bar.dtype == np.float32 and b_bar.dtype == np.float64
    assert np.allclose(value, A.astype(np.float32) @ B, rtol=1e-14)


def test_the_generated_source_can_be_differentiated_again():
    text = adtrans.grad(gram, cache=False).inspect_source(Q)
    twice = function(f"{text}\n\ndef twice(q):\n    return np.sum(gram_grad(q) ** 2)\n", "twice")
    bar, direction = adtrans.grad(twice, cache=False)(Q), RNG.normal(size=Q.shape)
    wanted = differences(twice, (Q,), (direction,))
    assert np.sum(bar * direction) == pytest.approx(float(wanted), rel=1e-8)


def test_only_what_is_written_later_is_copied():
    text = adtrans.grad(written_later, argnums=(0, 1), cache=False).inspect_source(A, B)
    assert "a_kept" in text and "b_kept" in text
    for fun in (squared, carried, slices_in_a_loop, written_before):
        assert "kept" not in adtrans.grad(fun, argnums=(0, 1)[:len(PROGRAMS[fun])], cache=False).inspect_source(*PROGRAMS[fun])
    text = adtrans.grad(written_later, argnums=1, cache=False).inspect_source(A, B)
    assert "a_kept" in text


def solved(q, b):
    x = np.linalg.solve(q, b)
    q[0] = x[:, 0] * q[1]
    b *= x
    return np.sum(x * b) + np.sum(q * q)


def solved_in_a_loop(q, b):
    for k in range(3):
        b[:] = np.linalg.solve(q.T, b)
        q[k, k] += 0.5 * b[k, 0]
    return np.sum(b) + np.linalg.det(q)


def inverted_views(h, b):
    total = 0.0
    for k in range(3):
        total += np.sum(np.linalg.inv(h[k - 1].T) @ b) * np.linalg.slogdet(h[k])[1]
        h[k] *= 1.1
    return total


@pytest.mark.parametrize("how", ["interpreted", "compiled"])
@pytest.mark.parametrize("fun", [solved, solved_in_a_loop, inverted_views], ids=lambda fun: fun.__name__)
def test_routines_whose_operands_are_written_later(fun, how):
    args = (H + 3.0 * np.eye(3) if fun is inverted_views else Q + 3.0 * np.eye(3)), RNG.normal(size=(3, 3))
    gradient = adtrans.grad(fun, argnums=(0, 1), cache=False)
    bars = (gradient.interpreted if how == "interpreted" else gradient)(*copies(args))
    directions, h = [RNG.normal(size=arg.shape) for arg in args], 1e-3

    def at(step):
        return fun(*(arg + step * d for arg, d in zip(args, directions)))

    wanted = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    assert sum(np.sum(bar * d) for bar, d in zip(bars, directions)) == pytest.approx(wanted, rel=1e-8)


def test_a_routine_reads_matrices_where_they_are():
    text = adtrans.grad(lambda q, b: np.sum(np.linalg.solve(q, b)), argnums=(0, 1), cache=False).inspect_source(Q, A[:, 0])
    assert "np.linalg.solve(q, b)" in text
