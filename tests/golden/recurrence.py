"""An in-place recurrence along an array."""

import numpy as np


def f(x):
    for i in range(1, len(x)):
        x[i] += 0.5 * x[i - 1] * x[i]
    return x[-1]


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
