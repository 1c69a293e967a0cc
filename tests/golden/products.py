"""@, dot and outer."""

import numpy as np


def f(a, x):
    return np.dot(a @ x, x) + np.sum(np.outer(x, x))


ARGUMENTS = (np.array([[0.7, 1.3], [-0.4, 0.2]]), np.array([0.2, 0.5]))
ARGNUMS = (0, 1)
