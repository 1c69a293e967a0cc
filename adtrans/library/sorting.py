"""Sorting and order statistics: orders are found on integers, so derivatives go where the elements went.

Equal elements keep their order (a stable sort); NaNs come last, as in NumPy.
"""

import numpy as np

from adtrans.library.support import restored, rows


def find_order(line, order, work):
    """Fill `order` with the indices that sort a vector, by merging runs of doubling length."""
    n = line.shape[0]
    for i in range(n):
        order[i] = i
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            middle = min(start + width, n)
            stop = min(start + 2 * width, n)
            i = start
            j = middle
            for k in range(start, stop):
                if j >= stop:
                    first = True
                elif i >= middle:
                    first = False
                else:
                    left = line[order[i]]
                    right = line[order[j]]
                    first = not (right < left or (left != left and right == right))
                if first:
                    work[k] = order[i]
                    i += 1
                else:
                    work[k] = order[j]
                    j += 1
        for k in range(n):
            order[k] = work[k]
        width *= 2


def argsort(a, axis=-1, kind=None, order=None, stable=None):
    """np.argsort."""
    lines = rows(a, axis)
    found = np.empty(lines.shape, np.int64)
    work = np.empty(lines.shape[1], np.int64)
    for r in range(lines.shape[0]):
        find_order(lines[r], found[r], work)
    return found[0] if axis is None else restored(found, a, axis)


def sort(a, axis=-1, kind=None, order=None, stable=None):
    """np.sort."""
    lines = rows(a, axis)
    found = np.empty(lines.shape, np.int64)
    work = np.empty(lines.shape[1], np.int64)
    out = np.empty(lines.shape, a.dtype)
    for r in range(lines.shape[0]):
        find_order(lines[r], found[r], work)
        for k in range(lines.shape[1]):
            out[r, k] = lines[r, found[r, k]]
    return out[0] if axis is None else restored(out, a, axis)


TABLE = {np.sort: sort, np.argsort: argsort}
