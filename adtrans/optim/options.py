"""The options of `fit`, checked.

    Options(batch_size=32, epochs=10, shuffle=True, seed=0, accumulate=1, patience=None, history=True, static=(),
            not_finite="stop")
    checkpoint_of(("run.npz", 5))            # Path("run.npz"), 5
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError, UnsupportedError

# What can be asked for by name, first what is there.
PRECISIONS = (None, "mixed_float16", "mixed_bfloat16", "bfloat16")
TARGETS = ("cpu", "cuda")


@dataclass(frozen=True)
class Options:
    """The numbers of a training, checked."""

    batch_size: int | None
    epochs: int
    shuffle: bool
    seed: int
    accumulate: int
    patience: int | None
    history: bool
    static: tuple
    not_finite: str

    def __post_init__(self):
        for name, least in (("batch_size", 1), ("epochs", 0), ("accumulate", 1), ("patience", 0)):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise ArgumentError(f"{name} must be a whole number, not {value!r}")
            if value < least:
                raise ArgumentValueError(f"{name} must be at least {least}, not {value}")
        if not isinstance(self.seed, (int, np.integer)):
            raise ArgumentError(f"seed must be a whole number, not {self.seed!r}")
        if self.not_finite not in ("stop", "skip"):
            raise ArgumentValueError(f"not_finite must be 'stop' or 'skip', not {self.not_finite!r}")


def check_built(precision: str | None, target: str) -> None:
    """Refuse what has a name and does not exist: ArgumentValueError for other names, UnsupportedError for these."""
    for name, value, known in (("precision", precision, PRECISIONS), ("target", target, TARGETS)):
        if value not in known:
            raise ArgumentValueError(f"{name} must be one of {', '.join(map(repr, known))}, not {value!r}")
        if value != known[0]:
            raise UnsupportedError(f"fit with {name}={value!r} is not built yet; {name}={known[0]!r} is")


def checkpoint_of(given: Any) -> tuple[Path | None, int]:
    """A path, and the number of epochs between checkpoints."""
    if given is None:
        return None, 1
    path, every = given if isinstance(given, tuple) else (given, 1)
    if not isinstance(every, (int, np.integer)) or every < 1:
        raise ArgumentValueError(f"a checkpoint is made every 1 or more epochs, not {every!r}")
    return Path(path), int(every)
