"""enumerate, zip and reversed."""

import numpy as np


def f(x, y):
    total = 0.0
    for i, (s, t) in enumerate(zip(x, reversed(y))):
        total += i * s * t
    return total


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), np.array([0.2, 0.5, 1.1]))
ARGNUMS = (0, 1)
