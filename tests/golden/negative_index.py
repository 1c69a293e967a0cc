"""Elements counted from the end, and picked by a computed index."""

import numpy as np


def f(x, k):
    return x[-1] * x[k] + x[-k]


ARGUMENTS = (np.array([0.7, 1.3, -0.4]), 2)
ARGNUMS = 0
