"""Regions: where variables live, which loops surround them, what comes first."""

from adtrans.analysis.regions import Regions
from adtrans.ir import BOOL, F8, INT, Carry, Const, For, If, Let, Prim, Program, Var, While, walk

ZERO, ONE, N = Const(0, INT), Const(1, INT), Const(3, INT)


def let():
    return Let(Var(F8), Prim("neg", (Const(1.0, F8),)))


def nested():
    """For: If: While: let; with a let on every level."""
    test = Let(Var(BOOL), Prim("lt", (ZERO, N)))
    deep, inner, outer, first = let(), let(), let(), let()
    loop = While((Carry(Var(F8), Const(1.0, F8), Const(2.0, F8), Var(F8)),), (test,), test.var, (deep,))
    branch = If(Const(True, BOOL), (inner, loop), ())
    counted = For(Var(INT, "i"), ZERO, N, ONE, (), (outer, branch))
    param = Var(F8, "x")
    program = Program("p", (param,), (first, counted), ())
    return program, Regions(program), (param, first, counted, outer, branch, inner, loop, test, deep)


def test_homes():
    _, regions, (param, first, counted, outer, branch, inner, loop, test, deep) = nested()
    assert regions.home[param] is regions.home[first.var] is regions.root
    assert regions.home[outer.var] is regions.home[counted.counter] is regions.body(counted)
    assert regions.home[inner.var] is regions.body(branch, 0)
    assert regions.home[deep.var] is regions.home[loop.carries[0].inside] is regions.body(loop)
    assert regions.home[test.var] is regions.body(loop, 0)
    assert regions.home[loop.carries[0].after] is regions.body(branch, 0)


def test_chains_and_loops():
    _, regions, (_, _, counted, _, branch, _, loop, _, deep) = nested()
    region = regions.home[deep.var]
    assert region.chain() == (regions.root, regions.body(counted), regions.body(branch, 0), regions.body(loop))
    assert region.loops == (regions.body(counted), regions.body(loop))
    assert region.outermost() is counted and regions.root.outermost() is None
    assert regions.body(branch, 1).loops == (regions.body(counted),)


def test_order_is_that_of_the_text():
    program, regions, _ = nested()
    assert [regions.order[id(statement)] for statement in walk(program.body)] == list(range(8))


def test_definitions():
    _, regions, (param, first, counted, _, _, _, loop, _, deep) = nested()
    assert regions.definition[first.var] is first and regions.definition[deep.var] is deep
    assert regions.definition[counted.counter] is counted
    assert regions.definition[loop.carries[0].inside] is regions.definition[loop.carries[0].after] is loop
    assert param not in regions.definition


def test_places_of_statements():
    _, regions, (_, first, counted, _, branch, _, _, _, deep) = nested()
    assert regions.at[id(first)] is regions.at[id(counted)] is regions.root
    assert regions.at[id(branch)] is regions.body(counted)
    assert regions.at[id(deep)].loops[0].owner is counted
