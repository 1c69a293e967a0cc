"""How iterations share memory: the answer of the analysis for each array that a loop writes to."""

import numpy as np
import pytest

import adtrans
from adtrans.analysis.exclusive import EXCLUSIVE, NEAR, SCRATCH, SUM, Exclusive
from adtrans.ir import For, walk
from adtrans.optimise.sums import sums
from tests.lower.texts import function

X, A, INDEX = np.linspace(0.1, 1.0, 12), np.linspace(0.1, 1.0, 30).reshape(6, 5), np.arange(12)[::-1].copy()

SHARED = {
    "its own element": ("y[i] = x[i]", {"y": (EXCLUSIVE, 0)}),
    "read and added to": ("y[i] += y[i] * x[i]", {"y": (EXCLUSIVE, 0)}),
    "every other": ("y[2 * i] = x[i]; y[2 * i + 1] = x[i]", {"y": (EXCLUSIVE, 0)}),
    "overlapping": ("y[2 * i] = x[i]; y[2 * i + 2] = x[i]", None),
    "neighbours": ("y[i] += x[i]; y[i + 1] += x[i]", {"y": (NEAR, 1)}),
    "farther": ("y[i - 2] += x[i]; y[i + 2] += x[i]", {"y": (NEAR, 4)}),
    "out of reach": ("y[i] += x[i]; y[i + 20] += x[i]", {"y": (EXCLUSIVE, 0)}),
    "before the start": ("y[i - 3] += x[i]; y[i] += x[i]", {"y": (SUM, 0)}),
    "anywhere": ("y[index[i]] += x[i]", {"y": (SUM, 0)}),
    "stored anywhere": ("y[index[i]] = x[i]", None),
    "the same": ("y[0] = x[i]", None),
    "added and read": ("y[index[i]] += x[i]; x[i] = y[0]", None),
    "the one before": ("y[i] = y[i - 1] + x[i]", None),
    "a row": ("for j in range(5):\n            b[i, j] = x[j]", {"b": (EXCLUSIVE, 0)}),
    "a column": ("for j in range(5):\n            b[j, i] = x[j]", {"b": (EXCLUSIVE, 0)}),
    "columns": ("for j in range(5):\n            b[0, j] += x[i]", {"b": (SUM, 0)}),
    "scratch": ("for j in range(5):\n            c[j] = x[i] * j\n        for j in range(5):\n            y[i] += c[j]",
                {"c": (SCRATCH, 0), "y": (EXCLUSIVE, 0)}),
    "half a scratch": ("for j in range(1, 5):\n            c[j] = x[i] * j\n        for j in range(5):\n"
                       "            y[i] += c[j]", None),
    "zero again": ("for j in range(5):\n            c[j] += x[i] * j\n        for j in range(5):\n"
                   "            y[i] += c[j]\n            c[j] = 0.0", {"c": (SCRATCH, 0), "y": (EXCLUSIVE, 0)}),
    "not all zero again": ("for j in range(5):\n            c[j] += x[i] * j\n        for j in range(1, 5):\n"
                           "            y[i] += c[j]\n            c[j] = 0.0", None),
}


def program_of(text: str):
    made = function(f"def f(x, a, index):\n    y, b, c = np.zeros(40), np.zeros((40, 40)), np.zeros(5)\n"
                    f"    for i in range(2, 8):\n        {text}\n    return np.sum(y) + np.sum(b)\n")
    gradient = adtrans.grad(made, cache=False)
    found = gradient._find({"x": X, "a": A, "index": INDEX})
    return sums(gradient._reading(found).plain)


@pytest.mark.parametrize("name", SHARED)
def test_how_iterations_share(name):
    text, wanted = SHARED[name]
    program = program_of(text)
    loop = next(item for item in walk(program.body) if isinstance(item, For) and item.counter.name == "i")
    found = Exclusive(program).sharing(loop)
    if wanted is None:
        assert found is None
    else:
        assert {array.name: (how.kind, how.distance) for array, how in found.items()} == wanted


def test_what_is_read_afterwards_is_no_scratch():
    program = program_of("for j in range(5):\n            c[j] = x[i] * j\n        y[i] = c[1]\n    y[0] = c[2]")
    loop = next(item for item in walk(program.body) if isinstance(item, For) and item.counter.name == "i")
    assert Exclusive(program).sharing(loop) is None
