"""Calls without a detour: for arguments of types met before, a method made for exactly these.

    def call(_self, x=MISSING, y=MISSING, *_rest, **_named):
        try:
            if type(x) is float and type(y) is ndarray and ... and math is math_1 and not _rest and not _named:
                return compiled(x, y)
        except Exception as error:
            ...
        return link.other(_self, x, y, *_rest, **_named)

The conditions are those under which the long way (`GradientFunction._find`) comes to the same compiled function and
hands on the arguments as they are: their types and layouts, memory apart from one another, and globals that mean what
they meant. `link.other` is the method for the types met before these, in the end the long way.

What a condition costs is the look at a name. The method has the globals of the differentiated function for its own,
where CPython finds them fastest, and its other names are constants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from adtrans.conditions import Writer
from adtrans.lower.program import NumberResult, StaticResult
from adtrans.structure import ArraySpec, NumberSpec, leaf_specs

if TYPE_CHECKING:
    from adtrans.gradient import GradientFunction
    from adtrans.procedure import Adjoint
    from adtrans.specialised import Mode, Specialisation

KEPT = 4
MISSING = object()


@dataclass
class Direct:
    """A method, the names of its parameters, and the method that takes what does not fit it."""

    names: tuple[str, ...]
    method: Callable | None = None
    other: Callable | None = None


@dataclass(frozen=True)
class Form:
    """The parameters of a method besides those of the function: a leading one, and one by keyword with its default."""

    first: str = ""
    keyword: str = ""
    default: float | None = None


PLAIN = Form()


class Call:
    """A method in the making."""

    def __init__(self, gradient: GradientFunction, found: Specialisation, form: Form = PLAIN):
        self.gradient, self.found, self.form = gradient, found, form
        self.writer = Writer(gradient.function)
        own = {form.first, form.keyword}
        self.named = all(parameter.kind == parameter.POSITIONAL_OR_KEYWORD and not name.startswith("_")
                         and name not in own for name, parameter in gradient.parameters.parameters.items())
        self.params = list(gradient.names) if self.named else [f"_x{k}" for k in range(len(gradient.names))]
        self.places = dict(zip(gradient.names, self.params))
        self.writer.taken.update((*self.params, *own))

    def fits(self) -> bool:
        """Whether the conditions for the arguments could be written."""
        return all(self.writer.fits(self.places[name], self.found.specs[name], self.found.exact)
                   for name in self.gradient.names)

    def sized(self, mode: Mode) -> None:
        """The condition that the sizes of arguments want loops run in parts, or whole, as this mode runs them."""
        plain = next((found for found in self.gradient.specialisations.values() if found.divided is self.found), None)
        if plain is not None:
            mode = next(plain.modes[name] for name, other in self.found.modes.items() if other is mode)
        if mode.large is not None and self.gradient.divides:
            given = f"{self.writer.named(mode.large)}({', '.join(self.writer.given)})"
            self.writer.conditions.append(given if plain is not None else f"not {given}")

    def finish(self, mode: Mode, result: str | None, remember: bool, operands: str = "") -> Direct | None:
        """The method that returns `result`, an expression of `_made`."""
        if result is None:
            return None
        writer, form = self.writer, self.form
        writer.apart()
        writer.unchanged(self.gradient.identity)
        link = Direct(self.gradient.names)
        every = "".join(f"{param}, " for param in self.params)
        made = f"{writer.named(mode.compiled)}({''.join(f'{place}, ' for place in writer.given)}{operands})"
        text = TEMPLATE.format(
            params=(f"{form.first}, " if form.first else "")
            + every + ("" if self.named or not self.params else "/, "),
            keyword=f"{form.keyword}, " if form.keyword else "", all=every,
            lead=f"({form.first},)" if form.first else "()",
            named=f"{{**_named, {form.keyword!r}: {form.keyword}}}" if form.keyword else "_named",
            conditions=" and ".join([*writer.conditions, "not _rest and not _named"]),
            remember=f"_self.latest = {writer.named(mode)}" if remember else "pass",
            leave=f"return {made}" if result == "_made" else f"_made = {made}\n            return {result}",
            Exception=writer.named(Exception), failed=writer.named(failed), other=writer.named(other),
            link=writer.named(link))
        link.method = FunctionType(writer.code(text, self.gradient.__name__), self.gradient.function.__globals__,
                                   "call", (MISSING,) * len(self.params))
        if form.default is not None:
            link.method.__kwdefaults__ = {form.keyword: form.default}
        return link


TEMPLATE = """
def call(_self, {params}*_rest, {keyword}**_named):
    try:
        if {conditions}:
            {remember}
            {leave}
    except {Exception} as _error:
        return {failed}(_self, {link}, _error, {lead}, ({all}), _rest, {named})
    return {other}(_self, {link}, {lead}, ({all}), _rest, {named})
"""


def short(gradient: GradientFunction, found: Specialisation, mode: Mode) -> bool:
    """Whether a look at types can decide about arguments of this specialisation."""
    identity = gradient.identity
    return not (gradient.settings.has_aux or gradient.variadic or found.shared or mode.product.captured
                or identity is None or identity.contents or identity.digest is None)


def make(gradient: GradientFunction, found: Specialisation, mode: Mode, name: str, raw: Any) -> Direct | None:
    """The method for a specialisation in a mode, of which `raw` is what compiled code has returned; None where these
    arguments want more than a look at their types."""
    if not short(gradient, found, mode):
        return None
    call = Call(gradient, found)
    if not call.fits():
        return None
    call.sized(mode)
    return call.finish(mode, outcome(call, mode, name, raw), name != "value")


def outcome(call: Call, mode: Mode, name: str, raw: Any) -> str | None:
    """What is returned, by `_made`, which compiled code has returned."""
    gradient, writer = call.gradient, call.writer
    if name == "value":
        kind = gradient._result(call.found, mode)
        return writer.number(kind.code, kind.weak, "_made") if isinstance(kind, NumberResult) else None
    place, parts = ("_made[1]", raw[1]) if name == "value_and_grad" else ("_made", raw)
    flow = iter([f"{place}[{k}]" for k in range(len(parts))] if isinstance(parts, tuple) else [place])
    items = [writer.rebuilt(call.found.specs[name], flow) for name in gradient.argnames]
    if None in items:
        return None
    several = isinstance(gradient.settings.argnums, tuple)
    plain = isinstance(parts, tuple) and items == [f"{place}[{k}]" for k in range(len(parts))]
    gradients = place if plain and several else f"({', '.join(items)},)" if several else items[0]
    if name != "value_and_grad":
        return gradients
    kind = gradient._result(call.found, mode)
    value = writer.number(kind.code, kind.weak, "_made[0]")
    return "_made" if value == "_made[0]" and gradients == "_made[1]" else f"({value}, {gradients})"


def make_accumulate(gradient: GradientFunction, found: Specialisation, mode: Mode) -> Direct | None:
    """The method for `accumulate`: buffers of arrays in the layout of the arguments."""
    specs = {name: found.specs[name] for name in gradient.argnames}
    if not short(gradient, found, mode) or not all(isinstance(spec, ArraySpec) for spec in specs.values()):
        return None
    call = Call(gradient, found, Form("bars", "seed", 1.0))
    if not call.fits():
        return None
    writer, places = call.writer, ["bars"]
    if isinstance(gradient.settings.argnums, tuple):
        places = [f"bars[{k}]" for k in range(len(specs))]
        writer.conditions.append(f"{writer.named(type)}(bars) is {writer.named(tuple)} and "
                                 f"{writer.named(len)}(bars) == {len(places)}")
    for place, (name, spec) in zip(places, specs.items()):
        writer.buffer(place, spec, call.places[name])
    kind = gradient._result(found, mode)
    seed = np.float32 if mode.product.signature[-1] == "f4" else float
    return call.finish(mode, writer.number(kind.code, kind.weak, "_made"), True,
                       f"{', '.join(places)}, {writer.named(seed)}(seed)")


def make_adjoint(adjoint: Adjoint, found: Specialisation, mode: Mode) -> Direct | None:
    """The method for the adjoint of a procedure by arrays and numbers."""
    names = tuple(dict.fromkeys((*adjoint.outputs, *adjoint.argnames)))
    specs = {name: found.specs[name] for name in names}
    result = returned(adjoint, found, mode)
    if not short(adjoint, found, mode) or result is None \
            or not all(isinstance(spec, (ArraySpec, NumberSpec)) for spec in specs.values()):
        return None
    call = Call(adjoint, found, Form(keyword="bars"))
    if not call.fits():
        return None
    call.sized(mode)
    writer = call.writer
    writer.conditions.append(f"{writer.named(type)}(bars) is {writer.named(dict)} and "
                             f"{writer.named(len)}(bars) == {len(names)}")
    places: list[str] = []
    numbers: list[str] = []
    for name in names:
        place = f"_b{len(places) + len(numbers)}"
        writer.conditions.append(f"({place} := bars[{name!r}]) is not None")
        if isinstance(specs[name], ArraySpec):
            writer.buffer(place, specs[name], call.places[name])
            places.append(place)
        else:
            writer.single(place)
            numbers.append(place)
    if numbers:
        result = f"{writer.named(add_each)}(_made, ({', '.join(numbers)},))"
    in_place(call, mode)
    return call.finish(mode, result, True, ", ".join(places))


def add_each(made: Any, bars: tuple[np.ndarray, ...]) -> None:
    """Add to the bars of numbers, arrays of one element, what compiled code has returned for them."""
    for bar, value in zip(bars, made if isinstance(made, tuple) else (made,)):
        bar[(0,) * bar.ndim] += value


def make_primal(adjoint: Adjoint, found: Specialisation, mode: Mode) -> Direct | None:
    """The method that runs a procedure alone, in place."""
    result = returned(adjoint, found, mode)
    if not short(adjoint, found, mode) or result is None:
        return None
    call = Call(adjoint, found)
    if not call.fits():
        return None
    in_place(call, mode)
    return call.finish(mode, result, False)


def in_place(call: Call, mode: Mode) -> None:
    """Conditions under which nothing has to be put back: outputs can be written, shapes are as assumed."""
    for name in call.gradient.outputs:
        if isinstance(call.found.specs[name], ArraySpec):
            call.writer.conditions.append(f"{call.places[name]}.flags.writeable")
    if mode.product.meta["optimistic"]:
        call.writer.proven(mode.proven)


def returned(adjoint: Adjoint, found: Specialisation, mode: Mode) -> str | None:
    """What a procedure returns: nothing, mostly."""
    kind = adjoint._result(found, mode)
    return "None" if isinstance(kind, StaticResult) and kind.value is None and all(
        isinstance(found.specs[name], ArraySpec) or not list(leaf_specs(found.specs[name]))
        for name in adjoint.outputs) else None


def other(self: GradientFunction, link: Direct, lead: tuple, args: tuple, rest: tuple, named: dict) -> Any:
    """The call by the next method."""
    first = next((k for k, arg in enumerate(args) if arg is MISSING), len(args))
    by_name = {name: arg for name, arg in zip(link.names[first:], args[first:]) if arg is not MISSING}
    return link.other(self, *lead, *args[:first], *rest, **by_name, **named)


def failed(self: GradientFunction, link: Direct, error: Exception, lead: tuple, args: tuple, rest: tuple,
           named: dict) -> Any:
    """What follows an exception: the long way where extents are not as assumed or a name means nothing any more."""
    from adtrans.arguments import located
    from adtrans.specialised import NOTE

    message = str(error.args[0]) if error.args else ""
    if isinstance(error, (NameError, KeyError, AttributeError)) or isinstance(error, ValueError) and (
            message.endswith(NOTE) or message.startswith("Cell is empty")):
        return other(self, link, lead, args, rest, named)
    raise located(error) from None


class Chain:
    """The methods of one name in use, the latest first; each hands what does not fit it to the next."""

    def __init__(self, last: Callable):
        self.last = last
        self.links: list[Direct] = []

    def put_first(self, link: Direct) -> Callable:
        """The method to call, once `link` is the first."""
        self.links = [link, *(other for other in self.links if other is not link)][:KEPT]
        methods = [other.method for other in self.links[1:]] + [self.last]
        for other, method in zip(self.links, methods):
            other.other = method
        return link.method
