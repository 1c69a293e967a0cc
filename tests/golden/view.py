"""Writing to a view changes the array."""

import numpy as np


def f(x):
    v = x[1:]
    v *= 2.0
    return x[1] * v[0] + x[0]


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
