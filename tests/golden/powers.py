"""Powers: of constants, by an integer, by a number."""


def f(x, y, n):
    return x ** 3 + x ** n + x ** y + 2.0 ** y


ARGUMENTS = (0.7, 1.3, 2)
ARGNUMS = (0, 1)
