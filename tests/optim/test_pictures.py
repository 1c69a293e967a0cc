"""Ways of optimizers; pictures where matplotlib is there."""

import doctest

import numpy as np
import pytest

from adtrans import optim
from adtrans.optim import pictures


def rosenbrock(x):
    return 100.0 * (x[1] - x[0] * x[0]) ** 2 + (1.0 - x[0]) ** 2


def test_trajectory():
    way = optim.trajectory(rosenbrock, [-1.2, 1.0], optim.adam(0.05), 300)
    assert way.shape == (301, 2) and way[0].tolist() == [-1.2, 1.0]
    assert rosenbrock(way[-1]) < 0.1 * rosenbrock(way[0])
    assert doctest.testmod(pictures).failed == 0


def test_pictures():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = optim.plot_trajectories(rosenbrock, [-1.2, 1.0], {"adam": optim.adam(0.05)}, 20)
    assert len(axes.lines) == 1 and axes.lines[0].get_xdata()[0] == -1.2
    optim.schedules.plot(optim.schedules.cosine_decay(0.1, 10), 20)
    x = np.arange(6.0).reshape(3, 2)
    found = optim.fit(lambda w, x: np.mean((x - w) ** 2), np.zeros(2), x, optim.sgd(optim.schedules.step_decay(0.1, 0.5, 1)),
                      epochs=3, progress=True)
    assert len(found.plot().lines) == 1
    with pytest.raises(ValueError):
        optim.plot_trajectories(rosenbrock, [1.0], {}, 1)
