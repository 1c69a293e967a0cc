"""What library functions share: rows along an axis, and results put back into shape.

These are ordinary functions of the accepted language: shapes, ranks and axes are known while reading.
"""

import numpy as np


def normal(axis, rank):
    """An axis counted from 0."""
    return axis + rank if axis < 0 else axis


def rows(a, axis):
    """`a` as a matrix whose rows run along `axis`; all of it is one row for None."""
    if axis is None:
        return np.reshape(a, (1, a.size))
    if a.ndim == 1:
        return np.reshape(np.moveaxis(a, axis, 0), (1, a.shape[0]))
    return np.reshape(np.moveaxis(a, axis, -1), (count(a, axis), a.shape[axis]))


def count(a, axis):
    """The number of rows along an axis."""
    total = 1
    for k, extent in enumerate(a.shape):
        if k != normal(axis, a.ndim):
            total = total * extent
    return total


def without(shape, axis):
    """A shape without one axis."""
    at = normal(axis, len(shape))
    return shape[:at] + shape[at + 1:]


def reduced(values, a, axis, keepdims):
    """One value for each row of `rows(a, axis)` in the shape that a reduction gives."""
    if axis is None:
        return np.reshape(values, (1,) * a.ndim) if keepdims else values[0]
    at = normal(axis, a.ndim)
    if keepdims:
        return np.reshape(values, a.shape[:at] + (1,) + a.shape[at + 1:])
    if a.ndim == 1:
        return values[0]
    return np.reshape(values, without(a.shape, axis))


def restored(lines, a, axis):
    """A matrix of rows put back where `rows(a, axis)` took them from; their length may have changed."""
    if a.ndim == 1:
        return np.reshape(lines, (lines.shape[1],))
    at = normal(axis, a.ndim)
    turned = np.reshape(lines, without(a.shape, axis) + (lines.shape[1],))
    return np.moveaxis(turned, -1, at)
