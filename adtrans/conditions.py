"""The text of a direct call: when arguments fit, what goes to compiled code, what its result becomes.

    writer = Writer(function)
    writer.fits("x", ArraySpec("f8", 1, "C"), False)    # True; writer.conditions is ["type(x) is ndarray", ...]
    writer.given                                        # ["x"], the operands of compiled code

Objects are constants: the text has a string in the place of each, exchanged for the object once it is compiled.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from types import CodeType
from typing import Any

import numpy as np

from adtrans.sharing import overlapping
from adtrans.structure import ArraySpec, ContainerSpec, NumberSpec, Spec, StaticSpec, is_float

TYPES = {("f8", True): float, ("i8", True): int, ("b1", True): bool, ("f8", False): np.float64,
         ("f4", False): np.float32, ("b1", False): np.bool_}
# Bits of an array's flags: contiguous by rows, by columns, aligned, writeable.
LAYOUTS = {"C": (0x101, 0x101), "F": (0x103, 0x102), "A": (0x103, 0x100)}
WRITEABLE = 0x400
FEW = 3


class Writer:
    """The conditions of a method, its operands and the objects that it mentions."""

    def __init__(self, function: Callable):
        self.function, self.globals = function, function.__globals__
        self.conditions: list[str] = []
        self.constants: dict[str, Any] = {}
        self.taken: set[str] = set()
        self.given: list[str] = []
        self.arrays: list[str] = []
        self.sizes: list[str] = []

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

    def fits(self, place: str, spec: Spec, exact: bool) -> bool:
        """Conditions for an argument, or an item of one; False where they are not written."""
        match spec:
            case NumberSpec(code, weak) if (code, weak) in TYPES:
                self.conditions.append(f"{self.named(type)}({place}) is {self.named(TYPES[code, weak])}")
                self.given.append(place)
                self.sizes.append(place if code == "i8" else "()")
            case ArraySpec(layout=layout, ones=ones, rank=rank):
                self.array(place, spec, *LAYOUTS[layout])
                self.given.append(place)
                self.sizes.append(f"{place}.shape")
                if exact:
                    self.conditions += [f"{place}.shape[{axis}] {'==' if axis in ones else '!='} 1"
                                        for axis in range(rank)]
            case StaticSpec(None):
                self.conditions.append(f"{place} is None")
            case StaticSpec(str(value)):
                self.conditions.append(f"{self.named(type)}({place}) is {self.named(str)} and {place} == {value!r}")
            case ContainerSpec(cls, keys, items) if issubclass(cls, (tuple, list, dict)):
                self.conditions += [f"{self.named(type)}({place}) is {self.named(cls)}",
                                    f"{self.named(len)}({place}) == {len(items)}"]
                if cls is dict:
                    if not all(isinstance(key, str) for key in keys):
                        return False
                    self.conditions.append(f"[*{place}] == {list(keys)!r}")
                labels = keys if cls is dict else range(len(items))
                return all(self.fits(f"{place}[{label!r}]", inner, exact) for label, inner in zip(labels, items))
            case _:
                return False
        return True

    def array(self, place: str, spec: ArraySpec, mask: int, bits: int) -> None:
        """An array of this dtype, rank, and bits among its flags."""
        dtype = np.dtype("?" if spec.dtype == "b1" else spec.dtype)
        self.conditions += [f"{self.named(type)}({place}) is {self.named(np.ndarray)}",
                            f"{place}.dtype is {self.named(dtype)}", f"{place}.ndim == {spec.rank}",
                            f"{place}.flags.num & {mask} == {bits}"]
        self.arrays.append(place)

    def buffer(self, place: str, spec: ArraySpec, value: str) -> None:
        """An array to be written that is shaped and laid out like `value`."""
        mask, bits = LAYOUTS[spec.layout]
        self.array(place, spec, mask | WRITEABLE, bits | WRITEABLE)
        self.conditions.append(f"{place}.shape == {value}.shape")

    def single(self, place: str) -> None:
        """An array of one float to be written."""
        self.conditions += [f"{self.named(type)}({place}) is {self.named(np.ndarray)}", f"{place}.size == 1",
                            f"{place}.dtype.kind == 'f'", f"{place}.flags.writeable"]
        self.arrays.append(place)

    def apart(self) -> None:
        """No two of the arrays share memory."""
        shared = self.named(np.may_share_memory)
        if len(self.arrays) <= FEW:
            self.conditions += [
                f"{one} is not {two} and ({one}.base is None is {two}.base or not {shared}({one}, {two}))"
                for one, two in combinations(self.arrays, 2)]
            return
        every = ", ".join(self.arrays)
        owners = " is ".join(f"{place}.base" for place in self.arrays)
        self.conditions.append(f"(None is {owners} and {self.named(len)}({{{self.idents()}}}) == {len(self.arrays)} "
                               f"or not {self.named(overlapping)}(({every})))")

    def idents(self) -> str:
        return ", ".join(f"{self.named(id)}({place})" for place in self.arrays)

    def proven(self, sizes: set) -> None:
        """What was assumed of shapes has held for arguments of these sizes."""
        every = "".join(f"{size}, " for size in self.sizes)
        self.conditions.append(f"({every}) in {self.named(sizes)}")

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

    def rebuilt(self, spec: Spec, parts: Iterator[str]) -> str | None:
        """The gradient of an argument from the results of compiled code; None where that is not written."""
        match spec:
            case ContainerSpec(cls, keys, items):
                inner = [self.rebuilt(item, parts) for item in items]
                if None in inner:
                    return None
                if cls is dict:
                    return "{" + ", ".join(f"{key!r}: {item}" for key, item in zip(keys, inner)) + "}"
                every = "".join(f"{item}, " for item in inner)
                return f"[{every}]" if cls is list else f"({every})" if cls is tuple else f"{self.named(cls)}({every})"
            case StaticSpec():
                return "None"
        if not is_float(spec):
            return "None"
        part = next(parts)
        return part if isinstance(spec, ArraySpec) else self.number(spec.code, spec.weak, part)

    def number(self, code: str, weak: bool, place: str) -> str:
        """A number as the plain function would have given it; compiled code returns Python's."""
        if weak and code in ("f8", "i8", "b1"):
            return place
        kind = {"f8": np.float64, "f4": np.float32, "i8": np.int64, "b1": np.bool_}[code]
        return f"{self.named(kind)}({place})"
