"""Names: the user's survive, what lives at once is told apart, what never does shares."""

import keyword

import pytest

import adtrans
from adtrans.ir import (
    BOOL,
    F4,
    F8,
    INT,
    Array,
    Carry,
    Const,
    For,
    If,
    Let,
    Merge,
    Prim,
    Program,
    Store,
    Var,
    defined,
    walk,
)
from adtrans.lower.context import Options
from adtrans.names import RESERVED, Lives, choose_names, overlap
from adtrans.optimise.simplify import simplify
from adtrans.specialise import gradient_program, read
from adtrans.structure import spec_of
from tests.fuzz.generator import generate

ZERO, ONE, N = Const(0, INT), Const(1, INT), Const(3, INT)


def number(value=1.0):
    return Const(value, F8)


def let(op, *args, name=None, user=False, type=F8):
    return Let(Var(type, name, user), Prim(op, args))


def names(*body, params=(), results=()):
    return choose_names(Program("p", tuple(params), tuple(body), tuple(results)))


def test_names_of_the_user_are_kept():
    x = Var(F8, "x", True)
    y = let("neg", x, name="y", user=True)
    assert names(y, params=[x], results=[y.var]) == {x: "x", y.var: "y"}


def test_two_values_needed_at_once_have_two_names():
    a, b = let("sin", number(), name="a", user=True), let("cos", number(), name="a", user=True)
    total = let("sub", a.var, b.var)
    found = names(a, b, total, results=[total.var])
    assert found[a.var] != found[b.var] and {found[a.var], found[b.var]} >= {"a"}


def test_values_that_follow_each_other_share_a_name():
    a = let("sin", number(), name="a", user=True)
    b = let("cos", a.var, name="a", user=True)
    assert set(names(a, b, results=[b.var]).values()) == {"a"}


def test_values_of_different_types_never_share_a_name():
    a = let("sin", number(), name="a", user=True)
    b = Let(Var(INT, "a", True), Prim("trunc_int", (a.var,)))
    c = Let(Var(F4, "a", True), Prim("cast", (b.var,)))
    found = names(a, b, c, results=[c.var])
    assert len(set(found.values())) == 3


@pytest.mark.parametrize("word", ["np", "math", "lambda", "None", "range", "float", "print"])
def test_words_that_mean_something_are_avoided(word):
    a = let("sin", number(), name=word, user=True)
    assert names(a, results=[a.var])[a.var] not in RESERVED
    assert word in RESERVED


def test_parameters_keep_their_names_against_everything():
    x, n = Var(F8, "t", True), Var(INT, "n", True)
    a, b = let("sin", x), let("cos", x)
    total = let("mul", a.var, b.var)
    back = let("add", total.var, x)
    found = names(a, b, total, back, params=[x, n], results=[back.var])
    assert found[x] == "t" and found[n] == "n"
    assert "t" not in {found[a.var], found[b.var], found[total.var]}


def loop(*body, carries=()):
    return For(Var(INT, "i"), ZERO, N, ONE, tuple(carries), tuple(body))


def test_a_carried_value_has_one_name_all_the_way():
    inside, after = Var(F8, "s", True), Var(F8, "s", True)
    following = let("sin", inside, name="s", user=True)
    found = names(loop(following, carries=[Carry(inside, number(), following.var, after)]), results=[after])
    assert {found[inside], found[following.var], found[after]} == {"s"}


def test_a_carried_value_that_is_still_needed_keeps_apart_from_the_next():
    inside, after = Var(F8, "s", True), Var(F8, "s", True)
    following = let("sin", inside)
    x = Var(Array("f8", 1), "x", True)
    late = Store(x, (ZERO,), inside)
    found = names(loop(following, late, carries=[Carry(inside, number(), following.var, after)]), params=[x], results=[after])
    assert found[inside] != found[following.var]


def test_a_value_from_outside_is_not_overwritten_in_a_loop():
    x = Var(Array("f8", 1), "x", True)
    outer = let("sin", number())
    inner = let("cos", outer.var)
    found = names(outer, loop(inner, Store(x, (ZERO,), inner.var)), params=[x])
    assert found[outer.var] != found[inner.var]


def test_the_two_sides_of_a_branch_may_share_and_a_value_needed_after_it_may_not():
    flag = Var(BOOL, "flag", True)
    before, yes, no = let("sin", number()), let("cos", number()), let("tan", number())
    after = Var(F8)
    total = Let(Var(F8), Prim("mul", (after, before.var)))
    branch = If(flag, (yes,), (no,), (Merge(after, yes.var, no.var),))
    found = names(before, branch, total, params=[flag], results=[total.var])
    assert found[yes.var] == found[no.var] == found[after] != found[before.var]


def test_overlap_of_intervals():
    assert overlap([(1, 3)], [(3, 5)]) and overlap([(1, 9)], [(3, 5)])
    assert not overlap([(1, 3), (9, 9)], [(5, 7)]) and not overlap([], [(1, 2)])


def test_lives_of_values():
    a = let("sin", number())
    b = let("cos", a.var)
    lives = Lives(Program("p", (), (a, b), (b.var,)))
    (first,), (second,) = lives.pieces[a.var], lives.pieces[b.var]
    assert first[0] < first[1] < second[0] < second[1]


@pytest.mark.parametrize("seed", range(3_000_000, 3_000_030))
def test_names_in_gradients_of_random_programs(seed):
    """Every variable has a name, an identifier, and parameters have the user's."""
    made = generate(seed)
    try:
        fun = made.load()
        g = adtrans.value_and_grad(fun, argnums=made.argnums, cache=False)
        bound = g._bind(made.args(), {})
        specs = {name: spec_of(value, name) for name, value in bound.items()}
        reading = read(fun, specs, Options(dynamic_broadcast=True))
        program = simplify(gradient_program(reading, "value_and_grad", g.argnames, specs))
        found = choose_names(program)
        everything = [*program.params, *(var for statement in walk(program.body) for var in defined(statement))]
        for var in everything:
            assert found[var].isidentifier() and not keyword.iskeyword(found[var]) and found[var] not in ("np", "math")
        assert len({found[param] for param in program.params}) == len(program.params)
        kinds = {}
        for var in everything:
            kinds.setdefault(found[var], set()).add(var.type)
        assert all(len(types) == 1 for types in kinds.values())
    finally:
        made.unload()
