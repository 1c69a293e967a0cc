"""An integer that a loop turns into a float."""

import numpy as np


def f(x):
    total = 0
    for t in x:
        total += t * t
    return total


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
