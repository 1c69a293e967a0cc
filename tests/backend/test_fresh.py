"""Arrays made by generated code are marked as apart from other memory, and live as long as they did."""

import numpy as np

from adtrans.backend import cpu
from adtrans.backend.fresh import NAME

TEXT = """
import numpy as np


def f(x, n):
    made = np.zeros(n)
    other = np.empty((n, 2), dtype=np.int64)
    for k in range(n):
        other[k, 0] = k
        made[k] += x[k] * other[k, 0]
    for k in range(3):
        old = made
        made = np.empty(n)
        for i in range(n):
            made[i] = old[i] * 2.0
    return made, other
"""


def compiled(noalias):
    return cpu.compile_module(TEXT, "f", ("f8:1:C", "i8"), key=None, meta={}, noalias=noalias).function


def test_results_are_the_same_and_stay():
    x = np.linspace(1.0, 2.0, 50)
    functions = [compiled(noalias) for noalias in (True, False)]
    found = [[function(x, 50) for _ in range(20)] for function in functions]
    for made, other in found[0] + found[1]:
        assert np.array_equal(made, 8.0 * x * np.arange(50)) and np.array_equal(other[:, 0], np.arange(50))
    assert not np.may_share_memory(found[0][0][0], found[0][1][0])


def test_only_with_the_promise_about_arguments():
    for noalias in (True, False):
        text = compiled(noalias).inspect_llvm().popitem()[1]
        assert (f"noalias ptr @{NAME}(" in text or f"noalias i8* @{NAME}(" in text) == noalias
