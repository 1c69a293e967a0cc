"""A name assigned on both sides of a branch, one only used on its own."""

import numpy as np


def f(x):
    if x > 0.0:
        t = np.exp(x)
        s = t * x
    else:
        s = -x
    return s * x


ARGUMENTS = (0.7,)
ARGNUMS = 0
