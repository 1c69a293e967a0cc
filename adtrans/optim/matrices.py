"""What matrix rules do with a whole leaf: functions that change a vector in place, which holds a matrix row by row.

Rules call them by name, `orthogonalize(direction, matrix, rows, ...)`, the second argument telling whether to do
anything; compiled code has them as they stand here.
"""

import math

import numpy as np


def orthogonalize(direction: np.ndarray, wanted: bool, rows: int, steps: float, a: float, b: float, c: float,
                  eps: float) -> None:
    """Bring the singular values of a matrix near 1: the quintic Newton-Schulz iteration of Muon.

    X / (|X| + eps), then `steps` times a X + b (X X') X + c (X X')^2 X: Jordan et al. 2024. The matrix has `rows` rows;
    with more rows than columns its transpose is taken, so that products are of the smaller size.
    """
    if not wanted:
        return
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


def rescale(g: np.ndarray, wanted: bool, rows: int, by_row: np.ndarray, by_column: np.ndarray, beta: float,
            eps: float) -> None:
    """Divide a gradient by the root of its averaged square, kept as means of rows and of columns.

    Shazeer and Stern 2018, algorithm 4: R <- beta R + (1 - beta) mean of rows of g^2 + eps, C the same by columns, and
    g / sqrt(R C / mean(R)).
    """
    if not wanted:
        return
    columns = g.shape[0] // rows
    given = g.reshape(rows, columns)
    sums = np.zeros(columns)
    total = 0.0
    for i in range(rows):
        row = 0.0
        for j in range(columns):
            square = np.float64(given[i, j]) * np.float64(given[i, j]) + eps
            row += square
            sums[j] += square
        by_row[i] = beta * by_row[i] + (1.0 - beta) * row / columns
        total += by_row[i]
    for j in range(columns):
        by_column[j] = beta * by_column[j] + (1.0 - beta) * sums[j] / rows
        sums[j] = 1.0 / math.sqrt(by_column[j])
    for i in range(rows):
        factor = 1.0 / math.sqrt(by_row[i] / (total / rows))
        for j in range(columns):
            given[i, j] = given[i, j] * (factor * sums[j])
