"""Simplification: what nothing needs goes, everything else computes what it did before."""

import inspect

import numpy as np
import pytest

from adtrans import ir
from adtrans.backend.python import load_module
from adtrans.ir import (
    BOOL,
    F8,
    INT,
    Accumulate,
    Alloc,
    Array,
    Carry,
    Check,
    Const,
    For,
    If,
    Let,
    ListOf,
    Load,
    Merge,
    NewList,
    Pop,
    Prim,
    Print,
    Program,
    Push,
    Slice,
    Store,
    Var,
    View,
    While,
    verify,
)
from adtrans.lower.context import Options
from adtrans.lower.program import lower
from adtrans.optimise.simplify import simplify
from adtrans.structure import leaves, spec_of
from adtrans.write import write
from tests.fuzz.generator import generate

ZERO, ONE, N = Const(0, INT), Const(1, INT), Const(3, INT)
TRUE = Const(True, BOOL)


def number(value=1.0):
    return Const(value, F8)


def let(op="neg", *args):
    return Let(Var(F8), Prim(op, args or (number(),)))


def program(*body, params=(), results=(), **facts):
    return Program("p", tuple(params), tuple(body), tuple(results), facts=facts)


def left(*body, **rest):
    """What simplification leaves of a program."""
    return list(verify(simplify(verify(program(*body, **rest)))).body)


def loop(*body, carries=(), stop=N, leave=None):
    return For(Var(INT, "i"), ZERO, stop, ONE, tuple(carries), tuple(body), leave)


# --- dead code -------------------------------------------------------------------------------------------


def test_values_that_nothing_reads_go():
    used, unused = let(), let()
    after = let("neg", unused.var)
    assert left(used, unused, after, results=[used.var]) == [used]


def test_loops_that_compute_nothing_needed_go():
    inside, after = Var(F8), Var(F8)
    inner = let("neg", inside)
    assert left(loop(inner, carries=[Carry(inside, number(), inner.var, after)])) == []


def test_an_array_that_is_only_written_goes():
    x = Var(Array("f8", 1))
    assert left(Alloc(x, (N,)), Store(x, (ZERO,), number()), Accumulate(x, (ZERO,), number())) == []


def test_stores_to_what_is_read_or_returned_stay():
    x = Var(Array("f8", 1))
    alloc, store = Alloc(x, (N,)), Store(x, (ZERO,), number())
    read = Let(Var(F8), Load(x, (ZERO,)))
    assert left(alloc, store, read, results=[read.var]) == [alloc, store, read]
    assert left(alloc, store, results=[x]) == [alloc, store]


def test_stores_through_a_view_of_what_is_needed_stay():
    x, v = Var(Array("f8", 1)), Var(Array("f8", 1, "A"))
    body = [Alloc(x, (N,)), View(v, x, (Slice(ONE, None, ONE),)), Store(v, (ZERO,), number())]
    assert left(*body, results=[x]) == body


def test_stores_to_output_parameters_stay():
    x = Var(Array("f8", 1))
    store = Store(x, (ZERO,), number())
    assert left(store, params=[x]) == []
    assert left(store, params=[x], outputs=(x,)) == [store]


def test_checks_and_prints_stay_with_what_they_read():
    flag = Let(Var(BOOL), Prim("lt", (number(), number(2.0))))
    value = let()
    check, show = Check(flag.var, "ValueError", "words"), Print(("value", value.var))
    assert left(flag, check, value, show) == [flag, check, value, show]
    branch = If(TRUE, (check,), ())
    assert left(flag, branch) == [flag, check]


def test_a_stack_that_is_only_filled_goes_and_one_that_is_read_stays():
    stack = Var(ListOf(F8))
    made, push = NewList(stack), Push(stack, number())
    pop = Let(Var(F8), Pop(stack))
    assert left(made, push) == []
    assert left(made, push, pop, results=[pop.var]) == [made, push, pop]


def test_a_pop_keeps_its_place_though_its_value_is_not_needed():
    """Leaving out the first of two pops would hand the second the wrong value."""
    stack = Var(ListOf(F8))
    first, second = Let(Var(F8), Pop(stack)), Let(Var(F8), Pop(stack))
    body = [NewList(stack), Push(stack, number(1.0)), Push(stack, number(2.0)), first, second]
    assert left(*body, results=[second.var]) == body


def test_what_keeps_a_while_going_stays():
    inside, after = Var(F8), Var(F8)
    test = Let(Var(BOOL), Prim("lt", (inside, number(9.0))))
    step = Let(Var(F8), Prim("mul", (inside, number(2.0))))
    statement = While((Carry(inside, number(), step.var, after),), (test,), test.var, (step,))
    assert left(statement, results=[after]) == [statement]


# --- values that do not change ---------------------------------------------------------------------------


def test_a_carry_that_keeps_its_value_is_that_value():
    inside, after = Var(F8), Var(F8)
    total, following, end = Var(F8), Var(F8), Var(F8)
    add = Let(following, Prim("add", (total, inside)))
    made = loop(add, carries=[Carry(inside, number(2.0), inside, after), Carry(total, number(0.0), following, end)])
    (kept,) = left(made, results=[end])
    assert [carry.inside for carry in kept.carries] == [total]
    assert kept.body[0].expr == Prim("add", (total, number(2.0)))


def test_exchanged_carries_are_kept():
    a, b, ends = Var(F8), Var(F8), (Var(F8), Var(F8))
    carries = [Carry(a, number(1.0), b, ends[0]), Carry(b, number(2.0), a, ends[1])]
    (kept,) = left(loop(carries=carries), results=ends)
    assert kept.carries == tuple(carries)


def test_a_merge_of_one_value_is_that_value():
    flag = Let(Var(BOOL), Prim("lt", (number(), number(2.0))))
    after = Var(F8)
    simple = simplify(program(flag, If(flag.var, (), (), (Merge(after, number(5.0), number(5.0)),)), results=[after]))
    assert simple.results == (number(5.0),) and simple.body == ()


def test_a_merge_of_two_values_is_kept():
    x, after = Var(BOOL), Var(F8)
    statement = If(x, (), (), (Merge(after, number(0.0), number(1.0)),))
    assert left(statement, params=[x], results=[after]) == [statement]


def test_a_branch_that_is_decided_is_its_side():
    yes, no, after = let(), let("neg", number(3.0)), Var(F8)
    for value, kept in ((True, yes), (False, no)):
        statement = If(Const(value, BOOL), (yes,), (no,), (Merge(after, yes.var, no.var),))
        simple = verify(simplify(program(statement, results=[after])))
        assert simple.body == (kept,) and simple.results == (kept.var,)


# --- on real programs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2_000_000, 2_000_040))
def test_simplified_programs_compute_the_same(seed):
    made = generate(seed, extras=False)
    fun = made.load()
    try:
        bound = inspect.signature(fun).bind(*made.args())
        bound.apply_defaults()
        specs = {name: spec_of(value, name) for name, value in bound.arguments.items()}
        lowered = lower(fun, specs, Options(dynamic_broadcast=True))
        plain = verify(lowered.program)
        simple = verify(simplify(plain))
        assert ir.size(simple) <= ir.size(plain)
        results = [run(each, bound.arguments, specs, lowered.captured_arrays) for each in (plain, simple)]
        assert repr(results[0]) == repr(results[1])
    finally:
        made.unload()


def run(program, arguments, specs, captured):
    """The results of a program interpreted on copies of the arguments."""
    flat = [np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf
            for name, spec in specs.items() for leaf in leaves(arguments[name], spec)]  # fmt: skip
    with np.errstate(all="ignore"):
        return load_module(write(program, "p"), "p", "p")(*flat, *map(np.copy, captured))
