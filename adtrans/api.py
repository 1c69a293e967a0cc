"""The public transformations."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.gradient import GradientFunction
from adtrans.segments import AUTOMATIC
from adtrans.specialised import Settings


def grad(fun: Callable | None = None, *, argnums: int | str | tuple = 0, has_aux: bool = False, target: str = "cpu",
         parallel: bool = False, checkpoint: bool | int | None = None, cache: bool = True, boundscheck: bool = True,
         debug: bool = False) -> Any:
    """The gradient of a function with a scalar result, as a function of the same arguments.

    `argnums` is the position or name of the differentiated argument, or a tuple of these. The gradient has the type,
    shape and dtype of the argument; containers give containers of the same structure with None for leaves that are
    not floating-point. Arguments are never changed.

    With `has_aux` the function returns a pair of the number to differentiate and anything else that a function may
    return, which is handed on: `grad` gives (gradient, aux) and `value_and_grad` ((value, aux), gradient).

    With `parallel` the loops, of the function and of its reverse sweep, whose iterations are proven not to get in each
    other's way run in parts on several threads, where there is enough to do; what is not proven runs in order, whether
    the function says `range` or `numba.prange`. The parts depend on the sizes of the arguments alone, so that results
    are the same, bit for bit, for any number of threads (`numba.set_num_threads`). Exceptions are those of the loop in
    order.

    With `checkpoint` the reverse sweep runs the function's outermost loops again in parts, from snapshots, instead of
    keeping values of all their iterations: True for as many parts as there are iterations in each, or the number of
    parts. See `adtrans.checkpoint`, which asks for this in one loop, for what it costs and which loops it takes. By
    default it is done, in calls from Python, where what a loop keeps is large: more than the processor's caches hold
    while a part's would fit, or more than a quarter of the memory. False never does it.

    Works as `grad(f)`, `@grad` and `@grad(argnums=(0, 1))`. Raises UnsupportedError, pointing at the line, for Python
    outside the language; NonDifferentiableError where the result has no derivative; ArgumentError (a TypeError) for
    arguments of a wrong type.

    >>> def square(x):
    ...     return x * x
    >>> grad(square).interpreted(3.0)
    6.0
    """
    settings = Settings(freeze(argnums), has_aux, target, parallel, parts(checkpoint), cache, boundscheck, debug)
    return decorate(fun, settings, False)


def value_and_grad(fun: Callable | None = None, *, argnums: int | str | tuple = 0, has_aux: bool = False,
                   target: str = "cpu", parallel: bool = False, checkpoint: bool | int | None = None,
                   cache: bool = True, boundscheck: bool = True, debug: bool = False) -> Any:
    """Like `grad`; calling the result gives (value, gradient).

    >>> def square(x):
    ...     return x * x
    >>> value_and_grad(square).interpreted(3.0)
    (9.0, 6.0)
    """
    settings = Settings(freeze(argnums), has_aux, target, parallel, parts(checkpoint), cache, boundscheck, debug)
    return decorate(fun, settings, True)


def parts(checkpoint: bool | int | None) -> int | None:
    """The number of parts that loops are run again in, `AUTOMATIC`, False for none, None where that depends."""
    if checkpoint is None or checkpoint is False:
        return checkpoint
    if checkpoint is True:
        return AUTOMATIC
    if not isinstance(checkpoint, (int, np.integer)):
        raise ArgumentError(f"checkpoint is True or a number of parts, not {checkpoint!r}")
    if checkpoint < 1:
        raise ArgumentValueError(f"checkpoint needs at least one part, not {checkpoint}")
    return int(checkpoint)


def freeze(argnums):
    return tuple(argnums) if isinstance(argnums, list) else argnums


def decorate(fun: Callable | None, settings: Settings, with_value: bool):
    if fun is None:
        return lambda found: decorate(found, settings, with_value)
    if not callable(fun):
        raise ArgumentError(f"a function is needed, not {type(fun).__name__}")
    return GradientFunction(fun, settings, with_value)


def release_memory() -> int:
    """Give memory that compiled code keeps for its next large arrays back to the system; how many bytes that was.

    Memory of arrays that are in use is not touched. At most a sixteenth of the machine's memory and a gibibyte is kept,
    or what the environment variable ADTRANS_KEEP_MEMORY says in bytes, 0 for none.
    """
    pool = sys.modules.get("adtrans.backend.pool")
    if pool is None:
        return 0
    before = pool.kept()
    pool.release()
    return before - pool.kept()
