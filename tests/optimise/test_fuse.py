"""Fusion: loops made one compute what they did apart."""

import inspect
import random
import textwrap
from dataclasses import replace

import numpy as np
import pytest

import adtrans
from adtrans import ir
from adtrans.ir import For, verify
from adtrans.lower.context import Options
from adtrans.lower.program import lower
from adtrans.optimise.fuse import fuse
from adtrans.optimise.reuse import reuse
from adtrans.optimise.simplify import simplify
from adtrans.specialise import optimise
from adtrans.structure import spec_of
from tests.fuzz.generator import generate
from tests.lower.texts import function
from tests.optimise.test_simplify import run

X, Y = np.linspace(0.5, 1.9, 8), np.linspace(-1.0, 2.5, 8)


def lowered(fun, *args, dynamic=False):
    bound = inspect.signature(fun).bind(*args)
    bound.apply_defaults()
    specs = {name: spec_of(value, name) for name, value in bound.arguments.items()}
    made = lower(fun, specs, Options(dynamic_broadcast=dynamic))
    return verify(simplify(verify(made.program))), bound.arguments, specs, made.captured_arrays


def all_for_fusion(program):
    """Loops of the user may be fused too, and checks do not keep them apart."""
    def block(body):
        return tuple(open_up(statement) for statement in body if not isinstance(statement, ir.Check))

    def open_up(statement):
        match statement:
            case For(counter=counter, body=body):
                counter.apart = False
                return replace(statement, body=block(body))
            case ir.While(head=head, body=body):
                return replace(statement, head=block(head), body=block(body))
            case ir.If(then=then, orelse=orelse):
                return replace(statement, then=block(then), orelse=block(orelse))
        return statement

    return verify(simplify(replace(program, body=block(program.body))))


def count(program):
    return sum(isinstance(statement, For) for statement in ir.walk(program.body))


def source(text, *args):
    return adtrans.grad(function(text), cache=False, argnums=tuple(range(len(args)))).inspect_source(*args)


# --- what is fused ---------------------------------------------------------------------------------------


def loops_of(text, *args):
    program, *_ = lowered(function(text), *args)
    return count(program), count(verify(fuse(program)))


def test_array_expressions_over_one_shape_share_a_loop():
    text = "def f(x, y):\n    t = x - y\n    z = t * t\n    return np.sum(z * x)\n"
    assert loops_of(text, X, Y) == (3, 1)


def test_temporaries_of_fused_loops_go():
    text = "def f(x, y):\n    t = x - y\n    z = t * t\n    return np.sum(z * x)\n"
    program, *_ = lowered(function(text), X, Y)
    assert not any(isinstance(statement, ir.Alloc) for statement in optimise(program).body)


def test_loops_of_the_user_stay():
    text = "def f():\n    t = 0\n    for i in range(4):\n        t += i\n    s = 0\n    for i in range(4):\n        s += i * i\n    return s + t + 0.5\n"
    program, *_ = lowered(function(text))
    assert count(fuse(program)) == count(program) == 2
    assert count(fuse(all_for_fusion(program))) == 1


@pytest.mark.parametrize("text, loops", [
    ("x[1:] = x[1:] * 2.0; x[:-1] = x[1:] + 1.0", 1),
    ("y[:-1] = x[:-1] * 2.0; z = y[1:] * x[1:]", 2),
    ("y[1:] = x[1:] * 2.0; z = y[:-1] * x[1:]", 1),
    ("z = np.cumsum(x); z = z - z[-1]", 2),
    ("z = x * 2.0; y[:] = x / np.sum(z)", 2),
    ("z = x * 2.0; z = z[::-1] * x", 2),
    ("z = x * 2.0; x[0] = 5.0; z = z * x", 2),
    ("z = x * 2.0; y[0] = 5.0; z = z * x", 1),
])
def test_dependences(text, loops):
    text = "def f(x, y):\n    z = x\n    " + text + "\n    return np.sum(z) + np.sum(x) + np.sum(y)\n"
    fun = function(text)
    program, *rest = lowered(fun, X.copy(), Y.copy())
    fused = verify(fuse(program))
    assert run(optimise(program), *rest) == pytest.approx(fun(X.copy(), Y.copy()), rel=1e-13)
    assert any(len([s for s in statement.body if isinstance(s, (ir.Store, ir.Accumulate))]) > 1 for statement in
               ir.walk(fused.body) if isinstance(statement, For)) == (loops == 1)


def test_what_is_raised_and_printed_keeps_its_order():
    text = "def f(x, y):\n    z = x * 2.0\n    print('first')\n    w = x * 3.0\n    return np.sum(z) + np.sum(w)\n"
    program, *_ = lowered(function(text), X, Y)
    fused = fuse(program)
    assert [type(statement) for statement in fused.body].index(ir.Print) > 0


def test_a_loop_with_inner_loops_takes_a_cheap_end_only():
    cheap = "def f(a, x):\n    return np.sum((a @ x) * x)\n"
    dear = "def f(a, x):\n    return np.sum(np.exp(a @ x))\n"
    a = np.outer(X, Y)
    assert loops_of(cheap, a, X) == (3, 2) and loops_of(dear, a, X) == (3, 3)


# --- random programs -------------------------------------------------------------------------------------

INDICES = ["{i}", "{i}", "{i}", "{i} + 1", "{i} - 1", "{i} - 2", "7 - {i}", "0", "{i} // 2", "-1", "{i} % 3", "-{i} - 1",
           "{i}", "{i}"]


def body(rng, counter, indices):
    def element():
        return f"{rng.choice('xxyyz')}[{rng.choice(indices).format(i=counter)}]"

    for _ in range(rng.randint(1, 2)):
        value = rng.choice([f"0.5 * {element()} + {element()}", f"{element()} * 0.3 - x[3]", f"{element()}"] + ["t * 0.5"] * (rng.random() < 0.2))
        target = rng.choice([element()] * 9 + ["t"])
        yield f"{target} {rng.choice(['=', '=', '+='])} {value}"


def pieces(rng):
    start, stop, step = rng.choice([(0, 6, 1), (2, 7, 1), (0, 6, 1), (6, -1, -1), (5, 1, -1), (0, 7, 2)])
    yield "def f(x, y):"
    yield "    t = 0.25"
    yield "    z = np.ones(8)"
    indices = ["{i}", "{i}", *rng.sample(INDICES, 2)]
    nested = rng.random() < 0.3
    for k in range(rng.randint(2, 4)):
        counter = "ijkl"[k]
        if rng.random() < 0.1:
            start, stop, step = 0, 6, 1
        yield f"    for {counter} in range({start}, {stop}, {step}):"
        for line in body(rng, counter, indices):
            yield "        " + line
        if nested:
            yield f"        for m{k} in range(0, 5):"
            for line in body(rng, rng.choice([counter, f"m{k}"]), indices):
                yield "            " + line
        if rng.random() < 0.3:
            yield f"    {rng.choice('xyz')}[{rng.randint(0, 7)}] = t * 0.1"
    yield "    return x, y, z, t"


@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_loops_with_every_dependence(first):
    fused_ones = 0
    for seed in range(first, first + 100):
        text = "\n".join(pieces(random.Random(seed))) + "\n"
        fun = function(textwrap.dedent(text))
        program, *rest = lowered(fun, X.copy(), Y.copy())
        before = count(program)
        better = optimise(all_for_fusion(program))
        fused_ones += count(better) < before
        for ours, theirs in zip(run(better, *rest), fun(X.copy(), Y.copy())):
            np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11, err_msg=text)
    assert fused_ones > 10


@pytest.mark.parametrize("seed", range(2_100_000, 2_100_040))
def test_fused_programs_compute_the_same(seed):
    made = generate(seed, extras=False)
    try:
        program, *rest = lowered(made.load(), *made.args(), dynamic=True)
        plain = run(program, *rest)
        better = all_for_fusion(program)
        for improve in (fuse, reuse, simplify):
            better = verify(improve(better))
        given = run(better, *rest)
        np.testing.assert_allclose(given, plain, rtol=1e-9 if made.single else 1e-12)
    finally:
        made.unload()


def test_reads_stay_behind_the_checks_that_make_them_safe():
    def spread(y, v, k):
        known = any(v > 0.5) and y > v[k]
        u = np.tanh(v[::-1] * v * (v - v[k:k + 1]))
        return np.sum(u) * (y if known else 2.0 * y)

    args = -0.4, np.array([-0.9, 1.1, 1.0]), 1
    gradient = adtrans.value_and_grad(spread, cache=False)
    assert np.allclose(gradient.interpreted(*args)[0], spread(*args), rtol=1e-14)
