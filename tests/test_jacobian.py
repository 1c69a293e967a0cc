"""Jacobians and Hessians against complex step over values and gradients."""

import numpy as np
import pytest

import adtrans

RNG = np.random.default_rng(23)


def curve(x):
    return np.stack([np.sin(x[0]) * x[1], x[1] ** 3, x[2] * x[0], np.exp(x[2])])


def logistic(w, x, y):
    total = 0.0
    for i in range(x.shape[0]):
        z = 0.0
        for j in range(w.shape[0]):
            z += x[i, j] * w[j]
        total += np.log(1.0 + np.exp(-y[i] * z))
    return total / x.shape[0] + 0.05 * np.sum(w * w)


def by_complex_step(fun, x):
    columns = []
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1e-40j
        columns.append(np.imag(fun(moved)) / 1e-40)
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("mode, passes", [("fwd", {"forward": 1}), ("rev", {"reverse": 4}), ("auto", {"forward": 1})])
def test_jacobian(mode, passes):
    x = RNG.normal(size=3)
    made = adtrans.jacobian(curve, mode=mode)
    found = made(x)
    assert found.shape == (4, 3) and np.allclose(found, by_complex_step(curve, x), rtol=1e-12)
    assert made.passes == passes


def test_jacobian_of_many_shapes():
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 2))
    for mode in ("fwd", "rev"):
        by_a, by_b = adtrans.jacobian(lambda a, b: a @ b, argnums=(0, "b"), mode=mode)(a, b)
        assert by_a.shape == (2, 2, 2, 3) and by_b.shape == (2, 2, 3, 2)
        assert np.allclose(by_a, np.einsum("im,kj->ijmk", np.eye(2), b))
        assert np.allclose(by_b, np.einsum("ik,jm->ijkm", a, np.eye(2)))
        assert adtrans.jacobian(lambda x: x * x, mode=mode)(3.0) == 6.0
        assert np.array_equal(adtrans.jacobian(lambda x, n: np.sum(x) * n, mode=mode)(np.ones(2), 3), [3.0, 3.0])
        single = adtrans.jacobian(lambda x: x * x, mode=mode)(np.ones(2, np.float32))
        assert single.dtype == np.float32 and np.array_equal(single, 2.0 * np.eye(2))
        assert adtrans.jacobian(lambda x: x[:0] * 2.0, mode=mode)(np.ones(2)).shape == (0, 2)


def test_hessian_of_a_loss():
    x, y = RNG.normal(size=(40, 12)), np.sign(RNG.normal(size=40))
    w = RNG.normal(size=12)
    made = adtrans.hessian(logistic)
    found = made(w, x, y)
    assert found.shape == (12, 12) and np.allclose(found, found.T, rtol=1e-12)
    s = 1.0 / (1.0 + np.exp(-y * (x @ w)))
    expected = (x.T * (s * (1.0 - s))) @ x / len(y) + 0.1 * np.eye(12)
    assert np.allclose(found, expected, rtol=1e-10)
    assert made.passes == {"forward over reverse": 1}


def test_mixed_derivatives():
    def fun(x, y):
        return np.sum(x * x) * y + np.sum(x) * y**3

    (xx, xy), (yx, yy) = adtrans.hessian(fun, argnums=(0, 1))(np.array([1.0, 2.0]), 3.0)
    assert np.allclose(xx, 6.0 * np.eye(2)) and np.allclose(xy, [2.0 + 27.0, 4.0 + 27.0])
    assert np.allclose(yx, xy) and np.isclose(yy, 18.0 * 3.0)


def test_what_does_not_fit():
    with pytest.raises(adtrans.ArgumentValueError, match="mode"):
        adtrans.jacobian(curve, mode="sideways")
    with pytest.raises(adtrans.ArgumentError, match="container"):
        adtrans.jacobian(lambda x: (x, x))(1.0)
    with pytest.raises(adtrans.ArgumentError, match="floating-point"):
        adtrans.jacobian(lambda p: p[0])((1.0, 2.0))
    with pytest.raises(adtrans.ArgumentError, match="floating-point"):
        adtrans.hessian(lambda n: n * 1.0)(3)


def test_one_object_for_several_shapes_and_arguments():
    made = adtrans.jacobian(lambda x, y: np.outer(x, y) * x[0], argnums=(0, 1), mode="fwd")
    for n, m in ((2, 3), (5, 40), (1, 1), (3, 0), (2, 3)):
        x, y = np.arange(1.0, n + 1), np.arange(2.0, m + 2)
        by_x, by_y = made(x, y)
        wanted = np.einsum("ik,j->ijk", np.eye(n), y) * x[0]
        wanted[:, :, 0] += np.outer(x, y)
        np.testing.assert_allclose(by_x, wanted, rtol=1e-13)
        np.testing.assert_allclose(by_y, np.einsum("i,jk->ijk", x, np.eye(m)) * x[0], rtol=1e-13)
    squares = adtrans.jacobian(lambda x: x * x)
    for n in (4, 33, 0, 1, 70):
        np.testing.assert_allclose(squares(np.arange(float(n))), np.diag(2.0 * np.arange(n)))
