"""Calls: functions known by identity, classes, and the user's own functions, which are inlined."""

from __future__ import annotations

import ast
import dataclasses
import os
from pathlib import Path

import numpy as np

from adtrans.build import FALSE, TRUE
from adtrans.identity import is_library
from adtrans.lower import containers, nests, statics
from adtrans.lower.context import Frame, Silent, describe
from adtrans.lower.expressions import choose, evaluate, may_write, settled
from adtrans.lower.names import declared, names_assigned
from adtrans.lower.scalars import as_type, promote, truth
from adtrans.lower.values import NONE, Contents, Func, Lazy, Method, Num, Py, Ref, Seq, Value
from adtrans.source import unwrap

DEPTH_LIMIT = 60
PACKAGE = str(Path(__file__).parents[1]) + os.sep


def call(low, node: ast.Call) -> Value:
    callee = settled(low, node.func)
    if callee == Py(np.where) and len(node.args) == 3 and not node.keywords:
        found = where_of_numbers(low, node)
        if found is not None:
            return found
    args, keywords = arguments(low, node, callee)
    with low.place(node):
        return apply(low, callee, args, keywords, node)


def where_of_numbers(low, node: ast.Call) -> Num | None:
    """np.where of numbers that take computing: only the side that is taken is computed, so that the other, which may
    be infinite there, contributes nothing. None where the arguments are anything else."""
    if not any(isinstance(inner, (ast.Call, ast.BinOp)) for arg in node.args[1:] for inner in ast.walk(arg)):
        return None
    values = tried(low, node.args)
    if values is None or not all(isinstance(value, Num) for value in values):
        return None
    code, _ = promote(*((value.code, value.weak) for value in values[1:]))

    def side(arg: ast.expr):
        return lambda: Num(as_type(low, settled(low, arg), code).operand)

    with low.place(node):
        test = truth(low, settled(low, node.args[0])).operand
        return choose(low, test, side(node.args[1]), side(node.args[2]))


def tried(low, nodes: list[ast.expr]) -> list[Value] | None:
    """What expressions would be, without reading them for good; None where they fail or change a name."""
    mark, env, errors = low.build.mark(), dict(low.env), len(low.errors)
    try:
        with low.build.block():
            found = [settled(low, arg) for arg in nodes]
        return found if low.env == env else None
    except Exception:
        return None
    finally:
        low.env = env
        del low.errors[errors:]
        low.build.rollback(mark)


def arguments(low, node: ast.Call, callee: Value) -> tuple[list[Value], dict[str, Value]]:
    """Positional and keyword arguments, starred containers spread."""
    from adtrans.lower.comprehensions import as_generator

    args: list[Value] = []
    nodes = [*node.args, *(keyword.value for keyword in node.keywords)]
    for item in node.args:
        if isinstance(item, ast.Starred):
            inner = containers.items_of(low, settled(low, item.value))
            if inner is None:
                raise low.error("only containers of known length can be starred")
            args += inner
        elif isinstance(item, ast.GeneratorExp):
            args.append(as_generator(low, item))
        else:
            value = settled(low, item)
            args.append(steady(low, value, nodes))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = settled(low, keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = steady(low, value, nodes)
            continue
        contents = low.contents(value) if isinstance(value, Ref) else None
        if contents is None or contents.keys is None:
            raise low.error("only dicts of known keys can follow **", kind="type")
        keywords |= dict(zip(contents.keys, contents.values))
    return args, keywords


def steady(low, value: Value, nodes: list[ast.expr]) -> Value:
    """A lazy argument beside another argument that calls something is computed at once."""
    later = isinstance(value, Lazy) and any(may_write(low, item) for item in nodes[1:])
    return nests.materialise(low, value) if later else value


def apply(low, callee: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST | None = None) -> Value:
    """callee(*args, **keywords)."""
    match callee:
        case Func():
            return call_function(low, callee, args, keywords)
        case Method(receiver, name):
            from adtrans.lower.methods import call_method

            return call_method(low, receiver, name, args, keywords)
        case Py(obj):
            return call_object(low, obj, args, keywords)
    if hasattr(callee, "fun"):
        from adtrans.lower import transforms

        return transforms.call(low, callee, args, keywords)
    raise low.error(f"{describe(callee)} is not callable", kind="type")


def call_object(low, obj, args: list[Value], keywords: dict[str, Value]) -> Value:
    from adtrans.library import LIBRARY
    from adtrans.lower import transforms
    from adtrans.lower.opaque import is_opaque
    from adtrans.lower.tables import KNOWN, refused
    from adtrans.lower.ufunc_methods import ufunc_method

    derived = transforms.derived_from(low, obj)
    if derived is not None:
        return transforms.call(low, derived, args, keywords)
    if statics.is_known(obj, KNOWN):
        return KNOWN[obj](low, args, keywords)
    if statics.is_known(obj, LIBRARY):
        return call_library(low, LIBRARY[obj], args, keywords)
    if isinstance(getattr(obj, "__self__", None), np.ufunc):
        return ufunc_method(low, obj.__self__, obj.__name__, args, keywords)
    if isinstance(obj, type):
        if dataclasses.is_dataclass(obj) or (issubclass(obj, tuple) and hasattr(obj, "_fields")):
            return containers.construct(low, obj, args, keywords)
        raise low.error(f"calling the class {obj.__name__!r} is not in the language")
    if is_opaque(obj):
        return transforms.call(low, transforms.without_rule(obj), args, keywords)
    hint = refused(obj)
    if hint is not None:
        raise low.error(f"{describe(Py(obj))} is not in the language", hint=hint)
    if not callable(obj):
        raise low.error(f"{describe(Py(obj))} is not callable", kind="type")
    if statics.is_user_function(obj) and (in_language(unwrap(obj)[0]) or not is_library(unwrap(obj)[0])):
        return call_function(low, statics.function_of(low, obj), args, keywords)
    raise low.error(f"{describe(Py(obj))} cannot be differentiated: it has no rule and no Python source",
                    hint="write it out in Python, or pass its result in as an argument")


def in_language(fun) -> bool:
    """Whether a function of adtrans's own is one to be read."""
    return (getattr(fun, "__module__", None) or "").startswith(("adtrans.library.", "adtrans.special"))


def call_library(low, fun, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A function of `adtrans.library` in place of the one it stands for; errors in it are the caller's line."""
    args = [plain_container(low, value) for value in args]
    return call_function(low, statics.function_of(low, fun), args, keywords, pinned=True)


def plain_container(low, value: Value) -> Value:
    """Generators as lists: a library function may go through them twice."""
    from adtrans.lower.comprehensions import Generator, collect

    return collect(low, value, list) if isinstance(value, Generator) else value


# --- inlining --------------------------------------------------------------------------------------------


def call_function(low, func: Func, args: list[Value], keywords: dict[str, Value], pinned: bool = False) -> Value:
    """Read the body of a function in place of the call. All of it counts as the caller's line if it is `pinned`."""
    if len(low.frames) > DEPTH_LIMIT or any(f.node is func.node for f in low.active):
        raise low.error(f"{func.source.name!r} calls itself: recursion is not in the language",
                        hint="write a loop")
    args = [nests.materialise(low, value) if isinstance(value, Lazy) else value for value in args]
    keywords = {key: nests.materialise(low, value) if isinstance(value, Lazy) else value
                for key, value in keywords.items()}
    names = bind_arguments(low, func, [*func.bound, *args], {**func.keywords, **keywords})
    errors = len(low.errors)
    result = run_frame(low, func, names, pinned)
    if len(low.errors) > errors:
        raise Silent
    return result


def bind_arguments(low, func: Func, args: list[Value], keywords: dict[str, Value]) -> dict[str, Value]:
    """Python's binding of arguments to parameters."""
    spec, name = func.node.args, function_name(func)
    positional = [arg.arg for arg in [*spec.posonlyargs, *spec.args]]
    bound: dict[str, Value] = dict(zip(positional, args))
    if len(args) > len(positional):
        if spec.vararg is None:
            raise low.error(f"{name}() takes {len(positional)} positional arguments but {len(args)} were given",
                            kind="type")
    if spec.vararg is not None:
        bound[spec.vararg.arg] = Seq(tuple(args[len(positional):]))
    allowed = {arg.arg for arg in [*spec.args, *spec.kwonlyargs]}
    extra = {}
    for key, value in keywords.items():
        if key in allowed:
            if key in bound:
                raise low.error(f"{name}() got multiple values for argument {key!r}", kind="type")
            bound[key] = value
        elif spec.kwarg is not None:
            extra[key] = value
        else:
            raise low.error(f"{name}() got an unexpected keyword argument {key!r}", kind="type")
    if spec.kwarg is not None:
        bound[spec.kwarg.arg] = low.new_cell(Contents(dict, tuple(extra.values()), tuple(extra)))
    defaults = dict(zip(positional[len(positional) - len(func.defaults):], func.defaults))
    for parameter in [*positional, *(arg.arg for arg in spec.kwonlyargs)]:
        if parameter not in bound:
            if parameter in defaults:
                bound[parameter] = defaults[parameter]
            elif parameter in func.kw_defaults:
                bound[parameter] = func.kw_defaults[parameter]
            else:
                raise low.error(f"{name}() missing required argument {parameter!r}", kind="type")
    return bound


def function_name(func: Func) -> str:
    return func.node.name if isinstance(func.node, ast.FunctionDef) else "<lambda>"


def run_frame(low, func: Func, names: dict[str, Value], pinned: bool = False) -> Value:
    """Read a function body with its parameters bound; gives what it returns.

    What the library calls is pinned with it, unless it is the user's: of that nothing is known.
    """
    from adtrans.lower.statements import body

    frame = open_frame(low, func, names)
    if low.frames and (pinned or low.frame.pinned is not None and func.source.filename.startswith(PACKAGE)):
        frame.pinned = low.frame.pinned or low.build.span
    low.frames.append(frame)
    low.active.append(func)
    calls, low.calls = low.calls, (*low.calls, id(func.node), low.build.span)
    try:
        for name, value in names.items():
            low.env[frame.number, name] = value
        low.env["flow", "returned", frame.number] = Num(FALSE, True)
        if isinstance(func.node, ast.Lambda):
            result = evaluate(low, func.node.body)
        else:
            body(low, func.node.body)
            result = returned_value(low, frame)
        return nests.materialise(low, result) if isinstance(result, Lazy) else result
    finally:
        low.calls = calls
        low.active.pop()
        low.frames.pop()
        close_frame(low, frame)


def returned_value(low, frame: Frame) -> Value:
    """What the function returns; None on paths that fall off its end."""
    done = low.env["flow", "returned", frame.number].operand
    key = ("flow", "result", frame.number)
    if done == FALSE:
        return NONE
    result = low.env.get(key, NONE)
    if done != TRUE and result != NONE:
        raise low.error(f"{frame.source.name}() returns a value on some paths only")
    return low.settled(result, f"the result of {frame.source.name}()")


def open_frame(low, func: Func, names: dict[str, Value]) -> Frame:
    node = func.node
    statements = [] if isinstance(node, ast.Lambda) else node.body
    nonlocal_names, global_names = declared_here(statements)
    walrus = names_assigned([ast.Expr(node.body)]) if isinstance(node, ast.Lambda) else set()
    assigned = (names_assigned(statements) | walrus | set(names)) - nonlocal_names
    outer: dict[str, int] = {}
    if func.frame is not None:
        parent = low.frame_table[func.frame]
        outer = {**parent.outer, **dict.fromkeys(parent.assigned, parent.number)}
    outer = {name: number for name, number in outer.items() if name not in assigned}
    frame = Frame(func.source if func.frame is None else low.frame_table[func.frame].source,
                  next(low.numbers), frozenset(assigned), outer)
    frame.forbidden = frozenset(global_names)
    frame.closes = any(isinstance(inner, (ast.FunctionDef, ast.Lambda)) for statement in statements
                       for inner in ast.walk(statement)) or isinstance(node, ast.Lambda)
    low.frame_table[frame.number] = frame
    return frame


def declared_here(statements) -> tuple[set[str], set[str]]:
    return declared(statements, ast.Nonlocal), declared(statements, ast.Global)


def close_frame(low, frame: Frame) -> None:
    """Forget the names of a function that has returned, unless a closure may still read them."""
    low.env.pop(("flow", "result", frame.number), None)
    low.env.pop(("flow", "returned", frame.number), None)
    if frame.closes:
        return
    for name in frame.assigned:
        low.env.pop((frame.number, name), None)
