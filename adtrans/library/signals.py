"""Differences, integrals, interpolation, convolution and polynomials."""

import numpy as np

from adtrans.library.support import normal


def diff(a, n=1, axis=-1, prepend=None, append=None):
    """np.diff."""
    if n < 0:
        raise ValueError("order must be non-negative but got " + str(n))
    a = np.asarray(a)
    if a.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    if prepend is not None:
        a = np.concatenate((beside(prepend, a, axis), a), axis=axis)
    if append is not None:
        a = np.concatenate((a, beside(append, a, axis)), axis=axis)
    if n == 0:
        return a
    lines = np.moveaxis(a, axis, -1)
    if a.dtype.kind == "b":
        found = np.not_equal(lines[..., 1:], lines[..., :-1])
    else:
        found = lines[..., 1:] - lines[..., :-1]
    if n > 1:
        found = repeated(found, n - 1)
    return np.moveaxis(found, -1, axis)


def repeated(work, n):
    """`n` more differences along the last axis, in place."""
    extent = work.shape[-1]
    for k in range(min(n, extent)):
        for i in range(extent - 1 - k):
            work[..., i] = work[..., i + 1] - work[..., i]
    return work[..., :max(extent - n, 0)]


def beside(value, a, axis):
    """What is put before or after an array along an axis."""
    value = np.asarray(value)
    if value.ndim == 0:
        at = normal(axis, a.ndim)
        return np.broadcast_to(value, a.shape[:at] + (1,) + a.shape[at + 1:])
    return value


def ediff1d(ary, to_end=None, to_begin=None):
    """np.ediff1d."""
    line = np.ravel(np.asarray(ary))
    found = line[1:] - line[:-1]
    if to_begin is not None:
        found = np.concatenate((np.ravel(np.asarray(to_begin)).astype(line.dtype), found))
    if to_end is not None:
        found = np.concatenate((found, np.ravel(np.asarray(to_end)).astype(line.dtype)))
    return found


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """np.trapezoid."""
    lines = np.moveaxis(np.asarray(y), axis, -1)
    if x is None:
        return np.sum(dx * (lines[..., 1:] + lines[..., :-1]) / 2.0, axis=-1)
    x = np.asarray(x)
    steps = x[1:] - x[:-1] if x.ndim == 1 else steps_along(np.moveaxis(x, axis, -1))
    return np.sum(steps * (lines[..., 1:] + lines[..., :-1]) / 2.0, axis=-1)


def steps_along(lines):
    return lines[..., 1:] - lines[..., :-1]


# --- np.gradient -----------------------------------------------------------------------------------------


def gradient(f, *varargs, axis=None, edge_order=1):
    """np.gradient: second-order differences inside, of order `edge_order` at the ends."""
    f = np.asarray(f)
    if axis is None:
        axes = tuple(range(f.ndim))
    elif isinstance(axis, tuple):
        axes = axis
    else:
        axes = (axis,)
    if len(varargs) > 1 and len(varargs) != len(axes):
        raise TypeError("invalid number of arguments")
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    if len(varargs) == 0:
        spacings = (1.0,) * len(axes)
    elif len(varargs) == 1:
        spacings = varargs * len(axes)
    else:
        spacings = varargs
    values = f if f.dtype.kind == "f" else f.astype(np.float64)
    found = [slopes(values, h, k, edge_order) for h, k in zip(spacings, axes)]
    return found[0] if len(found) == 1 else tuple(found)


def slopes(f, spacing, axis, edge_order):
    """Slopes along one axis."""
    lines = np.moveaxis(f, axis, -1)
    if lines.shape[-1] < edge_order + 1:
        raise ValueError("Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) "
                         "elements are required.")
    out = np.empty(lines.shape, lines.dtype)
    if np.ndim(spacing) == 0:
        evenly(lines, spacing, out, edge_order)
    else:
        x = np.asarray(spacing)
        if x.shape[0] != lines.shape[-1]:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        unevenly(lines, x, out, edge_order)
    return np.moveaxis(out, -1, axis)


def evenly(lines, h, out, edge_order):
    """Slopes along the last axis for points at distance h."""
    out[..., 1:-1] = (lines[..., 2:] - lines[..., :-2]) / (2.0 * h)
    if edge_order == 1:
        out[..., 0] = (lines[..., 1] - lines[..., 0]) / h
        out[..., -1] = (lines[..., -1] - lines[..., -2]) / h
    else:
        a, b, c = -1.5 / h, 2.0 / h, -0.5 / h
        out[..., 0] = a * lines[..., 0] + b * lines[..., 1] + c * lines[..., 2]
        a, b, c = 0.5 / h, -2.0 / h, 1.5 / h
        out[..., -1] = a * lines[..., -3] + b * lines[..., -2] + c * lines[..., -1]


def unevenly(lines, x, out, edge_order):
    """Slopes along the last axis for points at x."""
    n = lines.shape[-1]
    for i in range(1, n - 1):
        back = x[i] - x[i - 1]
        ahead = x[i + 1] - x[i]
        a = -ahead / (back * (back + ahead))
        b = (ahead - back) / (back * ahead)
        c = back / (ahead * (back + ahead))
        out[..., i] = a * lines[..., i - 1] + b * lines[..., i] + c * lines[..., i + 1]
    if edge_order == 1:
        out[..., 0] = (lines[..., 1] - lines[..., 0]) / (x[1] - x[0])
        out[..., -1] = (lines[..., -1] - lines[..., -2]) / (x[-1] - x[-2])
    else:
        one, two = x[1] - x[0], x[2] - x[1]
        a = -(2.0 * one + two) / (one * (one + two))
        b = (one + two) / (one * two)
        c = -one / (two * (one + two))
        out[..., 0] = a * lines[..., 0] + b * lines[..., 1] + c * lines[..., 2]
        one, two = x[-2] - x[-3], x[-1] - x[-2]
        a = two / (one * (one + two))
        b = -(two + one) / (one * two)
        c = (2.0 * two + one) / (two * (one + two))
        out[..., -1] = a * lines[..., -3] + b * lines[..., -2] + c * lines[..., -1]


# --- np.interp -------------------------------------------------------------------------------------------


def find_pieces(x, knots, piece):
    """For each point the number of knots at or below it, less one; the last knot counts as the piece before it."""
    n = knots.shape[0]
    for i in range(x.shape[0]):
        low = -1
        high = n
        while high - low > 1:
            middle = (low + high) // 2
            if knots[middle] <= x[i]:
                low = middle
            else:
                high = middle
        piece[i] = low


def interp(x, xp, fp, left=None, right=None, period=None):
    """np.interp, in double precision."""
    x = np.asarray(x)
    knots = np.asarray(xp).astype(np.float64)
    values = np.asarray(fp).astype(np.float64)
    if knots.ndim != 1 or values.ndim != 1:
        raise ValueError("object too deep for desired array")
    if knots.shape[0] != values.shape[0]:
        raise ValueError("fp and xp are not of the same length.")
    if knots.shape[0] == 0:
        raise ValueError("array of sample points is empty")
    points = np.reshape(x, (x.size,)).astype(np.float64)
    if period is not None:
        if period == 0:
            raise ValueError("period must be a non-zero value")
        turn = abs(period)
        points = points % turn
        knots = knots % turn
        order = np.argsort(knots)
        knots = knots[order]
        values = values[order]
        knots = np.concatenate((knots[-1:] - turn, knots, knots[:1] + turn))
        values = np.concatenate((values[-1:], values, values[:1]))
    n = knots.shape[0]
    below = values[0] if left is None or period is not None else left
    above = values[n - 1] if right is None or period is not None else right
    piece = np.empty(points.shape[0], np.int64)
    find_pieces(points, knots, piece)
    found = np.empty(points.shape[0], np.float64)
    for i in range(points.shape[0]):
        k = piece[i]
        if points[i] != points[i]:
            found[i] = points[i]
        elif k < 0:
            found[i] = below
        elif k == n - 1:
            found[i] = values[k] if points[i] == knots[k] else above
        else:
            slope = (values[k + 1] - values[k]) / (knots[k + 1] - knots[k])
            found[i] = slope * (points[i] - knots[k]) + values[k]
    if x.ndim == 0:
        return found[0]
    return np.reshape(found, x.shape)


# --- convolution -----------------------------------------------------------------------------------------


def common(a, v):
    """A zero of the dtype that products of two arrays have."""
    return (a[:1] * v[:1]).dtype


def sliding(a, v, first, count):
    """Elements first, first + 1, ... of the full convolution."""
    n, m = a.shape[0], v.shape[0]
    out = np.zeros(count, common(a, v))
    for k in range(count):
        at = k + first
        total = out[k]
        for j in range(max(0, at - n + 1), min(m, at + 1)):
            total += v[j] * a[at - j]
        out[k] = total
    return out


def window(n, m, mode):
    """Where a mode starts in the full convolution, and how many elements it has; n >= m."""
    if mode == "full":
        return 0, n + m - 1
    if mode == "same":
        return (m - 1) // 2, n
    if mode == "valid":
        return m - 1, n - m + 1
    raise ValueError("mode must be one of 'valid', 'same', or 'full'")


def convolve(a, v, mode="full"):
    """np.convolve."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    if a.shape[0] == 0:
        raise ValueError("a cannot be empty")
    if v.shape[0] == 0:
        raise ValueError("v cannot be empty")
    longer, shorter = max(a.shape[0], v.shape[0]), min(a.shape[0], v.shape[0])
    first, count = window(longer, shorter, mode)
    return sliding(a, v, first, count)


def correlate(a, v, mode="valid"):
    """np.correlate."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    if a.shape[0] == 0:
        raise ValueError("first array argument cannot be empty")
    if v.shape[0] == 0:
        raise ValueError("second array argument cannot be empty")
    longer, shorter = max(a.shape[0], v.shape[0]), min(a.shape[0], v.shape[0])
    first, count = window(longer, shorter, mode)
    if mode == "same" and v.shape[0] > a.shape[0] and shorter % 2 == 0:
        first += 1
    return sliding(a, v[::-1], first, count)


# --- polynomials -----------------------------------------------------------------------------------------


def polyval(p, x):
    """np.polyval, by Horner's rule."""
    p = np.asarray(p)
    x = np.asarray(x)
    if x.ndim == 0:
        return horner(p, x[()])
    y = np.zeros(x.shape, (p[:1] * np.reshape(x, (x.size,))[:1]).dtype)
    for k in range(p.shape[0]):
        y = y * x + p[k]
    return y


def horner(p, x):
    """A polynomial at a number."""
    y = 0 * x * np.zeros(1, p.dtype)[0]
    for k in range(p.shape[0]):
        y = y * x + p[k]
    return y


def counted(a):
    """The dtype of an array times an integer."""
    return (a[:1] * np.ones(1, np.int64)).dtype


def polyder(p, m=1):
    """np.polyder."""
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = np.asarray(p)
    n = p.shape[0] - 1
    found = np.empty(max(n + 1 - m, 0), p.dtype if m == 0 else counted(p))
    for k in range(found.shape[0]):
        factor = 1
        for j in range(m):
            factor = factor * (n - k - j)
        found[k] = p[k] * factor
    return found


def vander(x, N=None, increasing=False):
    """np.vander."""
    x = np.asarray(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    columns = x.shape[0] if N is None else N
    found = np.ones((x.shape[0], columns), counted(x))
    for i in range(x.shape[0]):
        power = x[i] ** 0
        for k in range(columns):
            found[i, k if increasing else columns - 1 - k] = power
            power = power * x[i]
    return found


TABLE = {
    np.diff: diff, np.ediff1d: ediff1d, np.gradient: gradient, np.interp: interp, np.convolve: convolve,
    np.correlate: correlate, np.polyval: polyval, np.polyder: polyder, np.vander: vander,
}
for _name in ("trapezoid", "trapz"):
    if _name in np.__dict__:
        TABLE[getattr(np, _name)] = trapezoid
