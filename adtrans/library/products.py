"""Vector products that are written with slices."""

import numpy as np


def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """np.cross of vectors of three components."""
    first = np.moveaxis(np.asarray(a), axisa if axis is None else axis, -1)
    second = np.moveaxis(np.asarray(b), axisb if axis is None else axis, -1)
    if first.shape[-1] != 3 or second.shape[-1] != 3:
        raise ValueError("incompatible dimensions for cross product (only vectors of dimension 3 are in the language)")
    x, y, z = first[..., 0], first[..., 1], first[..., 2]
    u, v, w = second[..., 0], second[..., 1], second[..., 2]
    parts = (y * w - z * v, z * u - x * w, x * v - y * u)
    return np.stack(parts, axis=axisc if axis is None else axis)


TABLE = {np.cross: cross}
