"""A slice stored over the one it is computed from."""

import numpy as np


def f(x):
    x[1:] = x[:-1] * x[1:]
    return np.sum(x * x)


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
