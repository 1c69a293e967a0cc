"""Loops in blocks: which ones are, and that they compute what they did."""

import random
import textwrap

import numpy as np
import pytest

import adtrans
from adtrans.optimise import block
from tests import duals
from tests.lower.texts import function

X, W, K = np.linspace(0.4, 1.6, 7), np.array([0.7, -0.3, 1.1]), np.array([2, 0, 1, 1, 2, 0, 2])


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """Several blocks, the last of them not full."""
    monkeypatch.setattr(block, "WIDTH", 3)
    monkeypatch.setattr(block, "SHORT", 0)


def made(body):
    fun = function("def f(x, w, k):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n")
    return fun, adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)


def in_blocks(gradient):
    return "for first in range(" in gradient.inspect_source(X, W, K)


def right(fun, gradient, run="interpreted"):
    call = gradient.interpreted if run == "interpreted" else gradient
    value, bars = call(X, W, K)
    assert value == pytest.approx(fun(X.copy(), W.copy(), K), rel=1e-12)
    for at, (bar, arg) in enumerate(zip(bars, (X, W))):
        expected = []
        for step in np.eye(len(arg)) * 1e-30j:
            args = [X + 0j, W + 0j, K]
            args[at] = arg + step
            expected.append(fun(*args).imag / 1e-30)
        assert bar == pytest.approx(expected, rel=1e-9, abs=1e-11)


TAKEN = {
    "distances": """
    total = 0.0
    for i in range(len(x)):
        square = 0.0
        for j in range(len(w)):
            d = x[i] - w[j]
            square += d * d
        total += np.exp(-square)
    return total
    """,
    "scratch": """
    s = x[:3] * 0.0
    total = w[0] * 1.0
    for i in range(1, len(x)):
        for j in range(3):
            s[j] = x[i - 1] * w[j]
        at = 1
        for j in range(2):
            for r in range(j + 1, 3):
                s[r] += w[at] * s[j] * s[j]
                at += 1
            at = 0
        for j in range(3):
            total += s[j] * x[i]
    return total / len(x)
    """,
    "branches": """
    total = 0.0
    for i in range(len(x)):
        y = x[i]
        for j in range(len(w)):
            if k[i] == j:
                y = y * w[j]
            elif k[i] > 1:
                y += w[j] * y
        if k[i] != 1:
            total -= y * y
    return total
    """,
    "gathered": """
    total = 0.0
    for i in range(len(x)):
        c = k[i]
        y = 1.0
        for j in range(4):
            y = y * w[c] + x[i]
            c = (c + 1) % 3
        total += y
    return total
    """,
    "several sums": """
    a = 0.0
    b = w[1]
    for i in range(len(x)):
        for j in range(len(w)):
            a += x[i] * w[j]
            for l in range(j):
                b -= w[l] * x[i] * x[i]
        b += x[i]
    return 2.0 * a - b
    """,
    "own arrays": """
    total = 0.0
    for i in range(len(x)):
        d = np.zeros(len(w)) + x[i]
        for j in range(len(w)):
            d[j] = d[j] * w[j]
        total += np.sum(d * d)
    return total
    """.replace("np.zeros(len(w)) + x[i]", "w * 0.0 + x[i]"),
    "an array for each block": """
    total = 0.0
    for i in range(len(x)):
        zeros = np.zeros(len(x))
        y = x[i]
        for j in range(len(w)):
            zeros[j] = 0.4
        total -= zeros[0] * y
    return np.sin(total) * w[0]
    """,
    "ranges read anew": """
    total = 0.0
    for i in range(len(x)):
        y = x[i]
        for j in range(k[0]):
            for l in range(k[j], 3):
                y = y * w[l] + x[i]
        total += y * y
    return total
    """,
    "arrays only read": """
    total = 0.0
    for i in range(len(x)):
        zeros = np.zeros(4)
        y = x[i]
        for j in range(len(w)):
            y = y * w[j] + zeros[j + 1]
        total += y * len(zeros)
    return total
    """,
}
LEFT = {
    "ranges that differ": """
    total = 0.0
    for i in range(len(x)):
        for j in range(k[i]):
            total += x[i] * w[j]
    return total
    """,
    "a recurrence": """
    y = w[0]
    for i in range(len(x)):
        for j in range(len(w)):
            y = y * 0.5 + x[i] * w[j]
    return y
    """,
    "no loop within": """
    total = 0.0
    for i in range(len(x)):
        total += x[i] * w[k[i]]
    return total
    """,
    "results in memory": """
    y = x * 0.0
    total = 0.0
    for i in range(len(x)):
        for j in range(len(w)):
            y[i] = y[i] + x[i] * w[j]
        total += y[i]
    return total + y[1]
    """,
    "while": """
    total = 0.0
    for i in range(len(x)):
        y, m = x[i], 0
        for j in range(2):
            while m < k[i]:
                y, m = y * w[m], m + 1
        total += y
    return total
    """,
}


@pytest.mark.parametrize("name", TAKEN)
def test_loops_taken_in_blocks(name):
    fun, gradient = made(TAKEN[name])
    assert in_blocks(gradient)
    right(fun, gradient)
    right(fun, gradient, "compiled")


@pytest.mark.parametrize("name", LEFT)
def test_loops_left_as_they_are(name):
    fun, gradient = made(LEFT[name])
    assert not in_blocks(gradient)
    right(fun, gradient)


def test_indices_are_checked():
    def fun(x, y, w):
        total = 0.0
        for i in range(len(x)):
            for j in range(len(w)):
                total += (x[i] - y[i]) * w[j]
        return total

    gradient = adtrans.grad(fun, cache=False)
    for call in (gradient, gradient.interpreted):
        assert np.allclose(call(np.ones(8), np.ones(8), np.ones(2)), 2.0)
        assert np.allclose(call(np.ones(0), np.ones(0), np.ones(2)), np.zeros(0))
        for extent in (1, 5, 7):
            with pytest.raises(IndexError, match=r"test_block.py:\d+: index out of bounds for axis 0") as caught:
                call(np.ones(8), np.ones(extent), np.ones(2))
            assert str(caught.value).endswith(f"size = {extent} {extent}")


def test_what_fails_first_is_told():
    """The loop is left as it is where an iteration could fail for another reason than an earlier one."""
    def fun(x, w, k):
        total = 0.0
        for i in range(len(x)):
            y = x[i]
            for j in range(len(w)):
                y = y * w[j] + x[i]
                if y > 100.0:
                    raise ValueError("too large")
            total += y * w[k[i]]
        return total

    gradient = adtrans.grad(fun, cache=False)
    x, k = X.copy(), K.copy()
    assert np.all(np.isfinite(gradient.interpreted(x, W, k)))
    x[2], k[0] = 500.0, 3
    for call in (fun, gradient.interpreted):
        with pytest.raises(IndexError):
            call(x, W, k)
    k[0], k[2] = 0, 3
    for call in (fun, gradient.interpreted):
        with pytest.raises(ValueError, match="too large"):
            call(x, W, k)


def test_what_every_iteration_fails_by():
    """Checks of several kinds, each of which fails in all iterations or in none: the first is told."""
    def fun(x, w, v):
        total = 0.0
        row = np.empty(len(w))
        for i in range(len(x)):
            for j in range(len(w)):
                row[j] = (x[i] - v[j]) ** 2 * w[j]
            top = row.max()
            total += top + np.log(np.sum(np.exp(row - top)))
        return total

    gradient = adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)
    assert "for first in range(" in gradient.inspect_source(X, W, W)
    value, bars = gradient.interpreted(X, W, W + 0.1)
    expected, wanted = duals.gradient(fun, (X, W, W + 0.1), (0, 1))
    assert value == pytest.approx(expected, rel=1e-13)
    for bar, other in zip(bars, wanted, strict=True):
        np.testing.assert_allclose(bar, other, rtol=1e-11, atol=1e-13)
    for call in (gradient, gradient.interpreted):
        with pytest.raises(IndexError, match="size = 2 2"):
            call(X, W, W[:2])
        with pytest.raises(ValueError, match="zero-size array"):
            call(X, W[:0], W[:0])
        assert call(X[:0], W[:0], W[:0])[0] == 0.0
        assert call(X[:0], W, W[:2])[0] == 0.0


def test_second_derivatives_and_forward_mode():
    fun, _ = made(TAKEN["distances"])
    v = np.linspace(-1.0, 1.0, 7)
    product = adtrans.hvp(fun)(v, X, W, K)
    gradient = adtrans.grad(fun)
    assert np.allclose(product, (gradient(X + 1e-6 * v, W, K) - gradient(X - 1e-6 * v, W, K)) / 2e-6, atol=1e-7)
    assert adtrans.jvp(fun, (X, W, K), (v, np.zeros(3), None))[1] == pytest.approx(gradient(X, W, K) @ v)


ROWS = {
    "nearest": """
    total = 0.0
    for i in range(a.shape[0]):
        nearest = 9.0
        for c in range(len(w)):
            square = w[c] * w[c]
            for j in range(a.shape[1]):
                square += (a[i, j] - w[c]) * (a[i, j] - w[c])
            if square < nearest:
                nearest = square
        total += nearest * a[i, 0]
    return total
    """,
    "columns apart": """
    total = 0.0
    for i in range(a.shape[0]):
        y = w[0]
        for c in range(2):
            for j in range(a.shape[1] - 1, 0, -1):
                y = y * a[i, j] + a[i, j - 1] * a[i, c]
        total += y
    return total
    """,
    "more rows than points": """
    total = 0.0
    for i in range(a.shape[0] - 2):
        y = w[1]
        for c in range(2):
            for j in range(2):
                y = y * a[i, j] + w[j]
        total += y
    return total
    """,
    "rows of another": """
    total = 0.0
    for i in range(n):
        y = w[1]
        for c in range(2):
            for j in range(2):
                y = y * a[i, j] + w[j]
        total += y
    return total
    """}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("rows", [2, 3, 8])
def test_rows_laid_out(name, rows):
    fun = function("def f(a, w, n):\n" + textwrap.indent(textwrap.dedent(ROWS[name]).strip(), "    ") + "\n")
    gradient = adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)
    a = np.linspace(-0.4, 1.3, rows * 3).reshape(rows, 3)
    for call in (gradient.interpreted, gradient):
        value, (a_bar, w_bar) = call(a, W, rows)
        assert value == pytest.approx(fun(a, W, rows), rel=1e-12)
        assert ("a_rows" in gradient.source) == (name != "rows of another")
    slopes = [(fun(a + step, W, rows) - fun(a - step, W, rows)) / 2e-6
              for step in (np.eye(a.size) * 1e-6).reshape(-1, *a.shape)]
    assert a_bar.ravel() == pytest.approx(slopes, rel=1e-5, abs=1e-7)
    slopes = [(fun(a, W + step, rows) - fun(a, W - step, rows)) / 2e-6 for step in np.eye(3) * 1e-6]
    assert w_bar == pytest.approx(slopes, rel=1e-5, abs=1e-7)


def test_rows_that_are_not_there():
    def fun(a, w):
        total = 0.0
        for i in range(a.shape[0]):
            y = 0.0
            for c in range(2):
                for j in range(len(w)):
                    y += a[i, j] * w[j] * y + w[c]
            total += y * y
        return total

    gradient = adtrans.grad(fun, cache=False)
    for call in (gradient, gradient.interpreted):
        assert call(np.ones((4, 2)), np.ones(2)).shape == (4, 2)
        with pytest.raises(IndexError, match="axis 1"):
            call(np.ones((4, 2)), np.ones(3))


def random_body(rng):
    """Loops over points and parameters."""
    def number():
        return rng.choice(("x[i]", "w[j]", "w[1]", "y", "z", "s[j]", "s[0]", "x[i] * w[k[i]]", "t[j, 1]"))

    def test():
        return rng.choice(("k[i] == j", "k[i] > 0", "j > 0", "m == 1", "i % 2 == 0"))

    def statement(depth):
        match rng.randrange(8):
            case 0:
                return [f"y = {number()} * {number()} + 0.25"]
            case 1:
                return [f"z {rng.choice(('=', '+='))} {number()} * 0.5"]
            case 2:
                return [f"s[j] {rng.choice(('=', '+='))} {number()} * {number()}"]
            case 3:
                return [f"t[j, {rng.choice(('0', '1', 'm'))}] = {number()} - {number()}"]
            case 4:
                return [f"total {rng.choice(('+=', '-='))} {number()} * {number()}"]
            case 5:
                return [f"if {test()}:", *("    " + line for line in statement(0))] + (
                    ["else:", *("    " + line for line in statement(0))] if rng.random() < 0.5 else [])
            case 6 if depth:
                return ["for j in range(3):", *("    " + line for _ in range(2) for line in statement(depth - 1))]
        return ["m = (m + 1) % 2"]

    lines = ["s = w * 0.0", "t = np.outer(w, w)[:, :2] * 0.0", "total = 0.0", "m = 0",
             f"for i in range({rng.choice((0, 1))}, len(x)):",
             "    y, z, m = x[i], w[0], 0", "    for j in range(3):", "        s[j] = x[i] * w[j]",
             "        t[j, 0] = x[i]", "        t[j, 1] = w[j]", "    for j in range(3):"]
    lines += ["        " + line for _ in range(rng.randint(1, 4)) for line in statement(1)]
    if rng.random() < 0.5:
        lines += ["    for j in range(2, -1, -1):"]
        lines += ["        " + line for _ in range(rng.randint(1, 3)) for line in statement(1)]
    return "\n".join([*lines, f"    total += {rng.choice(('y', 'z * y', 's[2]', 't[1, 1] * z'))}", "return total * 0.5"])


@pytest.mark.parametrize("part", range(8))
def test_random_loops(part):
    taken = 0
    for seed in range(part * 25, part * 25 + 25):
        fun, gradient = made(random_body(random.Random(seed)))
        right(fun, gradient)
        taken += in_blocks(gradient)
    assert taken > 5
