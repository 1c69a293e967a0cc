"""The plan of an update: parts of a chain read, given distinct names, and put together.

In: parts, each a scalar function with its state and the values of its hyper-parameters. Out: an `Update` to be written,
and the numbers that it takes at run time: hyper-parameters are places in arrays, so others are the same update.
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adtrans.optim.fusion import Text, Update, fused
from adtrans.optim.kernels import compiled
from adtrans.optim.leaves import each
from adtrans.optim.schedule import Schedule
from adtrans.optim.stage import KEPT, WHOLES, Stage, assign, names_in, stage_of, targets

SIGNATURE = ("i8:2:C", "f8:2:C", "f8:1:C", "f8:1:C", "i8:1:C")


@dataclass(frozen=True)
class PerLeaf:
    """A hyper-parameter with a number of its own for each leaf; see `per_leaf`."""

    numbers: Any


@dataclass(frozen=True)
class Part:
    """A stage before it is read: a scalar function, the initial values of its state, its hyper-parameters.

    `gives` is "x" for rules and "g" for what comes before them. `static` are hyper-parameters whose truth decides what
    the update is; flags always do. `turn` is for rules whose gradients are not taken at the parameters: it brings
    these there, and back if they are there, as the number `ahead` of the memory tells and is told.
    """

    fun: Callable
    hyper: Mapping[str, Any]
    state: Mapping[str, float | str] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    gives: str = "x"
    static: tuple[str, ...] = ()
    name: str | None = None
    mask: Any = None
    always: tuple[str, ...] = ()
    turn: Callable | None = None

    def stage(self) -> Stage:
        return self.read(self.fun)

    def read(self, fun: Callable) -> Stage:
        known = {name: value for name, value in self.hyper.items() if isinstance(value, bool)}
        known |= {name: self.hyper[name] is not None and self.hyper[name] != 0.0 for name in self.static}
        return stage_of(fun, self.state, self.memory, known, self.gives)


class Plan:
    """Parts read and put together: the update, and the numbers that it takes."""

    def __init__(self, parts: tuple[Part, ...], threads: int = 1):
        self.parts, self.threads = parts, threads
        self.texts: dict[tuple[str, ...], Text] = {}
        self.turns: dict[tuple[str, ...], Text] = {}
        self.bindings: dict[str, tuple[int, str]] = {}
        self.setup: list[ast.stmt] = []
        self.per_leaf: list[Any] = []
        self.calls: list[tuple[int, Callable]] = []
        self.fresh = itertools.count(1)
        numbers: list[float] = []
        taken: set[str] = set()
        stages, turns = [], []
        self.place = -1
        learning_rate = next((part.hyper["learning_rate"] for part in reversed(parts)
                              if part.hyper.get("learning_rate") is not None), None)
        for k, part in enumerate(parts):
            stage, meaning = distinct(part.stage(), taken, k + 1)
            turns.append(replace(stage, body=(), returned=()) if part.turn is None else
                         renamed(part.read(part.turn), meaning))
            if part.mask is not None:
                stage, turns[-1] = (masked_stage(each, f"on{k + 1}") for each in (stage, turns[-1]))
                self.bind(f"on{k + 1}", PerLeaf(part.mask), numbers)
            for name in (*stage.hyper, *part.always):
                own = next((key for key, value in meaning.items() if value == name), name)
                value = part.hyper[own]
                self.bind(name, learning_rate if value is None and own == "learning_rate" else value, numbers)
            stages.append(stage)
            if part.turn is not None:
                ahead = meaning["ahead"]
        self.numbers = np.array([*numbers, 0.0])
        self.moves = any(stage.moves for stage in stages)
        guard = "finite" if any("skipped" in stage.memory for stage in stages) else None
        self.name = "_".join(part.name or part.fun.__name__ for part in parts if part.name != "")
        self.update = Update(self.name, tuple(stages), self.bindings, tuple(self.setup), guard,
                             any("arrived" in stage.memory for stage in stages), threads > 1)
        if any(part.turn for part in parts):
            self.turn = replace(self.update, name=f"{self.name}_turn", stages=tuple(turns), guard=None, gathers=False,
                                is_step=False)
            self.place = list(self.update.memory).index(ahead)
        self.states = {name: self.initial(parts, value) for name, value in self.update.state.items()}
        self.memory = {name: self.initial(parts, value) for name, value in self.update.memory.items()}

    def initial(self, parts: tuple[Part, ...], value: float | str) -> float | str:
        """An initial value, which may be that of a hyper-parameter."""
        if isinstance(value, str) and value not in ("x", "rows", "columns"):
            return float(next(part.hyper[value] for part in parts if value in part.hyper))
        return value

    def bind(self, name: str, value: Any, numbers: list[float]) -> None:
        """Say where the update finds a hyper-parameter."""
        match value:
            case Schedule():
                self.setup += value.statements("step", name, numbers, self.fresh, "hyper")
            case PerLeaf():
                test = " != 0.0" if name.startswith("on") and name[2:].isdigit() else ""
                self.bindings[name] = (1, f"values[leaf, {len(self.per_leaf)}]{test}")
                self.per_leaf.append(value.numbers)
            case _:
                if callable(value):
                    self.calls.append((len(numbers), value))
                    value = 0.0
                self.bindings[name] = (0, f"hyper[{len(numbers)}]")
                numbers.append(float(value))

    def take(self, other: Plan) -> None:
        """The numbers of another plan of the same text."""
        self.numbers[...] = other.numbers
        self.calls = other.calls

    def call(self, step: int) -> None:
        for k, function in self.calls:
            self.numbers[k] = function(step)

    def values(self, params: Any) -> np.ndarray | None:
        """The numbers of each leaf."""
        if not self.per_leaf:
            return None
        return np.array([each(params, numbers, "per_leaf") for numbers in self.per_leaf]).T

    def written(self, dtypes: tuple[str, ...]) -> Text:
        """The update for leaves of these types."""
        if dtypes not in self.texts:
            self.texts[dtypes] = fused(self.update, dtypes)
        return self.texts[dtypes]

    def text(self, dtypes: tuple[str, ...]) -> str:
        return self.written(dtypes).text

    def written_turn(self, dtypes: tuple[str, ...]) -> Text:
        """What brings the parameters to where the gradient is taken and back, of a plan that has a `place` for that."""
        if dtypes not in self.turns:
            self.turns[dtypes] = fused(self.turn, dtypes)
        return self.turns[dtypes]

    def turning(self, dtypes: tuple[str, ...]) -> Callable:
        """The same, compiled."""
        made = self.written_turn(dtypes)
        return compiled(made.text, f"{self.turn.name}_step", SIGNATURE, made.helpers, self.threads > 1)

    def kernel(self, dtypes: tuple[str, ...]) -> Callable:
        """The compiled step for leaves of these types."""
        made = self.written(dtypes)
        return compiled(made.text, f"{self.name}_step", SIGNATURE, made.helpers, self.threads > 1)

    @property
    def splits(self) -> bool:
        """Whether a step may take a leaf in pieces: with threads, where nothing is asked of whole leaves."""
        whole = {"leaf_total", "size", "rows", "matrix", *WHOLES}
        return self.threads > 1 and not any(whole & names_in(*stage.body) for stage in self.update.stages)


class _Renamed(ast.NodeTransformer):
    def __init__(self, meaning: Mapping[str, str]):
        self.meaning = meaning

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.meaning.get(node.id, node.id), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.Call:
        return ast.Call(node.func, [self.visit(arg) for arg in node.args], [])


def distinct(stage: Stage, taken: set[str], k: int) -> tuple[Stage, dict[str, str]]:
    """A stage whose names no stage before it has; and what its names were called before."""
    own = {*stage.hyper, *stage.state, *stage.memory, *targets(stage.body)} - KEPT
    meaning = {name: f"{name}{k}" if name in taken else name for name in sorted(own)}
    taken |= set(meaning.values())
    return renamed(stage, meaning), meaning


def renamed(stage: Stage, meaning: Mapping[str, str]) -> Stage:
    """A stage with other names."""
    rename = _Renamed(meaning)
    body = tuple(ast.fix_missing_locations(rename.visit(copy.deepcopy(line))) for line in stage.body)
    return Stage(stage.name, body, tuple(meaning[name] for name in stage.hyper),
                 {meaning[name]: value for name, value in stage.state.items()},
                 {meaning[name]: value for name, value in stage.memory.items()},
                 tuple(meaning.get(name, name) for name in stage.returned))


def masked_stage(stage: Stage, on: str) -> Stage:
    """A stage that changes leaves only where `on` is true, and sums over these only.

    Numbers that are kept from step to step are the same for all leaves, and change whichever are chosen. Arrays that
    functions of whole leaves change in place are scratch to other leaves, for which the functions are not called.
    """
    wholes = {line.value.args[0].id for line in stage.body if isinstance(line, ast.Expr)}
    inner = {name: f"{name}_{on}" for name in stage.returned if name not in {*stage.memory, *wholes}}
    before = [assign(new, ast.Name(old, ast.Load())) for old, new in inner.items()]
    body = [_Renamed(inner).visit(copy.deepcopy(line)) for line in stage.body]
    body = [_Masked(on).visit(line) for line in body]
    after = [assign(old, ast.IfExp(ast.Name(on, ast.Load()), ast.Name(new, ast.Load()), ast.Name(old, ast.Load())))
             for old, new in inner.items()]
    return replace(stage, body=tuple(map(ast.fix_missing_locations, [*before, *body, *after])))


class _Masked(ast.NodeTransformer):
    """Sums over, and functions of, whole leaves for chosen leaves only."""

    def __init__(self, on: str):
        self.on = on

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node = self.generic_visit(node)
        if node.func.id == "total":
            node.args = [ast.IfExp(ast.Name(self.on, ast.Load()), node.args[0], ast.Constant(0.0))]
        elif node.func.id in WHOLES:
            node.args[1] = ast.BoolOp(ast.And(), [ast.Name(self.on, ast.Load()), node.args[1]])
        return node
