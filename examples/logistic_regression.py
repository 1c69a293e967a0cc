"""Logistic regression on real measurements: mini-batches by `fit`, then the same minimum by Newton's method.

569 cell samples, 30 measurements each: which are malignant?
"""

from importlib import resources

import numpy as np

import adtrans
from adtrans import optim


def loss(w, b, x, y, decay):
    z = x @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z) + 0.5 * decay * np.sum(w * w)


def whole_loss(params, x, y, decay):
    return loss(params["w"], params["b"], x, y, decay)


path = resources.files("adtrans") / "data" / "breast_cancer.csv"
table = np.loadtxt(path, delimiter=",", skiprows=1, converters={0: lambda text: float(text == "M")}, encoding="utf-8")
y, x = table[:, 0].copy(), table[:, 1:]
x = (x - x.mean(axis=0)) / x.std(axis=0)
start, decay = (np.zeros(30), 0.0), 1e-2

rate = optim.schedules.cosine_decay(0.1, decay_steps=100 * 18)
trained = optim.fit(loss, start, (x, y), optim.sgd(rate, momentum=0.9, nesterov=True), batch_size=32, epochs=100,
                    static=(decay,))
exact = optim.minimize(whole_loss, {"w": start[0], "b": start[1]}, (x, y, decay), method="newton")
w, b = trained.params
right = np.mean((x @ w + b > 0) == (y == 1))
above = loss(w, b, x, y, decay) - exact.fun
print(f"least loss {exact.fun:.6f} by {exact.nit} Newton steps, {above:.1e} above by mini-batches; {right:.1%} right")

adtrans.check_grads(loss, (w, b, x, y, decay), argnums=(0, 1))
assert exact.success and right > 0.98
assert -1e-12 < above < 1e-4
