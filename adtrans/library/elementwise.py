"""Elementwise functions of NumPy that are no ufuncs: comparisons within tolerances, replacements of NaN."""

import numpy as np


def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """np.isclose."""
    a, b = np.asarray(a), np.asarray(b)
    near = np.where(np.isfinite(a) & np.isfinite(b), np.abs(a - b) <= atol + rtol * np.abs(b), a == b)[()]
    if equal_nan:
        return near | np.isnan(a) & np.isnan(b)
    return near


def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """np.allclose."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1, a2, equal_nan=False):
    """np.array_equal."""
    a, b = np.asarray(a1), np.asarray(a2)
    if a.ndim != b.ndim:
        return False
    fits = True
    for m, n in zip(a.shape, b.shape):
        fits = fits and m == n
    if fits:
        a, b = np.reshape(a, (a.size,)), np.reshape(b, (b.size,))
        for i in range(a.shape[0]):
            same = a[i] == b[i] or (equal_nan and a[i] != a[i] and b[i] != b[i])
            fits = fits and same
    return fits


def array_equiv(a1, a2):
    """np.array_equiv."""
    return bool(np.all(np.asarray(a1) == np.asarray(a2)))


def isposinf(x):
    """np.isposinf."""
    x = np.asarray(x)
    return np.isinf(x) & (x > 0)


def isneginf(x):
    """np.isneginf."""
    x = np.asarray(x)
    return np.isinf(x) & (x < 0)


def isreal(x):
    """np.isreal of real numbers."""
    x = np.asarray(x)
    return (x == x) | (x != x)


def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """np.nan_to_num."""
    if not copy:
        raise ValueError("np.nan_to_num with copy=False is not in the language")
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return x.copy() if x.ndim > 0 else x[()]
    high = np.finfo(x.dtype).max if posinf is None else posinf
    low = np.finfo(x.dtype).min if neginf is None else neginf
    return np.where(np.isnan(x), nan, np.where(x == np.inf, high, np.where(x == -np.inf, low, x)))[()]


TABLE = {
    np.isclose: isclose, np.allclose: allclose, np.array_equal: array_equal, np.array_equiv: array_equiv,
    np.isposinf: isposinf, np.isneginf: isneginf, np.isreal: isreal, np.nan_to_num: nan_to_num,
}
