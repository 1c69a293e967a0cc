"""Eight tangents in one pass are eight tangents: against forward mode one at a time, and random programs."""

import numpy as np
import pytest

import adtrans
from adtrans import hessian, hvp, jacobian
from adtrans.jacobian import MOST
from tests.fuzz import campaign
from tests.test_tangent import LINALG, OTHERS, tuple_of

RNG = np.random.default_rng(29)


def wandering(x):
    """Everything that a tangent may travel through: carried, exchanged, joined, pushed and popped."""
    a, b = x[0], x[1]
    u, v = x * 2.0, np.sin(x)
    kept = np.zeros(len(x))
    for i in range(len(x)):
        a, b = b, a * x[i]
        u, v = v, u * a
        if a > b:
            a = a - v[i] * 0.5
            w = u
        else:
            b = b * 1.5
            w = v
        kept[i] = w[i]
    n = 0
    while a < 5.0 and n < 6:
        a = a + abs(b) * 0.5 + 0.3
        n += 1
    total = a * b
    for item in kept:
        total += item**2
    return u * total + v


def loop_to_reverse(x):
    """A program whose gradient keeps values on a stack."""
    y = x[0]
    total = 0.0
    while y < 6.0:
        y = y * 1.3 + np.sin(y) * x[1]
        if y > 2.0:
            total += y * x[2]
    return total + y**2


def one_at_a_time(fun, x):
    return np.stack([np.asarray(adtrans.jvp(fun, (x,), (e.reshape(x.shape),))[1]) for e in np.eye(x.size)], axis=-1)


@pytest.mark.parametrize("name", [*LINALG, *OTHERS])
def test_all_that_forward_mode_knows(name):
    from adtrans.pullback import _gradient
    from adtrans.tangent import pushed

    fun, args = {**LINALG, **OTHERS}[name]
    gradient = _gradient(fun, None, args)
    several = tuple(RNG.normal(size=(*arg.shape, 8)) for arg in args)
    found = gradient._run("tangents", gradient._bind(args, {}), several, interpreted=True)[2]
    for k in (0, 7):
        expected = pushed(fun, args, tuple(dots[..., k] for dots in several), interpreted=True)[1]
        for part, other in zip(tuple_of(found), [item for item in tuple_of(expected) if item is not None]):
            np.testing.assert_allclose(part[..., k], other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("size", [3, 11, MOST + 2])
def test_passes_of_every_width(size):
    x = RNG.uniform(0.5, 1.5, size)
    made = jacobian(wandering, mode="fwd")
    np.testing.assert_allclose(made(x), one_at_a_time(wandering, x), rtol=1e-12)
    np.testing.assert_allclose(made(x), jacobian(wandering, mode="rev")(x), rtol=1e-10, atol=1e-12)
    assert made.passes == {"forward": 2 if size > MOST else 1}


def test_hessians_through_stacks():
    x = np.array([1.1, 0.4, -0.3])
    found = hessian(loop_to_reverse)(x)
    np.testing.assert_allclose(found, np.stack([hvp(loop_to_reverse)(e, x) for e in np.eye(3)], axis=-1), rtol=1e-12)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)


def test_several_arguments_numbers_and_single_precision():
    def fun(a, x, b):
        return x * a**2 + np.sum(x) * b

    parts = jacobian(fun, argnums=(0, 1, 2), mode="fwd")(2.0, np.arange(3.0), 0.5)
    assert [part.shape for part in parts] == [(3,), (3, 3), (3,)]
    np.testing.assert_allclose(parts[0], 4.0 * np.arange(3.0))
    np.testing.assert_allclose(parts[1], 4.0 * np.eye(3) + 0.5)
    np.testing.assert_allclose(parts[2], 3.0)
    x = np.ones((2, 2), np.float32)
    made = jacobian(lambda x: x**3, mode="fwd")(np.asfortranarray(x))
    assert made.dtype == np.float32 and np.array_equal(made.reshape(4, 4), 3 * np.eye(4))


def test_arguments_that_share_memory_are_pushed_one_at_a_time():
    x = np.array([0.5, 1.0])
    made = jacobian(lambda x, y: x * y, argnums=(0, 1), mode="fwd")
    with pytest.raises(adtrans.ArgumentValueError):  # moving one of them is not a direction of the other
        made(x, x)


def test_functions_with_rules_and_transformations_within():
    fun = lambda x: adtrans.grad(lambda y: np.sum(y**4))(x) * adtrans.special.sigmoid(x)  # noqa: E731
    x = RNG.normal(size=5)
    np.testing.assert_allclose(jacobian(fun, mode="fwd")(x), one_at_a_time(fun, x), rtol=1e-12)


@pytest.mark.parametrize("mode", ["vector", "second"])
def test_random_programs(mode):
    tally = campaign.judged(range(2_000_000, 2_000_025), mode)
    assert [failure for failure in tally.failures if failure[1] in campaign.FAILED] == []
