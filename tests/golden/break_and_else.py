"""A loop that may be left early, with an else clause."""

import numpy as np


def f(x, limit):
    total = 0.0
    for t in x:
        if total > limit:
            break
        total += t * t
    else:
        total *= 3.0
    return total


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), 2.0)
ARGNUMS = 0
