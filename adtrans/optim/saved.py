"""Checkpoints of `fit` read again: the latest good one, and what is in it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adtrans.errors import CheckpointError
from adtrans.optim import checkpoint as files


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """The checkpoint at a path, or the one before it, with a warning; None where there is neither.

    Raises CheckpointError where there are files, and none of them can be read.
    """
    error: CheckpointError | None = None
    for place in (path, files.previous(path)):
        try:
            found = files.load(place)
        except FileNotFoundError:
            continue
        except CheckpointError as damaged:
            error = error or damaged
            continue
        if error is not None:
            warnings.warn(f"{error}; the checkpoint before it is taken", stacklevel=5)
        return found
    if error is not None:
        raise error
    return None


def is_good(path: Path) -> bool:
    try:
        files.load(path)
    except CheckpointError:
        return False
    return True


def structure(params: Any) -> Any:
    """How parameters are built, as JSON holds it: leaves are numbers where they change, else null."""
    count = iter(range(10**9))

    def written(tree: Any) -> Any:
        if isinstance(tree, dict) or hasattr(tree, "_fields"):
            pairs = tree.items() if isinstance(tree, dict) else zip(tree._fields, tree)
            return {str(key): written(value) for key, value in pairs}
        if isinstance(tree, (tuple, list)):
            return [written(value) for value in tree]
        if isinstance(tree, np.ndarray) and tree.dtype.kind == "f" or isinstance(tree, (float, np.floating)):
            return next(count)
        return None

    return written(params)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of `fit`: parameters (tuples as lists, NamedTuples as dicts), epoch, history, all arrays."""

    params: Any
    epoch: int
    history: dict[str, list[float]]
    arrays: dict[str, np.ndarray]


def load(path: Any) -> Checkpoint:
    """Read a checkpoint of `fit`: the latest good one, with a warning where that is not the latest.

    Raises FileNotFoundError where there is none, CheckpointError (a ValueError) where none can be read.
    """
    found = read(Path(path))
    if found is None:
        raise FileNotFoundError(f"there is no checkpoint at {path}")
    arrays, record = found

    def built(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: built(value) for key, value in tree.items()}
        if isinstance(tree, list):
            return [built(value) for value in tree]
        return None if tree is None else arrays[f"param{tree}"]

    history = {name.removeprefix("history."): values.tolist() for name, values in arrays.items()
               if name.startswith("history.")}
    return Checkpoint(built(record["structure"]), record["epoch"], history, arrays)
