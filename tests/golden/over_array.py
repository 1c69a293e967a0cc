"""A loop over the items of an array, one over rows."""

import numpy as np


def f(a, w):
    total = 0.0
    for row in a:
        for t in row:
            total += w * t * t
    return total


ARGUMENTS = (np.array([[0.7, 1.3], [-0.4, 0.2]]), 0.5)
ARGNUMS = (0, 1)
