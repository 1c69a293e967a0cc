"""A function with a loop and a branch, its gradient as source, and one line that checks it."""

import numpy as np

import adtrans


def huber(x, y):
    total = 0.0
    for i in range(len(x)):
        r = x[i] - y[i]
        if abs(r) < 1.0:
            total += 0.5 * r * r
        else:
            total += abs(r) - 0.5
    return total


x, y = np.linspace(-2.0, 2.0, 9), np.zeros(9)
g = adtrans.grad(huber)
print(g(x, y))
print(g.source)

adtrans.check_grads(huber, (x + 0.1, y))
assert np.allclose(g(x, y), np.clip(x - y, -1.0, 1.0))
