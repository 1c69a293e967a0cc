"""The structure of arguments: what a signature is made of, and how containers flatten into leaves.

A spec is hashable and says all that a specialisation depends on: types of numbers, dtype, rank and layout of
arrays, the make-up of containers, the values of strings and None.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from adtrans.errors import ArgumentError


@dataclass(frozen=True)
class NumberSpec:
    """A scalar: code "b1", "i8", "f4", "f8"; `weak` for Python's own numbers."""

    code: str
    weak: bool


@dataclass(frozen=True)
class ArraySpec:
    """An array. `ones` are the axes of extent 1 where a specialisation depends on them."""

    dtype: str
    rank: int
    layout: str
    ones: tuple[int, ...] = ()


@dataclass(frozen=True)
class SharedSpec:
    """An array whose memory overlaps that of another argument: where it lies in the memory of its group.

    `offset` and `strides` are counted in elements.
    """

    dtype: str
    group: int
    offset: int
    strides: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class StaticSpec:
    """A value that takes part by being what it is."""

    value: Any


@dataclass(frozen=True)
class ContainerSpec:
    """A tuple, NamedTuple, list, dict or dataclass instance; `keys` are field names or dict keys."""

    cls: type
    keys: tuple | None
    items: tuple


Spec = Union[NumberSpec, ArraySpec, SharedSpec, StaticSpec, ContainerSpec]
DTYPES = {"f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1"}
PYTHON_NUMBERS = {float: NumberSpec("f8", True), int: NumberSpec("i8", True), bool: NumberSpec("b1", True)}
NUMPY_NUMBERS = {np.float64: NumberSpec("f8", False), np.float32: NumberSpec("f4", False),
                 np.bool_: NumberSpec("b1", False)}


def spec_of(value: Any, name: str) -> Spec:
    """The spec of one argument; ArgumentError, naming it, for what cannot be one."""
    kind = type(value)
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise ArgumentError(f"argument {name!r} is a masked array or matrix, which is not supported")
    if kind is np.ndarray:
        return array_spec(value, name)
    if kind in PYTHON_NUMBERS:
        return PYTHON_NUMBERS[kind]
    if kind in NUMPY_NUMBERS:
        return NUMPY_NUMBERS[kind]
    if isinstance(value, np.integer):
        return NumberSpec("i8", False)
    if value is None or isinstance(value, str):
        return StaticSpec(value)
    if isinstance(value, (complex, np.complexfloating)):
        raise ArgumentError(f"argument {name!r} is complex: complex numbers are not supported "
                            "(split it into real and imaginary parts)")
    if isinstance(value, np.generic):
        raise ArgumentError(f"argument {name!r} has dtype {value.dtype}, which is not supported")
    if isinstance(value, np.ndarray):
        return array_spec(np.asarray(value), name)
    return container_spec(value, name)


def array_spec(value: np.ndarray, name: str) -> ArraySpec:
    code = value.dtype.kind + str(value.dtype.itemsize)
    if code not in DTYPES or not value.dtype.isnative:
        hint = ": complex arrays are not supported (split into real and imaginary parts)" \
            if value.dtype.kind == "c" else ""
        raise ArgumentError(f"argument {name!r} is an array of dtype {value.dtype}, which is not supported{hint}")
    flags = value.flags
    layout = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
    return ArraySpec("b1" if code == "b1" else code, value.ndim, layout)


def container_spec(value: Any, name: str) -> Spec:
    if isinstance(value, tuple):
        keys = getattr(value, "_fields", None)
        return ContainerSpec(type(value), keys, tuple(spec_of(item, name) for item in value))
    if isinstance(value, list):
        return ContainerSpec(list, None, tuple(spec_of(item, name) for item in value))
    if isinstance(value, dict):
        return ContainerSpec(dict, tuple(value), tuple(spec_of(item, name) for item in value.values()))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(f.name for f in dataclasses.fields(value))
        return ContainerSpec(type(value), names, tuple(spec_of(getattr(value, n), name) for n in names))
    if callable(value) or isinstance(value, (type, np.dtype, range, slice)):
        return StaticSpec(value)
    raise ArgumentError(f"argument {name!r} is a {type(value).__name__}, which is not supported")


def children(value: Any, spec: ContainerSpec) -> tuple:
    """The items of a container in the order of its spec."""
    if spec.cls is dict:
        return tuple(value.values())
    if isinstance(value, (tuple, list)):
        return tuple(value)
    return tuple(getattr(value, key) for key in spec.keys)


def leaves(value: Any, spec: Spec) -> Iterator[Any]:
    """The numbers and arrays within a value, in order."""
    match spec:
        case ContainerSpec(items=items):
            for item, inner in zip(children(value, spec), items):
                yield from leaves(item, inner)
        case StaticSpec():
            return
        case _:
            yield value


def leaf_specs(spec: Spec) -> Iterator[NumberSpec | ArraySpec]:
    match spec:
        case ContainerSpec(items=items):
            for inner in items:
                yield from leaf_specs(inner)
        case StaticSpec():
            return
        case _:
            yield spec


def is_float(spec: Spec) -> bool:
    return isinstance(spec, NumberSpec) and spec.code[0] == "f" or \
        isinstance(spec, (ArraySpec, SharedSpec)) and spec.dtype[0] == "f"


def rebuild(spec: Spec, values: Iterator[Any]) -> Any:
    """A container with the structure of `spec`: float leaves from `values`, None for the others."""
    match spec:
        case ContainerSpec(cls, keys, items):
            inner = [rebuild(item, values) for item in items]
            if cls is dict:
                return dict(zip(keys, inner))
            if cls in (tuple, list):
                return cls(inner)
            if issubclass(cls, tuple):
                return cls(*inner)
            made = object.__new__(cls)
            for key, item in zip(keys, inner):
                object.__setattr__(made, key, item)
            return made
        case StaticSpec():
            return None
    return next(values) if is_float(spec) else None
