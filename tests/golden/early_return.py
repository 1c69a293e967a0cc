"""Returns from within branches and from a loop."""

import numpy as np


def f(x, y):
    if y < 0.0:
        return x[0] * y
    for t in x:
        if t > 1.0:
            return t * t * y
    return y


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), 0.8)
ARGNUMS = (0, 1)
