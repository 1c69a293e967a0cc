"""The writer: the text reads back as what was meant, comments are only comments."""

import ast
import linecache
import math

import numpy as np
import pytest

import adtrans
from adtrans.backend.python import load_module
from adtrans.build import Builder, const
from adtrans.errors import Span
from adtrans.ir import (
    BOOL,
    F4,
    F8,
    INT,
    Accumulate,
    Alloc,
    Array,
    Carry,
    Check,
    Const,
    For,
    If,
    Let,
    Load,
    Merge,
    Prim,
    Print,
    Program,
    Slice,
    Store,
    Var,
    View,
    While,
    verify,
)
from adtrans.write import write
from tests.test_golden import assigned_to_themselves, unused_names

ZERO, ONE = Const(0, INT), Const(1, INT)


def text_of(body, results, params=(), **rest):
    program = verify(Program("p", tuple(params), tuple(body), tuple(results), **rest))
    text = write(program, "p", "title")
    ast.parse(text)
    return text


def run(body, results, params=(), args=(), **rest):
    return load_module(text_of(body, results, params, **rest), "p", "p")(*args)


# --- expressions -----------------------------------------------------------------------------------------

CASES = {
    "mul of sums": (lambda b, x, y: b.prim("mul", b.prim("add", x, y), b.prim("sub", x, y)), lambda x, y: (x + y) * (x - y)),
    "sub of sub": (lambda b, x, y: b.prim("sub", x, b.prim("sub", y, x)), lambda x, y: x - (y - x)),
    "quotients": (lambda b, x, y: b.prim("truediv", x, b.prim("truediv", y, x)), lambda x, y: x / (y / x)),
    "neg of pow": (lambda b, x, y: b.prim("neg", b.prim("pow", x, y)), lambda x, y: -(x**y)),
    "pow of neg": (lambda b, x, y: b.prim("pow", b.prim("neg", b.prim("neg", x)), y), lambda x, y: (-(-x)) ** y),
    "pow of pow": (lambda b, x, y: b.prim("pow", b.prim("pow", x, y), y), lambda x, y: (x**y) ** y),
    "pow to pow": (lambda b, x, y: b.prim("pow", x, b.prim("pow", y, x)), lambda x, y: x ** (y**x)),
    "negative literal base": (lambda b, x, y: b.prim("add", b.prim("pow", x, const(-2.0)), const(-1.5)), lambda x, y: x**-2.0 - 1.5),
    "choice in choice": (
        lambda b, x, y: b.prim("select", b.prim("lt", x, y), b.prim("select", b.prim("gt", x, y), x, y), x),
        lambda x, y: (x if x > y else y) if x < y else x,
    ),
    "sum of choices": (
        lambda b, x, y: b.prim("add", b.prim("select", b.prim("lt", x, y), x, y), x),
        lambda x, y: (x if x < y else y) + x,
    ),
    "not of logic": (
        lambda b, x, y: b.prim("select", b.prim("not", b.prim("and", b.prim("lt", x, y), b.prim("ge", y, x))), x, y),
        lambda x, y: x if not (x < y and y >= x) else y,
    ),
    "remainders": (lambda b, x, y: b.prim("mod", b.prim("mul", x, y), b.prim("floordiv", y, x)), lambda x, y: (x * y) % (y // x)),
    "abs and casts": (
        lambda b, x, y: b.cast(b.prim("trunc_int", b.prim("abs", b.prim("sub", x, y)), type=INT), F8),
        lambda x, y: float(int(abs(x - y))),
    ),
    "math": (lambda b, x, y: b.prim("math.atan2", x, b.prim("math.exp", y)), lambda x, y: math.atan2(x, math.exp(y))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_precedence(name):
    make, truth = CASES[name]
    x, y = Var(F8, "x", True), Var(F8, "y", True)
    build = Builder()
    found = make(build, x, y)
    assert run(build.here.body, [found], [x, y], (0.7, 1.9)) == pytest.approx(truth(0.7, 1.9), rel=1e-15)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -2.5, 1e-320, 1e300, 0.1, math.inf, -math.inf, math.nan, 3, -7, 2**62, True])
def test_literals_come_back(value):
    found = run([], [const(value)])
    assert repr(float(found)) == repr(float(value)) and type(found) is type(value)


def test_single_precision_literals():
    found = run([], [Const(0.1, F4)])
    assert type(found) is np.float32 and found == np.float32(0.1)


def test_deep_expressions_are_cut_into_lines():
    x = Var(F8, "x", True)
    build, total = Builder(), x
    for k in range(60):
        total = build.prim("mul", build.prim("add", total, const(float(k))), const(0.5))
    text = text_of(build.here.body, [total], [x])
    assert max(map(len, text.splitlines())) < 120
    wanted = 1.0
    for k in range(60):
        wanted = (wanted + k) * 0.5
    assert run(build.here.body, [total], [x], (1.0,)) == wanted


# --- statements ------------------------------------------------------------------------------------------


def fibonacci():
    a, b, ends = Var(F8, "a", True), Var(F8, "b", True), (Var(F8, "a", True), Var(F8, "b", True))
    total = Let(Var(F8), Prim("add", (a, b)))
    n = Var(INT, "n", True)
    carries = (Carry(a, const(0.0), b, ends[0]), Carry(b, const(1.0), total.var, ends[1]))
    return [For(Var(INT, "i", True), ZERO, n, ONE, carries, (total,))], ends, [n]


def test_values_that_a_loop_exchanges():
    body, ends, params = fibonacci()
    assert run(body, ends, params, (10,)) == (55.0, 89.0)


def test_a_loop_that_is_left_early():
    n, i = Var(INT, "n", True), Var(INT, "i", True)
    inside, after = Var(INT, "last", True), Var(INT, "last", True)
    leave = Let(Var(BOOL), Prim("ge", (i, n)))
    loop = For(i, ZERO, const(100), ONE, (Carry(inside, const(-1), i, after),), (leave,), leave.var)
    assert run([loop], [after], [n], (7,)) == 7


def test_a_loop_with_a_head():
    x = Var(F8, "x", True)
    inside, after = Var(F8, "s", True), Var(F8, "s", True)
    square = Let(Var(F8), Prim("mul", (inside, inside)))
    twice = Let(Var(F8), Prim("add", (square.var, square.var)))
    test = Let(Var(BOOL), Prim("lt", (twice.var, x)))
    following = Let(Var(F8), Prim("add", (inside, const(1.0))))
    loop = While((Carry(inside, const(0.0), following.var, after),), (square, twice, test), test.var, (following,))
    assert run([loop], [after], [x], (30.0,)) == 4.0


def test_branches_with_one_empty_side():
    flag, x, after = Var(BOOL, "flag", True), Var(F8, "x", True), Var(F8)
    value = Let(Var(F8), Prim("mul", (x, x)))
    for sides, merge in ((((value,), ()), (value.var, x)), (((), (value,)), (x, value.var))):
        body = [If(flag, *sides, (Merge(after, *merge),))]
        wanted = (9.0, 3.0) if sides[0] else (3.0, 9.0)
        assert (run(body, [after], [flag, x], (True, 3.0)), run(body, [after], [flag, x], (False, 3.0))) == wanted


def test_arrays():
    x, y, v = Var(Array("f8", 1), "x", True), Var(Array("f4", 2)), Var(Array("f8", 1, "A"))
    t = Let(Var(F8), Load(v, (ZERO,)))
    minus = Let(Var(F8), Prim("neg", (t.var,)))
    body = [
        Alloc(y, (const(2), const(3)), "zeros"),
        View(v, x, (Slice(const(2), const(-100), const(-1)),)),
        t,
        minus,
        Store(v, (ONE,), minus.var),
        Accumulate(v, (ONE,), minus.var),
        Store(y, (ONE, ZERO), Const(0.5, F4)),
    ]
    found, other = run(body, [x, y], [x], (np.array([1.0, 2.0, 3.0]),))
    assert found.tolist() == [1.0, -6.0, 3.0]
    assert other.dtype == np.float32 and other.tolist() == [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]]


def test_mutable_parameters_are_copied_first():
    x = Var(Array("f8", 1), "x", True)
    given = np.ones(2)
    found = run([Store(x, (ZERO,), const(5.0))], [x], [x], (given,), mutable=frozenset({x}))
    assert found.tolist() == [5.0, 1.0] and given.tolist() == [1.0, 1.0]


def test_checks_raise_with_their_values(capsys):
    n = Var(INT, "n", True)
    flag = Let(Var(BOOL), Prim("lt", (n, const(3))))
    span = Span("file.py", 4, 2, 3, "x[n]")
    body = [flag, Check(flag.var, "IndexError", "too large:", (n,), span), Print(("n is", n))]
    run(body, [n], [n], (2,))
    assert capsys.readouterr().out == "n is 2\n"
    with pytest.raises(IndexError) as caught:
        run(body, [n], [n], (5,))
    assert caught.value.args[-1] == 5 and "too large" in caught.value.args[0]


def test_equal_names_that_live_at_once_are_told_apart():
    x, y = Var(F8, "x", True), Var(F8, "x", True)
    total = Let(Var(F8), Prim("sub", (x, y)))
    assert run([total], [total.var], [x, y], (5.0, 3.0)) == 2.0


# --- comments and names ----------------------------------------------------------------------------------


def commented(source, filename="<odd>", args=(1.5,)):
    """The generated source of a function from odd text."""
    lines = [f"{line}\n" for line in source.split("\n")]
    linecache.cache[filename] = (len(source), None, lines, filename)
    space = {"np": np}
    exec(compile(source, filename, "exec"), space)
    g = adtrans.value_and_grad(space["f"], cache=False)
    return g.inspect_source(*args), g


def test_a_file_name_with_a_newline_runs_nothing():
    text, g = commented("def f(x):\n    return x * x\n", "<odd>\nraise SystemExit(1)\n#")
    assert g.interpreted(1.5) == (2.25, 3.0)
    assert "\nraise" not in text


def test_text_in_strings_and_comments_of_the_user_stays_in_comments():
    text, g = commented('def f(x):\n    y = x * 2.0  # """ \\ import os\n    assert x > 0.0, "\'; \\n import os"\n    return y\n')
    assert g.interpreted(1.5) == (3.0, 2.0)
    assert unused_names(text) == set()


@pytest.mark.parametrize("newline", ["\u2028", "\x0c", "\x0b", "\x85", "\x1c"])
def test_odd_line_separators_in_a_user_line_do_not_end_a_comment(newline):
    _, g = commented(f"def f(x):\n    y = len('{newline}raise SystemExit(1) #') * x\n    return y\n")
    assert g.interpreted(2.0)[1] == len(f"{newline}raise SystemExit(1) #")


@pytest.mark.parametrize("name", ["np", "math", "len", "range", "float", "print", "max", "min", "abs", "int", "x_bar", "tape",
                                  "t", "n", "i", "_", "__", "buffer", "total", "ä", "f", "f_value_and_grad", "seed", "append",
                                  "ValueError"])  # fmt: skip
def test_names_of_the_user_that_mean_something_elsewhere(name):
    source = f"def f({name}, x):\n    for k in range_(2):\n        {name} = {name} * x + sine({name}) / length([x])\n    return {name}\n"
    filename = "<names>"
    lines = [f"{line}\n" for line in source.split("\n")]
    linecache.cache[filename] = (len(source), None, lines, filename)
    space = {"sine": np.sin, "range_": range, "length": len}
    exec(compile(source, filename, "exec"), space)
    value, gradient = adtrans.value_and_grad(space["f"], argnums=(0, 1), cache=False).interpreted(0.7, 1.3)
    wanted, step = 0.7, np.array([1.0, 0.0])
    for _ in range(2):
        step = step * (1.3 + np.cos(wanted)) + np.array([0.0, wanted])
        wanted = wanted * 1.3 + np.sin(wanted)
    assert value == pytest.approx(wanted, rel=1e-14)
    assert np.allclose(gradient, step, rtol=1e-13)


def test_nothing_is_assigned_to_itself_and_nothing_is_unused():
    body, ends, params = fibonacci()
    text = text_of(body, ends, params)
    assert assigned_to_themselves(text) == [] and unused_names(text) == set()
