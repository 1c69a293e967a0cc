"""Modified Gram-Schmidt: A = Q R, the columns of A used up on the way."""

import numpy as np

from .data import uniform


def gramschmidt(a):
    n = a.shape[1]
    q = np.zeros_like(a)
    r = np.zeros((n, n), dtype=a.dtype)
    for k in range(n):
        r[k, k] = np.sqrt(np.dot(a[:, k], a[:, k]))
        q[:, k] = a[:, k] / r[k, k]
        for j in range(k + 1, n):
            r[k, j] = np.dot(q[:, k], a[:, j])
            a[:, j] -= q[:, k] * r[k, j]
    return q, r


def arguments(size, dtype):
    (a,) = uniform(dtype, (size + 3, size))
    a[:size] += 2.0 * np.eye(size, dtype=dtype)
    return {"a": a}
