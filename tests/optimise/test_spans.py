"""Maxima searched for in one part: at the ends of parts, several times, before and in no part."""

import itertools

import numpy as np
import pytest

import adtrans
from adtrans.optimise import spans
from tests.lower.texts import function

TEXTS = {
    "max": "m = s\nfor i in range(K, len(x)):\n    m = max(m, x[i])\nreturn m",
    "min": "m = s\nfor i in range(K, len(x)):\n    m = min(m, x[i])\nreturn m",
    "both": "m, w = s, s\nfor i in range(K, len(x)):\n    m, w = max(m, x[i]), min(w, x[i])\nreturn m * 2.0 + w",
    "of magnitudes": "m = s\nfor i in range(K, len(x)):\n    m = max(m, abs(x[i]))\nreturn m",
    "with a sum": "m, t = s, 0.0\nfor i in range(K, len(x)):\n    m = max(m, x[i])\n    t += x[i]\nreturn m + t",
}


def made(text, first=0):
    text = text.replace("K", str(first))
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    return adtrans.value_and_grad(function(f"def f(x, s):\n{lines}"), argnums=("x", "s"), cache=False)


def taken(x, s, k, better):
    """One for each element, and for the start, that Python's comparisons end with."""
    found, best = len(x), s
    for i in range(k, len(x)):
        if better(x[i], best):
            found, best = i, x[i]
    unit = np.eye(len(x) + 1)[found]
    return unit[:-1], unit[-1]


@pytest.mark.parametrize("name", ("max", "min"))
def test_every_short_array(name, monkeypatch):
    """All arrays of up to seven of three numbers, and of what is none, in parts of two."""
    monkeypatch.setattr(spans, "PART", 2)
    gradient = made(TEXTS[name])
    better = {"max": lambda a, b: a > b, "min": lambda a, b: a < b}[name]
    for n in range(6):
        for numbers in itertools.product((-1.0, 0.5, 2.0, np.nan), repeat=n):
            x = np.array(numbers)
            for s in (-2.0, 0.5, np.nan):
                value, (bar, start) = gradient.interpreted(x, s)
                assert value == pytest.approx(gradient.py_func(x, s), nan_ok=True)
                wanted = taken(x, s, 0, better)
                assert np.array_equal(bar, wanted[0]) and start == wanted[1], (x, s)
    assert "found" in gradient.source


@pytest.mark.parametrize("name", TEXTS)
def test_long_arrays(name):
    gradients = {k: made(TEXTS[name], k) for k in (0, 1, 3000)}
    rng = np.random.default_rng(2)
    for n, k in itertools.product((0, 1, 2047, 2048, 2049, 2050, 6000), gradients):
        gradient = gradients[k]
        for x in (rng.normal(size=n), rng.integers(-3, 3, n) + 0.0, np.arange(n) + 0.0, -np.arange(n) - 0.0):
            for s in (0.0, -9e9, 9e9, np.nan):
                value, bars = gradient(x, s)
                again, others = gradient.interpreted(x, s) if n <= 2050 else (value, bars)
                assert value == pytest.approx(again, nan_ok=True)
                assert np.array_equal(bars[0], others[0]) and bars[1] == others[1]
                if name in ("max", "min"):
                    wanted = taken(x, s, k, {"max": lambda a, b: a > b, "min": lambda a, b: a < b}[name])
                    assert np.array_equal(bars[0], wanted[0]) and bars[1] == wanted[1]
    assert "found" in gradient.source or name in ("both", "with a sum")


@pytest.mark.parametrize("text", (
    "m = s\nfor i in range(len(x)):\n    m = max(m, x[i])\nfor j in range(3):\n    m = m * x[j]\nreturn m",
    "s = 0.0\nfor j in range(2):\n    m = 0.0\n    for i in range(len(x)):\n        m = max(m, x[i] - j)\n"
    "    s += m\nreturn s",
))
def test_others(text):
    gradient = made(text)
    x = np.random.default_rng(3).normal(size=50)
    bars = gradient(x, -9.0)[1][0]
    step = 1e-6 * np.eye(50)
    wanted = [(gradient.py_func(x + h, -9.0) - gradient.py_func(x - h, -9.0)) / 2e-6 for h in step]
    assert bars == pytest.approx(wanted, rel=1e-6, abs=1e-8)
