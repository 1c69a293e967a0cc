"""What stands between compiled code that calls a gradient function and the gradient itself.

The generated function takes the numbers and arrays of a signature. A caller also passes strings, None and
defaults, and may pass arrays that overlap in memory, which one signature cannot tell: called from Python such
arguments have a specialisation of their own, here they raise ValueError.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
from numba.core import types

from adtrans.backend.python import execute
from adtrans.structure import ArraySpec, Spec, StaticSpec

OVERLAP = "arguments {!r} and {!r} overlap in memory: inside compiled code pass a copy of one"

MEMORY = """
def adtrans_memory(a):
    low = a.ctypes.data
    high = low + a.itemsize
    for step, extent in zip(a.strides, a.shape):
        reach = step * (extent - 1)
        low += min(reach, 0)
        high += max(reach, 0)
    return low, high if a.size > 0 else low
"""


def guarded(inner: Callable, names: tuple[str, ...], specs: dict[str, Spec], received: tuple[types.Type, ...],
            apart: list[tuple[str, str]]) -> Callable:
    """A dispatcher for exactly the types `received`, which calls `inner` with those that it takes.

    `apart` are the pairs of arrays that must not overlap. `inner` itself where nothing has to be done.
    """
    plain = not any(isinstance(kind, types.Omitted) or isinstance(specs[name], StaticSpec)
                    for name, kind in zip(names, received))
    if plain and not apart:
        return inner
    lines = [MEMORY, f"def call({', '.join(names)}):"]
    for name in dict.fromkeys(name for pair in apart for name in pair):
        lines.append(f"    adtrans_low_{name}, adtrans_high_{name} = adtrans_memory({name})")
    for a, b in apart:
        lines += [f"    if adtrans_low_{a} < adtrans_high_{b} and adtrans_low_{b} < adtrans_high_{a}:",
                  f"        raise ValueError({OVERLAP.format(a, b)!r})"]
    lines.append(f"    return adtrans_inner({', '.join(n for n in names if not isinstance(specs[n], StaticSpec))})")
    module = execute("\n".join(lines) + "\n", "adtrans_guard", "<adtrans guard>")
    module.adtrans_inner, module.adtrans_memory = inner, numba.njit(module.adtrans_memory)
    made = numba.njit(module.call)
    made.compile(received)
    made.disable_compile()
    return made


def pairs_apart(specs: dict[str, Spec], differentiated: tuple[str, ...], writes: bool) -> list[tuple[str, str]]:
    """The pairs of arguments whose gradient would be another if they overlapped."""
    arrays = [name for name, spec in specs.items() if isinstance(spec, ArraySpec)]
    return [(a, b) for k, b in enumerate(arrays) for a in arrays[:k]
            if writes or (a in differentiated or b in differentiated)
            and specs[a].dtype[0] == specs[b].dtype[0] == "f"]
