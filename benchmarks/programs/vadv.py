"""Vertical advection: a tridiagonal system in every column of a field, by Thomas' algorithm."""

import numpy as np

from .data import uniform

HERE = 0.5
THERE = 0.5


def vadv(tendency, u, wind, position, old, rate):
    ni, nj, nk = tendency.shape
    upper = np.ndarray((ni, nj, nk), dtype=tendency.dtype)
    right = np.ndarray((ni, nj, nk), dtype=tendency.dtype)
    below = np.ndarray((ni, nj), dtype=tendency.dtype)
    for k in range(nk):
        diagonal = rate * np.ones((ni, nj), dtype=tendency.dtype)
        right[:, :, k] = rate * position[:, :, k] + old[:, :, k] + tendency[:, :, k]
        if k > 0:
            down = -0.25 * (wind[1:, :, k] + wind[:-1, :, k])
            lower = down * THERE
            diagonal -= lower
            right[:, :, k] += -down * HERE * (u[:, :, k - 1] - u[:, :, k])
        if k < nk - 1:
            up = 0.25 * (wind[1:, :, k + 1] + wind[:-1, :, k + 1])
            upper[:, :, k] = up * THERE
            diagonal -= upper[:, :, k]
            right[:, :, k] += -up * HERE * (u[:, :, k + 1] - u[:, :, k])
        if k > 0:
            diagonal -= upper[:, :, k - 1] * lower
            right[:, :, k] -= right[:, :, k - 1] * lower
        right[:, :, k] /= diagonal
        if k < nk - 1:
            upper[:, :, k] /= diagonal
    below[:] = right[:, :, -1]
    tendency[:, :, -1] = rate * (below - position[:, :, -1])
    for k in range(nk - 2, -1, -1):
        column = right[:, :, k] - upper[:, :, k] * below
        below[:] = column
        tendency[:, :, k] = rate * (column - position[:, :, k])


def arguments(size, dtype):
    tendency, u, position, old, wind = uniform(dtype, *[(size, size + 1, 5)] * 4, (size + 1, size + 1, 5), high=0.5)
    return {"tendency": tendency, "u": u, "wind": wind, "position": position, "old": old, "rate": 1.15}
