"""np.linalg.norm and its relatives, for vectors and matrices, with the derivative 0 where a norm is 0."""

import numpy as np

from adtrans.library import primitives
from adtrans.library.linalg import float_of, stacked
from adtrans.library.support import normal, reduced, rows


def euclidean(line):
    """The root of the sum of squares; 0 and its derivative too for a vector of zeros."""
    total = np.sum(line * line)
    if total == 0.0:
        return 0.0 * total
    return np.sqrt(total)


def vector(line, ord):
    """A vector norm of one row."""
    if ord is None or ord == 2:
        return euclidean(line)
    if ord == np.inf:
        return np.max(np.abs(line))
    if ord == -np.inf:
        return np.min(np.abs(line))
    if ord == 0:
        return np.sum((line != 0.0).astype(line.dtype))
    if ord == 1:
        return np.sum(np.abs(line))
    return np.sum(np.abs(line) ** ord) ** (1.0 / ord)


def matrix(a, ord):
    """A matrix norm."""
    if ord is None or ord == "fro":
        return euclidean(np.ravel(a))
    if ord == "nuc":
        return np.sum(primitives.svd(a, False)[1])
    if ord == 2:
        return primitives.svd(a, False)[1][0]
    if ord == -2:
        return primitives.svd(a, False)[1][-1]
    if ord == 1:
        return np.max(np.sum(np.abs(a), axis=0))
    if ord == -1:
        return np.min(np.sum(np.abs(a), axis=0))
    if ord == np.inf:
        return np.max(np.sum(np.abs(a), axis=1))
    if ord == -np.inf:
        return np.min(np.sum(np.abs(a), axis=1))
    raise ValueError("Invalid norm order for matrices.")


def norm(x, ord=None, axis=None, keepdims=False):
    """np.linalg.norm."""
    a = np.asarray(x, dtype=float_of(np.asarray(x)))
    if axis is None and ord is None:
        return reduced(np.array([euclidean(np.ravel(a))]), a, None, keepdims)
    if axis is None and a.ndim == 2:
        return reduced(np.array([matrix(a, ord)]), a, None, keepdims)
    if axis is None and a.ndim != 1:
        raise ValueError("Improper number of dimensions to norm.")
    if isinstance(axis, tuple) and len(axis) == 2:
        return matrices(a, ord, axis, keepdims)
    along = (0 if axis is None else axis[0]) if axis is None or isinstance(axis, tuple) else axis
    lines = rows(a, along)
    out = np.empty(lines.shape[0], a.dtype)
    for k in range(lines.shape[0]):
        out[k] = vector(lines[k], ord)
    return reduced(out, a, along, keepdims)


def matrices(a, ord, axis, keepdims):
    """A norm of the matrices along two axes."""
    first, second = normal(axis[0], a.ndim), normal(axis[1], a.ndim)
    turned = np.moveaxis(a, (first, second), (-2, -1))
    lead = turned.shape[:-2]
    stack = stacked(turned)
    out = np.empty(stack.shape[0], a.dtype)
    for k in range(stack.shape[0]):
        out[k] = matrix(stack[k], ord)
    if not keepdims:
        return out[0] if a.ndim == 2 else np.reshape(out, lead)
    kept = np.reshape(out, lead + (1, 1))
    return np.moveaxis(kept, (-2, -1), (first, second))


TABLE = {np.linalg.norm: norm}
