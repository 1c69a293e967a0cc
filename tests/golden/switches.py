"""Strings and None that choose what is computed."""

import numpy as np


def f(x, mode, offset):
    y = np.sqrt(x) if mode == "root" else x * x
    if offset is not None:
        y += offset
    return y


ARGUMENTS = (0.7, "root", None)
ARGNUMS = 0
