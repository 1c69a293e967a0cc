"""Parameters in a NamedTuple: the gradient comes back in the same container."""

from typing import NamedTuple

import numpy as np

import adtrans


class Network(NamedTuple):
    weights: tuple
    scale: float


def loss(network, x, y):
    for w in network.weights:
        x = np.tanh(x @ w)
    return np.mean((network.scale * x - y) ** 2)


rng = np.random.default_rng(0)
network = Network((rng.normal(size=(3, 5)), rng.normal(size=(5, 2))), 1.5)
x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))

gradient = adtrans.grad(loss)(network, x, y)
adtrans.check_grads(loss, (network, x, y))
assert isinstance(gradient, Network)
assert [w.shape for w in gradient.weights] == [(3, 5), (5, 2)]
