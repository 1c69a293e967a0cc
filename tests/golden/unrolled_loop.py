"""A loop over a tuple."""


def f(x):
    total = x
    for c in (0.5, -1.0, 2.0):
        total = total * x + c
    return total


ARGUMENTS = (0.7,)
ARGNUMS = 0
