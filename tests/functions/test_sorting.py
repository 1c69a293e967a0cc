"""Sorting and order statistics."""

import itertools

import numpy as np
import pytest

from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(11)
INTEGERS = np.array([[2, 0, 1, 0], [5, 3, 5, 4], [1, 1, 1, 2]])


LAYOUTS = itertools.count()


def over(shapes, texts):
    """Each text with an array of each shape as `a`, in one layout after the other."""
    return [case(text, a=found[next(LAYOUTS) % len(found)]) for shape in shapes for text in texts
            for found in (forms(RNG, shape),)]


def changed(statement, a):
    """A statement that writes to `b`, a copy of `a`."""
    return case("b", _setup=f"b = a.copy()\n{statement}", a=a)


ORDERS = [found for shape, texts in [
    ((5,), ["np.sort(a)", "np.argsort(a)", "np.sort(a, axis=0)", "a[np.argsort(a)]", "np.sort(a, kind='stable')",
            "np.argsort(a, kind='mergesort')", "a.argsort()", "np.argsort(-a)", "np.sort(a)[::-1]", "-np.sort(-a)",
            "np.sort([a[1], a[0]])", "np.partition(a, 2)[2]", "np.argpartition(a, 2)[2]", "np.sort(a, axis=-1)",
            "np.take_along_axis(a, np.argsort(a), axis=0)", "np.sort(a ** 2)", "np.sort(a, stable=True)"]),
    ((3, 4), ["np.sort(a)", "np.sort(a, axis=0)", "np.sort(a, axis=None)", "np.argsort(a, axis=0)",
              "np.argsort(a, axis=None)", "np.partition(a, 1, axis=0)[1]", "np.partition(a, 2)[:, 2]",
              "np.take_along_axis(a, np.argsort(a, axis=0), axis=0)", "np.take_along_axis(a, np.argsort(a), -1)",
              "np.take_along_axis(a, np.argsort(a, axis=None), axis=None)", "a.argsort(axis=0)", "np.sort(a.T, axis=0)",
              "a[np.argsort(a[:, 1])]", "np.sort(a, axis=1)[:, ::-1]"]),
    ((2, 3, 4), ["np.sort(a, axis=1)", "np.argsort(a, axis=-2)", "np.sort(a, axis=0)", "np.sort(a)"]),
    ((0,), ["np.sort(a)"]), ((3, 0), ["np.sort(a)", "np.sort(a, axis=0)"]), ((1,), ["np.sort(a)", "np.argsort(a)"])]
    for found in over([shape], texts)]
ORDERS += [changed(text, a) for text in ("b.sort()", "b.sort(axis=0)", "b.sort(axis=-1, kind='stable')", "b.sort(0)")
           for a in forms(RNG, (3, 4))]
ORDERS += [changed("b.partition(2)\nb.sort()", RNG.normal(size=6)), changed("b[1:4].sort()", RNG.normal(size=6)),
           case("np.sort([3.0, x, 1.0])", x=1.5), case("np.argsort([3.0, x, 1.0])", x=1.5)]
ORDERS += [case(f"{text}, x", x=1.5, i=INTEGERS) for text in (
    "np.sort(i)", "np.sort(i, axis=None)", "np.argsort(i, axis=0, kind='stable')", "np.argsort(i[0], kind='stable')")]

AXES = ("None", "0", "1", "-1", "(0, 1)", "(-1, 0)")
RANKS = over([(3, 4)], [text.format(axis) for axis in AXES for text in (
    "np.median(a, axis={})", "np.median(a, axis={}, keepdims=True)", "np.quantile(a, 0.3, axis={})",
    "np.percentile(a, [10, 50.5, 99], axis={})")])
RANKS += [case(text.format(axis), a=forms(RNG, (3, 4))[0], q=np.array([0.25, 0.6])) for axis in AXES for text in (
    "np.percentile(a, 30, axis={}, keepdims=True)", "np.quantile(a, q, axis={})", "np.quantile(a, q, axis={}, keepdims=True)")]
RANKS += [case(text.format(repr(method)), a=forms(RNG, (7,))[0]) for method in (
    "linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "normal_unbiased",
    "interpolated_inverted_cdf") for text in (
    "np.quantile(a, 0.37, method={})", "np.percentile(a, [5, 50, 96], method={})", "np.quantile(a, 0.51, method={})",
    "np.quantile(a, 0.01, method={})", "np.quantile(a, 1.0, method={})", "np.percentile(a, 25, method={})")]
RANKS += over([(2, 3, 4)], ["np.median(a)", "np.median(a, axis=1)", "np.quantile(a, 0, axis=-1)", "np.quantile(a, 1)",
                            "np.percentile(a, 100)", "np.quantile(a, np.array([[0.1, 0.2], [0.3, 0.4]]), axis=(0, 2))",
                            "np.median(a, axis=(0, 2))", "np.median(a, axis=(0, -1), keepdims=True)",
                            "np.percentile(a, (20, 70), axis=1, keepdims=True)"])
RANKS += over([(1,), (2,), (5,), (6,)], ["np.median(a)", "np.median(a, axis=0)", "np.percentile(a, 40)",
                                         "np.quantile(a, [0.25, 0.5, 0.75])", "np.quantile(a, [])", "np.median(a, keepdims=True)",
                                         "np.quantile(a, 0.5, keepdims=True)", "np.quantile(a, np.float64(0.3))"])
RANKS += [case("np.quantile(a, q)", a=forms(RNG, (6,))[0], q=0.33), case("np.median([1.0, x, 2.0])", x=1.5),
          case("np.quantile([1.0, x, 2.0], 0.3)", x=1.5),
          case("np.median(a, axis=0, out=o)", a=forms(RNG, (3, 4))[0], o=np.zeros(4)),
          case("np.percentile(a, 30, axis=1, out=o)", a=forms(RNG, (3, 4))[0], o=np.zeros(3)),
          case("np.median(np.where(a > 0, np.nan, a))", a=np.array([1.0, -2.0, 0.5]), _reference=lambda a, d: np.float64(0.0))]
RANKS += [case(f"{text}, x", x=1.5, i=INTEGERS) for text in (
    "np.median(i)", "np.median(i, axis=0)", "np.percentile(i, 40)", "np.quantile(i, 0.25, axis=1)", "np.quantile(i, 0.3, method='lower')")]

CASES = ORDERS + RANKS


@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found):
    judge(found)


@pytest.mark.parametrize("found", CASES[::2], ids=str)
def test_single_precision(found):
    judge(found, single=True)


@pytest.mark.parametrize("found", CASES[::30], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


def test_equal_elements_share_nothing():
    """The derivative of a sorted element goes to the first of its equals in stable order."""
    import adtrans

    gradient = adtrans.grad(lambda a: np.sort(a)[1])
    assert gradient.interpreted(np.array([2.0, 1.0, 1.0, 3.0])).tolist() == [0.0, 0.0, 1.0, 0.0]


def test_nans_come_last():
    import adtrans

    def kept(a):
        return np.sort(a)

    value, _ = adtrans.vjp(kept, np.array([2.0, np.nan, 1.0, np.nan, 0.0]))
    assert np.array_equal(value, [0.0, 1.0, 2.0, np.nan, np.nan], equal_nan=True)
