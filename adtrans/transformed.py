"""Transformations of functions as functions to be read, so that they can be transformed again.

    g = grad(f)                        def f(x, y):
    grad(g)          reads      ->         return transformed(x, y)

An object made by a transformation has `transformed`, a tuple of the kind of transformation, the function and the
options; `plain` gives a function with its parameters that calls it.
"""

from __future__ import annotations

import inspect
import keyword
import linecache
import types
from collections.abc import Callable
from typing import Any

KINDS = {"grad", "value_and_grad", "hvp", "vmap", "jacobian", "hessian", "custom"}


def transformation(obj: Any) -> tuple[str, Callable, dict] | None:
    """Kind, function and options of what a transformation has made; None for anything else."""
    found = getattr(obj, "transformed", None) if not isinstance(obj, type) else None
    known = isinstance(found, tuple) and len(found) == 3 and isinstance(found[0], str) and found[0] in KINDS
    return found if known else None


def plain(obj: Any) -> types.FunctionType:
    """A function with the parameters of `obj`, whose source is a call of it."""
    kept = vars(obj).get("_plain")
    if kept is None:
        kept = vars(obj)["_plain"] = written(obj)
    return kept


def written(obj: Any) -> types.FunctionType:
    kind, fun, _ = transformation(obj)
    signature = parameters(obj)
    found = signature.parameters.values()
    name = str(getattr(obj, "__name__", None) or "function")
    name = name if name.isidentifier() and not keyword.iskeyword(name) else "function"
    called = next(word for word in ("transformed", "transformed_", "transformed__") if word not in signature.parameters)
    bare = inspect.Signature([one.replace(default=one.empty, annotation=one.empty) for one in found])
    text = f"def {name}{bare}:\n    return {called}({', '.join(map(passed, found))})\n"
    filename = f"<{kind} of {name}{bare}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"__name__": getattr(fun, "__module__", None), called: obj}
    exec(compile(text, filename, "exec", dont_inherit=True), space)
    made = space.pop(name)
    made.__defaults__ = tuple(one.default for one in found if one.default is not one.empty
                              and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)) or None
    made.__kwdefaults__ = {one.name: one.default for one in found if one.default is not one.empty
                           and one.kind == one.KEYWORD_ONLY} or None
    made.__qualname__, made.__doc__ = getattr(obj, "__qualname__", None) or name, getattr(obj, "__doc__", None)
    return made


def parameters(obj: Any) -> inspect.Signature:
    """The parameters of what a transformation has made."""
    found = getattr(obj, "parameters", None)
    return found if isinstance(found, inspect.Signature) else inspect.signature(obj)


def passed(one: inspect.Parameter) -> str:
    """A parameter, handed on."""
    match one.kind:
        case one.VAR_POSITIONAL:
            return f"*{one.name}"
        case one.VAR_KEYWORD:
            return f"**{one.name}"
        case one.KEYWORD_ONLY:
            return f"{one.name}={one.name}"
    return one.name
