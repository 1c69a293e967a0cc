"""Elements chosen by masks and switches: select, choose, extract, compress, place, putmask, copyto, ix_."""

import numpy as np


def ix_(*args):
    """np.ix_: an open mesh of index arrays; masks count as the places where they hold."""
    rank = len(args)
    found = ()
    for arg in args:
        line = np.asarray(arg)
        if line.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        places = np.flatnonzero(line) if line.dtype == np.bool_ else line
        at = len(found)
        found = found + (np.reshape(places, (1,) * at + (places.shape[0],) + (1,) * (rank - at - 1)),)
    return found


def select(condlist, choicelist, default=0):
    """np.select: the choice of the first condition that holds."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if len(condlist) == 0:
        raise ValueError("select with an empty condition list is not possible")
    found = default
    for cond, choice in reversed(list(zip(condlist, choicelist))):
        found = np.where(cond, choice, found)
    return found


def choose(a, choices, out=None, mode="raise"):
    """np.choose: of several arrays the one that a number tells, element by element."""
    which = np.asarray(a)
    count = len(choices)
    if mode == "raise":
        if np.any(which < 0) or np.any(which >= count):
            raise ValueError("invalid entry in choice array")
    elif mode == "wrap":
        which = which % count
    else:
        which = np.clip(which, 0, count - 1)
    if isinstance(choices, np.ndarray):
        found = chosen_row(which, choices)
    else:
        found = choices[count - 1] + np.zeros(which.shape, np.bool_)
        for k in list(range(count - 1)):
            found = np.where(which == k, choices[k], found)
    if out is None:
        return found
    out[...] = found
    return out


def chosen_row(which, choices):
    """np.choose from the items of an array."""
    if choices.ndim == 1:
        return choices[which]
    which, first = np.broadcast_arrays(which, choices[0])
    out = np.empty(which.shape, choices.dtype)
    for k in range(choices.shape[0]):
        row = np.broadcast_to(choices[k], out.shape)
        mask = which == k
        out[mask] = row[mask]
    return out


def compress(condition, a, axis=None, out=None):
    """np.compress."""
    a = np.asarray(a)
    if axis is None:
        a = np.ravel(a)
        axis = 0
    kept = np.flatnonzero(np.asarray(condition))
    if kept.shape[0] > 0:
        if kept[kept.shape[0] - 1] >= a.shape[axis]:
            raise IndexError("index is out of bounds for axis")
    found = np.take(a, kept, axis)
    if out is None:
        return found
    out[...] = found
    return out


def extract(condition, arr):
    """np.extract."""
    return compress(np.ravel(np.asarray(condition)), np.ravel(np.asarray(arr)))


def place(arr, mask, vals):
    """np.place: the values one after the other where the mask holds, over and over."""
    values = np.ravel(np.asarray(vals))
    places = np.nonzero(np.reshape(np.asarray(mask), arr.shape))
    if places[0].shape[0] > 0:
        if values.shape[0] == 0:
            raise ValueError("Cannot insert from an empty array!")
        arr[places] = values[np.arange(places[0].shape[0]) % values.shape[0]]


def putmask(a, mask, values):
    """np.putmask: each value at its own place in the flattened array, where the mask holds."""
    source = np.ravel(np.asarray(values))
    test = np.asarray(mask)
    if test.size != a.size:
        raise ValueError("putmask: mask and data must be the same size")
    if source.shape[0] > 0:
        a[np.nonzero(np.reshape(test, a.shape))] = source[np.flatnonzero(test) % source.shape[0]]


def put(a, ind, v, mode="raise"):
    """np.put: values at places in the flattened array."""
    places = np.ravel(np.asarray(ind))
    values = np.ravel(np.asarray(v))
    n = a.size
    if mode == "raise":
        if np.any(places < -n) or np.any(places >= n):
            raise IndexError("index is out of bounds for array")
        places = np.where(places < 0, places + n, places)
    elif mode == "wrap":
        places = places % n
    else:
        places = np.clip(places, 0, n - 1)
    if places.shape[0] > 0 and values.shape[0] > 0:
        a[np.unravel_index(places, a.shape)] = values[np.arange(places.shape[0]) % values.shape[0]]


def copyto(dst, src, casting="same_kind", where=True):
    """np.copyto."""
    if casting != "same_kind":
        raise NotImplementedError("np.copyto with this casting=")
    value = np.asarray(src)
    if dst.dtype != np.float64 and dst.dtype != np.float32:
        if value.dtype == np.float64 or value.dtype == np.float32:
            raise TypeError("Cannot cast array data from float to integer according to the rule 'same_kind'")
    if isinstance(where, bool):
        if where:
            dst[...] = value
    else:
        mask = np.broadcast_to(np.asarray(where), dst.shape)
        dst[mask] = np.broadcast_to(value, dst.shape)[mask]


TABLE = {
    np.ix_: ix_, np.select: select, np.choose: choose, np.compress: compress, np.extract: extract, np.place: place,
    np.putmask: putmask, np.put: put, np.copyto: copyto,
}
