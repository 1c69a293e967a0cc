"""Histograms: edges from a number of bins or as given, counts or sums of weights, densities."""

import numpy as np

from adtrans.library.searching import place_of


def outer_edges(a, limits):
    """The first and last edge: as given, else the extremes, apart by at least something."""
    if limits is not None:
        first, last = limits
        if first > last:
            raise ValueError("max must be larger than min in range parameter.")
        if not (np.isfinite(first) and np.isfinite(last)):
            raise ValueError("supplied range is not finite")
        low = in_type(a, first)
        high = in_type(a, last)
    elif a.size == 0:
        low = in_type(a, 0.0)
        high = in_type(a, 1.0)
    else:
        low = in_type(a, np.min(a))
        high = in_type(a, np.max(a))
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError("autodetected range is not finite")
    if low == high:
        low = low - 0.5
        high = high + 0.5
    return low, high


def in_type(a, number):
    """A number with the type of edges for an array."""
    return np.float32(number) if a.dtype == np.float32 else np.float64(number)


def uniform(first, last, count, dtype):
    """Edges at equal distances."""
    if count < 1:
        raise ValueError("`bins` must be positive, when an integer")
    edges = np.empty(count + 1, dtype)
    step = (last - first) / count
    for k in range(count):
        edges[k] = first + k * step
    edges[count] = last
    return edges


def given_edges(bins):
    """Edges given as an array."""
    edges = np.asarray(bins)
    if edges.ndim != 1:
        raise ValueError("`bins` must be 1d, when an array")
    if np.any(edges[:-1] > edges[1:]):
        raise ValueError("`bins` must increase monotonically, when an array")
    return edges


def histogram_bin_edges(a, bins=10, range=None, weights=None):
    """np.histogram_bin_edges."""
    values = np.ravel(np.asarray(a))
    if isinstance(bins, str):
        raise NotImplementedError("bins= as the name of a rule")
    if np.ndim(bins) != 0:
        return given_edges(bins)
    first, last = outer_edges(values, range)
    return uniform(first, last, bins, np.float32 if values.dtype == np.float32 else np.float64)


def histogram(a, bins=10, range=None, density=None, weights=None):
    """np.histogram."""
    values = np.ravel(np.asarray(a))
    edges = histogram_bin_edges(values, bins, range)
    places = np.empty(values.shape[0], np.int64)
    if np.ndim(bins) == 0:
        find_uniform(values, edges, places)
    else:
        find_between(values, edges, places)
    found = filled(places, edges.shape[0] - 1, weights)
    if density:
        widths = np.asarray(edges[1:] - edges[:-1], np.float64)
        return found / widths / np.sum(found), edges
    return found, edges


def find_uniform(values, edges, places):
    """The bin of each value, -1 for none, where edges lie at equal distances."""
    n = edges.shape[0] - 1
    first = edges[0]
    last = edges[n]
    for k in range(values.shape[0]):
        x = values[k]
        places[k] = -1
        if x >= first and x <= last:
            at = min(int((x - first) / (last - first) * n), n - 1)
            if x < edges[at]:
                at -= 1
            elif x >= edges[at + 1] and at != n - 1:
                at += 1
            places[k] = at


def find_between(values, edges, places):
    """The bin of each value, -1 for none."""
    n = edges.shape[0] - 1
    for k in range(values.shape[0]):
        x = values[k]
        places[k] = -1
        if x >= edges[0] and x < edges[n]:
            places[k] = place_of(edges, x, True) - 1
        elif x == edges[n]:
            places[k] = n - 1


def filled(places, n, weights):
    """How many fell into each bin, or the sum of their weights."""
    if weights is None:
        counts = np.zeros(n, np.int64)
        for k in range(places.shape[0]):
            if places[k] >= 0:
                counts[places[k]] += 1
        return counts
    masses = np.ravel(np.asarray(weights))
    if masses.shape[0] != places.shape[0]:
        raise ValueError("weights should have the same shape as a.")
    sums = np.zeros(n, masses.dtype)
    for k in range(places.shape[0]):
        if places[k] >= 0:
            sums[places[k]] += masses[k]
    return sums


TABLE = {np.histogram: histogram, np.histogram_bin_edges: histogram_bin_edges}
