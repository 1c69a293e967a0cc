"""The arguments of one call of a reduction: np.sum(a, axis, dtype, out, keepdims, initial, where) and its like."""

from __future__ import annotations

from adtrans.build import FALSE, TRUE, ZERO
from adtrans.ir import Const
from adtrans.lower import nests
from adtrans.lower.comprehensions import Generator, collect
from adtrans.lower.creation import convert, dtype_code, element_code
from adtrans.lower.scalars import static_int
from adtrans.lower.values import NONE, Lazy, Num, Py, Ref, Seq, Value, View

FULL = ("a", "axis", "dtype", "out", "keepdims", "initial", "where")
PLAIN = ("a", "axis", "out", "keepdims", "where")
SIGNATURES = {
    "sum": FULL, "prod": FULL, "mean": ("a", "axis", "dtype", "out", "keepdims", "where"),
    "var": ("a", "axis", "dtype", "out", "ddof", "keepdims", "where", "correction"),
    "std": ("a", "axis", "dtype", "out", "ddof", "keepdims", "where", "correction"),
    "max": ("a", "axis", "out", "keepdims", "initial", "where"),
    "min": ("a", "axis", "out", "keepdims", "initial", "where"),
    "any": PLAIN, "all": PLAIN, "argmax": PLAIN[:4], "argmin": PLAIN[:4], "ptp": PLAIN[:4],
    "count_nonzero": ("a", "axis", "keepdims"),
    "cumsum": ("a", "axis", "dtype", "out"), "cumprod": ("a", "axis", "dtype", "out"),
}


def bound(low, name: str, signature: tuple[str, ...], args, keywords) -> dict[str, Value]:
    """Positional and keyword arguments by name."""
    if len(args) > len(signature):
        raise low.error(f"{name}() takes from 1 to {len(signature)} positional arguments but {len(args)} were given",
                        kind="type")
    found = dict(zip(signature, args))
    for key, value in keywords.items():
        if key not in signature:
            raise low.error(f"{name}() got an unexpected keyword argument {key!r}", kind="type")
        if key in found:
            raise low.error(f"{name}() got multiple values for argument {key!r}", kind="type")
        found[key] = value
    if signature[0] not in found:
        raise low.error(f"{name}() missing required argument {signature[0]!r}", kind="type")
    return found


class Request:
    """What a reduction was asked for: `value` (an array), `axes`, `keepdims`, `ddof`, `initial`, `where` (or None)."""

    def __init__(self, low, name: str, args, keywords, signature: tuple[str, ...] | None = None):
        found = bound(low, name, signature or SIGNATURES.get(name, FULL), args, keywords)
        self.name = name
        self.value: View | Lazy = as_view(low, found["a"])
        self.axis = axis_argument(low, found.get("axis", NONE))
        self.axes = nests.axes_of(low, self.axis, self.value.rank)
        self.keepdims = flag(low, found.get("keepdims", Num(FALSE, True)), "keepdims")
        self.dtype = found.get("dtype", NONE)
        self.ddof = freedom(low, found)
        self.initial = found.get("initial", NONE)
        self.out = output(low, found.get("out", NONE))
        self.where = mask(low, found.get("where", Num(TRUE, True)), self.value.shape)
        if self.dtype == NONE and self.out != NONE and "dtype" in (signature or SIGNATURES.get(name, FULL)):
            if self.out.code[0] == "f" or self.value.code[0] != "f":
                self.dtype = Py(self.out.dtype)
        if self.dtype != NONE:
            code = dtype_code(low, self.dtype)
            if element_code(code) != code or code == "b1":
                raise low.error(f"{name}() with dtype={code} is not in the language")
            self.value = convert(low, self.value, self.dtype)

    def masked(self, low, neutral: Value) -> View | Lazy:
        """The array, `neutral` where `where` does not hold."""
        if self.where is None:
            return self.value
        from adtrans.lower.ufuncs import where

        return where(low, [self.where, self.value, neutral], {})

    def run(self, low, code: str, body) -> Value:
        return self.finish(low, nests.reduce(low, self.value, self.axes, self.keepdims, code, body))

    def finish(self, low, result: Num | View) -> Value:
        """The result, or `out` filled with it."""
        if self.out == NONE:
            return result
        rank = 0 if isinstance(result, Num) else result.rank
        if rank != self.out.rank:
            raise low.error(f"output parameter for reduction operation {self.name} has the wrong number of "
                            f"dimensions: Found {self.out.rank} but expected {rank}", kind="value")
        return into(low, self.name, self.out, result)


def as_view(low, value: Value) -> View | Lazy:
    """An array; numbers as arrays without axes."""
    if isinstance(value, Generator):
        value = collect(low, value, list)
    found = low.as_array(value)
    return nests.filled(low, found, (), found.code) if isinstance(found, Num) else found


def axis_argument(low, value: Value):
    """`axis=` as None, an int or a tuple of ints."""
    if value == NONE:
        return None
    if isinstance(value, Seq):
        return tuple(axis_argument(low, item) for item in value.items)
    if isinstance(value, Ref):
        raise low.error("'list' object cannot be interpreted as an integer", kind="type")
    axis = static_int(value)
    if axis is None:
        raise low.error("axis has to be known before the program runs")
    return axis


def flag(low, value: Value, name: str) -> bool:
    """A truth value known while reading."""
    if isinstance(value, Num) and isinstance(value.operand, Const):
        return bool(value.operand.value)
    if isinstance(value, Py):
        return bool(value.value)
    raise low.error(f"{name} has to be known before the program runs")


def freedom(low, found: dict[str, Value]) -> Value:
    """`ddof`, which may be called `correction`."""
    if found.get("correction", NONE) == NONE:
        return found.get("ddof", Num(ZERO, True))
    if "ddof" in found:
        raise low.error("ddof and correction can't be provided simultaneously.", kind="value")
    return found["correction"]


def output(low, out: Value) -> Value:
    """The array in `out=`, which may stand in a tuple; None when there is none."""
    if isinstance(out, Seq) and len(out.items) == 1:
        out = out.items[0]
    if out != NONE and not isinstance(out, View):
        raise low.error("return arrays must be of ArrayType", kind="type")
    return out


def into(low, name: str, out: View, value: Value) -> View:
    """Fill `out`, if NumPy converts to its dtype without being told to; gives it."""
    value = low.as_array(value)
    if value.code[0] == "f" and out.code[0] != "f" or out.code == "b1" and value.code != "b1":
        raise low.error(f"Cannot cast ufunc '{name}' output from dtype('{value.code}') to dtype('{out.dtype}') with "
                        "casting rule 'same_kind'", kind="type")
    nests.assign(low, out, value)
    return out


def mask(low, where: Value, shape) -> View | Lazy | None:
    """The boolean array in `where=`, broadcast; None where everything takes part."""
    found = low.as_array(where)
    if isinstance(found, Num) and found.operand == TRUE:
        return None
    if found.code != "b1":
        raise low.error("where= has to be boolean", kind="type")
    if isinstance(found, Num):
        found = nests.filled(low, found, (), "b1")
    return nests.require_shape(low, found, shape)
