"""A sum of squares."""

import numpy as np


def f(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i]
    return total


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
