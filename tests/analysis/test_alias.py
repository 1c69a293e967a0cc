"""Memory classes: views share with their base, carried references with all they may be, nothing else shares."""

from adtrans.analysis.alias import Classes, memory_classes
from adtrans.ir import (
    BOOL,
    INT,
    Alloc,
    Array,
    Carry,
    Const,
    For,
    If,
    Let,
    ListOf,
    Merge,
    NewList,
    Pop,
    Program,
    Push,
    Reshape,
    Slice,
    Var,
    View,
)

VECTOR = Array("f8", 1)
ONE, N = Const(1, INT), Const(3, INT)


def array(name=None):
    return Var(VECTOR, name)


def classes(*body, params=()):
    return memory_classes(Program("p", tuple(params), tuple(body), ()))


def view(var, base):
    return View(var, base, (Slice(ONE, None, ONE),))


def test_parameters_and_allocations_are_apart():
    x, y, z = array("x"), array("y"), array("z")
    found = classes(Alloc(z, (N,)), params=[x, y])
    assert len({found[x], found[y], found[z]}) == 3


def test_views_share_with_their_base_through_any_number_of_steps():
    x, v, w, r = array(), array(), array(), Var(Array("f8", 2))
    found = classes(view(v, x), view(w, v), Reshape(r, w, (N, ONE)), params=[x])
    assert found[x] is found[v] is found[w] is found[r]


def test_a_reference_carried_round_a_loop_may_be_any_of_its_values():
    x, y, inside, after = array(), array(), array(), array()
    body = For(Var(INT), ONE, N, ONE, (Carry(inside, x, y, after),), ())
    found = classes(body, params=[x, y])
    assert found[x] is found[y] is found[inside] is found[after]


def test_exchanged_references_are_one_class():
    u, v = array(), array()
    inside, after = [array(), array()], [array(), array()]
    carries = (Carry(inside[0], u, inside[1], after[0]), Carry(inside[1], v, inside[0], after[1]))
    found = classes(For(Var(INT), ONE, N, ONE, carries, ()), params=[u, v])
    assert len({found[each] for each in (u, v, *inside, *after)}) == 1


def test_a_branch_joins_its_two_references():
    x, y, z, after = array(), array(), array(), array()
    found = classes(If(Const(True, BOOL), (), (), (Merge(after, x, y),)), params=[x, y, z])
    assert found[after] is found[x] is found[y] is not found[z]


def test_what_goes_through_a_stack_is_what_was_pushed():
    x, popped, stack = array(), array(), Var(ListOf(VECTOR))
    found = classes(NewList(stack), Push(stack, x), Let(popped, Pop(stack)), params=[x])
    assert found[popped] is found[x]


def test_views_made_within_nested_statements_count():
    x, v = array(), array()
    inner = If(Const(True, BOOL), (view(v, x),), ())
    found = classes(For(Var(INT), ONE, N, ONE, (), (inner,)), params=[x])
    assert found[v] is found[x]


def test_unions_are_an_equivalence():
    found = Classes()
    a, b, c, d = (array() for _ in range(4))
    found.union(a, b)
    found.union(c, d)
    assert found[a] is found[b] is not found[c]
    found.union(b, c)
    assert len({found[each] for each in (a, b, c, d)}) == 1
    assert found[array()] not in (a, b, c, d)
