"""Making arrays: zeros, ones, full, arange, linspace, eye, copies and conversions of dtype."""

from __future__ import annotations

import numpy as np

from adtrans.build import FALSE, ONE, ZERO, const
from adtrans.ir import F8, INT, Const, Operand, Scalar
from adtrans.lower import nests, views
from adtrans.lower.builtins import arity, integer
from adtrans.lower.comprehensions import Generator, collect
from adtrans.lower.expressions import arithmetic
from adtrans.lower.scalars import as_type, promote, static_int
from adtrans.lower.values import NONE, Arrayish, Lazy, Num, Py, Ref, Seq, Value, View

DTYPES = {"float64": "f8", "float32": "f4", "int64": "i8", "int32": "i4", "int16": "i2", "int8": "i1",
          "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8", "bool": "b1"}


def dtype_code(low, value: Value) -> str:
    """The NumPy code of a dtype argument."""
    if not isinstance(value, Py):
        raise low.error("a dtype has to be known before the program runs", kind="type")
    try:
        name = np.dtype(value.value).name
    except TypeError as error:
        raise low.error(str(error), kind="type") from None
    if name not in DTYPES:
        hint = "split into real and imaginary parts" if name.startswith("complex") else None
        raise low.error(f"dtype {name} is not supported", kind="type", hint=hint)
    return DTYPES[name]


def element_code(dtype: str) -> str:
    return {"f": dtype, "b": "b1"}.get(dtype[0], "i8")


def shape_of(low, value: Value) -> tuple[Operand, ...]:
    """The extents in a shape argument; negative ones are an error when the program runs."""
    from adtrans.lower.containers import items_of

    items = [value] if isinstance(value, Num) else items_of(low, value)
    if items is None:
        raise low.error("a shape must be an integer or a tuple of integers", kind="type")
    extents = tuple(integer(low, item, "an extent") for item in items)
    for extent in extents:
        if isinstance(extent, Const) and extent.value < 0:
            raise low.error("negative dimensions are not allowed", kind="value")
        if not low.bounds.at_least(extent, 0):
            low.check(low.build.prim("ge", extent, ZERO), "ValueError", "negative dimensions are not allowed")
    return extents


def new(low, dtype: str, shape: tuple[Operand, ...], fill: str) -> View:
    return views.whole(low, low.fresh(low.build.alloc(dtype, shape, fill)))


def filler(name: str, fill: Num | None):
    """zeros, ones, empty; with `_like` forms below."""
    def run(low, args, keywords) -> Value:
        arity(low, name, args, keywords, 0, 3, ("shape", "dtype", "order"))
        if not args and "shape" not in keywords:
            raise low.error(f"{name}() missing required argument 'shape'", kind="type")
        shape = shape_of(low, args[0] if args else keywords["shape"])
        dtype = args[1] if len(args) > 1 else keywords.get("dtype", NONE)
        code = "f8" if dtype == NONE else dtype_code(low, dtype)
        return filled_with(low, code, shape, fill, name)

    return run


def ndarray(low, args, keywords) -> Value:
    """np.ndarray(shape, dtype): an array of no values yet."""
    if len(args) > 2 or keywords.keys() - {"shape", "dtype"}:
        raise low.error("ndarray() takes a shape and a dtype only", hint="np.frombuffer and views are not supported")
    return filler("empty", None)(low, args, keywords)


def filled_with(low, code: str, shape, fill: Num | None, name: str) -> View:
    if fill is None:
        return new(low, code, shape, "empty" if name.startswith("empty") else "zeros")
    out = new(low, code, shape, "empty")
    nests.write(low, out, fill)
    return out


def like(name: str, fill: Num | None):
    def run(low, args, keywords) -> Value:
        arity(low, name, args, keywords, 1, 3, ("dtype", "shape", "order"))
        value = low.as_array(args[0])
        dtype = args[1] if len(args) > 1 else keywords.get("dtype", NONE)
        code = value_dtype(value) if dtype == NONE else dtype_code(low, dtype)
        shape = () if isinstance(value, Num) else value.shape
        if "shape" in keywords:
            shape = shape_of(low, keywords["shape"])
        return filled_with(low, code, shape, fill, name)

    return run


def value_dtype(value) -> str:
    return value.code if isinstance(value, (Num, Lazy)) else value.dtype


def full(low, args, keywords) -> Value:
    arity(low, "full", args, keywords, 2, 3, ("dtype",))
    shape = shape_of(low, args[0])
    return full_of(low, shape, args[1], args[2] if len(args) > 2 else keywords.get("dtype", NONE))


def full_like(low, args, keywords) -> Value:
    arity(low, "full_like", args, keywords, 2, 3, ("dtype",))
    value = low.as_array(args[0])
    dtype = args[2] if len(args) > 2 else keywords.get("dtype", Py(np.dtype(value_dtype(value))))
    return full_of(low, () if isinstance(value, Num) else value.shape, args[1], dtype)


def full_of(low, shape, value: Value, dtype: Value) -> View:
    fill = low.as_array(value)
    code = fill.code if dtype == NONE else dtype_code(low, dtype)
    out = new(low, code, shape, "empty")
    nests.assign(low, out, fill)
    return out


def arange(low, args, keywords) -> Value:
    """np.arange: of integers as range; of floats ceil((stop - start) / step) values."""
    arity(low, "arange", args, keywords, 1, 4, ("dtype", "step", "start", "stop"))
    numbers = [low.as_array(arg) for arg in args[:3]]
    if len(numbers) == 1 and "stop" in keywords:
        numbers.append(low.as_array(keywords["stop"]))
    elif len(numbers) == 1:
        numbers = [Num(ZERO, True), numbers[0]]
    step = numbers[2] if len(numbers) > 2 else low.as_array(keywords.get("step", Num(ONE, True)))
    start, stop = numbers[0], numbers[1]
    code, _ = promote(*((n.code, n.weak) for n in (start, stop, step)))
    dtype = args[3] if len(args) > 3 else keywords.get("dtype", NONE)
    if code[0] == "f":
        code = "f8"
        gap = arithmetic(low, "truediv", arithmetic(low, "sub", stop, start), step)
        trips = low.build.prim("trunc_int", low.build.prim("ceil", as_type(low, gap, "f8").operand), type=INT)
        extent = low.build.prim("max", trips, ZERO)
    else:
        code = "i8"
        from adtrans.lower.loops import extent_of
        from adtrans.lower.values import Range

        extent = extent_of(low, Range(*(as_type(low, n, "i8").operand for n in (start, stop, step))))
    first, by = as_type(low, start, code), as_type(low, step, code)

    def element(index):
        at = Num(low.build.cast(index[0], Scalar(code)))
        scaled = low.build.prim("mul", at.operand, by.operand) if by.operand != const(1) else at.operand
        return low.build.prim("add", first.operand, scaled)

    found = Lazy((extent,), code, element, (), True)
    return found if dtype == NONE else convert(low, found, dtype)


def linspace(low, args, keywords) -> Value:
    """np.linspace between numbers; the last value is `stop` exactly."""
    arity(low, "linspace", args, keywords, 2, 4, ("num", "endpoint", "dtype"))
    start, stop = (as_type(low, low.as_array(arg), "f8").operand for arg in args[:2])
    count = integer(low, args[2] if len(args) > 2 else keywords.get("num", Num(const(50), True)), "num")
    endpoint = args[3] if len(args) > 3 else keywords.get("endpoint", Num(const(True), True))
    closed = bool(endpoint.operand.value)
    build = low.build
    pieces = build.prim("sub", count, ONE) if closed else count
    parts = build.cast(build.prim("max", pieces, ONE), F8)
    step = build.prim("truediv", build.prim("sub", stop, start), parts)

    def element(index):
        value = build.prim("add", build.prim("mul", build.cast(index[0], F8), step), start)
        if not closed:
            return value
        last = build.prim("and", build.prim("eq", index[0], pieces), build.prim("gt", pieces, ZERO))
        return build.prim("select", last, stop, value)

    return Lazy((count,), "f8", element, (), True)


def eye(low, args, keywords) -> Value:
    arity(low, "eye", args, keywords, 1, 3, ("M", "k", "dtype", "N"))
    rows = integer(low, args[0], "N")
    columns = args[1] if len(args) > 1 else keywords.get("M", NONE)
    shift = args[2] if len(args) > 2 else keywords.get("k", Num(ZERO, True))
    dtype = keywords.get("dtype", NONE)
    code = "f8" if dtype == NONE else dtype_code(low, dtype)
    out = new(low, code, (rows, rows if columns == NONE else integer(low, columns, "M")), "zeros")
    offset = integer(low, shift, "k")
    one = as_type(low, Num(const(1), True), element_code(code)).operand
    build = low.build
    first = build.prim("max", ZERO, build.prim("neg", offset))
    last = build.prim("min", out.shape[0], build.prim("sub", out.shape[1], offset))

    def step(i, _):
        views.store(low, out, (i, build.prim("add", i, offset)), one)
        return ()

    nests.loop(low, first, last, (), step)
    return out


# --- conversions -----------------------------------------------------------------------------------------


def convert(low, value: Value, dtype: Value) -> Value:
    """`value` with another dtype."""
    code = dtype_code(low, dtype)
    element = element_code(code)

    def emit(x: Num) -> Num:
        return cast_number(low, x, element)

    found = low.as_array(value)
    if isinstance(found, Num):
        return Num(cast_number(low, found, element).operand, False)
    if code != element or (isinstance(found, View) and found.dtype != code):
        result = nests.elementwise(low, lambda t: (element, False), emit, found)
        return nests.materialise(low, result, code) if code != element else result
    return nests.elementwise(low, lambda t: (element, False), emit, found)


def cast_number(low, x: Num, element: str) -> Num:
    """A conversion as astype makes it: floats to integers towards zero."""
    if element == "i8" and x.code[0] == "f":
        return Num(low.build.prim("trunc_int", x.operand, type=INT))
    if element == "b1" and x.code != "b1":
        from adtrans.lower.scalars import truth

        return truth(low, x)
    return as_type(low, x, element, False)


def astype(low, receiver, args, keywords) -> Value:
    arity(low, "astype", args, keywords, 1, 1, ("copy", "dtype"))
    return nests.materialise(low, convert(low, receiver, args[0]), dtype_code(low, args[0]))


def scalar_astype(low, receiver: Num, dtype: Value) -> Value:
    return convert(low, receiver, dtype)


def array(low, args, keywords) -> Value:
    """np.array: a copy."""
    found = as_array_argument(low, "array", args, keywords)
    if isinstance(found, Num):
        return nests.filled(low, found, (), found.code)
    fresh = isinstance(args[0], (Seq, Ref, Generator)) and isinstance(found, View)
    return found if fresh else nests.materialise(low, found)


def asarray(low, args, keywords) -> Value:
    found = as_array_argument(low, "asarray", args, keywords)
    return nests.filled(low, found, (), found.code) if isinstance(found, Num) else found


def as_array_argument(low, name: str, args, keywords) -> Value:
    arity(low, name, args, keywords, 1, 2, ("dtype", "copy", "order"))
    value = collect(low, args[0], list) if isinstance(args[0], Generator) else args[0]
    found = low.as_array(value)
    dtype = args[1] if len(args) > 1 else keywords.get("dtype", NONE)
    if dtype == NONE or (isinstance(found, View) and dtype_code(low, dtype) == found.dtype):
        return found
    return convert(low, found, dtype)


def copy(low, args, keywords) -> Value:
    arity(low, "copy", args, keywords, 1, 1, ("order",))
    found = low.as_array(args[0])
    return nests.filled(low, found, (), found.code) if isinstance(found, Num) else nests.materialise(low, found)


def scalar_type(code: str):
    """np.float32(x), np.int64(x), ..."""
    def run(low, args, keywords) -> Value:
        arity(low, f"np.{code}", args, keywords, 0, 1)
        if not args:
            return Num(as_type(low, Num(ZERO, True), code).operand, False)
        found = low.as_array(args[0])
        if isinstance(found, Num):
            return Num(cast_number(low, found, code).operand, False)
        return nests.elementwise(low, lambda t: (code, False), lambda x: cast_number(low, x, code), found)

    return run


ONE_FLOAT = Num(const(1.0), True)
TABLE = {
    np.zeros: filler("zeros", None), np.empty: filler("empty", None), np.ones: filler("ones", ONE_FLOAT),
    np.ndarray: ndarray,
    np.zeros_like: like("zeros_like", None), np.empty_like: like("empty_like", None),
    np.ones_like: like("ones_like", ONE_FLOAT), np.full: full, np.full_like: full_like, np.arange: arange,
    np.linspace: linspace, np.eye: eye, np.identity: eye, np.array: array, np.asarray: asarray,
    np.ascontiguousarray: asarray, np.copy: copy, np.float32: scalar_type("f4"), np.float64: scalar_type("f8"),
    np.int64: scalar_type("i8"), np.bool_: scalar_type("b1"), np.int32: scalar_type("i8"),
    np.intp: scalar_type("i8"),
}
__all__ = ["Arrayish", "FALSE", "TABLE", "astype", "convert", "dtype_code", "shape_of", "static_int"]
