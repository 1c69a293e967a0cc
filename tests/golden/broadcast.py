"""A row and a column spread over a matrix."""

import numpy as np


def f(a, b):
    return np.sum((a[:, None] - b) ** 2 * 0.5)


ARGUMENTS = (np.array([0.7, 1.3]), np.array([0.2, 0.5, 1.1]))
ARGNUMS = (0, 1)
