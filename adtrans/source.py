"""From a function object to its source: text, AST, globals, closure, defaults.

`read(fun)` unwraps `functools.partial`, `__wrapped__`, bound methods, Numba dispatchers (`.py_func`) and gives a
`Source` whose `node` is an `ast.FunctionDef` or `ast.Lambda` with the line numbers of the file.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import textwrap
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adtrans.errors import Span, UnsupportedError
from adtrans.transformed import plain, transformation


@dataclass(frozen=True, eq=False)
class Source:
    """The source of one function, and what its free names mean."""

    function: types.FunctionType
    node: ast.FunctionDef | ast.Lambda
    filename: str
    lines: tuple[str, ...]
    shift: int
    bound: tuple = ()
    keywords: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "lambda_" if isinstance(self.node, ast.Lambda) else self.node.name

    @property
    def body(self) -> list[ast.stmt]:
        if isinstance(self.node, ast.Lambda):
            body = ast.Return(self.node.body)
            ast.copy_location(body, self.node.body)
            return [body]
        return self.node.body

    def span(self, node: ast.AST) -> Span:
        """The place of `node` in the file."""
        line = getattr(node, "lineno", 1)
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        column = _characters(text, getattr(node, "col_offset", 0)) + self.shift
        end_line = getattr(node, "end_lineno", line)
        end = getattr(node, "end_col_offset", None)
        end_column = (len(text) if end is None or end_line != line else _characters(text, end)) + self.shift
        full = linecache.getline(self.filename, self.first_line + line - 1).rstrip("\n")
        return Span(self.filename, self.first_line + line - 1, column + 1, end_column + 1, full or text)

    @property
    def first_line(self) -> int:
        return self.function.__code__.co_firstlineno if not isinstance(self.node, ast.Lambda) else self._lambda_line

    @property
    def _lambda_line(self) -> int:
        return self.__dict__["lambda_line"]

    def lookup(self, name: str) -> Any:
        """The value of a free name: closure, module, builtin; KeyError when there is none."""
        code = self.function.__code__
        if name in code.co_freevars:
            return self.function.__closure__[code.co_freevars.index(name)].cell_contents
        if name in self.function.__globals__:
            return self.function.__globals__[name]
        return vars(builtins)[name]


def _characters(text: str, utf8_offset: int) -> int:
    """A column counted in characters from one counted in UTF-8 bytes."""
    if text.isascii():
        return utf8_offset
    return len(text.encode()[:max(utf8_offset, 0)].decode(errors="ignore"))


def unwrap(fun: Callable) -> tuple[types.FunctionType, tuple, dict[str, Any]]:
    """The plain function under wrappers, with the arguments that partial application or binding gives it."""
    bound: tuple = ()
    keywords: dict[str, Any] = {}
    while True:
        if transformation(fun) is not None:
            fun = plain(fun)
        elif isinstance(fun, functools.partial):
            bound = fun.args + bound
            keywords = {**fun.keywords, **keywords}
            fun = fun.func
        elif inspect.ismethod(fun):
            bound = (fun.__self__, *bound)
            fun = fun.__func__
        elif hasattr(fun, "py_func"):
            fun = fun.py_func
        elif hasattr(fun, "__wrapped__"):
            fun = fun.__wrapped__
        else:
            break
    if not isinstance(fun, types.FunctionType):
        if callable(getattr(type(fun), "__call__", None)) and isinstance(
                getattr(type(fun), "__call__"), types.FunctionType):
            return type(fun).__call__, (fun, *bound), keywords
        kind = "a class" if isinstance(fun, type) else f"{type(fun).__name__!r}"
        name = getattr(fun, "__name__", repr(fun))
        raise UnsupportedError(f"{name} is {kind}, not a Python function with source",
                               hint="pass a function written in Python")
    return fun, bound, keywords


_READ: dict[tuple[str, types.CodeType], tuple] = {}


def read(fun: Callable) -> Source:
    """The source of `fun`.

    Raises UnsupportedError when there is none (builtins, C extensions, code typed into a shell that keeps
    no history) and for generator, coroutine and async functions.
    """
    function, bound, keywords = unwrap(fun)
    code = function.__code__
    key = code.co_filename, code  # equal code may stand in two files
    if key not in _READ:
        _READ[key] = parse(function)
    node, lines, shift, lambda_line = _READ[key]
    source = Source(function, node, code.co_filename, lines, shift, bound, keywords)
    source.__dict__["lambda_line"] = lambda_line
    return source


def parse(function: types.FunctionType) -> tuple:
    """AST node, source lines, columns of common indentation removed, first line (lambdas)."""
    code = function.__code__
    place = Span(code.co_filename, code.co_firstlineno, 1, 2, "")
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise UnsupportedError(f"{function.__name__} is a generator or coroutine", place,
                               "write a plain function that returns its result")
    try:
        found, first = inspect.getsourcelines(function)
    except (OSError, TypeError, IndexError):
        raise UnsupportedError(f"the source of {function.__name__!r} cannot be found", place,
                               "define the function in a file, a notebook cell or an interactive session "
                               "whose source Python keeps") from None
    text = "".join(found)
    plain = textwrap.dedent(text)
    shift = len(found[0]) - len(found[0].lstrip()) if plain != text else 0
    if function.__name__ == "<lambda>":
        return parse_lambda(function, found, first, place)
    try:
        tree = ast.parse(plain)
    except SyntaxError:
        tree = ast.parse("if True:\n" + text)
        ast.increment_lineno(tree, -1)
        tree, shift, plain = ast.Module(tree.body[0].body, []), 0, text
    node = tree.body[0]
    if isinstance(node, ast.AsyncFunctionDef) or not isinstance(node, ast.FunctionDef):
        raise UnsupportedError(f"{function.__name__} is not a plain function", place)
    return node, tuple(plain.splitlines()), shift, first


def parse_lambda(function, found, first, place) -> tuple:
    """The lambda among those of its source lines whose code is the function's."""
    lines = linecache.getlines(function.__code__.co_filename) or list(found)
    whole = "".join(lines)
    try:
        tree = ast.parse(whole)
    except SyntaxError:
        tree = ast.parse(textwrap.dedent("".join(found)))
        whole, first = textwrap.dedent("".join(found)), first
        base = first - 1
    else:
        base = 0
    candidates = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)
                  and node.lineno + base <= first + len(found) - 1 and node.lineno + base >= first]
    matching = candidates if len(candidates) == 1 else [node for node in candidates if same_names(node, function)]
    if len(matching) > 1 and hasattr(function.__code__, "co_positions"):
        wanted = {(line, column) for line, _, column, _ in function.__code__.co_positions() if column is not None}
        matching = [node for node in matching if starts(node.body, base) & wanted]
        # Within a lambda, the places of another are those of both.
        matching = [node for node in matching if not any(other is not node and other in set(ast.walk(node))
                                                         for other in matching)]
    if len(matching) != 1:
        raise UnsupportedError("cannot tell which lambda of this line is meant", place,
                               "give each lambda a line of its own, or use def")
    return matching[0], tuple(whole.splitlines()), 0, base + 1


def starts(node: ast.expr, base: int) -> set[tuple[int, int]]:
    """Where the parts of an expression begin."""
    return {(inner.lineno + base, inner.col_offset) for inner in ast.walk(node) if isinstance(inner, ast.expr)}


def same_names(node: ast.Lambda, function) -> bool:
    """Whether a lambda has the function's parameters and mentions the same names."""
    code = function.__code__
    spec = node.args
    parameters = [arg.arg for arg in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]]
    if tuple(parameters) != code.co_varnames[:len(parameters)]:
        return False
    mentioned = {inner.id for inner in ast.walk(node.body) if isinstance(inner, ast.Name)}
    mentioned |= {inner.attr for inner in ast.walk(node.body) if isinstance(inner, ast.Attribute)}
    return set(code.co_names) <= mentioned and mentioned - set(parameters) <= names_within(code)


def names_within(code: types.CodeType) -> set[str]:
    """The names that code, and code nested in it, mentions."""
    found = {*code.co_names, *code.co_freevars, *code.co_varnames, *code.co_cellvars}
    return found.union(*(names_within(inner) for inner in code.co_consts if isinstance(inner, types.CodeType)))
