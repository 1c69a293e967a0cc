"""Whole programs in the manner of NPBench: their derivatives against complex step or extended precision."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.judging import judge, widened
from benchmarks.programs import PROGRAMS

CHEAP = ("atax", "cholesky", "correlation", "fdtd_2d", "floyd_warshall", "spmv", "vadv")
LONG = ("channel_flow", "nbody")


def found(name, dtype, **others):
    program = PROGRAMS[name]
    return judge(program.fun(), program.arguments(8, dtype), program.inputs, program.outputs, program.returns,
                 program.oracle, **others)


@pytest.mark.parametrize("name", PROGRAMS)
def test_interpreted(name):
    judgement = found(name, np.float64, interpreted=True)
    assert judgement.error < 1e-9
    assert judgement.value_error < 1e-12


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in LONG])
def test_single_precision(name):
    judgement = found(name, np.float32, interpreted=True, directions=1)
    assert judgement.error < 2e-5
    assert judgement.value_error < 1e-5


@pytest.mark.parametrize("name", CHEAP)
def test_compiled(name):
    judgement = found(name, np.float64)
    assert judgement.error < 1e-9
    assert judgement.value_error < 1e-12


@pytest.mark.parametrize("name", CHEAP)
def test_the_two_oracles_agree(name):
    """Extended precision judges what complex step has judged."""
    program = PROGRAMS[name]
    judgement = judge(program.fun(), program.arguments(8, np.float64), program.inputs, program.outputs,
                      program.returns, "wide", interpreted=True)
    assert judgement.error < 1e-9


def test_a_wrong_derivative_is_seen():
    def halved(x):
        return np.sum(x * x)

    def other(x):
        return np.sum(x * x) + 1e-6 * x[0]

    x = np.linspace(1.0, 2.0, 5)
    assert judge(halved, {"x": x}, interpreted=True).error < 1e-12
    wrong = judge_other(halved, other, x)
    assert wrong > 1e-9


def judge_other(fun, reference, x):
    """The error of one function's derivative against another's."""
    from benchmarks.judging import Derivative, slope_errors

    rng = np.random.default_rng(0)
    adjoints = Derivative(fun, ("x",), (), interpreted=True)({"x": x}, 1.0)
    return max(slope_errors(reference, {"x": x}, adjoints, [np.float64(1.0)], ("x",), None, "complex", rng, 2))


def test_arrays_made_by_the_oracle_are_wide():
    def made(n):
        return np.zeros(n), np.empty((n, n), dtype=np.float64), np.eye(n), np.zeros(n, dtype=np.int64)

    kinds = [array.dtype.kind for array in widened(made, "complex")(3)]
    assert kinds == ["c", "c", "c", "i"]
    assert widened(made, "wide")(3)[1].dtype == np.longdouble


def test_every_module_is_listed():
    folder = Path(sys.modules["benchmarks.programs"].__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__", "data"} == set(PROGRAMS)
