"""Central differences stay within the doubt they state."""

import math

import pytest

from adtrans.differences import central_difference


@pytest.mark.parametrize("fun, slope", [(math.exp, 1.0), (math.sin, 1.0), (lambda h: h ** 3 + 2 * h, 2.0),
                                        (lambda h: 1.0, 0.0), (lambda h: abs(h - 1e-3) - 1e-3, -1.0),
                                        (lambda h: math.sqrt(1e-6 + h) if h > -1e-6 else math.nan, 500.0)])
def test_central_differences_are_within_their_own_doubt(fun, slope):
    found = central_difference(fun, fun(0.0), None)
    assert abs(found.value - slope) <= 10 * found.error + 1e-12
    assert found.error <= 1e-5 * max(1.0, abs(slope))
