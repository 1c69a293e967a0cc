"""%, // and rounding."""


def f(x, y):
    return x % y + (x // y) * y + x * round(x) + abs(x - y)


ARGUMENTS = (3.7, 1.3)
ARGNUMS = (0, 1)
