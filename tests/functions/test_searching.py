"""Elements found, counted, chosen and written by masks, indices and edges."""

import itertools

import numpy as np
import pytest

from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(13)
LAYOUTS = itertools.count()
PLACES = np.array([2, 0, 1, 0])


def array(shape):
    """An array of a shape, in one layout after the other."""
    found = forms(RNG, shape)
    return found[next(LAYOUTS) % len(found)]


def over(shapes, texts, **others):
    """Each text with an array of each shape as `a`."""
    return [case(text, a=array(shape), **others) for shape in shapes for text in texts]


def changed(statement, a, **others):
    """A statement that writes to `b`, a copy of `a`."""
    return case("b", _setup=f"b = a.copy()\n{statement}", a=a, **others)


TAKES = over([(4,), (3, 4), (3, 4, 3)], [
    "np.take(a, i)", "np.take(a, i, axis=0)", "np.take(a, 2)", "np.take(a, -1, axis=-1)", "np.take(a, i + 9, mode='wrap')",
    "np.take(a, [7, -1], axis=-1, mode='clip')", "np.take(a, [[1, 2], [0, 0]], axis=-1)", "a.take(i)", "a.take([0, 1], axis=0)",
    "np.take(a, i, 0)", "np.take(a, i[:0], axis=0)", "a[i]", "a[..., i]", "np.take(a, 7, mode='wrap')"],
    i=PLACES)
TAKES += over([(3, 4)], [
    "np.take_along_axis(a, np.argmax(a, axis=1)[:, None], axis=1)", "np.take_along_axis(a, np.array([[0, 2, 1, 1]]), axis=0)",
    "np.take_along_axis(a, np.array([3, -1]), axis=None)", "np.take_along_axis(a, np.zeros((3, 2), dtype=int), 1)",
    "a[np.ix_([0, 2], [1, 3])]", "a[np.ix_([True, False, True], [2])]", "a[np.arange(3), np.argmax(a, axis=1)]",
    "np.compress([True, False, True], a, axis=0)", "np.compress([True, False, True], a)", "a.compress(a[0] > 0, axis=1)",
    "np.compress([False], a, axis=1)", "np.extract(a > 0, a)", "np.extract(a > 9, a)", "a[a > 0]", "a[np.flatnonzero(a[:, 0] > -9)]",
    "np.take(a, [1, 2], axis=1, out=np.zeros((3, 2), a.dtype))"])
TAKES += over([(2, 3, 4)], ["np.take_along_axis(a, np.argsort(a, axis=1), axis=1)", "np.compress([0, 1], a, axis=0)",
                            "a[np.ix_([1], [0, 2], [1, 3])]", "np.take(a, [2, 0], axis=1)"])
PUTS = [changed(text, array((3, 4)), x=1.5, v=RNG.normal(size=3)) for text in (
    "np.put_along_axis(b, np.argmax(b, axis=1)[:, None], x, axis=1)", "np.put_along_axis(b, np.argmax(b, axis=1, keepdims=True), v[:, None], axis=1)",
    "np.place(b, b > 0, v)", "np.place(b, b > 9, v)", "np.place(b, b > -9, [1.0, x])", "np.putmask(b, b > 0, v)", "np.putmask(b, b > 0, b * 2)",
    "np.putmask(b, b > 0, x)", "np.copyto(b, v[:, None])", "np.copyto(b, x)", "np.copyto(b, 2 * b)", "np.copyto(b, v[:, None], where=b > 0)",
    "np.copyto(b, x, where=b[0] > 0)", "np.copyto(b, b[::-1])", "np.put(b, [0, -1, 5], v)", "np.put(b, 3, x)", "np.put(b, [0, 1, 2], v[:2])",
    "np.put(b, [0, 99], x, mode='clip')", "np.put(b, [0, 13], x, mode='wrap')", "b.put([1, 2], v)")]

CHOICES = over([(5,), (3, 4)], [
    "np.select([a > 0.5, a > 0], [a, a * 2], default=-1.0)", "np.select([a > 0.5, a > 0], [a, a * 2])", "np.select([a > 0], [x], a)",
    "np.select((a > 0.5, a < -0.5), (a, a ** 2), a ** 3)", "np.select([a > 0.5, a > 0.2, a > 0], [1.0, x, 3 * a], np.sin(a))",
    "np.choose((a > 0).astype(int), [a, 2 * a])", "np.choose((a > 0) * 1 + 1, [x, a, 3 * a])", "np.choose((a > 0) * 7, [x, a], mode='clip')",
    "np.choose((a > 0) * 5, [x, a], mode='wrap')", "np.piecewise(a, [a < 0, a >= 0.5], [lambda t: t * t, 2.0])",
    "np.piecewise(a, [a < 0, a >= 0.5], [lambda t: t * t, lambda t: 3 * t, 7.0])", "np.piecewise(a, [a < 0, a >= 0], [np.sin, np.cos])",
    "np.piecewise(a, [a < 0], [lambda t, s: s * t], 2.0)", "np.where(a > 0, a, x)", "np.where(a > 0, a, 2)", "np.where(a > 0, 1, 2), a"], x=1.5)
CHOICES += over([(5,)], ["np.piecewise(a, a < 0, [np.sin, lambda t: t ** 3])", "np.choose(np.array([0, 1, 1, 0, 0]), np.stack([a, 2 * a]))",
                         "np.choose([0, 1, 1, 0, 0], (a, a ** 2))"])

FOUND = over([(6,), (3, 4), (2, 3, 2), (1,)], [
    "np.nonzero(a > 0), a", "np.flatnonzero(a > 0), a", "np.argwhere(a > 0), a", "np.where(a > 0), a", "np.count_nonzero(a > 0), a",
    "np.count_nonzero(a, axis=0), a", "(a > 0).nonzero(), a", "np.argmax(a), a", "np.argmin(a), a", "np.argmax(a, axis=0), a",
    "np.argmin(a, axis=-1), a", "np.argmax(a, axis=-1, keepdims=True), a", "np.argmax(a, keepdims=True), a", "a.argmax(), a",
    "a.argmin(axis=0), a", "a[np.nonzero(a > 0)]", "a[np.unravel_index(np.argmax(a), a.shape)]", "np.isin(a, [a.max()]), a",
    "np.isin(a, a[:1], invert=True), a", "np.sum(a[a > 0])", "np.argwhere(a > 9), a"])

SORTED = np.sort(RNG.normal(size=6))
PLACED = [case(f"{text}, x", a=SORTED, b=RNG.normal(size=(2, 3)), x=0.1) for text in (
    "np.searchsorted(a, x)", "np.searchsorted(a, x, side='right')", "np.searchsorted(a, a)", "np.searchsorted(a, a, side='right')",
    "np.searchsorted(a, b)", "np.searchsorted(a, [[0.1, -0.2]])", "a.searchsorted(x)", "a.searchsorted(b, side='right')", "np.searchsorted(a[:0], x)",
    "np.searchsorted(b[0], x, sorter=np.argsort(b[0]))", "np.searchsorted([1, 2, 3], 2)", "np.searchsorted(np.arange(5), [2, 7])",
    "a[np.searchsorted(a, x)] * x")]
PLACED += [case(f"{text}, x", a=SORTED, b=RNG.normal(size=(2, 3)), x=0.1, _reference=lambda a, b, x, d: d["x"]) for text in (
    "np.digitize(x, a)", "np.digitize(b, a)", "np.digitize(b, a[::-1])", "np.digitize(a, a)", "np.digitize(a, a, right=True)",
    "np.digitize(a, a[::-1])", "np.digitize(a, a[::-1], right=True)", "np.digitize([0.1, 0.2], [0.0, 1.0])")]

WEIGHTS = RNG.uniform(0.5, 1.5, 4)


def binned(i, w, d):
    """The derivative of bincount along a direction."""
    sums = np.zeros(6)
    np.add.at(sums, i, d["w"])
    return sums


COUNTED = [case(f"{text}, x", i=PLACES, x=1.5) for text in (
    "np.bincount(i)", "np.bincount(i, minlength=2)", "np.bincount(i, minlength=9)", "np.bincount(i[:0])", "np.bincount(i[:0], minlength=3)",
    "np.bincount([1, 1, 5])", "np.bincount(i) / 4", "np.histogram(i)", "np.histogram(i, 3)", "np.histogram(i, [0, 1, 2])", "np.unique(i)",
    "np.unique(i, return_inverse=True)", "np.isin(i, [0])", "np.isin(2, i)", "np.union1d(i, [7])", "np.intersect1d(i, [1, 2, 7])",
    "np.setdiff1d(i, [1])", "np.unique(i.reshape(2, 2), return_inverse=True, return_counts=True)")]
COUNTED += [case("np.bincount(i, w, minlength=6)", i=PLACES, w=WEIGHTS, _reference=binned),
            case("np.bincount(i, weights=w, minlength=6)", i=PLACES, w=WEIGHTS, _reference=binned)]

MANY = RNG.normal(size=30)
HISTOGRAMS = [case(text, a=MANY, w=RNG.uniform(0.5, 1.5, 30), e=np.array([-1.0, 0.0, 0.5, 2.0])) for text in (
    "np.histogram(a)", "np.histogram(a, 5)", "np.histogram(a, bins=e)", "np.histogram(a, bins=[-1.0, 0.0, 0.5, 2.0])", "np.histogram(a, 4, (-1.0, 1.0))",
    "np.histogram(a, 4, range=(-1, 1))", "np.histogram(a, 5, density=True)", "np.histogram(a, 5, weights=w)", "np.histogram(a, 5, weights=w, density=True)",
    "np.histogram(a, e, weights=w)", "np.histogram(a, e, density=True)", "np.histogram_bin_edges(a, 5)", "np.histogram(a, bins=np.linspace(-1, 1, 5))[0], a",
    "np.histogram(a[:0])", "np.histogram(a[:1], 3)", "np.histogram(a.reshape(5, 6), 3)", "np.histogram(a, 4, (9.0, 10.0))")]

REPEATED = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 7.0])
FIRST = [1, 3, 0, 5]


def firsts(a, d):
    """The derivative of the distinct values: each is the first of its equals."""
    return d["a"][FIRST]


UNIQUE = [case(text, a=REPEATED, _reference=firsts) for text in (
    "np.unique(a)", "np.unique(a, return_counts=True)", "np.unique(a, return_index=True)", "np.unique(a, return_inverse=True)",
    "np.unique(a, True, True, True)", "np.unique(a.reshape(2, 3), return_inverse=True)", "np.unique(ar=a, return_counts=True)", "np.union1d(a, a)",
    "np.intersect1d(a, [1.0, 2.0, 3.0, 7.0])", "np.setdiff1d(a, [0.5])")]
UNIQUE += over([(5,), (3, 4), (0,)], ["np.unique(a)", "np.setdiff1d(a, [0.5])", "np.union1d(a, [5.0])"])

def looped(loop, a, **others):
    """A loop that adds to `s` and may write to `b`, a copy of `a`."""
    return case("s, b", _setup=f"s = 0.0\nb = a.copy()\n{loop}", a=a, **others)


LOOPS = [looped(loop, array(shape)) for shape in ((4,), (3, 4), (2, 3, 2)) for loop in (
    "for k in np.ndindex(a.shape):\n    s += a[k] ** 2 * (1 + k[0])", "for k in np.ndindex(*a.shape):\n    b[k] = np.sin(a[k])",
    "for k in np.ndindex(a.shape):\n    if a[k] > 0.5:\n        break\n    s += a[k]", "for k in np.ndindex(a.shape[0]):\n    s += np.sum(a[k])",
    "for k, v in np.ndenumerate(a):\n    s += v * v * k[-1]\n    b[k] = 2 * v", "for k in np.ndindex(2, 0):\n    s += 1.0",
    "for n, k in enumerate(np.ndindex(a.shape)):\n    s += n * a[k]", "for k, v in np.ndenumerate(a):\n    s = s * v + 1")]
LOOPS += [looped("for i, j in np.ndindex(3, 4):\n    s += a[i, j] * j", array((3, 4))),
          looped("for i, j in np.ndindex((2, 2)):\n    b[i, j] = a[j, i] * s\n    s += b[i, j] + 1", array((3, 4))),
          looped("for (i, j), v in np.ndenumerate(a):\n    b[i, j] = v * b[0, 0] + a[i - 1, j]", array((3, 4)))]

CASES = LOOPS + TAKES + PUTS + CHOICES + FOUND + PLACED + COUNTED + HISTOGRAMS + UNIQUE


@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found):
    judge(found)


@pytest.mark.parametrize("found", CASES[::2], ids=str)
def test_single_precision(found):
    judge(found, single=True)


@pytest.mark.parametrize("found", CASES[::40], ids=str)
def test_compiled(found):
    judge(found, compiled=True)
