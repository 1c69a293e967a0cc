"""Order statistics: median, quantile, percentile.

The virtual index of a quantile q among n values is n q + a + q (1 - a - b) - 1 (Hyndman and Fan, Sample quantiles
in statistical packages, 1996); `PLOTTING` has (a, b) of the methods.
"""

import numpy as np

from adtrans.library.sorting import find_order
from adtrans.library.support import normal, rows

PLOTTING = {
    "linear": (1.0, 1.0), "interpolated_inverted_cdf": (0.0, 1.0), "hazen": (0.5, 0.5), "weibull": (0.0, 0.0),
    "median_unbiased": (1.0 / 3.0, 1.0 / 3.0), "normal_unbiased": (3.0 / 8.0, 3.0 / 8.0),
    "lower": (1.0, 1.0), "higher": (1.0, 1.0), "nearest": (1.0, 1.0), "midpoint": (1.0, 1.0),
}
PICKING = ("lower", "higher", "nearest")


def groups(a, axis):
    """`a` as a matrix of which each row is what one result is of; several axes make one row."""
    if axis is None or np.ndim(axis) == 0:
        return rows(a, axis)
    moved = np.moveaxis(a, axis, tuple(range(-len(axis), 0)))
    count = 1
    for extent in moved.shape[:a.ndim - len(axis)]:
        count = count * extent
    size = 1
    for extent in moved.shape[a.ndim - len(axis):]:
        size = size * extent
    return np.reshape(moved, (count, size))


def left(shape, axis, keepdims):
    """The shape of a reduction over `axis`."""
    rank = len(shape)
    if axis is None:
        axes = tuple(range(rank))
    elif np.ndim(axis) == 0:
        axes = (normal(axis, rank),)
    else:
        axes = tuple([normal(k, rank) for k in axis])
    found = ()
    for k, extent in enumerate(shape):
        if k not in axes:
            found = found + (extent,)
        elif keepdims:
            found = found + (1,)
    return found


def delivered(values, shape, out):
    """Values in their shape, a number where there is only one, or written to `out`."""
    found = np.reshape(values, shape) if len(shape) > 0 else values[0]
    if out is None:
        return found
    out[...] = found
    return out


def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    """np.median."""
    a = np.asarray(a)
    lines = groups(a, axis)
    n = lines.shape[1]
    order = np.empty(n, np.int64)
    work = np.empty(n, np.int64)
    dtype = a.dtype if a.dtype == np.float32 else np.float64
    values = np.empty(lines.shape[0], dtype)
    for r in range(lines.shape[0]):
        find_order(lines[r], order, work)
        if n == 0:
            values[r] = np.nan
        else:
            last = lines[r, order[n - 1]]
            if last != last:
                values[r] = last
            elif n % 2 == 1:
                values[r] = lines[r, order[n // 2]]
            else:
                values[r] = (lines[r, order[n // 2 - 1]] + lines[r, order[n // 2]]) / 2
    return delivered(values, left(a.shape, axis, keepdims), out)


def quantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    """np.quantile."""
    a = np.asarray(a)
    return quantiles(a, q, axis, out, method, keepdims)


def percentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    """np.percentile."""
    a = np.asarray(a)
    hundred = np.float32(100) if a.dtype == np.float32 else 100
    return quantiles(a, q / hundred if np.ndim(q) == 0 else np.asarray(q) / hundred, axis, out, method, keepdims)


def quantiles(a, q, axis, out, method, keepdims):
    """The quantiles of each group, one for each q; several q stand along leading axes."""
    if method not in PLOTTING:
        raise NotImplementedError("this method of np.quantile")
    lines = groups(a, axis)
    if isinstance(q, (int, float)) and not isinstance(q, np.floating) and a.dtype == np.float32:
        fractions = np.full(1, q, np.float32)
    else:
        fractions = np.ravel(np.asarray(q))
    if not np.all((fractions >= 0) & (fractions <= 1)):
        raise ValueError("Quantiles must be in the range [0, 1]")
    n = lines.shape[1]
    if n == 0:
        raise IndexError("index -1 is out of bounds for axis 0 with size 0")
    order = np.empty(n, np.int64)
    work = np.empty(n, np.int64)
    if method in PICKING:
        dtype = a.dtype
    else:
        dtype = np.float32 if a.dtype == np.float32 and fractions.dtype == np.float32 else np.float64
    values = np.empty((fractions.shape[0], lines.shape[0]), dtype)
    for r in range(lines.shape[0]):
        find_order(lines[r], order, work)
        last = lines[r, order[n - 1]]
        for k in range(fractions.shape[0]):
            if last != last:
                values[k, r] = last
            else:
                values[k, r] = between(lines[r], order, virtual(fractions[k], n, method), method)
    shape = (() if np.ndim(q) == 0 else np.shape(q)) + left(a.shape, axis, keepdims)
    return delivered(np.ravel(values), shape, out)


def virtual(q, n, method):
    """Where among n sorted values a quantile lies, counted from 0."""
    a, b = PLOTTING[method]
    if a == 1.0 and b == 1.0:
        return q * (n - 1)
    return min(max(n * q + (a + q * (1.0 - a - b)) - 1.0, 0.0), n - 1.0)


def between(line, order, at, method):
    """The value at a place between sorted values."""
    n = line.shape[0]
    if method == "lower":
        return line[order[int(np.floor(at))]]
    if method == "higher":
        return line[order[int(np.ceil(at))]]
    if method == "nearest":
        return line[order[int(np.rint(at))]]
    below = int(np.floor(at))
    low = line[order[below]]
    high = line[order[min(below + 1, n - 1)]]
    if method == "midpoint":
        return low if at == below else (low + high) / 2
    share = at - below
    return low + (high - low) * share


TABLE = {np.median: median, np.quantile: quantile, np.percentile: percentile}
