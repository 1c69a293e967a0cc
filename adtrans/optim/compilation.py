"""Solvers compiled: a solver's function in, the compiled function out, kept in the disk cache.

    run = compiled(bfgs)                     # the signature is the same for all of its kind

A generated module has to hold everything that runs, so the text is put together from the source of the solver and of
the functions and constants it uses. It is the same for all objectives: those are called by address. What is called
inside takes the short way through Numba and has no wrappers for callers from outside, which saves half of the time to
compile.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable

from adtrans import cache

HEAD = """\
import math

import numba
import numpy as np

from adtrans.backend.cpu import FASTMATH, LeanCompiler
from adtrans.optim.solvers.calls import {calls}

inner = numba.njit(error_model="numpy", fastmath=set(FASTMATH), pipeline_class=LeanCompiler,
                   no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""
SIGNATURES = {
    "minimize": ("i8:1:C", "f8:1:C", "f8:1:C", "f8:2:C", "f8:1:C", "i8:1:C", "f8:1:C", "i8", "f8:2:C"),
    "bounded": ("i8:1:C", "f8:1:C", "f8:1:C", "f8:2:C", "f8:1:C", "i8:1:C", "f8:1:C", "i8", "f8:2:C", "f8:2:C"),
    "least squares": ("i8:1:C", "f8:1:C", "f8:1:C", "f8:2:C", "f8:2:C", "f8:1:C", "i8:1:C", "f8:1:C", "f8:2:C", "i8",
                      "f8:2:C"),
    "stepping": ("i8:1:C", "i8:1:C", "i8:1:C", "f8:1:C", "f8:1:C", "i8:2:C", "f8:2:C", "f8:1:C", "f8:1:C", "i8:1:C",
                 "f8:1:C", "i8:1:C", "f8:1:C", "i8", "f8:2:C"),
}


@functools.cache
def compiled(solver: Callable, kind: str = "minimize") -> Callable:
    """The solver compiled for the arguments of its kind."""
    from adtrans.backend import cpu

    text, entry = text_of(solver), solver.__name__
    key = cache.digest("solver", text, entry, SIGNATURES[kind], cache.environment_digest())
    made = cpu.load(key)
    if made is None:
        import adtrans.backend.entries  # noqa: F401  (the compiled forms of the calls)

        made = cpu.compile_module(text, entry, SIGNATURES[kind], key=key, meta={})
    return made.function


def text_of(solver: Callable) -> str:
    """The module that holds a solver with all it uses."""
    parts: dict[str, str] = {}
    constants: dict[str, object] = {}
    calls: set[str] = set()
    collect(solver, parts, constants, calls)
    entry = parts.pop(solver.__name__)
    head = HEAD.format(calls=", ".join(sorted(calls)))
    values = "".join(f"{name} = {value!r}\n" for name, value in constants.items())
    return head + values + "".join(f"\n\n@inner\n{part}" for part in parts.values()) + f"\n\n{entry}"


def collect(function: Callable, parts: dict, constants: dict, calls: set) -> None:
    """Sources of a function and of those it uses, the used ones first."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        match value:
            case types.FunctionType() if value.__module__.endswith("solvers.calls"):
                calls.add(name)
            case types.FunctionType() if name not in parts:
                collect(value, parts, constants, calls)
            case int() | float():
                constants[name] = value
    parts[function.__name__] = inspect.getsource(function)
