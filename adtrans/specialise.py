"""One function for one signature: read it, transform it, write it, compile it.

The pass list of every mode stands here, top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.build import Builder, const
from adtrans.errors import LocatedTypeError, NonDifferentiableError, UnsupportedError
from adtrans.instrument import instrument, instrument_adjoints
from adtrans.ir import Accumulate, Array, Program, Scalar, Store, Var
from adtrans.lower.context import Options
from adtrans.lower.program import ArrayResult, Lowered, NumberResult, StaticResult, TupleResult, lower
from adtrans.optimise.simplify import simplify
from adtrans.reverse import differentiate
from adtrans.structure import ContainerSpec, Spec, is_float, leaf_specs
from adtrans.write import write

ENTRIES = {"value": "{}_value", "grad": "{}_grad", "value_and_grad": "{}_value_and_grad",
           "accumulate": "{}_accumulate"}


@dataclass
class Reading:
    """A function read for one signature: what all its modes start from."""

    lowered: Lowered
    value: Program
    optimistic: bool
    debug: bool = False


@dataclass
class Product:
    """The generated source of one mode, and how to call it."""

    text: str
    entry: str
    signature: tuple[str, ...]
    meta: dict
    captured: list[np.ndarray] = field(default_factory=list)


def read(fun: Callable, specs: dict[str, Spec], options: Options) -> Reading:
    """Lower and simplify."""
    lowered = lower(fun, specs, options)
    program = ir.verify(simplify(ir.verify(lowered.program)))
    program = replace(program, mutable=stored_params(program))
    if options.debug:
        program = ir.verify(instrument(program))
    return Reading(lowered, program, lowered.optimistic, options.debug)


def stored_params(program: Program) -> frozenset[Var]:
    """The array parameters whose memory the program writes to."""
    classes = memory_classes(program)
    written = {classes[statement.array] for statement in ir.walk(program.body)
               if isinstance(statement, (Store, Accumulate))}
    return frozenset(param for param in program.params
                     if isinstance(param.type, Array) and classes[param] in written)


def produce(reading: Reading, mode: str, argnums: tuple[str, ...], specs: dict[str, Spec],
            several: bool = True) -> Product:
    """The generated source of a mode: "value", "grad", "value_and_grad" or "accumulate"."""
    lowered = reading.lowered
    program = reading.value
    if mode != "value":
        require_scalar(lowered)
        program = ir.verify(gradient_program(reading, mode, argnums, specs))
    program = ir.verify(simplify(program))
    entry = ENTRIES[mode].format(identifier(program.name))
    place = lowered.source.filename.rsplit("/", 1)[-1]
    title = f"{mode} of {program.name} ({place}:{lowered.source.first_line})"
    single = not several and not isinstance(specs[argnums[0]], ContainerSpec)
    grouping = None if mode in ("value", "accumulate") else (mode == "value_and_grad", not single)
    text = write(program, entry, title, grouping)
    meta = {"result": encode(lowered.result), "optimistic": reading.optimistic, "writes": bool(program.mutable)}
    return Product(text, entry, tuple(type_code(param.type) for param in program.params), meta,
                   lowered.captured_arrays)


def gradient_program(reading: Reading, mode: str, argnums: tuple[str, ...], specs: dict[str, Spec]) -> Program:
    program, lowered = reading.value, reading.lowered
    inputs = differentiated(lowered, argnums, specs)
    shadows: dict[Var, Var] = {}
    seed = None
    if mode == "accumulate":
        seed = Var(program.results[0].type, "seed", user=True)
        shadows = {var: Var(var.type, f"{var.name}_bar", user=True) for var in inputs if isinstance(var.type, Array)}
    direct = {var: shadow for var, shadow in shadows.items() if var not in program.mutable}
    made = differentiate(program, inputs, seed=seed, shadows=direct, with_value=mode != "grad")
    if reading.debug:
        made = instrument_adjoints(made, made.facts["forward"])
    if made.facts.get("discrete"):
        raise NonDifferentiableError(
            f"the result of {program.name} depends on {', '.join(argnums)} only through integers, "
            "which have no derivative", lowered.span)
    return add_to_bars(made, inputs, shadows, direct) if shadows.keys() - direct.keys() else made


def add_to_bars(program: Program, inputs, shadows: dict[Var, Var], direct: dict[Var, Var]) -> Program:
    """Gradients of arguments that the program writes to are made apart and added to the caller's buffers last."""
    value, *gradients = program.results
    indirect = [var for var in inputs if var not in direct]
    kept, body, params = [], list(program.body), list(program.params)
    at = next((k for k, param in enumerate(params) if param.name == "seed"), len(params))
    for var, gradient in zip(indirect, gradients):
        if var not in shadows:
            kept.append(gradient)
            continue
        build = Builder()
        add_nest(build, shadows[var], gradient)
        body += build.here.body
        params.insert(at, shadows[var])
        at += 1
    ordered = [*(p for p in params if p not in shadows.values() and p.name != "seed"),
               *shadows.values(), *(p for p in params if p.name == "seed" and p not in shadows.values())]
    facts = {**program.facts, "outputs": tuple(shadows.values())}
    return replace(program, body=tuple(body), results=(value, *kept), params=tuple(ordered), facts=facts)


def add_nest(build: Builder, target: Var, source: Var) -> None:
    """target += source, element by element."""
    def level(k: int, index: tuple) -> None:
        if k == target.type.rank:
            build.accumulate(target, index, build.load(source, index))
            return
        counter = Var(ir.INT, "ijklmnpq"[k % 8])
        extent = build.dim(target, k)
        with build.block() as block:
            level(k + 1, (*index, counter))
        build.emit(ir.For(counter, const(0), extent, const(1), (), tuple(block.body)))

    level(0, ())


def differentiated(lowered: Lowered, argnums: tuple[str, ...], specs: dict[str, Spec]) -> tuple[Var, ...]:
    """The parameters of the program that are float leaves of the differentiated arguments."""
    found = []
    for name in argnums:
        for var, spec in zip(lowered.params[name], leaf_specs(specs[name])):
            if is_float(spec):
                found.append(var)
    return tuple(dict.fromkeys(found))


def require_scalar(lowered: Lowered) -> None:
    """A gradient needs one floating-point result."""
    span = lowered.span
    name = lowered.source.name
    match lowered.result:
        case NumberResult(code) if code[0] == "f":
            return
        case NumberResult():
            raise NonDifferentiableError(f"{name} returns an integer or boolean, which has no derivative", span)
        case ArrayResult(rank=rank):
            raise LocatedTypeError(f"gradient needs a scalar result, but {name} returns an array of {rank} axes", span,
                                   "return a sum or another single number, or use vjp")
        case TupleResult():
            raise LocatedTypeError(f"gradient needs a scalar result, but {name} returns a container", span,
                                   "return one number")
        case StaticResult(value):
            shown = "None" if value is None else f"a {type(value).__name__}"
            raise LocatedTypeError(f"gradient needs a scalar result, but {name} returns {shown}", span)


def identifier(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else "function"


def type_code(type: Scalar | Array) -> str:
    return type.code if isinstance(type, Scalar) else f"{type.dtype}:{type.rank}:{type.layout}"


# --- results as JSON -------------------------------------------------------------------------------------


def encode(result: Any):
    """The structure of a result, for the record of a cached entry; containers other than tuples are not kept."""
    match result:
        case NumberResult(code, weak):
            return ["number", code, weak]
        case ArrayResult(dtype, rank):
            return ["array", dtype, rank]
        case TupleResult(cls, items, _) if cls is tuple:
            inner = [encode(item) for item in items]
            return ["other"] if ["other"] in inner else ["tuple", inner]
        case StaticResult(None):
            return ["none"]
    return ["other"]


def decode(result):
    match result:
        case ["number", code, weak]:
            return NumberResult(code, weak)
        case ["array", dtype, rank]:
            return ArrayResult(dtype, rank)
        case ["tuple", items]:
            return TupleResult(tuple, tuple(decode(item) for item in items))
        case ["none"]:
            return StaticResult(None)
    return None


__all__ = ["Product", "Reading", "UnsupportedError", "decode", "produce", "read"]
