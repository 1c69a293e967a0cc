"""A network that reads handwritten digits: cross entropy from logits, AdamW, a schedule, early stopping.

1,797 images of 8 by 8 pixels (data/README.md), of which 250 tell when to stop and 300 how good the network is.
"""

from pathlib import Path

import numpy as np

from adtrans import init, optim
from adtrans.special import cross_entropy, relu


def logits(net, x):
    return relu(x @ net["w1"] + net["b1"]) @ net["w2"] + net["b2"]


def loss(net, x, digit):
    return cross_entropy(logits(net, x), digit)


with np.load(Path(__file__).parent / "data" / "digits.npz") as data:
    x, digit = data["pixels"] / 16.0, data["digit"].astype(np.int64)
rng = np.random.default_rng(0)
order = rng.permutation(len(x))
train, watched, held = ((x[rows], digit[rows]) for rows in (order[550:], order[300:550], order[:300]))

net = {"w1": init.he_normal((64, 64), rng), "b1": np.zeros(64), "w2": init.xavier_normal((64, 10), rng),
       "b2": np.zeros(10)}
epochs = 60
rate = optim.schedules.warmup_cosine(0.0, 3e-3, warmup_steps=100, decay_steps=epochs * 39)
found = optim.fit(loss, net, train, optim.adamw(rate, weight_decay=0.1), batch_size=32, epochs=epochs,
                  validation_data=watched, patience=10)

right = np.mean(np.argmax(logits(found.params, held[0]), axis=1) == held[1])
print(f"{found.epochs} epochs, loss {found.history['loss'][-1]:.4f}, {right:.1%} of the images held out are read right")
assert right > 0.95
