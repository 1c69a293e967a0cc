"""Data for the programs: shapes in, arrays of random numbers out."""

import numpy as np


def uniform(dtype, *shapes, low=0.1, high=1.0, seed=0):
    """An array of each shape, of numbers between `low` and `high`."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(low, high, shape).astype(dtype) for shape in shapes]


def dominant(dtype, n, seed=0):
    """A symmetric positive definite matrix, well conditioned."""
    (a,) = uniform(dtype, (n, n), seed=seed)
    return ((a + a.T) / n + 2.0 * np.eye(n)).astype(dtype)
