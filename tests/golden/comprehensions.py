"""Lists, comprehensions and generators."""

import numpy as np


def f(x, n):
    powers = [x**k for k in range(1, 4)]
    powers.append(sum(t * t for t in powers))
    return np.sum(np.array([0.5 * t for t in powers])) * len(powers) + n * powers[-1]


ARGUMENTS = (0.7, 2)
ARGNUMS = 0
