"""The structure of arguments: specs say all that a specialisation depends on; leaves and rebuild are inverse."""

import dataclasses
from collections import OrderedDict, namedtuple
from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans.structure import (
    ArraySpec,
    ContainerSpec,
    NumberSpec,
    StaticSpec,
    children,
    is_float,
    leaf_specs,
    leaves,
    rebuild,
    spec_of,
)

Point = namedtuple("Point", "x y")


class Layer(NamedTuple):
    w: np.ndarray
    b: float


@dataclasses.dataclass
class Model:
    layer: Layer
    name: str
    size: int


@dataclasses.dataclass(frozen=True)
class Frozen:
    rate: float


@pytest.mark.parametrize(
    "value, wanted",
    [
        (1.0, NumberSpec("f8", True)), (1, NumberSpec("i8", True)), (True, NumberSpec("b1", True)),
        (np.float64(1), NumberSpec("f8", False)), (np.float32(1), NumberSpec("f4", False)),
        (np.int64(1), NumberSpec("i8", False)), (np.uint8(1), NumberSpec("i8", False)),
        (np.bool_(True), NumberSpec("b1", False)), ("mean", StaticSpec("mean")), (None, StaticSpec(None)),
    ],
    ids=repr,
)  # fmt: skip
def test_specs_of_scalars(value, wanted):
    assert spec_of(value, "x") == wanted


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"])
def test_specs_of_arrays_name_the_dtype(dtype):
    assert spec_of(np.zeros((2, 3), dtype), "x") == ArraySpec(dtype, 2, "C")


def test_specs_of_arrays_name_the_layout():
    a = np.zeros((3, 4))
    assert [spec_of(v, "x").layout for v in (a, a.T, a[::2], a[:, 1], a[1], np.zeros(()), a[::-1])] == [
        "C", "F", "A", "A", "C", "C", "A"]  # fmt: skip
    assert spec_of(np.zeros(3, bool), "x") == ArraySpec("b1", 1, "C")


def test_an_empty_array_has_a_spec():
    assert spec_of(np.zeros((0, 3)), "x").rank == 2


UNTAKEN = [1j, np.complex64(1), np.float16(1), np.zeros(2, complex), np.zeros(2, "f2"), np.zeros(2, ">f8"),
           np.zeros(2, object), np.zeros(2, "U3"), {1}, b"x", object(), np.zeros(2, "M8[s]"),
           np.zeros(2, [("a", "f8")])]  # fmt: skip


@pytest.mark.parametrize("bad", UNTAKEN, ids=lambda bad: type(bad).__name__)
def test_values_that_cannot_be_arguments_are_named(bad):
    with pytest.raises(adtrans.AdtransError, match="'rate'") as caught:
        spec_of(bad, "rate")
    assert isinstance(caught.value, TypeError)


def test_containers_are_told_apart_by_kind_keys_and_items():
    values = [(1.0, 2.0), [1.0, 2.0], Point(1.0, 2.0), {"x": 1.0, "y": 2.0}, {"y": 1.0, "x": 2.0}, (1.0, 2), (1.0,),
              Layer(1.0, 2.0), ((1.0, 2.0),), {"x": 1.0}, Frozen(1.0)]  # fmt: skip
    specs = [spec_of(value, "x") for value in values]
    assert len(set(specs)) == len(specs)


def test_equal_structures_have_equal_specs_and_hashes():
    one, other = (spec_of(Model(Layer(np.ones(n), 0.5), "m", 2), "x") for n in (3, 7))
    assert one == other and hash(one) == hash(other)
    assert one != spec_of(Model(Layer(np.ones(3), 0.5), "n", 2), "x")


VALUES = [
    1.5, np.arange(3.0), (1.5, np.ones(2)), {"a": (1.0, [2.0, 3.0]), "b": Point(4.0, 5.0)},
    Model(Layer(np.ones(2), 0.5), "name", 3), Frozen(2.0), ((), {}, []), (None, "text", 1, True, 2.5),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_leaves_and_specs_go_together(value):
    spec = spec_of(value, "x")
    found, kinds = list(leaves(value, spec)), list(leaf_specs(spec))
    assert [spec_of(leaf, "x") for leaf in found] == kinds


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_rebuild_puts_floats_back_and_none_elsewhere(value):
    spec = spec_of(value, "x")
    floats = [leaf for leaf in leaves(value, spec) if is_float(spec_of(leaf, "x"))]
    again = rebuild(spec, iter(floats))
    assert type(again) is type(value)
    assert [id(leaf) for leaf in floats] == [id(leaf) for leaf in shown(again)]


def shown(value):
    """The leaves of a rebuilt value that are there."""
    if dataclasses.is_dataclass(value):
        value = tuple(getattr(value, field.name) for field in dataclasses.fields(value))
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in shown(item)]
    return [] if value is None else [value]


def test_a_dataclass_is_rebuilt_without_running_its_code():
    @dataclasses.dataclass
    class Strict:
        rate: float
        name: str

        def __post_init__(self):
            assert isinstance(self.name, str)

    spec = spec_of(Strict(1.0, "a"), "x")
    again = rebuild(spec, iter([5.0]))
    assert type(again) is Strict and again.rate == 5.0 and again.name is None


def test_children_come_in_the_order_of_the_spec():
    value = {"b": 1.0, "a": 2.0}
    spec = spec_of(value, "x")
    assert isinstance(spec, ContainerSpec) and spec.keys == ("b", "a") and children(value, spec) == (1.0, 2.0)


def test_a_dict_subclass_and_odd_keys():
    value = OrderedDict([(("a", 1), 2.0), (3, np.ones(2))])
    spec = spec_of(value, "x")
    assert list(leaves(value, spec))[0] == 2.0
    assert list(rebuild(spec, iter([1.0, 2.0]))) == [("a", 1), 3]
