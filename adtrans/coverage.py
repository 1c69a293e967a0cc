"""What of NumPy, math and SciPy is understood, read off the tables that calls are looked up in.

    for module, names in supported().items():
        print(module, *names)
"""

from __future__ import annotations

import builtins
import math
import operator
import sys
from types import ModuleType

import numpy as np


def supported() -> dict[str, list[str]]:
    """The names of the functions that calls are known by, under the module that has them."""
    import scipy.special

    from adtrans import special
    from adtrans.library import LIBRARY
    from adtrans.lower.methods import METHODS, OWN
    from adtrans.lower.tables import KNOWN, prepare

    prepare()
    known = [*KNOWN, *LIBRARY]
    places: dict[str, ModuleType] = {
        "builtins": builtins, "math": math, "operator": operator, "numpy": np, "numpy.linalg": np.linalg,
        "scipy.special": scipy.special, "adtrans.special": special,
    }
    found = {name: names_in(module, known) for name, module in places.items()}
    found["adtrans.special"] = sorted(special.__all__)
    found["methods of arrays"] = sorted(name for name in {*METHODS, *OWN} - {"tolist"}
                                        if name in OWN or any(METHODS[name] is other for other in known))
    return {name: names for name, names in found.items() if names}


def names_in(module: ModuleType, known: list) -> list[str]:
    """The public names under which a module has one of the known objects."""
    return sorted(name for name, value in vars(module).items() if not name.startswith("_") and any(
        value is other for other in known) and not isinstance(value, ModuleType))


def table() -> str:
    """`supported()` as a table in Markdown."""
    lines = ["| of | functions |", "|---|---|"]
    lines += [f"| `{name}` | {' '.join(names)} |" for name, names in supported().items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
