"""assert, raise and print."""


def f(x):
    assert x > 0.0, "x must be positive"
    if x > 100.0:
        raise ValueError("too large")
    print("x is", x)
    return x * x


ARGUMENTS = (0.7,)
ARGNUMS = 0
