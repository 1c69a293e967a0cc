"""A convolution over images, as neural networks have it: batch, rows, columns, channels."""

import numpy as np

from .data import uniform


def conv2d(images, kernel):
    k = kernel.shape[0]
    n = images.shape[0]
    rows, columns = images.shape[1] - k + 1, images.shape[2] - k + 1
    out = np.empty((n, rows, columns, kernel.shape[3]), dtype=images.dtype)
    for i in range(rows):
        for j in range(columns):
            window = images[:, i:i + k, j:j + k, :, np.newaxis]
            out[:, i, j, :] = np.sum(window * kernel[np.newaxis, :, :, :], axis=(1, 2, 3))
    return out


def conv2d_bias(images, kernel, bias):
    return conv2d(images, kernel) + bias


def arguments(size, dtype):
    images, kernel, bias = uniform(dtype, (2, size, size + 1, 2), (3, 3, 2, 4), 4)
    return {"images": images, "kernel": kernel, "bias": bias}
