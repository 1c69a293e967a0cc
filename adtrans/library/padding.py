"""np.pad: each padded element is one element of the array, or a constant."""

import numpy as np


def pad(array, pad_width, mode="constant", constant_values=0):
    """np.pad."""
    a = np.asarray(array)
    befores = [width[0] for width in per_axis(pad_width, a.ndim)]
    afters = [width[1] for width in per_axis(pad_width, a.ndim)]
    for before, after in zip(befores, afters):
        if before < 0 or after < 0:
            raise ValueError("index can't contain negative values")
    shape = tuple([before + n + after for before, n, after in zip(befores, a.shape, afters)])
    if mode == "constant":
        return pad_constant(a, befores, afters, shape, per_axis(constant_values, a.ndim))
    places = [sources(before, n, after, mode) for before, n, after in zip(befores, a.shape, afters)]
    return a[np.ix_(*places)]


def per_axis(given, rank):
    """A number, a pair or a pair for each axis as a pair for each axis."""
    if isinstance(given, np.ndarray):
        if given.ndim == 0:
            return [(given[()], given[()]) for k in list(range(rank))]
        return per_axis([given[k] for k in list(range(given.shape[0]))], rank)
    if np.ndim(given) == 0:
        return [(given, given) for k in list(range(rank))]
    if np.ndim(given[0]) == 0:
        pair = (given[0], given[len(given) - 1])
        return [pair for k in list(range(rank))]
    if len(given) == 1:
        return [(given[0][0], given[0][len(given[0]) - 1]) for k in list(range(rank))]
    if len(given) != rank:
        raise ValueError("operands could not be broadcast together with remapped shapes")
    return [(item[0], item[len(item) - 1]) for item in given]


def pad_constant(a, befores, afters, shape, values):
    """The array amid constants; later axes have the corners."""
    out = np.empty(shape, a.dtype)
    for k in list(range(a.ndim)):
        center = tuple([slice(before, before + n) for before, n in zip(befores[k + 1:], a.shape[k + 1:])])
        n = a.shape[k]
        edge = (slice(None),) * k
        out[edge + (slice(None, befores[k]),) + center] = values[k][0]
        out[edge + (slice(befores[k] + n, None),) + center] = values[k][1]
    out[tuple([slice(before, before + n) for before, n in zip(befores, a.shape)])] = a
    return out


def sources(before, n, after, mode):
    """Which element of an axis stands at each place of the padded axis."""
    if n == 0 and before + after > 0:
        raise ValueError("can't extend empty axis using modes other than 'constant' or 'empty'")
    found = np.empty(before + n + after, np.int64)
    for k in range(found.shape[0]):
        found[k] = source(k - before, n, mode)
    return found


def source(at, n, mode):
    """The element that stands at a place counted from the first one."""
    if mode == "edge":
        return min(max(at, 0), n - 1)
    if mode == "wrap":
        return at % n
    if mode == "symmetric":
        turn = at % (2 * n)
        return min(turn, 2 * n - 1 - turn)
    if mode == "reflect":
        turn = at % max(2 * n - 2, 1)
        return min(turn, 2 * n - 2 - turn)
    raise NotImplementedError("this mode of np.pad")


TABLE = {np.pad: pad}
