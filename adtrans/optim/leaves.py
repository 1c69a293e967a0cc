"""The arrays within parameters, gradients and per-leaf numbers, in one order: that of the parameters.

    leaves({"w": w, "b": (b, c)})              # [w, b, c]
    like({"w": 1, "b": (2, 3)}, {"b": (20, 30), "w": 10})     # [10, 20, 30]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError


def items(tree: Any) -> list[tuple[str, Any]] | None:
    """The parts of a container with how each is written after its name; None for what is no container."""
    if isinstance(tree, dict):
        return [(f"[{key!r}]", value) for key, value in tree.items()]
    if isinstance(tree, (tuple, list)):
        fields = getattr(tree, "_fields", None)
        return [(f".{fields[k]}" if fields else f"[{k}]", value) for k, value in enumerate(tree)]
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return [(f".{field.name}", getattr(tree, field.name)) for field in dataclasses.fields(tree)]
    return None


def named_leaves(tree: Any, name: str = "params") -> Iterator[tuple[str, Any]]:
    """Every leaf with its name."""
    parts = items(tree)
    if parts is None:
        yield name, tree
        return
    for suffix, part in parts:
        yield from named_leaves(part, name + suffix)


def leaves(tree: Any) -> list[Any]:
    """Every leaf, in order."""
    if isinstance(tree, np.ndarray):
        return [tree]
    return [leaf for _, leaf in named_leaves(tree)]


def like(params: Any, tree: Any, name: str) -> list[Any]:
    """The leaves of `tree`, in the order of those of `params`; ArgumentValueError where the two are built otherwise."""
    mine = items(params)
    if mine is None:
        return [tree]
    if isinstance(params, dict):
        if not isinstance(tree, dict) or tree.keys() != params.keys():
            raise ArgumentValueError(f"{name} must be a dict with the keys {list(params)}")
        other = [(suffix, tree[key]) for (suffix, _), key in zip(mine, params)]
    else:
        other = items(tree)
        if other is None or isinstance(tree, dict) or len(other) != len(mine):
            raise ArgumentValueError(f"{name} must be built like the parameters: {len(mine)} parts here")
    return [leaf for (_, part), (suffix, given) in zip(mine, other) for leaf in like(part, given, name + suffix)]


def rebuilt(params: Any, values: Iterator[Any]) -> Any:
    """A container like `params` with these leaves."""
    parts = items(params)
    if parts is None:
        return next(values)
    inner = [rebuilt(part, values) for _, part in parts]
    if isinstance(params, dict):
        return dict(zip(params, inner))
    if isinstance(params, tuple) and hasattr(params, "_fields"):
        return type(params)(*inner)
    if isinstance(params, (tuple, list)):
        return type(params)(inner)
    made = object.__new__(type(params))
    for field, value in zip(dataclasses.fields(params), inner):
        object.__setattr__(made, field.name, value)
    return made


def each(params: Any, numbers: Any, name: str) -> list[float]:
    """One number for each leaf, from a container like `params`, or from a function of a leaf."""
    if isinstance(numbers, Callable):
        return [float(numbers(leaf)) for leaf in leaves(params)]
    return [float(value) for value in like(params, numbers, name)]


def check_parameter(name: str, leaf: Any) -> bool:
    """Whether a leaf is stepped: arrays of float32 and float64 are, other arrays, strings and None are left alone."""
    if isinstance(leaf, np.ndarray):
        if leaf.dtype.kind != "f":
            return False
        if leaf.dtype not in (np.float32, np.float64):
            raise ArgumentError(f"{name} has dtype {leaf.dtype}: parameters are float32 or float64")
        if not leaf.flags.writeable:
            raise ArgumentValueError(f"{name} is read-only, and parameters change in place")
        return True
    if isinstance(leaf, (float, np.floating)):
        raise ArgumentError(f"{name} is a number, and parameters change in place: use an array without axes")
    return False
