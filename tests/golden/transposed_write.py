"""Writing through a transpose."""

import numpy as np


def f(a):
    t = a.T
    t[0] *= 3.0
    return np.sum(a * a)


ARGUMENTS = (np.array([[0.7, 1.3, 0.1], [-0.4, 0.2, 0.5]]),)
ARGNUMS = 0
