"""Pictures: how optimizers move over a function of two variables. matplotlib is needed: `adtrans[plot]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.optim.optimizer import Optimizer


def trajectory(fun: Callable, x0: Any, optimizer: Optimizer, steps: int) -> np.ndarray:
    """The points that an optimizer visits from `x0`: an array of shape (steps + 1, *x0.shape).

    Arguments: `fun` gives a number for an array like `x0`, in the language that `grad` differentiates.

    >>> from adtrans import optim
    >>> def bowl(x):
    ...     return x[0] * x[0] + x[1] * x[1]
    >>> trajectory(bowl, np.array([1.0, -1.0]), optim.sgd(0.25), 2).tolist()
    [[1.0, -1.0], [0.5, -0.5], [0.25, -0.25]]
    """
    from adtrans.api import grad

    x = np.array(x0, np.float64)
    gradient, state, points = grad(fun), optimizer.init(x), [x.copy()]
    for _ in range(steps):
        optimizer.look_ahead(x, state)
        optimizer.step(x, gradient(x), state)
        points.append(x.copy())
    return np.array(points)


def plot_trajectories(fun: Callable, x0: Any, optimizers: Mapping[str, Optimizer], steps: int, axes=None,
                      levels: int = 30):
    """Draw the contours of a function of two variables and the ways of some optimizers over it; gives the axes.

    Arguments: `optimizers` by the names for the legend. Contours are spaced evenly in the logarithm of the height above
    the lowest point drawn. Raises ArgumentValueError where `x0` has not two elements.
    """
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ArgumentError("plot_trajectories needs matplotlib: pip install adtrans[plot]") from None
    start = np.asarray(x0, np.float64)
    if start.shape != (2,):
        raise ArgumentValueError(f"contours are of functions of two variables, and x0 has shape {start.shape}")
    axes = axes or pyplot.subplots()[1]
    ways = {name: trajectory(fun, start, optimizer, steps) for name, optimizer in optimizers.items()}
    visited = np.concatenate([way[np.all(np.isfinite(way), axis=1)] for way in ways.values()])
    low, high = visited.min(axis=0), visited.max(axis=0)
    margin = 0.2 * np.maximum(high - low, 1e-3)
    a, b = (np.linspace(low[k] - margin[k], high[k] + margin[k], 121) for k in range(2))
    heights = np.array([[fun(np.array([u, v])) for u in a] for v in b])
    heights = np.log10(heights - heights.min() + 1e-6 * np.ptp(heights) + 1e-300)
    axes.contour(a, b, heights, levels=levels, linewidths=0.5, colors="gray")
    for name, way in ways.items():
        axes.plot(way[:, 0], way[:, 1], marker=".", markersize=3, linewidth=1, label=name)
    axes.legend()
    return axes
