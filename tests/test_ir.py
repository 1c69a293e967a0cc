"""The core language: `verify` refuses what is not a program; the walks see every operand and definition."""

import pytest

from adtrans import ir
from adtrans.ir import (
    BOOL,
    F4,
    F8,
    INT,
    Accumulate,
    Alloc,
    Array,
    Carry,
    Check,
    Const,
    Dim,
    For,
    If,
    Let,
    ListOf,
    Load,
    MalformedProgram,
    Merge,
    NewList,
    Pop,
    Prim,
    Print,
    Program,
    Push,
    Reshape,
    Scalar,
    Slice,
    Store,
    Var,
    View,
    While,
    verify,
)

ONE, ZERO, N = Const(1, INT), Const(0, INT), Const(3, INT)
TRUE = Const(True, BOOL)
VECTOR, MATRIX = Array("f8", 1), Array("f8", 2)


def number(value=1.0):
    return Const(value, F8)


def program(*body, params=(), results=()):
    return Program("p", tuple(params), tuple(body), tuple(results))


def let(op, *args, type=F8):
    return Let(Var(type), Prim(op, args))


def loop(*body, carries=(), counter=None, leave=None, stop=N):
    return For(counter or Var(INT, "i"), ZERO, stop, ONE, tuple(carries), tuple(body), leave)


def sum_of_squares():
    x, i, t, p = Var(VECTOR, "x"), Var(INT, "i"), Var(F8), Var(F8)
    inside, following, after = Var(F8, "s"), Var(F8, "s"), Var(F8, "s")
    body = (
        Let(t, Load(x, (i,))),
        Let(p, Prim("mul", (t, t))),
        Let(following, Prim("add", (inside, p))),
    )
    n = Var(INT)
    made = For(i, ZERO, n, ONE, (Carry(inside, number(0.0), following, after),), body)
    return program(Let(n, Dim(x, 0)), made, params=[x], results=[after])


def test_a_program_passes_unchanged():
    made = sum_of_squares()
    assert verify(made) is made
    assert ir.size(made) == 5


def refused(*body, params=(), results=()):
    with pytest.raises(MalformedProgram):
        verify(program(*body, params=params, results=results))


# --- scopes ----------------------------------------------------------------------------------------------


def test_a_variable_used_before_its_definition():
    var = Var(F8)
    refused(let("neg", var), Let(var, Prim("neg", (number(),))))


def test_a_variable_never_defined():
    refused(results=[Var(F8)])
    refused(Store(Var(VECTOR), (ZERO,), number()))


def test_a_variable_defined_twice():
    var = Var(F8)
    refused(Let(var, Prim("neg", (number(),))), Let(var, Prim("neg", (number(),))))
    refused(Let(var, Prim("neg", (number(),))), params=[var])
    refused(params=[var, var])


def test_a_variable_of_a_loop_used_after_it():
    inner = let("neg", number())
    refused(loop(inner), results=[inner.var])
    counter = Var(INT)
    refused(loop(counter=counter), results=[counter])
    inside, after = Var(F8), Var(F8)
    refused(loop(carries=[Carry(inside, number(), inside, after)]), results=[inside])


def test_the_outcome_of_a_loop_used_within_it():
    inside, after = Var(F8), Var(F8)
    refused(loop(let("neg", after), carries=[Carry(inside, number(), inside, after)]))


def test_a_variable_of_one_side_used_on_the_other_or_after():
    inner = let("neg", number())
    refused(If(TRUE, (inner,), (let("neg", inner.var),)))
    refused(If(TRUE, (inner,), ()), results=[inner.var])
    after = Var(F8)
    refused(If(TRUE, (inner,), (), (Merge(after, number(), inner.var),)))


def test_an_init_taken_from_within_the_loop():
    inner = let("neg", number())
    inside, after = Var(F8), Var(F8)
    refused(loop(inner, carries=[Carry(inside, inner.var, inside, after)]))


def test_a_next_or_a_leave_that_is_not_defined_in_the_body():
    inside, after, stray = Var(F8), Var(F8), Var(BOOL)
    refused(loop(carries=[Carry(inside, number(), Var(F8), after)]))
    refused(loop(leave=stray))


def test_the_head_of_a_while_is_seen_by_nothing_but_its_test():
    test, inner = let("lt", number(), number(), type=BOOL), let("neg", number())
    verify(program(While((), (inner, test), test.var, ())))
    refused(While((), (inner, test), test.var, (let("neg", inner.var),)))
    refused(While((), (inner, test), test.var, ()), results=[inner.var])


def test_a_while_test_that_is_computed_in_the_body():
    test = let("lt", number(), number(), type=BOOL)
    refused(While((), (), test.var, (test,)))


def test_something_that_is_no_operand():
    refused(results=[1.0])
    refused(let("neg", 1.0))


def test_something_that_is_no_statement():
    refused("x = 1")


# --- types -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        let("add", number(), Const(1.0, F4)),
        let("mul", number(), ONE),
        let("neg", ONE),
        let("truediv", ONE, ONE, type=INT),
        let("sin", ONE, type=INT),
        let("sqrt", number(), type=F4),
        let("lt", number(), number()),
        let("and", TRUE, TRUE, type=INT),
        let("select", ONE, number(), number()),
        let("select", TRUE, number(), ONE),
        let("select", TRUE, ONE, ONE),
        Let(Var(F8), Prim("neg", (Var(VECTOR),))),
        For(Var(INT), ZERO, number(), ONE, (), ()),
        For(Var(INT), ZERO, TRUE, ONE, (), ()),
        If(ONE, (), ()),
        Check(number(), "ValueError", ""),
        Alloc(Var(VECTOR), (number(),)),
        Alloc(Var(VECTOR), (ONE, ONE)),
        Alloc(Var(MATRIX), (ONE,)),
        loop(carries=[Carry(Var(F8), number(), ONE, Var(F8))]),
        loop(carries=[Carry(Var(F8), ONE, number(), Var(F8))]),
        loop(carries=[Carry(Var(F8), number(), number(), Var(INT))]),
        If(TRUE, (), (), (Merge(Var(F8), number(), ONE),)),
        If(TRUE, (), (), (Merge(Var(F4), number(), number()),)),
    ],
    ids=lambda statement: type(statement).__name__,
)
def test_types_that_do_not_fit(statement):
    refused(statement)


ARRAYS = {
    "rank": lambda x: Let(Var(F8), Load(x, (ZERO, ZERO))),
    "no index": lambda x: Let(Var(F8), Load(x, ())),
    "float index": lambda x: Let(Var(F8), Load(x, (number(0.0),))),
    "bool index": lambda x: Let(Var(F8), Load(x, (TRUE,))),
    "element": lambda x: Let(Var(F4), Load(x, (ZERO,))),
    "axis": lambda x: Let(Var(INT), Dim(x, 1)),
    "extent": lambda x: Let(Var(F8), Dim(x, 0)),
    "stored": lambda x: Store(x, (ZERO,), ONE),
    "stored rank": lambda x: Store(x, (ZERO, ZERO), number()),
    "accumulated": lambda x: Accumulate(x, (ZERO,), Const(1.0, F4)),
    "reshaped": lambda x: Reshape(Var(MATRIX), x, (ONE,)),
    "scalar arithmetic": lambda x: Let(Var(F8), Prim("add", (x, x))),
    "joined": lambda x: If(TRUE, (), (), (Merge(Var(MATRIX), x, x),)),
    "joined dtype": lambda x: If(TRUE, (), (), (Merge(Var(Array("f4", 1)), x, x),)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_types_of_arrays_that_do_not_fit(name):
    x = Var(VECTOR, "x")
    refused(ARRAYS[name](x), params=[x])


def test_a_stack_takes_what_it_is_for():
    stack, item = Var(ListOf(F8)), Var(F8)
    verify(program(NewList(stack), Push(stack, number()), Let(item, Pop(stack)), results=[item]))


def test_layouts_need_not_agree_where_references_join():
    a, b, after = Var(Array("f8", 1, "C")), Var(Array("f8", 1, "A")), Var(Array("f8", 1, "A"))
    verify(program(If(TRUE, (), (), (Merge(after, a, b),)), params=[a, b], results=[after]))


def test_element_types():
    assert Array("f4", 1).element == F4
    assert Array("i4", 2).element == Array("u1", 2).element == INT
    assert Array("b1", 1).element == BOOL
    assert Scalar("f4").is_float and not INT.is_float and Array("f8", 0).is_float
    assert not Array("i8", 1).is_float and not ListOf(F8).is_float


# --- walking ---------------------------------------------------------------------------------------------


def test_operands_of_every_statement():
    x, i, t, flag = Var(VECTOR, "x"), Var(INT), Var(F8), Var(BOOL)
    inside, after, out = Var(F8), Var(F8), Var(VECTOR)
    stack = Var(ListOf(F8))
    carry = Carry(inside, t, inside, after)
    cases = [
        (Let(Var(F8), Prim("mul", (t, number()))), [t, number()]),
        (Let(Var(F8), Load(x, (i,))), [x, i]),
        (Let(Var(INT), Dim(x, 0)), [x]),
        (Let(Var(F8), Pop(stack)), [stack]),
        (Store(x, (i,), t), [x, i, t]),
        (Accumulate(x, (i,), t), [x, i, t]),
        (Alloc(out, (i,)), [i]),
        (View(out, x, (Slice(i, None, ONE), None, i)), [x, i, ONE, i]),
        (Reshape(out, x, (i,)), [x, i]),
        (NewList(stack), []),
        (Push(stack, t), [stack, t]),
        (For(Var(INT), ZERO, i, ONE, (carry,), ()), [ZERO, i, ONE, t]),
        (While((carry,), (), flag, ()), [t]),
        (If(flag, (), (), (Merge(after, t, t),)), [flag]),
        (Check(flag, "ValueError", "", (i,)), [flag, i]),
        (Print(("text", t)), [t]),
    ]
    for statement, wanted in cases:
        assert list(ir.operands(statement)) == wanted


def test_operands_read_at_the_ends_of_regions():
    flag, t, inside, after = Var(BOOL), Var(F8), Var(F8), Var(F8)
    carry = Carry(inside, number(), t, after)
    assert list(ir.inner_operands(loop(carries=[carry], leave=flag))) == [t, flag]
    assert list(ir.inner_operands(While((carry,), (), flag, ()))) == [flag, t]
    assert list(ir.inner_operands(If(flag, (), (), (Merge(after, t, number()),)))) == [t, number()]


def test_what_statements_define():
    made = sum_of_squares()
    extent, outer = made.body
    assert ir.defined(extent) == (extent.var,)
    assert ir.defined(outer) == (outer.carries[0].after,)
    assert ir.defined(Store(Var(VECTOR), (ZERO,), number())) == ()
    merge = Merge(Var(F8), number(), number())
    assert ir.defined(If(TRUE, (), (), (merge,))) == (merge.after,)


def test_regions_and_the_walk_through_them():
    inner = let("neg", number())
    head = let("lt", number(), number(), type=BOOL)
    nested = While((), (head,), head.var, (inner,))
    branch = If(TRUE, (nested,), ())
    assert ir.regions(branch) == ((nested,), ())
    assert ir.regions(nested) == ((head,), (inner,))
    assert list(ir.walk((branch,))) == [branch, nested, head, inner]
    assert ir.size(program(branch)) == 4
