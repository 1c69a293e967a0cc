"""Parameters as one vector: what the caller gives as x0 in, float64 numbers out, and the way back.

    flat = Flat.of({"w": np.zeros((2, 3)), "b": 0.0})
    flat.vector(flat.given)                  # seven numbers
    flat.rebuilt(vector)                     # a dict again, with the dtypes of before
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.gradient import typed_number
from adtrans.structure import (
    ArraySpec,
    ContainerSpec,
    NumberSpec,
    Spec,
    children,
    is_float,
    leaf_specs,
    leaves,
    spec_of,
)


@dataclass(frozen=True)
class Flat:
    """Parameters in their form, and where each float leaf lies in the vector."""

    given: Any
    spec: Spec
    shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, x0: Any) -> Flat:
        """Parameters as they are handed to the function: arrays contiguous, integers as floats."""
        given = prepared(x0)
        spec = spec_of(given, "x0")
        shapes = tuple(np.shape(leaf) for leaf, kind in zip(leaves(given, spec), leaf_specs(spec)) if is_float(kind))
        if not shapes:
            raise ArgumentError("x0 has no floating-point values")
        flat = cls(given, spec, shapes)
        if not np.all(np.isfinite(flat.vector(given))):
            raise ArgumentValueError("x0 has values that are not finite")
        return flat

    @property
    def size(self) -> int:
        return sum(map(math.prod, self.shapes))

    def vector(self, value: Any) -> np.ndarray:
        """The float leaves of parameters of this form, one after the other."""
        floats = (leaf for leaf, kind in zip(leaves(value, self.spec), leaf_specs(self.spec)) if is_float(kind))
        return np.concatenate([np.ravel(leaf) for leaf in floats]).astype(np.float64)

    def parts(self, vector: np.ndarray) -> Iterator[Any]:
        """The float leaves in their types, as copies."""
        at = 0
        for shape, kind in zip(self.shapes, (leaf for leaf in leaf_specs(self.spec) if is_float(leaf))):
            part = vector[at:at + math.prod(shape)]
            at += part.size
            if isinstance(kind, NumberSpec):
                yield typed_number(part[0], kind.code, kind.weak)
            else:
                yield part.reshape(shape).astype(kind.dtype)

    def rebuilt(self, vector: np.ndarray) -> Any:
        """Parameters of this form with the numbers of a vector; what is not floating-point stays."""
        return put(self.given, self.spec, self.parts(vector))


def prepared(value: Any) -> Any:
    """Lists and integers as arrays of floats, arrays contiguous, containers kept."""
    if isinstance(value, (bool, int, np.integer)):
        return float(value)
    if isinstance(value, (list, np.ndarray)):
        try:
            array = np.asarray(value)
            return np.array(array, np.float32 if array.dtype == np.float32 else np.float64, order="C")
        except (TypeError, ValueError) as error:
            raise ArgumentValueError(f"x0 is not an array of numbers: {error}") from None
    return contiguous(value)


def contiguous(value: Any) -> Any:
    """A copy whose arrays are contiguous by rows and apart from one another."""
    spec = spec_of(value, "x0")
    return put(value, spec, (np.array(leaf, order="C") if isinstance(kind, ArraySpec) else leaf
                             for leaf, kind in zip(leaves(value, spec), leaf_specs(spec)) if is_float(kind)))


def put(value: Any, spec: Spec, parts: Iterator[Any]) -> Any:
    """A value with other float leaves."""
    match spec:
        case ContainerSpec(cls, keys, items):
            inner = [put(item, kind, parts) for item, kind in zip(children(value, spec), items)]
            if cls is dict:
                return dict(zip(keys, inner))
            if cls in (tuple, list):
                return cls(inner)
            if issubclass(cls, tuple):
                return cls(*inner)
            made = object.__new__(cls)
            for key, item in zip(keys, inner):
                object.__setattr__(made, key, item)
            return made
        case _ if is_float(spec):
            return next(parts)
    return value
