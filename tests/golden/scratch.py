"""A buffer allocated in every iteration."""

import numpy as np


def f(x, n):
    total = 0.0
    for k in range(n):
        t = np.empty(2)
        t[0] = x * k
        t[1] = t[0] * x
        total += t[0] * t[1]
    return total


ARGUMENTS = (0.7, 3)
ARGNUMS = 0
