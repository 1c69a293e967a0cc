"""Generated source run by CPython with its parts in random order, every access to an element recorded.

`run(text, entry, args)` gives what the source returns, or raises `Race` where a part of a parallel loop touches an
element that another part of it writes to.
"""

from __future__ import annotations

import random

import numpy as np

from adtrans.backend.python import execute
from tests.poison import spoilt


class Race(Exception):
    """Two parts touch one element, and one of them writes to it."""


class Record:
    """The elements that each part of a loop has read and written, by address; `kept` holds on to all memory."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.part: int | None = None
        self.writers: dict[int, int] = {}
        self.readers: dict[int, set[int]] = {}
        self.kept: list = []

    def prange(self, *bounds):
        """The numbers of the parts in random order."""
        order = list(range(*bounds))
        self.rng.shuffle(order)
        self.writers, self.readers = {}, {}
        for part in order:
            self.part = part
            yield part
        self.part = None
        for address, part in self.writers.items():
            others = self.readers.get(address, set()) - {part}
            if others:
                raise Race(f"element read by part {min(others)} and written by part {part}")

    def read(self, address: int) -> None:
        if self.part is not None:
            self.readers.setdefault(address, set()).add(self.part)

    def write(self, address: int) -> None:
        if self.part is not None and self.writers.setdefault(address, self.part) != self.part:
            raise Race(f"element written by parts {self.writers[address]} and {self.part}")


class Watched(np.ndarray):
    """An array whose accesses to single elements are recorded."""

    record: Record | None = None

    def __array_finalize__(self, other):
        self.record = getattr(other, "record", None)

    def address(self, index) -> int | None:
        index = index if isinstance(index, tuple) else (index,)
        if self.record is None or len(index) != self.ndim or not all(isinstance(k, (int, np.integer)) for k in index):
            return None
        start = self.__array_interface__["data"][0]
        return start + sum((int(k) + n if k < 0 else int(k)) * step
                           for k, n, step in zip(index, self.shape, self.strides))

    def __getitem__(self, index):
        address = self.address(index)
        if address is not None:
            self.record.read(address)
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        address = self.address(index)
        if address is not None:
            self.record.write(address)
        super().__setitem__(index, value)


class Namespace:
    """NumPy, its new arrays watched."""

    def __init__(self, record: Record):
        self.record = record

    def __getattr__(self, name):
        return getattr(np, name)

    def empty(self, *args, **options):
        return watched(spoilt(np.empty(*args, **options)), self.record)

    def zeros(self, *args, **options):
        return watched(np.zeros(*args, **options), self.record)


def watched(array: np.ndarray, record: Record) -> np.ndarray:
    made = array.view(Watched)
    made.record = record
    record.kept.append(made)
    return made


def run(text: str, entry: str, args: tuple, seed: int = 0):
    """What a function of generated source returns."""
    record = Record(seed)
    module = execute(text, f"races_{entry}", f"<races {entry} {seed}>")
    module.__dict__.update(np=Namespace(record), prange=record.prange)
    given = [watched(arg.copy(), record) if isinstance(arg, np.ndarray) else arg for arg in args]
    return module.__dict__[entry](*given)
