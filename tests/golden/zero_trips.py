"""A loop that does not run."""

import numpy as np


def f(x, n):
    total = x[0]
    for i in range(2, n):
        total *= x[i]
    return total * x[1]


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), 1)
ARGNUMS = 0
