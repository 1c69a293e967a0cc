"""Counters in step with a loop: which are computed from it, and that they are what they were."""

import numpy as np
import pytest

import adtrans
from adtrans import ir
from adtrans.backend.python import load_module
from adtrans.ir import For, verify
from adtrans.optimise.induct import induct
from adtrans.optimise.simplify import simplify
from adtrans.write import write
from tests.lower.texts import function
from tests.optimise.test_fuse import lowered

HEAD = "def f(x, n, m, k):\n    total = 0.0\n    at = k\n"
TAIL = "\n    return total + at\n"
TAKEN = {
    "up": """
    for i in range(n):
        total += x[at] * i
        at += 1
    """,
    "down and by more": """
    for i in range(n):
        at -= -2
        total += x[at - 2]
    """,
    "by what is not known": """
    for i in range(n):
        total += x[at]
        at += m
    """,
    "backwards": """
    for i in range(n - 1, 0, -1):
        total += x[at] * i
        at = 1 + at
    """,
    "a triangle": """
    for i in range(n):
        for j in range(i + 1, n):
            total += x[at] * j
            at += 1
        total *= 0.5
    """,
    "from somewhere": """
    for i in range(m, n):
        total += x[at] * i
        at += 3
        total -= x[at]
    """,
}
LEFT = {
    "now and then": """
    for i in range(n):
        if x[i] > 0.0:
            at += 1
        total += x[at]
    """,
    "doubled": """
    for i in range(n):
        at = at + at
        total += x[i]
    """,
    "by what changes": """
    for i in range(n):
        at = at + i
        total += x[i]
    """,
    "left early": """
    for i in range(n):
        at += 1
        total += x[at]
        if total > 1.0:
            break
    """,
    "every other": """
    for i in range(0, n, 2):
        at += 1
        total += x[at]
    """,
    "numbers that round": """
    for i in range(n):
        total += 0.1
    """,
}


def inducted(body):
    fun = function(HEAD + body + TAIL)
    program, *_ = lowered(fun, np.linspace(-0.9, 1.3, 60), 5, 2, 3)
    return fun, program, induct(program)


def carried(program):
    return sum(carry.inside.type == ir.INT for item in ir.walk(program.body) if isinstance(item, For)
               for carry in item.carries)


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name):
    fun, program, made = inducted(TAKEN[name])
    assert carried(made) < carried(program)
    better = load_module(write(verify(simplify(verify(made))), "p"), "p", "p")
    for n in range(7):
        for m in range(3):
            args = np.linspace(-0.9, 1.3, 60), n, m, 3
            assert better(*args) == fun(*args)


@pytest.mark.parametrize("name", LEFT)
def test_left(name):
    _, program, made = inducted(LEFT[name])
    assert made is program


def test_a_packed_triangle_keeps_few_places():
    fun = function("""
        def f(x, u):
            total = 0.0
            for i in range(len(u)):
                at = 0
                y = u[i]
                for j in range(3):
                    for row in range(j, 3):
                        y = y * x[at] + y * y
                        at += 1
                total += y
            return total
    """)
    x, u = np.linspace(0.2, 0.7, 6), np.linspace(0.1, 0.4, 3)
    gradient = adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)
    value, bars = gradient(x, u)
    assert value == pytest.approx(fun(x, u), rel=1e-13)
    for at, bar in enumerate(bars):
        for k in range(len(bar)):
            args = [x + 0j, u + 0j]
            args[at][k] += 1e-30j
            assert bar[k] == pytest.approx(fun(*args).imag / 1e-30, rel=1e-10)
    assert "at_tape = np.empty(3, dtype=np.int64)" in gradient.source
