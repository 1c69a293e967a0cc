"""A loop that skips some of its items."""

import numpy as np


def f(x):
    total = 1.0
    for t in x:
        if t < 0.0:
            continue
        total *= t
    return total


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
