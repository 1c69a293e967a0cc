"""Loops reversed in place: which ones are, and that nothing is lost by it."""

import random
import textwrap

import numpy as np
import pytest

import adtrans
from adtrans import specialise
from adtrans.optimise import block
from tests.lower.texts import function

X, W = np.linspace(0.4, 1.6, 6), 0.7


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """Several blocks, the last of them not full."""
    monkeypatch.setattr(block, "WIDTH", 4)
    monkeypatch.setattr(block, "SHORT", 0)


def made(body, *args):
    """A function of x and w with this body, and the gradient of it."""
    fun = function("def f(x, w):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n")
    return fun, adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)


def in_place(text):
    """Whether a loop of the source that adds up adds to adjoints as well."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for at, line in enumerate(lines):
        if line.lstrip().startswith("for "):
            depth = len(line) - len(line.lstrip())
            inner = []
            for following in lines[at + 1:]:
                if following.strip() and len(following) - len(following.lstrip()) <= depth:
                    break
                inner.append(following)
            if any("total +=" in each or "total -=" in each or "total =" in each for each in inner) and any(
                    "_bar" in each for each in inner):
                return True
    return False


def right(fun, gradient, x=X, w=W):
    """Whether value and gradient are those of complex steps."""
    value, (x_bar, w_bar) = gradient.interpreted(x, w)
    assert value == pytest.approx(fun(x.copy(), w), rel=1e-12)
    steps = np.eye(len(x)) * 1e-30j
    expected = [fun(x + step, w + 0j).imag / 1e-30 for step in steps]
    assert x_bar == pytest.approx(expected, rel=1e-9, abs=1e-11)
    assert w_bar == pytest.approx(fun(x + 0j, w + 1e-30j).imag / 1e-30, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("body", [
    """
    total = 0.0
    for i in range(len(x)):
        t = x[i] * w
        total += t * t
    return total
    """,
    """
    total = w
    for i in range(len(x)):
        for j in range(i):
            if j % 2 == 0:
                total += x[i] * x[j]
            else:
                total -= x[j] * w
    return 3.0 - 0.5 * total / len(x)
    """,
    """
    s = x * 0.0 + 9.0
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            s[j] = x[i] * x[j]
        for j in range(1, len(x)):
            s[j] = s[j] + s[j - 1] * w
        total += s[i] * s[len(x) - 1 - i]
    return -total
    """,
    """
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i]
    for i in range(len(x)):
        total += x[i] * w
    return total * 2.0
    """,
    """
    s = x * 0.0
    for i in range(len(x)):
        s[i] = x[i] * x[i]
    total = 0.0
    for i in range(1, len(x)):
        total += (s[i] - s[i - 1]) * w
    return total + s[2]
    """,
    """
    total = 0.0
    k = 0
    for i in range(len(x)):
        k = (k * 5 + 3) % len(x)
        total += x[k] * x[i]
    return total
    """,
])
def test_loops_on_their_own(body):
    fun, gradient = made(body)
    right(fun, gradient)
    assert in_place(gradient.source)


@pytest.mark.parametrize("body", [
    """
    total = 0.0
    for i in range(len(x)):
        total += x[i] * total * w
        total += x[i]
    return total
    """,
    """
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i] * w
    return total * total
    """,
    """
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i] * w
    s = x * total
    return s[1]
    """,
    """
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        total += s[0] * x[i]
        s[0] = x[i] * w
    return total
    """,
    """
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        for j in range(1, len(x)):
            s[j] = x[i] * w
        total += s[0] * s[1]
        s[0] = x[i]
    return total
    """,
    """
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        for j in range(i):
            s[j] = x[i] * w
        for j in range(len(x)):
            total += s[j]
    return total
    """,
    """
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            s[j] = x[i] * w
        total += s[2]
    return total + s[1]
    """,
    """
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        total += s[i] * x[i]
    s[1] = w * w
    return total + s[1]
    """,
    """
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        if i % 2 == 0:
            for j in range(len(x)):
                s[j] = x[i] * w
        total += s[2]
    return total
    """,
    """
    total = 0.0
    other = 1.0
    for i in range(len(x)):
        total += x[i] * other
        other = x[i] * w
    return total
    """,
])
def test_loops_that_depend_on_each_other(body, monkeypatch):
    monkeypatch.setattr(specialise, "share", lambda program: program)  # adjoints in the place of tapes look alike
    fun, gradient = made(body)
    right(fun, gradient)
    assert not in_place(gradient.source)


@pytest.mark.parametrize("body", [
    """
    total = w * 0.1
    for i in range(len(x)):
        a = total + x[i]
        b = total + w * x[i]
        total = a + b
    return total
    """,
    """
    total = w * 0.1
    for i in range(len(x)):
        t = total
        for j in range(2):
            t = t + total
        total = t + x[i] * w
    return total
    """,
    """
    total = w * 0.1
    for i in range(len(x)):
        t = total + x[i]
        if i % 2 == 0:
            t = x[i] + (total + t)
        total = t
    return total
    """])
def test_a_sum_that_is_added_to_itself(body):
    fun, gradient = made(body)
    right(fun, gradient)
    assert not in_place(gradient.source)


@pytest.mark.parametrize("head, read, then", [
    ("q = p.reshape(2, -1)", "q[0, j]", "p[0] = p[0]"),
    ("q = p.reshape(2, 3).T", "q[j, 0]", "p[0] = p[0]"),
    ("q = p[:3] if len(x) > 3 else p[1:]", "q[j]", "p[0] = p[0]"),
    ("q, r = p, k + 0", "q[j]", "p, r = r, p"),
])
def test_memory_with_two_names(head, read, then):
    """What is read by one name and overwritten by another one is kept, although it has no derivative."""
    fun, gradient = made(f"""
        k = np.array([0, 1, 2, 2, 1, 0])
        p = k.copy()
        {head}
        total = 0.0
        for i in range(len(x)):
            y = x[i]
            for j in range(3):
                y = y * y * x[{read}] + w
            for j in range(3):
                p[j] = (p[j] + 1 + j) % 3
            {then}
            total += y
        return total
        """)
    right(fun, gradient)


@pytest.mark.parametrize("second", ["b = total * 1.0", "b = total", "b = w"])
@pytest.mark.parametrize("inner", ["b += x[i] * 2.0", "b = total", "b = total + w"])
def test_a_sum_that_two_sums_go_on_from(second, inner):
    """What a sum does to the result by way of a loop is counted once, and all of it."""
    fun, gradient = made(f"""
        total = 0.1 * w
        for i in range(len(x)):
            total += x[i] * x[i] * w
        a = total
        {second}
        for i in range(len(x)):
            a += x[i] * w
            {inner}
        return a + 3.0 * b
        """)
    right(fun, gradient)


def test_what_is_checked_first_fails_first():
    fun, gradient = made("""
        total = 0.0
        for i in range(len(x)):
            total += x[i] * x[i] * w
        if len(x) == 0:
            raise ValueError("nothing to average")
        return total / len(x)
        """)
    right(fun, gradient)
    with pytest.raises(ValueError, match="nothing to average"):
        gradient.interpreted(X[:0], W)


def test_tapes_of_one_iteration():
    _, gradient = made("""
        total = 0.0
        for i in range(len(x)):
            y = w
            for k in range(4):
                y = y * y * x[i]
            total += y
        return total
        """)
    text = gradient.inspect_source(X, W)
    assert "tape = np.empty((4, 4))" in text.split("for first in")[0]


def random_body(rng):
    """A loop over scratch memory and a sum, or something like it."""
    def expression(*more):
        return rng.choice(("x[i] * w", "w * w + x[0]", "x[i] * x[i]", *more))

    def places():
        low, high = rng.choice(((0, "n"), (1, "n"), (0, "n - 1"), (0, "i"), ("i", "n"), ("n - 1", -1), (0, 3)))
        return f"range({low}, {high}, -1)" if high == -1 else f"range({low}, {high})"

    def statement(depth):
        index = rng.choice(("0", "1", "n - 1", "i", "-1", "k"))
        match rng.randrange(9):
            case 0 | 1 | 2:
                return [f"for j in {places()}:", f"    s[j] = {expression('x[j] * x[i]')}"]
            case 3:
                return [f"for j in {places()}:", f"    s[j] = s[j] * {expression('s[0]')}"]
            case 4:
                return [f"s[{index}] = {expression()}"]
            case 5:
                return [f"for j in {places()}:", f"    total {rng.choice(('+=', '-='))} s[j] * {expression()}"]
            case 6:
                return [rng.choice(("total += s[{0}] * w", "total = x[i] + total", "total = s[{0}] - total",
                                    "total *= 1.01", "t = s[{0}] * w", "total += t")).format(index)]
            case 7 if depth:
                return [f"if {rng.choice(('i % 2 == 0', 'i > 1', 'k < 3'))}:",
                        *("    " + line for line in statement(depth - 1))]
            case 8:
                return [f"for j in {places()}:", f"    s[j] = {expression()}", "    total += s[j] * w"]
        return ["k = (k + 2) % n"]

    lines = ["n = len(x)", "s = x * 1.5", "t = w * 2.0", "k = 1", f"total = {rng.choice(('0.0', 'w', 'x[1]'))} * w"]
    loop = [line for _ in range(rng.randint(2, 5)) for line in statement(1)]
    lines += ["for i in range(n):", *("    " + line for line in loop)]
    if rng.random() < 0.3:
        lines += [rng.choice(("s[0] = w", "total += x[2]", "total = 2.0 * total - s[1]", "t = s[0] * t"))]
    return "\n".join([*lines, rng.choice(("return total", "return 0.5 * total / n", "return total * w + t",
                                          "return total + t * s[2]", "return total * total"))])


@pytest.mark.parametrize("part", range(10))
def test_random_loops(part):
    counts = [0, 0]
    for seed in range(part * 30, part * 30 + 30):
        fun, gradient = made(random_body(random.Random(seed)))
        right(fun, gradient)
        counts[in_place(gradient.source)] += 1
    assert min(counts) > 1
