"""Burgers' equation in one dimension: upwind advection and diffusion, two fields taking turns."""

import numpy as np
from programs.data import uniform


def burgers(u, steps, rate, viscosity):
    n = len(u)
    v = u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            v[i] = (u[i] - rate * u[i] * (u[i] - u[i - 1])
                    + viscosity * (u[i + 1] - 2.0 * u[i] + u[i - 1]))
        u, v = v, u
    return 0.5 * np.sum(u * u)


def arguments(n, steps):
    return {"u": uniform(float, n)[0], "steps": steps, "rate": 0.2, "viscosity": 0.1}
