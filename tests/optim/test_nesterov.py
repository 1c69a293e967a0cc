"""Nesterov's momentum with gradients taken ahead: the recurrence in NumPy, in loops of one's own, `minimize`, `fit`."""

import numpy as np
import pytest

from adtrans import optim
from adtrans.optim import schedules

MOMENTUM, START = 0.8, np.array([1.5, -0.7, 0.3])


def bowl(x):
    return x[0] * x[0] + 3.0 * x[1] * x[1] + 0.5 * x[2] ** 4 + x[0] * x[1]


def slope(x):
    return np.array([2.0 * x[0] + x[1], 6.0 * x[1] + x[0], 2.0 * x[2] ** 3])


def rate(step):
    return 0.05 / (1.0 + 0.3 * step)


def falling():
    """The same as a schedule: 0.05 / (1 + 0.3 t)."""
    return optim.nesterov(rate, MOMENTUM)


def papers(steps, rate, gradient=slope, start=START):
    """x, v and the point ahead, as Sutskever et al. 2013 have them but for the rate, outside the velocity."""
    x, v = start.copy(), np.zeros_like(start)
    for k in range(steps):
        v = MOMENTUM * v + gradient(x - rate(k) * MOMENTUM * v)
        x = x - rate(k) * v
    return x, v, x - rate(steps) * MOMENTUM * v


def test_a_loop_of_ones_own():
    for made, rates in ((falling(), rate), (optim.nesterov(schedules.exponential_decay(0.05, 0.9), MOMENTUM),
                                            lambda k: 0.05 * 0.9 ** k)):
        x, back = START.copy(), np.zeros(3)
        state = made.init(x)
        for _ in range(7):
            made.look_ahead(x, state)
            made.look_ahead(x, state)  # which is there
            made.step(x, slope(x), state)
        wanted, v, ahead = papers(7, rates)
        np.testing.assert_allclose(x, wanted, rtol=1e-13)
        np.testing.assert_allclose(state["velocity"], v, rtol=1e-13)
        made.look_ahead(x, state)
        np.testing.assert_allclose(x, ahead, rtol=1e-13)
        made.look_back(x, state)
        made.look_back(x, state)
        np.testing.assert_allclose(x, wanted, rtol=1e-13)


def test_a_step_without_looking_ahead_is_an_error():
    x, made = START.copy(), optim.nesterov(0.1)
    state = made.init(x)
    with pytest.raises(ValueError, match="look_ahead"):
        made.step(x, slope(x), state)
    made.look_ahead(x, state)
    made.step(x, slope(x), state)
    with pytest.raises(ValueError, match="look_ahead"):
        made.step(x, slope(x), state)


def test_with_one_rate_it_goes_the_way_of_torchs():
    """torch's parameters are the points ahead: x = y + rate * momentum * v."""
    x, y = START.copy(), START.copy()
    ours, other = optim.nesterov(0.05, MOMENTUM), optim.sgd(0.05, momentum=MOMENTUM, nesterov=True)
    state, twin = ours.init(x), other.init(y)
    for _ in range(9):
        ours.look_ahead(x, state)
        np.testing.assert_allclose(x, y, rtol=1e-12)
        ours.step(x, slope(x), state)
        other.step(y, slope(y), twin)


@pytest.mark.parametrize("made, rates", [
    (falling(), rate),  # asked of Python in every step
    (optim.nesterov(schedules.exponential_decay(0.05, 0.9), MOMENTUM), lambda k: 0.05 * 0.9 ** k),
])
def test_minimize(made, rates):
    seen = []
    found = optim.minimize(bowl, START, method=made, max_steps=6, gtol=0.0, history=True, callback=seen.append)
    wanted, _, ahead = papers(6, rates)
    np.testing.assert_allclose(found.x, wanted, rtol=1e-12)
    np.testing.assert_allclose(found.jac, slope(wanted), rtol=1e-11)
    assert found.fun == pytest.approx(bowl(wanted), rel=1e-12) and found.nit == 6 and found.nfev == 8
    np.testing.assert_allclose(found.history["x"][-1], ahead, rtol=1e-12)
    np.testing.assert_allclose(seen[-1], ahead, rtol=1e-12)


def test_minimize_float32_and_containers():
    found = optim.minimize(lambda p: bowl(p["x"]) * p["c"], {"x": START.astype(np.float32), "c": 1.0, "n": 3},
                           method=optim.masked(optim.nesterov(0.05, MOMENTUM), {"x": True, "c": False, "n": False}),
                           max_steps=6, gtol=0.0)
    np.testing.assert_allclose(found.x["x"], papers(6, lambda k: 0.05)[0], rtol=1e-5)
    assert found.x["c"] == 1.0 and found.x["n"] == 3


X = 0.4 * np.random.default_rng(2).normal(size=(11, 3))


def quartic(w, x):
    return np.mean((x @ w - 1.0) ** 4)


def batch_slope(x):
    return lambda w: 4.0 * x.T @ (x @ w - 1.0) ** 3 / len(x)


def trained(order, steps, rates, group=1):
    """The recurrence over batches of two, `group` to a step."""
    batches = [X[k:k + 2] for k in order]
    x, v = START.copy(), np.zeros(3)
    for k in range(steps):
        part = batches[group * k:group * k + group]
        ahead = x - rates(k) * MOMENTUM * v
        v = MOMENTUM * v + sum(batch_slope(rows)(ahead) for rows in part) / len(part)
        x = x - rates(k) * v
    return x


@pytest.mark.parametrize("rate", [0.01, lambda step: 0.01 / (1.0 + step)])
def test_fit(rate):
    told = []
    rates = rate if callable(rate) else lambda step: rate
    found = optim.fit(quartic, (START,), X, optim.nesterov(rate, MOMENTUM), batch_size=2, epochs=2, shuffle=False,
                      callback=lambda p: told.append(p.params[0].copy()))
    np.testing.assert_allclose(found.params[0], trained([*range(0, 11, 2)] * 2, 12, rates), rtol=1e-11)
    np.testing.assert_allclose(told[-2], trained(range(0, 11, 2), 6, rates), rtol=1e-11)
    assert found.state.step == 12


def test_fit_gathers_at_one_point():
    for options, chained in (({"accumulate": 2}, optim.nesterov(0.01, MOMENTUM)),
                             ({}, optim.chain(optim.accumulate(2), optim.nesterov(0.01, MOMENTUM)))):
        found = optim.fit(quartic, (START,), X[:8], chained, batch_size=2, epochs=2, shuffle=False, **options)
        np.testing.assert_allclose(found.params[0], trained([0, 2, 4, 6] * 2, 4, lambda k: 0.01, 2), rtol=1e-11)


def test_skipped_steps_leave_the_parameters():
    """A batch whose loss is not finite is as if it were not there, be it the last."""
    bad = X[:8].copy()
    bad[6:] = np.nan
    found = optim.fit(quartic, (START,), bad, optim.nesterov(0.01, MOMENTUM), batch_size=2, epochs=2, shuffle=False,
                      not_finite="skip")
    np.testing.assert_allclose(found.params[0], trained([0, 2, 4] * 2, 6, lambda k: 0.01), rtol=1e-11)
    with pytest.raises(optim.NotFiniteError) as caught:
        optim.fit(quartic, (START,), bad, optim.nesterov(0.01, MOMENTUM), batch_size=2, shuffle=False)
    np.testing.assert_allclose(caught.value.result.params[0], trained([0, 2, 4], 3, lambda k: 0.01), rtol=1e-11)


def test_the_way_over_a_picture():
    way = optim.trajectory(bowl, START, optim.nesterov(0.05, MOMENTUM), 5)
    np.testing.assert_allclose(way[-1], papers(5, lambda k: 0.05)[0], rtol=1e-12)


def test_both_functions_are_shown():
    text = optim.nesterov(0.1).source
    assert "def nesterov_step(" in text and "def nesterov_turn_step(" in text
