"""Products of matrices in compiled code: every layout, empty ones, NaN and infinity, and no use of Numba's np.dot."""

import itertools

import numpy as np
import pytest

from adtrans import cache
from adtrans.backend import blas, cpu

TEXT = "import numpy as np\n\n\ndef f(a, b):\n    return np.dot({}, {})\n"
KEY = cache.digest("test_blas")


def compiled(dtype="f8", left="C", right="C", key=None):
    """np.dot of two arguments; one that lies by columns is the transpose of what is given."""
    text = TEXT.format(*(name + ".T" * (layout == "F") for name, layout in (("a", left), ("b", right))))
    signature = tuple(f"{dtype}:2:{layout.replace('F', 'C')}" for layout in (left, right))
    return cpu.compile_module(text, "f", signature, key=key, meta={})


def arranged(array, layout):
    if layout == "A":
        wide = np.zeros((array.shape[0] * 2, array.shape[1] * 3), array.dtype)
        wide[::2, ::3] = array
        return wide[::2, ::3]
    return np.array(array.T if layout == "F" else array, order="C")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("left, right", list(itertools.product("CFA", "CFA")))
def test_every_layout_and_shape(dtype, left, right):
    run = compiled(np.dtype(dtype).str[1:], left, right).function
    rng = np.random.default_rng(2)
    for m, k, n in [(1, 1, 1), (2, 3, 4), (5, 1, 2), (40, 30, 20), *itertools.product((0, 3), repeat=3)]:
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        made = run(arranged(a, left), arranged(b, right))
        assert made.dtype == dtype and made.shape == (m, n) and made.flags.c_contiguous
        assert np.allclose(made, a.astype(float) @ b.astype(float), rtol=0.0, atol=1e-14 if dtype == np.float64 else 1e-5)


def test_zero_times_infinity_is_not_zero():
    made = compiled().function(np.zeros((2, 2)), np.array([[np.inf, np.nan], [1.0, 2.0]]))
    assert np.all(np.isnan(made))


def test_it_is_not_the_function_that_numba_has(monkeypatch):
    monkeypatch.setattr(blas, "TABLE", {})
    without = compiled(left="F").function.inspect_llvm()
    monkeypatch.undo()
    with_table = compiled(left="F").function.inspect_llvm()
    assert all("dot_2_mm" in text for text in without.values())
    assert not any("dot_2_mm" in text for text in with_table.values())


def test_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ADTRANS_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("ADTRANS_CACHE", raising=False)
    compiled(key=KEY)
    again = cpu.load(KEY)
    assert again.from_cache and np.array_equal(again.function(np.eye(2), np.ones((2, 3))), np.ones((2, 3)))
