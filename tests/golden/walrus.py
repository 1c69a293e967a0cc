"""A name bound within a condition."""


def f(x):
    if (t := x * x) > 1.0:
        return t * t
    return t + x


ARGUMENTS = (1.4,)
ARGNUMS = 0
