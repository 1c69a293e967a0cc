"""Arrays put together and taken apart: vstack and its kind, append, insert, delete, split."""

import numpy as np

from adtrans.library.support import normal


def vstack(tup, dtype=None):
    """np.vstack."""
    if isinstance(tup, np.ndarray):
        return np.concatenate(np.reshape(tup, (tup.shape[0], 1, tup.size // max(tup.shape[0], 1)))
                              if tup.ndim < 3 else tup, axis=0, dtype=dtype)
    return np.concatenate(np.atleast_2d(*tup) if len(tup) > 1 else [np.atleast_2d(tup[0])], axis=0, dtype=dtype)


def hstack(tup, dtype=None):
    """np.hstack: along the second axis, or the first where there is only one."""
    if isinstance(tup, np.ndarray):
        items = tup[:, None] if tup.ndim == 1 else tup
        return np.concatenate(items, axis=0 if items.ndim == 2 else 1, dtype=dtype)
    parts = [np.atleast_1d(part) for part in tup]
    return np.concatenate(parts, axis=0 if parts[0].ndim == 1 else 1, dtype=dtype)


def dstack(tup):
    """np.dstack."""
    return np.concatenate([np.atleast_3d(part) for part in tup], axis=2)


def column_stack(tup):
    """np.column_stack: vectors become columns."""
    if isinstance(tup, np.ndarray):
        return np.copy(np.transpose(tup)) if tup.ndim == 2 else np.concatenate(tup, axis=1)
    parts = [np.asarray(part) for part in tup]
    return np.concatenate([np.reshape(part, (part.size, 1)) if part.ndim < 2 else part for part in parts], axis=1)


def append(arr, values, axis=None):
    """np.append."""
    if axis is None:
        return np.concatenate((np.ravel(np.asarray(arr)), np.ravel(np.asarray(values))))
    return np.concatenate((np.asarray(arr), np.asarray(values)), axis=axis)


def replaced(shape, axis, extent):
    """A shape with another extent on one axis."""
    return shape[:axis] + (extent,) + shape[axis + 1:]


def insert(arr, obj, values, axis=None):
    """np.insert."""
    a = np.asarray(arr)
    if axis is None:
        a = np.ravel(a)
        axis = 0
    at = normal(axis, a.ndim)
    n = a.shape[at]
    if isinstance(obj, slice):
        return insert_many(a, np.arange(n)[obj], values, at)
    if np.ndim(obj) == 0:
        return insert_one(a, obj, np.moveaxis(at_rank(values, a.ndim), 0, at), at)
    picked = np.asarray(obj)
    if picked.dtype == np.bool_:
        return insert_many(a, np.flatnonzero(picked), values, at)
    if picked.shape[0] == 1:
        return insert_one(a, picked[0], at_rank(values, a.ndim), at)
    return insert_many(a, picked, values, at)


def at_rank(values, rank):
    """`values` with leading axes of extent 1."""
    new = np.asarray(values)
    return np.reshape(new, (1,) * (rank - new.ndim) + new.shape) if new.ndim < rank else new


def insert_one(a, where, new, at):
    """All of `new` along the axis before one place."""
    n = a.shape[at]
    if where < -n or where > n:
        raise IndexError("index is out of bounds for axis")
    start = where + n if where < 0 else where
    count = new.shape[at]
    out = np.empty(replaced(a.shape, at, n + count), a.dtype)
    full = (slice(None),) * at
    out[full + (slice(None, start),)] = a[full + (slice(None, start),)]
    out[full + (slice(start, start + count),)] = new
    out[full + (slice(start + count, None),)] = a[full + (slice(start, None),)]
    return out


def insert_many(a, places, values, at):
    """One of `values` before each of several places."""
    n = a.shape[at]
    m = places.shape[0]
    start = np.empty(m, np.int64)
    for k in range(m):
        start[k] = places[k] + n if places[k] < 0 else places[k]
    if np.any(start < 0) or np.any(start > n):
        raise IndexError("index is out of bounds for axis")
    order = np.argsort(start)
    taken = np.zeros(n + m, np.bool_)
    for k in range(m):
        start[order[k]] += k
        taken[start[order[k]]] = True
    out = np.empty(replaced(a.shape, at, n + m), a.dtype)
    rows = np.moveaxis(out, at, 0)
    new = np.moveaxis(np.broadcast_to(np.asarray(values), replaced(a.shape, at, m)), at, 0)
    old = np.moveaxis(a, at, 0)
    for k in range(m):
        rows[start[k]] = new[k]
    i = 0
    for k in range(n + m):
        if not taken[k]:
            rows[k] = old[i]
            i += 1
    return out


def delete(arr, obj, axis=None):
    """np.delete."""
    a = np.asarray(arr)
    if axis is None:
        a = np.ravel(a)
        axis = 0
    at = normal(axis, a.ndim)
    n = a.shape[at]
    if isinstance(obj, slice):
        return delete_many(a, np.arange(n)[obj], at)
    if np.ndim(obj) != 0:
        picked = np.asarray(obj)
        if picked.dtype == np.bool_:
            if picked.shape[0] != n:
                raise ValueError("boolean array argument obj to delete must be one dimensional and match the axis "
                                 "length")
            return delete_many(a, np.flatnonzero(picked), at)
        return delete_many(a, picked, at)
    if obj < -n or obj >= n:
        raise IndexError("index is out of bounds for axis")
    gone = obj + n if obj < 0 else obj
    out = np.empty(replaced(a.shape, at, n - 1), a.dtype)
    full = (slice(None),) * at
    out[full + (slice(None, gone),)] = a[full + (slice(None, gone),)]
    out[full + (slice(gone, None),)] = a[full + (slice(gone + 1, None),)]
    return out


def delete_many(a, places, at):
    """Without the elements at some places of an axis, each named once or more."""
    n = a.shape[at]
    keep = np.ones(n, np.bool_)
    if np.any(places < -n) or np.any(places >= n):
        raise IndexError("index is out of bounds for axis")
    for k in range(places.shape[0]):
        keep[places[k] + n if places[k] < 0 else places[k]] = False
    return a[(slice(None),) * at + (np.flatnonzero(keep),)]


def array_split(ary, indices_or_sections, axis=0):
    """np.array_split: views of the parts, the first ones longer where they are not equal."""
    a = np.asarray(ary)
    n = a.shape[axis]
    full = (slice(None),) * normal(axis, a.ndim)
    if np.ndim(indices_or_sections) == 0:
        parts = indices_or_sections
        if parts <= 0:
            raise ValueError("number sections must be larger than 0.")
        size = n // parts
        rest = n % parts
        return [a[full + (slice(k * size + min(k, rest), (k + 1) * size + min(k + 1, rest)),)]
                for k in list(range(parts))]
    cuts = indices_or_sections
    starts = [0] + list(cuts)
    stops = list(cuts) + [n]
    return [a[full + (slice(start, stop),)] for start, stop in zip(starts, stops)]


def split(ary, indices_or_sections, axis=0):
    """np.split: views of equal parts."""
    a = np.asarray(ary)
    if np.ndim(indices_or_sections) == 0:
        if a.shape[axis] % indices_or_sections != 0:
            raise ValueError("array split does not result in an equal division")
    return array_split(a, indices_or_sections, axis)


def hsplit(ary, indices_or_sections):
    """np.hsplit."""
    a = np.asarray(ary)
    if a.ndim == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(a, indices_or_sections, 1 if a.ndim > 1 else 0)


def vsplit(ary, indices_or_sections):
    """np.vsplit."""
    a = np.asarray(ary)
    if a.ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(a, indices_or_sections, 0)


def dsplit(ary, indices_or_sections):
    """np.dsplit."""
    a = np.asarray(ary)
    if a.ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(a, indices_or_sections, 2)


TABLE = {
    np.vstack: vstack, np.hstack: hstack, np.dstack: dstack, np.column_stack: column_stack, np.append: append,
    np.insert: insert, np.delete: delete, np.array_split: array_split, np.split: split, np.hsplit: hsplit,
    np.vsplit: vsplit, np.dsplit: dsplit,
}
