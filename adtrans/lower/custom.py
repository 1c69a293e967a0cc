"""Calls of functions that have derivatives of their own: `custom_vjp` and `rule`.

    y = f(x)          y, residual = Inner(...)     whose program is fun, or fwd where the residual is wanted,
                                                   and whose adjoint is bwd

The rules are read as programs of their own, for the types of the arguments; what they return is checked against these.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from adtrans.build import Builder, zero
from adtrans.errors import Span, UnsupportedError
from adtrans.inner import Function, closed, dot_of, floats
from adtrans.ir import Array, Operand, Program, Var
from adtrans.lower import containers
from adtrans.lower.program import ArrayResult, NumberResult, StaticResult, TupleResult, attempted, parameter
from adtrans.lower.subprograms import Entry, Part
from adtrans.lower.transforms import Bound, Derived, bound, emit, run, tangent, value_of
from adtrans.lower.values import NONE, Num, Py, Ref, Seq, Value
from adtrans.splice import spliced
from adtrans.structure import ArraySpec, ContainerSpec, NumberSpec, Spec, StaticSpec, is_float, leaf_specs

FUNCTION = "the function"


class Custom(Function):
    """A function with rules. Its results are those of the function, then the residuals of `forward`.

    `plain` and `forward` take the numbers and arrays that the call passes in, `backward` these, the results and the
    adjoints of the floating-point ones; it gives the adjoint of each floating-point argument. `tangents`, made when
    first wanted because a rule may call the function itself, takes the tangents of these after the arguments.
    """

    def __init__(self, name: str, span: Span | None, plain: Program, exact: bool):
        self.name, self.span, self.plain, self.symmetric = name, span, plain, exact
        self.forward: Program | None = None
        self.backward: Program | None = None
        self.tangents: Callable[[], Program] | None = None
        self.hint = ""

    def simple(self) -> Program:
        return self.plain

    def program(self) -> Program:
        return self.forward if self.forward is not None else self.plain

    @functools.cache  # noqa: B019  (a function lives as long as the reading that it is of)
    def adjoint(self, wanted: tuple[int, ...]) -> Program:
        if self.backward is None:
            raise UnsupportedError(f"{self.name} has no reverse rule here", self.span, self.hint or
                                   "give it one by .defvjp(fwd, bwd), in whose fwd the function is not called")
        places = [k for k, param in enumerate(self.plain.params) if param.type.is_float]
        return closed(replace(self.backward, results=tuple(self.backward.results[places.index(k)] for k in wanted)))

    @functools.cache  # noqa: B019
    def pushed(self, moving: tuple[int, ...]) -> Program:
        """What the rule gives, with zeros for the arguments that do not move."""
        if self.tangents is None:
            raise UnsupportedError(f"{self.name} has no forward rule, and forward mode comes to it", self.span,
                                   self.hint or "give it a forward rule by .defjvp(jvp)")
        program, build = self.tangents(), Builder()
        args = [Var(param.type, param.name, param.user) for param in self.plain.params]
        given, dots, every = [], [], []
        for k, param in enumerate(args):
            if not param.type.is_float:
                continue
            if k in moving:
                given.append(dot_of(param))
                dots.append(given[-1])
            elif isinstance(param.type, Array):
                shape = tuple(build.dim(param, axis) for axis in range(param.type.rank))
                dots.append(build.alloc(param.type.dtype, shape, "zeros"))
            else:
                dots.append(zero(param.type))
            every.append(k)
        body, results = spliced(program, (*args, *dots), None, {})
        return closed(Program(self.name, (*args, *given), (*build.here.body, *body), tuple(results)))


def call_custom(low, derived: Derived, names: Bound) -> Value:
    """What the function returns."""
    options, owner = derived.options, derived.options["owner"]
    span = low.build.span
    entry = Entry(low, {FUNCTION: derived.fun, **names})
    main = entry.read(lambda inner, values: run(inner, values[FUNCTION],
                                                   names.with_values(arguments(values))))
    name = main.lowered.source.name if main.lowered.source else "function"
    name = getattr(derived.fun.value, "__name__", name) if isinstance(derived.fun, Py) else name
    if options["fwd"] is None and options["jvp"] is None and owner is not None:
        raise low.error(f"{name} has no rule yet", hint="give it one by .defvjp(fwd, bwd) or .defjvp(jvp)")
    if main.program.mutable:
        raise low.error(f"{name}, which has a rule of its own, must not write to its arguments")
    arrays = list(main.lowered.captured_arrays)
    reading = Reading(entry, name, main, arrays, low.ruled | {owner})
    if options["fwd"] is not None and owner not in low.ruled:
        forward = reading.rule(options["fwd"], "fwd", list(arguments(names)))
        backward = reading.backward(options["bwd"], reading.parts(forward, "fwd", "residuals"), list(names))
        function = Custom(name, span, reading.aligned(main), bool(options["exact"]))
        function.forward, function.backward = reading.joined(forward, backward)
        function.hidden = len(function.forward.results) - len(function.plain.results)
    else:
        function = Custom(name, span, reading.aligned(main), bool(options["exact"]))
    if owner is None:
        function.hint = f'give it one: adtrans.rule("y = {name}(...)", ...)({name})'
    if options["jvp"] is not None:
        known = tuple(arrays)
        function.tangents = functools.cache(lambda: reading.tangents(options["jvp"], list(names), known))
    args = (*entry.passed, *(low.captured_array(array).base for array in arrays))
    made = emit(low, f"{name} with a rule", function, args)
    return value_of(low, main.lowered.result, iter(made))


def arguments(values: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name != FUNCTION}


class Reading:
    """Reads the rules of a function for the arguments of a call. `arrays` are those from outside that the function and
    its rules read, which are parameters after the arguments."""

    def __init__(self, entry: Entry, name: str, main: Part, arrays: list, ruled: frozenset):
        self.entry, self.name, self.main, self.arrays, self.ruled = entry, name, main, arrays, ruled

    def error(self, rule: str, message: str):
        with self.entry.low.at(self.entry.span):
            return self.entry.low.error(f"{rule} of {self.name} {message}", kind="type")

    def start(self):
        inner = self.entry.start()
        inner.ruled = self.ruled
        return inner

    def finish(self, inner, params: dict, result: Value | None) -> Part:
        found = self.entry.part(inner, params, result)
        self.arrays += [array for array in found.lowered.captured_arrays
                        if not any(array is other for other in self.arrays)]
        return found

    def rule(self, fun: Any, rule: str, names: list[str]) -> Part:
        """`fwd` for the arguments."""
        inner = self.start()
        params, values = self.entry.entered(inner)
        args = [values[name] for name in names]
        found = self.finish(inner, params, attempted(inner, lambda: called(inner, fun, args)))
        self.parts(found, rule, "residuals")
        return found

    def parts(self, found: Part, rule: str, second: str) -> Any:
        """The structure of the second part of what a rule returns, whose first is that of what the function does."""
        match found.lowered.result:
            case TupleResult(_, (first, other), None):
                own = self.main.lowered.result
                if not alike(first, own):
                    raise self.error(rule, f"returns {words(first)}, but the function {words(own)}")
                return other
        raise self.error(rule, f"has to return a pair: what the function returns, and {second}")

    def backward(self, fun: Any, residuals: Any, names: list[str]) -> Part:
        """`bwd`: the adjoints of the floating-point leaves of the arguments."""
        inner = self.start()
        params, values = self.entry.entered(inner)
        made: list[Var] = []
        held = parameter(inner, "residual", spec_of(residuals), made)
        bars = parameter(inner, "out_bar", spec_of(self.main.lowered.result, only_floats=True), made)
        params = {**params, "residuals": tuple(made)}

        def read() -> Value:
            result = called(inner, fun, [held, bars])
            return Seq(tuple(self.leaves(inner, result, "bwd", names, params, values)))

        return self.finish(inner, params, attempted(inner, read))

    def leaves(self, inner, result: Value, rule: str, names: list[str], params: dict, values: dict) -> Iterator[Value]:
        """The adjoints that a rule returns, checked against the arguments."""
        given = containers.items_of(inner, result)
        if given is None or len(given) != len(names):
            raise self.error(rule, f"has to return a tuple with an adjoint for each of {len(names)} arguments")
        for name, value in zip(names, given):
            if name in self.entry.specs:
                likes = (var for var, spec in zip(params[name], leaf_specs(self.entry.specs[name])) if is_float(spec))
                yield from fitted(inner, value, self.entry.specs[name], likes, f"{rule} of {self.name}, for {name!r}: ")

    def tangents(self, fun: Any, names: list[str], known: tuple) -> Program:
        """`jvp`: the results and the tangents of the floating-point ones."""
        inner = self.start()
        inner.ruled = self.entry.low.ruled
        params, values = self.entry.entered(inner)
        made: list[Var] = []
        dots = []
        for name in names:
            spec = self.entry.specs.get(name)
            dots.append(NONE if spec is None else parameter(inner, f"{name}_dot", dot_spec(spec), made))
        params = {**params, "tangents": tuple(made)}
        primals = Seq(tuple(values[name] for name in names))
        found = self.finish(inner, params, attempted(inner, lambda: called(inner, fun, [primals, Seq(tuple(dots))])))
        structure = self.parts(found, "jvp", "its tangent")
        if not alike(structure, self.main.lowered.result, tangent=True):
            raise self.error("jvp", f"returns {words(structure)} as tangent of {words(self.main.lowered.result)}")
        if len(self.arrays) > len(known):
            raise self.error("jvp", "must not read arrays from outside: pass them in as arguments")
        program, count = self.aligned(found, len(made)), len(self.main.lowered.program.results)
        floating = [result for result in program.results[count:] if result.type.is_float]
        return closed(replace(program, results=(*program.results[:count], *floating)))

    def aligned(self, found: Part, extra: int = 0) -> Program:
        """A program with a parameter for each array from outside, before `extra` parameters of its own."""
        program, own = found.program, len(self.entry.passed)
        captured = dict(zip(map(id, found.lowered.captured_arrays), program.params[own + extra:]))
        arrays = [captured.get(id(array)) or self.dummy(array) for array in self.arrays]
        return closed(replace(program, params=(*program.params[:own], *arrays, *program.params[own:own + extra])))

    def dummy(self, array: Any) -> Var:
        base = self.entry.low.captured_array(array).base
        return Var(base.type)

    def joined(self, forward: Part, backward: Part) -> tuple[Program, Program]:
        """The programs of `fwd` and `bwd`. Residuals that are arguments, or numbers that the function returns, are
        taken from there; the others are hidden results."""
        first = forward.program
        count = len(self.main.program.results)
        outs, residuals = first.results[:count], first.results[count:]
        own = len(self.entry.passed)
        places = {param: k for k, param in enumerate(first.params[:own]) if param not in first.mutable}
        shown = {out: k for k, out in enumerate(outs) if not isinstance(out.type, Array)}
        hidden = [item for item in dict.fromkeys(residuals) if item not in places and item not in shown]
        whole = self.aligned(replace_program(forward, (*outs, *hidden)))
        args = [Var(param.type, param.name, param.user) for param in whole.params]
        vars = [Var(result.type) for result in whole.results]
        bars = [Var(dot_of(result).type, "bar") for result in floats(whole.results[:count])]
        kept = dict(zip(hidden, vars[count:]))
        held = [args[places[item]] if item in places else vars[shown[item]] if item in shown else kept[item]
                for item in residuals]
        back = self.aligned(backward, len(residuals) + len(bars))
        body, results = spliced(back, (*args, *held, *bars), None, {})
        made = Program(self.name, (*args, *vars, *bars), body, tuple(results))
        return whole, closed(made)


def replace_program(found: Part, results: tuple[Operand, ...]) -> Part:
    return replace(found, program=replace(found.program, results=results))


def called(inner, fun: Any, args: list[Value]) -> Value:
    """What a rule returns."""
    return run(inner, Py(fun), bound(inner, Py(fun), args, {}))


# --- structures ------------------------------------------------------------------------------------------


def spec_of(structure: Any, only_floats: bool = False) -> Spec:
    """The spec of a parameter that is what a function has returned; where `only_floats`, None for all else."""
    match structure:
        case NumberResult(code, weak):
            return StaticSpec(None) if only_floats and code[0] != "f" else NumberSpec(code, weak)
        case ArrayResult(dtype, rank):
            return StaticSpec(None) if only_floats and dtype[0] != "f" else ArraySpec(dtype, rank, "C")
        case TupleResult(cls, items, keys):
            names = keys if keys is not None else getattr(cls, "_fields", None)
            return ContainerSpec(cls, names, tuple(spec_of(item, only_floats) for item in items))
        case StaticResult(value):
            return StaticSpec(None if only_floats else value)
    raise TypeError(structure)


def dot_spec(spec: Spec) -> Spec:
    """The spec of the tangent of an argument."""
    match spec:
        case ContainerSpec(cls, keys, items):
            return ContainerSpec(cls, keys, tuple(map(dot_spec, items)))
        case ArraySpec(dtype, rank) if is_float(spec):
            return ArraySpec(dtype, rank, "C")
    return spec if is_float(spec) else StaticSpec(None)


def alike(one: Any, other: Any, tangent: bool = False) -> bool:
    """Whether two results, or the tangent of a result and the result, have one structure; weak numbers are numbers."""
    match one, other:
        case NumberResult(code), NumberResult(wanted):
            return code == wanted and not (tangent and code[0] != "f")
        case ArrayResult(dtype, rank), ArrayResult(wanted, own):
            return (dtype, rank) == (wanted, own) and not (tangent and dtype[0] != "f")
        case TupleResult(cls, items), TupleResult(wanted, others):
            return cls is wanted and len(items) == len(others) and all(
                alike(*pair, tangent) for pair in zip(items, others))
        case StaticResult(value), StaticResult(wanted):
            return tangent and value is None or value == wanted
        case StaticResult(None), NumberResult(code):
            return tangent and code[0] != "f"
        case StaticResult(None), ArrayResult(dtype):
            return tangent and dtype[0] != "f"
    return False


def words(structure: Any) -> str:
    match structure:
        case NumberResult(code):
            return f"a number ({code})"
        case ArrayResult(dtype, rank):
            return f"an array of {rank} axes ({dtype})"
        case TupleResult(_, items):
            return f"a container of {len(items)}"
    return "None" if structure == StaticResult(None) else "something else"


def fitted(low, value: Value, spec: Spec, likes: Iterator[Var], place: str) -> Iterator[Value]:
    """The adjoints of the floating-point leaves of an argument; None stands for zeros."""
    match spec:
        case ContainerSpec(items=items):
            inner = [NONE] * len(items) if value == NONE else containers.items_of(low, value)
            if inner is None and isinstance(value, Ref):
                inner = list(low.contents(value).values)
            if inner is None or len(inner) != len(items):
                raise low.error(f"{place}an adjoint needs the structure of its argument", kind="type")
            for item, kind in zip(inner, items):
                yield from fitted(low, item, kind, likes, place)
        case _ if is_float(spec):
            like = next(likes)
            if value != NONE:
                found = tangent(low, low.as_array(value), like, f"{place}the adjoint")
                yield whole_value(low, found)
            elif isinstance(like.type, Array):
                shape = tuple(low.build.dim(like, axis) for axis in range(like.type.rank))
                yield whole_value(low, low.fresh(low.build.alloc(like.type.dtype, shape, "zeros")))
            else:
                yield Num(zero(like.type))


def whole_value(low, operand: Operand) -> Value:
    from adtrans.lower import views

    return views.whole(low, operand) if isinstance(operand.type, Array) else Num(operand)


__all__ = ["Custom", "call_custom"]
