"""Expressions of the user's language: `evaluate(low, node)` gives a value.

Array arithmetic gives lazy arrays; scalars are emitted at once. `and`, `or` and the conditional expression
become branches unless both sides only compute.
"""

from __future__ import annotations

import ast

from adtrans.build import FALSE, TRUE, const
from adtrans.ir import Const, Dim, Let, Operand, Prim
from adtrans.lower import containers, fancy, joins, nests, scalars, views
from adtrans.lower.context import describe
from adtrans.lower.values import (
    NONE,
    Arrayish,
    Contents,
    Func,
    Lazy,
    Method,
    Num,
    Py,
    Ref,
    Seq,
    SliceV,
    Value,
    View,
)

OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.Pow: "pow", ast.BitAnd: "band", ast.BitOr: "bor", ast.BitXor: "bxor",
    ast.LShift: "lsh", ast.RShift: "rsh",
}
COMPARISONS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Not: "not", ast.Invert: "invert"}


def settled(low, node: ast.expr) -> Value:
    """The value of an expression, certain to be there."""
    return low.settled(evaluate(low, node), ast.unparse(node))


def evaluate(low, node: ast.expr) -> Value:
    with low.place(node):
        return dispatch(low, node)


def dispatch(low, node: ast.expr) -> Value:
    match node:
        case ast.Constant(value):
            return constant(low, value)
        case ast.Name(name):
            return low.read(name)
        case ast.BinOp(left, op, right):
            a = held(low, settled(low, left), right)
            b = settled(low, right)
            with low.place(node):
                return operator(low, op, a, b)
        case ast.UnaryOp(op, operand):
            return unary(low, UNARY[type(op)], settled(low, operand))
        case ast.Compare():
            return compare(low, node)
        case ast.BoolOp(op, values):
            return logic(low, isinstance(op, ast.And), values)
        case ast.IfExp(test, then, orelse):
            return conditional(low, test, then, orelse)
        case ast.Subscript(base, index):
            return subscript(low, settled(low, base), index_items(low, index))
        case ast.Attribute(base, name):
            return attribute(low, settled(low, base), name)
        case ast.Call():
            from adtrans.lower.calls import call

            return call(low, node)
        case ast.Tuple(elts):
            return Seq(display(low, elts))
        case ast.List(elts):
            return low.new_cell(Contents(list, display(low, elts)))
        case ast.Dict(keys, values):
            return dictionary(low, keys, values)
        case ast.Lambda(args):
            defaults = tuple(evaluate(low, item) for item in args.defaults)
            return Func(low.frame.source, node, low.frame.number, defaults)
        case ast.NamedExpr(target, value):
            found = settled(low, value)
            if isinstance(found, Lazy):
                found = nests.materialise(low, found, name=target.id)
            low.bind(target.id, found)
            return low.read(target.id)
        case ast.ListComp(elt, generators):
            from adtrans.lower.comprehensions import list_comprehension

            return list_comprehension(low, node, elt, generators)
        case ast.DictComp() | ast.SetComp() | ast.GeneratorExp():
            from adtrans.lower.comprehensions import other_comprehension

            return other_comprehension(low, node)
        case ast.JoinedStr():
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    settled(low, part.value)
            raise low.error("f-strings are only for print() and the messages of exceptions")
        case ast.Slice(lower, upper, step):
            return SliceV(*(NONE if part is None else settled(low, part) for part in (lower, upper, step)))
        case ast.Starred():
            raise low.error("a starred expression is not in the language here")
        case ast.Set():
            raise low.error("sets are not in the language", hint="use a tuple")
        case ast.Yield() | ast.YieldFrom() | ast.Await():
            raise low.error(f"`{type(node).__name__.lower()}` is not in the language")
    raise low.error(f"`{type(node).__name__}` is not in the language")


def constant(low, value) -> Value:
    number = scalars.python_number(value)
    if number is not None:
        return number
    if isinstance(value, complex):
        raise low.error("complex numbers are not in the language", hint="split into real and imaginary parts")
    if isinstance(value, int):
        raise low.error("this integer does not fit into 64 bits", kind="value")
    return Py(value)


def display(low, elts: list[ast.expr]) -> tuple[Value, ...]:
    """The items of a tuple or list display; lazy arrays are computed where they stand."""
    found: list[Value] = []
    for item in elts:
        if isinstance(item, ast.Starred):
            inner = containers.items_of(low, settled(low, item.value))
            if inner is None:
                raise low.error("only containers of known length can be starred")
            found += inner
        else:
            value = settled(low, item)
            found.append(nests.materialise(low, value) if isinstance(value, Lazy) else value)
    return tuple(found)


def dictionary(low, keys, values) -> Ref:
    if any(key is None for key in keys):
        merged: dict = {}
        for key, value in zip(keys, values):
            if key is not None:
                merged[containers.static_key(low, settled(low, key))] = settled(low, value)
                continue
            inner = settled(low, value)
            contents = low.contents(inner) if isinstance(inner, Ref) else None
            if contents is None or contents.keys is None:
                raise low.error("only dicts can be unpacked into a dict", kind="type")
            merged |= dict(zip(contents.keys, contents.values))
        return low.new_cell(Contents(dict, tuple(merged.values()), tuple(merged)))
    names = tuple(containers.static_key(low, settled(low, key)) for key in keys)
    return low.new_cell(Contents(dict, display(low, values), names))


def held(low, value: Value, later: ast.expr) -> Value:
    """A lazy operand is computed before a later operand that calls something: a call may write to memory."""
    return nests.materialise(low, value) if isinstance(value, Lazy) and may_write(low, later) else value


def may_write(low, node: ast.expr) -> bool:
    """Whether reading an expression may change memory: it calls something that is not known to leave it alone."""
    from adtrans.lower.methods import METHODS
    from adtrans.lower.statics import is_known
    from adtrans.lower.tables import KNOWN

    for inner in ast.walk(node):
        if not isinstance(inner, ast.Call):
            continue
        if any(keyword.arg in ("out", None) for keyword in inner.keywords):
            return True
        match inner.func:
            case ast.Attribute(ast.Name(module), name) if low.key_of(module) is None:
                known = getattr(free(low, module), name, None)
            case ast.Attribute(_, name):
                if name not in METHODS:
                    return True
                continue
            case ast.Name(name) if low.key_of(name) is None:
                known = free(low, name)
            case _:
                return True
        if not is_known(known, KNOWN):
            return True
    return False


def free(low, name: str):
    """What a free name means, or None."""
    try:
        return low.frame.source.lookup(name)
    except (KeyError, ValueError):
        return None


# --- operators -------------------------------------------------------------------------------------------


def operator(low, op: ast.operator, a: Value, b: Value) -> Value:
    if isinstance(op, ast.MatMult):
        from adtrans.lower.products import matmul

        return matmul(low, low.as_array(a), low.as_array(b))
    name = OPERATORS[type(op)]
    if not numeric(low, a) and not numeric(low, b):
        return sequence_operator(low, name, a, b)
    return arithmetic(low, name, a, b)


def numeric(low, value: Value) -> bool:
    return isinstance(value, (Num, *Arrayish)) or (
        isinstance(value, Py) and scalars.python_number(value.value) is not None)


def arithmetic(low, name: str, a: Value, b: Value) -> Num | Lazy:
    """An arithmetic operator on numbers and arrays, broadcast."""
    for value in (a, b):
        if not numeric(low, value) and not isinstance(value, (Seq, Ref)):
            raise low.error(f"unsupported operand for {name}: {describe(value)}", kind="type")
        if isinstance(value, (Seq, Ref)) and not any(isinstance(v, Arrayish) for v in (a, b)):
            return sequence_operator(low, name, a, b)
    cheap = name not in ("truediv", "pow", "mod", "floordiv")

    def type_rule(x, y):
        if name == "pow":
            return power_type(x, y)
        return scalars.arithmetic_type(name, x, y)

    return nests.elementwise(low, type_rule, lambda x, y: scalars.binary(low, name, x, y), a, b, cheap=cheap)


def power_type(x, y):
    code, weak = scalars.promote(x, y)
    return ("i8" if code == "b1" else code), weak


def sequence_operator(low, name: str, a: Value, b: Value) -> Value:
    """Concatenation and repetition of tuples and lists; strings known now."""
    if isinstance(a, Py) and isinstance(b, Py) and isinstance(a.value, str) and isinstance(b.value, str) \
            and name == "add":
        return Py(a.value + b.value)
    if name == "mul" and isinstance(a, Num):
        a, b = b, a
    items = containers.items_of(low, a)
    count = scalars.static_int(b)
    if name == "mul" and items is not None and isinstance(b, Num):
        if count is None:
            return repeated_list(low, items, b)
        return like(low, a, items * max(count, 0))
    others = containers.items_of(low, b)
    if name == "add" and items is not None and others is not None and type(a) is type(b):
        return like(low, a, items + others)
    raise low.error(f"unsupported operand types for {name}: {describe(a)} and {describe(b)}", kind="type")


def like(low, value: Value, items: list[Value]) -> Value:
    return low.new_cell(Contents(list, tuple(items))) if isinstance(value, Ref) else Seq(tuple(items))


def repeated_list(low, items: list[Value], count: Num) -> View:
    """[x] * n with n known at run time: an array."""
    if len(items) != 1 or not isinstance(items[0], Num):
        raise low.error("the length of a list has to be known before the program runs", hint="use np.full(n, x)")
    extent = low.build.prim("max", count.operand, const(0))
    return nests.filled(low, items[0], (extent,), items[0].code)


def unary(low, name: str, value: Value) -> Value:
    if name == "not":
        from adtrans.lower.statements import truth_of

        return Num(low.build.prim("not", truth_of(low, value)), True)
    if not numeric(low, value):
        raise low.error(f"bad operand type for unary {name}: {describe(value)}", kind="type")

    def type_rule(x):
        return ("i8" if x[0] == "b1" and (x[1] or name != "invert") else x[0]), x[1]

    return nests.elementwise(low, type_rule, lambda x: scalars.unary(low, name, x), value)


# --- comparisons and logic -------------------------------------------------------------------------------


def compare(low, node: ast.Compare) -> Value:
    """Chained comparisons: each operand is read once, later ones only when the earlier held."""
    left = settled(low, node.left)

    def step(k: int, left: Value) -> Value:
        right = settled(low, node.comparators[k])
        with low.place(node):
            first = compare_two(low, node.ops[k], left, right)
        if k + 1 == len(node.ops):
            return first
        if isinstance(first, Arrayish):
            raise low.error("the truth value of an array with more than one element is ambiguous", kind="value",
                            hint="write (a < b) & (b < c)")
        return both(low, first, lambda: step(k + 1, right), True)

    return step(0, left)


def compare_two(low, op: ast.cmpop, a: Value, b: Value) -> Value:
    match op:
        case ast.Is() | ast.IsNot():
            return identity(low, a, b, isinstance(op, ast.IsNot))
        case ast.In() | ast.NotIn():
            return membership(low, a, b, isinstance(op, ast.NotIn))
    name = COMPARISONS[type(op)]
    if numeric(low, a) and numeric(low, b) or any(isinstance(v, Arrayish) for v in (a, b)):
        return nests.elementwise(low, lambda x, y: ("b1", False),
                                 lambda x, y: scalars.compare(low, name, x, y), a, b)
    static = [comparable(low, value) for value in (a, b)]
    if all(found is not None for found in static) and name in ("eq", "ne"):
        return Num(TRUE if (static[0] == static[1]) == (name == "eq") else FALSE, True)
    if isinstance(a, Seq) and isinstance(b, Seq) and name in ("eq", "ne"):
        return sequence_equal(low, a, b, name == "ne")
    if name in ("eq", "ne") and (isinstance(a, Py) or isinstance(b, Py)):
        return Num(TRUE if name == "ne" else FALSE, True)
    raise low.error(f"cannot compare {describe(a)} with {describe(b)}", kind="type")


def comparable(low, value: Value):
    """A wrapped static object, or None."""
    match value:
        case Py(obj):
            return (obj,)
        case Num(Const(number)):
            return (number,)
        case Seq(items):
            parts = [comparable(low, item) for item in items]
            return None if None in parts else (tuple(part[0] for part in parts),)
    return None


def sequence_equal(low, a: Seq, b: Seq, negated: bool) -> Num:
    result: Operand = TRUE if len(a.items) == len(b.items) else FALSE
    if result == TRUE:
        for x, y in zip(a.items, b.items):
            same = compare_two(low, ast.Eq(), x, y)
            if not isinstance(same, Num):
                raise low.error("the truth value of an array comparison is ambiguous", kind="value")
            result = low.build.prim("and", result, same.operand)
    return Num(low.build.prim("not", result) if negated else result, True)


def identity(low, a: Value, b: Value, negated: bool) -> Num:
    for one, other in ((a, b), (b, a)):
        if other == NONE or (isinstance(other, Py) and not isinstance(one, Num)):
            same = isinstance(one, Py) and one.value is other.value
            return Num(TRUE if same != negated else FALSE, True)
    if isinstance(a, Num) and isinstance(b, Num) and a.code == b.code == "b1":
        return Num(low.build.prim("ne" if negated else "eq", a.operand, b.operand), True)
    if isinstance(a, View) and isinstance(b, View):
        return Num(TRUE if (a == b) != negated else FALSE, True)
    if isinstance(a, Py) or isinstance(b, Py):
        return Num(TRUE if negated else FALSE, True)
    raise low.error("`is` compares None, booleans and named objects only", hint="use ==")


def membership(low, a: Value, b: Value, negated: bool) -> Num:
    if isinstance(b, Py) and isinstance(b.value, (str, set, frozenset)) and isinstance(a, Py):
        return Num(TRUE if (a.value in b.value) != negated else FALSE, True)
    if isinstance(b, Ref) and low.contents(b).keys is not None:
        found = containers.static_key(low, a) in low.contents(b).keys
        return Num(TRUE if found != negated else FALSE, True)
    items = containers.items_of(low, b)
    if items is None:
        raise low.error("`in` looks into containers of known length only")
    tests = []
    for item in items:
        same = compare_two(low, ast.Eq(), a, item)
        tests.append(same.operand)
    found = nests.any_true(low, tests)
    return Num(low.build.prim("not", found) if negated else found, True)


def logic(low, conjunction: bool, nodes: list[ast.expr]) -> Value:
    """`and` / `or`, which give one of their operands and read no further than they need."""
    first = settled(low, nodes[0])
    if len(nodes) == 1:
        return first
    return both(low, first, lambda: logic(low, conjunction, nodes[1:]), conjunction)


def both(low, first: Value, rest, conjunction: bool) -> Value:
    from adtrans.lower.statements import truth_of

    test = truth_of(low, first)
    if isinstance(test, Const):
        return rest() if test.value == conjunction else first
    stop = low.build.prim("not", test) if conjunction else test
    return choose(low, stop, lambda: first, rest)


def conditional(low, test: ast.expr, then: ast.expr, orelse: ast.expr) -> Value:
    from adtrans.lower.statements import condition

    found = condition(low, test)
    if isinstance(found, Const):
        return settled(low, then if found.value else orelse)
    return choose(low, found, lambda: settled(low, then), lambda: settled(low, orelse))


def choose(low, test: Operand, then, orelse) -> Value:
    """then() if test else orelse(): a `select` where both only compute, else a branch."""
    if not any(isinstance(value, Arrayish) for value in ()):
        picked = selected(low, test, then, orelse)
        if picked is not None:
            return picked
    key = low.new_key("value")

    def side(run):
        def inner():
            value = run()
            low.env[key] = nests.materialise(low, value) if isinstance(value, Lazy) else value
        return inner

    joins.branch(low, test, side(then), side(orelse))
    return low.settled(low.env.pop(key), "the value")


def selected(low, test: Operand, then, orelse) -> Num | None:
    """The select of two cheap scalar sides, or None with nothing emitted."""
    mark, env, errors = low.build.mark(), dict(low.env), len(low.errors)
    try:
        with low.build.block() as block:
            a = then()
            b = orelse()
    except Exception:
        low.env = env
        del low.errors[errors:]
        low.build.rollback(mark)
        return None
    if isinstance(a, Num) and isinstance(b, Num) and low.env == env and all(cheap(s) for s in block.body):
        code = scalars.promote((a.code, a.weak), (b.code, b.weak))[0] if a.code != b.code else a.code
        trivial = not any(statement.var.type.is_float for statement in block.body)
        if trivial:
            a, b = then(), then_else(orelse)
            left, right = scalars.as_type(low, a, code), scalars.as_type(low, b, code)
            return Num(low.build.prim("select", test, left.operand, right.operand), a.weak and b.weak)
    low.env = env
    low.build.rollback(mark)
    return None


def then_else(run):
    return run()


def cheap(statement) -> bool:
    """Pure, never failing, worth computing in any case."""
    return isinstance(statement, Let) and (isinstance(statement.expr, Dim) or (
        isinstance(statement.expr, Prim) and statement.expr.op not in ("floordiv", "mod", "truediv", "ipow")))


# --- subscripts and attributes ---------------------------------------------------------------------------


def index_items(low, node: ast.expr) -> tuple[Value, ...]:
    """The items between the brackets."""
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    found: list[Value] = []
    for item in nodes:
        value = settled(low, item)
        if isinstance(value, Seq) and value.cls is tuple and len(nodes) == 1:
            found += value.items
        elif isinstance(value, Py) and isinstance(value.value, slice):
            found.append(static_slice(value.value))
        else:
            found.append(value)
    return tuple(found)


def static_slice(found: slice) -> SliceV:
    return SliceV(*(NONE if part is None else Num(const(part), True)
                    for part in (found.start, found.stop, found.step)))


def subscript(low, value: Value, items: tuple[Value, ...]) -> Value:
    match value:
        case Seq() | Ref():
            key = items[0] if len(items) == 1 else Seq(items)
            return containers.container_item(low, value, key)
        case View() | Lazy():
            return array_item(low, value, items)
        case Py(obj) if isinstance(obj, (dict, tuple, list, str)):
            try:
                return containers.to_value(low, obj[containers.static_key(low, items[0])])
            except (LookupError, TypeError) as error:
                raise low.error(str(error), kind="index") from None
        case Num():
            if all(item in (NONE, Py(Ellipsis)) for item in items):
                return expand_scalar(low, value, items)
            raise low.error("invalid index to scalar variable", kind="index")
    if isinstance(value, Py) and type(value.value).__module__.startswith("numpy"):
        raise low.error(f"indexing {describe(value)} is not in the language", hint="use np.meshgrid or np.indices")
    raise low.error(f"{describe(value)} is not subscriptable", kind="type")


def expand_scalar(low, value: Num, items) -> Value:
    count = sum(1 for item in items if item == NONE)
    return nests.filled(low, value, (const(1),) * count, value.code) if count else value


def array_item(low, value: View | Lazy, items: tuple[Value, ...]) -> Value:
    allowed = (Num, SliceV)
    if fancy.is_fancy(items):
        return fancy.gather(low, nests.concrete(low, value), items)
    for item in items:
        if not isinstance(item, allowed) and item not in (NONE, Py(Ellipsis)):
            raise low.error("only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
                            "boolean arrays are valid indices", kind="index")
        if isinstance(item, Num) and item.code == "b1":
            raise low.error("a boolean is not an index in the language", hint="use int(...)")
    return views.subscript(low, nests.concrete(low, value), items)


def attribute(low, value: Value, name: str) -> Value:
    field = containers.attribute(low, value, name)
    if field is not None:
        return low.settled(field, name)
    match value:
        case Py(obj):
            return object_attribute(low, obj, name)
        case View() | Lazy():
            from adtrans.lower.methods import array_attribute

            return array_attribute(low, value, name)
        case Num():
            from adtrans.lower.methods import scalar_attribute

            return scalar_attribute(low, value, name)
        case Ref() | Seq():
            from adtrans.lower.methods import container_methods

            if name in container_methods(low, value):
                return Method(value, name)
            found = class_attribute(low, value, name)
            if found is not None:
                return found
    raise low.error(f"{describe(value)} has no attribute {name!r}", kind="attribute")


def class_attribute(low, value: Value, name: str) -> Value | None:
    """A method or property defined by the class of a NamedTuple or dataclass instance."""
    import inspect

    from adtrans.lower import statics
    from adtrans.lower.calls import call_function

    cls = value.cls if isinstance(value, Seq) else low.contents(value).cls
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, property):
        return call_function(low, statics.function_of(low, found.fget), [value], {})
    if inspect.isfunction(found):
        func = statics.function_of(low, found)
        return Func(func.source, func.node, None, func.defaults, func.kw_defaults, (value,), {})
    if isinstance(found, staticmethod):
        return Py(found.__func__)
    return containers.to_value(low, found) if found is not None and not callable(found) else None


def object_attribute(low, obj, name: str) -> Value:
    from adtrans.lower.statics import object_value

    try:
        found = getattr(obj, name)
    except AttributeError:
        raise low.error(f"{describe(Py(obj))} has no attribute {name!r}", kind="attribute") from None
    low.record_attribute(obj, name, found)
    return object_value(low, found)
