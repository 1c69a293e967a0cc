"""A strided slice stored and one walked backwards."""

import numpy as np


def f(x):
    y = np.zeros(4)
    y[::2] = x[1:3] * 2.0
    y[1:] += x[::-1]
    return np.sum(y * y)


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
