"""Factors are made once for both sweeps and for every routine, and again where the matrix has changed."""

import numpy as np
import pytest

import adtrans

RNG = np.random.default_rng(11)
A = RNG.normal(size=(4, 4)) + 3.0 * np.eye(4)
B = RNG.normal(size=4)


def by_differences(fun, args, step=1e-6):
    """The gradients by central differences."""
    found = []
    for k, arg in enumerate(args):
        gradient = np.zeros_like(arg)
        for index in np.ndindex(arg.shape):
            moved = [[np.array(other) for other in args] for _ in range(2)]
            moved[0][k][index] += step
            moved[1][k][index] -= step
            gradient[index] = (fun(*moved[0]) - fun(*moved[1])) / (2 * step)
        found.append(gradient)
    return found


def checked(fun, *args):
    """The source of the gradient, which is right interpreted and compiled."""
    gradient = adtrans.grad(fun, argnums=tuple(range(len(args))))
    for found in (gradient.interpreted(*args), gradient(*args)):
        for one, other in zip(found, by_differences(fun, args)):
            assert np.allclose(one, other, rtol=1e-6, atol=1e-7)
    return gradient.source


def count(source, name):
    return source.count(f"factors.{name}(")


def test_solve():
    def fun(a, b):
        return np.sum(np.linalg.solve(a, b) ** 3)

    source = checked(fun, A, B)
    assert count(source, "lu_factor") == count(source, "lu_solve") == count(source, "lu_solve_transposed") == 1
    assert count(checked(fun, A, RNG.normal(size=(4, 2))), "lu_factor") == 1


def test_solve_of_a_constant_matrix():
    def fun(b):
        return np.sum(np.linalg.solve(A, b) ** 3)

    assert count(checked(fun, B), "lu_factor") == 1


def test_one_matrix_for_several_routines():
    def fun(a, b, c):
        sign, logarithm = np.linalg.slogdet(a)
        return b @ np.linalg.solve(a, b) + np.sum(np.linalg.solve(a, c)) + sign * logarithm + np.linalg.det(a)

    assert count(checked(fun, A, B, RNG.normal(size=(4, 3))), "lu_factor") == 1


def test_a_matrix_that_changes_between():
    def fun(a, b):
        c = a * 1.0
        x = np.linalg.solve(c, b)
        c[1, 2] += x[0]
        y = np.linalg.solve(c, x)
        c *= 2.0
        return np.sum(y * x) + np.linalg.slogdet(c)[1] + np.sum(c * c)

    assert count(checked(fun, A, B), "lu_factor") == 3


def test_a_matrix_that_changes_through_a_view_or_in_a_loop():
    def fun(a, b):
        c = a * 1.0
        row = c[1]
        x = np.linalg.solve(c, b)
        for k in range(3):
            x = np.linalg.solve(c, x)
            row += x * b
        return np.sum(x * np.linalg.solve(c, b))

    assert count(checked(fun, A, B), "lu_factor") == 3


def test_a_matrix_that_changes_in_a_branch():
    def fun(a, b):
        c = a * 1.0
        x = np.linalg.solve(c, b)
        if x[0] < 100.0:
            c[0, 1] = x[1] * x[2]
            x = x + np.linalg.solve(c, b)
        return np.sum(np.linalg.solve(c, x))

    assert count(checked(fun, A, B), "lu_factor") == 3


def test_loops_know_the_factors_from_before():
    def fun(a, b):
        x = np.linalg.solve(a, b)
        for k in range(3):
            x = np.linalg.solve(a, x + 0.1 * k)
        return np.sum(x * x)

    assert count(checked(fun, A, B), "lu_factor") == 1


def test_both_arguments_the_same_matrix():
    def fun(a):
        return np.sum(np.linalg.solve(a, a.T) * a)

    checked(fun, A)


def test_while_and_float32():
    def fun(a, b):
        x, k = b, 0
        while k < 3:
            x = np.linalg.solve(a + np.outer(x, x), b)
            k += 1
        return np.sum(x)

    checked(fun, A, B)
    gradient = adtrans.grad(fun, argnums=(0, 1))
    small = gradient(A.astype(np.float32), B.astype(np.float32))
    for one, other in zip(small, gradient(A, B)):
        assert one.dtype == np.float32 and np.allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_singular_matrix_raises():
    gradient = adtrans.grad(lambda a, b: np.sum(np.linalg.solve(a, b)), argnums=(0, 1))
    for run in (gradient, gradient.interpreted):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            run(np.ones((2, 2)), np.ones(2))


@pytest.mark.parametrize("rank", [3, 2, 1, 0])
def test_determinants_of_singular_matrices(rank):
    a = RNG.normal(size=(4, rank)) @ RNG.normal(size=(rank, 4))
    checked(lambda a: np.linalg.det(a) * 2.0, a)


def test_values_call_numpy():
    gradient = adtrans.grad(lambda a, b: np.sum(np.linalg.solve(a, b)), argnums=(0, 1))
    assert np.isclose(gradient.value(A, B), np.sum(np.linalg.solve(A, B)), rtol=1e-14)
