"""The logarithm of a sum of exponentials."""

import math

import numpy as np


def log_sum_exp(x):
    largest = x[0]
    for i in range(1, len(x)):
        largest = max(largest, x[i])
    total = 0.0
    for i in range(len(x)):
        total += math.exp(x[i] - largest)
    return largest + math.log(total)


def by_numpy(x):
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def arguments(n):
    return {"x": np.random.default_rng(0).normal(size=n)}
