"""A row and a column of a matrix, the ellipsis and a new axis."""

import numpy as np


def f(a):
    r, c = a[1, :], a[..., 0]
    a[0] = r * 2.0
    return np.sum(c[:, None] * r)


ARGUMENTS = (np.array([[0.7, 1.3], [-0.4, 0.2]]),)
ARGNUMS = 0
