"""Tuples, lists, dicts, NamedTuples and dataclass instances: taken apart while reading."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from adtrans.build import const
from adtrans.lower import nests, views
from adtrans.lower.context import Shadowed, Silent, describe
from adtrans.lower.scalars import promote, python_number, static_int
from adtrans.lower.values import (
    NONE,
    Contents,
    Iter,
    Lazy,
    Num,
    Py,
    Range,
    Ref,
    Seq,
    SliceV,
    Value,
    View,
)


def items_of(low, value: Value) -> list[Value] | None:
    """The items of an iterable that are known one by one, or None."""
    match value:
        case Seq(items):
            return list(items)
        case Ref():
            contents = low.contents(value)
            return list(contents.values) if contents.keys is None else [to_value(low, key) for key in contents.keys]
        case Iter("zip", parts):
            return zip_items(low, parts)
        case Iter("enumerate", (part,), start):
            items = items_of(low, part)
            if items is None:
                return None
            return [Seq((Num(low.build.prim("add", start, const(k)), True), item)) for k, item in enumerate(items)]
        case Iter("reversed", (part,)):
            items = items_of(low, part)
            return None if items is None else items[::-1]
        case Py(tuple() | list() | range() as found) if not isinstance(found, range):
            return [to_value(low, item) for item in found]
    return None


def zip_items(low, parts: tuple[Value, ...]) -> list[Value] | None:
    """zip with at least one static part: as many items as the shortest static part has."""
    from adtrans.lower.loops import extent_of, item_at

    lists = [items_of(low, part) for part in parts]
    lengths = [len(found) for found in lists if found is not None]
    if not lengths:
        return None
    count = min(lengths)
    for part, found in zip(parts, lists):
        if found is None:
            extent = extent_of(low, part)
            low.check(low.build.prim("ge", extent, const(count)), "ValueError",
                      "zip() of a tuple and something shorter", (extent, const(count)))
    return [Seq(tuple(found[k] if found is not None else item_at(low, part, const(k))
                      for part, found in zip(parts, lists))) for k in range(count)]


def to_value(low, obj: Any, path: tuple = ()) -> Value:
    """A Python object known now as a value: numbers, arrays and containers are taken in, others stay objects."""
    number = python_number(obj)
    if number is not None:
        return number
    if isinstance(obj, np.ndarray):
        return low.captured_array(obj)
    if isinstance(obj, tuple):
        return Seq(tuple(to_value(low, item) for item in obj), type(obj))
    if isinstance(obj, list):
        return low.new_cell(Contents(list, tuple(to_value(low, item) for item in obj)))
    if isinstance(obj, dict):
        return low.new_cell(Contents(dict, tuple(to_value(low, item) for item in obj.values()), tuple(obj)))
    if isinstance(obj, range):
        return Range(const(obj.start), const(obj.stop), const(obj.step))
    if isinstance(obj, complex):
        raise low.error("complex numbers are not supported", hint="split into real and imaginary parts")
    return Py(obj)


def to_array(low, value: Seq | Ref) -> View:
    """The array NumPy makes of a nested tuple or list of numbers and arrays of equal shape."""
    items = items_of(low, value)
    if items is None or (isinstance(value, Ref) and low.contents(value).keys is not None):
        raise low.error("a dict is not an array", kind="type")
    parts = [low.as_array(low.settled(item, "an item")) for item in items]
    if not parts:
        return views.whole(low, low.fresh(low.build.alloc("f8", (const(0),), "zeros")))
    return stack(low, parts, 0)


def stack(low, parts: list, axis: int) -> View:
    """np.stack: a new axis along which the parts lie."""
    code, _ = promote(*[(part.code, False) for part in parts])
    shapes = [() if isinstance(part, Num) else part.shape for part in parts]
    if len({len(shape) for shape in shapes}) != 1:
        raise low.error("setting an array element with a sequence: the items have different shapes", kind="value")
    inner = shapes[0]
    for shape in shapes[1:]:
        for a, b in zip(inner, shape):
            if not low.equal_extents(a, b):
                low.check(low.build.prim("eq", a, b), "ValueError", "all input arrays must have the same shape",
                          (a, b))
    shape = (*inner[:axis], const(len(parts)), *inner[axis:])
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))
    full = SliceV(NONE, NONE, NONE)
    for k, part in enumerate(parts):
        at = (*[full] * axis, Num(const(k), True), *[full] * (len(inner) - axis))
        target = view_at(low, out, at)
        nests.write(low, target, part if isinstance(part, Num) else views.broadcast(low, part, target.shape))
    return out


def view_at(low, view: View, items: tuple[Value, ...]) -> View:
    """The view that assignment to view[items] writes to; a single element is a view of rank 0."""
    items = views.spread(low, view.rank, items)
    starts: list = []
    shape: list = []
    axis = 0
    for item in items:
        if item == NONE:
            shape.append(const(1))
            continue
        if isinstance(item, SliceV):
            start, step, length = views.slice_range(low, item, view.shape[axis])
            starts.append((len(shape), start, step))
            shape.append(length)
        else:
            wraps = views.known_whole(low, view, axis)
            starts.append(views.Fixed(views.element_index(low, item, view.shape[axis], axis, wraps)))
        axis += 1
    return views.compose(low, view, starts, tuple(shape))


# --- subscripts and attributes ---------------------------------------------------------------------------


def container_item(low, value: Value, index: Value) -> Value:
    """value[index] for a tuple, list or dict."""
    if isinstance(value, Ref):
        contents = low.contents(value)
        if contents.keys is not None:
            return contents.values[key_position(low, contents, index)]
        items: tuple = contents.values
    else:
        items = value.items
    if isinstance(index, SliceV):
        chosen = items[static_slice(low, index)]
        return low.new_cell(Contents(list, tuple(chosen))) if isinstance(value, Ref) else Seq(tuple(chosen))
    at = static_int(index)
    if at is not None:
        if not -len(items) <= at < len(items):
            if low.errors and isinstance(value, Ref):
                raise Silent
            raise low.error(f"{'list' if isinstance(value, Ref) else 'tuple'} index out of range", kind="index")
        return low.settled(items[at], "an item")
    if not isinstance(index, Num) or index.code == "f8":
        raise low.error("tuple and list indices must be integers or slices", kind="type")
    if all(isinstance(item, Num) for item in items) and items:
        return views.subscript(low, to_array(low, value), (index,))
    raise Shadowed(low.error("the index into a tuple or list has to be known before the program runs",
                             hint="loop over the container itself, or use an array"))


def key_position(low, contents: Contents, index: Value) -> int:
    key = static_key(low, index)
    if key not in contents.keys:
        raise low.error(f"key {key!r} is not in the dict", kind="key")
    return contents.keys.index(key)


def static_key(low, index: Value):
    match index:
        case Py(key):
            return key
        case Num() if static_int(index) is not None:
            return static_int(index)
        case Seq(items):
            return tuple(static_key(low, item) for item in items)
    raise Shadowed(low.error("dict keys have to be known before the program runs"))


def static_slice(low, index: SliceV) -> slice:
    parts = []
    for part in (index.start, index.stop, index.step):
        found = None if part == NONE else static_int(part)
        if found is None and part != NONE:
            raise Shadowed(low.error("slices of tuples and lists have to be known before the program runs"))
        parts.append(found)
    return slice(*parts)


def set_item(low, ref: Ref, index: Value, value: Value) -> None:
    """list[index] = value, dict[key] = value."""
    value = low.solid(value)
    contents = low.contents(ref)
    if contents.keys is not None:
        key = static_key(low, index)
        if key in contents.keys:
            at = contents.keys.index(key)
            values = (*contents.values[:at], value, *contents.values[at + 1:])
            low.env["cell", ref.cell] = Contents(contents.cls, values, contents.keys)
        else:
            low.env["cell", ref.cell] = Contents(contents.cls, (*contents.values, value), (*contents.keys, key))
        return
    at = static_int(index)
    values = contents.values
    if at is None:
        set_any(low, ref, contents, index, value)
        return
    if not -len(values) <= at < len(values):
        raise low.error("list assignment index out of range", kind="index")
    at %= len(values)
    low.env["cell", ref.cell] = Contents(list, (*values[:at], value, *values[at + 1:]))


def set_any(low, ref: Ref, contents: Contents, index: Value, value: Value) -> None:
    """Assignment to a list of numbers at an index known only at run time."""
    if not (isinstance(index, Num) and index.code == "i8" and isinstance(value, Num) and contents.values
            and all(isinstance(item, Num) for item in contents.values)):
        raise Shadowed(low.error("the index into a list has to be known before the program runs",
                                 hint="use an array"))
    code, weak = promote((value.code, value.weak), *[(item.code, item.weak) for item in contents.values])
    array = nests.materialise(low, to_array(low, ref), code)
    nests.assign(low, view_at(low, array, (index,)), value)
    low.env["cell", ref.cell] = Contents(
        list, tuple(Num(views.load(low, array, (const(k),)), weak) for k in range(len(contents.values))))


def attribute(low, value: Value, name: str) -> Value | None:
    """A field of a NamedTuple or dataclass instance, or None when `value` has no such field."""
    match value:
        case Seq(items, cls) if name in getattr(cls, "_fields", ()):
            return items[cls._fields.index(name)]
        case Ref():
            contents = low.contents(value)
            if dataclasses.is_dataclass(contents.cls) and name in contents.keys:
                return contents.values[contents.keys.index(name)]
    return None


def construct(low, cls: type, args: list[Value], keywords: dict[str, Value]) -> Value:
    """An instance of a NamedTuple or dataclass made inside the program."""
    if issubclass(cls, tuple):
        names, defaults = cls._fields, cls._field_defaults
    else:
        names = tuple(f.name for f in dataclasses.fields(cls))
        defaults = {f.name: f.default for f in dataclasses.fields(cls) if f.default is not dataclasses.MISSING}
        defaults |= {f.name: f.default_factory() for f in dataclasses.fields(cls)
                     if f.default_factory is not dataclasses.MISSING}
    if len(args) > len(names) or any(key not in names for key in keywords):
        raise low.error(f"{cls.__name__}() got unexpected arguments", kind="type")
    given = dict(zip(names, args)) | keywords
    values = []
    for name in names:
        if name not in given and name not in defaults:
            raise low.error(f"{cls.__name__}() missing argument {name!r}", kind="type")
        values.append(low.solid(given[name]) if name in given else to_value(low, defaults[name]))
    if issubclass(cls, tuple):
        return Seq(tuple(values), cls)
    return low.new_cell(Contents(cls, tuple(values), names))


def length(low, value: Value):
    """len(value) as an operand."""
    match value:
        case Seq(items):
            return const(len(items))
        case Ref():
            return const(len(low.contents(value).values))
        case Py(str() | dict() | set() | frozenset() as obj):
            return const(len(obj))
        case View() | Lazy():
            if not value.shape:
                raise low.error("len() of unsized object", kind="type")
            return value.shape[0]
        case Range():
            from adtrans.lower.loops import extent_of

            return extent_of(low, value)
    raise low.error(f"{describe(value)} has no len()", kind="type")
