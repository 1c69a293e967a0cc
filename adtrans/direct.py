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
where CPython finds them fastest, and its other names are constants: the text has a string in the place of each, which
is exchanged for the object once the text is compiled.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from adtrans.lower.program import NumberResult
from adtrans.structure import ArraySpec, NumberSpec, Spec, StaticSpec

if TYPE_CHECKING:
    from adtrans.gradient import GradientFunction, Mode, Specialisation

KEPT = 4
MISSING = object()
TYPES = {("f8", True): float, ("i8", True): int, ("b1", True): bool, ("f8", False): np.float64,
         ("f4", False): np.float32, ("b1", False): np.bool_}
# Bits of an array's flags: contiguous by rows, by columns, aligned.
LAYOUTS = {"C": (0x101, 0x101), "F": (0x103, 0x102), "A": (0x103, 0x100)}


@dataclass
class Direct:
    """A method, the names of its parameters, and the method that takes what does not fit it."""

    names: tuple[str, ...]
    method: Callable | None = None
    other: Callable | None = None


def make(gradient: GradientFunction, found: Specialisation, mode: Mode, name: str, raw: Any) -> Direct | None:
    """The method for a specialisation in a mode, of which `raw` is what compiled code has returned; None where these
    arguments want more than a look at their types."""
    identity = gradient.identity
    if gradient.variadic or found.shared or mode.product.captured or identity is None or identity.contents \
            or identity.digest is None:
        return None
    writer = Writer(gradient.function)
    named = all(parameter.kind == parameter.POSITIONAL_OR_KEYWORD and not name.startswith("_")
                for name, parameter in gradient.parameters.parameters.items())
    params = list(gradient.names) if named else [f"_x{k}" for k in range(len(gradient.names))]
    writer.taken.update(params)
    specs = [found.specs[name] for name in gradient.names]
    if not all(writer.fits(param, spec, found.exact) for param, spec in zip(params, specs)):
        return None
    writer.apart([param for param, spec in zip(params, specs) if isinstance(spec, ArraySpec)])
    writer.unchanged(identity)
    result = writer.result(gradient, found, mode, name, raw)
    if result is None:
        return None
    link = Direct(gradient.names)
    given = ", ".join(param for param, spec in zip(params, specs) if not isinstance(spec, StaticSpec))
    made = f"{writer.named(mode.compiled)}({given})"
    every = "".join(f"{param}, " for param in params)
    text = TEMPLATE.format(
        params=every + ("" if named else "/, "), all=every,
        conditions=" and ".join([*writer.conditions, "not _rest and not _named"]),
        remember=f"_self.latest = {writer.named(mode)}" if name != "value" else "pass",
        leave=f"return {made}" if result == "_made" else f"_made = {made}\n            return {result}",
        Exception=writer.named(Exception), failed=writer.named(failed), other=writer.named(other),
        link=writer.named(link))
    link.method = FunctionType(writer.code(text, gradient.__name__), gradient.function.__globals__, "call",
                               (MISSING,) * len(params))
    return link


TEMPLATE = """
def call(_self, {params}*_rest, **_named):
    try:
        if {conditions}:
            {remember}
            {leave}
    except {Exception} as _error:
        return {failed}(_self, {link}, _error, ({all}), _rest, _named)
    return {other}(_self, {link}, ({all}), _rest, _named)
"""


def other(self: GradientFunction, link: Direct, args: tuple, rest: tuple, named: dict) -> Any:
    """The call by the next method."""
    first = next((k for k, arg in enumerate(args) if arg is MISSING), len(args))
    by_name = {name: arg for name, arg in zip(link.names[first:], args[first:]) if arg is not MISSING}
    return link.other(self, *args[:first], *rest, **by_name, **named)


def failed(self: GradientFunction, link: Direct, error: Exception, args: tuple, rest: tuple, named: dict) -> Any:
    """What follows an exception: the long way where extents are not as assumed or a name means nothing any more."""
    from adtrans.gradient import NOTE, located

    message = str(error.args[0]) if error.args else ""
    if isinstance(error, (NameError, KeyError, AttributeError)) or isinstance(error, ValueError) and (
            message.endswith(NOTE) or message.startswith("Cell is empty")):
        return other(self, link, args, rest, named)
    raise located(error) from None


class Writer:
    """The conditions of a method and the objects that they mention."""

    def __init__(self, function: Callable):
        self.function, self.globals = function, function.__globals__
        self.conditions: list[str] = []
        self.constants: dict[str, Any] = {}
        self.taken: set[str] = set()

    def named(self, value: Any) -> str:
        """An object in the text."""
        name = f"\0{len(self.constants)}"
        self.constants[name] = value
        return repr(name)

    def code(self, text: str, name: str) -> CodeType:
        """The code of the method."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of constants that are called and compared with `is`
            module = compile(text, "<direct call>", "exec")
        code = next(part for part in module.co_consts if isinstance(part, CodeType))
        names = {"co_name": name} | ({"co_qualname": name} if hasattr(code, "co_qualname") else {})
        return code.replace(co_consts=tuple(self.constants.get(constant, constant) if isinstance(constant, str)
                                            else constant for constant in code.co_consts), **names)

    def fits(self, param: str, spec: Spec, exact: bool) -> bool:
        """Conditions for an argument; False where they are not written."""
        match spec:
            case NumberSpec(code, weak) if (code, weak) in TYPES:
                self.conditions.append(f"{self.named(type)}({param}) is {self.named(TYPES[code, weak])}")
            case ArraySpec(dtype, rank, layout, ones):
                mask, bits = LAYOUTS[layout]
                dtype = np.dtype("?" if dtype == "b1" else dtype)
                self.conditions += [f"{self.named(type)}({param}) is {self.named(np.ndarray)}",
                                    f"{param}.dtype is {self.named(dtype)}", f"{param}.ndim == {rank}",
                                    f"{param}.flags.num & {mask} == {bits}"]
                if exact:
                    self.conditions += [f"{param}.shape[{axis}] {'==' if axis in ones else '!='} 1"
                                        for axis in range(rank)]
            case StaticSpec(None):
                self.conditions.append(f"{param} is None")
            case StaticSpec(str(value)):
                self.conditions.append(f"{self.named(type)}({param}) is {self.named(str)} and {param} == {value!r}")
            case _:
                return False
        return True

    def apart(self, arrays: list[str]) -> None:
        """No two of these arrays share memory."""
        shared = self.named(np.may_share_memory)
        self.conditions += [
            f"{one} is not {two} and ({one}.base is None is {two}.base or not {shared}({one}, {two}))"
            for one, two in combinations(arrays, 2)]

    def unchanged(self, identity) -> None:
        """Names mean what they meant when the function was read."""
        for holder, name, value in identity.watched:
            if holder is self.globals and name.isidentifier() and not name.startswith("_") and name not in self.taken:
                place = name
            else:
                place = f"{self.named(holder.get)}({name!r})" if isinstance(holder, dict) else \
                    f"{self.named(holder)}.cell_contents"
            self.conditions.append(f"{place} is {self.named(value)}")
        for function, code, defaults, keywords in identity.functions:
            known = self.named(function)
            self.conditions.append(f"{known}.__code__ is {self.named(code)}")
            if function is not self.function:  # whose arguments are all given
                self.conditions += [f"{known}.__defaults__ is {self.named(defaults)}",
                                    f"{known}.__kwdefaults__ is {self.named(keywords)}"]

    def result(self, gradient, found, mode, name: str, raw: Any) -> str | None:
        """What is returned, by `made`, which compiled code has returned."""
        if name == "value":
            kind = gradient._result(found, mode)
            return self.number(kind.code, kind.weak, "_made") if isinstance(kind, NumberResult) else None
        several = isinstance(gradient.settings.argnums, tuple)
        place, parts = ("_made[1]", raw[1]) if name == "value_and_grad" else ("_made", raw)
        specs = [found.specs[name] for name in gradient.argnames]
        if isinstance(parts, tuple):
            items = [self.leaf(spec, f"{place}[{k}]") for k, spec in enumerate(specs)]
            plain = items == [f"{place}[{k}]" for k in range(len(items))]
            gradients = place if plain and several else f"({', '.join(items)},)" if several else items[0]
        else:
            item = self.leaf(specs[0], place)
            gradients = f"({item},)" if several else item
        if name != "value_and_grad":
            return gradients
        kind = gradient._result(found, mode)
        value = self.number(kind.code, kind.weak, "_made[0]")
        return "_made" if value == "_made[0]" and gradients == "_made[1]" else f"({value}, {gradients})"

    def leaf(self, spec: Spec, place: str) -> str:
        return place if isinstance(spec, ArraySpec) else self.number(spec.code, spec.weak, place)

    def number(self, code: str, weak: bool, place: str) -> str:
        """A number as the plain function would have given it; compiled code returns Python's."""
        if weak and code in ("f8", "i8", "b1"):
            return place
        kind = {"f8": np.float64, "f4": np.float32, "i8": np.int64, "b1": np.bool_}[code]
        return f"{self.named(kind)}({place})"


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
