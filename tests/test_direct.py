"""Calls that take the short way give what the long way gives, and only where they may."""

import pickle
import subprocess
import sys
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans.gradient import GradientFunction

SCALE = 2.0
RNG = np.random.default_rng(2)


def product(x, y):
    return x * y * y


def scaled(x):
    return SCALE * x * x


def weighted(a, b, power=2):
    total = 0.0
    for i in range(a.shape[0]):
        total += (a[i] * b[i]) ** power
    return total


def is_short(gradient, method="__call__"):
    """Whether a call of a method would be tried by a link first."""
    return method in vars(type(gradient)).get("_chains", {})


def long_way(gradient, *args):
    return GradientFunction.__call__(gradient, *args)


@pytest.mark.parametrize("args", [(3.0, 4.0), (np.float64(3.0), 4.0), (np.float32(3.0), np.float32(4.0)), (3.0, 4),
                                  (3.0, True)])
@pytest.mark.parametrize("argnums", [0, (0,), "x"])
def test_numbers(args, argnums):
    for make in (adtrans.grad, adtrans.value_and_grad):
        gradient = make(product, argnums=argnums)
        first = gradient(*args)
        assert is_short(gradient)
        again = gradient(*args)
        assert repr(again) == repr(first) == repr(long_way(gradient, *args))
        gradient.value(*args)
        assert repr(gradient.value(*args)) == repr(GradientFunction._long_value(gradient, *args))
        assert repr(gradient.value_and_grad(*args)) == repr(GradientFunction._long_value_and_grad(gradient, *args))


def test_several_types_in_turn():
    gradient = adtrans.grad(product, argnums=0)
    kinds = [(3.0, 4.0), (np.float64(3.0), 4.0), (np.float32(3.0), np.float32(4.0)), (3.0, 4), (3.0, True),
             (np.ones(3), 2.0)]
    for _ in range(3):
        for x, y in kinds:
            if isinstance(x, np.ndarray):
                with pytest.raises(adtrans.AdtransError):
                    gradient(x, y)
                continue
            found = gradient(x, y)
            assert found == y * y and type(found) is type(x)


def test_keywords_defaults_and_wrong_calls():
    gradient = adtrans.grad(weighted, argnums=(0, 1))
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    expected = gradient(a, b)
    for given in ((a, b), (a, b, 2)):
        for one, other in zip(gradient(*given), expected):
            assert np.array_equal(one, other)
    for _ in range(2):
        assert np.array_equal(gradient(a, b=b)[0], expected[0])
        assert np.array_equal(gradient(b=b, a=a)[0], expected[0])
        assert np.array_equal(gradient(a, b, power=3)[0], 3 * a**2 * b**3)
        assert np.array_equal(gradient(a, power=3, b=b)[0], 3 * a**2 * b**3)
    for wrong in ((), (a,), (a, b, 2, 3), (a, "b", 2), (a, Fraction(1, 2)), (1, b)):
        with pytest.raises(adtrans.AdtransError):
            gradient(*wrong)
    with pytest.raises(adtrans.AdtransError):
        gradient(a, b, other=1)
    with pytest.raises(TypeError, match=r"weighted\(\) got multiple values for argument 'b'"):
        gradient(a, b, 2, b=b)
    assert np.array_equal(gradient(a, b, 2)[0], expected[0])


def test_parameters_with_names_of_globals_and_others():
    def shadowing(SCALE, np, _private, self):
        return scaled(SCALE) * np * _private * self

    def positional(x, y, /, z=1.0):
        return x * y * z

    for _ in range(3):
        assert adtrans.grad(positional)(2.0, 3.0) == 3.0
    gradient, other = adtrans.grad(shadowing), adtrans.grad(positional, argnums=1)
    for _ in range(3):
        assert gradient(3.0, 1.0, 2.0, 1.0) == gradient(3.0, 1.0, _private=2.0, self=1.0) == 24.0
        assert other(2.0, 3.0, z=4.0) == other(2.0, 3.0, 4.0) == 8.0
        with pytest.raises(TypeError):
            other(2.0, y=3.0)


def test_a_changed_global_is_seen(monkeypatch):
    gradient = adtrans.grad(scaled)
    assert [gradient(3.0), gradient(3.0)] == [12.0, 12.0] and is_short(gradient)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert [gradient(3.0), gradient(3.0)] == [30.0, 30.0]
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert [gradient(3.0), gradient(3.0)] == [12.0, 12.0]


def test_a_changed_closure_or_function_is_seen():
    factor = 2.0

    def square(x):
        return x * x

    def cube(x):
        return x * x * x

    helper = square

    def fun(x):
        return factor * helper(x)

    gradient = adtrans.grad(fun)
    assert [gradient(3.0), gradient(3.0)] == [12.0, 12.0]
    factor = 3.0
    assert [gradient(3.0), gradient(3.0)] == [18.0, 18.0]

    helper = cube
    assert [gradient(3.0), gradient(3.0)] == [81.0, 81.0]


def test_a_mutable_constant_is_never_short():
    weights = [1.0, 2.0]

    def fun(x):
        return weights[0] * x * x

    gradient = adtrans.grad(fun)
    assert [gradient(3.0), gradient(3.0)] == [6.0, 6.0]
    weights[0] = 2.0
    assert gradient(3.0) == 12.0


def test_arrays_of_every_layout_and_overlap():
    gradient = adtrans.grad(weighted, argnums=(0, 1))
    memory = RNG.normal(size=24)
    shifted = np.frombuffer(b"\0" + np.arange(8.0).tobytes(), np.float64, offset=1)
    cases = [(memory[:8].copy(), memory[8:16].copy()), (memory[:8], memory[8:16]), (memory[:8], memory[4:12]),
             (memory[:16:2], memory[1:16:2]), (memory[:8], memory[:8]), (memory[:8:-1][:8], memory[:8].copy()),
             (memory[:1], memory[1:2]), (memory[:0], memory[:0].copy())]
    cases.append((cases[0][0], cases[0][0]))
    cases.append((shifted, np.ones(8)))
    for _ in range(2):
        for a, b in cases:
            for found, expected in zip(gradient(a, b), gradient.interpreted(a, b)):
                assert np.allclose(found, expected, rtol=1e-13, atol=0.0)
    with pytest.raises(adtrans.AdtransError):
        gradient(np.ones(3, complex), np.ones(3))
    with pytest.raises(IndexError):
        gradient(np.ones(4), np.ones(3))
    frozen = np.ones(8)
    frozen.flags.writeable = False
    assert np.array_equal(gradient(frozen, memory[:8])[1], 2 * memory[:8])


def test_extents_of_one():
    gradient = adtrans.grad(lambda a, b: np.sum(a * b * b), argnums=(0, 1))
    shapes = [((3, 4), (3, 4)), ((3, 4), (1, 4)), ((3, 1), (1, 4)), ((3, 4), (3, 1)), ((1, 1), (3, 4)), ((3, 4), (3, 4)),
              ((1, 4), (1, 4)), ((3, 4), (1, 1))]
    for _ in range(3):
        for one, other in shapes:
            a, b = RNG.normal(size=one), RNG.normal(size=other)
            a_bar, b_bar = gradient(a, b)
            assert a_bar.shape == one and b_bar.shape == other
            wide_a, wide_b = np.broadcast_arrays(a, b)
            axes = tuple(k for k in range(2) if one[k] == 1 and wide_a.shape[k] != 1)
            assert np.allclose(a_bar, np.sum(wide_b**2, axis=axes, keepdims=True))
            axes = tuple(k for k in range(2) if other[k] == 1 and wide_a.shape[k] != 1)
            assert np.allclose(b_bar, np.sum(2 * wide_a * wide_b, axis=axes, keepdims=True))
        with pytest.raises(ValueError, match="broadcast"):
            gradient(np.ones((3, 4)), np.ones((2, 4)))


def test_statics_and_errors():
    def fun(x, kind, other):
        if kind == "square" and other is None:
            return x * x
        if x > 5.0:
            raise ValueError("too large")
        return x * x * x

    gradient = adtrans.grad(fun)
    for _ in range(2):
        assert gradient(3.0, "square", None) == 6.0
        assert gradient(3.0, "cube", None) == 27.0
        assert gradient(3.0, "square", 1) == 27.0
        with pytest.raises(ValueError, match="too large"):
            gradient(6.0, "cube", None)


def test_the_latest_source_is_that_of_the_latest_call():
    gradient = adtrans.grad(product)
    gradient(1.0, 2.0)
    gradient(1.0, 2.0)
    gradient.value_and_grad(np.float32(1.0), np.float32(2.0))
    other = gradient.source
    gradient(1.0, 2.0)
    assert gradient.source != other
    gradient.value_and_grad(np.float32(1.0), np.float32(2.0))
    assert gradient.source == other


def test_objects_keep_apart():
    one, other = adtrans.grad(product, argnums=0), adtrans.grad(product, argnums=1)
    for _ in range(2):
        assert one(3.0, 4.0) == 16.0 and other(3.0, 4.0) == 24.0
    copied = pickle.loads(pickle.dumps(one))
    assert copied(3.0, 4.0) == 16.0 and isinstance(one, GradientFunction)


def test_inside_compiled_code():
    from numba import njit

    gradient = adtrans.grad(product)
    gradient(3.0, 4.0)

    @njit
    def fun(x):
        return gradient(x, 4.0) + gradient.value(x, 4.0)

    assert fun(3.0) == 16.0 + 48.0


def test_the_first_use_in_compiled_code_after_a_call(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import adtrans
from numba import njit

def square(x):
    return x * x

gradient = adtrans.grad(square)
gradient(3.0)

@njit
def fun(x):
    return gradient.value(x) + gradient.value_and_grad(x)[1]

print(fun(3.0))
""")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "15.0\n", done.stderr


class Pair(NamedTuple):
    w: np.ndarray
    c: float


def layered(params, x):
    return np.sum(params["first"].w * x) * params["first"].c + params["rest"][0] * params["rest"][1][0][0]



def test_containers():
    gradient = adtrans.value_and_grad(layered)
    x = np.array([1.0, 2.0])
    for k in range(3):
        params = {"first": Pair(np.array([3.0, 4.0 + k]), 2.0), "rest": [5.0, (np.array([6.0]), "tag")]}
        value, bar = gradient(params, x)
        assert value == 2.0 * (3.0 + 2.0 * (4.0 + k)) + 30.0
        assert list(bar) == ["first", "rest"] and type(bar["first"]) is Pair and type(bar["rest"]) is list
        assert np.array_equal(bar["first"].w, [2.0, 4.0]) and bar["first"].c == 3.0 + 2.0 * (4.0 + k)
        assert bar["rest"][0] == 6.0 and np.array_equal(bar["rest"][1][0], [5.0]) and bar["rest"][1][1] is None
    assert is_short(gradient)
    turned = {"rest": params["rest"], "first": params["first"]}
    assert list(gradient(turned, x)[1]) == ["rest", "first"]
    same = {"first": Pair(x, 2.0), "rest": [5.0, (np.array([6.0]), "tag")]}
    assert np.array_equal(gradient(same, x)[1]["first"].w, 4.0 * x)  # w is x
    for wrong in ({"first": params["first"]}, [params], None):
        with pytest.raises((adtrans.AdtransError, KeyError)):
            gradient(wrong, x)


def smooth(x, y, n):
    for i in range(1, n - 1):
        y[i] = x[i - 1] * x[i + 1]


def test_adjoints():
    made = adtrans.adjoint(smooth, "x", "y")

    def run(x, y, n, x_bar, y_bar):
        made(x, y, n=n, bars={"x": x_bar, "y": y_bar})
        return x_bar

    x = np.array([2.0, 3.0, 4.0])
    for _ in range(3):
        x_bar = run(x, np.zeros(3), 3, np.ones(3), np.full(3, 2.0))
        assert np.array_equal(x_bar, [9.0, 1.0, 5.0])
    assert is_short(made)
    memory = np.arange(12.0)
    assert np.array_equal(run(memory[::4], np.zeros(3), 3, np.zeros(6)[::2], np.ones(3)), [8.0, 0.0, 0.0])
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    for y, bars in ((np.zeros(3), (np.zeros(4), np.ones(3))), (np.zeros(3), (np.zeros(3), np.ones(3, np.float32))),
                    (np.zeros(3), (frozen, np.ones(3))), (frozen, (np.zeros(3), np.ones(3))), (x, (np.zeros(3),) * 2),
                    (np.zeros(3), (x, np.ones(3))), (np.zeros(3), (np.zeros(3), None))):
        with pytest.raises(adtrans.AdtransError):
            run(x, y, 3, *bars)
    for bars in ({"x": np.zeros(3)}, {"x": np.zeros(3), "y": np.ones(3), "n": np.ones(1)}, None):
        with pytest.raises(adtrans.AdtransError):
            made(x, np.zeros(3), 3, bars=bars)
    with pytest.raises(IndexError):
        run(x, np.zeros(3), 4, np.zeros(3), np.ones(3))


def added(x, y):
    y[:] = y + x


def amplified(gain, x, y):
    for i in range(len(x)):
        y[i] = gain * x[i]


def test_adjoints_by_numbers():
    """Bars of numbers are arrays of one float, which are added to; others go the long way, to its errors."""
    made = adtrans.adjoint(amplified, ("gain", "x"), "y")
    for start in (0.0, 1.0, 2.0):
        bars = {"gain": np.full((1, 1), start), "x": np.zeros(3), "y": np.array([1.0, 2.0, 3.0])}
        assert made(2.0, np.array([1.0, 1.0, 4.0]), np.zeros(3), bars=bars) is None
        assert bars["gain"][0, 0] == start + 15.0 and np.array_equal(bars["x"], [2.0, 4.0, 6.0])
        assert not bars["y"].any() and is_short(made)
    x, shared = np.ones(3), np.zeros(3)
    for gain in (np.zeros(2), np.zeros(1, int), 0.0, shared[:1]):
        with pytest.raises(adtrans.AdtransError):
            made(2.0, x, np.zeros(3), bars={"gain": gain, "x": shared, "y": np.ones(3)})


def test_an_adjoint_whose_shapes_are_not_as_assumed():
    made = adtrans.adjoint(added, ("x", "y"), "y")
    for shape, expected in (((3,), [1.0, 2.0, 3.0]), ((1,), [6.0]), ((3,), [1.0, 2.0, 3.0]), ((1,), [6.0])):
        for _ in range(2):
            x, y, x_bar, y_bar = np.ones(shape), np.ones(3), np.zeros(shape), np.array([1.0, 2.0, 3.0])
            made(x, y, bars={"x": x_bar, "y": y_bar})
            assert np.array_equal(x_bar, expected) and np.array_equal(y_bar, [1.0, 2.0, 3.0])
            assert np.array_equal(y, np.full(3, 2.0))


def test_procedures_alone():
    made = adtrans.adjoint(smooth, "x", "y")
    for n in (3, 4, 5):
        for x in (np.arange(2.0, 2.0 + n), np.arange(2.0, 2.0 + 2 * n)[::2]):
            y, expected = np.zeros(n), np.zeros(n)
            assert made.primal(x, y, n) is None
            smooth(x, expected, n)
            assert np.array_equal(y, expected)
    assert is_short(made, "primal")
    y.flags.writeable = False
    with pytest.raises(adtrans.AdtransError):
        made.primal(x, y, n)


def test_a_method_taken_before_the_first_call():
    gradient = adtrans.grad(product)
    value, both = gradient.value, gradient.value_and_grad
    for x in (2.0, 3.0, 4):
        if type(x) is int:
            with pytest.raises(adtrans.AdtransError):
                both(x, 2.0)
        else:
            assert value(x, 2.0) == 4.0 * x and both(x, 2.0) == (4.0 * x, 4.0)
    assert is_short(gradient, "value") and is_short(gradient, "value_and_grad")


def test_accumulating():
    one, several = adtrans.grad(weighted), adtrans.grad(weighted, argnums=(0, 1))
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    for _ in range(3):
        a_bar, b_bar = np.ones(2), np.ones(2)
        assert one.accumulate(a_bar, a, b) == 73.0 and np.array_equal(a_bar, 1.0 + 2 * a * b**2)
        assert several.accumulate((a_bar, b_bar), a, b, seed=-1) == 73.0
        assert np.array_equal(a_bar, np.ones(2)) and np.array_equal(b_bar, 1.0 - 2 * b * a**2)
    assert is_short(one, "accumulate") and is_short(several, "accumulate")
    assert one.accumulate(a, a, b) == 73.0 and np.array_equal(a, [19.0, 66.0])
    wide = np.zeros(4)
    assert one.accumulate(wide[::2], a, b, power=1) == 19.0 * 3 + 66.0 * 4 and np.array_equal(wide, [3.0, 0, 4.0, 0])
    for wrong in (np.zeros(3), np.zeros(2, np.float32), 1.0, (np.zeros(2),)):
        with pytest.raises(adtrans.AdtransError):
            one.accumulate(wrong, a, b)
        with pytest.raises(adtrans.AdtransError):
            several.accumulate((wrong, np.zeros(2)), a, b)
