"""What matrix rules do with a whole leaf: functions that change a vector in place, which holds a matrix row by row.

Rules call them by name (`orthogonalize(direction, ...)`), for leaves of two axes only; compiled code has them as they
stand here.
"""

import math

import numpy as np


def orthogonalize(direction: np.ndarray, rows: int, steps: float, a: float, b: float, c: float, eps: float) -> None:
    """Bring the singular values of a matrix near 1: the quintic Newton-Schulz iteration of Muon.

    X / (|X| + eps), then `steps` times a X + b (X X') X + c (X X')^2 X: Jordan et al. 2024. The matrix has `rows` rows;
    with more rows than columns its transpose is taken, so that products are of the smaller size.
    """
    columns = direction.shape[0] // rows
    given = direction.reshape(rows, columns)
    total = 0.0
    for i in range(rows):
        for j in range(columns):
            total += np.float64(given[i, j]) * np.float64(given[i, j])
    factor = 1.0 / (math.sqrt(total) + eps)
    tall = rows > columns
    x = np.empty((min(rows, columns), max(rows, columns)), direction.dtype)
    for i in range(rows):
        for j in range(columns):
            if tall:
                x[j, i] = given[i, j] * factor
            else:
                x[i, j] = given[i, j] * factor
    for _ in range(int(steps)):
        gram = np.dot(x, x.T)
        square = np.dot(gram, gram)
        for i in range(gram.shape[0]):
            for j in range(gram.shape[1]):
                square[i, j] = b * gram[i, j] + c * square[i, j]
        change = np.dot(square, x)
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                x[i, j] = a * x[i, j] + change[i, j]
    for i in range(rows):
        for j in range(columns):
            given[i, j] = x[j, i] if tall else x[i, j]
