"""Arrays joined, split, turned, repeated, padded; triangles and diagonals; elements chosen."""

import itertools

import numpy as np
import pytest

import adtrans
from tests.functions.harness import case, forms, judge

RNG = np.random.default_rng(12)
VECTOR, MATRIX, CUBE = (4,), (3, 4), (2, 3, 4)


LAYOUTS = itertools.count()


def array(shape):
    """An array of a shape, in one layout after the other."""
    found = forms(RNG, shape)
    return found[next(LAYOUTS) % len(found)]


def arrays(*shapes):
    """An array of each shape and layout."""
    return [a for shape in shapes for a in forms(RNG, shape)]


def over(shapes, texts):
    """Each text with an array of each shape as `a`."""
    return [case(text, a=array(shape)) for shape in shapes for text in texts]


def changed(statement, a, **others):
    """A statement that writes to `b`, a copy of `a`."""
    return case("b", _setup=f"b = a.copy()\n{statement}", a=a, **others)


def test_cases_are_many():
    assert len(CASES) > 400


JOINS = [case(text, a=array(shape), b=array(shape))
         for shape, texts in [
             (VECTOR, ["np.vstack([a, b])", "np.vstack((a, b, a))", "np.hstack([a, b])", "np.dstack([a, b])",
                       "np.column_stack((a, b))", "np.append(a, b)", "np.append(a, 3.0)", "np.append(a, [1.0, 2.0])",
                       "np.append(a, [])", "np.hstack([a, [1.0]])", "np.stack([a, b])", "np.stack([a, b], axis=1)",
                       "np.stack((a, b), axis=-1)", "np.concatenate([a, b])", "np.concatenate((a, b, a), axis=-1)",
                       "np.concatenate([a, b], axis=None)", "np.vstack([a])", "np.hstack((a,))", "np.append(a, a > 0)"]),
             (MATRIX, ["np.vstack([a, b])", "np.hstack([a, b])", "np.dstack((a, b))", "np.column_stack([a, b])",
                       "np.column_stack([a, b[:, 0]])", "np.append(a, b)", "np.append(a, b, axis=0)",
                       "np.append(a, b, axis=-1)", "np.append(a, 2.0)", "np.stack([a, b])", "np.stack([a, b], axis=1)",
                       "np.stack([a, b], axis=-1)", "np.concatenate([a, b], axis=1)", "np.concatenate([a, b], axis=None)",
                       "np.concatenate((a, b[:1]), 0)", "np.vstack([a, b[0]])", "np.vstack([a, [1.0, 2.0, 3.0, 4.0]])",
                       "np.concatenate([a[:0], b])", "np.vstack(a)", "np.hstack(a)", "np.column_stack(a)",
                       "np.dstack(a)", "np.concatenate(a)", "np.stack(a)", "np.stack(a, axis=1)"]),
             (CUBE, ["np.vstack([a, b])", "np.hstack([a, b])", "np.dstack([a, b])", "np.append(a, b, axis=1)",
                     "np.stack([a, b], axis=2)", "np.concatenate([a, b], axis=-2)", "np.vstack(a)", "np.hstack(a)",
                     "np.concatenate(a)", "np.concatenate(a, axis=1)", "np.concatenate(a, axis=None)"]),
             ((0,), ["np.concatenate([a, b])", "np.append(a, b)", "np.append(a, 1.0)", "np.vstack([a, b])",
                     "np.hstack([a, [2.0]])"])]
         for text in texts]
JOINS += [case("np.concatenate([a, b], out=c)", a=RNG.normal(size=3), b=RNG.normal(size=2), c=np.zeros(5)),
          case("np.concatenate([a, n], dtype=np.float64)", a=RNG.normal(size=3), n=np.arange(2), _rough=1e4),
          case("np.concatenate([a, n])", a=RNG.normal(size=3), n=np.arange(2)),
          case("np.stack([a, b], out=c)", a=RNG.normal(size=3), b=RNG.normal(size=3), c=np.zeros((2, 3))),
          case("np.hstack([x, y])", x=1.5, y=2.5), case("np.vstack([x, y, 3.0])", x=1.5, y=2.5),
          case("np.column_stack([x, y])", x=1.5, y=2.5), case("np.append(x, y)", x=1.5, y=2.5)]

PARTS = over([(6,), (6, 4)], ["np.split(a, 3)", "np.array_split(a, 4)", "np.split(a, [1, 4])", "np.array_split(a, [2])",
                              "np.split(a, 1)", "np.split(a, [0, 6])", "np.split(a, (2, 9))", "np.split(a, [-2])",
                              "np.array_split(a, 7)", "np.split(a, 2)[1]", "np.hsplit(a, 2)", "np.hsplit(a, [1, 3])"])
PARTS += over([(6, 4)], ["np.split(a, 2, axis=1)", "np.array_split(a, 3, axis=-1)", "np.vsplit(a, 2)", "np.vsplit(a, [1])",
                         "np.split(a, [1, 2], axis=-1)"])
PARTS += over([(2, 3, 4)], ["np.hsplit(a, 3)", "np.dsplit(a, 2)", "np.vsplit(a, 2)", "np.dsplit(a, [1])"])
PARTS += [changed("parts = np.split(b, 2)\nparts[0][...] = 2 * parts[1]", RNG.normal(size=6))]

TURNS = over([MATRIX, CUBE], ["np.fliplr(a)", "np.flipud(a)", "np.flip(a)", "np.flip(a, 0)", "np.flip(a, axis=-1)",
                              "np.flip(a, axis=(0, 1))", "np.rot90(a)", "np.rot90(a, 2)", "np.rot90(a, -1)", "np.rot90(a, 3)",
                              "np.rot90(a, 4)", "np.rot90(a, 1, (1, 0))", "np.rot90(a, k=1, axes=(-1, 0))"])
TURNS += over([VECTOR], ["np.flipud(a)", "np.flip(a)", "np.flip(a, 0)"])
ROLLS = over([VECTOR, MATRIX, CUBE, (0,), (1,)], ["np.roll(a, 1)", "np.roll(a, -2)", "np.roll(a, 0)", "np.roll(a, 9)",
                                                  "np.roll(a, 1, axis=0)", "np.roll(a, -1, axis=-1)", "np.roll(a, -7, 0)"])
ROLLS += over([MATRIX, CUBE], ["np.roll(a, (1, 2), axis=(0, 1))", "np.roll(a, 1, axis=(0, 1))", "np.roll(a, (1, 1), axis=(0, 0))",
                               "np.roll(a, (1, -5), axis=(-1, 0))", "np.roll(a, (1, 2), axis=1)"])
ROLLS += [case("np.roll(a, k)", a=RNG.normal(size=5), k=k) for k in (-6, -1, 0, 2, 12)]

REPEATS = over([VECTOR, MATRIX], ["np.repeat(a, 2)", "np.repeat(a, 0)", "np.repeat(a, 3, axis=0)", "np.repeat(a, 2, axis=-1)",
                                  "a.repeat(2)", "a.repeat(2, axis=0)", "np.repeat(a, [2])", "np.repeat(a, [1], axis=0)"])
REPEATS += over([VECTOR], ["np.repeat(a, [1, 0, 2, 3])", "np.repeat(a, np.array([2, 2, 0, 1]), axis=0)"])
REPEATS += over([MATRIX], ["np.repeat(a, [1, 0, 2], axis=0)", "np.repeat(a, [0, 1, 2, 1], axis=1)"])
REPEATS += over([CUBE], ["np.repeat(a, 2, axis=1)", "np.repeat(a, [2, 0, 1], axis=-2)"])
REPEATS += over([VECTOR, MATRIX, CUBE, (0,)], ["np.tile(a, 2)", "np.tile(a, (2, 1))", "np.tile(a, (2, 1, 3))", "np.tile(a, [2])",
                                               "np.tile(a, 0)", "np.resize(a, (2, 7))", "np.resize(a, 5)", "np.resize(a, (0, 2))"])
REPEATS += [case("np.repeat(a, n)", a=RNG.normal(size=3), n=np.array([1, 2, 0])), case("np.repeat(x, 3)", x=1.5),
            case("np.tile(x, 3)", x=1.5), case("np.tile(a, n)", a=RNG.normal(size=3), n=2),
            case("np.repeat([x, 2.0], 2)", x=1.5), case("np.tile([x, 2.0], (2, 2))", x=1.5)]

WIDTHS = ("1", "0", "(1, 2)", "[(1, 2), (0, 3)]", "((1,), (2,))", "7")
PADS = [found for mode in ("edge", "reflect", "symmetric", "wrap") for found in over(
    [MATRIX], [f"np.pad(a, {width}, mode={mode!r})" for width in WIDTHS]) + over(
    [VECTOR, (1,), (2,)], [f"np.pad(a, 3, {mode!r})", f"np.pad(a, (0, 9), {mode!r})"]) + over(
    [CUBE], [f"np.pad(a, ((0, 0), (1, 1), (2, 0)), {mode!r})"])]
PADS += over([MATRIX], [f"np.pad(a, {width}{constants})" for width in WIDTHS for constants in (
    "", ", constant_values=2.5", ", mode='constant', constant_values=(1.5, 3.0)",
    ", 'constant', constant_values=((1.0, 2.0), (3.0, 4.0))")])
PADS += over([VECTOR, (0,), CUBE], ["np.pad(a, 2)", "np.pad(a, (1, 3), constant_values=-1.0)"])
PADS += [case("np.pad(a, 1, constant_values=x)", a=RNG.normal(size=(2, 2)), x=1.5),
         case("np.pad(a, n, mode='edge')", a=RNG.normal(size=3), n=2), case("np.pad([x, 2.0], 1)", x=1.5)]

RANKS = over([VECTOR, MATRIX, CUBE, ()], ["np.atleast_1d(a)", "np.atleast_2d(a)", "np.atleast_3d(a)",
                                          "np.atleast_2d(a, 2.0)", "np.expand_dims(a, 0)", "np.expand_dims(a, (0, -1))",
                                          "np.ravel(a)", "a.flatten()"])
RANKS += [case(f"np.atleast_{k}d(x)", x=1.5) for k in (1, 2, 3)]
RANKS += over([VECTOR], ["np.broadcast_to(a, (3, 4))", "np.broadcast_arrays(a, np.ones((3, 1)))", "np.reshape(a, (2, 2), order='F')",
                         "np.reshape(a, (2, -1))", "a.reshape(2, 2)", "np.ravel(a, order='F')"])
RANKS += over([MATRIX], ["np.reshape(a, (2, 6), order='F')", "np.reshape(a, (2, -1), order='F')", "a.reshape((6, 2), order='F')",
                         "a.reshape(6, 2, order='F')", "np.ravel(a, order='F')", "np.ravel(a, 'F')", "a.ravel('F')",
                         "a.flatten('F')", "a.flatten(order='C')", "np.reshape(a, -1, order='F')", "a.T.reshape(-1)",
                         "a.T.ravel(order='F')", "np.squeeze(a[None], axis=0)", "a[:, None].squeeze(axis=1)",
                         "np.squeeze(a[:, None, :, None], axis=(1, 3))", "a[:, None].squeeze(1)", "np.transpose(a)",
                         "np.transpose(a, (1, 0))", "a.transpose()", "a.transpose(1, 0)", "a.T", "np.swapaxes(a, 0, 1)",
                         "a.swapaxes(0, -1)", "np.moveaxis(a, 0, -1)", "np.rollaxis(a, 1)", "np.moveaxis(a, [0], [1])"])
RANKS += over([CUBE], ["np.reshape(a, (4, 6), order='F')", "np.ravel(a, order='F')", "np.transpose(a, (1, 2, 0))",
                       "np.transpose(a, [2, 0, 1])", "np.swapaxes(a, 0, 2)", "np.moveaxis(a, [0, 1], [-1, -2])",
                       "np.moveaxis(a, (0, 2), (1, 0))", "np.moveaxis(a, source=0, destination=-1)", "np.rollaxis(a, 2)",
                       "np.rollaxis(a, 2, 1)", "np.rollaxis(a, 0, 3)", "np.rollaxis(a, -1, -2)", "a.transpose(2, 0, 1)"])
RANKS += over([VECTOR, MATRIX, (1,), (1, 1), (1, 3), (3, 1, 2), (1, 2, 1), (0, 1), ()], ["np.squeeze(a)", "a.squeeze()", "np.squeeze(a * a)", "np.squeeze(a[None])"])
RANKS += over([(3, 1)], ["np.squeeze(a[:2])", "a.T.squeeze()", "np.squeeze(a @ a.T)"])
GRIDS = [case(text, a=RNG.normal(size=3), b=RNG.normal(size=2)) for text in (
    "np.meshgrid(a, b)", "np.meshgrid(a, b, indexing='ij')", "np.meshgrid(a, b, sparse=True)", "np.meshgrid(a)",
    "np.meshgrid(a, b, a)", "np.meshgrid(a, b, a, indexing='ij')", "np.meshgrid(a, b, sparse=True, indexing='ij')",
    "np.meshgrid(a, [1.0, 2.0])", "np.meshgrid(a, b, copy=False)", "np.meshgrid(a, 2.0)")]

EDITS = over([VECTOR, (5,)], ["np.insert(a, 1, 2.5)", "np.insert(a, -1, 2.5)", "np.insert(a, 0, [2.5, 3.5])", "np.insert(a, 4, 7.0)",
                              "np.insert(a, [1, 3], [2.5, 3.5])", "np.insert(a, [1, 1, 4], 7.0)", "np.insert(a, [3, 1], [2.5, 3.5])",
                              "np.insert(a, [2], [2.5, 3.5])", "np.insert(a, slice(1, 3), 9.0)", "np.insert(a, [-1, 0], a[:2])",
                              "np.delete(a, 1)", "np.delete(a, -1)", "np.delete(a, [1, 3])", "np.delete(a, [-1, 0, 0])",
                              "np.delete(a, slice(1, 3))", "np.delete(a, slice(None, None, 2))", "np.delete(a, np.array([2]))",
                              "np.delete(a, a > 0)"])
EDITS += over([MATRIX], ["np.insert(a, 1, a[:, 0], axis=1)", "np.insert(a, [0, 2], [[1.0], [2.0]], axis=0)", "np.insert(a, 1, 5.0)",
                         "np.insert(a, 1, 5.0, axis=0)", "np.insert(a, [1], [[1.0], [2.0], [3.0]], axis=1)",
                         "np.insert(a, -1, a[0], axis=0)", "np.insert(a, [1, 3], 0.5, axis=-1)", "np.delete(a, 1, axis=1)",
                         "np.delete(a, [0, 2], axis=-1)", "np.delete(a, 1)", "np.delete(a, slice(0, 2), axis=0)",
                         "np.delete(a, [True, False, True], axis=0)", "np.delete(a, -2, 0)"])
EDITS += over([CUBE], ["np.insert(a, 1, 5.0, axis=1)", "np.delete(a, 1, axis=1)", "np.delete(a, [0, -1], axis=2)"])

SHIFTS = (-5, -2, -1, 0, 1, 2, 5)
TRIANGLES = [found for k in SHIFTS for found in over([MATRIX, (4, 3)], [
    f"np.tril(a, {k})", f"np.triu(a, k={k})", f"np.diag(a, {k})" if -3 < k < 3 else "np.diag(a)", f"np.diagonal(a, {k})",
    f"a[np.tril_indices_from(a, {k})]", f"a[np.triu_indices_from(a, {k})]"]) + over([(3,)], [
        f"np.diag(a, {k})", f"np.diagflat(a, {k})", f"np.tril(a, {k})", f"np.triu(a, {k})"]) + [
            case(text, x=1.5) for text in (f"x * np.tri(3, k={k})", f"x * np.tri(3, 4, {k})", "np.tri(2, dtype=int), x",
                                           f"np.tril_indices(3, {k}), x", f"np.triu_indices(3, {k}, 5), x",
                                           f"np.tril_indices(4, {k}, 2), x")]]
TRIANGLES += over([CUBE], ["np.tril(a)", "np.triu(a, 1)", "np.tril(a, -1)", "np.diagonal(a)", "np.diagonal(a, 1, 1, 2)",
                           "np.diagonal(a, 0, 2, 0)", "a.diagonal(axis1=-1, axis2=-2)", "a.diagonal(1)", "a.diagonal(offset=-1)"])
TRIANGLES += over([(3, 3)], ["a[np.diag_indices(3)]", "a[np.diag_indices_from(a)]", "np.diagflat(a)", "np.diag(np.diag(a))"])
TRIANGLES += [case(f"{text}, x", x=1.5) for text in (
    "np.diag_indices(3)", "np.diag_indices(2, 3)", "np.indices((2, 3))", "np.indices((2, 3), sparse=True)", "np.indices((4,))",
    "np.unravel_index([3, 5], (2, 4))", "np.unravel_index(5, (2, 4))", "np.ravel_multi_index(([1, 0], [2, 3]), (2, 4))",
    "np.ravel_multi_index((1, 2), (2, 4))", "np.ix_([0, 2], [1])")]
TRIANGLES += [changed("np.fill_diagonal(b, x)", a, x=1.5) for a in arrays(MATRIX, (4, 3), (3, 3), (2, 2, 2), (8, 3))]
TRIANGLES += [changed("np.fill_diagonal(b, v)", a, v=RNG.normal(size=2)) for a in arrays(MATRIX, (3, 3))]
TRIANGLES += [changed("np.fill_diagonal(b, x, wrap=True)", a, x=1.5) for a in arrays(MATRIX, (8, 3), (4, 3))]

CASES = JOINS + PARTS + TURNS + ROLLS + REPEATS + PADS + RANKS + GRIDS + EDITS + TRIANGLES


@pytest.mark.parametrize("found", CASES, ids=str)
def test_function(found):
    judge(found)


@pytest.mark.parametrize("found", CASES[::3], ids=str)
def test_single_precision(found):
    judge(found, single=True)


@pytest.mark.parametrize("found", CASES[::60], ids=str)
def test_compiled(found):
    judge(found, compiled=True)


def test_squeeze_reads_again_where_other_axes_have_one_element():
    gradient = adtrans.value_and_grad(lambda a: np.sum(np.cumsum(np.squeeze(a), axis=-1) ** 2), cache=False)
    for shape in ((2, 3), (2, 1, 3), (1, 3), (2, 3), (3, 1)):
        a = RNG.normal(size=shape)
        value, bar = gradient.interpreted(a)
        flat = np.squeeze(a)
        assert value == pytest.approx(np.sum(np.cumsum(flat, axis=-1) ** 2)) and bar.shape == shape
        wanted = np.flip(np.cumsum(np.flip(2.0 * np.cumsum(flat, axis=-1), axis=-1), axis=-1), axis=-1)
        assert np.allclose(np.squeeze(bar), wanted)


def test_squeeze_of_a_computed_extent_needs_an_axis():
    gradient = adtrans.grad(lambda a, k: np.sum(np.squeeze(a[:k])), cache=False)
    assert np.array_equal(gradient.interpreted(np.ones(4), 3), [1.0, 1.0, 1.0, 0.0])
    with pytest.raises(adtrans.UnsupportedError, match="needs axis="):
        gradient.interpreted(np.ones(4), 1)
