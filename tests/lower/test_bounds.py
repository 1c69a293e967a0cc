"""Facts about integers: whatever is proven holds for every value the variables can take."""

import itertools
import random

import pytest

from adtrans.build import Builder, const
from adtrans.ir import BOOL, INT, Array, Prim, Var
from adtrans.lower.bounds import Bounds

EXTENTS = (0, 1, 2, 5)


def evaluate(build, operand, values):
    """The value of an operand, from those of variables that nothing defines."""
    if operand in values:
        return values[operand]
    if not isinstance(operand, Var):
        return operand.value
    match build.definitions[operand]:
        case Prim(op, args):
            a, *rest = (evaluate(build, arg, values) for arg in args)
            return {
                "add": lambda b: a + b, "sub": lambda b: a - b, "mul": lambda b: a * b, "neg": lambda: -a,
                "min": lambda b: min(a, b), "max": lambda b: max(a, b), "mod": lambda b: a % b,
                "floordiv": lambda b: a // b, "select": lambda b, c: b if a else c, "lt": lambda b: a < b,
            }[op](*rest)  # fmt: skip


def random_integer(rng, build, leaves, depth):
    if depth == 0 or rng.random() < 0.25:
        return rng.choice(leaves) if rng.random() < 0.7 else const(rng.randint(-2, 3))
    op = rng.choice(["add", "add", "sub", "mul", "min", "max", "mod", "floordiv", "neg", "select"])
    left = random_integer(rng, build, leaves, depth - 1)
    if op == "neg":
        return build.prim("neg", left)
    if op in ("mod", "floordiv"):
        return build.prim(op, left, const(rng.randint(1, 3)))
    right = random_integer(rng, build, leaves, depth - 1)
    if op == "select":
        return build.prim("select", build.prim("lt", left, right, type=BOOL), left, right)
    return build.prim(op, left, right)


@pytest.mark.parametrize("seed", range(150))
def test_what_is_proven_is_true(seed):
    rng = random.Random(seed)
    build = Builder()
    bounds = Bounds(build)
    x = Var(Array("f8", 1), "x")
    n = build.dim(x, 0)
    i, j = Var(INT, "i"), Var(INT, "j")
    start, step = const(rng.randint(-1, 2)), const(rng.choice([1, 2, -1, -2]))
    stop = build.prim("sub", n, const(rng.randint(0, 2)))
    outer = (start, stop) if step.value > 0 else (stop, start)
    bounds.counter(i, *outer, step)
    bounds.counter(j, const(0), i, const(1))
    operand = random_integer(rng, build, [n, i, j], 3)
    least, limit = rng.randint(-2, 2), rng.choice([n, i, const(3)])
    claims = bounds.at_least(operand, least), bounds.inside(operand, limit), bounds.at_most(operand, limit)
    for extent in EXTENTS:
        values = {n: extent}
        ends = [evaluate(build, end, values) for end in outer]
        for at in range(*ends, step.value):
            for inner in range(at):
                values |= {i: at, j: inner}
                found, most = (evaluate(build, each, values) for each in (operand, limit))
                assert not claims[0] or found >= least
                assert not claims[1] or found < most
                assert not claims[2] or found <= most


def test_what_loops_need_is_proven():
    build = Builder()
    bounds = Bounds(build)
    n = build.dim(Var(Array("f8", 1), "x"), 0)
    i = Var(INT, "i")
    bounds.counter(i, const(1), build.prim("sub", n, const(1)), const(1))
    for shift in (-1, 0, 1):
        index = build.prim("add", i, const(shift))
        assert bounds.inside(index, n) and bounds.at_least(index, 0)
    assert not bounds.inside(build.prim("add", i, const(2)), n)
    assert not bounds.at_least(build.prim("sub", i, const(2)), 0)


def test_a_loop_that_counts_down():
    build = Builder()
    bounds = Bounds(build)
    n = build.dim(Var(Array("f8", 1), "x"), 0)
    i = Var(INT, "i")
    bounds.counter(i, build.prim("sub", n, const(1)), const(-1), const(-1))
    assert bounds.inside(i, n) and bounds.at_least(i, 0)
    assert not bounds.at_least(i, 1)


def test_nothing_is_known_of_a_number_from_outside():
    bounds = Bounds(Builder())
    k = Var(INT, "k")
    assert not any(bounds.at_least(k, least) for least in (-100, 0, 100))
    assert not bounds.inside(k, const(10)) and not bounds.at_most(k, const(10))


def test_a_step_that_is_not_known_says_nothing():
    bounds = Bounds(Builder())
    i, step = Var(INT, "i"), Var(INT, "step")
    bounds.counter(i, const(0), const(10), step)
    assert not bounds.at_least(i, 0) and not bounds.inside(i, const(10))


def test_constants_are_compared():
    bounds = Bounds(Builder())
    for a, b in itertools.product(range(-2, 3), repeat=2):
        assert bounds.at_least(const(a), b) == (a >= b)
        assert bounds.inside(const(a), const(b)) == (a < b)
        assert bounds.at_most(const(a), const(b)) == (a <= b)
