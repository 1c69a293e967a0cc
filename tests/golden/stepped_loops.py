"""Loops with steps up and down."""

import numpy as np


def f(x):
    total = 1.0
    for i in range(0, len(x), 2):
        total *= x[i]
    for i in range(len(x) - 1, -1, -1):
        total = total * 0.5 + x[i] * total
    return total


ARGUMENTS = (np.array([0.7, 1.3, -0.4, 0.9]),)
ARGNUMS = 0
