"""A call of another function, inlined; keyword and default."""


def damped(x, rate, power=2.0):
    if rate < 0.0:
        return x
    return x ** power * rate


def f(x, rate):
    return damped(x, rate=rate) + damped(x, -1.0)


ARGUMENTS = (0.7, 1.3)
ARGNUMS = (0, 1)
