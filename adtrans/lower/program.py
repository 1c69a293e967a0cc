"""From a function and the specs of its arguments to a program in the core language.

`lower(fun, specs, options)` gives a `Lowered`: the program, which parameters belong to which argument, the
structure of the result, and everything that the reading depended on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adtrans.build import ONE, const
from adtrans.errors import LocatedError, Span, together
from adtrans.ir import Array, Operand, Program, Scalar, Strided, Var
from adtrans.lower import severed, statics, tables, views
from adtrans.lower.calls import run_frame
from adtrans.lower.containers import to_value
from adtrans.lower.context import Lowering, Options, Shadowed, Silent
from adtrans.lower.nests import materialise
from adtrans.lower.values import Contents, Func, Lazy, Num, Py, Ref, Seq, Value, View
from adtrans.source import Source, read
from adtrans.structure import ArraySpec, ContainerSpec, NumberSpec, SharedSpec, Spec, StaticSpec


@dataclass
class Lowered:
    """A program and how it hangs together with the call that it was made for."""

    program: Program
    params: dict[str, tuple[Var, ...]]
    result: Any
    captured_arrays: list[np.ndarray]
    captured: dict
    source: Source
    optimistic: bool
    span: Span
    facts: dict = field(default_factory=dict)


@dataclass(frozen=True)
class NumberResult:
    code: str
    weak: bool


@dataclass(frozen=True)
class ArrayResult:
    dtype: str
    rank: int


@dataclass(frozen=True)
class TupleResult:
    cls: type
    items: tuple
    keys: tuple | None = None


@dataclass(frozen=True)
class StaticResult:
    value: Any


def lower(fun, specs: dict[str, Spec], options: Options) -> Lowered:
    """Read `fun` for arguments of the given specs.

    Raises an UnsupportedError (or another located error) carrying every error of the function.
    """
    tables.prepare()
    source = read(fun)
    low = Lowering(options)
    params, values = parameters(low, specs)
    low.build.span = source.span(source.node)

    def run() -> Value:
        func = statics.function_of(low, fun)
        return run_frame(low, func, with_bound(func, values))

    return lowered(low, source, params, attempted(low, run))


def parameters(low: Lowering, specs: dict[str, Spec]) -> tuple[dict[str, tuple[Var, ...]], dict[str, Value]]:
    """The parameters of the program for each argument, and the value of the argument."""
    params: dict[str, tuple[Var, ...]] = {}
    values: dict[str, Value] = {}
    for name, spec in specs.items():
        made: list[Var] = []
        values[name] = parameter(low, name, spec, made)
        params[name] = tuple(made)
    return params, values


def lowered(low: Lowering, source: Source, params: dict[str, tuple[Var, ...]], result: Value | None) -> Lowered:
    """What has been read, with this result."""
    operands: list[Operand] = []
    if isinstance(result, View) and not result.shape:
        result = Num(views.load(low, result, ()))
    structure: Any = StaticResult(None)
    span = next((span for span in low.returns if span), source.span(source.node))
    if result is not None and not low.errors:
        with low.at(span):
            structure = flatten_result(low, result, operands)
    if low.errors:
        raise together(low.errors)
    all_params = tuple(dict.fromkeys(var for made in params.values() for var in made)) + tuple(low.captured_params)
    program = Program(source.name, all_params, tuple(low.build.here.body), tuple(operands),
                      doc=inspect.getdoc(source.function) or "")
    program = severed.check(low, program)
    return Lowered(program, params, structure, low.captured_values, low.captured, source, low.assumed, span)


def attempted(low: Lowering, run: Callable[[], Value]) -> Value | None:
    """What `run` reads; None where that fails, which `low.errors` then tells of."""
    try:
        return run()
    except Shadowed as shadowed:
        low.errors.append(shadowed.error)
    except LocatedError as error:
        if error not in low.errors:
            low.errors.extend(error.errors)
    except Silent:
        if not low.errors:
            low.errors.append(low.error("the function cannot be read"))
    return None


def with_bound(func: Func, values: dict[str, Value]) -> dict[str, Value]:
    """The names of the function: those that are bound already and those of the call."""
    spec = func.node.args
    positional = [arg.arg for arg in [*spec.posonlyargs, *spec.args]]
    return {**dict(zip(positional, func.bound)), **func.keywords, **values}


def parameter(low: Lowering, name: str, spec: Spec, made: list[Var]) -> Value:
    """The value of one parameter; its leaves become parameters of the program."""
    match spec:
        case NumberSpec(code, weak):
            var = Var(Scalar(code), name, user=True)
            made.append(var)
            low.params.add(var)
            return Num(var, weak)
        case ArraySpec(dtype, rank, layout, ones):
            var = Var(Array(dtype, rank, layout), name, user=True)
            made.append(var)
            low.fresh(var)
            low.params.add(var)
            for axis in ones:
                low.build.assume_dim(var, axis, ONE)
            return views.whole(low, var)
        case SharedSpec():
            return shared_parameter(low, name, spec, made)
        case StaticSpec(value):
            return Py(value) if callable(value) or value is None else to_value(low, value)
        case ContainerSpec(cls, keys, items):
            labels = keys if keys is not None else range(len(items))
            inner = tuple(parameter(low, f"{name}_{label}", item, made) for label, item in zip(labels, items))
            if issubclass(cls, tuple):
                return Seq(inner, cls)
            return low.new_cell(Contents(cls, inner, keys))


def shared_parameter(low: Lowering, name: str, spec: SharedSpec, made: list[Var]) -> Value:
    """A strided view of the memory that several arguments look at."""
    base = low.memories.get(spec.group)
    if base is None:
        base = low.memories[spec.group] = low.fresh(Var(Array(spec.dtype, 1, "C"), "memory", user=True))
    made.append(base)
    var = Var(Array(spec.dtype, len(spec.shape), "A"), name, user=True)
    low.build.emit(Strided(var, base, spec.offset, spec.shape, spec.strides))
    low.alias(var, base)
    low.roots.pop(var)
    for axis, extent in enumerate(spec.shape):
        low.build.assume_dim(var, axis, const(extent))
    return views.whole(low, var)


def flatten_result(low: Lowering, value: Value, operands: list[Operand]):
    """The structure of what the function returns; its numbers and arrays are appended to `operands`."""
    match value:
        case Num():
            operands.append(value.operand)
            return NumberResult(value.code, value.weak)
        case View() | Lazy():
            view = value if isinstance(value, View) else materialise(low, value)
            base = views.reference(low, view)
            operands.append(base if base is not None else materialise(low, view).base)
            return ArrayResult(value.dtype, value.rank)
        case Seq(items, cls):
            return TupleResult(cls, tuple(flatten_result(low, item, operands) for item in items))
        case Ref():
            contents = low.contents(value)
            return TupleResult(contents.cls, tuple(flatten_result(low, item, operands) for item in contents.values),
                               contents.keys)
        case Py(obj):
            return StaticResult(obj)
    raise low.error("the function has to return a scalar, an array or a container of them",
                    kind="type")


__all__ = ["ArrayResult", "Lowered", "NumberResult", "Operand", "StaticResult", "TupleResult", "const", "lower",
           "statics"]
