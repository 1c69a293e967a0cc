"""Zeros that the first sums replace: where they do, and where something of them would be left."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function
from tests.poison import install

install()

X = np.linspace(0.2, 0.9, 6)

STORED = {
    "every element": "total = 0.0\nfor i in range(len(x)):\n    total += x[i] * x[i]\nreturn total",
    "counted down": "total = 0.0\nfor i in range(len(x) - 1, -1, -1):\n    total += x[i] * x[i]\nreturn total",
    "further sums": "s = 0.0\nfor i in range(len(x)):\n    s += x[i] * x[i]\nreturn s * np.sum(x)",
}
ZEROS = {
    "not the first": "total = 0.0\nfor i in range(1, len(x)):\n    total += x[i] * x[i]\nreturn total",
    "every other": "total = 0.0\nfor i in range(0, len(x), 2):\n    total += x[i] * x[i]\nreturn total",
    "twice": "total = 0.0\nfor i in range(len(x)):\n    for j in range(2):\n        total += x[i] * x[i] * j\nreturn total",
    "another length": "total = 0.0\nfor i in range(n):\n    total += x[i] * x[i]\nreturn total",
    "the same for all": "total = 0.0\nfor i in range(len(x)):\n    total += x[0] * x[0]\nreturn total",
}


def gradient(text):
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    return adtrans.grad(function(f"def f(x, n):\n{lines}"), cache=False)


def right(text):
    """The source of a gradient that has been compared with the complex step, what is not written being NaN."""
    made = gradient(text)
    found = [made.py_func(X + 1e-30j * unit, 4).imag / 1e-30 for unit in np.eye(6)]
    assert made.interpreted(X, 4) == pytest.approx(found, rel=1e-14)
    return made.source


@pytest.mark.parametrize("name", STORED)
def test_stored(name):
    assert "x_bar = np.empty(" in right(STORED[name])


@pytest.mark.parametrize("name", ZEROS)
def test_zeros(name):
    assert "x_bar = np.zeros(" in right(ZEROS[name])
