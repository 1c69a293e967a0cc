"""Diagonals and triangles of matrices, and the index arrays that name them."""

import numpy as np


def tri(N, M=None, k=0, dtype=float):
    """np.tri: ones at and below a diagonal."""
    columns = N if M is None else M
    out = np.zeros((N, columns), dtype)
    for i in range(N):
        for j in range(max(min(i + k + 1, columns), 0)):
            out[i, j] = 1
    return out


def matrix(m):
    """Matrices as they are, a vector as equal rows."""
    a = np.asarray(m)
    return np.broadcast_to(a, (a.shape[0], a.shape[0])) if a.ndim == 1 else a


def tril(m, k=0):
    """np.tril: zeros above a diagonal of the last two axes."""
    a = matrix(m)
    out = np.zeros(a.shape, a.dtype)
    for i in range(a.shape[-2]):
        stop = max(min(i + k + 1, a.shape[-1]), 0)
        out[..., i, :stop] = a[..., i, :stop]
    return out


def triu(m, k=0):
    """np.triu: zeros below a diagonal of the last two axes."""
    a = matrix(m)
    out = np.zeros(a.shape, a.dtype)
    for i in range(a.shape[-2]):
        start = max(min(i + k, a.shape[-1]), 0)
        out[..., i, start:] = a[..., i, start:]
    return out


def diag(v, k=0):
    """np.diag: a vector as a diagonal, or a copy of the diagonal of a matrix."""
    a = np.asarray(v)
    if a.ndim == 2:
        return np.copy(np.diagonal(a, k))
    if a.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    n = a.shape[0] + abs(k)
    out = np.zeros((n, n), a.dtype)
    down = max(-k, 0)
    right = max(k, 0)
    for i in range(a.shape[0]):
        out[i + down, i + right] = a[i]
    return out


def diagflat(v, k=0):
    """np.diagflat."""
    return diag(np.ravel(np.asarray(v)), k)


def fill_diagonal(a, val, wrap=False):
    """np.fill_diagonal: writes to `a`; of an array of values each in turn."""
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    n = a.shape[0]
    if a.ndim > 2:
        for extent in a.shape:
            if extent != n:
                raise ValueError("All dimensions of input must be of equal length")
    elif wrap:
        fill_wrapped(a, np.ravel(np.asarray(val)))
        return
    values = np.ravel(np.asarray(val))
    for i in range(n if a.ndim > 2 else min(n, a.shape[1])):
        a[(i,) * a.ndim] = values[i % values.shape[0]]


def fill_wrapped(a, values):
    """The diagonal of a tall matrix starts anew after each square and a row."""
    n = a.shape[1]
    k = 0
    for i in range(a.shape[0]):
        j = i % (n + 1)
        if j < n:
            a[i, j] = values[k % values.shape[0]]
            k += 1


def tril_indices(n, k=0, m=None):
    """np.tril_indices."""
    columns = n if m is None else m
    count = 0
    for i in range(n):
        count += max(min(i + k + 1, columns), 0)
    rows = np.empty(count, np.int64)
    cols = np.empty(count, np.int64)
    at = 0
    for i in range(n):
        for j in range(max(min(i + k + 1, columns), 0)):
            rows[at] = i
            cols[at] = j
            at += 1
    return rows, cols


def triu_indices(n, k=0, m=None):
    """np.triu_indices."""
    columns = n if m is None else m
    count = 0
    for i in range(n):
        count += max(columns - max(i + k, 0), 0)
    rows = np.empty(count, np.int64)
    cols = np.empty(count, np.int64)
    at = 0
    for i in range(n):
        for j in range(max(i + k, 0), columns):
            rows[at] = i
            cols[at] = j
            at += 1
    return rows, cols


def tril_indices_from(arr, k=0):
    """np.tril_indices_from."""
    if arr.ndim != 2:
        raise ValueError("input array must be 2-d")
    return tril_indices(arr.shape[0], k, arr.shape[1])


def triu_indices_from(arr, k=0):
    """np.triu_indices_from."""
    if arr.ndim != 2:
        raise ValueError("input array must be 2-d")
    return triu_indices(arr.shape[0], k, arr.shape[1])


def diag_indices(n, ndim=2):
    """np.diag_indices."""
    line = np.arange(n)
    return (line,) * ndim


def diag_indices_from(arr):
    """np.diag_indices_from."""
    if arr.ndim < 2:
        raise ValueError("input array must be at least 2-d")
    for extent in arr.shape:
        if extent != arr.shape[0]:
            raise ValueError("All dimensions of input must be of equal length")
    return diag_indices(arr.shape[0], arr.ndim)


def indices(dimensions, dtype=int, sparse=False):
    """np.indices: the index along each axis, at every place."""
    shape = tuple(dimensions)
    rank = len(shape)
    lines = [np.reshape(np.arange(n, dtype=dtype), (1,) * k + (n,) + (1,) * (rank - 1 - k))
             for n, k in zip(shape, list(range(rank)))]
    if sparse:
        return tuple(lines)
    return np.stack([np.broadcast_to(line, shape) for line in lines])


def unravel_index(indices, shape):
    """np.unravel_index."""
    flat = np.asarray(indices)
    total = 1
    for extent in shape:
        total = total * extent
    if np.any(flat < 0) or np.any(flat >= total):
        raise ValueError("index is out of bounds for array with this size")
    found = ()
    rest = indices if np.ndim(indices) == 0 else flat
    for extent in reversed(shape):
        found = (rest % max(extent, 1),) + found
        rest = rest // max(extent, 1)
    return found


def ravel_multi_index(multi_index, dims):
    """np.ravel_multi_index."""
    found = 0
    for index, extent in zip(multi_index, dims):
        if np.any(np.asarray(index) < 0) or np.any(np.asarray(index) >= extent):
            raise ValueError("invalid entry in coordinates array")
        found = found * extent + (index if np.ndim(index) == 0 else np.asarray(index))
    return found


TABLE = {
    np.tri: tri, np.tril: tril, np.triu: triu, np.diag: diag, np.diagflat: diagflat,
    np.fill_diagonal: fill_diagonal, np.tril_indices: tril_indices, np.triu_indices: triu_indices,
    np.tril_indices_from: tril_indices_from, np.triu_indices_from: triu_indices_from,
    np.diag_indices: diag_indices, np.diag_indices_from: diag_indices_from, np.indices: indices,
    np.unravel_index: unravel_index, np.ravel_multi_index: ravel_multi_index,
}
