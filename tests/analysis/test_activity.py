"""Activity: exactly what an input varies and the result needs; integers cut; scratch buffers follow."""

import numpy as np
import pytest

import adtrans
from adtrans.analysis.activity import analyse, differentiable_arguments
from adtrans.ir import F8, INT, Const, Prim, Program, Var
from adtrans.lower.context import Options
from adtrans.specialise import read
from adtrans.structure import spec_of
from tests.lower.texts import function


def activity(text, args, inputs):
    """The program of a function and its activity for the parameters named in `inputs`."""
    fun = function(text)
    names = fun.__code__.co_varnames[: fun.__code__.co_argcount]
    reading = read(fun, {name: spec_of(arg, name) for name, arg in zip(names, args)}, Options())
    program = reading.value
    chosen = tuple(param for param in program.params if param.name in inputs)
    return program, analyse(program, chosen, program.results)


def active_names(text, args, inputs):
    """The names of the user's variables that are active."""
    _, found = activity(text, args, inputs)
    return {var.name for var in found.vars if var.user} | {var.name for var in found.memory if var.name}


def test_what_does_not_depend_on_the_input_is_not_active():
    text = "def f(x, y):\n    a = x * 2.0\n    b = np.sin(y)\n    c = a * b\n    return c\n"
    assert active_names(text, (1.0, 2.0), {"x"}) == {"x", "a", "c"}
    assert active_names(text, (1.0, 2.0), {"y"}) == {"y", "b", "c"}


def test_what_the_result_does_not_need_is_not_active():
    text = "def f(x, z):\n    a = np.exp(x)\n    z[0] = a\n    b = x * x\n    return b\n"
    assert active_names(text, (1.0, np.ones(2)), {"x"}) == {"x", "b"}


def test_a_scratch_buffer_becomes_active_by_itself():
    text = "def f(x):\n    t = np.empty(3)\n    t[0] = x\n    return t[1] * 2.0 + t[0]\n"
    assert "t" in active_names(text, (1.0,), {"x"})


def test_a_buffer_of_constants_is_not_active():
    text = "def f(x):\n    t = np.empty(3)\n    t[0] = 2.0\n    t[1] = 3.0\n    return t[0] * x + t[1]\n"
    assert "t" not in active_names(text, (1.0,), {"x"})


def test_integers_and_steps_cut():
    text = "def f(x):\n    n = int(x)\n    a = np.floor(x)\n    b = n * 2.0 + a\n    return b * x\n"
    assert active_names(text, (1.5,), {"x"}) == {"x"}


def test_activity_comes_round_a_loop():
    text = "def f(x):\n    a = 1.0\n    b = 2.0\n    for _ in range(5):\n        b = a * b\n        a = a + x\n    return b\n"
    assert {"a", "b"} <= active_names(text, (1.5,), {"x"})


def test_activity_comes_from_either_side_of_a_branch():
    for side in ("then", "else"):
        sides = ("a = x", "a = 1.0") if side == "then" else ("a = 1.0", "a = x")
        text = f"def f(x, n):\n    if n > 1:\n        {sides[0]}\n    else:\n        {sides[1]}\n    return a * 2.0\n"
        program, found = activity(text, (1.5, 2), {"x"})
        assert found.is_active(program.params[0])


def test_constants_are_never_active():
    _, found = activity("def f(x):\n    return x\n", (1.0,), {"x"})
    assert not found.is_active(Const(1.0, F8))


@pytest.mark.parametrize("expression, discrete", [("int(x) * 1.0", True), ("float(len([x]))", False), ("2.0", False),
                                                  ("int(x) * y", True), ("int(x) * x", False)])  # fmt: skip
def test_a_result_reached_through_integers_only_is_told_apart(expression, discrete):
    fun = function(f"def f(x, y):\n    return {expression}\n")
    g = adtrans.grad(fun, cache=False)
    if discrete:
        with pytest.raises(adtrans.NonDifferentiableError):
            g.interpreted(1.5, 2.0)
    else:
        g.interpreted(1.5, 2.0)


def test_arguments_through_which_a_derivative_flows():
    flag, x, y, n = Var(F8), Var(F8), Var(F8), Var(INT)
    assert differentiable_arguments(Prim("mul", (x, y))) == (x, y)
    assert differentiable_arguments(Prim("select", (flag, x, y))) == (x, y)
    assert differentiable_arguments(Prim("powi", (x, n))) == (x,)
    assert differentiable_arguments(Prim("floor", (x,))) == ()
    assert differentiable_arguments(Prim("floordiv", (x, y))) == ()
    assert differentiable_arguments(Prim("trunc_int", (x,))) == ()
    assert differentiable_arguments(Prim("copysign", (x, y))) == (x,)
    assert differentiable_arguments(Prim("math.sin", (x,))) == (x,)


def test_an_input_that_is_the_result():
    x = Var(F8, "x")
    found = analyse(Program("p", (x,), (), (x,)), (x,), (x,))
    assert found.is_active(x) and not found.discrete
