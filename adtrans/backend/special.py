"""Functions of `scipy.special` in compiled code: SciPy's own C functions, found through `cython_special`.

    known("special.j0(x)")      # from here on Numba takes special.j0 of float64

Addresses are those of this process: code that calls them is not kept on disk.
"""

from __future__ import annotations

import ctypes
import re

from numba.core import types
from numba.extending import get_cython_function_address, overload

CALL = re.compile(r"\bspecial\.(\w+)\(")
SIGNATURE = re.compile(r"double \(((?:double, )+)int __pyx_skip_dispatch\)")
_known: set[str] = set()


def known(text: str) -> bool:
    """Whether a module calls functions of `scipy.special`, of which Numba is told."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    names = set(CALL.findall(code))
    for name in names - _known:
        _known.add(name)
        register(name)
    return bool(names)


def register(name: str) -> None:
    """Let Numba take special.name of numbers."""
    from scipy import special

    ufunc = getattr(special, name)
    function = address(name, ufunc.nin)
    if function is None:
        return
    count = ufunc.nin
    arguments = ", ".join(f"x{k}" for k in range(count))
    space = {"function": function}
    exec(f"def maker({arguments}):\n    def run({arguments}):\n        return function({arguments}, 0)\n"  # noqa: S102
         f"    return run if all(map(fits, ({arguments},))) else None\n", space | {"fits": fits, "all": all}, space)
    overload(ufunc)(space["maker"])


def fits(kind) -> bool:
    return isinstance(kind, (types.Float, types.Integer))


def address(name: str, count: int):
    """The C function for float64, or None where there is none."""
    from scipy.special import cython_special

    table = cython_special.__pyx_capi__
    for entry in (name, f"__pyx_fuse_1{name}", f"__pyx_fuse_0{name}"):
        found = SIGNATURE.search(str(table.get(entry, "")))
        if found is not None and found[1].count("double") == count:
            kind = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count, ctypes.c_int)
            return kind(get_cython_function_address("scipy.special.cython_special", entry))
    return None


__all__ = ["known"]
