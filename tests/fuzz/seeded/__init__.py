"""Faults sown into the compiler, to see whether random programs find them.

A fault is a function that takes a `pytest.MonkeyPatch` and puts something subtly wrong in the place of one
part of the compiler. Its docstring says in one line what goes wrong.

    with pytest.MonkeyPatch.context() as patch:
        FAULTS["loop-not-reversed"](patch)
"""

from tests.fuzz.seeded import facts, gathering, keeping, neighbours, points, reading, rows, sweep, text
from tests.fuzz.seeded.rare import RARE as TOLD

FAULTS = {
    fault.__name__.replace("_", "-"): fault
    for module in (sweep, keeping, facts, reading, rows, text, gathering, points)
    for fault in module.FAULTS
}

RARE = TOLD | points.RARE | gathering.RARE | neighbours.RARE

__all__ = ["FAULTS", "RARE"]
