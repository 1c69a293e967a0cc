"""The state of an optimizer: what its update reads and writes besides parameters and gradients.

In: parameters, and the names and initial values of arrays. Out: the arrays, and the table of addresses that a step
takes: a row for each leaf, grouped by type,

    elements, address of the parameter, of the gradient, of each array of the state, rows (0 but for matrices), bytes
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.optim.headers import IN_ONE_PIECE, WRITEABLE, expectation, kinds
from adtrans.optim.leaves import check_parameter, items, leaves, like, named_leaves, rebuilt
from adtrans.optim.memory import overlap

# Arrays whose addresses are equal modulo 4096 wait for each other's stores.
PAGE, STAGGER = 4096, 256
# Elements of a piece of a leaf, where threads share leaves.
PIECE = 1 << 16


class State:
    """The state of one optimizer for one set of parameters.

    `state.step` is the number of steps made, `state["m"]` an array of the state, in the form of the parameters,
    `state.memory` the numbers kept by name. All change in place with every step.
    """

    def __init__(self, params: Any, plan: Any, values: np.ndarray | None = None):
        self.plan = plan
        arrays, memory = plan.states, plan.memory
        named = list(named_leaves(params))
        self.active = [k for k, (name, leaf) in enumerate(named) if check_parameter(name, leaf)]
        if not self.active:
            raise ArgumentError("there is no array of floating-point numbers among the parameters")
        self.active.sort(key=lambda k: named[k][1].dtype.itemsize)  # stable: float32 first
        self.names = [named[k][0] for k in self.active]
        chosen = [named[k][1] for k in self.active]
        self.shapes = [leaf.shape for leaf in chosen]
        self.types = [np.dtype(leaf.dtype.type) for leaf in chosen]
        self.dtypes = tuple(dict.fromkeys(dtype.str[1:] for dtype in self.types))
        self.structure = params
        self.kept_grads: list[np.ndarray] = []
        self.counter = np.zeros(1 + max(1, len(self.dtypes) - 1), np.int64)
        self.counter[1] = sum(dtype == self.types[0] for dtype in self.types)
        self.arrays = {name: [self._array(leaf, value, k + 2) for leaf in chosen]
                       for k, (name, value) in enumerate(arrays.items())}
        self.memory_names = tuple(memory)
        self.numbers = np.array([*memory.values(), 0.0])
        self.values = np.zeros((len(chosen), 0)) if values is None else np.ascontiguousarray(values[self.active])
        self.table = np.zeros((len(chosen), 5 + len(arrays)), np.int64)
        self.table[:, -2] = [leaf.shape[0] if leaf.ndim == 2 and leaf.size else 0 for leaf in chosen]
        self.table[:, 0] = [leaf.size for leaf in chosen]
        self.table[:, -1] = [leaf.nbytes for leaf in chosen]
        for k, made in enumerate(self.arrays.values()):
            self.table[:, 3 + k] = [array.ctypes.data for array in made]
        self.pieces = Pieces(self.table, self.types, self.values) if plan.splits else None
        if self.pieces is not None:
            self.counter[1] = self.pieces.first
        self.kernel: Any = None
        self.reader: Any = None
        self.copies: list[tuple[np.ndarray, np.ndarray]] = []
        self.single = isinstance(params, np.ndarray)
        self.flat = self.single or isinstance(params, (tuple, list)) and all(map(is_leaf, params))
        self.keys = tuple(params) if isinstance(params, dict) and all(map(is_leaf, params.values())) else None
        self.expected = expectation(self.active, self.types, self.shapes)
        self.param_kinds = kinds(IN_ONE_PIECE | WRITEABLE, len(named))
        self.grad_kinds = kinds(IN_ONE_PIECE, len(named))

    @staticmethod
    def _array(leaf: np.ndarray, value: float | str, place: int) -> np.ndarray:
        """An array like a leaf, where it does not lie in the way of the leaf modulo 4096 bytes.

        `value` is what it is filled with, "x" for the leaf itself; "rows" and "columns" are zeros for each row, or
        column, of a matrix.
        """
        dtype = np.dtype(leaf.dtype.type)
        if value in ("rows", "columns"):
            return np.zeros(leaf.shape[value == "columns"] if leaf.ndim == 2 else 0, dtype)
        memory = np.empty(leaf.nbytes + 2 * PAGE, np.uint8)
        start = memory.ctypes.data
        first = (leaf.ctypes.data + place * STAGGER - start) % PAGE if leaf.nbytes > PAGE else 0
        first += -(start + first) % 64
        made = memory[first:first + leaf.nbytes].view(dtype).reshape(leaf.shape)
        made[...] = leaf if isinstance(value, str) else value
        return made

    @property
    def step(self) -> int:
        """The number of steps made."""
        return int(self.counter[0])

    @property
    def memory(self) -> dict[str, float]:
        """The numbers that are kept from step to step."""
        return dict(zip(self.memory_names, self.numbers.tolist()))

    def __getitem__(self, name: str) -> Any:
        if name not in self.arrays:
            raise KeyError(f"the state has no {name!r}, but {', '.join(self.arrays) or 'no arrays'}")
        found: list[Any] = [None] * len(leaves(self.structure))
        for k, array in zip(self.active, self.arrays[name]):
            found[k] = array
        return rebuilt(self.structure, iter(found))

    def __repr__(self) -> str:
        return f"<state after {self.step} steps: {', '.join(self.arrays) or 'no arrays'}>"

    # --- the arrays of a step

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The table of leaves and their own numbers, as a step takes them."""
        return (self.table, self.values) if self.pieces is None else self.pieces.of(self.table)

    def bind(self, params: Any, grads: Any) -> None:
        """Find the arrays of a step: by their headers where they are as they should be, else by asking Python."""
        reader, given = self.reader, self.plain(params)
        if self.copies or not (reader and reader(id(given), self.param_kinds, self.table, 1, self.expected)):
            self.bind_params(params)
        given = self.plain(grads)
        if not (reader and reader(id(given), self.grad_kinds, self.table, 2, self.expected)):
            self.bind_grads(grads)

    def plain(self, tree: Any) -> tuple:
        """The leaves of a container as a tuple; something else where it is not built like the parameters."""
        if self.single:
            return (tree,)
        if self.flat and isinstance(tree, (tuple, list)):
            return tuple(tree)
        if self.keys is not None and isinstance(tree, dict):
            return tuple(tree.values()) if tuple(tree) == self.keys else ()
        try:
            return tuple(like(self.structure, tree, ""))
        except ArgumentValueError:
            return ()

    def bind_params(self, params: Any) -> None:
        """Take the addresses of the parameters; those that do not lie in one piece are stepped as copies."""
        given = like(self.structure, params, "params")
        self.copies, kept = [], []
        for row, k in enumerate(self.active):
            leaf = given[k]
            self._check(row, leaf, "params")
            if leaf.dtype != self.types[row] or not leaf.flags.writeable:
                raise ArgumentError(f"{self.names[row]} must be a writeable array of {self.types[row]}")
            if not leaf.flags.c_contiguous or not leaf.flags.aligned or not leaf.dtype.isnative:
                copy = np.array(leaf, self.types[row], order="C")
                self.copies.append((leaf, copy))
                leaf = copy
            kept.append(leaf)
        check_apart(kept, self.names)
        self.table[:, 1] = [leaf.ctypes.data for leaf in kept]

    def bind_grads(self, grads: Any, copied: bool = False) -> None:
        """Take the addresses of the gradients; of copies where they are not arrays like the parameters, or if told."""
        given = like(self.structure, grads, "grads")
        kept = []
        for row, k in enumerate(self.active):
            leaf = given[k]
            if not isinstance(leaf, np.ndarray):
                if leaf is None or not np.isscalar(leaf):
                    raise ArgumentError(f"the gradient of {self.names[row]} is {type(leaf).__name__}, not an array")
                leaf = np.asarray(leaf)
            if leaf.dtype.kind != "f":
                raise ArgumentError(f"the gradient of {self.names[row]} has dtype {leaf.dtype}, which is not floating")
            self._check(row, leaf, "the gradient")
            if copied or leaf.dtype != self.types[row] or not leaf.flags.c_contiguous or not leaf.flags.aligned:
                leaf = np.array(leaf, self.types[row], order="C")
            kept.append(leaf)
        self.table[:, 2] = [leaf.ctypes.data for leaf in kept]
        self.kept_grads = kept

    def is_direct(self, grads: Any) -> bool:
        """Whether a step would read and write the arrays that were bound, and no copies."""
        given = like(self.structure, grads, "grads")
        same = all(given[k].ctypes.data == self.table[row, 2] for row, k in enumerate(self.active))
        return same and not self.copies and not any(overlap(self.table, row) for row in range(len(self.active)))

    def write_back(self) -> None:
        """Bring parameters that were stepped as copies back."""
        for leaf, copy in self.copies:
            leaf[...] = copy

    def _check(self, row: int, leaf: Any, what: str) -> None:
        if not isinstance(leaf, np.ndarray):
            raise ArgumentError(f"{what} of {self.names[row]} is {type(leaf).__name__}, not an array")
        if leaf.shape != self.shapes[row]:
            raise ArgumentValueError(f"{what} of {self.names[row]} has shape {leaf.shape}, not {self.shapes[row]}")


class Pieces:
    """A table of leaves with a row for every piece of a leaf, for threads to share.

    Pieces are as large however many threads there are, so that sums over them do not depend on that.
    """

    def __init__(self, table: np.ndarray, types: list[np.dtype], values: np.ndarray):
        rows = [(leaf, start, min(PIECE, size - start)) for leaf, size in enumerate(table[:, 0])
                for start in range(0, max(1, size), PIECE)]
        self.leaf = np.array([leaf for leaf, _, _ in rows])
        sizes = np.array([size for _, _, size in rows], np.int64)
        width = np.array([types[leaf].itemsize for leaf, _, _ in rows], np.int64)
        self.offset = (np.array([start for _, start, _ in rows], np.int64) * width)[:, None]
        self.first = int(sum(types[leaf] == types[0] for leaf in self.leaf))
        self.values = np.ascontiguousarray(values[self.leaf])
        self.table = np.ascontiguousarray(table[self.leaf])
        self.table[:, 0], self.table[:, -1] = sizes, sizes * width

    def of(self, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows for the addresses in a table of leaves, and numbers by leaf."""
        self.table[:, 1:-2] = table[self.leaf, 1:-2] + self.offset
        return self.table, self.values


def is_leaf(part: Any) -> bool:
    """Whether a part of the parameters is no container."""
    return items(part) is None


def check_apart(arrays: list[np.ndarray], names: list[str]) -> None:
    """Raise ArgumentValueError for two leaves that share memory."""
    spans = sorted((array.ctypes.data, array.ctypes.data + array.nbytes, name) for array, name in zip(arrays, names)
                   if array.size)
    for (_, end, one), (start, _, other) in zip(spans, spans[1:]):
        if start < end:
            raise ArgumentValueError(f"{one} and {other} share memory, so a step would change it twice")
