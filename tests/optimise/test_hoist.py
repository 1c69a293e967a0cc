"""Arrays made before loops: the program says the same with memory that nothing has cleared, and makes fewer arrays."""

import numpy as np
import pytest

from adtrans import ir
from adtrans.backend import python
from adtrans.lower.context import Options
from adtrans.lower.program import lower
from adtrans.optimise.hoist import hoist
from adtrans.optimise.simplify import simplify
from adtrans.structure import ArraySpec
from adtrans.write import write
from tests.poison import Poisoned

X = np.random.default_rng(3).normal(size=(4, 3))


def scratch(x):
    total = 0.0
    for i in range(x.shape[0]):
        t = np.empty(x.shape[1])
        for j in range(x.shape[1]):
            t[j] = x[i, j] ** 2
        total += t[0] * t[1]
    return total


def zeros(x):
    total = 0.0
    for i in range(x.shape[0]):
        t = np.zeros(x.shape[1])
        for j in range(x.shape[1]):
            if x[i, j] > 0.0:
                t[j] += x[i, j]
        total += np.sum(t) * t[i % 3]
    return total


def nested(x):
    total = 0.0
    for i in range(x.shape[0]):
        for k in range(2):
            t = np.zeros((2, 2))
            t[k, 1] = x[i, k]
            total += t[0, 1] * t[1, 1] + t[k, 1] * k + t[0, 0]
    return total


def handed_on(x):
    last = np.zeros(3)
    total = 0.0
    for i in range(x.shape[0]):
        t = np.zeros(3)
        t[0] = x[i, 0] + last[0]
        total += last[0] * t[0]
        last = t
    return total


def joined(x):
    total = 0.0
    old = np.ones(3)
    for i in range(x.shape[0]):
        t = np.zeros(3)
        t[1] = x[i, 1]
        if x[i, 0] > 0.0:
            old = t
        total += old[1]
    return total


def by_the_iteration(x):
    total = 0.0
    for i in range(x.shape[0]):
        t = np.zeros(i + 1)
        t[i] = x[i, 0]
        total += np.sum(t)
    return total


def never_run(x):
    total = 0.0
    for _ in range(x.shape[0] - 9):
        t = np.zeros(x.shape[0] - 9)
        t[0] = total + 1.0
        total += t[0]
    return total


HOISTS = {scratch: 1, zeros: 1, nested: 1, never_run: 1, handed_on: 0, joined: 0, by_the_iteration: 0}


def made_within(body, loops=0):
    """How many arrays are made in loops."""
    found = 0
    for statement in body:
        found += loops > 0 and isinstance(statement, ir.Alloc)
        for region in ir.regions(statement):
            found += made_within(region, loops + isinstance(statement, (ir.For, ir.While)))
    return found


@pytest.mark.parametrize("fun", HOISTS, ids=lambda fun: fun.__name__)
def test_arrays(fun):
    program = ir.verify(simplify(lower(fun, {"x": ArraySpec("f8", 2, "C")}, Options(boundscheck=False)).program))
    made = ir.verify(hoist(program))
    assert made_within(program.body) - made_within(made.body) == HOISTS[fun]
    function = python.load_module(write(made, "made"), "made", "made")
    function.__globals__["np"] = Poisoned("poisoned")
    np.testing.assert_allclose(function(X), fun(X), rtol=1e-14)
