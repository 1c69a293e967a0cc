"""NumPy and SciPy functions as plain loops, read in place of the call and differentiated like user code.

`LIBRARY` maps a function to the one that stands for it. The functions here are written in the accepted language and
need no bounds checks; what depends on the rank, on `axis=` or on `dtype=` is decided while reading. What they raise as
NotImplementedError is refused at the user's line.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

MODULES = (
    "arranging", "choosing", "elementwise", "histograms", "joining", "linalg", "norms", "padding", "products", "ranks",
    "searching", "signals", "sorting", "special_functions", "statistics", "triangles",
)
LIBRARY: dict[Callable, Callable] = {}

for _name in MODULES:
    LIBRARY.update(import_module(f"{__name__}.{_name}").TABLE)
