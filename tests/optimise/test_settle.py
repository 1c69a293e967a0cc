"""Settling: fewer writes leave the same in memory."""

import random

import numpy as np
import pytest

from adtrans import ir
from adtrans.backend.python import load_module
from adtrans.ir import F8, INT, Accumulate, Array, Const, For, Let, Load, Prim, Program, Store, Var, verify
from adtrans.optimise.settle import settle
from adtrans.write import write

ZERO, ONE, THREE = Const(0, INT), Const(1, INT), Const(3, INT)


def program(*body, params):
    return Program("p", tuple(params), tuple(body), (), facts={"outputs": tuple(
        param for param in params if isinstance(param.type, Array))})


def contents(made, *args):
    copies = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
    load_module(write(verify(made), "p"), "p", "p")(*copies)
    return [arg for arg in copies if isinstance(arg, np.ndarray)]


def writes(made):
    return [type(statement).__name__ for statement in ir.walk(made.body) if isinstance(statement, (Store, Accumulate))]


def numbers(*values):
    return [Const(value, F8) for value in values]


X, K, V = Var(Array("f8", 1), "x"), Var(INT, "k"), Var(F8, "v")


def read(index=K, array=X):
    return Let(Var(F8), Load(array, (index,)))


def store(value, index=K, array=X):
    return Store(array, (index,), value)


def add(value, index=K, array=X):
    return Accumulate(array, (index,), value)


def settled(*body):
    made = program(*body, params=(X, K, V))
    better = settle(made)
    for k in (0, 2, -1):
        assert np.allclose(contents(made, np.arange(3.0), k, 0.5), contents(better, np.arange(3.0), k, 0.5))
    return writes(better)


def test_sums_are_stored_at_once():
    zero, two = numbers(0.0, 2.0)
    loaded = read()
    assert settled(loaded, store(zero), add(two)) == ["Store"]
    assert settled(loaded, store(zero), add(two), add(V)) == ["Store"]
    assert settled(add(two), add(V)) == ["Accumulate"]
    assert settled(add(two), store(V)) == ["Store"]
    assert settled(store(two), store(V), add(two, ZERO)) == ["Store", "Accumulate"]


def test_what_was_read_is_not_put_back():
    loaded = read()
    assert settled(loaded, store(Const(0.0, F8)), add(loaded.var)) == []
    assert settled(loaded, store(loaded.var)) == []
    assert settled(loaded, add(V), store(loaded.var)) == []
    assert settled(loaded, add(V, ZERO), store(loaded.var)) == ["Accumulate", "Store"]
    assert settled(add(V), loaded, store(Const(0.0, F8)), add(loaded.var)) == ["Accumulate"]


def test_a_read_in_between_sees_what_it_did():
    zero, other = Const(0.0, F8), read(ZERO)
    assert settled(store(zero), other, add(other.var)) == ["Store", "Accumulate"]
    inner = read()
    loop = For(Var(INT, "i"), ZERO, THREE, ONE, (), (inner, add(inner.var, ZERO)))
    assert settled(store(zero), loop, add(V)) == ["Store", "Accumulate", "Accumulate"]


def test_elements_known_to_be_apart_do_not_matter():
    i, following = Var(INT, "i"), Var(INT)
    loaded = read(i)
    body = (Let(following, Prim("add", (i, ONE))), loaded, store(Const(0.0, F8), i), add(V, following),
            read(following), add(loaded.var, i))
    assert settled(For(i, ZERO, Const(2, INT), ONE, (), body)) == ["Accumulate"]


@pytest.mark.parametrize("seed", range(200))
def test_random_statements(seed):
    """Any reads and writes of two arrays at places that may be one."""
    rng = random.Random(seed)
    other, i, near = Var(Array("f8", 1), "y"), Var(INT, "i"), Var(INT, "n")

    def statements(depth, count):
        known, made = [V, Const(0.0, F8), Const(1.5, F8)], []
        for _ in range(count):
            array, index = rng.choice((X, X, other)), rng.choice((i, near, K, ZERO, ONE))
            match rng.randrange(4 if depth else 3):
                case 0:
                    made.append(read(index, array))
                    known.append(made[-1].var)
                case 1:
                    made.append(store(rng.choice(known), index, array))
                case 2:
                    made.append(add(rng.choice(known), index, array))
                case 3:
                    made.append(For(Var(INT, "j"), ZERO, ONE, ONE, (), tuple(statements(0, 2))))
        return made

    body = (Let(near, Prim("add", (i, ONE))), *statements(1, 9))
    made = program(For(i, ZERO, Const(2, INT), ONE, (), body), params=(X, other, K, V))
    better = settle(made)
    assert len(writes(better)) <= len(writes(made))
    for k in (0, 1, 2, -1, -3):
        args = (np.array([0.25, -1.5, 2.0]), np.array([1.0, 0.5, -0.75]), k, 0.625)
        for one, two in zip(contents(better, *args), contents(made, *args)):
            assert np.allclose(one, two, rtol=1e-13, atol=0.0)
