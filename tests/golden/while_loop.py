"""Newton's method until the step is small."""


def f(a):
    x = 1.0
    step = 1.0
    while abs(step) > 1e-10:
        step = 0.5 * (x - a / x)
        x -= step
    return x


ARGUMENTS = (2.0,)
ARGNUMS = 0
