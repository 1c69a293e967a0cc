"""Changes of type: the way back undoes it."""

import numpy as np


def f(x):
    y = x.astype(np.float64)
    return np.sum(y * y) * float(x[0])


ARGUMENTS = (np.array([0.7, 1.3], dtype=np.float32),)
ARGNUMS = 0
