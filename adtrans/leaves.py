"""Nested containers of numbers: every leaf by its path, and containers rebuilt with other leaves.

    leaves({"w": (1.0, 2.0)}, "p")        # [("p['w'][0]", 1.0), ("p['w'][1]", 2.0)]

Tuples, lists, NamedTuples, dicts and dataclasses are containers; everything else is a leaf.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


def map_leaves(change: Callable[[str, Any], Any], value: Any, path: str) -> Any:
    """`value` rebuilt with every leaf replaced by `change(path, leaf)`; containers are new objects."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(map_leaves(change, v, f"{path}.{k}") for k, v in zip(value._fields, value)))
    if isinstance(value, (tuple, list)):
        return type(value)(map_leaves(change, v, f"{path}[{i}]") for i, v in enumerate(value))
    if isinstance(value, dict):
        return {k: map_leaves(change, v, f"{path}[{k!r}]") for k, v in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        clone = copy.copy(value)
        for field in dataclasses.fields(value):
            part = map_leaves(change, getattr(value, field.name), f"{path}.{field.name}")
            object.__setattr__(clone, field.name, part)
        return clone
    return change(path, value)


def leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    """The leaves of nested containers with their paths, as they are written in Python."""
    found: list[tuple[str, Any]] = []
    map_leaves(lambda where, leaf: found.append((where, leaf)), value, path)
    return found


def is_float(leaf: Any) -> bool:
    """Whether a leaf is something to differentiate: a floating scalar or array."""
    return isinstance(leaf, (float, np.floating)) or isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"


def holds_float32(args: tuple) -> bool:
    """Whether any leaf is float32, so that only single precision can be expected."""
    return any(is_float(leaf) and getattr(leaf, "dtype", None) == np.float32 for arg in args
               for _, leaf in leaves(arg, ""))


def copy_leaf(path: str, leaf: Any) -> Any:
    """A copy that shares no memory and has the same layout: contiguous as before, or strided."""
    if not isinstance(leaf, np.ndarray):
        return leaf
    if leaf.flags.c_contiguous or leaf.flags.f_contiguous:
        return leaf.copy(order="K")
    spread = np.zeros(tuple(2 * n for n in leaf.shape), leaf.dtype)[(slice(None, None, 2),) * leaf.ndim]
    spread[...] = leaf
    return spread


def shifted(leaf: Any, by: Any) -> Any:
    """A float leaf moved by `by`, single precision raised to double; any other leaf copied."""
    if isinstance(leaf, np.ndarray):
        moved = leaf.astype(np.float64, order="K") + by if is_float(leaf) else copy_leaf("", leaf)
        return np.asarray(moved)
    if isinstance(leaf, np.floating):
        return np.float64(leaf) + np.float64(by)
    return leaf + float(by) if isinstance(leaf, float) else leaf


def like(leaf: Any, values: Any) -> Any:
    """`values` in the type, shape and dtype of a float leaf."""
    if isinstance(leaf, np.ndarray):
        return np.broadcast_to(np.asarray(values, leaf.dtype), leaf.shape).copy()
    return type(leaf)(np.asarray(values))
