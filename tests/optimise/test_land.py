"""Arrays made as rows: the program says the same, and only where nothing can tell is the copy gone."""

import dataclasses

import numpy as np
import pytest

from adtrans import ir
from adtrans.backend import python
from adtrans.lower.context import Options
from adtrans.lower.program import lower
from adtrans.optimise.land import land
from adtrans.optimise.simplify import simplify
from adtrans.structure import ArraySpec
from adtrans.write import write
from tests.poison import Poisoned

X = np.random.default_rng(3).normal(size=(4, 3))


def plain(x):
    n, m = x.shape
    out = np.empty((n, m))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            g[j] += x[i, j] ** 2
        for j in range(m):
            out[i, j] = g[j]
    return out


def backwards(x):
    n, m = x.shape
    out = np.empty((n, m))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m - 1, -1, -1):
            g[j] += x[i, j] ** 2
        for j in range(m):
            out[i, j] = g[j]
    return out


def added_twice(x):
    n, m = x.shape
    out = np.empty((n, m))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            g[j] += x[i, j] ** 2
        for j in range(m):
            g[j] += x[i, j]
        for j in range(m):
            out[i, j] = g[j]
    return out


def not_all_added(x):
    n, m = x.shape
    out = np.empty((n, m))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m - 1):
            g[j] += x[i, j] ** 2
        for j in range(m):
            out[i, j] = g[j]
    return out


def added_to_again_and_again(x):
    n, m = x.shape
    out = np.empty((n, m))
    for i in range(n):
        g = np.zeros(m)
        for k in range(2):
            for j in range(m):
                g[j] += x[i, j] ** (k + 1)
        for j in range(m):
            out[i, j] = g[j]
    return out


def added_where_positive(x):
    n, m = x.shape
    out = np.empty((n, m))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            if x[i, j] > 0.0:
                g[j] += x[i, j]
        for j in range(m):
            out[i, j] = g[j]
    return out


def read_before(x):
    n, m = x.shape
    out = np.ones((n, m))
    total = 0.0
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            g[j] += x[i, j] ** 2
        total += out[i, 0]
        for j in range(m):
            out[i, j] = g[j]
    return out, total


def first_row(x):
    n, m = x.shape
    out = np.zeros((n, m))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m - 1):
            g[j] += x[i, j] ** 2
        for j in range(m):
            out[0, j] = g[j]
    return out


def part_of_a_row(x):
    n, m = x.shape
    out = np.zeros((n, m + 1))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            g[j] += x[i, j] ** 2
        for j in range(m):
            out[i, j] = g[j]
    return out


def written_after(x):
    n, m = x.shape
    out = np.empty((n, m))
    total = 0.0
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            g[j] += x[i, j] ** 2
        for j in range(m):
            out[i, j] = g[j]
        g[0] = 7.0
        total += g[0]
    return out, total


def rows_and_more(x):
    n, m = x.shape
    out = np.empty((n, m))
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            g[j] += x[i, j] ** 2
        for j in range(m):
            out[i, j] = g[j]
        out[0, 0] = 3.0
    return out


def carried(x):
    n, m = x.shape
    out = np.empty((n, m))
    last = np.zeros(m)
    for i in range(n):
        g = np.zeros(m)
        for j in range(m):
            g[j] += x[i, j] + last[j]
        for j in range(m):
            out[i, j] = g[j]
        last = g
    last[0] = 5.0
    return out, last


def nested(x):
    n, m = x.shape
    out = np.empty((2, n, m))
    for k in range(2):
        for i in range(n):
            g = np.zeros(m)
            for j in range(m):
                g[j] += x[i, j] ** (k + 1)
            for j in range(m):
                out[k, i, j] = g[j]
    return out


def from_the_end(x):
    out = np.empty((x.shape[0], x.shape[1]))
    for i in range(-1, x.shape[0]):
        g = np.zeros(x.shape[1])
        for k in range(i + 2):
            for j in range(x.shape[1]):
                g[j] += x[i, j] * x[k % x.shape[0], j]
        out[i] = g
    return out


LANDS = {plain: True, backwards: True, added_twice: True, not_all_added: True, added_to_again_and_again: True,
         added_where_positive: True, nested: True, read_before: False, first_row: False, part_of_a_row: False,
         written_after: False, rows_and_more: False, carried: False, from_the_end: False}


def summing(body):
    """Statements where g[j] = g[j] + t is g[j] += t, as the reverse sweep writes it."""
    made, sums = [], {}
    for statement in body:
        match statement:
            case ir.Let(var, ir.Prim("add", (before, value))):
                sums[var] = before, value
            case ir.Store(array, index, value) if value in sums and isinstance(sums[value][0], ir.Var):
                statement = ir.Accumulate(array, index, sums[value][1])
            case ir.For(body=inner):
                statement = dataclasses.replace(statement, body=summing(inner))
            case ir.If(then=then):
                statement = dataclasses.replace(statement, then=summing(then))
        made.append(statement)
    return tuple(made)


def read(fun):
    program = simplify(lower(fun, {"x": ArraySpec("f8", 2, "C")}, Options(boundscheck=False)).program)
    return ir.verify(simplify(dataclasses.replace(program, body=summing(program.body))))


@pytest.mark.parametrize("fun", LANDS, ids=lambda fun: fun.__name__)
def test_rows(fun):
    program = read(fun)
    assert any(isinstance(statement, ir.Accumulate) for statement in ir.walk(program.body))
    made = ir.verify(land(program))
    count = sum(isinstance(statement, ir.View) for statement in ir.walk(made.body))
    assert (count == 1) == LANDS[fun]
    function = python.load_module(write(made, "made"), "made", "made")
    function.__globals__["np"] = Poisoned("poisoned")  # memory that nothing has written to is NaN
    found = function(X)
    expected = fun(X)
    for one, other in zip(found if isinstance(found, tuple) else (found,),
                          expected if isinstance(expected, tuple) else (expected,)):
        np.testing.assert_allclose(one, other, rtol=1e-14)


def test_what_is_stored_first_needs_no_zeros():
    def zeros(fun):
        return any(isinstance(statement, ir.Alloc) and statement.fill == "zeros"
                   for statement in ir.walk(land(read(fun)).body))

    assert not any(map(zeros, (plain, backwards, added_twice, nested)))
    assert all(map(zeros, (not_all_added, added_where_positive, added_to_again_and_again)))
