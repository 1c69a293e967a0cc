"""What stands between a solver and a compiled derivative: the text of a function of four addresses.

    def rosen_entry(x_at, v_at, out_at, context_at):
        place = carray(pointer(context_at), 6, np.int64)
        number = carray(pointer(context_at), 6, np.float64)
        x = carray(pointer(x_at + place[0]), (place[1],), np.float64)
        a = number[2]
        value, x_bar = made(x, a)
        out = carray(pointer(out_at), x_bar.size, np.float64)
        for i in range(x_bar.size):
            out[i] = x_bar.flat[i]
        return value

x is a part of the solver's vector, the rest comes from the context: addresses and shapes of arrays, numbers. So the
text depends on types alone. A context is an array of 64-bit words, of which this function reads one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adtrans.structure import ArraySpec, NumberSpec

HEAD = """\
import numpy as np
from numba import carray, farray

from adtrans.backend.entries import pointer


def {name}(x_at, v_at, out_at, context_at):
    place = carray(pointer(context_at), {words}, np.int64)
    number = carray(pointer(context_at), {words}, np.float64)
"""
DTYPES = {"b1": "np.bool_", "f4": "np.float32", "f8": "np.float64"} | {
    f"{sign}{size}": f"np.{kind}{8 * size}" for sign, kind in (("i", "int"), ("u", "uint")) for size in (1, 2, 4, 8)}


@dataclass
class Context:
    """The words of a context and what they point to."""

    words: list[int] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)

    def integers(self, *values: int) -> int:
        """Words added; the place of the first."""
        self.words += map(int, values)
        return len(self.words) - len(values)

    def number(self, value: Any) -> int:
        return self.integers(np.float64(value).view(np.int64))

    def array(self, value: np.ndarray) -> int:
        self.kept.append(value)
        return self.integers(value.ctypes.data, *value.shape)

    def made(self) -> np.ndarray:
        return np.array(self.words, np.int64)


@dataclass
class EntryText:
    """The text of an entry as it grows, and the context that goes with these arguments."""

    context: Context = field(default_factory=Context)
    lines: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    def line(self, text: str, depth: int = 1) -> None:
        self.lines.append("    " * depth + text)

    def number(self, spec: NumberSpec, value: Any) -> None:
        """An argument that is a number."""
        if spec.code[0] == "f":
            item = f"number[{self.context.number(value)}]"
            self.given.append(f"np.float32({item})" if spec.code == "f4" else item)
        else:
            item = f"place[{self.context.integers(value)}]"
            self.given.append(f"{item} != 0" if spec.code == "b1" else item)

    def array(self, value: np.ndarray) -> None:
        """An argument that is an array."""
        by_columns = value.flags.f_contiguous and not value.flags.c_contiguous
        if not by_columns and not (value.flags.c_contiguous and value.flags.aligned):
            value = np.array(value, order="C")
        at = self.context.array(value)
        code = value.dtype.kind + str(value.dtype.itemsize)
        view = "farray" if by_columns else "carray"
        self.given.append(f"{view}(pointer(place[{at}]), {extents(at, value.ndim)}, {DTYPES[code]})")

    def part(self, start: str, spec: NumberSpec | ArraySpec, offset: int, shape: tuple[int, ...]) -> None:
        """An argument that is a part of a solver's vector, which begins at the address `start`."""
        at = self.context.integers(8 * offset, *shape)
        if isinstance(spec, NumberSpec):
            item = f"carray(pointer({start} + place[{at}]), 1, np.float64)[0]"
            self.given.append(f"np.float32({item})" if spec.code == "f4" else item)
            return
        item = f"carray(pointer({start} + place[{at}]), {extents(at, len(shape))}, np.float64)"
        self.given.append(f"{item}.astype(np.float32)" if spec.dtype == "f4" else item)

    def call(self, target: str) -> None:
        self.line(f"{target} = made({', '.join(self.given)})")

    def store(self, names: list[tuple[str, bool]], sizes: list[int]) -> None:
        """Results, numbers or arrays, one after the other into `out`; each must have the size it is expected to."""
        total = self.context.integers(sum(sizes))
        self.line(f"out = carray(pointer(out_at), place[{total}], np.float64)")
        if len(names) > 1:
            self.line("at = 0")
        for (name, is_array), size in zip(names, sizes):
            start = "at + " if len(names) > 1 else ""
            if is_array:
                at = self.context.integers(size)
                self.line(f"if {name}.size != place[{at}]:")
                self.line("raise ValueError('the size of what the function returns has changed')", 2)
                self.line(f"for i in range({name}.size):")
                self.line(f"out[{start}i] = {name}.flat[i]", 2)
            else:
                self.line(f"out[{start}0] = {name}")
            if len(names) > 1:
                self.line(f"at += {name}.size" if is_array else "at += 1")

    def written(self, name: str, result: str, origin: str) -> str:
        """The module; `origin` says what is called."""
        self.line(f"return {result}")
        head = HEAD.format(name=name, words=max(len(self.context.words), 1))
        return f"# calls {origin}\n" + head + "\n".join(self.lines) + "\n"


def extents(at: int, rank: int) -> str:
    """The shape of an array whose address is at a place."""
    return "(" + "".join(f"place[{at + 1 + axis}], " for axis in range(rank)) + ")"
