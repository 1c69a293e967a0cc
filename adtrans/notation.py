"""Example arguments from types in Numba's notation: text in, a list of random but repeatable arguments out.

    example_arguments("f8[:], f8[:,::1], i8", size=4)      # a vector, a C-ordered matrix, the integer 4

Scalars are f8 f4 i8 i4 ... b1 or the long names float64, int64, boolean. An array's extents are `:` (the size
asked for), `::1` as Numba marks the contiguous axis, or a number. `i8=5` fixes a value, (f8, i8) is a tuple.
Floats are drawn from [0.5, 1.5), integer arrays hold indices below the size, an integer is the size.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError

LONG_NAMES = {"float64": "f8", "float32": "f4", "double": "f8", "float": "f4", "boolean": "b1", "bool": "b1",
              "int64": "i8", "int32": "i4", "int16": "i2", "int8": "i1", "intp": "i8",
              "uint64": "u8", "uint32": "u4", "uint16": "u2", "uint8": "u1"}
CODES = {"f8", "f4", "b1", *(f"{kind}{n}" for kind in "iu" for n in (1, 2, 4, 8))}
TOKEN = re.compile(r"\s*(?:(\w+(?:\.\w+)?)|(::1)|(.))")


def example_arguments(types: str, size: int = 8, seed: int = 0) -> list[Any]:
    """The arguments that the signature `types` describes, drawn with `seed`, unnamed extents being `size`.

    Raises ArgumentValueError, naming the place, for text that is not a signature.

    >>> example_arguments("i8, (b1, i8=2)", size=3)
    [3, (True, 2)]
    """
    reader = _Reader(types, size, np.random.default_rng(seed))
    return reader.sequence(end="") if types.strip() else []


class _Reader:
    """Recursive descent over the text of a signature."""

    def __init__(self, text: str, size: int, rng: np.random.Generator):
        self.text, self.size, self.rng = text, size, rng
        self.tokens = [match.group().strip() for match in TOKEN.finditer(text)] + [""]
        self.at = 0

    def take(self, *wanted: str) -> str:
        """The next token, which must be one of `wanted` if any are given."""
        token = self.tokens[self.at]
        if wanted and token not in wanted:
            expected = " or ".join(repr(w or "the end") for w in wanted)
            raise ArgumentValueError(f"in types {self.text!r}: expected {expected}, "
                                     f"found {token or 'the end'!r}")
        self.at += 1
        return token

    def sequence(self, end: str) -> list[Any]:
        """Arguments separated by commas up to `end`."""
        arguments = []
        while True:
            arguments.append(self.argument())
            if self.take(",", end) == end:
                return arguments
            if self.tokens[self.at] == end:
                self.take(end)
                return arguments

    def argument(self) -> Any:
        """One scalar, array or tuple."""
        name = self.take()
        if name == "(":
            return tuple(self.sequence(end=")"))
        code = LONG_NAMES.get(name, name)
        if code not in CODES:
            raise ArgumentValueError(f"in types {self.text!r}: {name or 'the end'!r} is not a type "
                                     f"(f8, f4, i8, b1, f8[:], f8[:,::1], (f8, i8) are)")
        if self.tokens[self.at] == "[":
            self.take("[")
            return self.array(code)
        if self.tokens[self.at] == "=":
            self.take("=")
            return self.fixed(code)
        return self.scalar(code)

    def scalar(self, code: str) -> Any:
        """A random float, the size as an integer, or True."""
        match code:
            case "f8":
                return float(self.rng.uniform(0.5, 1.5))
            case "f4":
                return np.float32(self.rng.uniform(0.5, 1.5))
            case "b1":
                return True
            case _:
                return self.size

    def fixed(self, code: str) -> Any:
        """The value written after `=`; a sign and a fraction are several tokens."""
        text = ""
        while self.tokens[self.at] not in ("", ",", ")"):
            text += self.take()
        try:
            value = float(text)
        except ValueError:
            raise ArgumentValueError(f"in types {self.text!r}: {text!r} is not a number") from None
        match code:
            case "f8":
                return value
            case "f4":
                return np.float32(value)
            case "b1":
                return bool(value)
            case _:
                return int(value)

    def array(self, code: str) -> np.ndarray:
        """A random array; the position of `::1` chooses C order, Fortran order or neither."""
        marks = []
        while True:
            marks.append(self.extent())
            if self.take(",", "]") == "]":
                break
        shape = [self.size if mark in (":", "::1") else int(mark) for mark in marks]
        values = self.drawn(code, shape)
        if marks[0] == "::1" and len(marks) > 1:
            return np.asfortranarray(values)
        return values

    def extent(self) -> str:
        """One extent: `:`, `::1` or a number."""
        token = self.take()
        if token not in (":", "::1") and not token.isdigit():
            raise ArgumentValueError(f"in types {self.text!r}: an extent is ':', '::1' or a number, "
                                     f"not {token or 'the end'!r}")
        return token

    def drawn(self, code: str, shape: list[int]) -> np.ndarray:
        """Random values: floats in [0.5, 1.5), integers below the size, booleans."""
        if code.startswith("f"):
            return self.rng.uniform(0.5, 1.5, shape).astype(code)
        return self.rng.integers(0, 2 if code == "b1" else max(1, min(self.size, 100)), shape).astype(code)
