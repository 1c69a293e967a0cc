"""A nested function that changes a name around it, and a lambda."""

SCALE = 0.37


def f(x):
    total = 0.0

    def add(t):
        nonlocal total
        total += SCALE * t * x

    add(x)
    add(2.0)
    square = lambda t: t * t
    return square(total)


ARGUMENTS = (0.7,)
ARGNUMS = 0
