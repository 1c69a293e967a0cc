"""Schedules at the first, last and later steps, called from Python, from compiled code, and as parts of others."""

import doctest
import math

import numpy as np
import pytest

from adtrans import optim
from adtrans.optim import schedules as s

HALF = math.cos(math.pi / 4)
CASES = [
    (s.constant(0.3), {0: 0.3, 999: 0.3}),
    (s.step_decay(1.0, 0.1, 3), {0: 1.0, 2: 1.0, 3: 0.1, 5: 0.1, 6: 0.01}),
    (s.exponential_decay(2.0, 0.25, 10), {0: 2.0, 5: 1.0, 10: 0.5, 20: 0.125}),
    (s.exponential_decay(2.0, 0.25, 10, staircase=True, end_value=0.4), {0: 2.0, 9: 2.0, 10: 0.5, 20: 0.4, 99: 0.4}),
    (s.exponential_decay(1.0, 2.0, 1, end_value=5.0), {0: 1.0, 2: 4.0, 3: 5.0}),
    (s.polynomial(1.0, 0.2, 2, 4), {0: 1.0, 1: 0.8 * 0.5625 + 0.2, 4: 0.2, 5: 0.2, 99: 0.2}),
    (s.linear(1.0, 3.0, 4), {0: 1.0, 1: 1.5, 4: 3.0, 9: 3.0}),
    (s.cosine_decay(2.0, 8), {0: 2.0, 2: 1.0 + HALF, 4: 1.0, 8: 0.0, 99: 0.0}),
    (s.cosine_decay(2.0, 8, alpha=0.25), {0: 2.0, 4: 1.25, 8: 0.5, 99: 0.5}),
    (s.cosine_annealing(2.0, 4, 1.0), {0: 2.0, 2: 1.5, 4: 1.0, 6: 1.5, 8: 2.0}),
    (s.warm_restarts(2.0, 4, 2, alpha=0.5), {0: 2.0, 2: 1.5, 4: 2.0, 8: 1.5, 12: 2.0, 20: 1.5, 28: 2.0}),
    (s.warm_restarts(2.0, 4, 1), {0: 2.0, 2: 1.0, 3: 1.0 - HALF, 4: 2.0, 4000: 2.0}),
    (s.warm_restarts(1.0, 1, 3), {0: 1.0, 1: 1.0, 4: 1.0, 13: 1.0, (3**12 - 1) // 2: 1.0}),
    (s.linear_warmup(1.0, 4), {0: 0.0, 1: 0.25, 4: 1.0, 99: 1.0}),
    (s.linear_warmup(1.0, 4, then=s.step_decay(0.5, 0.5, 2)), {3: 0.75, 4: 0.5, 5: 0.5, 6: 0.25}),
    (s.linear_warmup(1.0, 0, then=s.step_decay(0.5, 0.5, 2)), {0: 0.5, 2: 0.25}),
    (s.warmup_cosine(0.5, 1.0, 4, 12, 0.2), {0: 0.5, 2: 0.75, 4: 1.0, 8: 0.6, 12: 0.2, 99: 0.2}),
    (s.warmup_cosine(0.0, 1.0, 0, 8), {0: 1.0, 4: 0.5, 8: 0.0}),
    (s.cyclical(1.0, 2.0, 4), {0: 1.0, 4: 2.0, 6: 1.5, 8: 1.0, 12: 2.0}),
    (s.cyclical(1.0, 2.0, 4, "triangular2"), {4: 2.0, 8: 1.0, 12: 1.5, 20: 1.25}),
    (s.cyclical(0.0, 1.0, 4, "exp_range", 0.5), {0: 0.0, 4: 0.5**4, 12: 0.5**12}),
    (s.one_cycle(1.0, 20, 0.5, div_factor=10.0, final_div_factor=10.0), {0: 0.1, 5: 0.55, 10: 1.0, 15: 0.505, 20: 0.01, 99: 0.01}),
    (s.one_cycle(1.0, 21, 0.25, "linear", 2.0, 5.0, pct_final=0.75), {0: 0.5, 5: 1.0, 10: 0.75, 15: 0.5, 21: 0.1, 30: 0.1}),
    (s.inverse_sqrt(1.0, 4), {0: 0.0, 2: 0.5, 4: 1.0, 16: 0.5}),
    (s.piecewise_constant([3.0, 2.0, 1.0], [2, 5]), {0: 3.0, 1: 3.0, 2: 2.0, 4: 2.0, 5: 1.0, 99: 1.0}),
    (s.piecewise(4.0, {5: 0.5, 2: 0.5}), {1: 4.0, 2: 2.0, 5: 1.0}),
    (s.piecewise(4.0, {2: 0.5, 6: 0.5}, "linear"), {0: 4.0, 1: 3.0, 2: 2.0, 4: 1.5, 6: 1.0, 9: 1.0}),
    (s.join([s.linear(0.0, 1.0, 4), s.linear(5.0, 6.0, 2), 7.0], [3, 5]), {2: 0.5, 3: 5.0, 4: 5.5, 5: 7.0, 9: 7.0}),
    (s.delayed(s.step_decay(1.0, 0.5, 2), 3), {0: 1.0, 4: 1.0, 5: 0.5}),
    (0.5 * s.linear(1.0, 3.0, 4) + s.step_decay(1.0, 0.5, 2), {0: 1.5, 2: 1.5, 4: 1.75}),
]


@pytest.mark.parametrize("schedule, values", CASES, ids=[repr(schedule)[:40] for schedule, _ in CASES])
def test_values(schedule, values):
    for step, value in values.items():
        assert schedule(step) == pytest.approx(value, rel=1e-13, abs=1e-15)
        assert isinstance(schedule(step), float)


def test_within_an_update():
    """The rate that an update takes is what the schedule says."""
    for schedule, values in CASES:
        optimizer, x = optim.sgd(schedule), np.zeros(1)
        state = optimizer.init(x)
        for step in values:
            state.counter[0], x[0] = step, 0.0
            optimizer.interpreted(x, -np.ones(1), state)
            assert x[0] == pytest.approx(schedule(step), rel=1e-15, abs=1e-300)


def test_in_compiled_code():
    from numba import njit

    rate = s.join([s.warm_restarts(0.1, 10), s.constant(0.5)], [50])

    @njit
    def total(steps):
        found = 0.0
        for step in range(steps):
            found += rate(step)
        return found

    assert total(60) == pytest.approx(sum(rate(step) for step in range(60)), rel=1e-13)
    x = np.zeros(1)
    optimizer = optim.sgd(rate)
    state = optimizer.init(x)
    for _ in range(60):
        optimizer.step(x, -np.ones(1), state)
    assert x[0] == pytest.approx(total(60), rel=1e-13)


def test_other_numbers_are_the_same_update():
    assert optim.sgd(s.cosine_decay(0.1, 10)).source == optim.sgd(s.cosine_decay(0.3, 77, 0.5)).source


@pytest.mark.parametrize("make, error", [
    (lambda: s.cosine_decay(0.1, 0), ValueError), (lambda: s.step_decay(0.1, 0.5, -1), ValueError),
    (lambda: s.warmup_cosine(0.0, 1.0, 10, 10), ValueError), (lambda: s.cyclical(0.0, 1.0, 5, "square"), ValueError),
    (lambda: s.join([s.constant(1.0)], [3]), ValueError), (lambda: s.join([1.0, 2.0, 3.0], [3, 3]), ValueError),
    (lambda: s.warm_restarts(0.1, 10, 0.5), ValueError), (lambda: s.constant("high"), TypeError),
    (lambda: s.one_cycle(0.1, 10, anneal="square"), ValueError), (lambda: s.reduce_on_plateau(0.1, 1.5), ValueError),
])
def test_wrong_arguments(make, error):
    with pytest.raises(error):
        make()


def test_plateau():
    rate = s.reduce_on_plateau(1.0, 0.5, patience=2, cooldown=1, min_value=0.2)
    losses = [5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    wanted = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2]
    assert [rate.observe(loss) for loss in losses][:13] == wanted
    x, optimizer = np.zeros(1), optim.sgd(rate)
    state = optimizer.init(x)
    optimizer.interpreted(x, -np.ones(1), state)
    assert x[0] == rate.value


def test_docstrings():
    assert doctest.testmod(s).attempted >= 20
    for module in (s, optim.combine, optim.optimizers):
        assert doctest.testmod(module).failed == 0
