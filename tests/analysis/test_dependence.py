"""Which elements are written to again after an access: the answer of the analysis against what runs show.

Each program has loads and stores; a run of it tells for each access whether its element is written to afterwards.
"""

import random

import numpy as np
import pytest

import adtrans
from adtrans.analysis.dependence import Dependence
from adtrans.analysis.regions import Regions
from adtrans.build import Builder, const
from adtrans.ir import INT, Accumulate, Array, For, Let, Load, Program, Store, Var, walk
from tests.lower.texts import function


def tapes(text, *args):
    """Whether the gradient of a function keeps anything on a tape."""
    gradient = adtrans.grad(function(text), cache=False)
    source = gradient.inspect_source(*args)
    return "tape" in source or "append" in source


SQUARE = np.linspace(1.0, 2.0, 9).reshape(3, 3)
VECTOR = np.linspace(1.0, 2.0, 6)


@pytest.mark.parametrize("text", [
    """
    def f(a):
        for i in range(len(a)):
            for j in range(i):
                a[i, j] /= a[j, j]
        return np.sum(a)
    """,
    """
    def f(a):
        for i in range(len(a)):
            for j in range(i):
                for k in range(j):
                    a[i, j] -= a[i, k] * a[j, k]
        return np.sum(a)
    """,
    """
    def f(x):
        x = x.copy()
        for i in range(1, len(x)):
            x[i] = np.sin(x[i - 1])
        return x[-1]
    """,
])
def test_elements_that_are_final_when_read_are_not_kept(text):
    assert not tapes(text, SQUARE if "a[" in text else VECTOR)


@pytest.mark.parametrize("text", [
    """
    def f(x):
        x = x.copy()
        for i in range(len(x) - 1):
            x[i] = x[i] * x[i + 1]
        return np.sum(x)
    """,
    """
    def f(x):
        x = x.copy()
        for t in range(2):
            for i in range(1, len(x)):
                x[i] = x[i] * x[i - 1]
        return x[-1]
    """,
])
def test_elements_written_again_are_kept(text):
    assert tapes(text, VECTOR)


EXTENT = 12


def nest(rng):
    """A random nest of loops that reads and writes one array."""
    array, build = Var(Array("f8", 2)), Builder()

    def index(counters):
        picked = rng.choice([*counters, const(rng.randint(0, 3))])
        found = build.prim("add", picked, const(rng.randint(0, 2)))
        if rng.random() < 0.2 and len(counters) > 1:
            found = build.prim("min", found, rng.choice(counters))
        return found

    def access(counters):
        where = index(counters), index(counters)
        if rng.random() < 0.5:
            build.load(array, where)
        elif rng.random() < 0.7:
            build.store(array, where, const(1.0))
        else:
            build.accumulate(array, where, const(1.0))

    def level(depth, counters):
        for _ in range(rng.randint(1, 2)):
            access(counters)
        if depth < 3:
            for _ in range(rng.randint(0 if depth else 1, 2)):
                loop(depth, counters)
        if rng.random() < 0.5:
            access(counters)

    def loop(depth, counters):
        counter = Var(INT)
        limit = rng.choice([const(3), *[c for c in counters if isinstance(c, Var)]])
        start, stop, step = rng.choice([(const(0), limit, 1), (limit, const(-1), -1), (const(1), const(4), 1),
                                        (const(0), const(4), 2), (const(4), const(0), -2), (limit, const(4), 1)])
        with build.block() as block:
            level(depth + 1, [*counters, counter])
        build.emit(For(counter, start, stop, const(step), (), tuple(block.body)))

    loop(0, [const(0)])
    return Program("f", (array,), tuple(build.here.body), ())


def element_access(statement):
    match statement:
        case Let(_, Load(_, index)) | Store(_, index) | Accumulate(_, index):
            return index
    return None


def history(program):
    """Every access of a run, in order: its statement and element."""
    known, done = {}, []

    def number(operand):
        return known[operand] if isinstance(operand, Var) else operand.value

    def run(body):
        for statement in body:
            index = element_access(statement)
            if index is not None:
                done.append((statement, tuple(map(number, index))))
            elif isinstance(statement, For):
                for value in range(*map(number, (statement.start, statement.stop, statement.step))):
                    known[statement.counter] = value
                    run(statement.body)
            else:
                a, b = map(number, statement.expr.args)
                known[statement.var] = a + b if statement.expr.op == "add" else min(a, b)

    run(program.body)
    return done


def overwritten(done):
    """The pairs of an access and a write to the same element after it."""
    return {(id(first), id(second)) for at, (first, place) in enumerate(done) for second, other in done[at + 1:]
            if place == other and isinstance(second, (Store, Accumulate))}


def test_no_write_is_overlooked_and_most_that_do_not_matter_are_seen():
    rng, proven, harmless = random.Random(0), 0, 0
    for _ in range(400):
        program = nest(rng)
        dependence, found = Dependence(program, Regions(program)), overwritten(history(program))
        accesses = [statement for statement in walk(program.body) if element_access(statement) is not None]
        for access in accesses:
            for write in accesses:
                if not isinstance(write, (Store, Accumulate)):
                    continue
                free = (id(access), id(write)) not in found
                said = not dependence.overwrites(write, access, 0)
                assert free or not said
                proven, harmless = proven + said, harmless + free
    assert harmless > 1000 and proven > 0.4 * harmless
