"""Gradients with `parallel=True`: right, the same for any number of threads, and serial where nothing is proven."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numba
import numpy as np
import pytest
from numba import prange

from adtrans import adjoint, grad, value_and_grad, vmap
from tests import duals
from tests.fuzz import parallel as nests
from tests.fuzz import races

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(11)
N = 40
X, Y, A = RNG.random(N), RNG.random(N), RNG.random((N, 5))
INDEX, ORDER = RNG.integers(0, N, N), RNG.permutation(N)


@pytest.fixture(autouse=True)
def at_any_size():
    with nests.divided():
        yield


def loops(function, *args, **options):
    """How many loops of the gradient run in parallel, and in how many turns each."""
    gradient = value_and_grad(function, parallel=True, cache=False, **options)
    source = gradient.inspect_source(*args)
    return [len(re.findall(rf"^ *{name}\(\d, ", source, re.MULTILINE))
            for name in re.findall(r"def (\w+s)\(first", source)]


def watched(gradient, argument):
    """What the generated source gives, its parts in random order; a race is an error."""
    product = gradient.latest.product
    return races.run(product.text, product.entry, (argument, *product.captured))


# --- what is divided

def each(x):
    out = np.empty(len(x))
    for i in prange(len(x)):
        out[i] = np.sin(x[i]) * x[i]
    return np.sum(out)


def total(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.3:
            s += np.exp(-x[i])
        else:
            s -= x[i] ** 3
    return np.tanh(s)


def neighbours(x):
    s = 0.0
    for i in range(1, len(x) - 1):
        s += np.sin(x[i - 1] * x[i] - 2.0 * x[i + 1])
    return s


def strided(x):
    s = 0.0
    for i in range(len(x) - 3, 1, -2):
        s += x[i - 2] * x[i + 2]
    return s


def indirect(x):
    s = 0.0
    for i in prange(len(INDEX)):
        s += np.cos(x[INDEX[i]] * i)
    return s


def scratch(a):
    row = np.empty(a.shape[1])
    s = 0.0
    for i in prange(a.shape[0]):
        for j in range(a.shape[1]):
            row[j] = a[i, j] * a[i, 0]
        for j in range(a.shape[1]):
            s += np.tanh(row[j] * row[a.shape[1] - 1 - j])
    return s


def sharp(a):
    row = np.empty(a.shape[1])
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            row[j] = a[i, j] * a[i, 0]
        top = row.max()
        s += top + np.log(np.sum(np.exp(row - top)))
    return s


def columns(a):
    c = np.zeros(a.shape[1])
    for i in prange(a.shape[0]):
        for j in range(a.shape[1]):
            c[j] += np.sin(a[i, j])
    return np.sum(c * c)


def triangle(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(i):
            s += np.cos(x[i] - x[j])
    return s


def stepping(a):
    u, v = a.copy(), a.copy()
    for _ in range(3):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                v[i, j] = np.sin(u[i - 1, j] + u[i + 1, j - 1]) * u[i, j + 1] - u[i, j - 1]
        u, v = v, u
    return np.sum(u * u)


def falling(x):
    s = 0.0
    for i in prange(len(x)):
        left = x[i]
        while left > 0.1:
            left = left * 0.5
            s += left * left
    return s


DIVIDED = {
    each: (X, 1), total: (X, 1), neighbours: (X, 2), strided: (X, 2), indirect: (X, 1), scratch: (A, 1), sharp: (A, 1),
    columns: (A, 1), triangle: (X, 1), stepping: (A, 2), falling: (X, 1),
}


@pytest.mark.parametrize("function", DIVIDED, ids=lambda function: function.__name__)
def test_gradients_of_loops_in_parallel(function):
    argument, turns = DIVIDED[function]
    assert max(loops(function, argument), default=0) == turns
    wanted = duals.gradient(function, (argument,))
    gradient = value_and_grad(function, parallel=True, cache=False)
    runs = [gradient.interpreted(argument), watched(gradient, argument)]
    threads = numba.get_num_threads()
    for count in (1, min(2, threads)):
        numba.set_num_threads(count)
        runs += [gradient(argument) for _ in range(5)]
    numba.set_num_threads(threads)
    for value, slope in runs:
        assert value == pytest.approx(wanted[0], rel=1e-12)
        np.testing.assert_allclose(slope, wanted[1], rtol=0, atol=1e-11)
    for value, slope in runs[3:]:
        assert value == runs[2][0] and np.array_equal(slope, runs[2][1])


# --- what is not

def recurrence(x):
    y = x.copy()
    for i in prange(1, len(x)):
        y[i] = 0.5 * y[i - 1] + x[i]
    return y[-1] * y[3]


def overwritten(x):
    y = x.copy()
    for i in prange(len(INDEX)):
        y[INDEX[i]] = np.sin(x[i])
    return np.sum(y * y)


def permuted(x):
    y = np.zeros(len(x))
    for i in prange(len(ORDER)):
        y[ORDER[i]] = np.sin(x[i])
    return np.sum(y * y)


def left_early(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * x[i]
        if s > 3.0:
            break
    return s


def damped(x):
    s = 1.0
    for i in prange(len(x)):
        s = 0.9 * s + x[i]
    return s


def swept(x):
    y = x.copy()
    for i in prange(1, len(x) - 1):
        y[i] = 0.5 * (y[i - 1] + y[i + 1])
    return np.sum(y[1:] * y[:-1])


def last_one(x):
    y = np.zeros(3)
    for i in prange(len(x)):
        y[i % 3] = x[i] * x[i]
    return y[0] * y[1] + y[2]


def wrapped(x):
    y = np.zeros(len(x))
    for i in prange(len(x)):
        y[i - 1] = x[i] * x[i]
        y[i - 2] = np.sin(x[i])
    return np.sum(y * np.arange(len(x)))


SERIAL = (recurrence, overwritten, permuted, left_early, damped, swept, last_one, wrapped)


@pytest.mark.parametrize("function", SERIAL, ids=lambda function: function.__name__)
def test_what_is_not_proven_stays_in_order(function):
    """Some loops around the one in question may run in parallel: not that one, whatever the user has promised."""
    gradient = value_and_grad(function, parallel=True, cache=False)
    gradient.inspect_source(X)
    value, slope = watched(gradient, X)
    wanted = duals.gradient(function, (X,))
    compiled = gradient(X)
    for found in ((value, slope), compiled):
        assert found[0] == pytest.approx(wanted[0], rel=1e-12)
        np.testing.assert_allclose(found[1], wanted[1], rtol=0, atol=1e-12)
    kept = {recurrence: "range(1, n)", damped: "s_bar *= 0.9"}
    if function in kept:
        main = gradient.source[gradient.source.index(f"def {function.__name__}_value_and_grad("):]
        assert kept[function] in main


# --- failures

def picked(x, index):
    s = 0.0
    for i in prange(len(index)):
        s += x[index[i]] ** 2
    return s


def test_the_first_failing_check_is_raised():
    index = np.arange(N) % 7
    index[[31, 12, 25]] = 99, -77, 98
    gradient = value_and_grad(picked, parallel=True, cache=False)
    calls = (gradient, gradient.interpreted, gradient.value,
             lambda *args: gradient.accumulate(np.zeros(len(X)), *args), grad(picked, parallel=True, cache=False))
    for call in calls:
        with pytest.raises(IndexError, match=r"test_parallel.py:\d+: .*index, size =.* -77,? 40"):
            call(X, index)
    index[12] = 3
    with pytest.raises(IndexError, match="size =.* 98,? 40"):
        gradient(X, index)


def refusing(x):
    s = 0.0
    for i in prange(len(x)):
        if x[i] < 0.0:
            raise ValueError("no logarithm")
        s += np.log(x[i])
    return s


def test_exceptions_of_the_user():
    gradient = grad(refusing, parallel=True, cache=False)
    np.testing.assert_allclose(gradient(X), 1.0 / X, rtol=1e-14)
    bad = X.copy()
    bad[17] = -1.0
    with pytest.raises(ValueError, match="no logarithm"):
        gradient(bad)
    np.testing.assert_allclose(gradient(X), 1.0 / X, rtol=1e-14)


# --- the rest of the interface

def test_sources_are_modules_that_run():
    gradient = value_and_grad(neighbours, parallel=True, cache=False)
    value = gradient(X)[0]
    assert "from numba import prange\n" in gradient.source
    space: dict = {}
    exec(gradient.source, space)
    assert space["neighbours_value_and_grad"](X)[0] == pytest.approx(value, rel=1e-13)


def test_nothing_is_imported_or_divided_without_the_option():
    source = value_and_grad(neighbours, cache=False).inspect_source(X)
    assert "prange" not in source and "part" not in source
    source = value_and_grad(neighbours, parallel=True, debug=True, cache=False).inspect_source(X)
    assert "prange" not in source


def test_small_arguments_are_done_in_order(monkeypatch):
    monkeypatch.setattr("adtrans.optimise.parallel.LEAST", 2**20)
    for function, (argument, _) in DIVIDED.items():
        plain, divided = (value_and_grad(function, parallel=wanted, cache=False)(argument) for wanted in (False, True))
        assert plain[0] == pytest.approx(divided[0], rel=1e-14)
        np.testing.assert_allclose(plain[1], divided[1], rtol=0, atol=1e-14)


def test_accumulate_and_calls_inside_compiled_code():
    gradient = value_and_grad(scratch, parallel=True, cache=False)
    value, slope = gradient(A)
    bar = np.ones_like(A)
    assert gradient.accumulate(bar, A, seed=2.0) == value
    np.testing.assert_allclose(bar, 1.0 + 2.0 * slope, rtol=1e-13)

    @numba.njit
    def called(a):
        return gradient(a)

    found = called(A)
    assert found[0] == value and np.array_equal(found[1], slope)


def test_blocks_of_iterations_in_parts():
    """Scratch memory read by places that are kept in memory, too: each part has its own."""
    def fun(a):
        row = np.empty(a.shape[1])
        s = 0.0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                row[j] = a[i, j] * a[i, 0]
            top = row.max()
            s += top + np.log(np.sum(np.exp(row - top)))
        return s

    a = RNG.random((150, 3))
    gradient = value_and_grad(fun, parallel=True, cache=False)
    assert "for first in range(max(0, part * " in gradient.inspect_source(a) and loops(fun, a) == [1]
    wanted = duals.gradient(fun, (a,))
    for value, slope in (gradient(a), watched(gradient, a)):
        assert value == pytest.approx(wanted[0], rel=1e-13)
        np.testing.assert_allclose(slope, wanted[1], rtol=1e-10, atol=1e-13)


def error(w, x, y):
    s = 0.0
    for j in range(len(w)):
        s += w[j] * x[j]
    return (np.tanh(s) - y) ** 2


@pytest.mark.parametrize("mapped", [
    vmap(grad(error, parallel=True), in_axes=(None, 0, 0)),
    vmap(grad(error), in_axes=(None, 0, 0), parallel=True),
])
def test_gradients_of_each_example_in_parallel(mapped):
    w = RNG.random(5)
    found = mapped(w, A, X)
    assert "in prange(" in mapped.source
    single = grad(error, cache=False)
    for row, x, y in zip(found, A, X, strict=True):
        np.testing.assert_allclose(row, single(w, x, y), rtol=1e-13)


def smooth(x, y):
    for i in range(1, len(x) - 1):
        y[i] = x[i - 1] * x[i + 1] + 0.5 * y[i]


def test_adjoints_of_procedures():
    found = []
    for wanted in (False, True):
        made = adjoint(smooth, ("x", "y"), "y", parallel=wanted, cache=False)
        bars = {"x": np.ones(N), "y": np.linspace(0.0, 1.0, N)}
        y = Y.copy()
        made(X.copy(), y, bars=bars)
        found.append((y, bars["x"], bars["y"]))
        assert ("in prange(" in made.source) is wanted
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)


def test_floats_of_half_the_size():
    x = X.astype(np.float32)
    for function in (neighbours, total):
        value, slope = value_and_grad(function, parallel=True, cache=False)(x)
        wanted = value_and_grad(function, cache=False)(x)
        assert slope.dtype == np.float32 and type(value) is type(wanted[0])
        np.testing.assert_allclose(slope, wanted[1], rtol=1e-5, atol=1e-6)


def test_code_from_the_cache(tmp_path):
    """A second process runs what the first has compiled, with threads."""
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent("""
        import numpy as np
        import adtrans
        from adtrans.optimise import parallel

        parallel.LEAST, parallel.GRAIN = 0, 4

        def f(x):
            s = 0.0
            for i in range(1, len(x) - 1):
                s += np.sin(x[i - 1] * x[i + 1])
            return s

        g = adtrans.value_and_grad(f, parallel=True)
        value, slope = g(np.linspace(0.0, 1.0, 1000))
        assert "prange" in g.source
        print(g.latest.from_cache, repr(value), repr(float(slope.sum())))
    """))
    environment = {**os.environ, "ADTRANS_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    lines = [subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True,
                            timeout=300).stdout.split() for _ in range(2)]
    assert [line[0] for line in lines] == ["False", "True"] and lines[0][1:] == lines[1][1:]


# --- random nests

@pytest.mark.parametrize("seed", range(8000, 8025))
def test_random_nests_have_no_races(seed):
    assert nests.judged(seed, 0)[0] == ""


def test_a_random_nest_with_threads():
    assert nests.judged(8100, 5)[0] == ""


def test_races_are_seen():
    """The judge: parts that add to one element, and that read what another one writes."""
    text = """
import numpy as np
from numba import prange
def f(x):
    y = np.zeros(4)
    for k in prange(3):
        {}
    return y
"""
    for line in ("y[0] += x[k]", "y[k] = y[k + 1]"):
        with pytest.raises(races.Race):
            races.run(text.format(line), "f", (X,))
    assert races.run(text.format("y[k] += x[k + 1]"), "f", (X,))[0] == X[1]

