"""Arguments that NumPy refuses are refused, by the same class; what is not in the language is refused too."""

import numpy as np
import pytest

import adtrans
from tests.functions.harness import case

VECTOR, MATRIX = np.arange(1.0, 6.0), np.arange(12.0).reshape(3, 4)
REFUSED_BY_NUMPY = [
    ("np.split(a, 2)", VECTOR), ("np.hsplit(a, 3)", MATRIX), ("np.vsplit(a, 1)", VECTOR), ("np.fliplr(a)", VECTOR),
    ("np.rot90(a, 1, (0, 0))", MATRIX), ("np.repeat(a, -1)", VECTOR), ("np.repeat(a, [1, 2])", VECTOR),
    ("np.concatenate([a, a[0]])", MATRIX), ("np.concatenate([a, a[:, :2]])", MATRIX), ("np.vstack([a, a[:, :2]])", MATRIX),
    ("np.stack([a, a[:2]])", MATRIX), ("np.append(a, a[0], axis=0)", MATRIX), ("np.insert(a, 9, 1.0)", VECTOR),
    ("np.delete(a, 5)", VECTOR), ("np.delete(a, [0, 7])", VECTOR), ("np.pad(a, -1)", VECTOR),
    ("np.pad(a[:0], 1, mode='edge')", VECTOR), ("np.diag(a[None])", MATRIX), ("np.take(a, 9)", VECTOR),
    ("np.take(a, [0, -9])", VECTOR), ("np.take(a, 1, axis=2)", MATRIX), ("np.compress([0, 0, 0, 0, 1], a, axis=1)", MATRIX),
    ("np.select([a > 0], [a, a])", VECTOR), ("np.choose([0, 2, 0, 0, 0], [a, a])", VECTOR), ("np.sort(a, axis=1)", VECTOR),
    ("np.quantile(a, 1.5)", VECTOR), ("np.percentile(a, [-1, 20])", VECTOR), ("np.median(a, axis=2)", MATRIX),
    ("np.searchsorted(a, 1.0, side='middle')", VECTOR), ("np.digitize(a, [0.0, 2.0, 1.0])", VECTOR),
    ("np.bincount([-1, 2], a[:2])", VECTOR), ("np.bincount([1, 2], a)", VECTOR), ("np.histogram(a, bins=[1.0, 0.0])", VECTOR),
    ("np.histogram(a, range=(1.0, 0.0))", VECTOR), ("np.histogram(a, 0)", VECTOR), ("np.unravel_index(12, a.shape)", MATRIX),
    ("np.take_along_axis(a, np.array([0]), axis=0)", MATRIX), ("np.roll(a, 1, axis=2)", MATRIX), ("np.tile(a, -1)", VECTOR),
    ("np.meshgrid(a, a, indexing='xz')", VECTOR), ("np.broadcast_arrays(a, a[:2])", VECTOR), ("np.reshape(a, (2, 2), order='F')", VECTOR),
    ("np.diagonal(a)", VECTOR), ("np.moveaxis(a, [0, 1], [0])", MATRIX), ("np.ix_(a)", MATRIX), ("np.triu_indices_from(a)", VECTOR),
    ("np.column_stack([a, a[:2]])", VECTOR), ("np.rollaxis(a, 3)", MATRIX), ("np.expand_dims(a, 5)", VECTOR),
]
NOT_IN_THE_LANGUAGE = [
    ("np.pad(a, 1, mode='linear_ramp')", VECTOR), ("np.pad(a, 1, mode='mean')", VECTOR), ("np.unique(a, axis=0)", MATRIX),
    ("np.quantile(a, 0.5, method='inverted_cdf')", VECTOR), ("np.histogram(a, bins='auto')", VECTOR),
    ("np.reshape(a, (5,), order='A')", VECTOR), ("np.ravel(a, order='K')", VECTOR), ("np.vstack([a, a], casting='unsafe')", VECTOR),
    ("np.quantile(a, 0.5, weights=a)", VECTOR), ("np.sort(a, order='x')", VECTOR), ("np.concatenate([a, a], casting='unsafe')", VECTOR),
]


@pytest.mark.parametrize("text, a", REFUSED_BY_NUMPY, ids=[text for text, _ in REFUSED_BY_NUMPY])
def test_numpy_refuses(text, a):
    plain = case(text, a=a).function()
    with pytest.raises(Exception) as wanted:
        plain(a)
    classes = tuple(cls for cls in (ValueError, IndexError, TypeError) if isinstance(wanted.value, cls))
    with pytest.raises(classes):
        adtrans.vjp(plain, a)


@pytest.mark.parametrize("text, a", NOT_IN_THE_LANGUAGE, ids=[text for text, _ in NOT_IN_THE_LANGUAGE])
def test_adtrans_refuses(text, a):
    with pytest.raises((adtrans.AdtransError, ValueError, TypeError)):
        adtrans.vjp(case(text, a=a).function(), a)


def test_a_diagonal_is_a_view():
    """np.diagonal shows later changes and is not to be written to."""
    def seen(a):
        b = a * 1.0
        d = np.diagonal(b)
        b[0, 0] = 7.0 * a[1, 1]
        return d[0] + d[1]

    value, pullback = adtrans.vjp(seen, MATRIX)
    assert value == 8 * MATRIX[1, 1]
    assert pullback(1.0)[0][1, 1] == 8.0

    def written(a):
        d = np.diagonal(a)
        d[0] = 1.0
        return d[0]

    with pytest.raises(ValueError, match="read-only"):
        adtrans.vjp(written, MATRIX)


def test_flips_turns_and_parts_are_views():
    def changed(a):
        b = a * 1.0
        np.flipud(b)[0] = 1.0
        np.rot90(b)[0, 0] = 2.0
        np.split(b, 3)[1][0, 0] = 3.0
        np.atleast_3d(b)[1, 1, 0] = 4.0
        np.fliplr(b)[0, 0] += 5.0
        return b

    value, _ = adtrans.vjp(changed, MATRIX)
    assert np.array_equal(value, changed(MATRIX))
