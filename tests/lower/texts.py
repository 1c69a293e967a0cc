"""Functions made from text that `inspect` can find, and what the generated code makes of functions."""

import ast
import copy
import inspect
import itertools
import linecache
import math
import textwrap

import numpy as np

import adtrans
from tests import duals
from tests.fuzz import judge

_numbers = itertools.count()


def function(text, name="f"):
    """The function `name` of a module with this text."""
    text = textwrap.dedent(text)
    filename = f"<text {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space = {"np": np, "M": math}
    exec(compile(text, filename, "exec"), space)
    return space[name]


def interpreted(fun, *args, argnums=0):
    """Value and gradient by the generated source in CPython."""
    with np.errstate(all="ignore"):
        return adtrans.value_and_grad(fun, argnums=argnums, cache=False).interpreted(*args)


def value(fun, *args, argnums=0):
    return interpreted(fun, *args, argnums=argnums)[0]


ARGUMENTS = {
    "x": np.array([0.7, 1.3, -0.4, 0.9, 0.25]), "y": np.array([0.2, -0.6, 0.8, 1.1, 0.45]),
    "a": np.array([[0.5, -0.3, 0.9, 0.2], [1.1, 0.4, -0.7, 0.6], [0.3, 0.8, 0.1, -0.2]]),
    "c": np.sin(np.arange(24.0)).reshape(2, 3, 4),
    "q": np.array([[0.6, -0.2, 0.4], [0.1, 0.9, -0.5], [0.7, 0.3, 0.8]]),
    "s": 0.75, "t": 1.35, "n": 2, "k": 3, "idx": np.array([2, 0, 4, -2]),
    "flags": np.array([True, False, True, False, True]), "words": "text", "p": (0.6, 1.4),
    "d": {"w": np.array([0.2, 0.5]), "b": 0.3}, "e": np.zeros((0, 3)), "z": np.array(0.6),
}  # fmt: skip
FLOATS = {"x", "y", "a", "c", "q", "s", "t", "p", "d", "e", "z"}


def arguments(fun):
    """The arguments of a function by the names of its parameters, and the differentiable ones among these."""
    names = list(inspect.signature(fun).parameters)
    return tuple(copy.deepcopy(ARGUMENTS[name]) for name in names), tuple(n for n in names if n in FLOATS)


def agree(fun):
    """Value and gradient of a function are those of CPython and of the oracle, its arguments stay as they are."""
    args, names = arguments(fun)
    found, gradient = interpreted(fun, *args, argnums=names)
    with np.errstate(all="ignore"):
        plain = fun(*copy.deepcopy(args))
        _, wanted = duals.gradient(fun, args, names)
    assert np.isclose(float(found), float(plain), rtol=1e-12, atol=1e-14), (found, plain)
    assert np.asarray(found).dtype == np.asarray(plain).dtype
    given, right = judge.numbers(gradient), judge.numbers(wanted)
    assert np.allclose(given, right, rtol=1e-10, atol=1e-12), (given, right)
    for one, other in zip(duals.run.leaves(args), duals.run.leaves(arguments(fun)[0])):
        assert np.array_equal(one, other)


def agree_on(expression, body=""):
    """`agree` for an expression of the parameters named in it; an array is summed with weights by position."""
    tree = ast.parse(f"{body}\n{expression}" if body else expression)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    lines = [*body.splitlines(), f"r = {expression}"]
    lines += ["if np.ndim(r) == 0:", "    return r * 1.0"]
    lines += ["return np.sum(r * np.cos(np.arange(r.size).reshape(r.shape)))"]
    parameters = ", ".join(name for name in ARGUMENTS if name in used)
    agree(function(f"def f({parameters}):\n" + textwrap.indent("\n".join(lines), "    ") + "\n"))
