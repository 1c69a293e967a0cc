"""Initial values: bounds and variances of the papers, shapes, types, generators."""

import doctest

import numpy as np
import pytest

from adtrans import init

SHAPE = (200, 300)
VARIANCES = {
    init.xavier_uniform: 2 / 500, init.xavier_normal: 2 / 500, init.he_uniform: 2 / 200, init.he_normal: 2 / 200,
    init.lecun_normal: 1 / 200,
}


@pytest.mark.parametrize("make", VARIANCES)
def test_scale(make):
    drawn = make(SHAPE, 1)
    assert drawn.shape == SHAPE and drawn.dtype == np.float64
    assert np.var(drawn) == pytest.approx(VARIANCES[make], rel=0.02) and abs(np.mean(drawn)) < 0.001
    if "uniform" in make.__name__:
        limit = np.sqrt(3 * VARIANCES[make])
        assert 0.999 * limit < np.max(np.abs(drawn)) <= limit
    convolution = make((3, 3, 20, 30), 1)
    inputs, outputs = 180, 270
    wanted = {"xavier": 2 / (inputs + outputs), "he": 2 / inputs, "lecun": 1 / inputs}[make.__name__.split("_")[0]]
    assert np.var(convolution) == pytest.approx(wanted, rel=0.06)


def test_generators_and_types():
    rng = np.random.default_rng(5)
    first, second = init.he_normal((3, 4), rng), init.he_normal((3, 4), rng)
    assert not np.array_equal(first, second)
    assert np.array_equal(init.he_normal((3, 4), 5), first)
    assert init.he_normal((3, 4), 5, np.float32).dtype == np.float32
    assert init.he_uniform((0, 4)).shape == (0, 4)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 3, 4)])
def test_orthogonal(shape):
    q = init.orthogonal(shape, 0).reshape(-1, shape[-1])
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, np.eye(min(q.shape)), atol=1e-14)


@pytest.mark.parametrize("make", [*VARIANCES, init.orthogonal])
def test_wrong_arguments(make):
    for shape in ((3,), 4, (), (2.5, 3), (-1, 2)):
        with pytest.raises(ValueError):
            make(shape)
    with pytest.raises(TypeError):
        make((2, 3), dtype=np.int64)
    with pytest.raises(TypeError):
        make((2, 3), rng="seed")


def test_docstrings():
    assert doctest.testmod(init).failed == 0
