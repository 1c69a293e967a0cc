"""What stands between a solver and a compiled derivative: the text of a function of four addresses.

    def evaluate_entry(x_at, v_at, out_at, context_at):
        place = carray(pointer(context_at), 6, np.int64)
        number = carray(pointer(context_at), 6, np.float64)
        value, g0 = made(carray(pointer(x_at + place[0]), (place[1], ), np.float64), number[2])
        out = carray(pointer(out_at), place[3], np.float64)
        if g0.size != place[4]:
            raise ValueError('the size of what the function returns has changed')
        for i in range(g0.size):
            out[i] = g0.flat[i]
        return np.float64(value)

The first argument is a part of the solver's vector, the rest comes from the context: addresses and shapes of arrays,
and numbers. So the text depends on types alone, and `slots` say what the words of a context are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adtrans.structure import ArraySpec, NumberSpec

HEAD = """\
# calls {origin}
import numpy as np
from numba import carray, farray

from adtrans.backend.entries import pointer


def {name}(x_at, v_at, out_at, context_at):
    place = carray(pointer(context_at), {words}, np.int64)
    number = carray(pointer(context_at), {words}, np.float64)
"""
DTYPES = {"b1": "np.bool_", "f4": "np.float32", "f8": "np.float64"} | {
    f"{sign}{size}": f"np.{kind}{8 * size}" for sign, kind in (("i", "int"), ("u", "uint")) for size in (1, 2, 4, 8)}


@dataclass(frozen=True)
class Part:
    """A part of a vector: what the function sees there, where it begins and its shape."""

    spec: NumberSpec | ArraySpec
    offset: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_array(self) -> bool:
        return isinstance(self.spec, ArraySpec)


def parts_of(specs: list, shapes: list) -> list[Part]:
    """The parts of a vector, one after the other."""
    made, at = [], 0
    for spec, shape in zip(specs, shapes):
        made.append(Part(spec, at, tuple(shape)))
        at += made[-1].size
    return made


@dataclass
class EntryText:
    """The text of an entry as it grows, and what the words of its context are.

    A slot is a kind and a number: "number", "integer" and "array" of an argument; "part" and "size" of a part of x
    and, with "out " before, of a part of the residuals; "total" of the sizes.
    """

    slots: list[tuple[str, int]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    words: int = 0

    def line(self, text: str, depth: int = 1) -> None:
        self.lines.append("    " * depth + text)

    def slot(self, kind: str, which: int, words: int = 1) -> int:
        """The place of the first of its words."""
        self.slots.append((kind, which))
        self.words += words
        return self.words - words

    def number(self, which: int, code: str) -> None:
        """An argument that is a number."""
        if code[0] == "f":
            item = f"number[{self.slot('number', which)}]"
            self.given.append(f"np.float32({item})" if code == "f4" else item)
        else:
            item = f"place[{self.slot('integer', which)}]"
            self.given.append(f"{item} != 0" if code == "b1" else item)

    def array(self, which: int, value: np.ndarray) -> None:
        """An argument that is an array, contiguous by rows or by columns."""
        at = self.slot("array", which, 1 + value.ndim)
        view = "carray" if value.flags.c_contiguous else "farray"
        code = value.dtype.kind + str(value.dtype.itemsize)
        self.given.append(f"{view}(pointer(place[{at}]), {extents(at, value.ndim)}, {DTYPES[code]})")

    def part(self, start: str, which: int, part: Part, kind: str = "part") -> None:
        """An argument that is a part of a vector, which begins at the address `start`."""
        at = self.slot(kind, which, 1 + len(part.shape))
        if not part.is_array:
            item = f"carray(pointer({start} + place[{at}]), 1, np.float64)[0]"
            self.given.append(f"np.float32({item})" if part.spec.code == "f4" else item)
            return
        item = f"carray(pointer({start} + place[{at}]), {extents(at, len(part.shape))}, np.float64)"
        self.given.append(f"{item}.astype(np.float32)" if part.spec.dtype == "f4" else item)

    def call(self, target: str) -> None:
        self.line(f"{target} = made({', '.join(self.given)})")

    def store(self, names: list[str], parts: list[Part], side: str = "") -> None:
        """Results, numbers or arrays, one after the other into `out`; each must have the size it is expected to."""
        self.line(f"out = carray(pointer(out_at), place[{self.slot(side + 'total', 0)}], np.float64)")
        self.line("at = 0")
        for which, (name, part) in enumerate(zip(names, parts)):
            if part.is_array:
                self.line(f"if {name}.size != place[{self.slot(side + 'size', which)}]:")
                self.line("raise ValueError('the size of what the function returns has changed')", 2)
                self.line(f"for i in range({name}.size):")
                self.line(f"out[at + i] = {name}.flat[i]", 2)
                self.line(f"at += {name}.size")
            else:
                self.line(f"out[at] = {name}")
                self.line("at += 1")

    def written(self, name: str, result: str, origin: str) -> str:
        """The module; `origin` says what is called."""
        self.line(f"return {result}")
        return HEAD.format(name=name, origin=origin, words=max(self.words, 1)) + "\n".join(self.lines) + "\n"


def extents(at: int, rank: int) -> str:
    """The shape of an array whose address is at a place."""
    return "(" + "".join(f"place[{at + 1 + axis}], " for axis in range(rank)) + ")"


def context_of(slots: list[tuple[str, int]], given: list[Any], parts: list[Part], outputs: list[Part]) -> np.ndarray:
    """The words of a context for these arguments."""
    words: list[Any] = []
    for kind, which in slots:
        match kind:
            case "number":
                words.append(np.float64(given[which]).view(np.int64))
            case "integer":
                words.append(int(given[which]))
            case "array":
                words += (given[which].ctypes.data, *given[which].shape)
            case "part":
                words += (8 * parts[which].offset, *parts[which].shape)
            case "out part":
                words += (8 * outputs[which].offset, *outputs[which].shape)
            case "size":
                words.append(parts[which].size)
            case "out size":
                words.append(outputs[which].size)
            case "total":
                words.append(parts[-1].offset + parts[-1].size)
            case "out total":
                words.append(outputs[-1].offset + outputs[-1].size)
    return np.array(words or [0], np.int64)
