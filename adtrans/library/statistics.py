"""Averages, statistics that ignore NaNs, covariances."""

import numpy as np

from adtrans.library.support import normal


def average(a, axis=None, weights=None, returned=False, keepdims=False):
    """np.average."""
    a = np.asarray(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        if returned:
            return mean, np.sum(np.ones_like(a, dtype=mean.dtype), axis=axis, keepdims=keepdims)
        return mean
    w = np.asarray(weights)
    if w.ndim != a.ndim:
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        if w.ndim != 1:
            raise TypeError("1D weights expected when shapes of a and weights differ.")
        if w.shape[0] != a.shape[axis]:
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        at = normal(axis, a.ndim)
        w = np.reshape(w, (1,) * at + (w.shape[0],) + (1,) * (a.ndim - at - 1))
        w = np.broadcast_to(w, a.shape)
    scale = np.sum(w, axis=axis, keepdims=keepdims)
    if np.any(scale == 0.0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    mean = np.sum(a * w, axis=axis, keepdims=keepdims) / scale
    if returned:
        return mean, scale * np.ones(1, mean.dtype)[0]
    return mean


# --- ignoring NaNs ---------------------------------------------------------------------------------------


def nansum(a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True):
    """np.nansum."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.sum(a, axis=axis, dtype=dtype, out=out, keepdims=keepdims, initial=initial, where=where)
    return np.sum(np.where(np.isnan(a), 0.0, a), axis=axis, dtype=dtype, out=out, keepdims=keepdims,
                  initial=initial, where=where)


def nanprod(a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True):
    """np.nanprod."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.prod(a, axis=axis, dtype=dtype, out=out, keepdims=keepdims, initial=initial, where=where)
    return np.prod(np.where(np.isnan(a), 1.0, a), axis=axis, dtype=dtype, out=out, keepdims=keepdims,
                   initial=initial, where=where)


def nanmean(a, axis=None, dtype=None, out=None, keepdims=False):
    """np.nanmean."""
    a = np.asarray(a)
    return np.mean(a, axis=axis, dtype=dtype, out=out, keepdims=keepdims, where=~np.isnan(a))


def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    """np.nanvar; NaN where nothing is left to divide by."""
    a = np.asarray(a)
    there = ~np.isnan(a)
    found = np.var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=there)
    freedom = np.sum(there, axis=axis, keepdims=keepdims) - ddof
    return delivered(np.where(freedom > 0, found, np.nan), out)


def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    """np.nanstd."""
    a = np.asarray(a)
    there = ~np.isnan(a)
    found = np.std(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=there)
    freedom = np.sum(there, axis=axis, keepdims=keepdims) - ddof
    return delivered(np.where(freedom > 0, found, np.nan), out)


def delivered(found, out):
    """A result, or `out` filled with it; a NumPy number where there are no axes."""
    if out is None:
        return found
    out[...] = found
    return out


def nanmax(a, axis=None, out=None, keepdims=False):
    """np.nanmax; NaN where all are."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.max(a, axis=axis, out=out, keepdims=keepdims)
    check_extent(a, axis)
    largest = np.max(np.where(np.isnan(a), -np.inf, a), axis=axis, keepdims=keepdims)
    nothing = np.all(np.isnan(a), axis=axis, keepdims=keepdims)
    return delivered(np.where(nothing, np.nan, largest), out)


def nanmin(a, axis=None, out=None, keepdims=False):
    """np.nanmin; NaN where all are."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.min(a, axis=axis, out=out, keepdims=keepdims)
    check_extent(a, axis)
    smallest = np.min(np.where(np.isnan(a), np.inf, a), axis=axis, keepdims=keepdims)
    nothing = np.all(np.isnan(a), axis=axis, keepdims=keepdims)
    return delivered(np.where(nothing, np.nan, smallest), out)


def check_extent(a, axis):
    """Extremes of nothing are an error."""
    if axis is None and a.size == 0:
        raise ValueError("zero-size array to reduction operation fmax which has no identity")


def nanargmax(a, axis=None, keepdims=False):
    """np.nanargmax."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.argmax(a, axis=axis, keepdims=keepdims)
    if np.any(np.all(np.isnan(a), axis=axis)):
        raise ValueError("All-NaN slice encountered")
    return np.argmax(np.where(np.isnan(a), -np.inf, a), axis=axis, keepdims=keepdims)


def nanargmin(a, axis=None, keepdims=False):
    """np.nanargmin."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.argmin(a, axis=axis, keepdims=keepdims)
    if np.any(np.all(np.isnan(a), axis=axis)):
        raise ValueError("All-NaN slice encountered")
    return np.argmin(np.where(np.isnan(a), np.inf, a), axis=axis, keepdims=keepdims)


def nancumsum(a, axis=None, dtype=None, out=None):
    """np.nancumsum."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.cumsum(a, axis=axis, dtype=dtype, out=out)
    return np.cumsum(np.where(np.isnan(a), 0.0, a), axis=axis, dtype=dtype, out=out)


def nancumprod(a, axis=None, dtype=None, out=None):
    """np.nancumprod."""
    a = np.asarray(a)
    if a.dtype.kind != "f":
        return np.cumprod(a, axis=axis, dtype=dtype, out=out)
    return np.cumprod(np.where(np.isnan(a), 1.0, a), axis=axis, dtype=dtype, out=out)


def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    """np.cumulative_sum."""
    x = np.asarray(x)
    if axis is None and x.ndim > 1:
        raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
    along = 0 if axis is None else axis
    found = np.cumsum(x, axis=along, dtype=dtype)
    if include_initial:
        start = np.zeros_like(np.sum(found, axis=along, keepdims=True))
        found = np.concatenate((start, found), axis=along)
    return delivered(found, out)


def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    """np.cumulative_prod."""
    x = np.asarray(x)
    if axis is None and x.ndim > 1:
        raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
    along = 0 if axis is None else axis
    found = np.cumprod(x, axis=along, dtype=dtype)
    if include_initial:
        start = np.ones_like(np.sum(found, axis=along, keepdims=True))
        found = np.concatenate((start, found), axis=along)
    return delivered(found, out)


# --- covariances -----------------------------------------------------------------------------------------


def as_variables(m, rowvar):
    """Observations as a matrix with one variable to a row."""
    m = np.asarray(m)
    if m.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    if m.ndim < 2:
        return np.reshape(m, (1, m.size))
    return m if rowvar else m.T


def stacked(m, y, rowvar):
    """The variables of `m`, then those of `y`."""
    rows = as_variables(m, rowvar)
    if y is None:
        return rows
    more = as_variables(y, rowvar)
    if more.shape[1] != rows.shape[1]:
        raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
    return np.concatenate((rows, more), axis=0)


def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """np.cov."""
    rows = stacked(m, y, rowvar)
    if dtype is None:
        x = rows * 1.0 if rows.dtype.kind != "f" else rows.astype(np.float64)
    else:
        x = rows.astype(dtype)
    shift = (0 if bias else 1) if ddof is None else ddof
    n_rows, n = x.shape[0], x.shape[1]
    if fweights is None and aweights is None:
        centred = x - np.mean(x, axis=1, keepdims=True)
        found = np.dot(centred, centred.T) / np.maximum(n - shift, 0)
        return found if squared(m, y) else found[0, 0]
    w = np.ones(n, x.dtype)
    if fweights is not None:
        w = w * np.asarray(fweights)
    if aweights is not None:
        w = w * np.asarray(aweights)
    total = np.sum(w)
    if shift == 0:
        factor = total
    elif aweights is None:
        factor = total - shift
    else:
        factor = total - shift * np.sum(w * np.asarray(aweights)) / total
    centred = x - np.reshape(np.dot(x, w) / total, (n_rows, 1))
    found = np.dot(centred, (centred * w).T) / np.maximum(factor, 0.0)
    return found if squared(m, y) else found[0, 0]


def squared(m, y):
    """Whether a covariance keeps its axes: one vector has a variance, a number."""
    return np.ndim(m) == 2 or y is not None


def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    """np.corrcoef."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not squared(x, y):
        return c / c
    n = c.shape[0]
    found = np.empty(c.shape, c.dtype)
    for i in range(n):
        for j in range(n):
            found[i, j] = c[i, j] / np.sqrt(c[i, i]) / np.sqrt(c[j, j])
    return np.clip(found, -1.0, 1.0)


TABLE = {
    np.average: average, np.nansum: nansum, np.nanprod: nanprod, np.nanmean: nanmean, np.nanvar: nanvar,
    np.nanstd: nanstd, np.nanmax: nanmax, np.nanmin: nanmin, np.nanargmax: nanargmax, np.nanargmin: nanargmin,
    np.nancumsum: nancumsum, np.nancumprod: nancumprod, np.cov: cov, np.corrcoef: corrcoef,
}
for _name, _function in (("cumulative_sum", cumulative_sum), ("cumulative_prod", cumulative_prod)):
    if hasattr(np, _name):
        TABLE[getattr(np, _name)] = _function
