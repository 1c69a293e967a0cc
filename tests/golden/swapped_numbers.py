"""Two numbers exchanged, and advanced together in a loop."""


def f(x, y):
    x, y = y, x
    for _ in range(3):
        x, y = 0.5 * x + y, x * y
    return x - y


ARGUMENTS = (0.7, 1.3)
ARGNUMS = (0, 1)
