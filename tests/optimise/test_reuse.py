"""Reuse: nothing is computed or read twice, and nothing is taken for known that may have changed."""

import numpy as np
import pytest

import adtrans
from adtrans import ir
from adtrans.ir import Let, Load, Prim, verify
from adtrans.optimise.reuse import reuse
from adtrans.optimise.simplify import simplify
from tests.lower.texts import function
from tests.optimise.test_fuse import all_for_fusion, lowered
from tests.optimise.test_simplify import run

X = np.linspace(0.5, 1.9, 8)


def copies(args):
    return [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]


def after(text, *args):
    """Numbers of loads and of operations on floats, before and after; the results agree."""
    fun = function(text)
    program, *rest = lowered(fun, *copies(args))
    program = all_for_fusion(program)
    better = verify(simplify(verify(reuse(program))))
    assert run(better, *rest) == pytest.approx(fun(*copies(args)), rel=1e-14)
    return [(sum(isinstance(s, Let) and isinstance(s.expr, Load) for s in ir.walk(each.body)),
             sum(isinstance(s, Let) and isinstance(s.expr, Prim) and s.var.type.is_float for s in ir.walk(each.body)))
            for each in (program, better)]


@pytest.mark.parametrize("text, loads", [
    ("return x[1] * x[1]", 1),
    ("x[1] = y; return x[1] * 2.0", 0),
    ("x[1] = y; x[2] = 3.0; return x[1] * 2.0", 0),
    ("x[1] = y; x[-7] = 3.0; return x[1] * 2.0", 1),
    ("x[1] = y; x[int(y)] = 3.0; return x[1] * 2.0", 1),
    ("x[1] = y; v = x[::2]; v[0] = 3.0; return x[1] * 2.0", 0),
    ("x[1] = y; v = x[1:]; return v[0] * 2.0", 0),
    ("x[1] = y; x[1] += 1.0; return x[1] * 2.0", 0),
    ("k = int(y); x[k - 1] = 2.0; x[k] = 3.0; return x[k - 1]", 1),
    ("x[1] = y\n    for i in range(3):\n        x[i] = x[1] + 1.0\n    return x[1] * 2.0", 2),
    ("x[1] = y\n    for i in range(3):\n        y += x[1]\n    return x[1] * y", 0),
    ("x[1] = y\n    if y > 0.0:\n        x[1] = 5.0\n    return x[1] * 2.0", 1),
    ("x[1] = y\n    if y > 0.0:\n        x[2] = x[1]\n    return x[1] * 2.0", 1),
    ("if y > 0.0:\n        y = x[1]\n    return x[1] * y", 2),
])
def test_loads(text, loads):
    for y in (1.5, -0.5):
        assert after(f"def f(x, y):\n    {text}\n", X, y)[1][0] == loads


@pytest.mark.parametrize("text, operations", [
    ("return np.exp(y) * np.exp(y)", 2),
    ("z = y * 1.0; return z", 0),
    ("z = y + 0.0; return z", 1),
    ("if y > 0.0:\n        z = np.exp(y)\n    else:\n        z = np.exp(y)\n    return z", 2),
    ("z = np.exp(y)\n    if y > 0.0:\n        z = np.exp(y) + 1.0\n    return z", 2),
])
def test_operations(text, operations):
    for y in (1.5, -0.5):
        assert after(f"def f(x, y):\n    {text}\n", X, y)[1][1] == operations


def test_values_carried_alike_are_one():
    text = """
        def f(x):
            s = 0.0
            t = 0.0
            u = 1.0
            w = 0.0
            for i in range(8):
                v = s + x[i]
                s, t, u, w = v, t + x[i], u + x[i], w - x[i]
            return s + t + u + w
        """
    (_, before), (_, left) = after(text, X)
    assert before - left == 1


def test_narrow_integers_are_read_back():
    text = "def f(x):\n    k = np.zeros(3, dtype=np.int8)\n    k[0] = 300\n    return x[0] * k[0]\n"
    fun = function(text.replace("300", "int(x[7])"))
    program, *rest = lowered(fun, X)
    assert run(verify(reuse(program)), *rest) == fun(X)


def roots(a):
    total = 0.0
    for i in range(len(a)):
        x = 1.0
        while abs(x * x * x - a[i]) > 1e-12:
            x = x - (x * x * x - a[i]) / (3.0 * x * x)
        total += x
    return total


def test_what_the_test_of_a_while_loop_reads_is_read_again_in_its_body():
    a = np.array([2.0, 3.0])
    np.testing.assert_allclose(adtrans.grad(roots).interpreted(a), a ** (-2 / 3) / 3, rtol=1e-10)
