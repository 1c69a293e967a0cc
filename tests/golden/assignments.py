"""Chained, nested and augmented assignment of numbers."""


def f(x, y):
    a = b = x * y
    (c, d), e = (a + x, b - y), 2.0 * a
    c *= d
    e -= c / (1.0 + d * d)
    return c * e


ARGUMENTS = (0.7, 1.3)
ARGNUMS = ("x", "y")
