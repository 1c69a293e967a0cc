"""Two elements exchanged."""

import numpy as np


def f(x):
    x[0], x[2] = x[2], x[0]
    return x[0] * x[0] + 3.0 * x[2]


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
