"""A recurrent network with a memory: add the two marked numbers of a sequence.

Every sequence has 12 random numbers, two of which are marked (Hochreiter and Schmidhuber 1997). Gradients through time
are clipped by their global norm (Pascanu, Mikolov and Bengio 2013).
"""

from typing import NamedTuple

import numpy as np

from adtrans import init, optim


class Network(NamedTuple):
    w_in: np.ndarray
    w: np.ndarray
    b: np.ndarray
    w_out: np.ndarray
    b_out: float


def predict(net, x):
    rows, length, _ = x.shape
    h = np.zeros((rows, len(net.b)))
    for t in range(length):
        h = np.tanh(x[:, t] @ net.w_in + h @ net.w + net.b)
    return h @ net.w_out + net.b_out


def loss(net, x, y):
    return np.mean((predict(net, x) - y) ** 2)


def sequences(count, rng, length=12):
    """Numbers and marks, (count, length, 2), and the sums."""
    x = np.zeros((count, length, 2))
    x[:, :, 0] = rng.uniform(-1.0, 1.0, (count, length))
    for row in x:
        row[rng.choice(length, 2, replace=False), 1] = 1.0
    return x, np.sum(x[:, :, 0] * x[:, :, 1], axis=1)


rng = np.random.default_rng(0)
train, held = sequences(4000, rng), sequences(500, rng)
n = 24
net = Network(init.xavier_normal((2, n), rng), init.orthogonal((n, n), rng), np.zeros(n), rng.normal(size=n) / n, 0.0)
optimizer = optim.chain(optim.clip_by_global_norm(1.0), optim.adam(optim.schedules.cosine_decay(5e-3, 30 * 125)))
found = optim.fit(loss, net, train, optimizer, batch_size=32, epochs=30)

error = np.sqrt(loss(found.params, *held))
print(f"root mean square error {error:.4f}; {np.std(held[1]):.4f} for always the mean")
assert error < 0.1 * np.std(held[1])
