"""Least squares by a polynomial, evaluated by Horner's scheme; c[j] goes with the power j."""

import numpy as np


def polynomial(c, x, y):
    total = 0.0
    for i in range(len(x)):
        value = 0.0
        for j in range(len(c) - 1, -1, -1):
            value = value * x[i] + c[j]
        total += (value - y[i]) ** 2
    return total


def by_numpy(c, x, y):
    value = np.zeros_like(x)
    for j in range(len(c) - 1, -1, -1):
        value = value * x + c[j]
    return np.sum((value - y) ** 2)


def arguments(n, m):
    rng = np.random.default_rng(0)
    return {"c": rng.normal(size=m), "x": rng.uniform(-1.0, 1.0, n), "y": rng.normal(size=n)}
