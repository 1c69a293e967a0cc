"""The largest element, maximum and minimum of two."""

import numpy as np


def f(x, y):
    return np.max(x * y) + np.sum(np.maximum(x, y) * np.minimum(y, 0.5))


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), np.array([0.2, 0.9, 1.1]))
ARGNUMS = (0, 1)
