"""var and cumsum."""

import numpy as np


def f(x):
    return np.var(x) + np.cumsum(x)[-2] ** 2


ARGUMENTS = (np.array([0.7, 1.3, -0.4]),)
ARGNUMS = 0
