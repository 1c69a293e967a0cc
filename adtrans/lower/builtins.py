"""Python's builtins as far as numbers are concerned: len, min, max, abs, sum, round, any, all, range, ..."""

from __future__ import annotations

from types import FunctionType

from adtrans.build import FALSE, ONE, TRUE, ZERO, const, zero
from adtrans.ir import BOOL, F8, INT, Const, Operand, Scalar
from adtrans.lower import containers, loops, nests, scalars
from adtrans.lower.comprehensions import Generator, collect, fold
from adtrans.lower.context import describe
from adtrans.lower.expressions import arithmetic, compare_two
from adtrans.lower.joins import branch
from adtrans.lower.scalars import as_type, promote
from adtrans.lower.values import (
    NONE,
    Arrayish,
    Contents,
    Func,
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


def arity(low, name: str, args, keywords, least: int, most: int, allowed: tuple[str, ...] = ()) -> None:
    if not least <= len(args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise low.error(f"{name}() takes {wanted} arguments but {len(args)} were given", kind="type")
    for key in keywords:
        if key not in allowed:
            raise low.error(f"{name}() got an unexpected keyword argument {key!r}", kind="type")


def number(low, value: Value, name: str) -> Num:
    found = low.as_array(value)
    if not isinstance(found, Arrayish):
        return found
    for extent in found.shape:
        if isinstance(extent, Const) and extent != ONE:
            raise low.error(f"{name}() of an array: only size-1 arrays can be converted to Python scalars",
                            kind="type")
        low.check(low.build.prim("eq", extent, ONE), "TypeError",
                  "only size-1 arrays can be converted to Python scalars; extent:", (extent,))
    return nests.element(low, found, (ZERO,) * found.rank)


def integer(low, value: Value, name: str) -> Operand:
    if not isinstance(value, Num) or value.code not in ("i8", "b1"):
        raise low.error(f"{name} must be an integer, not {describe(value)}", kind="type")
    return low.build.cast(value.operand, INT)


def len_(low, args, keywords) -> Value:
    arity(low, "len", args, keywords, 1, 1)
    return Num(containers.length(low, args[0]), True)


def range_(low, args, keywords) -> Value:
    arity(low, "range", args, keywords, 1, 3)
    parts = [integer(low, arg, "range() argument") for arg in args]
    if len(parts) == 1:
        return Range(ZERO, parts[0], ONE)
    return Range(parts[0], parts[1], parts[2] if len(parts) == 3 else ONE)


def float_(low, args, keywords) -> Value:
    arity(low, "float", args, keywords, 0, 1)
    if args and isinstance(args[0], Py) and isinstance(args[0].value, str):
        try:
            return Num(const(float(args[0].value)), True)
        except ValueError as error:
            raise low.error(str(error), kind="value") from None
    return as_type(low, number(low, args[0], "float"), "f8", True) if args else Num(const(0.0), True)


def int_(low, args, keywords) -> Value:
    arity(low, "int", args, keywords, 0, 1)
    if not args:
        return Num(ZERO, True)
    value = number(low, args[0], "int")
    if value.code[0] == "f":
        return Num(low.build.prim("trunc_int", value.operand, type=INT), True)
    return as_type(low, value, "i8", True)


def bool_(low, args, keywords) -> Value:
    from adtrans.lower.statements import truth_of

    arity(low, "bool", args, keywords, 0, 1)
    return Num(truth_of(low, args[0]), True) if args else Num(FALSE, True)


def abs_(low, args, keywords) -> Value:
    arity(low, "abs", args, keywords, 1, 1)

    def type_rule(x):
        return ("i8" if x[0] == "b1" else x[0]), x[1]

    def emit(x: Num) -> Num:
        wide = as_type(low, x, "i8") if x.code == "b1" else x
        return Num(low.build.prim("abs", wide.operand), x.weak)

    return nests.elementwise(low, type_rule, emit, args[0])


def round_(low, args, keywords) -> Value:
    arity(low, "round", args, keywords, 1, 2, ("ndigits",))
    value = number(low, args[0], "round")
    digits = args[1] if len(args) > 1 else keywords.get("ndigits", NONE)
    if digits == NONE:
        if value.code[0] != "f":
            return value
        rounded = low.build.prim("rint", value.operand)
        return Num(low.build.prim("trunc_int", rounded, type=INT), True)
    places = scalars.static_int(digits)
    if places is None:
        raise low.error("round() needs a number of digits known before the program runs")
    scale = Const(10.0 ** places, value.type)
    if value.code[0] != "f":
        return value
    scaled = low.build.prim("rint", low.build.prim("mul", value.operand, scale))
    return Num(low.build.prim("truediv", scaled, scale), value.weak)


# --- min, max, sum, any, all -----------------------------------------------------------------------------


def extreme(name: str):
    """min or max: the first of equal values wins, as in Python."""
    def pick(low, best: Value, value: Value) -> Value:
        test = compare_two(low, smaller(name), value, best)
        if not isinstance(test, Num):
            raise low.error("the truth value of an array with more than one element is ambiguous", kind="value",
                            hint=f"use np.{name}imum")
        code, _ = promote((best.code, best.weak), (value.code, value.weak)) if best.code != value.code else (
            best.code, True)
        a, b = as_type(low, value, code), as_type(low, best, code)
        return Num(low.build.prim("select", test.operand, a.operand, b.operand), best.weak and value.weak)

    def run(low, args, keywords) -> Value:
        for key in keywords:
            if key not in ("default",):
                raise low.error(f"{name}() with {key}= is not in the language", kind="type")
        if not args:
            raise low.error(f"{name} expected at least 1 argument, got 0", kind="type")
        if len(args) == 1:
            return over(low, args[0], keywords.get("default"))
        best = number(low, args[0], name)
        for value in args[1:]:
            best = pick(low, best, number(low, value, name))
        return best

    def over(low, value: Value, default: Value | None) -> Value:
        if isinstance(value, Generator):
            value = collect(low, value, list)
        items = containers.items_of(low, value)
        if items is not None:
            if not items:
                if default is None:
                    raise low.error(f"{name}() arg is an empty sequence", kind="value")
                return default
            best: Value = number(low, items[0], name)
            for item in items[1:]:
                best = pick(low, best, number(low, item, name))
            return best
        extent = loops.extent_of(low, value)
        low.check(low.build.prim("gt", extent, ZERO), "ValueError", f"{name}() arg is an empty sequence")
        first = number(low, loops.item_at(low, value, ZERO), name)
        zeroth = Num(ZERO, True)

        def step(counter, state):
            best_at = state[0]
            here = number(low, loops.item_at(low, value, counter), name)
            best = number(low, loops.item_at(low, value, best_at), name)
            test = compare_two(low, smaller(name), here, best)
            return [low.build.prim("select", test.operand, counter, best_at)]

        if isinstance(value, View):
            at = nests.loop(low, ONE, extent, [(zeroth.operand, "best")], step)[0]
            return number(low, loops.item_at(low, value, at), name)

        def scan(counter, state):
            best = Num(state[0], first.weak)
            return [pick(low, best, number(low, loops.item_at(low, value, counter), name)).operand]

        return Num(nests.loop(low, ONE, extent, [(first.operand, "best")], scan)[0], first.weak)

    return run


def smaller(name: str):
    import ast

    return ast.Lt() if name == "min" else ast.Gt()


def sum_(low, args, keywords) -> Value:
    arity(low, "sum", args, keywords, 1, 2, ("start",))
    start = args[1] if len(args) > 1 else keywords.get("start", Num(ZERO, True))
    return accumulate(low, args[0], start, lambda total, value: add(low, total, value))


def add(low, total: Value, value: Value) -> Value:
    result = arithmetic(low, "add", total, value)
    return nests.materialise(low, result) if isinstance(result, Lazy) else result


def accumulate(low, value: Value, init: Value, step) -> Value:
    """state = step(state, item) over any iterable."""
    if isinstance(value, Generator):
        return fold(low, value, init, step)
    key = low.new_key("state")
    low.env[key] = init
    if isinstance(value, Lazy):
        value = nests.materialise(low, value)

    def each(item: Value) -> None:
        low.env[key] = step(low.settled(low.env[key], "the state"), item)

    loops.over(low, ANONYMOUS, value, each, None)
    return low.settled(low.env.pop(key), "the state")


class Anonymous:
    """Stands for a loop that has no node of its own."""


ANONYMOUS = Anonymous()


def quantifier(name: str):
    """any or all."""
    def run(low, args, keywords) -> Value:
        arity(low, name, args, keywords, 1, 1)
        init = Num(FALSE if name == "any" else TRUE, True)

        def step(state: Value, value: Value) -> Value:
            from adtrans.lower.statements import truth_of

            op = "or" if name == "any" else "and"
            return Num(low.build.prim(op, state.operand, truth_of(low, value)), True)

        return accumulate(low, args[0], init, step)

    return run


# --- iterables and containers ----------------------------------------------------------------------------


def enumerate_(low, args, keywords) -> Value:
    arity(low, "enumerate", args, keywords, 1, 2, ("start",))
    start = args[1] if len(args) > 1 else keywords.get("start", Num(ZERO, True))
    return Iter("enumerate", (concrete(low, args[0]),), integer(low, start, "start"))


def zip_(low, args, keywords) -> Value:
    arity(low, "zip", args, keywords, 0, 99, ("strict",))
    return Iter("zip", tuple(concrete(low, arg) for arg in args)) if args else Seq(())


def reversed_(low, args, keywords) -> Value:
    arity(low, "reversed", args, keywords, 1, 1)
    return Iter("reversed", (concrete(low, args[0]),))


def concrete(low, value: Value) -> Value:
    return nests.materialise(low, value) if isinstance(value, Lazy) else value


def sequence(cls: type):
    """list(...) and tuple(...)."""
    def run(low, args, keywords) -> Value:
        arity(low, cls.__name__, args, keywords, 0, 1)
        if args and isinstance(args[0], Generator):
            return collect(low, args[0], cls)
        value = args[0] if args else Seq(())
        items = containers.items_of(low, value)
        if items is None and loops.constant_trips(value) is not None:
            items = [loops.item_at(low, value, const(k)) for k in range(loops.constant_trips(value))]
        if items is None and isinstance(value, (Range, Iter, View)):
            raise low.error(f"{cls.__name__}() of something whose length is not known before the program runs",
                            hint="iterate over it directly, or use an array")
        if items is None:
            raise low.error(f"{describe(value)} is not iterable", kind="type")
        return low.new_cell(Contents(list, tuple(items))) if cls is list else Seq(tuple(items))

    return run


def dict_(low, args, keywords) -> Value:
    arity(low, "dict", args, {}, 0, 1)
    merged: dict = {}
    if args:
        if isinstance(args[0], Ref) and low.contents(args[0]).keys is not None:
            contents = low.contents(args[0])
            merged = dict(zip(contents.keys, contents.values))
        else:
            for item in containers.items_of(low, args[0]) or ():
                key, value = containers.items_of(low, item)
                merged[containers.static_key(low, key)] = value
    merged |= keywords
    return low.new_cell(Contents(dict, tuple(merged.values()), tuple(merged)))


def isinstance_(low, args, keywords) -> Value:
    """isinstance, answered now."""
    import numpy as np

    arity(low, "isinstance", args, keywords, 2, 2)
    classes = [item.value for item in (args[1].items if isinstance(args[1], Seq) else (args[1],))]
    match args[0]:
        case Num() as found:
            weak = {"b1": bool, "i8": int, "f8": float, "f4": np.float32}
            strong = {"b1": np.bool_, "i8": np.int64, "f8": np.float64, "f4": np.float32}
            kind: type = (weak if found.weak else strong)[found.code]
        case View() | Lazy():
            kind = np.ndarray
        case Seq(_, cls):
            kind = cls
        case Ref():
            kind = low.contents(args[0]).cls
        case Py(obj):
            kind = type(obj)
        case SliceV():
            kind = slice
        case Func():
            kind = FunctionType
        case _:
            raise low.error("isinstance() of this is not in the language")
    return Num(TRUE if issubclass(kind, tuple(classes)) else FALSE, True)


def slice_(low, args, keywords) -> Value:
    arity(low, "slice", args, keywords, 1, 3)
    parts = list(args)
    if len(parts) == 1:
        parts = [NONE, *parts]
    return SliceV(*parts, *[NONE] * (3 - len(parts)))


def divmod_(low, args, keywords) -> Value:
    arity(low, "divmod", args, keywords, 2, 2)
    return Seq((arithmetic(low, "floordiv", *args), arithmetic(low, "mod", *args)))


def pow_(low, args, keywords) -> Value:
    arity(low, "pow", args, keywords, 2, 2)
    return arithmetic(low, "pow", *args)


def extend(low, ref: Ref, value: Value) -> None:
    """list += items."""
    items = containers.items_of(low, value)
    if items is None:
        raise low.error("only containers of known length can extend a list", hint="preallocate an array")
    contents = low.contents(ref)
    low.env["cell", ref.cell] = Contents(list, (*contents.values, *items))


def print_(low, args, keywords) -> Value:
    raise low.error("print() is a statement of its own")


TABLE = {
    len: len_, range: range_, float: float_, int: int_, bool: bool_, abs: abs_, round: round_,
    min: extreme("min"), max: extreme("max"), sum: sum_, any: quantifier("any"), all: quantifier("all"),
    enumerate: enumerate_, zip: zip_, reversed: reversed_, list: sequence(list), tuple: sequence(tuple),
    dict: dict_, isinstance: isinstance_, slice: slice_, divmod: divmod_, pow: pow_,
}

__all__ = ["BOOL", "F8", "Scalar", "TABLE", "branch", "extend", "integer", "number", "zero"]
