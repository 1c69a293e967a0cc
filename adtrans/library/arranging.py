"""Elements moved and repeated: flips, turns, roll, repeat, tile, resize, ranks raised, grids of coordinates."""

import numpy as np

from adtrans.library.support import normal


def fliplr(m):
    """np.fliplr: a view."""
    a = np.asarray(m)
    if a.ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return np.flip(a, 1)


def flipud(m):
    """np.flipud: a view."""
    a = np.asarray(m)
    if a.ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return np.flip(a, 0)


def rot90(m, k=1, axes=(0, 1)):
    """np.rot90: a view."""
    a = np.asarray(m)
    first = normal(axes[0], a.ndim)
    second = normal(axes[1], a.ndim)
    if first == second:
        raise ValueError("Axes must be different.")
    turns = k % 4
    if turns == 0:
        return a[:]
    if turns == 2:
        return np.flip(a, (first, second))
    if turns == 1:
        return np.swapaxes(np.flip(a, second), first, second)
    return np.flip(np.swapaxes(a, first, second), second)


def roll(a, shift, axis=None):
    """np.roll: one shift for each axis, or one for all elements in a row."""
    a = np.asarray(a)
    if axis is None:
        line = np.ravel(a)
        total = shift if np.ndim(shift) == 0 else sum(shift)
        return np.reshape(rolled(line, total, 0), a.shape)
    if np.ndim(axis) == 0:
        return rolled(a, shift if np.ndim(shift) == 0 else sum(shift), normal(axis, a.ndim))
    if np.ndim(shift) == 0:
        shifts = [shift for at in axis]
    elif len(shift) == 1:
        shifts = [shift[0] for at in axis]
    else:
        shifts = list(shift)
    out = a
    for step, at in zip(shifts, axis):
        out = rolled(out, step, normal(at, a.ndim))
    return out


def rolled(a, shift, at):
    """A copy turned along one axis."""
    n = a.shape[at]
    gap = shift % max(n, 1)
    out = np.empty(a.shape, a.dtype)
    full = (slice(None),) * at
    out[full + (slice(gap, None),)] = a[full + (slice(None, n - gap),)]
    out[full + (slice(None, gap),)] = a[full + (slice(n - gap, None),)]
    return out


def repeat(a, repeats, axis=None):
    """np.repeat: each element as often as told, by one number or by one for each."""
    a = np.asarray(a)
    if axis is None:
        a = np.ravel(a)
        axis = 0
    at = normal(axis, a.ndim)
    n = a.shape[at]
    if np.ndim(repeats) == 0:
        return repeat_evenly(a, repeats, at)
    counts = np.asarray(repeats)
    if isinstance(repeats, (tuple, list)):
        if len(repeats) == 1:
            return repeat_evenly(a, counts[0], at)
    old = np.moveaxis(a, at, 0)
    if counts.shape[0] != n:
        raise ValueError("operands could not be broadcast together")
    total = 0
    least = 0
    for i in range(n):
        least = min(least, counts[i])
        total += counts[i]
    if least < 0:
        raise ValueError("repeats may not contain negative values.")
    out = np.empty(a.shape[:at] + (total,) + a.shape[at + 1:], a.dtype)
    new = np.moveaxis(out, at, 0)
    start = 0
    for i in range(n):
        for k in range(counts[i]):
            new[start + k] = old[i]
        start += counts[i]
    return out


def repeat_evenly(a, count, at):
    """Each element equally often."""
    if count < 0:
        raise ValueError("repeats may not contain negative values.")
    out = np.empty(a.shape[:at + 1] + (count,) + a.shape[at + 1:], a.dtype)
    out[...] = np.expand_dims(a, at + 1)
    return np.reshape(out, a.shape[:at] + (a.shape[at] * count,) + a.shape[at + 1:])


def tile(A, reps):
    """np.tile."""
    a = np.asarray(A)
    times = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    rank = max(a.ndim, len(times))
    times = (1,) * (rank - len(times)) + times
    shape = (1,) * (rank - a.ndim) + a.shape
    if rank == 0:
        return np.copy(a)
    split = ()
    apart = ()
    whole = ()
    for count, extent in zip(times, shape):
        split = split + (count, extent)
        apart = apart + (1, extent)
        whole = whole + (count * extent,)
    out = np.empty(split, a.dtype)
    out[...] = np.reshape(a, apart)
    return np.reshape(out, whole)


def resize(a, new_shape):
    """np.resize: the elements over and over until the shape is full."""
    line = np.ravel(np.asarray(a))
    shape = (new_shape,) if np.ndim(new_shape) == 0 else tuple(new_shape)
    total = 1
    for extent in shape:
        if extent < 0:
            raise ValueError("all elements of `new_shape` must be non-negative")
        total = total * extent
    n = line.shape[0]
    out = np.zeros(total, line.dtype)
    if n > 0:
        for k in range(total):
            out[k] = line[k % n]
    return np.reshape(out, shape)


def atleast_1d(*arys):
    """np.atleast_1d."""
    if len(arys) == 1:
        a = np.asarray(arys[0])
        return np.reshape(a, (1,)) if a.ndim == 0 else a
    return tuple([atleast_1d_one(a) for a in arys])


def atleast_1d_one(value):
    """One array of at least one axis."""
    a = np.asarray(value)
    return np.reshape(a, (1,)) if a.ndim == 0 else a


def atleast_2d(*arys):
    """np.atleast_2d."""
    if len(arys) == 1:
        return atleast_2d_one(arys[0])
    return tuple([atleast_2d_one(a) for a in arys])


def atleast_2d_one(value):
    """One array of at least two axes."""
    a = np.asarray(value)
    if a.ndim == 0:
        return np.reshape(a, (1, 1))
    return a[None, :] if a.ndim == 1 else a


def atleast_3d(*arys):
    """np.atleast_3d."""
    if len(arys) == 1:
        return atleast_3d_one(arys[0])
    return tuple([atleast_3d_one(a) for a in arys])


def atleast_3d_one(value):
    """One array of at least three axes."""
    a = np.asarray(value)
    if a.ndim == 0:
        return np.reshape(a, (1, 1, 1))
    if a.ndim == 1:
        return a[None, :, None]
    return a[:, :, None] if a.ndim == 2 else a


def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """np.meshgrid: copies of the coordinates over the whole grid, or open ones."""
    if indexing != "xy" and indexing != "ij":
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    lines = [np.ravel(np.asarray(x)) for x in xi]
    rank = len(lines)
    places = list(range(rank))
    if indexing == "xy" and rank > 1:
        places = [1, 0] + list(range(2, rank))
    shape = tuple([lines[k].shape[0] for k in places])
    opened = [np.reshape(line, (1,) * k + (line.shape[0],) + (1,) * (rank - 1 - k)) for line, k in zip(lines, places)]
    if sparse:
        return tuple([np.copy(line) for line in opened]) if copy else tuple(opened)
    if copy:
        return tuple([np.copy(np.broadcast_to(line, shape)) for line in opened])
    return tuple([np.broadcast_to(line, shape) for line in opened])


def rollaxis(a, axis, start=0):
    """np.rollaxis."""
    a = np.asarray(a)
    at = normal(axis, a.ndim)
    to = start + a.ndim if start < 0 else start
    return np.moveaxis(a, at, to - 1 if to > at else to)


TABLE = {
    np.fliplr: fliplr, np.flipud: flipud, np.rot90: rot90, np.roll: roll, np.repeat: repeat, np.tile: tile,
    np.resize: resize, np.atleast_1d: atleast_1d, np.atleast_2d: atleast_2d, np.atleast_3d: atleast_3d,
    np.meshgrid: meshgrid, np.rollaxis: rollaxis,
}
