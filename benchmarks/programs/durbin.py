"""The Yule-Walker equations by Durbin's recursion."""

import numpy as np


def durbin(r):
    y = np.empty_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = alpha
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return y


def arguments(size, dtype):
    rng = np.random.default_rng(0)
    return {"r": (rng.uniform(0.5, 1.0, size) * 0.6 ** np.arange(1, size + 1)).astype(dtype)}
