"""Transformations within the language: `grad(f)(x)`, `jvp(f, (x,), (v,))`, `hvp(f)(v, x)` in a function to be read.

    def penalty(x):
        return np.sum(grad(energy)(x) ** 2)

`grad(energy)` is a `Derived` value. Calling it reads `energy` as a program of its own (see `subprograms`) and leaves
one statement, an `ir.Inner`, which knows how to differentiate that program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from adtrans.errors import AdtransError
from adtrans.inner import Function, Gradient, Pushed, Second
from adtrans.ir import INT, Alloc, Array, Const, Inner, Operand, Program, Reshape, Var, walk
from adtrans.lower import containers, nests, statics, views
from adtrans.lower.calls import bind_arguments, run_frame
from adtrans.lower.context import describe
from adtrans.lower.extents import assume_shapes
from adtrans.lower.opaque import call_opaque, is_opaque
from adtrans.lower.program import ArrayResult, NumberResult, StaticResult, TupleResult
from adtrans.lower.scalars import as_type
from adtrans.lower.subprograms import Entry, Part
from adtrans.lower.values import NONE, Contents, Func, Num, Py, Ref, Seq, Value, View
from adtrans.structure import ArraySpec, ContainerSpec, NumberSpec, Spec, is_float
from adtrans.transformed import transformation


@dataclass(frozen=True, eq=False)
class Derived:
    """A transformation of a function, not called yet; `options` are those of the transformation."""

    kind: str
    fun: Value
    options: dict[str, Any]


VECTOR = "v_dot"
MODES = ("auto", "fwd", "rev")
EMPTY = Program("", (), (), ())
MOST_ROWS = 8  # gradients written one after the other
FEW_ROWS = 4  # elements of a result that are taken to be fewer than those of an array whose extents are not known
OPTIONS = {"grad": ("argnums", "has_aux"), "value_and_grad": ("argnums", "has_aux"), "hvp": ("argnums",),
           "vmap": ("in_axes",), "jacobian": ("argnums", "mode"), "hessian": ("argnums",)}


def TABLE() -> dict:  # noqa: N802  (a table like those of the other modules, made when first needed)
    """Readers of the calls that make transformations."""
    from adtrans import api, mapped, tangent
    from adtrans.jacobian import hessian, jacobian

    made = {api.grad: "grad", api.value_and_grad: "value_and_grad", tangent.hvp: "hvp", mapped.vmap: "vmap",
            jacobian: "jacobian", hessian: "hessian"}
    return {**{function: derivation(kind) for function, kind in made.items()}, tangent.jvp: jvp}


def derivation(kind: str) -> Callable:
    def read(low, args: list[Value], keywords: dict[str, Value]) -> Value:
        places = () if kind in ("grad", "value_and_grad") else OPTIONS[kind]
        if not 1 <= len(args) <= 1 + len(places):
            raise low.error(f"{kind} takes a function", kind="type")
        keywords = keywords | dict(zip(places, args[1:]))
        unknown = [name for name in keywords if name not in OPTIONS[kind]]
        if unknown:
            raise low.error(f"{kind}(..., {unknown[0]}=...) is not in the language here")
        return Derived(kind, args[0], {name: known(low, value, name) for name, value in keywords.items()})

    return read


def known(low, value: Value, name: str) -> Any:
    """The Python object that an option is."""
    match value:
        case Num(Const(number)):
            return number
        case Seq(items):
            return tuple(known(low, item, name) for item in items)
        case Ref():
            return tuple(known(low, item, name) for item in low.contents(value).values)
        case Py(obj):
            return obj
    raise low.error(f"{name} has to be known before the program runs")


def derived_from(low, obj: Any) -> Derived | None:
    """A transformation made outside the program, as a value."""
    found = transformation(obj)
    if found is not None:
        kind, fun, options = found
        return Derived(kind, Py(fun), options)
    owner, name = transformation(getattr(obj, "__self__", None)), getattr(obj, "__name__", None)
    if owner is not None and owner[0] in ("grad", "value_and_grad") and name == "value_and_grad":
        return Derived(name, Py(owner[1]), owner[2])
    return None


def without_rule(ufunc: Any) -> Derived:
    """A function without source or derivative: it can be called where no derivative goes through it."""
    return Derived("custom", Py(ufunc), {"fwd": None, "bwd": None, "jvp": None, "exact": True, "owner": None})


# --- calls -----------------------------------------------------------------------------------------------


def resolved(low, callee: Value) -> Func | Derived:
    """What is called: a function to be read or a transformation of one."""
    if isinstance(callee, Py):
        found = derived_from(low, callee.value)
        if found is None and not statics.is_user_function(callee.value):
            raise low.error(f"{describe(callee)} cannot be differentiated: it has no Python source")
        return found or statics.function_of(low, callee.value)
    if not isinstance(callee, (Func, Derived)):
        raise low.error(f"a function is needed, not {describe(callee)}", kind="type")
    return callee


def call(low, callee: Derived, args: list[Value], keywords: dict[str, Value]) -> Value:
    return run(low, callee, bound(low, callee, args, keywords))


class Bound(dict):
    """Arguments by the names of the parameters, in the order of these; `taken` are those that a method or partial
    function has bound, of which callers do not know, `fixed` also those that the caller has given nothing for."""

    fixed: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    def with_values(self, values: dict[str, Value]) -> Bound:
        made = Bound(values)
        made.fixed, made.taken = self.fixed, self.taken
        return made

    @property
    def free(self) -> tuple[str, ...]:
        """The names that callers know."""
        return tuple(name for name in self if name not in self.taken)


def bound(low, callee: Value, args: list[Value], keywords: dict[str, Value]) -> Bound:
    """Arguments by the names of the parameters."""
    if isinstance(callee, Py) and is_opaque(callee.value):
        if keywords or len(args) != callee.value.nin:
            raise low.error(f"{callee.value.__name__} takes {callee.value.nin} positional arguments", kind="type")
        return Bound((f"x{k}", low.solid(value)) for k, value in enumerate(args))
    found = resolved(low, callee)
    if isinstance(found, Func):
        args = [low.solid(value) for value in args]
        keywords = {name: low.solid(value) for name, value in keywords.items()}
        names = bind_arguments(low, found, [*found.bound, *args], {**found.keywords, **keywords})
        spec = found.node.args
        order = [one.arg for one in (*spec.posonlyargs, *spec.args, spec.vararg, *spec.kwonlyargs, spec.kwarg)
                 if one is not None]
        made = Bound((name, names[name]) for name in order)
        given = {*order[len(found.bound):len(found.bound) + len(args)], *keywords}
        given |= {one.arg for one in (spec.vararg, spec.kwarg) if one is not None}
        made.fixed, made.taken = frozenset(order) - given, frozenset(order[:len(found.bound)])
        return made
    if found.kind == "hvp":
        if not args:
            raise low.error("the product with a Hessian takes a vector and the arguments of the function", kind="type")
        inner = bound(low, found.fun, args[1:], keywords)
        return inner.with_values({VECTOR: args[0], **inner})
    return bound(low, found.fun, args, keywords)


def run(low, callee: Value, names: Bound) -> Value:
    """What a function or transformation gives for arguments by name."""
    if isinstance(callee, Py) and is_opaque(callee.value):
        return call_opaque(low, callee.value, list(names.values()))
    found = resolved(low, callee)
    if isinstance(found, Func):
        return run_frame(low, found, names)
    match found.kind:
        case "grad" | "value_and_grad":
            return gradient(low, found, names)
        case "hvp":
            return product(low, found, names)
        case "jacobian" | "hessian":
            return matrix(low, found, names)
        case "vmap":
            from adtrans.lower.mapping import mapped

            return mapped(low, found, names)
        case "custom":
            from adtrans.lower.custom import call_custom

            return call_custom(low, found, names)
    raise low.error(f"{found.kind} is not in the language here")


def argument_names(low, derived: Derived, names: Bound) -> tuple[str, ...]:
    """The arguments to differentiate by."""
    from adtrans import gradient

    argnums = derived.options.get("argnums", 0)
    try:
        return gradient.argument_names(argnums, names.free)
    except AdtransError as error:
        raise low.error(error.args[0] if error.args else str(error), kind="value") from None


def read_part(low, derived: Derived, names: Bound, wanted: tuple[str, ...]) -> Part:
    fun = resolved(low, derived.fun)
    held = {"the function": fun, **names}

    def inside(inner, values: dict[str, Value]) -> Value:
        return run(inner, fun, names.with_values({name: value for name, value in values.items()
                                                  if name != "the function"}))

    return Entry(low, held, wanted).read(inside)


def require_inputs(low, found: Part, wanted: tuple[str, ...]) -> tuple[Var, ...]:
    for name in wanted:
        if not found.inputs((name,)):
            raise low.error(f"argument {name!r} has no floating-point values to differentiate by", kind="type")
    return found.inputs(wanted)


def emit(low, name: str, function: Function, args: tuple[Operand, ...]) -> list[Var]:
    """The statement; gives the variables of its results."""
    program = function.program()
    made = [Var(result.type, getattr(result, "name", None)) for result in program.results]
    for var in made:
        if isinstance(var.type, Array):
            low.fresh(var)
    assume_shapes(low, program, args, made)
    low.build.emit(Inner(tuple(made), name, args, low.build.span, function))
    return made


def gradient(low, derived: Derived, names: Bound) -> Value:
    from adtrans.specialise import require_scalar

    wanted = argument_names(low, derived, names)
    aux, with_value = derived.options.get("has_aux", False), derived.kind == "value_and_grad"
    found = read_part(low, derived, names, wanted)
    inputs = require_inputs(low, found, wanted)
    require_scalar(found.lowered, aux)
    function = Gradient(found.program, inputs, with_value)
    require_continuous(low, function, wanted)
    made = emit(low, f"{derived.kind} of {found.program.name}", function, found.args)
    count = len(function.kept)
    values, gradients = iter(made[:count]), adjoints(low, found, wanted, inputs, made[count:])
    structure = found.lowered.result
    several = isinstance(derived.options.get("argnums", 0), (tuple, list))
    result = Seq(gradients) if several else gradients[0]
    if with_value:
        return Seq((value_of(low, structure, values), result))
    return Seq((result, value_of(low, structure.items[1], values))) if aux else result


def require_continuous(low, function: Gradient, wanted: tuple[str, ...]) -> None:
    if function.program().facts.get("discrete"):
        raise low.error(f"the result of {function.primal.name} depends on {', '.join(wanted)} only through integers, "
                        "which have no derivative", kind="discrete")


def product(low, derived: Derived, names: Bound) -> Value:
    """The product of a Hessian with a vector."""
    from adtrans.specialise import require_scalar

    vector = names[VECTOR]
    names = names.with_values({name: value for name, value in names.items() if name != VECTOR})
    wanted = argument_names(low, derived, names)
    found = read_part(low, derived, names, wanted)
    inputs = require_inputs(low, found, wanted)
    require_scalar(found.lowered)
    several = isinstance(derived.options.get("argnums", 0), (tuple, list))
    vectors = containers.items_of(low, vector) if several else [vector]
    if vectors is None or len(vectors) != len(wanted):
        raise low.error(f"the vector has to be a tuple of {len(wanted)}", kind="type")
    dots: list[Operand] = []
    for name, item in zip(wanted, vectors):
        dots += tangents(low, item, found.specs[name], iter([found.given(var) for var in found.inputs((name,))]))
    made = emit(low, f"hvp of {found.program.name}", Second(found.program, inputs), (*found.args, *dots))
    products = adjoints(low, found, wanted, inputs, made)
    return Seq(products) if several else products[0]


def matrix(low, derived: Derived, names: Bound) -> Value:
    """A Jacobian or Hessian."""
    wanted = argument_names(low, derived, names)
    several = isinstance(derived.options.get("argnums", 0), (tuple, list))
    if several and derived.kind == "hessian":
        raise low.error("hessian by several arguments is not in the language here",
                        hint="take one for each argument")
    made = tuple(by_argument(low, derived, names, name) for name in wanted)
    return Seq(made) if several else made[0]


def by_argument(low, derived: Derived, names: Bound, name: str) -> Value:
    """A Jacobian or Hessian by one argument."""
    from adtrans.library import derivatives
    from adtrans.lower.calls import call_library

    if any(names[other] for other in keyword_only(low, derived.fun)):
        raise low.error(f"{derived.kind} of a function with keyword-only arguments is not in the language here")
    place = names.free.index(name)
    x = low.as_array(names[name])
    before, after = (passed_on(low, derived.fun, names, part) for part in (names.free[:place], names.free[place + 1:]))
    args = [derived.fun, Seq(before), x, Seq(after)]
    if derived.kind == "hessian":
        return call_library(low, derivatives.hessian, args, {})
    mode = derived.options.get("mode", "auto")
    if mode not in MODES:
        raise low.error(f"mode must be one of {', '.join(map(repr, MODES))}, not {mode!r}", kind="value")
    if mode == "fwd":
        return call_library(low, derivatives.jacobian, args, {})
    part = read_part(low, derived, names, (name,))
    out, own = part.lowered.result, x.code if isinstance(x, Num) else x.dtype
    if not isinstance(out, (NumberResult, ArrayResult)):
        raise low.error("jacobian needs a number or an array as result", kind="type")
    shape = shape_of(part.program)
    places = None if shape is None or math.prod(shape) > MOST_ROWS else tuple(np.ndindex(*shape))
    dtype = out.code if isinstance(out, NumberResult) else out.dtype
    if mode == "auto" and goes_forward(part.program) and (
            places is None or dtype != own or not fewer(len(places), x)):
        return call_library(low, derivatives.jacobian, args, {})
    if dtype[0] != "f":
        raise low.error("the result is not floating-point: it has no derivative", kind="discrete")
    kind = Py(np.result_type(np.dtype(dtype), np.dtype(own)).type)
    if places is None:
        return call_library(low, derivatives.all_rows, [*args, kind], {})
    shown = Seq(tuple(map(whole_numbers, places)))
    return call_library(low, derivatives.rows, [*args, shown, whole_numbers(shape), kind], {})


def whole_numbers(given: tuple[int, ...]) -> Seq:
    return Seq(tuple(Num(Const(number, INT), True) for number in given))


def innermost(low, callee: Value) -> Func | None:
    """The function that is transformed, once or more."""
    while not isinstance(callee, Func):
        if isinstance(callee, Py) and is_opaque(callee.value):
            return None
        found = resolved(low, callee)
        callee = found.fun if isinstance(found, Derived) else found
    return callee


def keyword_only(low, callee: Value) -> tuple[str, ...]:
    found = innermost(low, callee)
    spec = found.node.args if found is not None else None
    return tuple(one.arg for one in (*spec.kwonlyargs, spec.kwarg) if one is not None) if spec else ()


def passed_on(low, callee: Value, names: Bound, wanted: tuple[str, ...]) -> tuple[Value, ...]:
    """Positional arguments; those of `*args` one by one."""
    found = innermost(low, callee)
    star = found.node.args.vararg if found is not None else None
    made: list[Value] = []
    for name in wanted:
        value = names[name]
        made += value.items if star is not None and name == star.arg and isinstance(value, Seq) else [value]
    return tuple(made)


def shape_of(program: Program) -> tuple[int, ...] | None:
    """The shape of the result, if it is known before the program runs."""
    result = program.results[0]
    if not isinstance(result.type, Array):
        return ()
    for statement in walk(program.body):
        match statement:
            case Alloc(var, shape) | Reshape(var, _, shape) if var is result:
                return tuple(extent.value for extent in shape) if all(
                    isinstance(extent, Const) for extent in shape) else None
    return None


def goes_forward(program: Program) -> bool:
    """Whether all functions with rules of their own have one for forward mode."""
    return all(getattr(statement.function, "tangents", True) is not None
               and goes_forward(getattr(statement.function, "primal", EMPTY))
               for statement in walk(program.body) if isinstance(statement, Inner))


def fewer(rows: int, x: Value) -> bool:
    """Whether that many gradients are less than a tangent for each element of an array, of which there are more than a
    few as far as is known."""
    extents = [] if isinstance(x, Num) else x.shape
    if all(isinstance(extent, Const) for extent in extents):
        return 0 < rows < math.prod(extent.value for extent in extents)
    return 0 < rows <= FEW_ROWS


def jvp(low, args: list[Value], keywords: dict[str, Value]) -> Value:
    given = dict(zip(("fun", "primals", "tangents"), args)) | keywords
    if len(args) > 3 or set(given) != {"fun", "primals", "tangents"}:
        raise low.error("jvp takes a function, primals and tangents", kind="type")
    primals, dots = (containers.items_of(low, given[name]) for name in ("primals", "tangents"))
    if primals is None or dots is None or len(primals) != len(dots):
        raise low.error("primals and tangents must be tuples with an entry for each argument", kind="type")
    derived = Derived("jvp", given["fun"], {})
    names = bound(low, derived.fun, primals, {})
    wanted = names.free[:len(primals)]
    found = read_part(low, derived, names, wanted)
    operands: list[Operand] = []
    for name, item in zip(wanted, dots):
        operands += tangents(low, item, found.specs[name], iter([found.given(var) for var in found.inputs((name,))]))
    function = Pushed(found.program, found.inputs(wanted))
    made = iter(emit(low, f"jvp of {found.program.name}", function, (*found.args, *operands)))
    structure = found.lowered.result
    return Seq((value_of(low, structure, made), value_of(low, structure, made, tangent=True)))


# --- values ----------------------------------------------------------------------------------------------


def value_of(low, structure: Any, made: Iterator[Var], tangent: bool = False) -> Value:
    """A result, or its tangent, with None for what has none."""
    match structure:
        case NumberResult(code, weak):
            return NONE if tangent and code[0] != "f" else Num(next(made), weak)
        case ArrayResult(dtype):
            return NONE if tangent and dtype[0] != "f" else views.whole(low, next(made))
        case TupleResult(cls, items, keys):
            inner = tuple(value_of(low, item, made, tangent) for item in items)
            return Seq(inner, cls) if issubclass(cls, tuple) else low.new_cell(Contents(cls, inner, keys))
        case StaticResult(value):
            return NONE if tangent else containers.to_value(low, value)
    raise low.error("this result is not in the language here")


def adjoints(low, found: Part, wanted: tuple[str, ...], inputs: tuple[Var, ...], made: list[Var]) -> tuple[Value, ...]:
    """The adjoints of arguments, which have the shapes of these."""
    for param, var in zip(inputs, made):
        if isinstance(var.type, Array):
            like = found.given(param)
            for axis in range(var.type.rank):
                low.build.assume_dim(var, axis, low.build.dim(like, axis))
    flow = iter(made)
    return tuple(adjoint(low, found.specs[name], flow) for name in wanted)


def adjoint(low, spec: Spec, made: Iterator[Var]) -> Value:
    match spec:
        case ContainerSpec(cls, keys, items):
            inner = tuple(adjoint(low, item, made) for item in items)
            return Seq(inner, cls) if issubclass(cls, tuple) else low.new_cell(Contents(cls, inner, keys))
        case NumberSpec(code, weak) if code[0] == "f":
            return Num(next(made), weak)
        case ArraySpec() if is_float(spec):
            return views.whole(low, next(made))
    return NONE


def tangents(low, value: Value, spec: Spec, likes: Iterator[Operand]) -> list[Operand]:
    """The operands of a tangent for the floating-point leaves of an argument."""
    match spec:
        case ContainerSpec(items=items):
            inner = containers.items_of(low, value)
            if inner is None and isinstance(value, Ref):
                inner = list(low.contents(value).values)
            if inner is None or len(inner) != len(items):
                raise low.error("a tangent needs the structure of its argument", kind="type")
            return [operand for item, kind in zip(inner, items) for operand in tangents(low, item, kind, likes)]
        case _ if is_float(spec):
            return [tangent(low, low.as_array(value), next(likes))]
    return []


def tangent(low, value: Value, like: Operand, what: str = "the tangent") -> Operand:
    """A tangent or adjoint of the type and shape of an argument."""
    if not isinstance(like.type, Array):
        if not isinstance(value, Num):
            raise low.error(f"{what} of a number has to be a number", kind="type")
        return as_type(low, value, like.type.code).operand
    if isinstance(value, Num) or value.rank != like.type.rank:
        raise low.error(f"{what} of an array has to have its shape", kind="value")
    for axis, extent in enumerate(value.shape):
        own = low.build.dim(like, axis)
        if not low.equal_extents(extent, own):
            low.check(low.build.prim("eq", extent, own), "ValueError", f"{what} has another shape than the argument; "
                      "extents", (extent, own))
    base = views.reference(low, value) if isinstance(value, View) and value.dtype == like.type.dtype else None
    return base if base is not None else nests.materialise(low, value, like.type.dtype).base
