"""Vector-Jacobian products: `vjp(fun, *args)` gives what the function returns and a pullback."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adtrans.arguments import argument_names, float_leaf_specs
from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.gradient import GradientFunction
from adtrans.leaves import map_leaves
from adtrans.lower.program import ArrayResult, NumberResult, TupleResult
from adtrans.sharing import snapshot
from adtrans.specialised import Settings
from adtrans.structure import rebuild, spec_of

_made: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def vjp(fun: Callable, *args: Any, argnums: int | str | tuple | None = None) -> tuple[Any, Callable]:
    """The value of `fun(*args)` and its pullback.

    `fun` may return a number, an array of any shape, or a container of these. `pullback(out_bar)` takes the adjoint
    of what the function returned, with its structure, shapes and dtypes (anything stands for parts that are not
    floating-point), and returns a tuple: the adjoint of each argument that `argnums` names, of all of them when it is
    None. Leaves that are not floating-point get None. The pullback can be called any number of times; it sees the
    arguments as they were when `vjp` was called.

    Raises ArgumentError and ArgumentValueError for an `out_bar` that does not fit, and what `grad` raises.

    >>> out, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    gradient = _gradient(fun, argnums, args)
    bound = snapshot(gradient._bind(args, {}))
    found, mode, raw = gradient._run("value", bound)
    result, structure = gradient._value(found, mode, raw), gradient._result(found, mode)
    shapes = map_leaves(lambda _, leaf: np.shape(leaf), result, "")

    def pullback(out_bar: Any) -> tuple:
        extra = tuple(seeds(structure, out_bar, shapes, "out_bar"))
        found, _, parts = gradient._run("pullback", bound, extra)
        made = iter(gradient._gradients(found, parts))
        return tuple(next(made) if name in gradient.argnames else rebuild(spec_of(bound[name], name), iter(()))
                     for name in wanted_names(gradient, argnums))

    return result, pullback


def _gradient(fun: Callable, argnums, args: tuple) -> GradientFunction:
    """The gradient function behind a call, kept for the next call with the same function."""
    probe = GradientFunction(fun, Settings(0), True) if argnums is None else None
    if probe is not None:
        bound = probe._bind(args, {})
        argnums = tuple(name for name, value in bound.items()
                        if any(True for _ in float_leaf_specs(spec_of(value, name))))
        if not argnums:
            raise ArgumentError("no argument has floating-point values to differentiate by")
    elif not isinstance(argnums, tuple):
        argnums = (argnums,)
    try:
        kept = _made.setdefault(fun, {})
    except TypeError:
        kept = {}
    if argnums not in kept:
        kept[argnums] = GradientFunction(fun, Settings(argnums), True)
    return kept[argnums]


def wanted_names(gradient: GradientFunction, argnums) -> tuple[str, ...]:
    """The arguments that the pullback has an entry for."""
    return gradient.names if argnums is None else argument_names(argnums, gradient.names)


def seeds(structure: Any, bar: Any, shapes: Any, path: str) -> Iterator[Any]:
    """The numbers and arrays of an adjoint of a result, in order; `shapes` is the result with shapes for leaves."""
    match structure:
        case NumberResult(code):
            if code[0] == "f":
                yield number_seed(bar, code, path)
        case ArrayResult(dtype):
            if dtype[0] == "f":
                yield array_seed(bar, np.dtype(dtype), shapes, path)
        case TupleResult(cls, items, keys):
            labels = keys if cls is dict else range(len(items))
            parts = list(zip(children_of(bar, cls, keys, len(items), path), children_of(shapes, cls, keys,
                                                                                      len(items), path)))
            for label, item, (one, other) in zip(labels, items, parts):
                yield from seeds(item, one, other, f"{path}[{label!r}]")


def children_of(value: Any, cls: type, keys: tuple | None, count: int, path: str) -> list:
    """The items of a container of the kind that the function returned."""
    if cls is dict:
        if not isinstance(value, dict) or value.keys() != set(keys):
            raise ArgumentError(f"{path} must be a dict with the keys {', '.join(map(repr, keys))}")
        return [value[key] for key in keys]
    if keys and isinstance(value, cls) and not isinstance(value, tuple):
        return [getattr(value, key) for key in keys]
    if not isinstance(value, (tuple, list)) or len(value) != count:
        raise ArgumentError(f"{path} must be a container of {count} adjoints")
    return list(value)


def number_seed(bar: Any, code: str, path: str) -> Any:
    if np.ndim(bar) or np.asarray(bar).dtype.kind not in "fiu":
        raise ArgumentError(f"{path} must be a number, as the function returns, not {describe(bar)}")
    return np.float32(bar) if code == "f4" else float(bar)


def array_seed(bar: Any, dtype: np.dtype, shape: tuple[int, ...], path: str) -> np.ndarray:
    found = np.asarray(bar)
    if found.dtype.kind not in "fiu":
        raise ArgumentError(f"{path} must be an array of floats, not {describe(bar)}")
    if found.shape != shape:
        raise ArgumentValueError(f"{path} has shape {found.shape}, but the function returned shape {shape}")
    return np.array(found, dtype, order="C")


def describe(value: Any) -> str:
    return f"an array of dtype {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
