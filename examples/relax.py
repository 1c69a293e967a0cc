"""The README's example: a `while` loop over in-place sweeps, its gradient as source, and its check."""

import numpy as np

import adtrans


def relax(u, rate, tolerance):
    change = 1.0
    while change > tolerance:
        change = 0.0
        for i in range(1, len(u) - 1):
            step = rate * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            u[i] += step
            change += step * step
    return np.sum(u)


if __name__ == "__main__":
    u = np.linspace(0.0, 1.0, 12) ** 2
    gradient = adtrans.grad(relax)
    print(gradient(u, 0.4, 1e-4))
    print(gradient.source)

    adtrans.check_grads(relax, (u, 0.4, 1e-4))
    assert np.all(gradient(u, 0.4, 1e-4) > 0.0)
