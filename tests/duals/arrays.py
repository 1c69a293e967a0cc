"""Object arrays of duals that behave as NumPy float arrays do: `DualArray`, its methods and its reductions.

In: arrays whose elements are plain numbers or `Dual`s. Out: the same. Storage, views, slicing and aliasing
are NumPy's own, since a `DualArray` is an ndarray; only what NumPy cannot do with objects is written here.
Integer and boolean arrays keep their dtype; whatever would become a float array becomes an object array, so
that duals can be stored into it later.

    >>> asarray([1.0, 2.0]).sum()
    3.0
"""

import numpy as np

from tests.duals import elementary
from tests.duals.scalar import Dual


class DualArray(np.ndarray):
    """An ndarray of numbers, of dtype object when they are floats."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        plain = [x.view(np.ndarray) if isinstance(x, DualArray) else x for x in inputs]
        if method == "__call__" and any(is_object(x) for x in plain):
            if ufunc is np.matmul:
                return store(matmul(*inputs), out)
            ufunc = lifted.get(ufunc.__name__, ufunc)
        if out is not None:
            kwargs["out"] = tuple(x.view(np.ndarray) for x in out)
        result = getattr(ufunc, method)(*plain, **kwargs)
        if out is not None:
            return out[0]
        return tuple(map(floats, result)) if isinstance(result, tuple) else floats(result)

    def __setitem__(self, index, value):
        if self.dtype == object:
            value = float(value) if isinstance(value, (int, np.integer)) else floats(value, weak=True)
        super().__setitem__(index, value)

    def fill(self, value):
        """Set every element."""
        self[...] = value

    def astype(self, dtype, copy=True):
        """A copy; all float types are one here."""
        return self.copy() if is_float(dtype) and self.dtype == object else cast(self, dtype)

    def item(self, *index):
        """One element."""
        return self.view(np.ndarray).item(*index)

    def sum(self, axis=None, dtype=None, out=None, keepdims=False):
        """Sum along axes."""
        return reduce("sum", self, axis, keepdims)

    def prod(self, axis=None, dtype=None, out=None, keepdims=False):
        """Product along axes."""
        return reduce("prod", self, axis, keepdims)

    def max(self, axis=None, out=None, keepdims=False):
        """Largest along axes, the first among equals."""
        return reduce("max", self, axis, keepdims)

    def min(self, axis=None, out=None, keepdims=False):
        """Smallest along axes, the first among equals."""
        return reduce("min", self, axis, keepdims)

    def mean(self, axis=None, dtype=None, out=None, keepdims=False):
        """Mean along axes."""
        total = reduce("sum", self, axis, keepdims)
        return total / (self.size / max(np.size(total), 1))

    def var(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        """Variance along axes."""
        centred = self - self.mean(axis, keepdims=True)
        total = reduce("sum", centred * centred, axis, keepdims)
        return total / (self.size / max(np.size(total), 1) - ddof)

    def std(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        """Standard deviation along axes."""
        return lifted["sqrt"](self.var(axis, ddof=ddof, keepdims=keepdims))

    def cumsum(self, axis=None, dtype=None, out=None):
        """Running sum."""
        return floats(np.add.accumulate(np.ravel(plain(self)) if axis is None else plain(self), axis or 0))

    def cumprod(self, axis=None, dtype=None, out=None):
        """Running product."""
        return floats(
            np.multiply.accumulate(np.ravel(plain(self)) if axis is None else plain(self), axis or 0)
        )

    def dot(self, other, out=None):
        """Matrix product, or scaling by a number."""
        return dot(self, other)

    def clip(self, min=None, max=None, out=None):
        """Elements outside the closed interval become its bounds."""
        return clip(self, min, max)


def plain(x):
    """The same array without the methods above."""
    return x.view(np.ndarray) if isinstance(x, DualArray) else np.asarray(x)


def is_object(x):
    """True for what holds, or may hold, duals."""
    return type(x) is Dual or (isinstance(x, np.ndarray) and x.dtype.hasobject)


def floats(x, weak=False):
    """Arrays as `DualArray`s, float dtypes as objects; numbers as floats, or untouched if `weak`."""
    if not isinstance(x, np.ndarray):
        return float(x) if isinstance(x, np.floating) and not weak else x
    if x.dtype.kind in "f" or (weak and x.dtype.kind in "iub"):
        x = x.astype(float).astype(object)
    return x.view(DualArray)


def store(result, out):
    """Write a result into `out` when one is given."""
    if out is None:
        return result
    out[0][...] = result
    return out[0]


def is_float(dtype):
    """True for every way of naming a float dtype, None (the default) included."""
    if dtype is None or dtype is object or (callable(dtype) and not isinstance(dtype, type)):
        return True
    return np.dtype(dtype).kind in "fO"


def cast(x, dtype):
    """Conversion between kinds."""
    if is_float(dtype):
        return floats(plain(x).astype(float))
    return plain(x).astype(dtype).view(DualArray)


def asarray(x, dtype=None):
    """Any nesting of lists of numbers and arrays as a `DualArray`; no copy of what is one already."""
    if isinstance(x, np.ndarray):
        if dtype is None or (is_float(dtype) and x.dtype == object):
            return floats(x)
        return cast(x, dtype)
    array = np.array(unboxed(x), dtype=object)
    integral = all(isinstance(leaf, (int, np.integer, np.bool_)) for leaf in array.flat) and array.size
    if integral and (dtype is None or not is_float(dtype)):
        return np.array(array.tolist(), dtype=dtype).view(DualArray)
    for i, leaf in enumerate(array.flat):
        if isinstance(leaf, int):
            array.flat[i] = float(leaf)
    return cast(array, dtype) if not is_float(dtype) else array.view(DualArray)


def unboxed(x):
    """Nested lists with 0-d arrays replaced by their element."""
    if isinstance(x, (list, tuple)):
        return [unboxed(item) for item in x]
    return x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x


folds = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.frompyfunc(elementary.maximum, 2, 1),
    "min": np.frompyfunc(elementary.minimum, 2, 1),
}
empty_values = {"sum": 0.0, "prod": 1.0}


def reduce(name, x, axis=None, keepdims=False):
    """Fold elements along an axis, several, or all; equal candidates are met in C order."""
    x = asarray(x)
    if x.dtype != object:
        return floats(getattr(plain(x), name)(axis=axis, keepdims=keepdims))
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    result = plain(x)
    for one in sorted((a % x.ndim for a in axes), reverse=True):
        if result.shape[one] == 0 and name in empty_values:
            shape = tuple(1 if a == one else n for a, n in enumerate(result.shape))
            result = np.full(shape, empty_values[name], dtype=object)
        else:
            result = folds[name].reduce(result, axis=one, keepdims=True)
    if not keepdims:
        result = result.reshape([n for a, n in enumerate(x.shape) if a not in {b % x.ndim for b in axes}])
    return result.item() if result.ndim == 0 else result.view(DualArray)


def matmul(a, b):
    """a @ b for vectors, matrices and stacks of matrices."""
    a, b = asarray(a), asarray(b)
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"matmul: mismatch of core dimensions {a.shape} and {b.shape}")
    left = a[..., :, None] if b.ndim > 1 else a
    right = b[..., None, :, :] if b.ndim > 1 and a.ndim > 1 else b
    return reduce("sum", left * right, -2 if b.ndim > 1 else -1)


def dot(a, b):
    """np.dot for numbers, vectors and matrices."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(b) > 2:
        raise NotImplementedError("dot with a right operand of rank above 2")
    return matmul(a, b)


def clip(x, low=None, high=None):
    """Elements outside the closed interval become its bounds."""
    if not isinstance(x, np.ndarray) and np.ndim(low) == 0 and np.ndim(high) == 0:
        return elementary.clip(x, low, high)
    return floats(np.frompyfunc(elementary.clip, 3, 1)(plain(x), low, high))


lifted = {name: np.frompyfunc(function, 1, 1) for name, function in elementary.unary.items()}
lifted |= {name: np.frompyfunc(function, 2, 1) for name, function in elementary.binary.items()}
