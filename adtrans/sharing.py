"""Arguments that overlap in memory: the same array given twice, or overlapping views.

They are what Python sees: one piece of memory under several names. The program then takes the memory itself as its
parameter, each argument is a strided view of it, and the gradient by an argument is the derivative with respect to
the memory that the argument looks at, whichever name the program reads it by.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from adtrans.errors import ArgumentError
from adtrans.leaves import copy_leaf, map_leaves
from adtrans.structure import ArraySpec, ContainerSpec, SharedSpec, Spec, children, leaf_specs, leaves, spec_of


def overlapping(arrays: list[np.ndarray]) -> bool:
    """Whether any two arrays may share memory; quick when none is a view."""
    if len(arrays) < 2:
        return False
    if all(array.base is None for array in arrays):
        return len({id(array) for array in arrays}) < len(arrays)
    return any(np.may_share_memory(a, b) for k, a in enumerate(arrays) for b in arrays[:k])


def share(bound: dict[str, Any], specs: dict[str, Spec]) -> tuple[dict[str, Spec], list[np.ndarray]]:
    """The specs with overlapping arrays as parts of shared memory, and the memory of each group."""
    arrays = [leaf for name, spec in specs.items() for leaf in array_leaves(bound[name], spec)]
    groups: list[list[np.ndarray]] = []
    for array in arrays:
        touching = [group for group in groups if any(np.may_share_memory(array, other) for other in group)]
        merged = [array]
        for group in touching:
            merged = group + merged
            groups = [other for other in groups if other is not group]
        groups.append(merged)
    shared = [group for group in groups if len(group) > 1]
    memories = [memory_of(group) for group in shared]
    places = {id(array): (number, memory) for number, (group, memory) in enumerate(zip(shared, memories))
              for array in group}
    return {name: placed(bound[name], spec, places) for name, spec in specs.items()}, memories


def array_leaves(value: Any, spec: Spec):
    return (leaf for leaf, kind in zip(leaves(value, spec), leaf_specs(spec)) if isinstance(kind, ArraySpec))


def memory_of(group: list[np.ndarray]) -> np.ndarray:
    """A one-dimensional array over all the bytes that a group of arrays spans."""
    dtype = group[0].dtype
    bounds = [np.lib.array_utils.byte_bounds(array) for array in group]
    low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)
    if any(array.dtype != dtype or (address(array) - low) % dtype.itemsize for array in group) or any(
            stride % dtype.itemsize for array in group for stride in array.strides):
        raise ArgumentError("arguments that overlap in memory must have one dtype and whole elements in common")
    holder = Memory(low, (high - low) // dtype.itemsize, dtype, group)
    return np.asarray(holder)


def snapshot(bound: dict[str, Any]) -> dict[str, Any]:
    """Copies of all arrays among arguments; those that overlap still do."""
    specs = {name: spec_of(value, name) for name, value in bound.items()}
    arrays = [leaf for name, spec in specs.items() for leaf in array_leaves(bound[name], spec)]
    if not overlapping(arrays):
        return {name: map_leaves(copy_leaf, value, "") for name, value in bound.items()}
    placed_specs, memories = share(bound, specs)
    copies = [memory.copy() for memory in memories]
    kinds = iter([leaf for spec in placed_specs.values() for leaf in leaf_specs(spec)
                  if isinstance(leaf, (ArraySpec, SharedSpec))])

    def change(path: str, leaf: Any) -> Any:
        kind = next(kinds) if isinstance(leaf, np.ndarray) else None
        if isinstance(kind, SharedSpec):
            return part(copies[kind.group], kind, copy=False)
        return copy_leaf(path, leaf)

    return {name: map_leaves(change, value, "") for name, value in bound.items()}


class Memory:
    """Gives NumPy a flat array over memory that other arrays own, and keeps those alive."""

    def __init__(self, start: int, count: int, dtype: np.dtype, owners: list[np.ndarray]):
        self.owners = owners
        self.__array_interface__ = {"data": (start, False), "shape": (count,), "typestr": dtype.str, "version": 3}


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def placed(value: Any, spec: Spec, places: dict) -> Spec:
    match spec:
        case ArraySpec(dtype) if id(value) in places:
            number, memory = places[id(value)]
            size = value.dtype.itemsize
            return SharedSpec(dtype, number, (address(value) - address(memory)) // size,
                              tuple(stride // size for stride in value.strides), value.shape)
        case ContainerSpec(cls, keys, items):
            return ContainerSpec(cls, keys, tuple(placed(item, inner, places)
                                                  for item, inner in zip(children(value, spec), items)))
    return spec


def part(memory: np.ndarray, spec: SharedSpec, copy: bool = True) -> np.ndarray:
    """The part of a group's memory that one argument looks at."""
    size = memory.dtype.itemsize
    found = as_strided(memory[spec.offset:], spec.shape, tuple(stride * size for stride in spec.strides))
    return found.copy() if copy else found
