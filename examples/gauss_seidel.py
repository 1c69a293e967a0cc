"""A solver that overwrites its unknowns in place, differentiated as it stands.

Gauss-Seidel sweeps for -u'' = f with u = 0 at both ends. After enough sweeps u is A^-1 f, so the gradient of
c.u with respect to f is A^-1 c, which NumPy can tell without any differentiation.
"""

import numpy as np

import adtrans


def observed(f, c, sweeps):
    n = len(f)
    u = np.zeros(n + 2)
    for _ in range(sweeps):
        for i in range(1, n + 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1] + f[i - 1])
    total = 0.0
    for i in range(n):
        total += c[i] * u[i + 1]
    return total


n = 12
rng = np.random.default_rng(0)
f, c = rng.normal(size=n), rng.normal(size=n)
f_bar = adtrans.grad(observed)(f, c, 2000)

matrix = 2.0 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
assert np.allclose(f_bar, np.linalg.solve(matrix, c), rtol=1e-9)
