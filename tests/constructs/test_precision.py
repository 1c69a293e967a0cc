"""Every construct of the language in float64 against dual numbers, in float32, compiled, and bit by bit."""

import numpy as np
import pytest

import adtrans
from adtrans.backend import cpu
from tests import duals
from tests.constructs.cases import arguments, programs
from tests.duals.transplant import Transplant
from tests.fuzz import judge

PROGRAMS = programs()
COMPILED = ("augmented", "slices", "views", "nested_ranges", "jumps", "buffers", "returns", "while_loops",
            "calls", "reductions", "broadcasting", "ufuncs")  # fmt: skip
COMPILED_SINGLE = ("operators", "carried", "choices", "products")


def gradients(fun, precision, compiled=False):
    """Value and gradients (of several arguments)."""
    args, names = arguments(fun, precision)
    g = adtrans.value_and_grad(fun, argnums=names, cache=compiled)
    with np.errstate(all="ignore"):
        return g(*args) if compiled else g.interpreted(*args)


def apart(given, wanted):
    """The greatest difference as a part of the largest value."""
    a, b = judge.numbers(given), judge.numbers(wanted)
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize("name", PROGRAMS)
def test_float64_agrees_with_the_oracle(name):
    fun = PROGRAMS[name]
    value, given = gradients(fun, np.float64)
    args, names = arguments(fun)
    wanted_value, wanted = duals.gradient(fun, args, names)
    assert value == pytest.approx(wanted_value, rel=1e-12)
    assert apart(given, wanted) < 1e-11
    assert np.abs(judge.numbers(wanted)).max() > 1e-3


@pytest.mark.parametrize("name", PROGRAMS)
def test_float32_stays_float32_and_agrees_with_float64(name):
    fun = PROGRAMS[name]
    value, given = gradients(fun, np.float32)
    for leaf in duals.run.leaves(given):
        assert leaf.dtype == np.float32 if isinstance(leaf, (np.ndarray, np.generic)) else leaf is None
    assert type(value) is plain_type(fun)
    double_value, double = gradients(fun, np.float64)
    assert value == pytest.approx(double_value, rel=1e-4)
    assert apart(given, double) < 1e-4


def plain_type(fun):
    """The type that the function itself gives for float32 arguments, its jitted callees run as Python."""
    with np.errstate(all="ignore"):
        return type(Transplant(lambda value: value).move(fun)(*arguments(fun, np.float32)[0]))


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_agrees_with_interpreted(name):
    fun = PROGRAMS[name]
    value, given = gradients(fun, np.float64, compiled=True)
    wanted_value, wanted = gradients(fun, np.float64)
    assert value == pytest.approx(wanted_value, rel=1e-12)
    assert apart(given, wanted) < 1e-12


@pytest.mark.parametrize("name", COMPILED_SINGLE)
def test_compiled_float32_stays_float32(name):
    fun = PROGRAMS[name]
    value, given = gradients(fun, np.float32, compiled=True)
    assert type(value) is np.float32
    assert all(np.asarray(leaf).dtype == np.float32 for leaf in duals.run.leaves(given))
    assert apart(given, gradients(fun, np.float64)[1]) < 1e-4


# --- bit by bit ------------------------------------------------------------------------------------------


def exact_chain(x, s):
    total = s
    for v in x:
        total = total * v + np.sqrt(v * v + s) / (1.5 + total * total)
    return total


def exact_stencil(x, s):
    for _ in range(3):
        x[1:-1] = s * (x[:-2] - 2.0 * x[1:-1] + x[2:]) + x[1:-1] * x[1:-1]
    return x[2] / (x[1] + 3.0) - x[3]


def exact_branches(x, s):
    total = 0.0
    for i in range(len(x)):
        if x[i] > s:
            total += x[i] / s
        else:
            total -= x[i] * total
            s = np.sqrt(s + total * total)
    return total * s


def exact_matrix(a, x):
    u = a @ x[:4]
    v = a / (2.0 + a * a)
    return np.sum(v * v) * u[0] - u[1] * u[2]


def exact_while(s, t):
    x = 1.0
    n = 0
    while abs(x * x - s) > 1e-6:
        x = 0.5 * (x + s / x)
        t = t * x - s
        n += 1
    return x * t


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("fun", [exact_chain, exact_stencil, exact_branches, exact_matrix, exact_while])
def test_strict_compilation_repeats_every_bit(fun, precision):
    args, names = arguments(fun, precision)
    g = adtrans.value_and_grad(fun, argnums=names, cache=False)
    text = g.inspect_source(*args)
    wanted = g.interpreted(*args)
    entry = f"{fun.__name__}_value_and_grad"
    made = cpu.compile_module(text, entry, g.signatures[-1], key=None, meta={}, strict=True)
    given, wanted = flat(made.function(*args)), list(flat(wanted))
    # Numba hands float32 scalars to Python as floats of the same value.
    assert [bits(leaf, other) for leaf, other in zip(given, wanted)] == [bits(leaf) for leaf in wanted]


def flat(value):
    if isinstance(value, tuple):
        for item in value:
            yield from flat(item)
    else:
        yield value


def bits(value, like=None):
    return np.asarray(value, dtype=None if like is None else np.asarray(like).dtype).tobytes()
