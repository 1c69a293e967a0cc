"""Rows of values that are kept: a value that is the sum of two others is not."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

SPRINGS = """
def f(q, n):
    u = q.copy()
    v = q * 0.0
    for t in range(n):
        for i in range(1, len(q) - 1):
            left = u[i] - u[i - 1]
            right = u[i + 1] - u[i]
            v[i] = {force}
        for i in range(len(q)):
            u[i] += 0.1 * v[i]
    return np.sum(u * u)
"""
FORCES = {
    "difference": ("right - left + right * right * right - left * left * left", 2),
    "sum": ("right * right * 0.5 + left * left * left", 2),
    "scaled": ("0.3 * right * right * right - 0.7 * left * left", 2),
    "with a third": ("right * right - left * left + u[i] * u[i] * 0.25", 3),
}


@pytest.mark.parametrize("name", FORCES)
def test_rows(name):
    force, rows = FORCES[name]
    gradient = adtrans.grad(function(SPRINGS.format(force=force)), cache=False)
    for extent in (0, 1, 2, 3, 4, 9):
        q = np.random.default_rng(extent).uniform(0.2, 0.9, extent)
        for n in (0, 1, 3):
            wanted = [gradient.py_func(q + 1e-30j * unit, n).imag / 1e-30 for unit in np.eye(extent)]
            assert gradient.interpreted(q, n) == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    assert gradient(q, 3) == pytest.approx(wanted, rel=1e-12)
    assert gradient.source.count("row = np.zeros") + gradient.source.count("row_1 = np.zeros") \
        + gradient.source.count("row_2 = np.zeros") == rows
