"""NumPy and SciPy functions as plain loops, read in place of the call and differentiated like user code.

`LIBRARY` maps a function to the one that stands for it. The functions here are written in the accepted language and
need no bounds checks; what depends on the rank, on `axis=` or on `dtype=` is decided while reading. What they raise as
NotImplementedError is refused at the user's line.
"""

from __future__ import annotations

from collections.abc import Callable

LIBRARY: dict[Callable, Callable] = {}


def fill() -> None:
    from adtrans.library import (
        arranging,
        choosing,
        elementwise,
        histograms,
        joining,
        linalg,
        norms,
        padding,
        products,
        ranks,
        searching,
        signals,
        sorting,
        special_functions,
        statistics,
        triangles,
    )

    for module in (
        arranging,
        choosing,
        elementwise,
        histograms,
        joining,
        linalg,
        norms,
        padding,
        products,
        ranks,
        searching,
        signals,
        sorting,
        special_functions,
        statistics,
        triangles,
    ):
        LIBRARY.update(module.TABLE)


fill()
