"""What arguments and results consist of: leaves, buffers for their adjoints, and results put together again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.lower.program import ArrayResult, NumberResult, StaticResult, TupleResult
from adtrans.sharing import part
from adtrans.source import unwrap
from adtrans.structure import (
    ArraySpec,
    ContainerSpec,
    NumberSpec,
    SharedSpec,
    Spec,
    StaticSpec,
    is_float,
    leaf_specs,
    leaves,
)


def layout_fits(buffer: np.ndarray, code: str) -> bool:
    """Whether an array has the layout of a type code."""
    match code[-1]:
        case "C":
            return buffer.flags.c_contiguous
        case "F":
            return buffer.flags.f_contiguous
    return True


def has_bound(fun: Callable) -> bool:
    """Whether arguments are bound already (methods, partial)."""
    return inspect.ismethod(fun) or isinstance(fun, functools.partial) or bool(unwrap(fun)[1])


def argument_names(argnums, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names that `argnums` means."""
    wanted = argnums if isinstance(argnums, tuple) else (argnums,)
    found = []
    for item in wanted:
        if isinstance(item, str):
            if item not in names:
                raise ArgumentValueError(f"argnums names {item!r}, but the parameters are {', '.join(names)}")
            found.append(item)
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            if not -len(names) <= item < len(names):
                raise ArgumentValueError(f"argnums {item} is out of range for {len(names)} parameters")
            found.append(names[item])
        else:
            raise ArgumentError(f"argnums must be an int, a parameter name or a tuple of these, not {item!r}")
    if not found:
        raise ArgumentValueError("argnums is empty")
    if len(set(found)) != len(found):
        raise ArgumentValueError("argnums names a parameter twice")
    return tuple(found)


def float_leaf_specs(spec: Spec) -> Iterator[Spec]:
    return (leaf for leaf in leaf_specs(spec) if is_float(leaf))


def float_leaves(value, spec: Spec) -> Iterator[Any]:
    return (leaf for leaf, kind in zip(leaves(value, spec), leaf_specs(spec)) if is_float(kind))


def buffer_leaves(bar, spec: Spec) -> Iterator[Any]:
    match spec:
        case ContainerSpec():
            for item, inner in zip(specialised_children(bar, spec), spec.items):
                yield from buffer_leaves(item, inner)
        case _ if is_float(spec):
            yield bar


def specialised_children(bar, spec: ContainerSpec):
    from adtrans.structure import children

    return children(bar, spec)


def gradient_leaf(leaf: Spec, flow: Iterator[Any], memories: dict[int, np.ndarray]):
    """The gradient of one leaf from what compiled code returned."""
    if isinstance(leaf, SharedSpec):
        if leaf.group not in memories:
            memories[leaf.group] = next(flow)
        return part(memories[leaf.group], leaf)
    found = next(flow)
    return typed_number(found, leaf.code, leaf.weak) if isinstance(leaf, NumberSpec) else found


def all_leaves(bound, specs) -> Iterator[Any]:
    for name, spec in specs.items():
        yield from leaves(bound[name], spec)


def arrays_of(bound, specs) -> list[np.ndarray]:
    """The arrays among the arguments."""
    return [leaf for leaf in all_leaves(bound, specs) if type(leaf) is np.ndarray]


def with_ones(value, spec: Spec) -> Spec:
    """The spec with the axes of extent 1 marked."""
    match spec:
        case ArraySpec(dtype, rank, layout):
            return ArraySpec(dtype, rank, layout, tuple(k for k, extent in enumerate(value.shape) if extent == 1))
        case ContainerSpec(cls, keys, items):
            from adtrans.structure import children

            return ContainerSpec(cls, keys, tuple(with_ones(item, inner)
                                                  for item, inner in zip(children(value, spec), items)))
    return spec


def plain_leaf(value, spec):
    """A leaf as compiled code takes it."""
    if isinstance(spec, ArraySpec):
        if not value.flags.aligned:
            return value.copy()
        return value
    if spec.code == "i8":
        return int(value)
    return value


def describe(spec: Spec) -> str:
    match spec:
        case NumberSpec(code):
            return {"i8": "an integer", "b1": "a boolean"}.get(code, code)
        case ArraySpec(dtype):
            return f"an array of dtype {np.dtype(dtype).name}"
        case StaticSpec(value):
            return repr(value)
    return "a container without floats"


def typed_number(value, code: str, weak: bool):
    """A number as the plain function would have given it."""
    match code, weak:
        case "f8", True:
            return float(value)
        case "f8", False:
            return np.float64(value)
        case "f4", _:
            return np.float32(value)
        case "i8", True:
            return int(value)
        case "i8", False:
            return np.int64(value)
        case "b1", True:
            return bool(value)
    return np.bool_(value)


def count_operands(result) -> int:
    match result:
        case TupleResult(_, items):
            return sum(count_operands(item) for item in items)
        case StaticResult():
            return 0
    return 1


def in_order(raw: Any) -> Iterator[Any]:
    """The numbers and arrays in the nested tuples that compiled code returns, where None stands for other things."""
    if isinstance(raw, tuple):
        for item in raw:
            yield from in_order(item)
    elif raw is not None:
        yield raw


def build_result(result, values: Iterator[Any]):
    match result:
        case NumberResult(code, weak):
            return typed_number(next(values), code, weak)
        case ArrayResult():
            return next(values)
        case StaticResult(value):
            return value
        case TupleResult(cls, items, keys):
            inner = [build_result(item, values) for item in items]
            if cls is dict:
                return dict(zip(keys, inner))
            if cls in (tuple, list):
                return cls(inner)
            return cls(*inner)


def located(error: Exception) -> Exception:
    """The exception of generated code with its values in the message."""
    if len(error.args) > 1 and isinstance(error.args[0], str):
        return type(error)(" ".join(str(arg) for arg in error.args))
    return error
