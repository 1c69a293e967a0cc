"""Jacobian-vector and Hessian-vector products: `jvp` and `hvp`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adtrans.arguments import float_leaf_specs, float_leaves, typed_number
from adtrans.backend.typing import register
from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.gradient import GradientFunction
from adtrans.lower.program import ArrayResult, NumberResult, TupleResult
from adtrans.pullback import _gradient, children_of
from adtrans.sharing import part, share
from adtrans.specialised import Settings
from adtrans.structure import ContainerSpec, NumberSpec, SharedSpec, Spec, is_float, leaf_specs, spec_of


def jvp(fun: Callable, primals: tuple, tangents: tuple) -> tuple[Any, Any]:
    """The value of `fun(*primals)` and its derivative along `tangents`.

    `fun` may return a number, an array of any shape, or a container of these. `tangents` has an entry for each
    argument, with its structure, shapes and dtypes; anything stands for leaves that are not floating-point. The
    tangent of the result has the structure of the result, with None for what is not floating-point.

    Raises ArgumentError and ArgumentValueError for tangents that do not fit, and what `grad` raises.

    >>> jvp(lambda x: x * x, (3.0,), (1.0,))
    (9.0, 6.0)
    """
    return pushed(fun, primals, tangents)


def pushed(fun: Callable, primals: tuple, tangents: tuple, interpreted: bool = False) -> tuple[Any, Any]:
    """`jvp`, by compiled code or by the same source run by CPython."""
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError("primals and tangents must be tuples with an entry for each argument")
    if len(primals) != len(tangents):
        raise ArgumentValueError(f"{len(primals)} primals, but {len(tangents)} tangents")
    gradient = _gradient(fun, None, tuple(primals))
    bound = gradient._bind(tuple(primals), {})
    named = dict(zip(gradient.names, tangents))
    extra = directions(gradient, bound, {name: named[name] for name in gradient.argnames if name in named}, "tangents")
    found, mode, raw = gradient._run("jvp", bound, extra, interpreted)
    count, structure = gradient._count(found, mode), gradient._result(found, mode)
    values, dots = raw[:count], iter(raw[count:])
    return gradient._value(found, mode, values[0] if count == 1 else values), tangent_of(structure, dots)


def hvp(fun: Callable, argnums: int | str | tuple = 0) -> Callable:
    """The product of the Hessian of `fun`, which returns a number, with a vector: `hvp(fun)(v, *args)`.

    `v` and what is returned have the structure, shapes and dtypes of the argument that `argnums` names; with a tuple,
    both are tuples.

    >>> hvp(lambda x: x * x * x)(1.0, 2.0)
    12.0
    """
    return Product(fun, tuple(argnums) if isinstance(argnums, list) else argnums)


class Product:
    """See `hvp`."""

    def __init__(self, fun: Callable, argnums: int | str | tuple):
        self.gradient = GradientFunction(fun, Settings(argnums), False)
        self.several = isinstance(argnums, tuple)
        self.transformed = "hvp", fun, {"argnums": argnums}
        functools.update_wrapper(self, self.gradient.function, assigned=("__name__", "__qualname__", "__module__"),
                                 updated=())
        del self.__wrapped__
        own = self.gradient.parameters
        name = next(word for word in ("v", "v_dot", "v_dot_") if word not in own.parameters)
        vector = inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY)
        self.parameters = own.replace(parameters=(vector, *own.parameters.values()))

    def __call__(self, v, /, *args, **kwargs):
        return self.run(v, args, kwargs)

    def interpreted(self, v, /, *args, **kwargs):
        """What calling this object gives, the same generated source run by CPython."""
        return self.run(v, args, kwargs, interpreted=True)

    def numba_dispatcher(self, types: tuple, mode: str = "value"):
        """The compiled dispatcher for Numba argument types; called by Numba when it compiles a caller."""
        from adtrans.mapped import values_of

        return values_of(self).numba_dispatcher(types, mode)

    def run(self, v, args, kwargs, interpreted: bool = False):
        gradient = self.gradient
        bound = gradient._bind(args, kwargs)
        if self.several and not (isinstance(v, (tuple, list)) and len(v) == len(gradient.argnames)):
            raise ArgumentError(f"the vector must be a tuple of {len(gradient.argnames)}")
        named = dict(zip(gradient.argnames, v if self.several else (v,)))
        found, _, parts = gradient._run("hvp", bound, directions(gradient, bound, named, "v"), interpreted)
        made = gradient._gradients(found, parts)
        return made if self.several else made[0]


register(Product, "value")


def directions(gradient: GradientFunction, bound: dict[str, Any], given: dict[str, Any], path: str) -> tuple:
    """The tangents of the floating-point leaves of arguments as compiled code takes them, in order.

    Arguments that nothing is given for, which are defaults, do not move. Those of arguments that overlap in memory
    must agree.
    """
    found = gradient._find(bound)
    memories = share(bound, {name: spec_of(value, name) for name, value in bound.items()})[1] if found.shared else []
    flat: list[Any] = []
    groups: dict[int, np.ndarray] = {}
    for name in gradient.argnames:
        spec = found.specs[name]
        values = list(float_leaves(bound[name], spec))
        dots = entries(given[name], spec, f"{path}[{name!r}]") if name in given else map(np.zeros_like, values)
        for leaf, dot, value in zip(float_leaf_specs(spec), dots, values):
            dot = direction(dot, value, f"{path}[{name!r}]")
            if isinstance(leaf, SharedSpec):
                if leaf.group not in groups:
                    groups[leaf.group] = np.full_like(memories[leaf.group], np.nan)
                    flat.append(groups[leaf.group])
                place = part(groups[leaf.group], leaf, copy=False)
                if not np.all(np.isnan(place) | (place == dot)):
                    raise ArgumentValueError(f"{path}[{name!r}] is another one than that of an argument in whose "
                                             "memory it lies")
                place[...] = dot
            elif isinstance(leaf, NumberSpec):
                flat.append(np.float32(dot) if leaf.code == "f4" else float(dot))
            else:
                flat.append(np.array(dot, order="F" if leaf.layout == "F" else "C"))
    for memory in groups.values():
        memory[np.isnan(memory)] = 0.0
    return tuple(flat)


def entries(dot: Any, spec: Spec, path: str) -> Iterator[Any]:
    """The parts of a tangent that belong to floating-point leaves."""
    match spec:
        case ContainerSpec(cls, keys, items):
            if not any(is_float(leaf) for leaf in leaf_specs(spec)):
                return
            for item, inner in zip(children_of(dot, cls, keys, len(items), path), items):
                yield from entries(item, inner, path)
        case _ if is_float(spec):
            yield dot


def direction(dot: Any, value: Any, path: str) -> np.ndarray:
    """A tangent as an array, or number, of the dtype and shape of the argument."""
    made, own = np.asarray(dot), np.asarray(value)
    if made.dtype.kind not in "fiu":
        raise ArgumentError(f"{path} must hold floats, not {type(dot).__name__}")
    if made.shape != own.shape:
        raise ArgumentValueError(f"{path} has shape {made.shape}, but the argument has shape {own.shape}")
    return made.astype(own.dtype)


def tangent_of(structure: Any, dots: Iterator[Any]) -> Any:
    """The tangent of a result with its structure."""
    match structure:
        case NumberResult(code, weak):
            return typed_number(next(dots), code, weak) if code[0] == "f" else None
        case ArrayResult(dtype):
            return next(dots) if dtype[0] == "f" else None
        case TupleResult(cls, items, keys):
            inner = [tangent_of(item, dots) for item in items]
            if cls is dict:
                return dict(zip(keys, inner))
            return cls(inner) if cls in (tuple, list) else cls(*inner)
    return None
