"""How optimizers find their way through a curved valley: Rosenbrock's function, whose minimum is at (1, 1).

Saves a picture, rosenbrock.png, where matplotlib is installed (`pip install adtrans[plot]`).
"""

import numpy as np

from adtrans import optim


def rosenbrock(x):
    return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2


start = np.array([-1.5, 2.0])
optimizers = {
    "gradient descent": optim.sgd(5e-4),
    "momentum": optim.sgd(2e-4, momentum=0.95),
    "Adam": optim.adam(0.05),
    "RMSProp": optim.rmsprop(0.01),
}
for name, optimizer in optimizers.items():
    way = optim.trajectory(rosenbrock, start, optimizer, 1000)
    print(f"{name:17} {rosenbrock(way[100]):9.2e} after 100 steps, {rosenbrock(way[-1]):9.2e} after 1,000")
newton = optim.minimize(rosenbrock, start, method="newton", history=True)
print(f"Newton's method   {newton.fun:9.2e} after {newton.nit}, {newton.nfev} evaluations")

try:
    import matplotlib
except ImportError:
    print("no picture: matplotlib is not installed")
else:
    matplotlib.use("Agg")
    axes = optim.plot_trajectories(rosenbrock, start, optimizers, 200)
    axes.plot(*newton.history["x"].T, marker="x", color="black", label="Newton's method")
    axes.legend()
    axes.figure.savefig("rosenbrock.png", dpi=150)

best = optim.minimize(rosenbrock, start, method=optim.adam(0.05), max_steps=5000)
assert np.allclose(best.x, 1.0, atol=1e-3)
assert newton.success and np.allclose(newton.x, 1.0, atol=1e-8)
