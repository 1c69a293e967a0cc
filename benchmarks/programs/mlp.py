"""A perceptron of three layers with softmax at the end."""

import numpy as np

from .data import uniform
from .softmax import softmax


def relu(x):
    return np.maximum(x, 0)


def mlp(x, w1, b1, w2, b2, w3, b3):
    x = relu(x @ w1 + b1)
    x = relu(x @ w2 + b2)
    return softmax(x @ w3 + b3)


def arguments(size, dtype):
    shapes = (4, size), (size, size + 1), size + 1, (size + 1, size + 2), size + 2, (size + 2, 5), 5
    return dict(zip(("x", "w1", "b1", "w2", "b2", "w3", "b3"), uniform(dtype, *shapes, low=-1.0)))
