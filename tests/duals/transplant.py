"""A plain function moved into another world: the same code objects, other names.

In: a Python function (nested, decorated, partial, bound, jitted) and a table of replacements. Out: a function
running the same code, in which library modules, float arrays and every function or object reachable by name
have been replaced likewise. The original is left alone.

    >>> import math
    >>> moved = Transplant(lambda value: value).move(lambda x: math.sqrt(x))
    >>> moved(4.0)
    2.0
"""

import builtins
import functools
import types

import numpy as np


class Transplant:
    """Memory of one move: every object is moved once, so that sharing survives."""

    def __init__(self, replace, array=None, builtin_names=None):
        self.replace = replace
        self.array = array or (lambda value: value)
        self.builtins = builtin_names or vars(builtins)
        self.moved = {}
        self.kept = []

    def move(self, value):
        """The counterpart of a value."""
        if isinstance(value, (int, str, bytes, type(None))):
            return value
        key = id(value)
        if key not in self.moved:
            self.kept.append(value)
            replaced = self.replace(value)
            self.moved[key] = self.build(value) if replaced is value else replaced
        return self.moved[key]

    def build(self, value):
        """A counterpart made anew, or the value itself where nothing in it can change."""
        if hasattr(value, "py_func"):
            return self.move(value.py_func)
        match value:
            case types.FunctionType():
                return self.function(value)
            case types.MethodType():
                return types.MethodType(self.move(value.__func__), self.move(value.__self__))
            case functools.partial():
                moved = functools.partial(self.move(value.func), *map(self.move, value.args))
                moved.keywords.update({k: self.move(v) for k, v in value.keywords.items()})
                return moved
            case staticmethod():
                return staticmethod(self.move(value.__func__))
            case np.ndarray():
                return self.array(value)
            case np.floating() | float():
                return float(value)
            case tuple() | list() | dict():
                return self.container(value)
            case type():
                return self.type(value)
            case _ if hasattr(value, "__dict__") and not isinstance(
                value, (types.ModuleType, types.BuiltinFunctionType)
            ):
                return self.instance(value)
        return value

    def container(self, value):
        """A container of moved items."""
        if isinstance(value, dict):
            return {k: self.move(v) for k, v in value.items()}
        items = [self.move(v) for v in value]
        if hasattr(value, "_fields"):
            return self.move(type(value))(*items)
        return type(value)(items)

    def function(self, function):
        """The function with moved globals, cells and defaults."""
        names = {"__builtins__": self.builtins, "__name__": function.__globals__.get("__name__")}
        for name in global_names(function.__code__):
            if name in function.__globals__:
                names[name] = None
        cells = tuple(self.cell(cell) for cell in function.__closure__ or ())
        moved = types.FunctionType(function.__code__, names, function.__name__, None, cells)
        self.moved[id(function)] = moved
        for name in names.keys() - {"__builtins__", "__name__"}:
            names[name] = self.move(function.__globals__[name])
        moved.__defaults__ = self.move(function.__defaults__)
        moved.__kwdefaults__ = self.move(function.__kwdefaults__)
        return moved

    def cell(self, cell):
        """The counterpart of a closure cell, shared by all functions that share the original."""
        if id(cell) not in self.moved:
            self.kept.append(cell)
            self.moved[id(cell)] = types.CellType()
            try:
                content = cell.cell_contents
            except ValueError:
                return self.moved[id(cell)]
            self.moved[id(cell)].cell_contents = self.move(content)
        return self.moved[id(cell)]

    def type(self, kind):
        """A class of the program with moved functions; library classes stay."""
        if kind.__module__ in ("builtins", "numpy", "numba", "typing") or not plain_functions(kind):
            return kind
        names = {
            name: self.move(v) if isinstance(v, (types.FunctionType, staticmethod)) else v
            for name, v in vars(kind).items()
        }
        names.pop("__dict__", None), names.pop("__weakref__", None)
        return type(kind.__name__, kind.__bases__, names)

    def instance(self, value):
        """An object of a moved class with moved attributes."""
        kind = self.move(type(value))
        if kind is type(value) and type(value).__module__.split(".")[0] in ("numpy", "numba", "builtins"):
            return value
        moved = kind.__new__(kind)
        self.moved[id(value)] = moved
        for name, attribute in vars(value).items():
            object.__setattr__(moved, name, self.move(attribute))
        return moved


def plain_functions(kind):
    """Functions a class of the program defines itself, generated ones aside."""
    return [
        v
        for v in vars(kind).values()
        if isinstance(v, types.FunctionType) and not v.__code__.co_filename.startswith("<string>")
    ]


def global_names(code):
    """Names that a code object or one nested in it may read globally."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= global_names(constant)
    return names
