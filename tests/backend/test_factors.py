"""LU factors in plain Python and compiled: solutions, inverses and determinants against NumPy's, for every layout."""

import numpy as np
import pytest
from numba import njit

import adtrans.backend.factors  # noqa: F401
from adtrans import factors

RNG = np.random.default_rng(5)
NAMES = ("lu_factor", "lu_solve", "lu_solve_transposed", "lu_inverse", "lu_slogdet", "lu_det")
COMPILED = {}


def compiled(name):
    """One of the functions of `factors`, called from compiled code."""
    if name not in COMPILED:
        scope = {"factors": factors}
        arguments = {"lu_factor": "a"}.get(name, "lu, pivots, b" if "solve" in name else "lu, pivots")
        exec(f"def call({arguments}):\n    return factors.{name}({arguments})", scope)
        COMPILED[name] = njit(scope["call"])
    return COMPILED[name]


def both(name):
    return getattr(factors, name), compiled(name)


def arranged(array, layout):
    if layout == "A":
        return np.repeat(array, 2, axis=0)[::2]
    return np.array(array, order=layout)


def matrix(n, dtype=np.float64):
    return RNG.normal(size=(n, n)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", "CFA")
@pytest.mark.parametrize("n", [1, 2, 7, 48, 49, 101])
def test_solutions(n, layout, dtype):
    a = arranged(matrix(n, dtype) + np.eye(n, dtype=dtype), layout)
    wide = a.astype(float)
    tolerance = (1e-13 if dtype == np.float64 else 1e-5) * np.linalg.cond(wide)
    for factor in both("lu_factor"):
        lu, pivots = factor(a)
        assert lu.dtype == dtype and pivots.dtype == np.int64
        for shape in ((n,), (n, 1), (n, 5)):
            b = arranged(RNG.normal(size=shape).astype(dtype), layout)
            for name, of in (("lu_solve", wide), ("lu_solve_transposed", wide.T)):
                before = b.copy()
                for solve in both(name):
                    x = solve(lu, pivots, b)
                    assert x.dtype == dtype and x.shape == shape and x.flags.c_contiguous
                    assert np.allclose(of @ x, before, rtol=0.0, atol=tolerance)
                    assert np.array_equal(b, before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 6, 30])
def test_inverse_and_determinant(n, dtype):
    a = matrix(n, dtype)
    rtol = 1e-11 if dtype == np.float64 else 2e-3
    for factor in both("lu_factor"):
        lu, pivots = factor(a)
        for inverse in both("lu_inverse"):
            assert np.allclose(inverse(lu, pivots), np.linalg.inv(a.astype(float)), rtol=rtol, atol=rtol)
        for det in both("lu_det"):
            assert np.allclose(det(lu, pivots), np.linalg.det(a.astype(float)), rtol=rtol)
        for slogdet in both("lu_slogdet"):
            assert np.allclose(slogdet(lu, pivots), np.linalg.slogdet(a.astype(float)), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("rows", [[[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 3.0]], [[0.0]]])
def test_singular(rows):
    a = np.array(rows)
    for factor in both("lu_factor"):
        lu, pivots = factor(a)
        for name in ("lu_solve", "lu_solve_transposed"):
            for solve in both(name):
                with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
                    solve(lu, pivots, np.ones(len(a)))
                with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
                    solve(lu, pivots, np.ones((len(a), 2)))
        for inverse in both("lu_inverse"):
            with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
                inverse(lu, pivots)
        for slogdet in both("lu_slogdet"):
            assert slogdet(lu, pivots) == (0.0, -np.inf)
        for det in both("lu_det"):
            assert det(lu, pivots) == 0.0


@pytest.mark.parametrize("shape", [(0,), (0, 0), (0, 2), (3, 0)])
def test_empty(shape):
    for factor in both("lu_factor"):
        lu, pivots = factor(np.eye(shape[0]))
        for name in ("lu_solve", "lu_solve_transposed"):
            for solve in both(name):
                assert solve(lu, pivots, np.ones(shape)).shape == shape


def test_not_a_number_passes():
    a = np.array([[np.nan, 1.0], [1.0, 2.0]])
    for factor in both("lu_factor"):
        lu, pivots = factor(a)
        for solve in both("lu_solve"):
            assert np.isnan(solve(lu, pivots, np.ones(2))).any()
        for det in both("lu_det"):
            assert np.isnan(det(lu, pivots))
