"""Loops divided at their ends: what is asked, the parts, and random loops against the complex step."""

import random
import re

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function

DIVIDED = {
    "both ends": "for i in range(n):\n    a = x[i - 1] if i > 0 else 0.0\n    b = x[i + 1] if i < n - 1 else 0.0\n"
                 "    y[i] = a * b * x[i]",
    "branches": "for i in range(n):\n    if i == 0:\n        y[i] = x[i] * x[i]\n    elif i == n - 1:\n"
                "        y[i] = 3.0 * x[i]\n    else:\n        y[i] = x[i - 1] * x[i + 1]",
    "both at once": "for i in range(n):\n    if 0 < i < n - 1:\n        y[i] = x[i - 1] * x[i + 1]",
    "either": "for i in range(n):\n    if i == 0 or i >= n - 1:\n        y[i] = 2.0 * x[i]\n    else:\n"
              "        y[i] = x[i - 1] * x[i]",
    "two": "for i in range(n):\n    if i >= 2 and i < n - 2:\n        y[i] = x[i - 2] * x[i + 2]\n    else:\n"
           "        y[i] = x[i] * x[0]",
    "carried": "s = 1.0\nfor i in range(n):\n    s = s * 0.5 + (x[i - 1] if i >= 1 else 2.0)\n"
               "    if i < n - 1:\n        s += x[i + 1] * s\n    y[i] = s",
    "not from zero": "for i in range(2, n - 1):\n    if i > 2:\n        y[i] = x[i - 3] * x[i]\n    if n - 2 > i:\n"
                     "        y[i + 1] = y[i] * x[i + 1]",
    "the other way": "for i in range(n):\n    if not (0 >= i):\n        y[i] = x[i - 1] * x[i]",
    "in a loop": "for t in range(3):\n    for i in range(n):\n        a = x[i - 1] if i > 0 else 0.0\n"
                 "        y[i] = y[i] * 0.5 + a * x[i] + y[i] * y[i]",
    "from the end": "for i in range(n):\n    if i > 0:\n        y[i] = x[i - 1] * x[-i]",
    "given limits": "for i in range(k, n):\n    if i > k:\n        y[i] = x[i - 1] * x[i]\n    else:\n        y[i] = x[i]",
}
WHOLE = {
    "the middle": "for i in range(n):\n    if i < n // 2:\n        y[i] = x[i] * x[i]",
    "data": "for i in range(n):\n    if x[i] > 0.5:\n        y[i] = x[i] * x[i]",
    "another counter": "for t in range(9):\n    for i in range(n):\n        if t > 0:\n            y[i] += x[i] * x[i]",
    "backwards": "for i in range(n - 1, -1, -1):\n    if i > 0:\n        y[i] = x[i - 1]",
    "an end": "for i in range(n):\n    if i > 0:\n        y[i] = x[i - 1]\n        if x[i] < 0.0:\n            break",
}

MIDDLE = re.compile(r"for i in range\(([123]|n_\d), n(_\d)?\)")


def made(text):
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    return adtrans.value_and_grad(function(
        f"def f(x, k):\n    n = len(x)\n    y = x * 0.0\n{lines}    s = 0.0\n    for i in range(n):\n"
        "        s += y[i] * (i + 1.0)\n    return s\n"), cache=False)


def check(gradient, sizes=range(7), run="interpreted", ks=(0, 1, 2)):
    for n in sizes:
        for k in ks:
            x = np.random.default_rng(n).uniform(0.3, 0.9, n)
            wanted = [gradient.py_func(x + 1e-30j * unit, k).imag / 1e-30 for unit in np.eye(n)]
            value, found = (gradient if run == "compiled" else gradient.interpreted)(x, k)
            assert value == pytest.approx(gradient.py_func(x, k), rel=1e-13)
            assert found == pytest.approx(wanted, rel=1e-12, abs=1e-14), n


@pytest.mark.parametrize("name", DIVIDED)
def test_divided(name):
    gradient = made(DIVIDED[name])
    check(gradient)
    assert MIDDLE.search(gradient.source)


@pytest.mark.parametrize("name", ("both ends", "two", "carried", "in a loop", "from the end"))
def test_compiled(name):
    check(made(DIVIDED[name]), (0, 1, 2, 3, 5, 40), "compiled")


@pytest.mark.parametrize("name", WHOLE)
def test_whole(name):
    gradient = made(WHOLE[name])
    if name not in ("data", "an end"):
        check(gradient)
    assert not MIDDLE.search(gradient.inspect_source(np.ones(5), 0))


@pytest.mark.parametrize("n", (0, 1, 2, 3))
def test_first_error(n):
    """An index that is out of range fails in the iteration in which it does, after what was done before it."""
    gradient = made("for i in range(n):\n    if i < n - 1:\n        y[i] = x[i + 1]\n    else:\n        y[i] = x[i + 1]")
    if n == 0:
        check(gradient, (0,))
    else:
        with pytest.raises(IndexError, match=f"index, size = {n} {n}"):
            gradient(np.ones(n), 0)


def random_text(rng):
    """A loop with questions about its ends, nested and joined in any way."""
    start, stop = rng.choice(("0", "0", "1", "2", "k")), rng.choice(("n", "n", "n - 1", "n - 2"))

    def test():
        if rng.random() < 0.5:
            other = rng.choice((start, f"{start} + 1", f"{start} + 2"))
        else:
            other = rng.choice((stop, f"{stop} - 1", f"{stop} - 2", f"{stop} - 3"))
        op = rng.choice(("<", "<=", ">", ">=", "==", "!="))
        return f"i {op} {other}" if rng.random() < 0.7 else f"{other} {op} i"

    def joined():
        kind = rng.random()
        if kind < 0.6:
            return test()
        return f"not ({test()})" if kind < 0.7 else f"{test()} {rng.choice(('and', 'or'))} {test()}"

    def element():
        return f"x[(i + {rng.randrange(3)}) % n]" if rng.random() < 0.3 else \
            rng.choice(("x[i]", "x[i - 1]", "x[i - 2]", "y[i]", "s", "x[n - 1 - i]"))

    def statement(indent):
        body = rng.choice((f"y[i] = {element()} * {element()}", f"s = s * 0.5 + {element()} * x[i]",
                           f"y[i - 1] += {element()}", f"s += {element()} if {joined()} else {element()} * s"))
        if indent < 3 and rng.random() < 0.6:
            inner = "".join(statement(indent + 1) for _ in range(rng.randrange(1, 3)))
            other = f"{'    ' * indent}else:\n{statement(indent + 1)}" if rng.random() < 0.5 else ""
            return f"{'    ' * indent}if {joined()}:\n{inner}{other}"
        return f"{'    ' * indent}{body}\n"

    body = "".join(statement(1) for _ in range(rng.randrange(1, 4)))
    return f"s = 1.0\nfor i in range({start}, {stop}):\n{body}s = s + 0.0\nfor i in range(n):\n    y[i] = y[i] + s"


@pytest.mark.parametrize("seed", range(60))
def test_random(seed):
    gradient = made(random_text(random.Random(seed)))
    for n in range(1, 8):
        try:
            gradient.py_func(np.ones(n), 2)
        except IndexError:
            with pytest.raises(IndexError):
                gradient.interpreted(np.ones(n), 2)
        else:
            check(gradient, (n,), ks=(2,))
