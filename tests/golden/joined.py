"""concatenate, stack and reshape."""

import numpy as np


def f(x, y):
    z = np.concatenate((x, y)).reshape(2, 2)
    return np.sum(z[0] * z[1]) + np.sum(np.stack((x, y))[:, 1])


ARGUMENTS = (np.array([0.7, 1.3]), np.array([0.2, 0.5]))
ARGNUMS = (0, 1)
