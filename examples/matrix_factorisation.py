"""Filling the gaps of a table: a product of two thin matrices that agrees with the entries that are known.

The table holds images of digits (data/README.md), a row each; a fifth of the pixels, drawn at random, is hidden.
"""

from pathlib import Path

import numpy as np

from adtrans import optim


def misfit(factors, table, known, decay):
    rows, columns, mean = factors
    r = known * (rows @ columns + mean - table)
    return 0.5 * np.sum(r * r) + 0.5 * decay * (np.sum(rows * rows) + np.sum(columns * columns))


with np.load(Path(__file__).parent / "data" / "digits.npz") as data:
    table = data["pixels"][:600] / 16.0
rng = np.random.default_rng(0)
known = (rng.uniform(size=table.shape) > 0.2).astype(float)
rank = 16
start = (0.1 * rng.normal(size=(len(table), rank)), 0.1 * rng.normal(size=(rank, 64)), np.zeros(64))
found = optim.minimize(misfit, start, (table, known, 1.0), method="lbfgs", ftol=1e-6)

rows, columns, mean = found.x
hidden = known == 0.0
error = np.sqrt(np.mean((rows @ columns + mean - table)[hidden] ** 2))
average = np.sum(known * table, axis=0) / np.sum(known, axis=0)
plain = np.sqrt(np.mean((average - table)[hidden] ** 2))
print(f"hidden pixels: error {error:.4f}, {plain:.4f} by the pixel's average; {found.nit} steps")
assert found.success and error < 0.7 * plain
