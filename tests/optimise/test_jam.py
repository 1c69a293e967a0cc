"""Unroll and jam: which loops are taken, and that everything that changes place stays in order."""

import random

import numpy as np
import pytest

import adtrans
from adtrans import ir
from adtrans.backend.python import load_module
from adtrans.ir import For, verify
from adtrans.optimise import block, jam
from adtrans.optimise.simplify import simplify
from adtrans.write import write
from tests.lower.texts import function
from tests.optimise.test_fuse import all_for_fusion, lowered

HEAD = "def f(p, q, s, x, n, m):\n    total = 0.0\n    at = 0\n"
TAIL = "\n    return total + at + np.sum(p * q) + np.sum(s * np.arange(40.0)) + np.sum(x * np.arange(40.0) ** 2)\n"
TAKEN = {
    "a sum for each row": """
    for r in range(n):
        acc = x[r]
        for b in range(m):
            acc += p[r, b] * s[b]
        total += acc
    """,
    "rows that are changed": """
    for r in range(n - 1, 0, -1):
        t = x[r]
        for b in range(m):
            q[r, b] += s[b] * t
            s[b] = s[b] * 0.5 + q[r, b]
        total += t * 2.0
    """,
    "other rows are read": """
    for r in range(n):
        for b in range(m):
            q[0, b] += q[n - 1 - r, b] * s[b]
    """.replace("q[n - 1 - r, b]", "p[n - 1 - r, b]"),
    "a number counted up": """
    for r in range(n):
        t = x[at]
        at += 2 - 1
        for b in range(m):
            s[b] += t * p[r, b]
    """,
    "a number from row to row, needed after": """
    for r in range(n):
        acc = 0.0
        for b in range(m):
            acc += p[r, b] * s[b]
        total = total * 0.5 + acc
    """,
    "columns": """
    for r in range(n):
        for b in range(m):
            p[b, 0] += p[b, 0] * q[b, r]
    """,
}
LEFT = {
    "the neighbour is read": """
    for r in range(n):
        for b in range(m):
            s[b] += s[b + 1] * p[r, b]
    """,
    "elements meet on a diagonal": """
    for r in range(n):
        for b in range(m):
            x[r + b] += p[r, b] * s[b]
    """,
    "what the last one left is read before": """
    for r in range(n):
        t = s[r]
        for b in range(m):
            s[b] += p[r, b] * t
    """,
    "what the last one left is read within": """
    for r in range(n):
        acc = 0.0
        for b in range(m):
            acc += s[b] * p[r, b]
        s[r] += acc
    """,
    "a number from row to row": """
    for r in range(n):
        acc = total
        for b in range(m):
            acc = acc * 0.5 + s[b] * p[r, b]
        total = acc
    """,
    "a number from row to row, needed within": """
    for r in range(n):
        acc = 0.0
        for b in range(m):
            acc += s[b] * p[r, b] * total
        total = acc
    """,
    "lengths that differ": """
    for r in range(n):
        acc = 0.0
        for b in range(r):
            acc += s[b] * p[r, b]
        total += acc
    """,
    "little in common": """
    for r in range(n):
        for b in range(m):
            p[r, b] = p[r, b] * q[r, b] + s[b]
    """,
    "nothing in common": """
    for r in range(n):
        for b in range(m):
            p[r, b] *= 2.0
    """,
    "two loops within": """
    for r in range(n):
        for b in range(m):
            s[b] += p[r, b]
        for b in range(m):
            s[b] *= 0.5
    """,
}


def arrays():
    rng = np.random.default_rng(3)
    return rng.normal(size=(9, 9)), rng.normal(size=(9, 9)), rng.normal(size=40), rng.normal(size=40)


def jammed(body, *sizes):
    """A program as it is and after `jam`, all its innermost loops taken for such over the iterations of a block."""
    fun = function(HEAD + body + TAIL)
    program, *_ = lowered(fun, *arrays(), *sizes)
    program = all_for_fusion(program)
    for loop in ir.walk(program.body):
        if isinstance(loop, For) and not any(isinstance(item, For) for item in loop.body):
            loop.counter.lane = True
    return program, jam.jam(program)


def results(program, sizes):
    return load_module(write(program, "p"), "p", "p")(*arrays(), *sizes)


def same(program, made):
    better = verify(simplify(verify(made)))
    for sizes in [(n, m) for n in range(9) for m in (0, 1, 7)]:
        assert results(better, sizes) == results(program, sizes)


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name):
    program, made = jammed(TAKEN[name], 5, 6)
    assert made is not program
    same(program, made)


@pytest.mark.parametrize("name", LEFT)
def test_left(name):
    program, made = jammed(LEFT[name], 5, 6)
    assert made is program


def nest(rng):
    """A random nest, of which some can be taken and some cannot."""
    near = ("r", "r", "r + 1", "0", "at")
    inner = ("b", "b", "b", "b + 1", "r", "r + b", "0")
    spots = [f"{array}[{row}, {column}]" for array in "pq" for row in ("r", "r", "r + 1", "b", "0")
             for column in ("b", "b", "b", "0", "r")]
    spots += [f"{array}[{place}]" for array in "sx" for place in inner]
    few = rng.sample(spots, 3)
    before = [rng.choice(["t = x[{}]", "t = s[{}] * 0.5", "x[{}] = x[{}] * 0.5", "t = 0.3", "at += 1 - 0 * {}"])
              for _ in range(rng.randrange(3))]
    within = [rng.choice(["acc += {} * {}", "{} += {} * 0.5", "{} = {} * 0.25 + 0.1 * t", "acc += {} * t * {}"])
              for _ in range(rng.randrange(1, 4))]
    after = [rng.choice(["total += acc", "x[{}] += acc", "s[{}] = acc", "total = total * 0.5 + acc + 0 * {}",
                         "at += 1 + 0 * {}"]) for _ in range(rng.randrange(3))]

    def filled(texts, places):
        return [text.replace("{}", rng.choice(places), 1).replace("{}", rng.choice(places)) for text in texts]

    header = rng.choice(["for r in range(n):", "for r in range(n - 1, -1, -1):", "for r in range(1, n):"])
    start = rng.choice(["acc = 0.0", "acc = 0.0", "acc = t", "acc = total"])
    lines = ["t = 0.7", header, *("    " + line for line in ["t = 0.2", *filled(before, near), start]),
             "    for b in range(m):", *("        " + line for line in filled(within, few)),
             *("    " + line for line in filled(after, near))]
    return "\n".join("    " + line for line in lines)


@pytest.mark.parametrize("seed", range(5))
def test_random_nests(seed):
    rng, taken = random.Random(seed), 0
    for _ in range(60):
        program, made = jammed(nest(rng), 5, 6)
        if made is not program:
            taken += 1
            same(program, made)
    assert taken > 3


def test_in_gradients(monkeypatch):
    monkeypatch.setattr(block, "WIDTH", 3)
    monkeypatch.setattr(block, "SHORT", 0)
    fun = function("""
        def f(x, w):
            total = 0.0
            for i in range(len(x)):
                value = 0.0
                for j in range(len(w)):
                    value = value * x[i] + w[j]
                total += value * value
            return total
    """)
    x, w = np.linspace(-0.7, 0.9, 7), np.linspace(0.3, 1.2, 11)
    gradient = adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)
    assert "// 4 * 4" in gradient.inspect_source(x, w)
    for call in (gradient, gradient.interpreted):
        value, bars = call(x, w)
        assert value == pytest.approx(fun(x, w), rel=1e-13)
        for at, bar in enumerate(bars):
            for k in range(len(bar)):
                args = [x + 0j, w + 0j]
                args[at][k] += 1e-30j
                assert bar[k] == pytest.approx(fun(*args).imag / 1e-30, rel=1e-10)
