"""Loops over columns turned innermost: which ones are, and that they compute what they did."""

import random
import textwrap

import numpy as np
import pytest

import adtrans
from adtrans.optimise import block
from tests.lower.texts import function

RNG = np.random.default_rng(11)
A, B = RNG.normal(size=(4, 5)), RNG.normal(size=(5, 7))


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """Several blocks, the last of them not full."""
    monkeypatch.setattr(block, "WIDTH", 3)
    monkeypatch.setattr(block, "SHORT", 0)


def made(body):
    text = "def f(a, b):\n    c = np.zeros((len(a), b.shape[1])) + a[0, 0] * b[0, 0]\n"
    fun = function(text + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n    return np.sum(c * c)\n")
    return fun, adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)


def turned(gradient):
    return "for first in range(" in gradient.inspect_source(A, B)


def right(fun, gradient, run="interpreted"):
    value, bars = (gradient.interpreted if run == "interpreted" else gradient)(A, B)
    assert value == pytest.approx(fun(A.copy(), B.copy()), rel=1e-12)
    for at, (bar, arg) in enumerate(zip(bars, (A, B))):
        expected = []
        for step in np.eye(arg.size).reshape(-1, *arg.shape) * 1e-30j:
            args = [A + 0j, B + 0j]
            args[at] = args[at] + step
            expected.append(fun(*args).imag / 1e-30)
        assert bar.ravel() == pytest.approx(expected, rel=1e-9, abs=1e-11)


TURNED = {
    "product": """
    for i in range(len(a)):
        for j in range(b.shape[1]):
            total = 0.0
            for k in range(len(b)):
                total += a[i, k] * b[k, j] * b[k, j]
            c[i, j] = total
    """,
    "column in place": """
    b = b.copy()
    for i in range(4):
        for j in range(b.shape[1]):
            for k in range(i + 1, len(b)):
                b[i, j] += a[i, k] * b[k, j] * b[k, j]
            c[i, j] += b[i, j]
    """,
    "triangle": """
    for i in range(len(a)):
        for j in range(b.shape[1] - i):
            total = a[i, 0]
            for k in range(i + 1):
                total = total * 0.5 + b[k, j + i] * a[i, k]
            c[i, j + i] += total
    """,
    "largest of a column": """
    for j in range(b.shape[1]):
        top = b[0, j]
        for k in range(1, len(b)):
            if b[k, j].real > top.real:
                top = b[k, j]
        for i in range(len(a)):
            c[i, j] = top * a[i, 1]
    """.replace(".real", ""),
}
LEFT = {
    "to the left": """
    for i in range(len(a)):
        for j in range(1, b.shape[1]):
            total = 0.0
            for k in range(len(b)):
                total += a[i, k] * b[k, j]
            c[i, j] = total + c[i, j - 1]
    """,
    "one element": """
    for i in range(len(a)):
        for j in range(b.shape[1]):
            for k in range(len(b)):
                c[i, 0] = c[i, 0] * 0.5 + a[i, k] * b[k, j]
    """,
    "along rows already": """
    for i in range(len(a)):
        for k in range(len(b)):
            t = a[i, k]
            for j in range(b.shape[1]):
                c[i, j] += t * b[k, j]
    """,
    "carried": """
    y = a[0, 0]
    for i in range(len(a)):
        for j in range(b.shape[1]):
            for k in range(len(b)):
                y = y * 0.5 + b[k, j]
            c[i, j] = y
    """,
    "from the end": """
    for i in range(len(a)):
        for j in range(b.shape[1]):
            total = 0.0
            for k in range(len(b)):
                total += a[i, k] * b[k, j]
            c[i, j - 1] = total
    """,
}


@pytest.mark.parametrize("name", TURNED)
def test_loops_turned(name):
    fun, gradient = made(TURNED[name])
    assert turned(gradient)
    if "largest" in name:
        adtrans.check_grads(fun, (A, B), argnums=(0, 1))
        return
    right(fun, gradient)
    right(fun, gradient, "compiled")


@pytest.mark.parametrize("name", LEFT)
def test_loops_left_as_they_are(name):
    fun, gradient = made(LEFT[name])
    assert not turned(gradient)
    right(fun, gradient)


def random_body(rng):
    """Nests that write to matrices by columns, mostly."""
    def number():
        return rng.choice(("a[i, k]", "b[k, j]", "c[i, j]", "y", "d[k, j]", "a[i, 1] * b[0, j]", "b[k, j - 1]",
                           "c[i, j - 1]", "b[k, m]")[:rng.choice((6, 6, 6, 9))])

    def statement():
        return rng.choice((f"y {rng.choice(('=', '+='))} {number()} * {number()}", f"c[i, j] += {number()} * 0.5",
                           f"d[k, j] = {number()} * {number()} + 0.1", f"c[i, j] = {number()} - {number()}",
                           f"total += {number()} * {number()}", f"c[{rng.choice(('i', '0'))}, m] += {number()}",
                           "m = (m + 1) % 3"))

    lines = ["d = b * a[0, 1]", "total, m = a[0, 0] * 0.0, 0", "for i in range(len(a)):",
             f"    for j in range({rng.choice((0, 1))}, {rng.choice(('b.shape[1]', 'b.shape[1] - i'))}):",
             f"        y, k = {rng.choice(('a[i, 0]', 'b[1, j]'))}, 0"]
    if rng.random() < 0.4:
        lines.append(f"        {statement()}")
    lines.append(f"        for k in range({rng.choice(('len(b)', 'i', 'len(a)'))}):")
    lines += [f"            {statement()}" for _ in range(rng.randint(1, 3))]
    lines += ["        k = 2", f"        {statement()}", "        c[i, j] = c[i, j] * 0.5 + y"]
    return "\n".join([*lines, "c[0, 1] += total * 0.1"])


def test_arrays_without_axes():
    def fun(a, scale):
        c = np.zeros(a.shape)
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                c[i, j] = a[i, j] * scale[()]
        return np.sum(c * c)

    gradient = adtrans.grad(fun, argnums=1, cache=False)
    for call in (gradient, gradient.interpreted):
        assert call(A, np.array(2.0)) == pytest.approx(4.0 * np.sum(A * A))


@pytest.mark.parametrize("part", range(8))
def test_random_loops(part):
    count = [0, 0]
    for seed in range(part * 20, part * 20 + 20):
        fun, gradient = made(random_body(random.Random(seed)))
        with np.errstate(all="ignore"):
            right(fun, gradient)
        count[turned(gradient)] += 1
    assert min(count) > 0
