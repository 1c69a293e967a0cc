"""Places in sorted arrays and counts of values: searchsorted, digitize, bincount, unique, isin, sets."""

import numpy as np

from adtrans.library.sorting import find_order


def place_of(a, x, right):
    """Where a number belongs in a sorted vector, before (or after) its equals; NaNs are the largest."""
    low = 0
    high = a.shape[0]
    while low < high:
        middle = (low + high) // 2
        here = a[middle]
        if right:
            before = not (x < here or (here != here and x == x))
        else:
            before = here < x or (x != x and here == here)
        if before:
            low = middle + 1
        else:
            high = middle
    return low


def searchsorted(a, v, side="left", sorter=None):
    """np.searchsorted."""
    if side != "left" and side != "right":
        raise ValueError("search side must be 'left' or 'right'")
    line = np.asarray(a)
    if sorter is not None:
        line = line[np.asarray(sorter)]
    if np.ndim(v) == 0:
        return np.int64(place_of(line, np.asarray(v)[()], side == "right"))
    values = np.asarray(v)
    each = np.ravel(values)
    found = np.empty(each.shape[0], np.int64)
    for k in range(each.shape[0]):
        found[k] = place_of(line, each[k], side == "right")
    return np.reshape(found, values.shape)


def digitize(x, bins, right=False):
    """np.digitize: bins may rise or fall."""
    edges = np.asarray(bins)
    rising = True
    falling = True
    n = edges.shape[0]
    for k in range(n - 1):
        if edges[k + 1] < edges[k]:
            rising = False
        if edges[k + 1] > edges[k]:
            falling = False
    if not rising and not falling:
        raise ValueError("bins must be monotonically increasing or decreasing")
    values = np.asarray(x)
    each = np.ravel(values)
    found = np.empty(each.shape[0], np.int64)
    for k in range(each.shape[0]):
        if rising:
            found[k] = place_of(edges, each[k], not right)
        else:
            found[k] = n - place_of(edges[::-1], each[k], not right)
    return found[0] if values.ndim == 0 else np.reshape(found, values.shape)


def bincount(x, weights=None, minlength=0):
    """np.bincount."""
    values = np.asarray(x)
    if values.ndim != 1:
        raise ValueError("object too deep for desired array")
    if values.dtype == np.float64 or values.dtype == np.float32:
        raise TypeError("Cannot cast array data from float to int64 according to the rule 'safe'")
    if minlength < 0:
        raise ValueError("'minlength' must not be negative")
    n = minlength
    least = 0
    for k in range(values.shape[0]):
        n = max(n, values[k] + 1)
        least = min(least, values[k])
    if least < 0:
        raise ValueError("'list' argument must have no negative elements")
    if weights is None:
        counts = np.zeros(n, np.int64)
        for k in range(values.shape[0]):
            counts[values[k]] += 1
        return counts
    masses = np.asarray(weights)
    if masses.shape[0] != values.shape[0]:
        raise ValueError("The weights and list don't have the same length.")
    sums = np.zeros(n)
    for k in range(values.shape[0]):
        sums[values[k]] += masses[k]
    return sums


def distinct(line, order, k, equal_nan):
    """Whether the k-th of sorted values differs from the one before it."""
    if k == 0:
        return True
    here = line[order[k]]
    before = line[order[k - 1]]
    if equal_nan:
        return here != before and not (here != here and before != before)
    return here != before


def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, equal_nan=True,
           sorted=True):
    """np.unique of all elements: each value is the first of its equals."""
    if axis is not None:
        raise NotImplementedError("np.unique with axis=")
    a = np.asarray(ar)
    line = np.ravel(a)
    n = line.shape[0]
    order = np.empty(n, np.int64)
    find_order(line, order, np.empty(n, np.int64))
    m = 0
    for k in range(n):
        if distinct(line, order, k, equal_nan):
            m += 1
    values = np.empty(m, a.dtype)
    first = np.empty(m, np.int64)
    inverse = np.empty(n, np.int64)
    counts = np.zeros(m, np.int64)
    at = -1
    for k in range(n):
        if distinct(line, order, k, equal_nan):
            at += 1
            values[at] = line[order[k]]
            first[at] = order[k]
        inverse[order[k]] = at
        counts[at] += 1
    found = (values,)
    if return_index:
        found = found + (first,)
    if return_inverse:
        found = found + (np.reshape(inverse, a.shape),)
    if return_counts:
        found = found + (counts,)
    return found if len(found) > 1 else values


def isin(element, test_elements, assume_unique=False, invert=False, kind=None):
    """np.isin: a search in the sorted test elements."""
    a = np.asarray(element)
    line = np.ravel(a)
    others = np.sort(np.ravel(np.asarray(test_elements)))
    m = others.shape[0]
    found = np.empty(line.shape[0], np.bool_)
    for k in range(line.shape[0]):
        at = place_of(others, line[k], False)
        known = False
        if at < m:
            known = others[at] == line[k]
        found[k] = known != invert
    return found[0] if a.ndim == 0 else np.reshape(found, a.shape)


def union1d(ar1, ar2):
    """np.union1d."""
    return unique(np.append(ar1, ar2))


def intersect1d(ar1, ar2, assume_unique=False):
    """np.intersect1d: the values of the first array that are in the second."""
    values = unique(ar1)
    none = np.ravel(np.asarray(ar2))[:0]
    return np.concatenate((values[isin(values, ar2)], none))


def setdiff1d(ar1, ar2, assume_unique=False):
    """np.setdiff1d."""
    values = np.ravel(np.asarray(ar1)) if assume_unique else unique(ar1)
    return values[isin(values, ar2, invert=True)]


TABLE = {
    np.searchsorted: searchsorted, np.digitize: digitize, np.bincount: bincount, np.unique: unique, np.isin: isin,
    np.union1d: union1d, np.intersect1d: intersect1d, np.setdiff1d: setdiff1d,
}
