"""An explicit time loop with two buffers that change places: which start leads to a given end?

Heat spreads along a ring. The gradient of the misfit at the end with respect to the start is fed to plain
gradient descent, which runs inside Numba together with the gradient.
"""

import numba
import numpy as np

import adtrans


def misfit(start, target, diffusivity, steps):
    n = len(start)
    u, new = start.copy(), np.empty(n)
    for _ in range(steps):
        for i in range(n):
            new[i] = u[i] + diffusivity * (u[i - 1] - 2.0 * u[i] + u[(i + 1) % n])
        u, new = new, u
    return np.sum((u - target) ** 2)


gradient = adtrans.value_and_grad(misfit)


@numba.njit
def recover(start, target, diffusivity, steps, rounds):
    first = last = 0.0
    for round in range(rounds):
        last, start_bar = gradient(start, target, diffusivity, steps)
        if round == 0:
            first = last
        start = start - 0.4 * start_bar
    return start, first, last


angle = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
target = 0.3 * np.sin(angle) + 0.1 * np.cos(2.0 * angle)
start, first, last = recover(np.zeros(40), target, 0.2, 30, 200)
print(f"misfit {first:.3g} -> {last:.3g}")

adtrans.check_grads(misfit, (start, target, 0.2, 30))
assert last < 1e-3 * first
