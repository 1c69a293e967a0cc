"""Parameters as one vector: what the caller gives as x0 in, float64 numbers out, and the way back.

    flat = Flat.of({"w": np.zeros((2, 3)), "b": 0.0})
    flat.start                               # seven numbers
    flat.rebuilt(vector)                     # a dict again, with the dtypes of before
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from adtrans.arguments import typed_number
from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.leaves import is_float as holds_floats
from adtrans.leaves import map_leaves
from adtrans.optim.entries import Part, parts_of
from adtrans.structure import ArraySpec, NumberSpec, Spec, is_float, leaf_specs, leaves, spec_of


@dataclass(frozen=True)
class Flat:
    """Parameters as they are handed to the function, and the float leaves as parts of a vector."""

    given: Any
    spec: Spec
    parts: list[Part]
    start: np.ndarray

    @classmethod
    def of(cls, x0: Any) -> Flat:
        """Parameters with arrays that are contiguous and their own, integers in plain x0 as floats.

        Raises ArgumentError for what cannot be parameters, ArgumentValueError for numbers that are not finite.
        """
        given = prepared(x0)
        spec = spec_of(given, "x0")
        floats = [(leaf, kind) for leaf, kind in zip(leaves(given, spec), leaf_specs(spec)) if is_float(kind)]
        if not floats:
            raise ArgumentError("x0 has no floating-point values")
        parts = parts_of([kind for _, kind in floats], [np.shape(leaf) for leaf, _ in floats])
        start = joined([leaf for leaf, _ in floats])
        if start.size == 0:
            raise ArgumentValueError("x0 is empty")
        if not np.isfinite(start).all():
            raise ArgumentValueError("x0 has values that are not finite")
        return cls(given, spec, parts, start)

    @property
    def size(self) -> int:
        return self.start.size

    @property
    def single(self) -> bool:
        """Whether this is a number or an array and no container."""
        return isinstance(self.spec, (NumberSpec, ArraySpec))

    def vector(self, value: Any) -> np.ndarray:
        """The float leaves of a value of this form, one after the other."""
        spec = spec_of(value, "value")
        return joined([leaf for leaf, kind in zip(leaves(value, spec), leaf_specs(spec)) if is_float(kind)])

    def rebuilt(self, vector: np.ndarray) -> Any:
        """Parameters of this form with the numbers of a vector; what is not floating-point stays."""
        if self.single:
            return typed(vector, self.parts[0])
        return put(self.given, (typed(vector, part) for part in self.parts))


def joined(floats: list[Any]) -> np.ndarray:
    """Numbers and arrays, one after the other, as new float64."""
    if len(floats) == 1:
        return np.array(floats[0], np.float64).reshape(-1)
    return np.concatenate([np.ravel(leaf) for leaf in floats]).astype(np.float64)


def typed(vector: np.ndarray, part: Part) -> Any:
    """The part of a vector as the function sees it, a copy."""
    if isinstance(part.spec, NumberSpec):
        return typed_number(vector[part.offset], part.spec.code, part.spec.weak)
    return vector[part.offset:part.offset + part.size].reshape(part.shape).astype(part.spec.dtype)


def prepared(value: Any) -> Any:
    """Lists and integers as arrays of floats, arrays contiguous and copied, containers kept."""
    if isinstance(value, (bool, int, np.integer)):
        return float(value)
    if isinstance(value, (list, np.ndarray)):
        try:
            array = np.asarray(value)
            if array.dtype.kind == "c":
                raise TypeError("complex numbers are not supported")
            return np.array(array, np.float32 if array.dtype == np.float32 else np.float64, order="C")
        except (TypeError, ValueError) as error:
            raise ArgumentValueError(f"x0 is not an array of real numbers: {error}") from None
    return map_leaves(lambda _, leaf: np.array(leaf, order="C") if isinstance(leaf, np.ndarray) else leaf, value, "x0")


def put(value: Any, parts: Iterator[Any]) -> Any:
    """A value with other float leaves."""
    return map_leaves(lambda _, leaf: next(parts) if holds_floats(leaf) else leaf, value, "x0")
