"""The cost of k-means: squared distances of points from the nearest of the centres."""

import numpy as np


def k_means(centres, points):
    total = 0.0
    for i in range(points.shape[0]):
        nearest = np.inf
        for c in range(centres.shape[0]):
            square = 0.0
            for j in range(centres.shape[1]):
                apart = points[i, j] - centres[c, j]
                square += apart * apart
            if square < nearest:
                nearest = square
        total += nearest
    return total


def by_numpy(centres, points):
    apart = points[:, None, :] - centres[None, :, :]
    return np.sum(np.min(np.sum(apart**2, axis=2), axis=1))


def arguments(k, n, d):
    rng = np.random.default_rng(0)
    return {"centres": rng.normal(size=(k, d)), "points": rng.normal(size=(n, d))}
