"""A loop that carries an array by copying."""

import numpy as np


def f(u, n):
    for _ in range(n):
        u = u + 0.1 * u * u
    return np.sum(u)


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), 4)
ARGNUMS = 0
