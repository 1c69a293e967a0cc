"""Basic indexing as NumPy has it: every index, slice and view of random shapes, read and written."""

import random

import numpy as np
import pytest

import adtrans
from tests.lower.texts import function, interpreted, value


def random_slice(rng, extent, names=None):
    """A slice as text; its parts are literals, or names of arguments given in `names`."""

    def part(low, high):
        number = rng.randint(low, high)
        if names is None:
            return str(number)
        names.append(number)
        return f"p{len(names) - 1}"

    start, stop = (part(-extent - 2, extent + 2) if rng.random() < 0.7 else "" for _ in range(2))
    step = ""
    if rng.random() < 0.6:
        step = part(1, 3) if rng.random() < 0.5 else part(-3, -1)
    return f"{start}:{stop}:{step}"


def random_index(rng, shape, names=None):
    """An index of an array as text."""
    parts = []
    for extent in shape:
        if extent and rng.random() < 0.35:
            number = rng.randint(-extent, extent - 1)
            if names is not None:
                names.append(number)
            parts.append(str(number) if names is None else f"p{len(names) - 1}")
        else:
            parts.append(random_slice(rng, extent, names))
    if rng.random() < 0.3:
        kept = rng.randint(0, len(parts))
        tail = rng.randint(kept, len(parts))
        parts[kept:tail] = ["..."]
    if rng.random() < 0.3:
        parts.insert(rng.randint(0, len(parts)), "None")
    return f"[{', '.join(parts)}]"


def made(seed, literal):
    """A random array, an index of it, and the arguments the index is made from."""
    rng = random.Random(seed)
    shape = tuple(rng.randint(0, 5) for _ in range(rng.randint(1, 3)))
    names = None if literal else []
    index = random_index(rng, shape, names)
    x = np.sin(1.0 + np.arange(float(np.prod(shape)))).reshape(shape)
    numbers = tuple(names or ())
    parameters = ", ".join(["x", *(f"p{k}" for k in range(len(numbers)))])
    return x, index, numbers, parameters


def place(x, index, numbers):
    """The elements that Python's own indexing picks, as their positions in memory."""
    space = {"positions": np.arange(x.size).reshape(x.shape)} | {f"p{k}": n for k, n in enumerate(numbers)}
    return eval(f"positions{index}", space)


@pytest.mark.parametrize("literal", [True, False])
@pytest.mark.parametrize("seed", range(60))
def test_reading_through_any_index(seed, literal):
    x, index, numbers, parameters = made(seed, literal)
    fun = function(f"def f({parameters}):\n    y = x{index}\n    return np.sum(y * y)\n")
    found, x_bar = interpreted(fun, x, *numbers)
    picked = np.ravel(place(x, index, numbers))
    wanted = np.zeros(x.size)
    wanted[picked] = 2.0 * x.ravel()[picked]
    assert found == pytest.approx(np.sum(x.ravel()[picked] ** 2), rel=1e-14)
    assert np.allclose(x_bar.ravel(), wanted, rtol=1e-15)


@pytest.mark.parametrize("literal", [True, False])
@pytest.mark.parametrize("seed", range(100, 140))
def test_writing_through_any_index(seed, literal):
    x, index, numbers, parameters = made(seed, literal)
    fun = function(f"def f({parameters}):\n    x{index} = 2.0 * s\n    return np.sum(x * x)\n"
                   .replace("(x", "(x, s", 1))  # fmt: skip
    _, (x_bar, s_bar) = interpreted(fun, x, 0.5, *numbers, argnums=(0, 1))
    picked = np.ravel(place(x, index, numbers))
    wanted = 2.0 * x.ravel()
    wanted[picked] = 0.0
    assert np.allclose(x_bar.ravel(), wanted, rtol=1e-15)
    assert s_bar == pytest.approx(4.0 * np.unique(picked).size, rel=1e-15)


@pytest.mark.parametrize("seed", range(200, 240))
def test_views_of_views(seed):
    x, first, numbers, parameters = made(seed, False)
    shape = place(x, first, numbers).shape
    rng = random.Random(seed)
    second = random_index(rng, shape) if shape else "[...]"
    fun = function(f"def f({parameters}):\n    y = x{first}\n    y = y{second}\n    return np.sum(y * y)\n")
    space = {"positions": place(x, first, numbers)}
    picked = np.ravel(eval(f"positions{second}", space))
    _, x_bar = interpreted(fun, x, *numbers)
    wanted = np.zeros(x.size)
    wanted[picked] = 2.0 * x.ravel()[picked]
    assert np.allclose(x_bar.ravel(), wanted, rtol=1e-15)


@pytest.mark.parametrize("n", [-3, -1, 0, 2])
def test_a_computed_index_into_a_view_counts_from_the_views_ends(n):
    def f(x, n):
        v = x[1:4]
        w = x[::-1]
        v[n] = v[n] * w[n]
        return v[n] + w[n]

    x = np.array([0.7, 1.3, -0.4, 0.9, 0.25])
    assert value(f, x.copy(), n) == f(x.copy(), n)


@pytest.mark.parametrize("n", [-6, 5])
def test_indices_out_of_range_are_errors_naming_the_line(n):
    def f(x, n):
        return x[n] * 2.0

    line = f.__code__.co_firstlineno + 1
    with pytest.raises(IndexError, match=rf":{line}:.*out of bounds for axis 0"):
        value(f, np.ones(5), n)


def test_an_index_out_of_range_of_a_view_is_an_error():
    with pytest.raises(IndexError):
        value(lambda x, n: x[1:3][n], np.ones(5), 2)
    with pytest.raises(IndexError):
        value(lambda x, n: x[1:3][n], np.ones(5), -3)


def test_a_slice_step_of_zero():
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        value(lambda x, n: np.sum(x[::n]), np.ones(5), 0)


def test_transposes_of_three_axes():
    x = np.sin(np.arange(24.0)).reshape(2, 3, 4)

    def f(x):
        t = np.transpose(x, (1, 2, 0))
        u = x.transpose(2, 0, 1)
        return t[2, 3, 0] * t[0, 1, 1] + u[3, 1, 2] * x.T[1, 2, 0]

    found, x_bar = interpreted(f, x)
    assert found == pytest.approx(f(x), rel=1e-15)
    wanted = np.zeros_like(x)
    for a, b in (((0, 2, 3), (1, 0, 1)), ((1, 2, 3), (0, 2, 1))):
        wanted[a] += x[b]
        wanted[b] += x[a]
    assert np.allclose(x_bar, wanted, rtol=1e-15)


def test_too_many_indices():
    with pytest.raises(IndexError, match="too many indices"):
        value(lambda x: x[0, 1], np.ones(3))


def test_a_broadcast_view_cannot_be_written_to():
    def f(x):
        y = np.broadcast_to(x, (2, 3))
        y[0, 0] = 1.0
        return np.sum(y)

    with pytest.raises(ValueError, match="read-only"):
        value(f, np.ones(3))


def kept_axes(x):
    first, last, middle = x[:, 0:1], x[:, -1:], x[1:2]
    return np.sum(first.T * first - last) + np.sum(middle * x) + np.sum(x[5:6]) + np.sum(x[:, -2:-1] * x)


@pytest.mark.parametrize("shape", [(4, 3), (6, 2), (3, 1)])
def test_slices_of_one_element(shape):
    x = np.sin(1.0 + np.arange(float(np.prod(shape)))).reshape(shape)
    adtrans.check_grads(kept_axes, (x,), modes=("rev",))


def test_an_axis_kept_for_broadcasting_is_read_once():
    def apart(x):
        column = x[:, 0:1]
        return np.sum((column.T - column) * x[:, 1:2])

    x = np.sin(np.arange(8.0)).reshape(4, 2)
    gradient = adtrans.grad(apart)
    gradient.interpreted(x)
    assert len(gradient.specialisations) == 1
    assert "min(" not in gradient.source


def test_slices_that_run_past_the_end_in_a_loop():
    def windows(x):
        total = 0.0
        for i in range(len(x) + 2):
            total += np.sum(x[i:i + 1] * x[i:i + 1] * (1.0 + i)) + np.sum(x[i - 1:i])
        return total

    adtrans.check_grads(windows, (np.array([0.5, 2.0, -1.0]),), modes=("rev",))
    assert np.array_equal(adtrans.grad(windows).interpreted(np.array([1.0, 2.0])), [3.0, 9.0])
