"""np.linalg.solve in compiled code: NumPy's results for every layout, its error, and NaN that passes."""

import itertools

import numpy as np
import pytest
from numba import njit, typeof
from numba.core import ir

from adtrans.backend import blas, lapack

solve = lapack.solve
RNG = np.random.default_rng(3)


def call(a, b):
    return solve(a, b)


def arranged(array, layout):
    if layout == "A":
        return np.repeat(array, 2, axis=0)[::2]
    return np.array(array, order=layout)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("left, right", list(itertools.product("CFA", "CFA")))
def test_every_layout(dtype, left, right):
    a = (RNG.normal(size=(7, 7)) + 4.0 * np.eye(7)).astype(dtype)
    for b in (RNG.normal(size=7).astype(dtype), RNG.normal(size=(7, 3)).astype(dtype)):
        args = arranged(a, left), arranged(b, right)
        made = njit(tuple(map(typeof, args)))(call)(*args)
        assert made.dtype == dtype and made.flags.c_contiguous
        assert np.allclose(made, np.linalg.solve(a.astype(float), b), rtol=0.0, atol=1e-14 if dtype == np.float64 else 1e-5)
        assert np.array_equal(args[0], a) and np.array_equal(args[1], b)


@pytest.mark.parametrize("shape", [(0,), (0, 0), (0, 2), (3, 0)])
def test_empty(shape):
    assert njit(call)(np.eye(shape[0]), np.ones(shape)).shape == shape


@pytest.mark.parametrize("b", [np.ones(2), np.ones((2, 2))], ids=["vector", "matrix"])
def test_singular_and_not_a_number(b):
    for run in (call, njit(call)):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            run(np.ones((2, 2)), b)
        assert np.isnan(run(np.array([[np.nan, 1.0], [1.0, 2.0]]), b)).any()


def test_it_takes_the_place_of_the_function_that_numba_has():
    from numba.core.compiler import run_frontend

    def user(a, b):
        return np.linalg.solve(a, b) + np.dot(a, b) + np.sum(a)

    func_ir = run_frontend(user)
    found = [blas.replacement(func_ir, statement.value) for block in func_ir.blocks.values()
             for statement in block.find_insts(ir.Assign)]
    assert [made for made in found if made is not None] == [lapack.solve, blas.product]
