"""Widest vectors: where they are taken, and that others do not get them."""

import numpy as np
import pytest
from numba.core.registry import cpu_target

from adtrans.backend.cpu import compile_module
from adtrans.backend.width import _machine, widest

TEXT = """
def scaled(x, y):
    for i in range(x.shape[0]):
        y[i] = 3.0 * x[i]
"""


def test_machine_is_put_back():
    codegen = cpu_target.target_context.codegen()
    before = codegen._tm
    with pytest.raises(ZeroDivisionError), widest(codegen):
        assert codegen._tm is (_machine(codegen) or before)
        raise ZeroDivisionError
    assert codegen._tm is before


def test_vectors():
    made = compile_module(TEXT, "scaled", ("f8:1:C", "f8:1:C"), key=None, meta={}, noalias=True, wrapping=())
    x, y = np.arange(37.0), np.zeros(37)
    made.function(x, y)
    assert np.array_equal(y, 3.0 * x)
    if _machine(cpu_target.target_context.codegen()) is not None:
        assert "<8 x double>" in next(iter(made.function.inspect_llvm().values()))
