"""What is a rod made of? Its conductivity along the way, from thermometers at five places.

An explicit scheme for u_t = (k u_x)_x steps through time in place; the ends are held at 1 and 0. The unknowns
are the logarithms of k in 30 cells; the gradient of the misfit goes back through 2,000 steps of time.
"""

import numpy as np

import adtrans
from adtrans import optim

N, STEPS, EVERY = 30, 2000, 20
SENSORS = np.array([4, 9, 14, 19, 24])


def simulate(log_k, readings):
    """Temperatures at the sensors, a row for every 20 steps, into `readings`."""
    n = len(log_k)
    k = np.exp(log_k)
    u = np.zeros(n + 1)
    u[0] = 1.0
    flow = np.zeros(n)
    for step in range(STEPS):
        for i in range(n):
            flow[i] = k[i] * (u[i + 1] - u[i])
        for i in range(1, n):
            u[i] += 0.2 * (flow[i] - flow[i - 1])
        if step % EVERY == 0:
            for j in range(len(SENSORS)):
                readings[step // EVERY, j] = u[SENSORS[j]]


def misfit(log_k, measured, smoothing):
    readings = np.zeros(measured.shape)
    simulate(log_k, readings)
    return np.sum((readings - measured) ** 2) + smoothing * np.sum(np.diff(log_k) ** 2)


cells = np.arange(N)
truth = np.where((cells >= 10) & (cells < 20), 0.5, 1.5)
measured = np.zeros((STEPS // EVERY, len(SENSORS)))
simulate(np.log(truth), measured)
measured += 1e-3 * np.random.default_rng(0).normal(size=measured.shape)

start = np.zeros(N)
found = optim.minimize(misfit, start, (measured, 1e-4), method="bfgs")
k = np.exp(found.x)
print(f"misfit {misfit(start, measured, 1e-4):.3g} -> {found.fun:.3g} in {found.nit} steps")
print("conductivity", np.round(k, 2))

adtrans.check_grads(misfit, (start, measured, 1e-4), argnums=0)
assert np.mean(np.abs(k - truth)) < 0.1
