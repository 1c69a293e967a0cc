"""Stages fused into one update: the text of a function that steps all leaves, one pass over memory for each sum.

In: stages in order, whose names have been made distinct, and what each hyper-parameter is. Out: a module like

    def momentum_step(leaves, values, hyper, memory, counter):
        step = counter[0]
        learning_rate = hyper[0]
        beta = hyper[1]
        for leaf in range(leaves.shape[0]):
            n = leaves[leaf, 0]
            x_leaf = float32_at(leaves[leaf, 1], n)
            ...
            learning_rate_ = float32(learning_rate)
            beta_ = float32(beta)
            for i in range(n):
                v = beta_ * v_leaf[i] + g_leaf[i]
                ...

A name has a level: 0 where it is one number a step, 1 where it is one a leaf, 2 where it is one an element. What has
levels 0 and 1 is computed in float64 outside the loop over elements and enters it as a number of the leaves' type: a
float64 number inside a float32 loop costs it its speed many times over. A sum over all elements is a pass of its own
over what the sum needs, in float64 but for blocks of squares; what the later pass needs again is computed again, not
stored.
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from adtrans.errors import UnsupportedError
from adtrans.optim.items import (
    Item,
    closure,
    first_read,
    is_square,
    is_test,
    is_zero,
    itemised,
    needed,
    read_by,
    segments,
)
from adtrans.optim.numbers import Numbers
from adtrans.optim.stage import FUNCTIONS, Stage, names_in, targets

TYPES = {"f4": "float32", "f8": "float64"}
INDENT = "    "
# Squares of float32 are summed in that type by blocks, and in float64 where a block's sum is beyond these.
BLOCK, SMALLEST, LARGEST = 4096, "1e-30", "1e+37"
# What a step returns; from 0 on, the leaf whose gradient overlaps what the step changes.
DONE, SKIPPED = -1, -2


@dataclass(frozen=True)
class Update:
    """What is fused.

    `bindings` are hyper-parameters: level, and the text of the expression that gives the value; `setup` are statements
    that give others their values, from the step. `guard` names the test that has to hold for a step to be made. What
    is no step, by `is_step`, needs no gradient and leaves the count of steps.
    """

    name: str
    stages: tuple[Stage, ...]
    bindings: dict[str, tuple[int, str]]
    setup: tuple[ast.stmt, ...] = ()
    guard: str | None = None
    gathers: bool = False
    threads: bool = False
    is_step: bool = True

    @property
    def state(self) -> dict[str, float | str]:
        """The arrays of the state and their initial values, in the order of the table's columns."""
        return {name: value for stage in self.stages for name, value in stage.state.items()}

    @property
    def memory(self) -> dict[str, float | str]:
        """The numbers that are kept from step to step."""
        return {name: value for stage in self.stages for name, value in stage.memory.items()}


@dataclass(frozen=True)
class Text:
    """A module that makes a step, and the functions in it, with their signatures, whose arguments do not overlap."""

    text: str
    helpers: tuple[tuple[str, tuple[str, ...]], ...]


def fused(update: Update, dtypes: Sequence[str]) -> Text:
    """The text of the module that makes a step; leaves come in groups, one for each of `dtypes`."""
    writer = _Writer(update, dtypes)
    return Text(writer.module(), tuple(writer.helpers))


class _Writer:
    def __init__(self, update: Update, dtypes: Sequence[str]):
        self.update, self.dtypes = update, tuple(dtypes)
        self.fresh = itertools.count(1)
        body = copy.deepcopy([statement for stage in update.stages for statement in stage.body])
        self.arrays = ("x", "g", *update.state)
        self.levels = dict.fromkeys(self.arrays, 2) | {"size": 1, "rows": 1, "matrix": 1}
        self.levels |= {name: level for name, (level, _) in update.bindings.items()}
        self.levels |= dict.fromkeys(("t", "step", *update.memory, *targets(update.setup)), 0)
        self.items = itemised(body, self.levels)
        for name in update.memory:
            if self.levels[name] > 0:
                raise UnsupportedError(f"{update.name} keeps one number for all leaves, `{name}`, which would depend "
                                       "on one that differs by leaf")
        self.tests = {name for item in self.items for name in targets([item.statement])
                      if isinstance(item.statement, ast.Assign) and is_test(item.statement.value)}
        self.tests |= {"matrix"} | {name for name, (_, text) in update.bindings.items() if text.endswith("!= 0.0")}
        self.counted = "prange" if update.threads else "range"
        self.lines: list[str] = []
        self.outside = 0
        self.bodies: list[list[str]] = []
        self.helpers: list[tuple[str, tuple[str, ...]]] = []

    # --- text

    def module(self) -> str:
        update = self.update
        self.line(0, f"def {update.name}_step(leaves, values, hyper, memory, counter):")
        if update.is_step:
            self.line(1, "for leaf in range(leaves.shape[0]):")
            self.line(2, "if overlap(leaves, leaf):")
            self.line(3, "return leaf")
        self.line(1, "step = counter[0]")
        self.line(1, "t = step + 1.0")
        for name, (level, text) in update.bindings.items():
            if level == 0:
                self.line(1, f"{name} = {text}")
        for node in update.setup:
            self.node(1, node)
        for k, name in enumerate(update.memory):
            self.line(1, f"{name} = memory[{k}]")
        if update.gathers:
            self.gathering()
        for items, group in self.passes(self.items, 0):
            self.statements(1, items, 0)
            for name, _ in group:
                self.line(1, f"of_leaf_{name} = zeros(leaves.shape[0])" if update.threads else f"{name} = 0.0")
            self.leaf_loops(group)
            if update.threads and group:  # in the same order whoever made the parts
                for name, _ in group:
                    self.line(1, f"{name} = 0.0")
                self.line(1, "for leaf in range(leaves.shape[0]):")
                for name, _ in group:
                    self.line(2, f"{name} += of_leaf_{name}[leaf]")
        for k, name in enumerate(update.memory):
            if name in targets([item.statement for item in self.items]):
                self.line(1, f"memory[{k}] = {name}")
        if update.is_step:
            self.line(1, "counter[0] = step + 1")
        self.line(1, f"return {DONE}")
        self.lines = [line for body in (*self.bodies, self.lines) for line in (*body, "", "")][:-2]
        return self.head() + "\n".join(self.lines) + "\n"

    def head(self) -> str:
        text = "\n".join(self.lines)
        numpy = [name for name in ("cos", "exp", "float32", "float64", "floor", "log", "sign", "sqrt", "tanh", "zeros")
                 if f"{name}(" in text]
        memory = [name for name in ("float32_at", "float64_at", "overlap") if f"{name}(" in text]
        wholes = sorted({item.statement.value.func.id for item in self.items if item.changes})
        numbers = " and ".join(TYPES[dtype] for dtype in self.dtypes)
        return (f'"""A step of {self.update.name} on leaves of {numbers}."""\n\n'
                + ("from numba import prange\n" if self.update.threads else "")
                + (f"from numpy import {', '.join(numpy)}\n\n" if numpy else "")
                + (f"from adtrans.optim.matrices import {', '.join(wholes)}\n" if wholes else "")
                + f"from adtrans.optim.memory import {', '.join(memory)}\n\n\n")

    def gathering(self) -> None:
        """Steps of which nothing comes but a sum of gradients."""
        self.line(1, "if arrived + 1.0 < every:")
        column = 1 + self.arrays.index("gathered")
        for span, dtype in self.spans():
            self.line(2, f"for leaf in {self.counted}({span}):")
            self.line(3, "n = leaves[leaf, 0]")
            self.line(3, f"g_leaf = {TYPES[dtype]}_at(leaves[leaf, 2], n)")
            self.line(3, f"gathered_leaf = {TYPES[dtype]}_at(leaves[leaf, {column}], n)")
            self.line(3, "for i in range(n):")
            self.line(4, "gathered_leaf[i] += g_leaf[i]")
        self.line(2, f"memory[{list(self.update.memory).index('arrived')}] = arrived + 1.0")
        self.line(2, f"return {DONE}")

    def passes(self, items: list[Item], level: int) -> Iterator[tuple[list[Item], list[tuple[str, ast.expr]]]]:
        """Statements before a pass, and the totals that the pass makes: as many at once as do not need each other."""
        start, done = 0, set()
        for k, item in enumerate(items):
            if item.total is None or item.level != level or item.total[0] in done:
                continue
            open_ = {other.total[0] for other in items if other.total and other.level == level} - done
            group = [other.total for j, other in enumerate(items) if other.total and other.level == level
                     and other.total[0] in open_ and not open_ & closure(items[:j], names_in(other.total[1]))]
            done |= {name for name, _ in group}
            yield items[start:k], group
            start = k
        yield items[start:], []

    def line(self, depth: int, text: str) -> None:
        self.lines.append(INDENT * depth + text)

    def statements(self, depth: int, items: Iterable[Item], level: int) -> None:
        for item in items:
            if item.total is None and item.level == level:
                self.node(depth, item.statement)
                if self.update.guard in targets([item.statement]):
                    self.line(depth, f"if not {self.update.guard}:")
                    self.line(depth + 1, f"memory[{list(self.update.memory).index('skipped')}] += 1.0")
                    self.line(depth + 1, f"return {SKIPPED}")

    def node(self, depth: int, node: ast.stmt) -> None:
        for line in ast.unparse(node).splitlines():
            self.line(depth, line)

    def spans(self) -> Iterator[tuple[str, str]]:
        """The range of the leaves of each type."""
        bounds = ["0", *[f"counter[{k + 1}]" for k in range(len(self.dtypes) - 1)], "leaves.shape[0]"]
        for k, dtype in enumerate(self.dtypes):
            yield bounds[k + 1] if k == 0 else f"{bounds[k]}, {bounds[k + 1]}", dtype

    def leaf_loops(self, group: list[tuple[str, ast.expr]]) -> None:
        """A loop over the leaves of each type, that ends in sums or, where there are none, in the update."""
        for span, dtype in self.spans():
            self.outside = len(self.lines)
            self.line(1, f"for leaf in {self.counted}({span}):")
            self.leaf(group, dtype)

    def leaf(self, group: list[tuple[str, ast.expr]], dtype: str) -> None:
        """The inside of a loop over leaves."""
        wanted = names_in(*(summed for _, summed in group)) if group else set(self.stored(self.items))
        items = needed(self.before(group), wanted)
        reads = wanted.union(*(names_in(*read_by(item)) for item in items))
        self.line(2, "n = leaves[leaf, 0]")
        for k, name in enumerate(self.arrays):
            if name in reads:
                self.line(2, f"{name}_leaf = {TYPES[dtype]}_at(leaves[leaf, {k + 1}], n)")
        if "size" in reads:
            self.line(2, "size = float64(n)")
        if {"rows", "matrix"} & reads or any(item.changes for item in items):
            self.line(2, "rows = leaves[leaf, leaves.shape[1] - 2]")
            self.line(2, "matrix = rows > 0")
        for name, (level, text) in self.update.bindings.items():
            if level == 1 and name in reads:
                self.line(2, f"{name} = {text}")
        before: list[Item] = []
        for part in segments(items):
            for between, inner in self.passes(part, 1):
                self.statements(2, between, 1)
                for name, _ in inner:
                    self.line(2, f"{name} = 0.0")
                if inner or not group:
                    self.elements([*self.lasting(before), *part], inner, dtype, part)
            before += part
            if part[-1].changes:
                call = part[-1].statement.value
                given = [ast.unparse(arg) for arg in call.args]
                given = [f"{name}_leaf" if name in self.arrays else name for name in given]
                self.line(2, f"{call.func.id}({', '.join(given)})")
        if group and self.update.threads:
            here = [(f"here_{name}", summed) for name, summed in group]
            for name, _ in here:
                self.line(2, f"{name} = 0.0")
            self.elements(items, here, dtype, before=group)
            for (name, _), (total, _) in zip(here, group):
                self.line(2, f"of_leaf_{total}[leaf] = {name}")
        elif group:
            self.elements(items, group, dtype, before=group)

    def before(self, group: list[tuple[str, ast.expr]]) -> list[Item]:
        """The items before the last of some totals."""
        names = {name for name, _ in group}
        last = max((k for k, item in enumerate(self.items) if item.total and item.total[0] in names),
                   default=len(self.items))
        return self.items[:last]

    def stored(self, items: Iterable[Item]) -> list[str]:
        """The arrays that change."""
        changed = {name for item in items if not item.total and not item.changes for name in item.made}
        return [name for name in self.arrays if name in changed and name != "g"]

    def lasting(self, items: list[Item]) -> list[Item]:
        """The items that a later loop may compute again: those that neither change a stored array nor depend on one."""
        spoilt = set(self.stored(items))
        found = []
        for item in items:
            if item.made & spoilt or names_in(*read_by(item)) & spoilt or item.changes:
                spoilt |= item.made
            else:
                found.append(item)
        return found

    def elements(self, items: list[Item], group: list[tuple[str, ast.expr]], dtype: str,
                 part: list[Item] | None = None, before: list[tuple[str, ast.expr]] | None = None) -> None:
        """The loop over the elements of a leaf: sums, or the update, which stores what `part` of the items changes."""
        stored = [] if group else self.stored(items if part is None else part)
        if not group and not stored:
            return
        if group:
            names = {name for name, _ in before or group}
            last = max((k for k, item in enumerate(items) if item.total and item.total[0] in names), default=len(items))
            items = items[:last]
        wanted = names_in(*(summed for _, summed in group)) if group else set(stored)
        items = [item for item in needed(items, wanted) if item.level == 2 and not item.total]
        blocks = dtype == "f4" and bool(group) and not self.update.threads \
            and all(is_square(summed) or is_zero(summed) for _, summed in group)
        wide = dtype == "f8" or bool(group) and not blocks
        if not blocks:
            self.loop(2, items, group, stored, dtype, wide, "n")
            return
        self.line(2, f"for start in range(0, n, {BLOCK}):")
        self.line(3, f"stop = min(start + {BLOCK}, n)")
        parts = [(f"part_of_{name}", summed) for name, summed in group]
        for part, _ in parts:
            self.line(3, f"{part} = float32(0.0)")
        self.loop(3, items, parts, [], dtype, False, "start, stop")
        squares = [part for part, summed in parts if is_square(summed)]
        depth = 3
        if squares:  # of which some may be too large or too small for the type
            self.line(3, "if " + " or ".join(f"not {SMALLEST} < {part} < {LARGEST}" for part in squares) + ":")
            self.loop(4, items, group, [], dtype, True, "start, stop")
            self.line(3, "else:")
            depth = 4
        for (name, _), (part, _) in zip(group, parts):
            self.line(depth, f"{name} += {part}")

    def loop(self, depth: int, items: list[Item], group: list[tuple[str, ast.expr]], stored: list[str], dtype: str,
             wide: bool, span: str) -> None:
        """The loop itself; `wide` where numbers are float64 in it."""
        numbers = Numbers(self.levels, self.tests, self.fresh, wide)
        body = numbers.block(copy.deepcopy([item.statement for item in items]))
        ends = []
        for name, summed in group:
            ends.append((name, numbers.visit(copy.deepcopy(summed))))
            body += numbers.taken()
        for name, (level, text) in numbers.made.items():
            if level == 0:
                self.lines.insert(self.outside, f"{INDENT}{name} = {text}")
                self.outside += 1
            else:
                self.line(depth, f"{name} = {text}")
        loads = first_read([*body, *(summed for _, summed in ends)], self.arrays)
        outer = self.lines
        if not group:
            self.lines = self.own_function(body, loads, stored, dtype, numbers)
            depth, span = 1, "x_leaf.shape[0]" if "x" in {*loads, *stored} else f"{stored[0]}_leaf.shape[0]"
        self.line(depth, f"for i in range({span}):")
        for name in loads:
            loaded = f"{name}_leaf[i]"
            self.line(depth + 1, f"{name} = float64({loaded})" if wide and dtype == "f4" else f"{name} = {loaded}")
        for node in body:
            self.node(depth + 1, node)
        for name, summed in ends:
            self.line(depth + 1, f"{name} += {ast.unparse(summed)}")
        for name in stored:
            self.line(depth + 1, f"{name}_leaf[i] = {name}")
        self.lines = outer

    def own_function(self, body: list[ast.stmt], loads: list[str], stored: list[str], dtype: str,
                     numbers: Numbers) -> list[str]:
        """Call a function for the loop over elements, whose lines are given to be gone on with.

        It is one of its own because its arguments do not overlap, which lets a loop over many arrays vectorise.
        """
        arrays = [name for name in self.arrays if name in {*loads, *stored}]
        free = names_in(*body) - {*self.arrays, *targets(body), "min", "max"}
        given = sorted(name for name in free if name not in FUNCTIONS)
        codes = ["b1" if name in self.tests or numbers.is_made_test(name) else "f8" if numbers.plain else "f4"
                 for name in given]
        name = f"{self.update.name}_{TYPES[dtype]}"
        name += f"_{len(self.bodies) + 1}" if any(name == other for other, _ in self.helpers) else ""
        params = ", ".join([*(f"{array}_leaf" for array in arrays), *given])
        self.line(2, f"{name}({params})")
        self.helpers.append((name, (*[f"{dtype}:1:C"] * len(arrays), *codes)))
        self.bodies.append([f"def {name}({params}):"])
        return self.bodies[-1]
