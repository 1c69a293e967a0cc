"""Running maxima and minima: every number that is one, and what is none, wherever it stands."""

import math
import re

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

LOOPS = {
    "max": "m = s\nfor i in range(K, len(x)):\n    m = max(m, x[i])\nreturn m",
    "min": "m = s\nfor i in range(K, len(x)):\n    m = min(m, x[i])\nreturn m",
    "turned round": "m = s\nfor i in range(K, len(x)):\n    m = x[i] if m < x[i] else m\nreturn m",
    "of products": "m = s\nfor i in range(K, len(x)):\n    t = 2.0 * x[i]\n    m = t if t < m else m\nreturn m",
    "from a constant": "m = 0.25\nfor i in range(K, len(x)):\n    m = max(m, x[i])\nreturn m * s",
    "from none": "m = np.nan\nfor i in range(K, len(x)):\n    m = max(m, x[i])\nreturn m * s",
    "beside a sum": "m, t = s, 0.0\nfor i in range(K, len(x)):\n    m = max(m, x[i])\n    t += x[i]\nreturn m - t",
    "two": "m, w = s, s\nfor i in range(K, len(x)):\n    m, w = max(m, x[i]), min(w, x[i])\nreturn m * w",
    "counted down": "m = s\nfor i in range(len(x) - 1, K - 1, -1):\n    m = max(m, x[i])\nreturn m",
}
LEFT = {
    "read within": "m, t = s, 0.0\nfor i in range(K, len(x)):\n    m = max(m, x[i])\n    t += m\nreturn t",
    "of itself": "m = s\nfor i in range(K, len(x)):\n    m = max(m, m * x[i])\nreturn m",
    "stored": "m, y = s, np.zeros(len(x))\nfor i in range(K, len(x)):\n    m = max(m, x[i])\n    y[i] = m\n"
              "return np.sum(y)",
    "with others": "m, t = s, s\nfor i in range(K, len(x)):\n    m = max(m, x[i])\n    t = t * x[i]\nreturn m * t",
}


def made(text, first=0):
    text = text.replace("K", str(first))
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    return adtrans.value_and_grad(function(f"def f(x, s):\n{lines}"), argnums=("x", "s"), cache=False)


def arrays():
    rng = np.random.default_rng(5)
    for n in (0, 1, 3, 33, 200):
        for bad in ((), (math.nan,), (math.inf, -math.inf), (math.nan, math.inf, 0.0, -0.0)):
            x = rng.normal(size=2 * n)[::2]
            x[rng.integers(0, n, len(bad)) if n else []] = bad if n else ()
            yield x


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("text", [*LOOPS.values(), *LEFT.values()], ids=[*LOOPS, *LEFT])
def test_values(text):
    """What Python computes, gradient as interpreted: the start and the elements may be no numbers."""
    for first in (0, 1):
        check(made(text, first))


def check(gradient):
    for x in arrays():
        for s in (0.25, -3.0, math.nan, -math.inf, math.inf):
            wanted = gradient.py_func(x, s)
            value, bars = gradient(x, s)
            again, others = gradient.interpreted(x, s)
            for found in (value, again, gradient.value(x, s)):
                assert found == pytest.approx(wanted, rel=1e-12, abs=1e-300, nan_ok=True), (x, s)
            assert bars[0] == pytest.approx(others[0], rel=1e-12, nan_ok=True), (x, s)
            assert bars[1] == pytest.approx(others[1], rel=1e-12, nan_ok=True), (x, s)


@pytest.mark.parametrize("name", sorted(LOOPS.keys() - {"of products", "turned round"}))
def test_taken(name):
    """The gradient of products wants each comparison, and what is read behind a test is not for all iterations."""
    source = made(LOOPS[name]).inspect_source(np.ones(3), 1.0)
    assert re.search(r" = (max|min)\([mw]_?[0-9_]*, ", source)


@pytest.mark.parametrize("name", LEFT)
def test_left(name):
    source = made(LEFT[name]).inspect_source(np.ones(3), 1.0)
    assert not re.search(r"^[^#]* = (max|min)\([mw]_?[0-9_]*, ", source, re.MULTILINE)


def test_single_precision():
    gradient = made(LOOPS["max"])
    x = np.random.default_rng(3).normal(size=100).astype(np.float32)
    value, (bar, start) = gradient(x, np.float32(-9.0))
    assert value == x.max() and isinstance(value, np.float32) and start == 0.0
    assert np.array_equal(bar, x == x.max())
    x[7] = np.nan
    assert gradient.value(x, np.float32(-9.0)) == np.nanmax(x)
