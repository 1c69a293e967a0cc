"""A function read by itself, as a program of its own, for the values that a call within another one gives it.

    g = grad(f)(a, 2.0)        reading f, for an array and the constant 2.0: a `Part` with the program of f,
                               whose parameter is the array, and what the call passes in: (a,)

Numbers and arrays become parameters, also those that a local function takes from around it. What is known now,
constants and functions, is known there as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from adtrans import ir
from adtrans.build import ONE
from adtrans.ir import Const, Operand, Program, Var
from adtrans.lower import nests, views
from adtrans.lower.context import Lowering, describe
from adtrans.lower.names import names_assigned
from adtrans.lower.program import Lowered, attempted, lowered, parameter
from adtrans.lower.values import Contents, Func, Lazy, Num, Py, Ref, Seq, Value, View
from adtrans.structure import ArraySpec, ContainerSpec, NumberSpec, Spec, StaticSpec, is_float, leaf_specs


@dataclass
class Part:
    """What has been read: its program, which parameters belong to which argument, and what the call passes in."""

    lowered: Lowered
    program: Program
    specs: dict[str, Spec]
    passed: tuple[Operand, ...]
    low: Lowering

    @property
    def args(self) -> tuple[Operand, ...]:
        """What the call passes in, with the arrays from outside that are read."""
        found = (*self.passed, *(self.low.captured_array(array).base for array in self.lowered.captured_arrays))
        require_apart(self.low, self.program, found)
        return found

    def inputs(self, names: tuple[str, ...]) -> tuple[Var, ...]:
        """The parameters that are floating-point leaves of these arguments."""
        return tuple(var for name in names for var, spec in zip(self.lowered.params[name], leaf_specs(self.specs[name]))
                     if is_float(spec))

    def given(self, var: Var) -> Operand:
        """What the call passes in for a parameter."""
        return self.passed[self.program.params.index(var)]


class Entry:
    """The arguments of a call by name, as parameters of programs of their own: `passed` are the numbers and arrays
    that the call passes in, `specs` what they are."""

    def __init__(self, low, names: dict[str, Value], wanted: tuple[str, ...] = ()):
        self.low, self.names = low, names
        self.frames, self.active, self.span = tuple(low.frames), tuple(low.active), low.build.span
        self.around: dict[tuple, Value] = {}
        for value in names.values():
            captured(low, value, self.around)
        self.specs: dict[str, Spec] = {}
        self.passed: list[Operand] = []
        for key, name, value in self.values():
            if name in wanted or not is_fixed(value):
                self.specs[key] = spec_of_value(low, value, name, self.passed)

    def values(self) -> Iterator[tuple[str, str, Value]]:
        """Key, name and value of each argument and captured variable."""
        for name, value in self.names.items():
            yield name, name, value
        for (number, name), value in self.around.items():
            yield f"{name} of {number}", name, value

    def start(self) -> Lowering:
        """A reading of its own, within the one at hand."""
        low = self.low
        inner = Lowering(replace(low.options, procedure=False))
        inner.numbers, inner.frame_table = low.numbers, low.frame_table
        inner.frames, inner.active, inner.ruled = list(self.frames), list(self.active), low.ruled
        inner.build.span = self.span
        return inner

    def entered(self, inner: Lowering) -> tuple[dict[str, tuple[Var, ...]], dict[str, Value]]:
        """The parameters within a reading, and the arguments by name."""
        params: dict[str, tuple[Var, ...]] = {}
        found: dict[str, Value] = {}
        for key, name, value in self.values():
            if key in self.specs:
                made: list[Var] = []
                value = parameter(inner, name, self.specs[key], made)
                params[key] = tuple(made)
            found[key] = value
        for number, name in self.around:
            inner.env[number, name] = found.pop(f"{name} of {number}")
        return params, found

    def read(self, run: Callable[[Lowering, dict], Value]) -> Part:
        """Read `run(low, names)` as a program of its own."""
        inner = self.start()
        params, values = self.entered(inner)
        return self.part(inner, params, attempted(inner, lambda: run(inner, values)))

    def part(self, inner: Lowering, params: dict[str, tuple[Var, ...]], result: Value | None) -> Part:
        """What has been read."""
        from adtrans.specialise import prepared

        low = self.low
        found = lowered(inner, self.frames[-1].source, params, result)
        low.assumed |= found.optimistic
        low.captured.update(found.captured)
        return Part(found, prepared(found.program, low.options), self.specs, tuple(self.passed), low)


def require_apart(low, program: Program, args: tuple[Operand, ...]) -> None:
    """What a program writes to must not be what another of its parameters stands for."""
    arrays = [(param, arg) for param, arg in zip(program.params, args) if isinstance(arg.type, ir.Array)]
    for param, arg in arrays:
        if param in program.mutable and any(other is not param and low.may_alias(arg, held) for other, held in arrays):
            raise low.error(f"{param.name!r}, which the differentiated function writes to, may overlap another "
                            "argument in memory", hint="pass a copy")


def captured(low, value: Value, found: dict[tuple, Value]) -> None:
    """The variables around local functions that these read, with what they are now."""
    for func in functions_in(value):
        if func.frame is None:
            continue
        frame = low.frame_table[func.frame]
        body = [func.node.body] if isinstance(func.node, ast.Lambda) else func.node.body
        own = {arg.arg for arg in ast.walk(func.node.args) if isinstance(arg, ast.arg)}
        own |= set() if isinstance(func.node, ast.Lambda) else names_assigned(func.node.body)
        for node in (inner for part in body for inner in ast.walk(part)):
            if isinstance(node, (ast.Nonlocal, ast.Global)):
                raise low.error("a function that assigns to names outside it cannot be differentiated here")
            if not isinstance(node, ast.Name) or node.id in own:
                continue
            owner = frame.number if node.id in frame.assigned else frame.outer.get(node.id)
            key = (frame.outer.get(node.id, owner), node.id)
            if owner is not None and key in low.env and key not in found:
                found[key] = low.settled(low.env[key], node.id)
                captured(low, found[key], found)


def functions_in(value: Value) -> Iterator[Func]:
    """The user's functions that a value is made of."""
    match value:
        case Func():
            yield value
            for item in (*value.bound, *value.defaults, *value.keywords.values(), *value.kw_defaults.values()):
                yield from functions_in(item)
        case Seq(items):
            for item in items:
                yield from functions_in(item)
    fun = getattr(value, "fun", None)
    if fun is not None:
        yield from functions_in(fun)


def is_fixed(value: Value) -> bool:
    """Whether a value is what it is, whatever the program computes."""
    match value:
        case Num(operand):
            return isinstance(operand, Const)
        case Seq(items):
            return all(map(is_fixed, items))
        case View() | Lazy() | Ref():
            return False
    return isinstance(value, (Py, Func)) or hasattr(value, "fun")


def spec_of_value(low, value: Value, name: str, passed: list[Operand]) -> Spec:
    """The spec of a value; its numbers and arrays are appended to `passed`."""
    match value:
        case Num(operand, weak):
            passed.append(operand)
            return NumberSpec(value.code, weak)
        case View() | Lazy() if not value.shape:
            passed.append(nests.element(low, value, ()).operand)
            return NumberSpec(value.code, False)
        case View() | Lazy():
            base = views.reference(low, value) if isinstance(value, View) else None
            var = base if base is not None else nests.materialise(low, value).base
            passed.append(var)
            ones = tuple(k for k, extent in enumerate(value.shape) if extent == ONE)
            return ArraySpec(var.type.dtype, var.type.rank, var.type.layout, ones)
        case Seq(items, cls):
            return ContainerSpec(cls, getattr(cls, "_fields", None), tuple(item_spec(low, item, name, passed)
                                                                           for item in items))
        case Ref():
            contents: Contents = low.contents(value)
            return ContainerSpec(contents.cls, contents.keys, tuple(item_spec(low, item, name, passed)
                                                                    for item in contents.values))
        case Py(obj):
            return StaticSpec(obj)
    raise low.error(f"{describe(value)} cannot be the argument {name!r} of a function that is differentiated here")


def item_spec(low, value: Value, name: str, passed: list[Operand]) -> Spec:
    """The spec of an item; integers that are known remain so."""
    match low.settled(value, name):
        case Num(Const(number), True) if not isinstance(number, float):
            return StaticSpec(number)
        case found:
            return spec_of_value(low, found, name, passed)
