"""The package of optimisation is imported without Numba, and its docstrings' examples hold."""

import doctest
import importlib
import subprocess
import sys

import pytest


def test_import_leaves_numba_out():
    light = "import sys; from adtrans.optim import minimize, least_squares; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", light]).returncode == 0


@pytest.mark.parametrize("name", ["minimization", "leastsquares", "result"])
def test_examples(name):
    module = importlib.import_module(f"adtrans.optim.{name}")
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted > 0


def test_unknown_names():
    import adtrans.optim

    with pytest.raises(AttributeError, match="minimise"):
        adtrans.optim.minimise
