"""The specs of Numba's argument types, for gradient functions called inside compiled code."""

from numba.core import types

from adtrans.backend.cpu import type_code
from adtrans.errors import ArgumentError
from adtrans.structure import ArraySpec, NumberSpec, Spec, StaticSpec, spec_of


def spec_of_type(kind, name: str) -> Spec:
    """The spec of an argument of a Numba type. Floats are taken as Python's, which do not widen float32 arrays."""
    match kind:
        case types.Omitted(value=value):
            return spec_of(value, name)
        case types.NoneType():
            return StaticSpec(None)
        case types.StringLiteral():
            return StaticSpec(kind.literal_value)
    try:
        code, *shape = type_code(kind).split(":")
    except TypeError as error:
        raise ArgumentError(f"argument {name!r}: {error}") from None
    if shape:
        return ArraySpec(code, int(shape[0]), shape[1])
    if code not in ("f8", "f4", "i8", "b1"):
        code = "i8"
    return NumberSpec(code, code != "f4")
