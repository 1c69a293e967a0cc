"""The judge of library functions: what it must notice."""

import warnings

import numpy as np
import pytest

import adtrans
from tests.functions.harness import Wrong, case, judge, same


def unwritten(a):
    """Reads what it never wrote."""
    out = np.empty(a.shape, a.dtype)
    return 0.0 * out[0] + a


def test_reading_uninitialised_memory_is_seen():
    with pytest.raises(Wrong):
        judge(case("unwritten(a)", _names={"unwritten": unwritten}, a=np.ones(3)))


VECTOR = np.array([1.0, np.inf, 2.0, np.nan, 0.0])


@pytest.mark.parametrize("text", [
    "np.vander(v, 3)", "np.linalg.norm(v, 0)", "np.linalg.norm(v[None], 0, axis=1)",
    "np.average(v, weights=np.arange(1.0, 6.0), returned=True)", "np.average(v[:, None], weights=np.ones(5), axis=0, returned=True)",
    "np.polyval(v[:1], v)", "np.correlate(v, v[:1])", "np.convolve(v, v)",
])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_of_infinities_and_nans(text, dtype):
    fun = case(text, v=VECTOR).function()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        v = VECTOR.astype(dtype)
        plain = fun(v)
        given = adtrans.vjp(fun, v)[0]
    same(plain, given, dtype == np.float32, "value")
