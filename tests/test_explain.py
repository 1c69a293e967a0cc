"""What a gradient says it keeps, against what its source, run statement by statement, is seen to keep."""

import numba
import numpy as np
import pytest

import adtrans
from adtrans import grad
from benchmarks import memory

RNG = np.random.default_rng(31)


def waves(x):
    total = 0.0
    for i in range(len(x)):
        total += np.sin(x[i]) * np.exp(x[i])
    return total


def steps(u, count):
    v = u.copy()
    for _ in range(count):
        for i in range(1, len(u) - 1):
            v[i] = u[i] - 0.2 * u[i] * (u[i] - u[i - 1])
        u, v = v, u
    return np.sum(u * u)


def triangle(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(i):
            total += np.tanh(a[i, j]) * total
    return total


def growing(x):
    y, total = x[0], 0.0
    while y < 6.0:
        y = y * 1.3 + np.sin(y) * x[1]
        if y > 2.0:
            total += y * x[2] * np.exp(y)
    return total + y**2


def rows_until(x):
    total = 0.0
    for i in range(x.shape[0]):
        z = 1.0
        while z < 10.0:
            z = z * (1.5 + x[i] ** 2)
        total += z * np.sin(z)
    return total


def network(w, x):
    hidden = np.tanh(x @ w)
    total = 0.0
    for i in range(hidden.shape[0]):
        total += np.log(np.sum(np.exp(hidden[i] * total)))
    return total


def single(x):
    s = x[0]
    for i in range(1, len(x)):
        s = np.sin(s) * x[i]
    return s


def shifted(x):
    s = x[0]
    for i in range(1, len(x)):
        s = np.sin(s) * (x[i] + 1.0)
    return s


def powers(x):
    a = np.outer(x, x)
    for k in range(3):
        a = a @ a * 0.1
        a[0, 0] = np.exp(a[1, 1])
    return np.sum(a)


def linear(x):
    return np.sum(3.0 * x)


PROGRAMS = {
    "waves": (waves, (RNG.random(50),)), "steps": (steps, (RNG.random(30), 7)),
    "triangle": (triangle, (RNG.random((9, 9)),)), "growing": (growing, (np.array([1.1, 0.4, -0.3]),)),
    "rows_until": (rows_until, (RNG.random(12),)), "network": (network, (RNG.random((4, 5)), RNG.random((6, 4)))),
    "single": (single, (RNG.random(40).astype(np.float32),)), "powers": (powers, (RNG.random(4),)),
    "linear": (linear, (RNG.random(4),)),
}


@pytest.mark.parametrize("name", {**PROGRAMS, **memory.programs()})
def test_memory_is_what_is_allocated(name):
    fun, args, *settings = {**PROGRAMS, **memory.programs()}[name]
    kept = [np.copy(arg) for arg in args]
    g = grad(fun, **(settings[0] if settings else {}))
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        said = g.memory(*args)
    finally:
        numba.set_num_threads(threads)
    assert all(np.array_equal(*pair) for pair in zip(args, kept))
    text = g.inspect_source(*args)
    seen, _ = memory.measured(text, g.latest.product.entry,
                              [np.copy(arg) if isinstance(arg, np.ndarray) else arg for arg in args])
    assert said["total"] == seen == sum(size for key, size in said.items() if key != "total")
    assert seen > 0 or name not in ("steps", "growing", "powers")


def test_parts_keep_as_much_each_as_there_are_threads():
    fun, args, settings = memory.programs()["in parallel"]
    g, threads = grad(fun, **settings), numba.get_num_threads()
    numba.set_num_threads(1)
    alone = g.memory(*args)["total"]
    numba.set_num_threads(threads)
    assert g.memory(*args)["total"] == min(threads, 64) * alone > 0


def test_memory_grows_with_the_arguments_before_anything_runs():
    g = grad(steps, checkpoint=False)
    small, large = g.memory(np.ones(30), 7), g.memory(np.ones(30), 7 * 10**6)
    assert large["total"] == 10**6 * small["total"]
    assert grad(steps).memory(np.ones(30), 7 * 10**6)["total"] < large["total"] // 500
    assert grad(waves).memory(np.full(5, np.nan)) == grad(waves).memory(np.ones(5))


def rows(fun, args):
    found = grad(fun).explain(*args)
    return found, {(row.text, row.how): row for row in found.rows}


def test_how_each_value_is_had():
    text, found = rows(*PROGRAMS["steps"])
    line = "v[i] = u[i] - 0.2 * u[i] * (u[i] - u[i - 1])"
    assert found[line, "taped"].bytes == 29 * 7 * 8 and "iteration" in found[line, "taped"].why
    assert "line " in str(text) and str(text.total) in str(text)
    text, found = rows(*PROGRAMS["waves"])
    assert found["total += np.sin(x[i]) * np.exp(x[i])", "kept"].why == "its iteration is reversed right after it has run"
    text, found = rows(*PROGRAMS["triangle"])
    assert found["for j in range(i):", "taped"].where == "total_tape" and "goes on" in \
        found["for j in range(i):", "taped"].why
    assert "costs much" in found["total += np.tanh(a[i, j]) * total", "taped"].why
    text, found = rows(*PROGRAMS["growing"])
    line = "y = y * 1.3 + np.sin(y) * x[1]"
    assert "not known beforehand" in found[line, "taped"].why
    text, found = rows(*PROGRAMS["linear"])
    assert found["return np.sum(3.0 * x)", "not needed"].bytes is None and text.total == 0
    text, found = rows(shifted, (np.ones(3),))
    assert found["s = np.sin(s) * (x[i] + 1.0)", "recomputed"].value == "a sum"


def test_functions_that_cannot_be_differentiated_say_so():
    with pytest.raises(adtrans.NonDifferentiableError):
        grad(lambda x: int(x)).memory(2.0)
    with pytest.raises(TypeError):
        grad(waves).explain(np.arange(3))
