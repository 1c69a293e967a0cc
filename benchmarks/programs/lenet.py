"""LeNet-5: two convolutions with max pooling, three full layers.

Y. LeCun et al., "Gradient-based learning applied to document recognition", Proceedings of the IEEE 86 (1998).
"""

import numpy as np

from .conv2d import conv2d
from .data import uniform


def relu(x):
    return np.maximum(x, 0)


def maxpool2d(x):
    out = np.empty([x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]], dtype=x.dtype)
    for i in range(x.shape[1] // 2):
        for j in range(x.shape[2] // 2):
            out[:, i, j, :] = np.max(x[:, 2 * i:2 * i + 2, 2 * j:2 * j + 2, :], axis=(1, 2))
    return out


def lenet(images, conv1, bias1, conv2, bias2, w1, b1, w2, b2, w3, b3):
    x = maxpool2d(relu(conv2d(images, conv1) + bias1))
    x = maxpool2d(relu(conv2d(x, conv2) + bias2))
    x = np.reshape(x, (x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]))
    x = relu(x @ w1 + b1)
    x = relu(x @ w2 + b2)
    return x @ w3 + b3


def arguments(size, dtype):
    pooled = (size - 2) // 2
    flat = 4 * ((pooled - 2) // 2) ** 2
    shapes = ((2, size, size, 1), (3, 3, 1, 3), 3, (3, 3, 3, 4), 4, (flat, 12), 12, (12, 8), 8, (8, 5), 5)
    names = ("images", "conv1", "bias1", "conv2", "bias2", "w1", "b1", "w2", "b2", "w3", "b3")
    return dict(zip(names, uniform(dtype, *shapes, low=-0.6)))
