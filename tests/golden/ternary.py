"""A choice between two expressions under chained comparisons."""


def f(x, y):
    t = x * y if 0.0 < x < y < 10.0 else x - y
    return t * x


ARGUMENTS = (0.7, 1.3)
ARGNUMS = (0, 1)
