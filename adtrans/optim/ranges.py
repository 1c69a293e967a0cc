"""What hyper-parameters may be, told by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adtrans.errors import ArgumentValueError
from adtrans.optim.schedule import number

# Averages over the past forget: from 0, where they hold the latest value only, to below 1.
FRACTIONS = {"b1", "b2", "b3", "beta", "decay", "momentum", "rho"}
NOT_NEGATIVE = {"learning_rate", "eps", "eps_root", "weight_decay", "c", "initial_accumulator_value"}
POSITIVE = {"limit", "max_norm", "every"}


def check(hyper: Mapping[str, Any], name: str) -> None:
    """Raise ArgumentValueError for a hyper-parameter out of range, ArgumentError for one that is no number.

    Schedules, and what differs by leaf, are not looked into.
    """
    for key, value in hyper.items():
        if value is None or isinstance(value, bool) or callable(value) or hasattr(value, "numbers"):
            continue
        found = number(value, f"{name}: {key}")
        if key in FRACTIONS and not 0.0 <= found < 1.0:
            raise ArgumentValueError(f"{name}: {key} must lie in [0, 1), not {value}")
        if key in NOT_NEGATIVE and not found >= 0.0:
            raise ArgumentValueError(f"{name}: {key} must not be below 0, but is {value}")
        if key in POSITIVE and not found > 0.0:
            raise ArgumentValueError(f"{name}: {key} must be above 0, not {value}")
