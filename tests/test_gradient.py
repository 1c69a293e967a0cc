"""What a gradient function promises: binding, containers, results' types, buffers, aliases, attributes."""

import dataclasses
import pickle
from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans import grad, value_and_grad
from tests import duals
from tests.fuzz import judge

X = np.array([1.0, 2.0, 3.0])


def energy(x, y, n=2):
    """Some energy."""
    return np.sum(x**n) * y


def damaging(x, y):
    x[0] *= y
    return x[0] * x[1]


def interpreted(fun, *args, argnums=0, **kwargs):
    return grad(fun, argnums=argnums, cache=False).interpreted(*args, **kwargs)


# --- argnums and binding ---------------------------------------------------------------------------------


def test_argnums_by_position_and_name():
    assert interpreted(energy, X, 2.0).tolist() == [4.0, 8.0, 12.0]
    assert interpreted(energy, X, 2.0, argnums="x").tolist() == [4.0, 8.0, 12.0]
    assert interpreted(energy, X, 2.0, argnums=1) == 14.0
    assert interpreted(energy, X, 2.0, argnums=-2) == 14.0


def test_a_tuple_of_argnums_gives_a_tuple():
    y_bar, x_bar = interpreted(energy, X, 2.0, argnums=("y", 0))
    assert y_bar == 14.0 and x_bar.tolist() == [4.0, 8.0, 12.0]
    assert isinstance(interpreted(energy, X, 2.0, argnums=(0,)), tuple)
    assert interpreted(energy, X, 2.0, argnums=["y"]) == (14.0,)


@pytest.mark.parametrize("argnums", [3, -4, "z", (), (0, 0), (0, "x")])
def test_argnums_that_name_no_parameter(argnums):
    with pytest.raises(ValueError) as caught:
        grad(energy, argnums=argnums)
    assert isinstance(caught.value, adtrans.AdtransError)


@pytest.mark.parametrize("argnums", [1.0, None, True, (0, 1.0)])
def test_argnums_of_a_wrong_type(argnums):
    with pytest.raises(TypeError) as caught:
        grad(energy, argnums=argnums)
    assert isinstance(caught.value, adtrans.AdtransError)


def test_keywords_and_defaults_bind_as_in_python():
    assert interpreted(energy, y=2.0, x=X).tolist() == [4.0, 8.0, 12.0]
    assert interpreted(energy, X, y=2.0, n=3).tolist() == [6.0, 24.0, 54.0]
    assert interpreted(energy, X, 2.0, n=1).tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("args, kwargs", [((), {}), ((X,), {}), ((X, 1.0, 2, 3), {}), ((X, 1.0), {"k": 1}),
                                          ((X, 1.0), {"x": X})])  # fmt: skip
def test_calls_that_do_not_bind(args, kwargs):
    with pytest.raises(TypeError) as caught:
        interpreted(energy, *args, **kwargs)
    assert isinstance(caught.value, adtrans.AdtransError)


def test_keyword_only_parameters_and_variadic_ones():
    def f(x, *more, rate=0.5, **named):
        total = x * rate
        for t in more:
            total += t * x
        return total + named["k"] * x * x

    assert interpreted(f, 2.0, 3.0, 4.0, rate=1.5, k=2.0) == 1.5 + 7.0 + 8.0


def test_decorator_forms():
    @grad
    def first(x):
        return x * x

    @grad(argnums=(0, 1), cache=False)
    def second(x, y):
        return x * y

    assert first.interpreted(3.0) == 6.0
    assert second.interpreted(3.0, 4.0) == (4.0, 3.0)


# --- values and types ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1.5, np.float64(1.5), np.float32(1.5)])
def test_the_gradient_of_a_number_has_its_type(number):
    value, slope = value_and_grad(lambda x: x * x * 0.5, cache=False).interpreted(number)
    assert type(value) is type(slope) is type(number)
    assert slope == 1.5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 0), (2, 3), (2, 1, 2)])
def test_the_gradient_of_an_array_has_its_shape_and_dtype(shape, dtype):
    x = np.arange(1, 1 + int(np.prod(shape)), dtype=dtype).reshape(shape)
    value, x_bar = value_and_grad(lambda x: np.sum(x * x), cache=False).interpreted(x)
    assert isinstance(x_bar, np.ndarray) and x_bar.shape == shape and x_bar.dtype == dtype
    assert np.array_equal(x_bar, 2 * x)
    assert type(value) is dtype and value == np.sum(x * x)


LAYOUTS = {
    "C": lambda a: np.ascontiguousarray(a),
    "F": lambda a: np.asfortranarray(a),
    "strided": lambda a: np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::3],
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "read-only": lambda a: np.broadcast_to(a, (2, 3, 4))[0],
    "unaligned": lambda a: unaligned(a),
}


def unaligned(a):
    found = np.ndarray(a.shape, a.dtype, bytearray(a.nbytes + 1), 1)
    found[...] = a
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_an_array_does_not_matter(layout):
    a = np.sin(np.arange(12.0)).reshape(3, 4)

    def f(a):
        a[1:] *= a[:-1]
        return np.sum(a[:, 0] * a[:, 1]) + a[-1, -1]

    given = LAYOUTS[layout](a)
    found = interpreted(f, given)
    assert np.allclose(found, duals.gradient(f, (a.copy(),))[1], rtol=1e-14)
    assert np.array_equal(given, a)


def test_compiled_code_takes_every_layout():
    a = np.sin(np.arange(12.0)).reshape(3, 4)

    def f(a):
        return np.sum(a[:, 0] * a[:, 1]) * a[-1, -1]

    g, wanted = grad(f), duals.gradient(f, (a.copy(),))[1]
    for made in LAYOUTS.values():
        assert np.allclose(g(made(a)), wanted, rtol=1e-14)


def test_a_function_that_depends_on_nothing():
    assert interpreted(lambda x: 3.0, 2.0) == 0.0
    assert interpreted(lambda x: 3.0, X).tolist() == [0.0, 0.0, 0.0]


UNTAKEN = [1j, X + 1j, np.float16(1), X.astype(">f8"), X.astype(object), np.array(["a"]), np.longdouble(1),
           object(), {1, 2}, np.ma.array(X)]  # fmt: skip


@pytest.mark.parametrize("bad", UNTAKEN, ids=lambda bad: type(bad).__name__)
def test_arguments_that_cannot_be_taken(bad):
    with pytest.raises(TypeError) as caught:
        interpreted(energy, bad, 1.0)
    assert isinstance(caught.value, adtrans.AdtransError)
    assert "'x'" in str(caught.value)


@pytest.mark.parametrize("bad", [3, True, np.arange(3), "mean", None, (1, "a")], ids=str)
def test_an_argument_without_floats_is_an_error_not_a_zero(bad):
    with pytest.raises(TypeError, match="no floating-point values"):
        interpreted(energy, bad, 1.0)


# --- containers ------------------------------------------------------------------------------------------


class Layer(NamedTuple):
    w: np.ndarray
    b: float
    units: int


@dataclasses.dataclass
class Model:
    layer: Layer
    name: str
    scale: float


@dataclasses.dataclass(frozen=True)
class Frozen:
    w: np.ndarray
    k: int


def applied(model, x):
    return np.sum(model.layer.w * x) * model.layer.b * model.layer.units + model.scale**2


def test_containers_come_back_as_they_are():
    model = Model(Layer(X, 0.5, 2), "m", 3.0)
    found = interpreted(applied, model, 2.0)
    assert type(found) is Model and type(found.layer) is Layer
    assert found.layer.w.tolist() == [2.0, 2.0, 2.0]
    assert found.layer.b == 24.0 and found.layer.units is None
    assert found.name is None and found.scale == 6.0


def test_a_frozen_dataclass():
    found = interpreted(lambda p: np.sum(p.w) * p.k, Frozen(X, 3))
    assert type(found) is Frozen and found.w.tolist() == [3.0] * 3 and found.k is None


def test_tuples_dicts_and_lists_in_each_other():
    params = {"w": (X, [0.5, 2.0]), "n": 3, "mode": "mean", "none": None}

    def f(p, x):
        a, (b, c) = p["w"]
        return np.sum(a) * b * x + c * c * p["n"]

    found, x_bar = interpreted(f, params, 2.0, argnums=(0, 1))
    assert list(found) == ["w", "n", "mode", "none"]
    assert found["w"][0].tolist() == [1.0] * 3 and found["w"][1] == [12.0, 12.0]
    assert found["n"] is found["mode"] is found["none"] is None
    assert x_bar == 3.0


def test_the_order_of_a_dict_is_kept():
    found = interpreted(lambda d: d["a"] * d["b"], {"b": 2.0, "a": 3.0})
    assert list(found.items()) == [("b", 3.0), ("a", 2.0)]


def test_a_container_changed_by_the_function_is_unchanged_for_the_caller():
    def f(d):
        d["w"][0] = d["w"][1] * 2.0
        d["b"] = d["b"] * d["w"][0]
        return d["b"]

    params = {"w": X.copy(), "b": 0.5}
    found = interpreted(f, params)
    assert params["w"].tolist() == X.tolist() and params["b"] == 0.5
    assert found["w"].tolist() == [0.0, 1.0, 0.0] and found["b"] == 4.0


# --- arguments are left alone, aliases are aliases -------------------------------------------------------


def test_arguments_are_unchanged_in_every_mode():
    x = X.copy()
    g = value_and_grad(damaging, argnums=(0, 1))
    bars = np.zeros(3), np.zeros(())
    for call in (g, g.interpreted, g.value, g.value_and_grad, lambda *args: g.accumulate(bars, *args)):
        call(x, 2.0)
        assert x.tolist() == X.tolist()


def test_read_only_arguments_can_be_written_to_by_the_function():
    x = X.copy()
    x.flags.writeable = False
    assert interpreted(damaging, x, 2.0).tolist() == [4.0, 2.0, 0.0]
    assert grad(damaging)(x, 2.0).tolist() == [4.0, 2.0, 0.0]


ALIASES = {
    "same": lambda x: (x, x),
    "shifted": lambda x: (x[1:], x[:-1]),
    "reversed": lambda x: (x, x[::-1]),
    "apart": lambda x: (x[::2], x[1::2]),
    "part": lambda x: (x, x[1:]),
}


def coupled(a, b):
    b[0] = a[0] * a[1]
    a[1] += b[0] * b[1]
    return a[1] * a[0] + b[1]


@pytest.mark.parametrize("kind", ALIASES)
@pytest.mark.parametrize("argnums", [(0, 1), 0, 1])
def test_arguments_that_overlap(kind, argnums):
    args = ALIASES[kind](np.array([0.7, 1.3, -0.4, 0.9]))
    value, found = value_and_grad(coupled, argnums=argnums, cache=False).interpreted(*args)
    wanted, gradient = duals.gradient(coupled, args, argnums)
    assert value == pytest.approx(wanted, rel=1e-14)
    given, right = judge.numbers(found), judge.numbers(gradient)
    assert np.allclose(given, right, rtol=1e-13, atol=1e-15)
    assert args[0][0] == ALIASES[kind](np.array([0.7, 1.3, -0.4, 0.9]))[0][0]


# --- accumulate ------------------------------------------------------------------------------------------


def test_accumulate_adds_seed_times_gradient():
    g = grad(energy, argnums=(0, 1))
    bars = np.ones(3), np.ones(())
    value = g.accumulate(bars, X, 2.0, seed=3.0)
    assert value == 28.0
    assert bars[0].tolist() == [13.0, 25.0, 37.0] and bars[1] == 43.0
    g.accumulate(bars, X, 2.0)
    assert bars[0].tolist() == [17.0, 33.0, 49.0] and bars[1] == 57.0


def test_accumulate_where_the_function_writes_to_its_argument():
    bar = np.ones(3)
    grad(damaging).accumulate(bar, X, 2.0, seed=0.5)
    assert bar.tolist() == [3.0, 2.0, 1.0]


def test_accumulate_in_single_precision():
    bar = np.zeros(3, dtype=np.float32)
    value = grad(energy).accumulate(bar, X.astype(np.float32), np.float32(2.0), seed=0.5)
    assert type(value) is np.float32 and bar.tolist() == [2.0, 4.0, 6.0]


def test_accumulate_into_a_strided_buffer():
    wide = np.zeros(6)
    grad(energy).accumulate(wide[::2], X, 2.0)
    assert wide.tolist() == [4.0, 0.0, 8.0, 0.0, 12.0, 0.0]


@pytest.mark.parametrize("shift", [0, 1])
def test_a_buffer_that_overlaps_an_argument_is_right_or_refused(shift):
    memory = np.array([1.0, 2.0, 3.0, 4.0])
    x, bar = memory[:3], memory[shift : 3 + shift]
    wanted = bar + 2.0 * x
    try:
        grad(lambda x: np.sum(x * x)).accumulate(bar, x)
    except adtrans.AdtransError:
        return
    assert bar.tolist() == wanted.tolist()


def test_one_buffer_for_two_arguments_collects_both_gradients():
    bar = np.zeros(3)
    grad(lambda a, b: np.sum(a * b), argnums=(0, 1)).accumulate((bar, bar), X, X + 1.0)
    assert bar.tolist() == (2.0 * X + 1.0).tolist()


UNFIT = [np.zeros(4), np.zeros((3, 1)), np.zeros(3, dtype=np.float32), [0.0] * 3, 0.0, None]


@pytest.mark.parametrize("bar", UNFIT, ids=repr)
def test_buffers_that_do_not_fit(bar):
    with pytest.raises((TypeError, ValueError)) as caught:
        grad(energy).accumulate(bar, X, 2.0)
    assert isinstance(caught.value, adtrans.AdtransError)


def test_a_buffer_for_every_differentiated_argument():
    with pytest.raises(TypeError, match="2 buffers"):
        grad(energy, argnums=(0, 1)).accumulate((np.zeros(3),), X, 2.0)


def test_accumulate_into_a_container():
    bars = {"w": np.ones(3), "b": np.zeros(())}
    value = grad(lambda p, x: np.sum(p["w"]) * p["b"] * x).accumulate(bars, {"w": X, "b": 0.5}, 2.0)
    assert value == 6.0
    assert bars["w"].tolist() == [2.0] * 3 and bars["b"] == 12.0


# --- looking inside --------------------------------------------------------------------------------------


def test_value_and_value_and_grad():
    g = grad(energy)
    assert g.value(X, 2.0) == 28.0
    value, x_bar = g.value_and_grad(X, 2.0)
    assert value == 28.0 and x_bar.tolist() == [4.0, 8.0, 12.0]
    both = value_and_grad(energy)
    assert both.value(X, 2.0) == 28.0
    assert both.value_and_grad(X, 2.0)[1].tolist() == both(X, 2.0)[1].tolist() == [4.0, 8.0, 12.0]


def test_value_of_functions_without_a_scalar_result():
    g = grad(lambda x: (x * 2.0, {"n": 3, "s": x.sum()}, None))
    first, second, third = g.value(X)
    assert first.tolist() == [2.0, 4.0, 6.0] and second == {"n": 3, "s": 6.0} and third is None


def test_source_is_that_of_the_latest_specialisation():
    g = grad(energy, cache=False)
    with pytest.raises(adtrans.AdtransError, match="no generated source yet"):
        _ = g.source
    text = g.inspect_source(X, 2.0)
    assert g.source == text and "def energy_grad(x, y, n):" in text
    g.interpreted(X.astype(np.float32), np.float32(2.0))
    assert g.source != text and "float32" in g.source


def test_printed_source_is_what_runs():
    g = value_and_grad(energy, argnums=(0, 1), cache=False)
    space = {}
    exec(g.inspect_source(X, 2.0), space)
    value, (x_bar, y_bar) = space["energy_value_and_grad"](X, 2.0, 2)
    given, (gx, gy) = g.interpreted(X, 2.0)
    assert (value, x_bar.tolist(), y_bar) == (given, gx.tolist(), gy)


def test_inspecting_compiles_nothing(monkeypatch):
    from adtrans.backend import cpu

    monkeypatch.setattr(cpu, "compile_module", lambda *args, **kwargs: pytest.fail("compiled"))
    g = grad(energy, cache=False)
    g.inspect_source(X, 2.0)
    g.interpreted(X, 2.0)


def test_one_specialisation_per_signature():
    g = grad(energy, cache=False)
    for x in (X, X * 2.0, np.zeros(0), np.ones(1)):
        g.inspect_source(x, 2.0)
    count = len(g.signatures)
    g.inspect_source(X.astype(np.float32), 2.0)
    assert len(g.signatures) == count + 1
    assert all(isinstance(code, str) for signature in g.signatures for code in signature)


def test_strings_none_and_python_numbers_specialise():
    def f(x, mode, offset):
        return x * x if mode == "square" else x + (0.0 if offset is None else offset)

    g = grad(f, cache=False)
    assert g.interpreted(3.0, "square", None) == 6.0
    assert g.interpreted(3.0, "other", None) == 1.0
    assert g.interpreted(3.0, "other", 2.0) == 1.0


def test_names_and_documentation_of_the_function_are_kept():
    g = grad(energy)
    assert g.py_func is energy and g.__name__ == "energy" and g.__doc__ == "Some energy."
    assert "energy" in repr(g)


def test_a_gradient_function_can_be_pickled():
    g = pickle.loads(pickle.dumps(value_and_grad(energy, argnums=("y",), cache=False)))
    assert g.interpreted(X, 2.0) == (28.0, (14.0,))


@pytest.mark.parametrize("options", [{"target": "cuda"}], ids=str)
def test_options_that_are_not_built_say_so(options):
    with pytest.raises(adtrans.UnsupportedError, match="not built yet"):
        grad(lambda x: x * x, **options).interpreted(2.0)


@pytest.mark.parametrize("thing", [3, "f", len, int, np.sin, Layer])
def test_things_that_are_not_functions_with_source(thing):
    with pytest.raises(adtrans.AdtransError):
        grad(thing, argnums=0).interpreted(2.0)


# --- results ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fun", [lambda x: x, lambda x: (x[0], x[1]), lambda x: None, lambda x: "text",
                                 lambda x: x[:1]])  # fmt: skip
def test_a_gradient_needs_a_scalar_result(fun):
    with pytest.raises(TypeError, match="scalar result") as caught:
        interpreted(fun, X)
    assert isinstance(caught.value, adtrans.AdtransError)


INTEGERS = [lambda x: int(x), lambda x: x > 1.0, lambda x: int(x) * 1.0, lambda x: len([x])]


@pytest.mark.parametrize("fun", INTEGERS)
def test_a_result_of_integers_has_no_derivative(fun):
    with pytest.raises(adtrans.NonDifferentiableError):
        interpreted(fun, 2.5)
