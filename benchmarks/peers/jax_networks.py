"""Networks in JAX: convolutions and softmax of the library."""

import jax
import jax.numpy as jnp
from jax import lax


def convolved(images, kernel):
    return lax.conv_general_dilated(images, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def conv2d(images, kernel, bias):
    return convolved(images, kernel) + bias


def halved(x):
    n, rows, columns, channels = x.shape
    x = x[:, :rows // 2 * 2, :columns // 2 * 2]
    return jnp.max(x.reshape(n, rows // 2, 2, columns // 2, 2, channels), axis=(2, 4))


def lenet(images, conv1, bias1, conv2, bias2, w1, b1, w2, b2, w3, b3):
    x = halved(jax.nn.relu(convolved(images, conv1) + bias1))
    x = halved(jax.nn.relu(convolved(x, conv2) + bias2))
    x = jax.nn.relu(x.reshape(x.shape[0], -1) @ w1 + b1)
    return jax.nn.relu(x @ w2 + b2) @ w3 + b3


def mlp(x, w1, b1, w2, b2, w3, b3):
    x = jax.nn.relu(x @ w1 + b1)
    return jax.nn.softmax(jax.nn.relu(x @ w2 + b2) @ w3 + b3)


def softmax(x):
    return jax.nn.softmax(x)


KERNELS = {fun.__name__: fun for fun in (conv2d, lenet, mlp, softmax)}
