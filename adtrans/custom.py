"""Functions with derivatives of the user's own: `custom_vjp` and `rule`.

    @rule("y = log1pexp(x)", x="1 / (1 + np.exp(-x))")
    def log1pexp(x):
        return np.log(1.0 + np.exp(x))

A rule is a `custom_vjp` whose functions are written from the equation.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.library.unbroadcast import fitted
from adtrans.transformed import parameters as parameters_of


class custom_vjp:  # noqa: N801  (a decorator, spelled as in JAX)
    """A function with a reverse rule of its own, and a forward rule if one is given.

    `defvjp(fwd, bwd)`: `fwd(*args)` returns a pair of what the function returns and residuals, `bwd(residuals,
    out_bar)` a tuple with the adjoint of each argument, None where there is none. `defjvp(jvp)`: `jvp(primals,
    tangents)` returns a pair of what the function returns and its tangent. All are plain Python in the language, are
    compiled with the program that calls the function, and are differentiated where a second derivative is asked for.
    Residuals are any structure of numbers and arrays. What is not floating-point has None for adjoint and tangent.

    Raises UnsupportedError where the rule for the mode at hand is missing, and errors that point at the call where
    what a rule returns does not fit the arguments.

    >>> from adtrans import grad
    >>> @custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda _, x_bar: (min(x_bar, 1.0),))
    >>> def f(x):
    ...     return 3.0 * clipped(x)
    >>> grad(f).interpreted(2.0)
    1.0
    """

    exact = False

    def __init__(self, fun: Callable, parameters: inspect.Signature | None = None):
        if not callable(fun):
            raise ArgumentError(f"a function is needed, not {type(fun).__name__}")
        self.fun = fun
        self.fwd: Callable | None = None
        self.bwd: Callable | None = None
        self.jvp: Callable | None = None
        self.parameters = parameters or parameters_of(fun)
        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(self, name, getattr(fun, name, None))

    def __call__(self, /, *args, **kwargs):
        return self.fun(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.__name__} with derivatives of its own>"

    def defvjp(self, fwd: Callable, bwd: Callable) -> None:
        """Give the reverse rule."""
        self.fwd, self.bwd = fwd, bwd

    def defjvp(self, jvp: Callable) -> Callable:
        """Give the forward rule; gives it back, so that this can be a decorator."""
        self.jvp = jvp
        return jvp

    @property
    def transformed(self) -> tuple[str, Callable, dict]:
        """What this is, for functions that call it and are differentiated."""
        return "custom", self.fun, {"fwd": self.fwd, "bwd": self.bwd, "jvp": self.jvp, "exact": self.exact,
                                    "owner": id(self)}


class Ruled(custom_vjp):
    """A function of numbers, or of arrays element by element, with partial derivatives; see `rule`."""

    exact = True


def rule(equation: str, **given: str | Callable) -> Callable[[Callable], Ruled]:
    """Give a function its partial derivatives, each one line: `rule("y = f(a, b)", a="...", b="...")(f)`.

    The equation names the result and the arguments. A partial is an expression in these, in `np`, `math`, the
    function itself and whatever is given by name besides. Arguments without one have no derivative. The function is
    one of numbers, or acts on arrays element by element; a Numba function is as good as a plain one. A ufunc of
    `scipy.special`, which has no source, is called as it is:

        j0 = rule("y = j0(x)", x="-j1(x)", j1=special.j1)(special.j0)

    Raises ArgumentValueError for an equation or expression that cannot be read.

    >>> from adtrans import grad
    >>> @rule("y = half_log(x)", x="0.5 / x")
    ... def half_log(x):
    ...     return np.log(np.sqrt(x))
    >>> grad(lambda x: half_log(x))(2.0)
    0.25
    """
    result, called, args = read_equation(equation)
    partials = {name: text for name, text in given.items() if isinstance(text, str)}
    names = {name: value for name, value in given.items() if not isinstance(value, str)}
    for name, text in partials.items():
        if name not in args:
            raise ArgumentValueError(f"{name!r} is no argument of {equation!r}")
        parse(text, "eval")
    if not partials:
        raise ArgumentValueError(f"{equation!r} needs a partial derivative for at least one argument")

    def ruled(fun: Callable) -> Ruled:
        made = Ruled(fun, signature_of(fun, args))
        if tuple(made.parameters.parameters) != args:
            raise ArgumentValueError(f"{equation!r} does not name the parameters of {called}: "
                                     f"{', '.join(made.parameters.parameters)}")
        space = {"np": np, "math": math, **names, called: made, "adtrans_fitted": fitted}
        made.fwd, made.bwd, made.jvp = written(rule_text(result, called, args, partials), called, space)
        return made

    return ruled


def signature_of(fun: Callable, args: tuple[str, ...]) -> inspect.Signature | None:
    """The parameters of a ufunc, which has no names for them, are those of the equation."""
    if not isinstance(fun, np.ufunc):
        return None
    if fun.nin != len(args) or fun.nout != 1:
        raise ArgumentValueError(f"{fun.__name__} takes {fun.nin} arguments and returns {fun.nout}")
    return inspect.Signature([inspect.Parameter(arg, inspect.Parameter.POSITIONAL_ONLY) for arg in args])


def read_equation(equation: str) -> tuple[str, str, tuple[str, ...]]:
    """The result, function and arguments of "y = f(a, b)"."""
    match parse(equation, "exec").body:
        case [ast.Assign([ast.Name(result)], ast.Call(ast.Name(called), args, []))] if args and all(
                isinstance(arg, ast.Name) for arg in args):
            return result, called, tuple(arg.id for arg in args)  # type: ignore[attr-defined]
    raise ArgumentValueError(f"a rule starts with an equation such as 'y = f(a, b)', not {equation!r}")


def parse(text: str, mode: str) -> Any:
    try:
        return ast.parse(text.strip(), mode=mode)
    except SyntaxError as error:
        raise ArgumentValueError(f"{text!r} cannot be read: {error.msg}") from None


def rule_text(result: str, called: str, args: tuple[str, ...], partials: dict[str, str]) -> str:
    """The three functions of a rule."""
    every = "".join(f"{arg}, " for arg in args)
    dots = "".join(f"{arg}_dot, " for arg in args)
    bars = "".join(f"adtrans_fitted({result}_bar * ({ast.unparse(parse(partials[arg], 'eval'))}), {arg}), "
                   if arg in partials else "None, " for arg in args)
    total = " + ".join(f"({ast.unparse(parse(text, 'eval'))}) * {arg}_dot" for arg, text in partials.items())
    return f"""def {called}_fwd({every}):
    {result} = {called}({every})
    return {result}, ({every}{result})
def {called}_bwd(residuals, {result}_bar):
    {every}{result} = residuals
    return ({bars})
def {called}_jvp(primals, tangents):
    {every}= primals
    {dots}= tangents
    {result} = {called}({every})
    return {result}, {total}
"""


def written(text: str, called: str, space: dict[str, Any]) -> tuple[Callable, Callable, Callable]:
    """The functions of a text that is kept for tracebacks and for reading."""
    filename = f"<rule of {called}: {zlib.crc32(text.encode()):x}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec", dont_inherit=True), space)
    return space[f"{called}_fwd"], space[f"{called}_bwd"], space[f"{called}_jvp"]


__all__ = ["Ruled", "custom_vjp", "rule"]
