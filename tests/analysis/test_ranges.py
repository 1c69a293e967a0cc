"""Which indices are proven not to be negative, seen in the lines of generated sources that may wrap round."""

from dataclasses import replace

import numpy as np
import pytest

import adtrans
from adtrans.analysis.ranges import Ranges
from adtrans.build import Builder, const
from adtrans.ir import (
    INT,
    Alloc,
    Array,
    Carry,
    For,
    Let,
    ListOf,
    Load,
    NewList,
    Pop,
    Prim,
    Program,
    Push,
    Slice,
    Store,
    Var,
    View,
    While,
)


def wrapping(fun, *args):
    """The lines of the generated gradient whose indices may count from the end, without indentation."""
    gradient = adtrans.grad(fun, cache=False)
    gradient.inspect_source(*args)
    product = gradient.latest.product
    lines = product.text.split("\n")
    return [lines[at - 1].strip() for at in product.meta["wrapping"]]


def backwards(x):
    total = 0.0
    for i in range(len(x) - 2, -1, -1):
        total += x[i] * x[len(x) - 1 - i]
    return total


def nested(x):
    total = 0.0
    for i in range(1, len(x)):
        for j in range(i):
            total += x[i - 1] * x[i - j]
    return total


def gathered(x, at):
    total = 0.0
    for i in range(len(at)):
        total += x[at[i]] * x[i]
    return total


def shifted(x, k):
    return x[k] * x[1]


def until(x):
    total = 0.0
    k = 0
    while k < len(x) and total < 2.0:
        total += x[k] * x[k]
        k += 1
    return total


def downwards(x):
    total = 0.0
    k = len(x) - 1
    while k > -3:
        total += x[k] * x[k]
        k -= 1
    return total


X = np.linspace(0.2, 0.9, 5)


@pytest.mark.parametrize("fun", [backwards, nested, until])
def test_indices_that_follow_from_ranges_are_proven(fun):
    assert wrapping(fun, X) == []


def test_indices_from_data_are_not_proven():
    assert all("at[" in line or "x[n" in line or "x_bar[n" in line for line in wrapping(gathered, X, np.arange(3)))
    assert len(wrapping(gathered, X, np.arange(3))) == 2
    assert wrapping(shifted, X, -1)


def test_a_counter_that_falls_below_zero_is_not_proven():
    assert wrapping(downwards, X)


@pytest.mark.parametrize("at", [[0, 1, 2], [-1, -5, 2], [4, -2, -2]])
def test_negative_indices_from_data_still_count_from_the_end(at):
    at = np.array(at)
    gradient = adtrans.grad(gathered)
    assert np.allclose(gradient(X, at), gradient.interpreted(X, at), rtol=1e-14)


@pytest.mark.parametrize("fun, args", [(shifted, (X, -2)), (shifted, (X, 3)), (downwards, (X,)), (backwards, (X,))])
def test_compiled_gradients_take_the_same_elements(fun, args):
    gradient = adtrans.grad(fun)
    assert np.allclose(gradient(*args), gradient.interpreted(*args), rtol=1e-14)


def program(body):
    return Program("f", (), tuple(body), ())


def counted(step):
    """A loop that carries k = 0, changed by `step` in each iteration."""
    build = Builder()
    inside, after = Var(INT, "k"), Var(INT, "k")
    following = build.prim("add", inside, const(step))
    loop = For(Var(INT), const(0), const(9), const(1), (Carry(inside, const(0), following, after),),
               tuple(build.here.body))
    return loop, inside, after


@pytest.mark.parametrize("step, holds", [(1, True), (0, True), (-1, False)])
def test_carried_values_are_proven_by_induction(step, holds):
    loop, inside, after = counted(step)
    ranges = Ranges(program([loop]))
    assert ranges.not_negative(inside) == holds and ranges.not_negative(after) == holds


def test_what_rests_on_a_withdrawn_assumption_is_withdrawn():
    first, inside, after = counted(-1)
    other, end = Var(INT), Var(INT)
    second = For(Var(INT), const(0), const(9), const(1), (Carry(other, after, other, end),), ())
    ranges = Ranges(program([first, second]))
    assert not ranges.not_negative(other) and not ranges.not_negative(end)


@pytest.mark.parametrize("pushed, holds", [(3, True), (-3, False)])
def test_popped_values_are_what_was_pushed(pushed, holds):
    stack, popped = Var(ListOf(INT)), Var(INT)
    body = [NewList(stack), Push(stack, const(2)), Push(stack, const(pushed)), Let(popped, Pop(stack))]
    assert Ranges(program(body)).not_negative(popped) == holds


def test_remainders_and_sizes_are_not_negative():
    size, rest, half, less = (Var(INT) for _ in range(4))
    array = Var(Array("f8", 1))
    from adtrans.ir import Dim
    body = [Let(size, Dim(array, 0)), Let(rest, Prim("mod", (less, const(4)))),
            Let(half, Prim("floordiv", (size, const(2)))), Let(less, Prim("sub", (half, const(1))))]
    ranges = Ranges(program(body))
    assert all(map(ranges.not_negative, (size, rest, half))) and not ranges.not_negative(less)


def test_a_value_carried_by_a_while_loop():
    inside, after, following, test = Var(INT), Var(INT), Var(INT), Var(adtrans.ir.BOOL)
    loop = While((Carry(inside, const(0), following, after),), (Let(test, Prim("lt", (inside, const(9)))),), test,
                 (Let(following, Prim("add", (inside, const(2)))),))
    assert Ranges(program([loop])).not_negative(following)


@pytest.mark.parametrize("stored, taped, holds", [(0, True, True), (-1, True, False), (0, False, False)])
def test_what_a_tape_holds_was_put_there(stored, taped, holds):
    tape, read = Var(Array("i8", 1)), Var(INT)
    body = [Alloc(tape, (const(3),), "empty"), *(Store(tape, (const(k),), const(stored)) for k in range(2)),
            Let(read, Load(tape, (const(0),)))]
    made = replace(program(body), facts={"tapes": {tape} if taped else set()})
    assert Ranges(made).not_negative(read) == holds
    other = Var(Array("i8", 1), "other")
    more = replace(made, body=(*made.body, View(other, tape, (Slice(None, None, const(1)),))))
    assert not Ranges(more).not_negative(read)
