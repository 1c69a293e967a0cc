"""Sums into neighbouring elements, gathered: what is made of them, and that gradients stay what they are."""

import itertools

import numpy as np
import pytest

import adtrans
from adtrans import specialise
from adtrans.optimise import neighbours
from tests.lower.texts import function
from tests.optimise import stencils
from tests.poison import install

RNG = np.random.default_rng(7)


def average(a, b):
    b[1:-1] = 0.25 * (a[:-2] + 2.0 * a[1:-1] + a[2:])


def squares(a, b):
    for i in range(2, len(a) - 1):
        b[i] = a[i - 2] * a[i + 1] - np.sin(a[i])


def backwards(a, b):
    for i in range(len(a) - 3, 0, -1):
        b[i + 1] = a[i - 1] * a[i + 2] + b[i] * a[i]


def star(a, b):
    b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])


def skewed(a, b):
    n, m = a.shape
    for i in range(1, n - 2):
        for j in range(m - 2, 1, -1):
            b[i, j] += a[i - 1, j + 1] * a[i + 2, j - 2] - 3.0 * a[i + 1, j] + a[i - 1, j - 1] * b[i, j]


def staggered(a, b):
    a[1:, :] -= 0.5 * (b[1:, :] - b[:-1, :])
    a[:, 1:] -= 0.7 * (b[:, 1:] - b[:, :-1])


def triangle(a, b):
    for i in range(len(a)):
        for j in range(1, i - 1):
            b[i, j] = a[i, j - 1] * a[i, j + 1] + a[i, j]


def in_place(a, b):
    n, m = a.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            a[i, j] = 0.3 * (a[i, j - 1] + a[i, j + 1]) + b[i - 1, j] * b[i + 1, j] * b[i, j + 1]


def weights(a, b):
    for i in range(1, len(a) - 1):
        for j in range(1, a.shape[1] - 1):
            b[i, j] = a[i, j - 1] * a[i, 0] + a[i, j + 1] * a[0, j]


def flow(a, b):
    b[1:-1, 1:-1, 1:-1] = a[1:-1, 1:-1, 1:-1] + 0.1 * (
        a[2:, 1:-1, 1:-1] - 2.0 * a[1:-1, 1:-1, 1:-1] * a[:-2, 1:-1, 1:-1]) + 0.2 * (
        a[1:-1, 2:, 1:-1] - a[1:-1, :-2, 1:-1]) * (a[1:-1, 1:-1, 2:] + a[1:-1, 1:-1, :-2])


def wrapped(a, b):
    for i in range(len(a)):
        b[i] = a[i - 1] * a[i] + a[i - 2]


@pytest.fixture(params=("direct", "rows"))
def form(request, monkeypatch):
    """Both forms for what may have either."""
    if request.param == "rows":
        monkeypatch.setattr(neighbours, "worthwhile", lambda found: False)
    return request.param


def is_gathered(source, form):
    return ("row" if form == "rows" else "for e in range(") in source


CASES = [(fun, rank) for rank, group in ((1, (average, squares, backwards, wrapped)),
                                         (2, (star, skewed, staggered, triangle, in_place, weights)), (3, (flow,)))
         for fun in group]
EXTENTS = {1: [(n,) for n in (0, 1, 2, 3, 4, 5, 6, 9, 40)], 3: [(2, 3, 4), (3, 3, 3), (5, 4, 6), (4, 6, 9)],
           2: [*itertools.product((0, 1, 2, 3, 4), repeat=2), (5, 6), (6, 5), (9, 12)]}


def ran(fun, a, b, steps, interpreted=True):
    """The arrays and bars after the adjoint of some steps."""
    def program(steps, a, b):
        for _ in range(steps):
            fun(a, b)
            fun(b, a)

    adjoint = adtrans.adjoint(program, inputs=("a", "b"), outputs=("a", "b"), cache=False)
    rng = np.random.default_rng(a.size)
    arrays = [a.copy(), b.copy()]
    bars = {name: rng.normal(size=a.shape).astype(a.dtype) for name in "ab"}
    (adjoint.interpreted if interpreted else adjoint)(steps, *arrays, bars=bars)
    return [*arrays, *bars.values()], adjoint.source


def same(found, expected, tolerance=1e-12):
    return all(np.allclose(one, other, rtol=tolerance, atol=tolerance * max(1.0, np.abs(other).max(initial=0.0)))
               for one, other in zip(found, expected))


@pytest.mark.parametrize("fun, rank", CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_the_adjoint_is_what_it_is_without(fun, rank, form, monkeypatch):
    install()
    cases = [(RNG.normal(size=shape), RNG.normal(size=shape)) for shape in EXTENTS[rank]]
    cases = [(a, b) for a, b in cases if valid(fun, a, b)]
    found = [ran(fun, a, b, 2) for a, b in cases]
    monkeypatch.setattr(specialise, "gather", lambda program: program)
    assert len(cases) >= 3
    for (a, b), (arrays, _) in zip(cases, found):
        assert same(arrays, ran(fun, a, b, 2)[0])


def valid(fun, a, b):
    """Whether the function takes arrays of this extent."""
    try:
        fun(a.copy(), b.copy())
    except (IndexError, ValueError):
        return False
    return True


@pytest.mark.parametrize("fun, rank", CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_compiled(fun, rank, form):
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
        shape = {1: (50,), 2: (9, 23), 3: (5, 6, 20)}[rank]
        a, b = RNG.normal(size=shape).astype(dtype), RNG.normal(size=shape).astype(dtype)
        assert same(ran(fun, a, b, 2, False)[0], ran(fun, a, b, 2)[0], tolerance)


@pytest.mark.parametrize("fun, rank, kept", [
    (average, 1, "row"), (squares, 1, "row"), (star, 2, "rows"), (skewed, 2, "rows"), (staggered, 2, "row"),
    (flow, 3, "rows"), (triangle, 2, None)], ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_is_gathered(fun, rank, kept, form):
    a = np.ones((4,) * rank)
    source = ran(fun, a, a.copy(), 1)[1]
    names = {name for name in ("row", "rows") if f"    {name} = np.zeros(" in source}
    if form == "direct":
        assert not names and "for e in range(" in source  # the limits of the inner loop may follow the outer counter
    else:
        assert (kept in names) if kept else not names


def test_what_takes_long_is_computed_once():
    def fun(a, b):
        for i in range(1, len(a) - 1):
            b[i] = np.exp(a[i - 1] * a[i + 1]) + a[i + 1]

    found, source = ran(fun, np.linspace(0.1, 0.3, 30), np.zeros(30), 1)
    assert same(found, ran(fun, np.linspace(0.1, 0.3, 30), np.zeros(30), 1, False)[0])
    assert is_gathered(source, "direct")

    def dear(a, b):
        for i in range(1, len(a) - 1):
            b[i] = a[i - 1] / (a[i] + a[i + 1] * a[i + 1]) ** 3.5

    assert "row" in ran(dear, np.linspace(0.1, 0.3, 30), np.ones(30), 1)[1]


def test_a_short_loop_of_known_length_stays():
    def program(a, b):
        for i in range(1, 9):
            b[i] = a[i - 1] + a[i + 1]

    adjoint = adtrans.adjoint(program, inputs="a", outputs="b")
    source = adjoint.inspect_source(np.ones(10), np.ones(10))
    assert "row" not in source and "for e in range(" not in source


def test_gradients_of_numbers(form):
    def fun(x):
        total = 0.0
        for i in range(1, len(x) - 1):
            total += x[i - 1] * x[i] * x[i + 1]
        return total

    x = RNG.normal(size=30)
    expected = np.zeros(30)
    expected[:-2] += x[1:-1] * x[2:]
    expected[1:-1] += x[:-2] * x[2:]
    expected[2:] += x[:-2] * x[1:-1]
    gradient = adtrans.grad(fun, cache=False)
    assert np.allclose(gradient(x), expected) and np.allclose(gradient.interpreted(x), expected)
    assert is_gathered(gradient.source, form)


def test_items_of_stacks_keep_their_order():
    def fun(y):
        total = 0.0
        for i in range(2, len(y)):
            total += y[i] * y[i - 1]
            if total > 100.0:
                break
        y[1] = 0.5
        return total

    y = RNG.normal(size=30)
    expected = np.zeros(30)
    expected[2:] += y[1:-1]
    expected[1:-1] += y[2:]
    expected[1] = y[2]
    gradient = adtrans.grad(fun)
    assert np.allclose(gradient(y), expected) and np.allclose(gradient.interpreted(y), expected)
    assert "row" in gradient.source and "pop()" in gradient.source


def test_what_is_read_in_the_loop_is_not_gathered():
    def fun(x):
        u = x * 1.0
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * u[i] + 0.25 * (u[i - 1] + u[i + 1])
        return np.sum(u * u)

    x = RNG.normal(size=30)
    gradient = adtrans.grad(fun)
    adtrans.check_grads(fun, (x,))
    gradient(x)
    assert "row" not in gradient.source and "for e in range(" not in gradient.source


def taking_turns(x, steps):
    u, v = x.copy(), x.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            v[i] = u[i] - 0.2 * u[i] * (u[i] - u[i - 1]) + 0.1 * u[i + 1]
        u, v = v, u
    return np.sum(u * u * u)


def three_in_turn(x, steps):
    u, v, w = x.copy(), 0.5 * x, x * x
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            w[i] = u[i - 1] * v[i + 1] - 0.3 * v[i - 1] * u[i + 1]
        u, v, w = v, w, u
    return np.sum(u * v) + w[2]


def one_array_twice(x, steps):
    u = x.copy()
    v = u
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            v[i] = 0.5 * u[i] + 0.2 * u[i - 1] * u[i + 1]
        u, v = v, u
    return np.sum(u * u)


def one_given_up(x, steps):
    u, v = x.copy(), x * 2.0
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            v[i] = u[i] - 0.2 * u[i - 1] + 0.1 * u[i + 1]
        u, v = v, v
    return np.sum(u * u * v)


@pytest.mark.parametrize("fun, gathered", [(taking_turns, True), (three_in_turn, True), (one_array_twice, False),
                                           (one_given_up, False)], ids=lambda value: getattr(value, "__name__", value))
def test_arrays_that_take_turns(fun, gathered, form):
    x = np.linspace(0.3, 1.2, 30)
    gradient = adtrans.grad(fun, cache=False)
    for steps in (0, 1, 2, 3, 6):
        expected = [fun(x + step, steps).imag / 1e-30 for step in np.eye(30) * 1e-30j]
        for call in (gradient, gradient.interpreted):
            assert np.allclose(call(x, steps), expected, rtol=1e-10, atol=1e-12)
    assert is_gathered(gradient.source, form) == gathered


STORED = {"one element": "v[0]", "in turn": "v[j % 5]", "in pairs": "v[j // 2]", "clipped": "v[min(j, 7)]",
          "wrapped": "v[j - 30]", "its own": "v[j]", "read": "v[j]"}


@pytest.mark.parametrize("place", STORED)
def test_elements_that_several_iterations_store(place, form):
    """What is stored over has no derivative."""
    fun = function(f"""
def f(x, steps):
    u, v = x.copy(), x * 2.0
    for _ in range(steps):
        for j in range(1, len(x)):
            {STORED[place]} = 0.3 * u[j - 1] * u[j] + 0.1 * u[j - 2]{" + v[-3]" * (place == "read")}
        u, v = v, u
    return np.sum(u * u * v)
""")
    x = np.cos(np.arange(31.0))
    gradient = adtrans.grad(fun, cache=False)
    for steps in (1, 2, 3):
        expected = [fun(x + step, steps).imag / 1e-30 for step in np.eye(31) * 1e-30j]
        assert np.allclose(gradient.interpreted(x, steps), expected, rtol=1e-10, atol=1e-12)
    assert is_gathered(gradient.source, form) or form == "direct" and "row[" in gradient.source


def test_an_element_stored_from_either_end(form):
    """`y[-1]` in the first iteration is what the last one stores."""
    def fun(x):
        y = x[2:] * 0.0
        for j in range(len(y) + 1):
            y[j - 1] = x[j] * x[j + 1] * 0.5
        return np.sum(y * y)

    def rows(x):
        y = x[2:, 2:] * 0.0
        for i in range(y.shape[0] + 1):
            for j in range(1, y.shape[1]):
                y[i - 1, j] = x[i, j] * x[i + 1, j + 1] * 0.5 + x[i, j - 1]
        return np.sum(y * y)

    for loop, shape in ((fun, (40,)), (rows, (20, 20))):
        x = np.cos(np.arange(float(np.prod(shape)))).reshape(shape)
        steps = (np.eye(x.size) * 1e-30j).reshape(-1, *shape)
        expected = np.array([loop(x + step).imag / 1e-30 for step in steps]).reshape(shape)
        assert np.allclose(adtrans.grad(loop, cache=False).interpreted(x), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_random_loops_over_neighbours(seed):
    assert stencils.apart(seed)[0] < 1e-10


def relaxed(a, b, steps):
    for _ in range(steps):
        b[1:-1] = 0.3 * (a[:-2] + a[1:-1] + a[2:])
        a[1:-1] = 0.3 * (b[:-2] + b[1:-1] + b[2:])


def test_zeros_that_are_not_written():
    """An iteration back in time stores over what the one before has left; only the first adds."""
    adjoint = adtrans.adjoint(relaxed, inputs=("a", "b"), outputs=("a", "b"), cache=False)
    source = adjoint.inspect_source(np.ones(20), np.ones(20), 3)
    back = source[source.index("_bar"):]
    assert back.count("b_bar[i] = 0.0") == 3 and "else:" in back  # at both ends, and after the last iteration
    for steps in (0, 1, 2, 5):
        for extent in (2, 3, 4, 5, 6, 9, 40):
            rng = np.random.default_rng(extent)
            bars = {name: rng.normal(size=extent) for name in "ab"}
            expected = {name: bar.copy() for name, bar in bars.items()}
            for _ in range(steps):
                for to, of in (("b", "a"), ("a", "b")):
                    inner = 0.3 * expected[of][1:-1]
                    expected[of][1:-1] = 0.0
                    for k in range(3):
                        expected[to][k:k + len(inner)] += inner
            adjoint(np.ones(extent), np.ones(extent), steps, bars=bars)
            assert same(list(bars.values()), [expected["a"], expected["b"]])
