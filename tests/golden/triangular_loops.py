"""An inner loop whose bound depends on the outer counter."""

import numpy as np


def f(a):
    total = 0.0
    for i in range(len(a)):
        for j in range(i + 1):
            total = np.sin(total + a[i, j])
    return total


ARGUMENTS = (np.array([[0.7, 1.3], [-0.4, 0.2]]),)
ARGNUMS = 0
