"""One function for one signature: read it, transform it, write it, compile it.

The pass list of every mode stands here, top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.build import Builder
from adtrans.differentiate import differentiate
from adtrans.errors import LocatedTypeError, NonDifferentiableError, UnsupportedError
from adtrans.forward import push
from adtrans.inner import expand, unfold
from adtrans.instrument import instrument, instrument_adjoints
from adtrans.ir import Accumulate, Array, Const, Operand, Parallel, Program, Scalar, Store, Var
from adtrans.lower.context import Options
from adtrans.lower.program import ArrayResult, Lowered, NumberResult, StaticResult, TupleResult, lower
from adtrans.optimise.across import across
from adtrans.optimise.block import block
from adtrans.optimise.borders import borders
from adtrans.optimise.first import filled
from adtrans.optimise.fuse import fuse
from adtrans.optimise.gather import gather
from adtrans.optimise.hoist import hoist
from adtrans.optimise.induct import induct
from adtrans.optimise.jam import jam
from adtrans.optimise.land import land
from adtrans.optimise.layout import layout
from adtrans.optimise.parallel import divisible, parallelise
from adtrans.optimise.peaks import peaks
from adtrans.optimise.products import products
from adtrans.optimise.reuse import reuse
from adtrans.optimise.settle import settle
from adtrans.optimise.share import share
from adtrans.optimise.simplify import simplify
from adtrans.optimise.spans import spans
from adtrans.optimise.strips import strips
from adtrans.reverse import add_nest, clear_nest
from adtrans.segments import marked
from adtrans.structure import ContainerSpec, Spec, is_float, leaf_specs
from adtrans.vector import dots_type, push_many
from adtrans.write import Grouping, write, written

ENTRIES = {"value": "{}_value", "grad": "{}_grad", "value_and_grad": "{}_value_and_grad",
           "accumulate": "{}_accumulate", "pullback": "{}_pullback", "adjoint": "{}_adjoint", "jvp": "{}_jvp",
           "hvp": "{}_hvp", "tangents": "{}_tangents", "hessian": "{}_hessian",
           "many tangents": "{}_tangents", "many hessian": "{}_hessian"}
WIDTH = 8  # tangents pushed at once where there are no more: a number that is known is worth more than a few zeros
ROWS = ("tangents", "hessian")  # modes whose loops over tangents are unrolled


@dataclass
class Reading:
    """A function read for one signature: what all its modes start from; `plain` before it is optimised."""

    lowered: Lowered
    value: Program
    plain: Program
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
    program, own = lowered.program, frozenset()
    if options.procedure:
        own = frozenset(param for made in lowered.params.values() for param in made if isinstance(param.type, Array))
        program = replace(program, facts={**program.facts, "outputs": tuple(own)})
    plain = copying(program, own)
    value = finished(plain, options)
    if options.segments is not None:
        value = marked(value, options.segments)
    return Reading(lowered, value, plain, lowered.optimistic, options.debug)


def prepared(program: Program, options: Options) -> Program:
    """A program within another, as it is differentiated."""
    return finished(copying(program), options)


def copying(program: Program, own: frozenset[Var] = frozenset()) -> Program:
    """A program that copies the parameters that it writes to, but for its `own`."""
    program = ir.verify(simplify(ir.verify(program)))
    return replace(program, mutable=stored_params(program) - own)


def finished(program: Program, options: Options) -> Program:
    if options.debug:
        return ir.verify(instrument(program))
    return layout(in_blocks(optimise(divided(program)), options.parallel))


def divided(program: Program) -> Program:
    """With loops that ask for their ends divided there."""
    made = borders(program)
    return ir.verify(simplify(ir.verify(made))) if made is not program else program


def in_blocks(program: Program, parallel: bool = False) -> Program:
    """With loops over independent iterations in blocks; not those along rows, in `parallel`, where it is not seen after
    that what loops around them do is independent."""
    made = block(induct(program))
    turned = across(made)
    if turned is program:
        return program
    done = optimise(ir.verify(simplify(ir.verify(turned))))
    if parallel and turned is not made:
        other = optimise(ir.verify(simplify(ir.verify(made))))
        return max(done, other, key=divisible)
    return done


def optimise(program: Program) -> Program:
    """Without needless loops, temporaries and repetitions."""
    while True:
        better = settle(reuse(fuse(program)))
        if better is program:
            return program
        program = ir.verify(simplify(better))


def together(program: Program) -> Program:
    """With iterations around the innermost loops of blocks taken several at a time."""
    made = jam(program)
    return ir.verify(simplify(settle(simplify(reuse(ir.verify(made)))))) if made is not program else program


def with_parts(program: Program, fresh: bool) -> Program:
    """With loops in parts where that is proven to be right. What is done to whole loops at function level comes before:
    they are products no more, and fill no arrays of zeros, once they are in parts."""
    ahead = with_products(program)
    made = parallelise(filled(ahead) if fresh else ahead)
    return made if any(isinstance(item, Parallel) for item in ir.walk(made.body)) else program


def with_products(program: Program) -> Program:
    """With products of matrices in place of loops."""
    made = products(program)
    return optimise(ir.verify(simplify(ir.verify(made)))) if made is not program else program


def stored_params(program: Program) -> frozenset[Var]:
    """The array parameters whose memory the program writes to."""
    classes = memory_classes(program)
    written = {classes[statement.array] for statement in ir.walk(program.body)
               if isinstance(statement, (Store, Accumulate))}
    return frozenset(param for param in program.params
                     if isinstance(param.type, Array) and classes[param] in written)


def produce(reading: Reading, mode: str, argnums: tuple[str, ...], specs: dict[str, Spec],
            several: bool = True, outputs: tuple[str, ...] = (), aux: bool = False,
            parallel: bool = False) -> Product:
    """The generated source of a mode; see `made_for`."""
    lowered = reading.lowered
    program = made_for(reading, mode, argnums, specs, outputs, aux, parallel)
    entry = ENTRIES[mode].format(identifier(program.name))
    place = lowered.source.filename.rsplit("/", 1)[-1]
    title = f"{mode} of {program.name} ({place}:{lowered.source.first_line})"
    single = not several and not isinstance(specs[argnums[0]], ContainerSpec)
    grouping = grouped(mode, program, single, lowered.result if aux else None)
    made = written(program, entry, title, grouping)
    meta = {"result": encode(lowered.result), "optimistic": reading.optimistic, "writes": bool(program.mutable),
            "wrapping": None if reading.debug else made.wrapping, "parts": made.parts}
    count = program.facts.get("sizes") if mode in ("grad", "value_and_grad", "adjoint") else None
    if count is not None:
        meta["sizes"] = write(count, "count")
    return Product(made.text, entry, tuple(type_code(param.type) for param in program.params), meta,
                   lowered.captured_arrays)


def made_for(reading: Reading, mode: str, argnums: tuple[str, ...], specs: dict[str, Spec],
             outputs: tuple[str, ...] = (), aux: bool = False, parallel: bool = False) -> Program:
    """The program of a mode: "value", "grad", "value_and_grad", "accumulate", "pullback", "adjoint", "jvp", "hvp", or
    "tangents" and "hessian", which are "jvp" and "hvp" for WIDTH tangents at once and, as "many tangents" and "many
    hessian", for any number.

    `outputs` are the arguments in which an "adjoint" finds the results of a procedure. With `aux` a function returns a
    number to differentiate and something else. With `parallel` loops run in parts at the same time.
    """
    lowered = reading.lowered
    program = reading.value
    match mode:
        case "value":
            pass
        case "pullback":
            program = pullback_program(reading, argnums, specs)
        case "adjoint":
            program = adjoint_program(reading, argnums, outputs, specs)
        case "jvp":
            program = tangent_program(reading, argnums, specs)
        case "tangents" | "many tangents":
            program = tangent_program(reading, argnums, specs, True, None if mode.startswith("many") else WIDTH)
        case "hvp":
            require_scalar(lowered, aux)
            program = second_program(reading, argnums, specs)
        case "hessian" | "many hessian":
            require_scalar(lowered, aux)
            program = second_program(reading, argnums, specs, True, None if mode.startswith("many") else WIDTH)
        case _:
            require_scalar(lowered, aux)
            program = gradient_program(reading, mode, argnums, specs)
    whole, own = expand(program), program
    if mode == "value" and whole is not program and not reading.debug:
        whole = expand(reading.plain)
    program = ir.verify(simplify(ir.verify(whole)))
    if reading.debug:
        return program
    fresh = mode != "value" or whole is not reading.value
    if fresh:
        program = optimise(land(program))
    if parallel:
        program = with_parts(program, fresh)
    if fresh:
        program = gather(program)
    if not any(isinstance(item, Parallel) for item in ir.walk(program.body)):
        program = with_products(program)
        program = filled(program) if fresh else program
    if mode in ROWS:
        program = strips(program)
    if whole is not own:
        program = hoist(program)
    if mode not in ROWS:
        program = together(program)
        program = program if parallel else share(program)
    return peaks(spans(program))


def grouped(mode: str, program: Program, single: bool, result: TupleResult | None) -> Grouping:
    """How a gradient is returned, as in JAX: with a `result` of two parts (gradient, aux), ((value, aux), gradient)."""
    if mode not in ("grad", "value_and_grad"):
        return ()
    count = iter(range(len(program.results)))
    value: Grouping = next(count) if mode == "value_and_grad" else ()
    aux = numbered(result.items[1], count) if result is not None else None
    gradient = next(count) if single else tuple(count)
    if result is not None:
        return ((value, aux), gradient) if mode == "value_and_grad" else (gradient, aux)
    return (value, gradient) if mode == "value_and_grad" else gradient


def numbered(structure: Any, count: Iterator[int]) -> Grouping:
    """A result as a tree of the numbers of its operands; containers of every kind are tuples."""
    match structure:
        case StaticResult():
            return None
        case TupleResult(_, items):
            return tuple(numbered(item, count) for item in items)
    return next(count)


def gradient_program(reading: Reading, mode: str, argnums: tuple[str, ...], specs: dict[str, Spec]) -> Program:
    """The gradient of the first result, after it (unless the mode is "grad") and any others."""
    program, lowered = reading.value, reading.lowered
    inputs = differentiated(lowered, argnums, specs)
    result = program.results[0]
    seed: Operand = Const(1.0, result.type)
    shadows: dict[Var, Var] = {}
    if mode == "accumulate":
        seed = Var(result.type, "seed", user=True)
        shadows = bars_of(inputs)
    direct = {var: shadow for var, shadow in shadows.items() if var not in program.mutable}
    made = differentiate(program, inputs, seeds=[(result, seed)], shadows=direct, in_place=not reading.debug,
                         values=program.results[mode == "grad":])
    if reading.debug:
        made = instrument_adjoints(made, made.facts["forward"])
    require_continuous(made, lowered, argnums)
    apart = shadows.keys() - direct.keys()
    return add_to_bars(made, inputs, shadows, direct, len(program.results)) if apart else made


def pullback_program(reading: Reading, argnums: tuple[str, ...], specs: dict[str, Spec]) -> Program:
    """The adjoints of the arguments from those of all floating-point results."""
    program, lowered = reading.value, reading.lowered
    results = [result for result in program.results if result.type.is_float]
    if not results:
        raise NonDifferentiableError(f"{lowered.source.name} returns nothing that has a derivative", lowered.span)
    seeds = [(result, Var(result_bar(result), "out_bar", user=True)) for result in results]
    made = differentiate(program, differentiated(lowered, argnums, specs), seeds=seeds, in_place=not reading.debug)
    require_continuous(made, lowered, argnums)
    return made


def result_bar(result: Operand) -> Scalar | Array:
    """The type of the adjoint of a result, as the caller gives it."""
    return replace(result.type, layout="C") if isinstance(result.type, Array) else result.type


def adjoint_program(reading: Reading, inputs: tuple[str, ...], outputs: tuple[str, ...],
                    specs: dict[str, Spec]) -> Program:
    """The adjoint of a procedure, in place: its parameters are followed by the bars of inputs and outputs.

    Inputs that the procedure writes to without being outputs, say scratch that comes in full, have adjoints of their
    own, which are added to the bars last.
    """
    program, lowered = reading.value, reading.lowered
    wanted = differentiated(lowered, inputs, specs)
    ends = tuple(var for var in differentiated(lowered, outputs, specs) if isinstance(var.type, Array))
    written = stored_params(program)
    shadows = bars_of(tuple(dict.fromkeys((*ends, *wanted))))
    direct = {var: bar for var, bar in shadows.items() if var in ends or var not in written}
    made = differentiate(program, wanted, seeds=[], shadows=direct, ends=ends, values=program.results)
    count = len(program.results)
    gradients = dict(zip((var for var in wanted if var not in direct), made.results[count:]))
    build = Builder()
    for var, gradient in gradients.items():
        if var in shadows:
            add_nest(build, shadows[var], gradient)
    for var in ends:
        if var not in wanted:
            clear_nest(build, shadows[var])
    own = len(program.params)
    body = (*made.body, *build.here.body)
    facts = {**made.facts, "outputs": (*program.facts.get("outputs", ()), *shadows.values())}
    kept = tuple(gradient for var, gradient in gradients.items() if var not in shadows)
    return replace(made, params=(*made.params[:own], *shadows.values()), body=body,
                   results=(*made.results[:count], *kept), facts=facts)


def tangent_program(reading: Reading, argnums: tuple[str, ...], specs: dict[str, Spec], many: bool = False,
                    count: int | None = None) -> Program:
    """The results, then the tangents of those that are floating-point, from the tangents of the arguments; `many`
    tangents, `count` or any number, come alone."""
    program, lowered = reading.value, reading.lowered
    results = tuple(result for result in program.results if result.type.is_float)
    if not results:
        raise NonDifferentiableError(f"{lowered.source.name} returns nothing that has a derivative", lowered.span)
    inputs = differentiated(lowered, argnums, specs)
    made = push_many(program, many_dots_of(inputs), results, count) if many else push(program, dots_of(inputs), results)
    require_continuous(made, lowered, argnums)
    return replace(made, results=made.results[len(program.results):]) if many else made


def second_program(reading: Reading, argnums: tuple[str, ...], specs: dict[str, Spec], many: bool = False,
                   count: int | None = None) -> Program:
    """The tangents of the gradient: the Hessian times a direction, or `many`."""
    inputs = differentiated(reading.lowered, argnums, specs)
    first = gradient_program(reading, "grad", argnums, specs)
    first = replace(first, results=first.results[len(reading.value.results) - 1:])
    first = optimise(ir.verify(simplify(unfold(ir.verify(first)))))
    made = push_many(first, many_dots_of(inputs), first.results, count) if many else \
        push(first, dots_of(inputs), first.results)
    return replace(made, results=made.results[len(first.results):])


def dots_of(inputs: tuple[Var, ...]) -> dict[Var, Var]:
    """Parameters for the tangents of arguments."""
    return {var: Var(result_bar(var) if var.type.is_float and getattr(var.type, "layout", "") == "A" else var.type,
                     f"{var.name}_dot", user=True) for var in inputs}


def many_dots_of(inputs: tuple[Var, ...]) -> dict[Var, Var]:
    """Parameters for many tangents of arguments, which lie along a last axis."""
    return {var: Var(dots_type(var.type), f"{var.name}_dot", user=True) for var in inputs}


def bars_of(inputs: tuple[Var, ...]) -> dict[Var, Var]:
    """Parameters for the adjoints of arrays."""
    return {var: Var(var.type, f"{var.name}_bar", user=True) for var in inputs if isinstance(var.type, Array)}


def require_continuous(made: Program, lowered: Lowered, argnums: tuple[str, ...]) -> None:
    if made.facts.get("discrete"):
        raise NonDifferentiableError(
            f"the result of {made.name} depends on {', '.join(argnums)} only through integers, "
            "which have no derivative", lowered.span)


def add_to_bars(program: Program, inputs, shadows: dict[Var, Var], direct: dict[Var, Var], count: int) -> Program:
    """Gradients of arguments that the program writes to are made apart and added to the caller's buffers last."""
    values, gradients = program.results[:count], program.results[count:]
    indirect = [var for var in inputs if var not in direct]
    build, kept = Builder(), []
    for var, gradient in zip(indirect, gradients):
        if var in shadows:
            add_nest(build, shadows[var], gradient)
        else:
            kept.append(gradient)
    *params, seed = program.params
    others = tuple(shadow for var, shadow in shadows.items() if var not in direct)
    own = tuple(param for param in params if param not in direct.values())
    facts = {**program.facts, "outputs": tuple(shadows.values())}
    return replace(program, body=(*program.body, *build.here.body), results=(*values, *kept),
                   params=(*own, *shadows.values(), seed), facts=facts) if others else program


def differentiated(lowered: Lowered, argnums: tuple[str, ...], specs: dict[str, Spec]) -> tuple[Var, ...]:
    """The parameters of the program that are float leaves of the differentiated arguments."""
    found = []
    for name in argnums:
        for var, spec in zip(lowered.params[name], leaf_specs(specs[name])):
            if is_float(spec):
                found.append(var)
    return tuple(dict.fromkeys(found))


def require_scalar(lowered: Lowered, aux: bool = False) -> None:
    """A gradient needs one floating-point result; with `aux` a pair of it and anything."""
    span = lowered.span
    name = lowered.source.name
    result = lowered.result
    if aux:
        if not (isinstance(result, TupleResult) and issubclass(result.cls, tuple) and len(result.items) == 2):
            raise LocatedTypeError(f"with has_aux=True {name} has to return a pair: a number and anything else", span,
                                   "return value, aux")
        result = result.items[0]
    match result:
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
        case TupleResult(cls, items) if cls is tuple:
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
