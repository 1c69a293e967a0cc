"""Loops run again in parts from snapshots: right gradients, less memory, and where they do not apply."""

import numpy as np
import pytest

import adtrans
from adtrans import checkpoint, sizing
from tests import duals
from tests.lower.texts import function

X = np.array([0.7, 1.3, -0.4, 0.9, 0.25])
PARTS = (True, 1, 2, 3, 100)


def carried(u, c, n):
    total = 0.0
    k = 0
    for _ in range(n):
        for i in range(1, len(u)):
            u[i] = np.sin(u[i - 1]) * c * u[i]
        total = total * 0.9 + u[-1] * u[k % 3]
        c = c * 1.01
        k += 2
    return total + np.sum(u * u) * c


def backwards(u, c, n):
    for t in range(n, 0, -1):
        u[t % len(u)] = np.exp(-u[t % len(u)] * c) * u[0]
    return np.sum(u * u)


def turning(u, c, n):
    v, w = u.copy(), u * 0.5
    for _ in range(n):
        for i in range(1, len(u) - 1):
            v[i] = np.tanh(u[i] * u[i] * c) + np.sin(w[i + 1]) * u[i - 1]
        u, v, w = v, w, u
    return np.sum(u * u) + np.sum(v * w)


def overwritten_afterwards(u, c, n):
    v = u * c
    for _ in range(n):
        u[0] = u[0] * np.sin(v[1]) + v[0]
    v[1] = u[0] * u[0]
    for _ in range(n):
        u[1] = u[1] * np.sin(v[1]) * 0.5 + u[0]
    v[:] = 1.0
    return np.sum(u * u) + np.sum(v)


def two_and_a_view(u, c, n):
    inner = u[1:-1]
    for t in range(n):
        inner[t % 3] = inner[t % 3] * inner[0] + c
    for t in range(n - 1, -1, -1):
        u[t % len(u)] *= np.tanh(u[0] * c)
    return np.sum(u * u)


def with_a_branch(u, c, n):
    for t in range(n):
        if u[t % len(u)] > 0.3:
            u[t % len(u)] = u[t % len(u)] * u[1] * c
        else:
            u[0] = np.cos(u[t % len(u)])
        while u[0] > 0.5:
            u[0] = np.sin(u[0]) * 0.9
    return np.sum(u * u)


def scratch_and_results(u, c, n):
    out = np.zeros((n, 2))
    for t in range(n):
        row = np.zeros(2)
        for i in range(len(u)):
            row[i % 2] += np.sin(u[i] * c) * u[t % len(u)]
        u[t % len(u)] = row[0] * row[1]
        out[t] = row
    return np.sum(out * out)


@pytest.mark.parametrize("fun", [carried, backwards, turning, overwritten_afterwards, two_and_a_view, with_a_branch,
                                 scratch_and_results], ids=lambda fun: fun.__name__)
def test_gradients(fun):
    plain = adtrans.value_and_grad(fun, argnums=(0, 1), cache=False).inspect_source(X, 1.1, 5)
    for parts in PARTS:
        g = adtrans.value_and_grad(fun, argnums=(0, 1), checkpoint=parts, cache=False)
        assert "_snapshots" in g.inspect_source(X, 1.1, 5) and "_snapshots" not in plain
        for n in (0, 1, 2, 7, 16):
            value, (u_bar, c_bar) = g.interpreted(X, 1.1, n)
            wanted, (u_wanted, c_wanted) = duals.gradient(fun, (X.copy(), 1.1, n), (0, 1))
            np.testing.assert_allclose(value, wanted, rtol=1e-12)
            np.testing.assert_allclose(u_bar, u_wanted, rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(c_bar, c_wanted, rtol=1e-10, atol=1e-12)


def test_what_is_only_read_is_not_written_to():
    def f(u, v, n):
        total = 1.0
        for i in range(n):
            total = total * np.sin(u[i % 5]) + v[0]
            u, v = v, u
        return total

    u, v = X.copy(), X[::-1].copy()
    u.flags.writeable = v.flags.writeable = False
    g = adtrans.grad(f, argnums=(0, 1), checkpoint=2, cache=False)
    found = g.interpreted(u, v, 7)
    assert "total_snapshots" in g.source and "u_snapshots" not in g.source and ".copy()" not in g.source
    for one, other in zip(found, duals.gradient(f, (X.copy(), X[::-1].copy(), 7), (0, 1))[1]):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("fun", [carried, turning], ids=lambda fun: fun.__name__)
def test_compiled(fun):
    g = adtrans.value_and_grad(fun, argnums=(0, 1), checkpoint=3, cache=False)
    for n in (0, 5, 16):
        wanted, bars = duals.gradient(fun, (X.copy(), 1.1, n), (0, 1))
        value, found = g(X, 1.1, n)
        np.testing.assert_allclose(value, wanted, rtol=1e-12)
        for one, other in zip(found, bars):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_one_loop_is_asked_for_in_the_function():
    def f(u, n):
        for _ in checkpoint(range(n), 4):
            for i in range(1, len(u)):
                u[i] = np.sin(u[i - 1]) * u[i]
        for _ in range(n):
            u[0] = np.sin(u[0])
        return np.sum(u * u)

    g = adtrans.grad(f, cache=False)
    source = g.inspect_source(X, 9)
    assert source.count("u_snapshots = np.empty") == 1
    np.testing.assert_allclose(g.interpreted(X, 9), duals.gradient(f, (X.copy(), 9))[1], rtol=1e-12)
    assert f(X.copy(), 9) == g.value(X, 9)


def test_memory_is_that_of_snapshots_and_one_part():
    def f(u, n):
        for _ in range(n):
            for i in range(1, len(u)):
                u[i] = np.sin(u[i - 1]) * u[i]
        return np.sum(u * u)

    u, n = np.linspace(0.1, 1.0, 51), 400
    whole = adtrans.grad(f).memory(u, n)["total"]
    part = adtrans.grad(f, checkpoint=True).memory(u, n)["total"]
    few = adtrans.grad(f, checkpoint=4).memory(u, n)["total"]
    assert part < whole / 8 and whole / 5 < few < whole / 3


def test_the_explanation_tells_of_parts():
    found = adtrans.grad(carried, argnums=(0, 1), checkpoint=2).explain(X, 1.1, 9)
    row = next(row for row in found.rows if row.how == "run again")
    assert row.text == "for _ in range(n):" and row.where == "u_snapshots, c_snapshots" and row.bytes == 2 * 8 * (5 + 1)
    assert all(row.how != "run again" for row in adtrans.grad(carried).explain(X, 1.1, 9).rows)


def test_results_that_are_written_to_are_left_as_they_were():
    def f(u, n):
        for _ in range(n):
            for i in range(1, len(u)):
                u[i] = np.sin(u[i - 1]) * u[i]
        return np.sum(u * u), u

    (value, aux), gradient = adtrans.value_and_grad(f, has_aux=True, checkpoint=2, cache=False).interpreted(X, 7)
    state = X.copy()
    assert value == f(state, 7)[0]
    np.testing.assert_array_equal(aux, state)
    np.testing.assert_allclose(gradient, duals.gradient(lambda u, n: f(u, n)[0], (X.copy(), 7))[1], rtol=1e-12)


def test_a_procedure_leaves_its_results():
    def f(u, v, n):
        for _ in checkpoint(range(n), 3):
            for i in range(1, len(u)):
                u[i] = np.sin(u[i - 1]) * u[i] + v[i]
            v[0] = u[-1] * v[0]

    u, v = X.copy(), X[::-1].copy()
    bars = {"u": np.ones(5), "v": np.arange(5.0)}
    adtrans.adjoint(f, ("u", "v"), ("u", "v"), cache=False).interpreted(u, v, 8, bars=bars)
    wanted_u, wanted_v = X.copy(), X[::-1].copy()
    f(wanted_u, wanted_v, 8)
    np.testing.assert_array_equal(u, wanted_u)
    np.testing.assert_array_equal(v, wanted_v)

    def total(u, v):
        f(u, v, 8)
        return np.sum(u) + np.sum(np.arange(5.0) * v)

    for name, other in zip("uv", duals.gradient(total, (X.copy(), X[::-1].copy()), (0, 1))[1]):
        np.testing.assert_allclose(bars[name], other, rtol=1e-10, atol=1e-12)


def test_large_loops_are_run_in_parts_by_themselves(monkeypatch):
    monkeypatch.setattr(sizing, "LARGE", 1000)

    def check(u, n):
        value, gradient = g(u, n)
        wanted, expected = duals.gradient(f, (u.copy(), n))
        np.testing.assert_allclose(value, wanted, rtol=1e-12)
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)
        return "snapshots" in g.source

    def f(u, n):
        for _ in range(n):
            for i in range(1, len(u)):
                u[i] = np.sin(u[i - 1]) * u[i]
        return np.sum(u * u)

    g = adtrans.value_and_grad(f, cache=False)
    assert [check(X, n) for n in (3, 40, 3, 50, 4, 60, 2)] == [False, True] * 3 + [False]
    assert "snapshots" in g.inspect_source(X, 60) and "snapshots" not in g.inspect_source(X, 2)
    assert g.memory(X, 400)["total"] < 10 * 400 * 8 < adtrans.grad(f, checkpoint=400).memory(X, 400)["total"] * 2
    never = adtrans.value_and_grad(f, checkpoint=False, cache=False)
    never(X, 60)
    assert "snapshots" not in never.source
    parallel = adtrans.value_and_grad(f, parallel=True, cache=False)
    parallel(X, 60)
    assert "snapshots" not in parallel.source


def test_large_loops_of_procedures_are_run_in_parts_by_themselves(monkeypatch):
    monkeypatch.setattr(sizing, "LARGE", 1000)

    def f(u, n):
        for _ in range(n):
            for i in range(1, len(u)):
                u[i] = np.sin(u[i - 1]) * u[i]

    adj = adtrans.adjoint(f, "u", "u", cache=False)
    for n in (3, 40, 3, 50, 40):
        u, bar, state = X.copy(), np.ones(5), X.copy()
        adj(u, n, bars={"u": bar})
        f(state, n)
        np.testing.assert_allclose(u, state, rtol=1e-13)

        def total(u, n=n):
            f(u, n)
            return np.sum(u)

        np.testing.assert_allclose(bar, duals.gradient(total, (X.copy(),))[1], rtol=1e-10, atol=1e-12)
        assert ("snapshots" in adj.source) == (n > 3)


LEFT = {
    "left by break": "for i in checkpoint(range(n)):\n        x = x * x * 0.5\n        if x > 0.9:\n            break",
    "linear": "for i in checkpoint(range(n)):\n        x = x * 0.5 + c",
    "printed": "for i in checkpoint(range(n)):\n        x = x * x * 0.5\n        print(x)",
    "within another": "for j in range(2):\n        for i in checkpoint(range(n)):\n            x = np.sin(x) * x",
    "by twos": "for i in checkpoint(range(0, n, 2)):\n        x = x * x * 0.5",
}


@pytest.mark.parametrize("name", LEFT)
def test_other_loops_stay_as_they_are(name, capsys):
    fun = function(f"from adtrans import checkpoint\n\ndef f(x, c, n):\n    {LEFT[name]}\n    return x\n")
    g = adtrans.grad(fun, cache=False)
    assert "snapshots" not in g.inspect_source(0.7, 1.1, 6)
    np.testing.assert_allclose(g.interpreted(0.7, 1.1, 6), duals.gradient(fun, (0.7, 1.1, 6))[1], rtol=1e-12)


def test_what_is_no_number_of_parts_is_an_error():
    with pytest.raises(adtrans.errors.ArgumentValueError, match="at least one part"):
        adtrans.grad(carried, checkpoint=0)
    with pytest.raises(adtrans.errors.ArgumentError, match="a number of parts"):
        adtrans.grad(carried, checkpoint="often")
    for text, kind, message in (("checkpoint(range(n), 0)", ValueError, "at least one segment"),
                                ("checkpoint(range(n), n)", adtrans.UnsupportedError, "known before"),
                                ("checkpoint(3.0)", TypeError, "takes a range")):
        with pytest.raises(kind, match=message):
            adtrans.grad(function(f"from adtrans import checkpoint\n\ndef f(x, n):\n    for i in {text}:\n        x = x * x\n    return x\n"),
                         cache=False).interpreted(0.7, 3)
