"""Functions that generated code runs at the same time for several parts of a loop.

    def f_part(part, x, parts): ...             compiled like all generated code
    def f_parts(first, step, x, parts):         compiled with Numba's parallel loops
        for k in prange(...):
            f_part(first + step * k, x, parts)

Numba makes a function of the body of such a loop and compiles it its own way, without the passes that generated code
needs; there it is only a call. Exceptions do not come out of it: parts note them.
"""

from __future__ import annotations

from collections.abc import Callable

from numba.core.registry import CPUDispatcher

from adtrans.backend.cpu import pipeline, target_options

# Only loops over prange: whole arrays are never meant.
LOOPS = {"prange": True, "comprehension": False, "reduction": False, "inplace_binop": False, "setitem": False,
         "numpy": False, "stencil": False, "fusion": False}
INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def dispatchers(functions: dict[str, Callable], text: str, options: dict) -> dict[str, Callable]:
    """The compiled forms of the parts of a module and of what runs them, by name."""
    found: dict[str, Callable] = {}
    for part in options["parts"]:
        found[part] = CPUDispatcher(functions[part], targetoptions=target_options(options) | INNER,
                                    pipeline_class=pipeline(text, options))
        whole = f"{part}s"
        settings = target_options(options) | INNER | {"parallel": LOOPS}
        found[whole] = CPUDispatcher(functions[whole], targetoptions=settings)
    return found


def start_threads() -> None:
    """Have Numba's threads ready for code that has been compiled by another process."""
    from numba.np.ufunc.parallel import _launch_threads

    _launch_threads()
