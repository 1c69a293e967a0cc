"""Axes in the order of the loops: which arrays are turned, and random programs against the complex step."""

import random

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

TURNED = {
    "time last": "y = np.zeros((n, m, 3))\nfor k in range(3):\n    for i in range(n):\n        for j in range(m):\n"
                 "            y[i, j, k] = x[i, j] * (k + 1.0) + (y[i, j, k - 1] if k > 0 else 0.0) ** 2\n"
                 "s = 0.0\nfor i in range(n):\n    for j in range(m):\n        s += y[i, j, 2] * y[i, j, -2]",
    "slices": "y = np.empty((n, m, 4))\ny[:, :, 0] = x\nfor k in range(1, 4):\n    y[:, :, k] = y[:, :, k - 1] * x\n"
              "s = np.sum(y[:, :, -1] * y[:, :, 1])",
    "another extent": "y = np.zeros((n + 2, 2))\nfor k in range(2):\n    for i in range(1, n + 1):\n"
                      "        y[i, k] = x[i - 1, 0] * y[i - 1, k] + x[i - 1, k]\ns = 0.0\nfor i in range(y.shape[0]):\n"
                      "    s += y[i, 0] * y[i - y.shape[0], 1]",
}
KEPT = {
    "turned loops": "y = np.empty((n, m))\nfor j in range(m):\n    for i in range(n):\n        y[i, j] = x[i, j] ** 3\n"
               "s = 1.0\nfor j in range(m):\n    for i in range(n):\n        s = s * 0.9 + y[i, j]",
    "both ways": "y = np.empty((n, m))\nfor j in range(m):\n    for i in range(n):\n        y[i, j] = x[i, j] ** 3\n"
                 "s = 1.0\nfor i in range(n):\n    for j in range(m):\n        s = s * 0.9 + y[i, j]",
    "a product": "y = np.empty((n, m))\nfor j in range(m):\n    for i in range(n):\n        y[i, j] = x[i, j] ** 3\n"
                 "s = np.sum(y @ y.T)",
    "a view": "y = np.empty((n, m))\nfor j in range(m):\n    for i in range(n):\n        y[i, j] = x[i, j] ** 3\n"
              "z = y if n > 1 else x\ns = z[0, 0] * z[-1, -1]",
}


def made(text):
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    return adtrans.value_and_grad(function(f"def f(x):\n    n, m = x.shape\n{lines}    return s\n"), cache=False)


def check(gradient, shapes=((1, 2), (3, 2), (2, 5), (4, 4)), compiled=False):
    for shape in shapes:
        x = np.random.default_rng(sum(shape)).uniform(0.3, 0.9, shape)
        found = np.zeros(shape)
        for place in np.ndindex(shape):
            step = np.zeros(shape, complex)
            step[place] = 1e-30j
            with np.errstate(all="ignore"):
                found[place] = by_complex_numbers(gradient.py_func, x + step)
        value, bar = gradient(x) if compiled else gradient.interpreted(x)
        assert value == pytest.approx(gradient.py_func(x), rel=1e-13)
        assert bar == pytest.approx(found, rel=1e-12, abs=1e-14)


def by_complex_numbers(fun, x):
    """The imaginary part of a result, where the arrays that a function makes are complex."""
    class Complex:
        def __getattr__(self, name):
            make = getattr(np, name)
            return (lambda shape: make(shape, complex)) if name in ("empty", "zeros") else make

    own = dict(fun.__globals__)
    fun.__globals__["np"] = Complex()
    try:
        return fun(x).imag / 1e-30
    finally:
        fun.__globals__.update(own)


@pytest.mark.parametrize("name", TURNED)
def test_turned(name):
    gradient = made(TURNED[name])
    check(gradient)
    check(gradient, ((3, 4),), compiled=True)
    line = next(line for line in gradient.source.split("\n") if line.strip().startswith("y = np."))
    assert not line.strip().startswith(("y = np.empty((n, ", "y = np.zeros((n, ")), line


@pytest.mark.parametrize("name", KEPT)
def test_kept(name):
    gradient = made(KEPT[name])
    check(gradient)
    assert "y = np.empty((n, m))" in gradient.source


def test_index_out_of_range():
    text = "y = np.zeros((n, m))\nfor j in range(m + 1):\n    for i in range(n):\n        y[i, j] = x[i, 0]\ns = y[0, 0]"
    for run in (made(text), made(text).interpreted):
        with pytest.raises(IndexError, match="axis 1: index, size = 2 2"):
            run(np.ones((3, 2)))


def random_text(rng):
    """Nests over an array of three axes, the innermost loop over one of the first two or, now and then, the last."""
    lines = ["y = np.zeros((n, m, 3))"]
    limits = {"i": "n", "j": "m", "k": "3"}
    for _ in range(rng.randrange(1, 4)):
        order = rng.choice(("kij", "kji", "ikj", "kij", "jki", "ijk"))
        down = rng.random() < 0.3
        for depth, name in enumerate(order):
            limit = limits[name]
            span = f"{limit} - 1, -1, -1" if down else limit
            lines.append(f"{'    ' * depth}for {name} in range({span}):")
        near = rng.choice(("y[i, j, k - 1]", "y[i - 1, j, k]", "y[i, j - 1, 2]", "y[n - 1 - i, j, 0]", "y[i, j, k]"))
        lines.append(f"            y[i, j, k] {rng.choice(('=', '+='))} x[i, j] * 0.5 + {near} * x[i, -1]")
    total = rng.choice(("for k in range(3):\n    for i in range(n):\n        for j in range(m):\n",
                        "for j in range(m):\n    for k in range(3):\n        for i in range(n):\n"))
    return "\n".join(lines) + f"\ns = 0.0\n{total}            s += y[i, j, k] * (1.0 + k) * x[i, j]"


@pytest.mark.parametrize("seed", range(40))
def test_random(seed):
    check(made(random_text(random.Random(seed))))
