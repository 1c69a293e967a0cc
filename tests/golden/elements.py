"""Elements stored and augmented after they were used."""

import numpy as np


def f(x):
    t = x[0] * x[1]
    x[0] = t * x[2]
    x[1] += x[0] * x[0]
    return x[0] + x[1] * t


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
