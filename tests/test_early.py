"""Elements kept before the loop that reads them: which are, and that gradients are right where it does not run."""

import numpy as np
import pytest

import adtrans
from adtrans import tape
from tests.lower.texts import function

HEAD = """def f(x, w, n, m):
    s = np.zeros(6) * x[0]
    c = np.zeros(6) * x[0]
    total = 0.0
    for k in range(len(w)):
        for b in range(6):
            c[b] = x[b] * w[k]
"""
TAIL = "\n    return total + np.sum(s * s)\n"
TAKEN = {
    "in every row": """
        for row in range(n):
            for b in range(6):
                s[row] += c[b] * c[b]
    """,
    "rows of a triangle": """
        for j in range(6):
            for row in range(j + 1, 6):
                for b in range(6):
                    s[row] += c[b] * c[b] * x[j]
    """,
    "backwards, further on": """
        for row in range(n - 1, -1, -1):
            for b in range(4, 0, -1):
                s[row] += c[b + 1] * c[b - 1]
    """,
    "rows of rows": """
        for row in range(n):
            for again in range(m):
                for b in range(6):
                    s[row] += c[b] * c[b] + again
    """,
    "an index in another loop": """
        for b in range(6):
            for row in range(n):
                s[row] += c[b] * c[b]
    """,
}
LEFT = {
    "one element": """
        for row in range(n):
            s[row] += c[k] * c[k]
    """,
    "now and then": """
        for row in range(n):
            if w[k] > 0.3:
                for b in range(6):
                    s[row] += c[b] * c[b]
    """,
    "places that checks are about": """
        for row in range(n):
            for b in range(m):
                s[row] += c[b] * c[b]
    """,
    "lengths that rows decide about": """
        for row in range(n):
            for b in range(row):
                s[row] += c[b] * c[b]
    """,
    "places read from memory": """
        for row in range(n):
            for b in range(6):
                s[row] += c[int(5.0 * x[b] * x[b])] ** 2
    """,
    "elements that are changed": """
        for row in range(n):
            for b in range(6):
                s[row] += c[b] * c[b]
                c[b] = c[b] * 0.5
    """,
}


@pytest.fixture
def kept(monkeypatch):
    found, before = [], tape.early

    def early(*args):
        made = before(*args)
        found.append(made)
        return made

    monkeypatch.setattr(tape, "early", early)
    return found


def right(fun, gradient, n, m):
    x, w = np.linspace(0.2, 0.9, 6), np.linspace(0.1, 0.6, 3)
    value, bars = gradient(x, w, n, m)
    assert value == pytest.approx(fun(x, w, n, m), rel=1e-13)
    for at, bar in enumerate(bars):
        for k in range(len(bar)):
            args = [x + 0j, w + 0j]
            args[at][k] += 1e-30j
            assert bar[k] == pytest.approx(fun(*args, n, m).imag / 1e-30, rel=1e-10, abs=1e-13)


def made(text):
    fun = function(HEAD + text + TAIL)
    plain = function((HEAD + text + TAIL).replace("int(5.0 * x[b] * x[b])", "int((5.0 * x[b] * x[b]).real)")
                     .replace("w[k] > 0.3", "w[k].real > 0.3"))
    return plain, adtrans.value_and_grad(fun, argnums=(0, 1), cache=False)


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name, kept):
    fun, gradient = made(TAKEN[name])
    for n in range(4):
        for m in range(3):
            right(fun, gradient.interpreted, n, m)
    assert any(kept)
    right(fun, gradient, 3, 2)


@pytest.mark.parametrize("name", LEFT)
def test_left(name, kept):
    fun, gradient = made(LEFT[name])
    for n in range(4):
        right(fun, gradient.interpreted, n, 5)
    assert not any(kept)


def test_no_element_is_read_where_the_loop_does_not_run():
    fun = function("""
        def f(x, n):
            c = x * 0.0
            total = x[0] * 0.0
            for k in range(2):
                for b in range(len(x)):
                    c[b] = x[b] * x[b]
                if n <= len(x):
                    for row in range(n - 2):
                        for b in range(2, n):
                            total += c[b - 1] * c[b - 1]
            return total
    """)
    x = np.linspace(0.2, 0.9, 3)
    for n in range(6):
        value, bar = adtrans.value_and_grad(fun, cache=False).interpreted(x, n)
        assert value == fun(x, n)
        assert bar == pytest.approx([fun(x + 1e-30j * unit, n).imag / 1e-30 for unit in np.eye(3)], rel=1e-12)
