"""`minimize` with optimizers for its method: compiled steps where they can be, the same numbers in any case."""

import numpy as np
import pytest

from adtrans import grad, optim


def rosenbrock(x):
    return 100.0 * (x[1] - x[0] * x[0]) ** 2 + (1.0 - x[0]) ** 2


START = np.array([-1.2, 1.0])
CASES = {
    "adam": lambda: optim.adam(0.05),
    "clipped": lambda: optim.chain(optim.clip_by_global_norm(1.0), optim.sgd(optim.schedules.cosine_decay(0.01, 60))),
    "function": lambda: optim.sgd(lambda step: 1e-3),
}


@pytest.mark.parametrize("name", CASES)
def test_the_way_is_that_of_steps(name):
    found = optim.minimize(rosenbrock, START, method=CASES[name](), max_steps=40, gtol=0.0, ftol=0.0, xtol=0.0)
    optimizer, x, gradient = CASES[name](), START.copy(), grad(rosenbrock)
    state = optimizer.init(x)
    for _ in range(40):
        optimizer.step(x, gradient(x), state)
    assert found.nit == 40
    np.testing.assert_allclose(found.x, x, rtol=1e-11)


def test_steps_that_compiled_code_can_call():
    x, g = np.ones(4), np.arange(4.0)
    for optimizer, direct in ((optim.adam(), True), (CASES["function"](), False), (optim.threads(optim.adam(), 2), False)):
        offered = optimizer.compiled_step(x, g, optimizer.init(x))
        assert (offered is not None) == direct
    optimizer = optim.sgd(0.5)
    assert optimizer.compiled_step(x, x, optimizer.init(x)) is None
    assert optimizer.compiled_step(x, np.arange(8.0)[::2], optimizer.init(x)) is None
    function, arguments = optimizer.compiled_step(x, g, optimizer.init(x))
    assert function(*arguments) < 0
    np.testing.assert_allclose(x, 1 - 0.5 * g)
