"""Arrays in the memory of others: where that is seen, and where an element would be lost."""

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function
from tests.poison import install

install()

SHARED = {
    "exponentials": "t = 0.0\nfor i in range(len(x)):\n    t += np.exp(x[i])\nreturn np.log(t)",
    "whole arrays": "return np.log(np.sum(np.exp(x)))",
    "roots": "t = 0.0\nfor i in range(len(x)):\n    t += np.sqrt(x[i])\nreturn t * t",
}
APART = {
    "read again": "y = np.exp(x)\ns = np.sum(y)\nreturn s * s + s * y[0] * y[3]",
    "the other way round": "t = 0.0\nfor i in range(len(x)):\n    t += np.exp(x[i]) * x[len(x) - 1 - i]\nreturn t * t",
    "the next one": "t = 0.0\nfor i in range(len(x) - 1):\n    t += np.exp(x[i]) * x[i + 1]\nreturn t * t",
    "wrapped": "t = 0.0\nfor i in range(len(x)):\n    t += np.exp(x[i - 2])\nreturn t * t",
    "more rows": "t = 0.0\nfor j in range(2):\n    for i in range(len(x)):\n        t += np.exp(x[i] * (j + 1.0) - t * 0.1)\n"
                 "return t",
}
MATRICES = {
    "rows": "return np.log(np.sum(np.exp(x)))",
    "transposed": "t = 0.0\nfor j in range(x.shape[1]):\n    for i in range(x.shape[0]):\n        t += np.exp(x[i, j])\n"
                  "return t * t",
}


def gradient(text):
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    return adtrans.grad(function(f"def f(x):\n{lines}"), cache=False)


def right(text, x):
    """The source of a gradient that has been compared with the complex step, what is not written being NaN."""
    made = gradient(text)
    found = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape, complex)
        step[place] = 1e-30j
        found[place] = made.py_func(x + step).imag / 1e-30
    for run in (made, made.interpreted):
        assert run(x) == pytest.approx(found, rel=1e-13)
    return made.source


@pytest.mark.parametrize("name", SHARED)
def test_shared(name):
    assert "tape" not in right(SHARED[name], np.linspace(0.2, 0.9, 6))


@pytest.mark.parametrize("name", MATRICES)
def test_matrices(name):
    right(MATRICES[name], np.linspace(0.2, 0.9, 6).reshape(2, 3))
    right(MATRICES[name], np.linspace(0.2, 0.9, 9).reshape(3, 3))


@pytest.mark.parametrize("name", APART)
def test_apart(name):
    right(APART[name], np.linspace(0.2, 0.9, 6))


@pytest.mark.parametrize("text", SHARED.values(), ids=SHARED)
def test_memory(text):
    assert gradient(text).memory(np.ones(5))["total"] == 0
    assert str(gradient(text).explain(np.ones(5)))
