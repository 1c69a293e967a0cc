"""Sorting: orders are found on integers, so derivatives go where the elements went.

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


def orders(lines):
    """The indices that sort each row of a matrix."""
    found = np.empty(lines.shape, np.int64)
    work = np.empty(lines.shape[1], np.int64)
    for r in range(lines.shape[0]):
        find_order(lines[r], found[r], work)
    return found


def argsort(a, axis=-1, kind=None, order=None, stable=None):
    """np.argsort."""
    a = plain(a, order)
    found = orders(rows(a, axis))
    return found[0] if axis is None else restored(found, a, axis)


def sort(a, axis=-1, kind=None, order=None, stable=None):
    """np.sort."""
    a = plain(a, order)
    lines = rows(a, axis)
    found = orders(lines)
    out = np.empty(lines.shape, a.dtype)
    for r in range(lines.shape[0]):
        for k in range(lines.shape[1]):
            out[r, k] = lines[r, found[r, k]]
    return out[0] if axis is None else restored(out, a, axis)


def plain(a, order):
    """An array that can be sorted."""
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")
    a = np.asarray(a)
    if a.ndim == 0:
        raise ValueError("axis -1 is out of bounds for array of dimension 0")
    return a


def sort_in_place(a, axis=-1, kind=None, order=None, stable=None):
    """The array method sort."""
    a[...] = sort(a, axis, kind, order, stable)


def partition(a, kth, axis=-1, kind="introselect", order=None):
    """np.partition: sorted altogether, which is one of its results."""
    return sort(a, axis, None, order)


def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    """np.argpartition: sorted altogether, which is one of its results."""
    return argsort(a, axis, None, order)


def partition_in_place(a, kth, axis=-1, kind="introselect", order=None):
    """The array method partition."""
    a[...] = sort(a, axis, None, order)


TABLE = {np.sort: sort, np.argsort: argsort, np.partition: partition, np.argpartition: argpartition}
IN_PLACE = {"sort": sort_in_place, "partition": partition_in_place}
