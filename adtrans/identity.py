"""What a function is, for the caches: its source, that of everything it can call, and the constants it reads.

`examine(fun)` walks the names that a function's code mentions. The digest identifies the content across processes;
`changed()` tells cheaply, before a call, whether a name in this process means something else now.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adtrans import cache
from adtrans.errors import UnsupportedError
from adtrans.source import read, unwrap
from adtrans.transformed import transformation

CONSTANTS = (type(None), bool, int, float, str, bytes, np.generic, np.dtype)
MUTABLE = (list, dict, set)


class Unknown(Exception):
    """Something whose content cannot be told: nothing that depends on it goes to disk."""


class Identity:
    """The content of a function and everything it depends on.

    Attributes: `digest` (None when the content cannot be told), `arrays` (captured arrays in order of discovery).
    """

    def __init__(self, fun: Callable):
        self.parts: list = []
        self.arrays: list[np.ndarray] = []
        self.watched: list[tuple[dict | types.CellType, str, Any]] = []
        self.contents: list[tuple[Any, str]] = []
        self.functions: list[tuple] = []
        self.seen: dict[int, int] = {}
        self.keep: list = []
        self.digest: str | None
        try:
            self.visit(fun)
            self.digest = cache.digest(*self.parts)
        except Unknown:
            self.digest = None

    def changed(self) -> bool:
        """Whether a name that was looked up means another object now, or a mutable constant has changed."""
        for holder, name, value in self.watched:
            if type(holder) is dict:
                found = holder.get(name, Identity)
            else:
                try:
                    found = holder.cell_contents
                except ValueError:
                    found = Identity
            if found is not value:
                return True
        for function, code, defaults, keywords in self.functions:
            if function.__code__ is not code or function.__defaults__ is not defaults \
                    or function.__kwdefaults__ is not keywords:
                return True
        return any(content(holder) != before for holder, before in self.contents)

    # --- walking

    def visit(self, obj: Any) -> None:
        """Add the content of one object."""
        if id(obj) in self.seen and not isinstance(obj, CONSTANTS):
            self.parts.append(("again", self.seen[id(obj)]))
            return
        self.seen[id(obj)] = len(self.seen)
        self.keep.append(obj)
        match obj:
            case _ if isinstance(obj, CONSTANTS):
                self.parts.append((type(obj).__name__, repr(obj)))
            case np.ndarray():
                self.arrays.append(obj)
                self.parts.append(("array", str(obj.dtype), obj.ndim, obj.flags.c_contiguous, obj.flags.f_contiguous))
            case tuple() | list() | set() | frozenset():
                if isinstance(obj, MUTABLE):
                    self.contents.append((obj, content(obj)))
                self.parts.append((type(obj).__qualname__, len(obj)))
                for item in obj if isinstance(obj, (tuple, list)) else sorted(obj, key=repr):
                    self.visit(item)
            case dict():
                self.contents.append((obj, content(obj)))
                self.parts.append(("dict", len(obj)))
                for key, item in obj.items():
                    self.visit(key)
                    self.visit(item)
            case range() | slice():
                self.parts.append(repr(obj))
            case types.ModuleType():
                self.parts.append(("module", obj.__name__, str(getattr(obj, "__version__", ""))))
            case type():
                self.parts.append(("class", obj.__module__, obj.__qualname__))
            case _:
                self.callable(obj)

    def callable(self, obj: Any) -> None:
        if is_library(obj) and transformation(obj) is None:
            self.parts.append(("library", getattr(obj, "__module__", ""), getattr(obj, "__qualname__", repr(obj))))
            return
        if transformation(obj) is not None:
            kind, fun, options = transformation(obj)
            self.parts.append(("transformed", kind))
            self.visit(fun)
            if kind == "custom":  # whose rules may be given later
                options = {name: vars(obj)[name] for name in ("fwd", "bwd", "jvp")}
                self.watched += [(vars(obj), name, rule) for name, rule in options.items()]
            self.visit_all("options", tuple(options.items()))
            return
        try:
            function, bound, keywords = unwrap(obj)
        except Exception:
            self.instance(obj)
            return
        self.visit_all("bound", bound)
        self.visit_all("keywords", tuple(keywords.items()))
        self.function(function)

    def visit_all(self, label: str, items: tuple) -> None:
        self.parts.append((label, len(items)))
        for item in items:
            self.visit(item)

    def instance(self, obj: Any) -> None:
        """A plain object: the attributes it has now."""
        fields = getattr(obj, "__dict__", None)
        if fields is None or inspect.isbuiltin(obj):
            raise Unknown(repr(obj))
        self.contents.append((fields, content(fields)))
        self.parts.append(("instance", type(obj).__module__, type(obj).__qualname__, dataclasses.is_dataclass(obj)))
        for key, item in fields.items():
            self.parts.append(key)
            self.visit(item)

    def function(self, function: types.FunctionType) -> None:
        try:
            source = read(function)
        except UnsupportedError as error:
            raise Unknown(str(error)) from None
        self.functions.append((function, function.__code__, function.__defaults__, function.__kwdefaults__))
        self.parts.append(("function", function.__qualname__, "\n".join(source.lines)
                           if function.__name__ != "<lambda>" else self.lambda_text(source)))
        self.visit_all("defaults", function.__defaults__ or ())
        self.visit_all("kwdefaults", tuple((function.__kwdefaults__ or {}).items()))
        names = list(mentioned(function.__code__))
        for name in names:
            self.name(function, name, names)

    @staticmethod
    def lambda_text(source) -> str:
        import ast

        return ast.unparse(source.node)

    def name(self, function: types.FunctionType, name: str, names: list[str]) -> None:
        code = function.__code__
        if name in code.co_freevars:
            cell = function.__closure__[code.co_freevars.index(name)]
            try:
                value = cell.cell_contents
            except ValueError:
                return
            self.watched.append((cell, name, value))
        elif name in function.__globals__:
            value = function.__globals__[name]
            self.watched.append((function.__globals__, name, value))
        else:
            return
        self.parts.append(("name", name))
        self.visit(value)
        if isinstance(value, types.ModuleType) and not is_library(value):
            self.module_members(value, names)

    def module_members(self, module: types.ModuleType, names: list[str]) -> None:
        """What a function may take from a module of the user's: every name it mentions that the module has."""
        for name in names:
            if name in vars(module):
                value = vars(module)[name]
                self.watched.append((vars(module), name, value))
                self.parts.append(("member", module.__name__, name))
                self.visit(value)


def mentioned(code: types.CodeType) -> Iterator[str]:
    """The names that code, and code nested in it, looks up or takes as attributes."""
    yield from dict.fromkeys((*code.co_freevars, *code.co_names))
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from mentioned(inner)


LIBRARIES = {"numpy", "scipy", "math", "numba", "builtins", "operator", "functools", "adtrans"} | set(
    getattr(sys, "stdlib_module_names", ()))


def is_library(obj: Any) -> bool:
    """Whether an object belongs to a library whose content its version tells."""
    name = obj.__name__ if isinstance(obj, types.ModuleType) else getattr(obj, "__module__", None)
    if name is None and isinstance(obj, np.ufunc):
        return True
    if isinstance(obj, types.BuiltinFunctionType):
        return True
    root = (name or "").split(".")[0]
    return root in LIBRARIES and root != "__main__"


def content(obj: Any) -> str:
    """The content of a mutable constant, to see whether it has changed."""
    return repr(obj)
