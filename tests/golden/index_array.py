"""Elements picked by an array of integers."""

import numpy as np


def f(x, idx):
    total = 0.0
    for k in idx:
        total += x[k] * x[k]
    return total


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), np.array([2, 0, 2]))
ARGNUMS = 0
