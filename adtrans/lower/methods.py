"""Attributes and methods of arrays, numbers and containers."""

from __future__ import annotations

import numpy as np

from adtrans.build import ONE, const
from adtrans.lower import containers, nests, views
from adtrans.lower.builtins import arity, extend
from adtrans.lower.values import NONE, Contents, Lazy, Method, Num, Py, Ref, Seq, Value, View

METHODS = {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min, "var": np.var, "std": np.std,
    "cumsum": np.cumsum, "cumprod": np.cumprod, "clip": np.clip, "reshape": np.reshape, "ravel": np.ravel,
    "transpose": np.transpose, "argmax": np.argmax, "argmin": np.argmin, "any": np.any, "all": np.all,
    "dot": np.dot, "swapaxes": np.swapaxes, "squeeze": np.squeeze, "round": np.round, "copy": np.copy,
    "flatten": np.ravel, "repeat": np.repeat, "trace": np.trace, "diagonal": np.diagonal,
    "conj": np.conjugate, "conjugate": np.conjugate, "ptp": np.ptp, "take": np.take, "nonzero": np.nonzero,
    "argsort": np.argsort, "searchsorted": np.searchsorted, "argpartition": np.argpartition, "choose": np.choose,
}
OWN = ("fill", "item", "astype", "tolist", "sort", "partition", "compress", "put")


def array_attribute(low, value: View | Lazy, name: str) -> Value:
    match name:
        case "shape":
            return Seq(tuple(Num(extent, True) for extent in value.shape))
        case "ndim":
            return Num(const(value.rank), True)
        case "size":
            size = ONE
            for extent in value.shape:
                size = low.build.prim("mul", size, extent)
            return Num(size, True)
        case "T":
            return views.transpose(value, tuple(range(value.rank))[::-1])
        case "dtype":
            return Py(np.dtype(value.dtype))
        case "real":
            return value
        case "flat":
            return nests_ravel(low, value)
    if name in METHODS or name in OWN:
        return Method(value, name)
    if hasattr(np.ndarray, name):
        raise low.error(f"the array attribute {name!r} is not in the language")
    raise low.error(f"'numpy.ndarray' object has no attribute {name!r}", kind="attribute")


def nests_ravel(low, value):
    from adtrans.lower.shaping import ravel

    return ravel(low, [value], {})


def scalar_attribute(low, value: Num, name: str) -> Value:
    match name:
        case "shape" if not value.weak:
            return Seq(())
        case "ndim" if not value.weak:
            return Num(const(0), True)
        case "size" if not value.weak:
            return Num(const(1), True)
        case "dtype" if not value.weak:
            return Py(np.dtype(value.code))
        case "real" | "T":
            return value
    if name in ("item", "copy", "sum", "mean", "max", "min", "astype", "round", "prod", "conjugate"):
        return Method(value, name)
    raise low.error(f"a number has no attribute {name!r}", kind="attribute")


def container_methods(low, value: Ref | Seq) -> tuple[str, ...]:
    if isinstance(value, Seq):
        return ("_replace", "_asdict", "index", "count") if hasattr(value.cls, "_fields") else ("index", "count")
    contents = low.contents(value)
    if contents.cls is list:
        return ("append", "extend", "pop", "insert", "copy", "reverse")
    return ("get", "keys", "values", "items", "update", "copy", "pop") if contents.cls is dict else ()


def call_method(low, receiver: Value, name: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    if isinstance(receiver, Ref):
        return container_method(low, receiver, name, args, keywords)
    if isinstance(receiver, Seq):
        return tuple_method(low, receiver, name, args, keywords)
    if isinstance(receiver, Num):
        return scalar_method(low, receiver, name, args, keywords)
    return array_method(low, receiver, name, args, keywords)


def array_method(low, receiver, name, args, keywords) -> Value:
    from adtrans.lower.tables import KNOWN

    match name:
        case "fill":
            arity(low, "fill", args, keywords, 1, 1)
            nests.assign(low, nests.concrete(low, receiver), args[0])
            return NONE
        case "item":
            if len(args) == 1 and receiver.rank > 1:
                from adtrans.lower.shaping import flat

                return views.subscript(low, nests.concrete(low, flat(low, receiver)), tuple(args))
            if args:
                return views.subscript(low, nests.concrete(low, receiver), tuple(args))
            from adtrans.lower.builtins import number

            found = number(low, receiver, "item")
            return Num(found.operand, True)
        case "astype":
            from adtrans.lower.creation import astype

            return astype(low, receiver, args, keywords)
        case "flatten":
            from adtrans.lower.shaping import ravel

            return KNOWN[np.copy](low, [ravel(low, [receiver, *args], keywords)], {})
        case "reshape" | "transpose" if len(args) > 1 or (args and isinstance(args[0], Num)):
            return KNOWN[METHODS[name]](low, [receiver, Seq(tuple(args))], keywords)
        case "tolist":
            raise low.error("the array method 'tolist' is not in the language")
    from adtrans.lower.calls import call_library, call_object

    match name:
        case "sort" | "partition":
            from adtrans.library import sorting

            return call_library(low, sorting.IN_PLACE[name], [receiver, *args], keywords)
        case "compress":
            return call_object(low, np.compress, [args[0], receiver, *args[1:]], keywords)
        case "put":
            return call_object(low, np.put, [receiver, *args], keywords)
    return call_object(low, METHODS[name], [receiver, *args], keywords)


def scalar_method(low, receiver: Num, name: str, args, keywords) -> Value:
    match name:
        case "item":
            return Num(receiver.operand, True)
        case "astype":
            from adtrans.lower.creation import scalar_astype

            return scalar_astype(low, receiver, args[0])
        case "round":
            from adtrans.lower.tables import KNOWN

            return KNOWN[np.round](low, [receiver, *args], keywords)
    return receiver


def tuple_method(low, receiver: Seq, name: str, args, keywords) -> Value:
    match name:
        case "_replace":
            fields = receiver.cls._fields
            items = tuple(low.solid(keywords.get(field, item)) for field, item in zip(fields, receiver.items))
            return Seq(items, receiver.cls)
        case "_asdict":
            return low.new_cell(Contents(dict, receiver.items, receiver.cls._fields))
    raise low.error(f"the tuple method {name!r} is not in the language")


def container_method(low, receiver: Ref, name: str, args, keywords) -> Value:
    contents = low.contents(receiver)
    key = ("cell", receiver.cell)
    values = contents.values
    args = [nests.materialise(low, arg) if isinstance(arg, Lazy) else arg for arg in args]
    if contents.cls is list:
        match name:
            case "append":
                arity(low, "append", args, keywords, 1, 1)
                low.env[key] = Contents(list, (*values, args[0]))
                return NONE
            case "extend":
                extend(low, receiver, args[0])
                return NONE
            case "copy":
                return low.new_cell(contents)
            case "reverse":
                low.env[key] = Contents(list, values[::-1])
                return NONE
            case "pop" | "insert":
                return list_edit(low, receiver, contents, name, args)
    return dict_method(low, receiver, contents, name, args, keywords)


def list_edit(low, receiver: Ref, contents: Contents, name: str, args) -> Value:
    from adtrans.lower.scalars import static_int

    at = static_int(args[0]) if args else -1
    values = list(contents.values)
    if at is None:
        raise low.error("the position in a list has to be known before the program runs")
    result: Value = NONE
    if name == "insert":
        values.insert(at, args[1])
    elif not -len(values) <= at < len(values):
        raise low.error("pop index out of range", kind="index")
    else:
        result = values.pop(at)
    low.env["cell", receiver.cell] = Contents(list, tuple(values))
    return result


def dict_method(low, receiver: Ref, contents: Contents, name: str, args, keywords) -> Value:
    keys, values = contents.keys, contents.values
    match name:
        case "get":
            wanted = containers.static_key(low, args[0])
            return values[keys.index(wanted)] if wanted in keys else (args[1] if len(args) > 1 else NONE)
        case "keys":
            return Seq(tuple(containers.to_value(low, key) for key in keys))
        case "values":
            return Seq(values)
        case "items":
            return Seq(tuple(Seq((containers.to_value(low, key), value)) for key, value in zip(keys, values)))
        case "copy":
            return low.new_cell(contents)
        case "update":
            merged = dict(zip(keys, values))
            if args:
                other = low.contents(args[0])
                merged |= dict(zip(other.keys, other.values))
            merged |= keywords
            low.env["cell", receiver.cell] = Contents(dict, tuple(merged.values()), tuple(merged))
            return NONE
        case "pop":
            wanted = containers.static_key(low, args[0])
            if wanted not in keys:
                raise low.error(f"key {wanted!r} is not in the dict", kind="key")
            at = keys.index(wanted)
            low.env["cell", receiver.cell] = Contents(
                dict, (*values[:at], *values[at + 1:]), (*keys[:at], *keys[at + 1:]))
            return values[at]
    raise low.error(f"the method {name!r} is not in the language")
