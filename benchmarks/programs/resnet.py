"""A bottleneck block of a residual network with batch normalisation.

K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016.
"""

import numpy as np

from .conv2d import conv2d
from .data import uniform


def relu(x):
    return np.maximum(x, 0)


def batchnorm2d(x, eps=1e-5):
    mean = np.mean(x, axis=0, keepdims=True)
    std = np.std(x, axis=0, keepdims=True)
    return (x - mean) / np.sqrt(std + eps)


def resnet(images, conv1, conv2, conv3):
    padded = np.zeros((images.shape[0], images.shape[1] + 2, images.shape[2] + 2, conv1.shape[3]), dtype=images.dtype)
    padded[:, 1:-1, 1:-1, :] = conv2d(images, conv1)
    x = relu(batchnorm2d(padded))
    x = relu(batchnorm2d(conv2d(x, conv2)))
    x = batchnorm2d(conv2d(x, conv3))
    return relu(x + images)


def arguments(size, dtype):
    shapes = (4, size, size + 1, 5), (1, 1, 5, 3), (3, 3, 3, 3), (1, 1, 3, 5)
    return dict(zip(("images", "conv1", "conv2", "conv3"), uniform(dtype, *shapes, low=-1.0)))
