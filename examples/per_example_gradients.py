"""A gradient for each example of a batch, a rule of one line, and a Hessian: transformations of transformations."""

import numpy as np

import adtrans


@adtrans.rule("y = softplus(x)", x="1 / (1 + np.exp(-x))")
def softplus(x):
    return np.log1p(np.exp(x))


def loss(w, x, label):
    return softplus(-label * np.dot(w, x))


def penalised(w, xs, labels):
    """The mean loss and the variance of its gradient from example to example."""
    losses, gradients = adtrans.vmap(adtrans.value_and_grad(loss), in_axes=(None, 0, 0))(w, xs, labels)
    return np.mean(losses) + 0.1 * np.sum(np.var(gradients, axis=0))


rng = np.random.default_rng(0)
xs, w = rng.normal(size=(50, 4)), rng.normal(size=4)
labels = np.where(xs @ np.array([1.0, -2.0, 0.5, 0.0]) > 0, 1.0, -1.0)

each = adtrans.vmap(adtrans.grad(loss), in_axes=(None, 0, 0))(w, xs, labels)
gradient, hessian = adtrans.grad(penalised), adtrans.hessian(penalised)
for _ in range(5):
    w = w - np.linalg.solve(hessian(w, xs, labels) + 0.1 * np.eye(4), gradient(w, xs, labels))
print(gradient.explain(w, xs, labels))

adtrans.check_grads(penalised, (w, xs, labels), argnums="w", order=2)
assert each.shape == (50, 4) and np.linalg.norm(gradient(w, xs, labels)) < 0.1
