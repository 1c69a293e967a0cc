"""The optimizer: stages with their hyper-parameters, and the compiled step that is made of them.

    optimizer = chain(clip_by_global_norm(1.0), adamw(1e-3))
    state = optimizer.init(params)
    optimizer.step(params, grads, state)       # params and state change in place
    print(optimizer.source)                    # the loop that ran
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.optim.fusion import Text, Update, fused
from adtrans.optim.headers import reader
from adtrans.optim.kernels import compiled
from adtrans.optim.leaves import each
from adtrans.optim.schedule import Schedule
from adtrans.optim.stage import KEPT, Stage, assign, stage_of, targets
from adtrans.optim.state import State

SIGNATURE = ("i8:2:C", "f8:2:C", "f8:1:C", "f8:1:C", "i8:1:C")


@dataclass(frozen=True)
class PerLeaf:
    """A hyper-parameter with a number of its own for each leaf; see `per_leaf`."""

    numbers: Any


@dataclass(frozen=True)
class Part:
    """A stage before it is read: a scalar function, the initial values of its state, its hyper-parameters.

    `gives` is "x" for rules and "g" for what comes before them. `static` are hyper-parameters whose truth decides what
    the update is; flags always do.
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

    def stage(self) -> Stage:
        known = {name: value for name, value in self.hyper.items() if isinstance(value, bool)}
        known |= {name: self.hyper[name] is not None and self.hyper[name] != 0.0 for name in self.static}
        return stage_of(self.fun, self.state, self.memory, known, self.gives)


class Optimizer:
    """An update of parameters by gradients. Made by `adam` and the like, `chain` and `rule`.

    Hyper-parameters are attributes and can be set: `optimizer.learning_rate = 1e-4` holds from the next step on, and
    compiles nothing.
    """

    def __init__(self, parts: tuple[Part, ...]):
        vars(self)["parts"] = parts
        vars(self)["_made"] = None
        vars(self)["_latest"] = None

    # --- what it is

    @property
    def name(self) -> str:
        rules = [part.name or part.fun.__name__ for part in self.parts]
        return "_".join(rules)

    def __repr__(self) -> str:
        shown = [f"{part.name or part.fun.__name__}({', '.join(f'{k}={v!r}' for k, v in part.hyper.items())})"
                 for part in self.parts]
        return shown[0] if len(shown) == 1 else f"chain({', '.join(shown)})"

    def __call__(self, *args, **hyper) -> Optimizer:
        """The same with other hyper-parameters, in the order in which they were declared, or by name."""
        names = list(self.parts[-1].hyper)
        if len(args) > len(names):
            raise ArgumentError(f"{self.name} has {len(names)} hyper-parameters, not {len(args)}")
        given = dict(zip(names, args)) | hyper
        for name in given:
            if not any(name in part.hyper for part in self.parts):
                raise ArgumentError(f"{self.name} has no hyper-parameter {name!r}, but {', '.join(names)}")
        parts = tuple(replace(part, hyper={name: given.get(name, value) for name, value in part.hyper.items()})
                      for part in self.parts)
        return Optimizer(parts)

    def __getattr__(self, name: str) -> Any:
        for part in reversed(self.parts):
            if name in part.hyper:
                return part.hyper[name]
        raise AttributeError(f"{type(self).__name__} {self.name} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        places = [k for k, part in enumerate(self.parts) if name in part.hyper]
        if not places:
            raise AttributeError(f"{self.name} has no hyper-parameter {name!r}")
        k = places[-1]
        part = self.parts[k]
        part = replace(part, hyper={**part.hyper, name: value})
        parts = (*self.parts[:k], part, *self.parts[k + 1:])
        if self._made is None:
            vars(self)["parts"] = parts
            return
        made = _Plan(parts)
        if made.text(("f8",)) != self._made.text(("f8",)) or made.states != self._made.states:
            raise ArgumentValueError(f"{name} = {value!r} makes another update, not the same with another number: "
                                     "make a new optimizer")
        vars(self)["parts"] = parts
        self._made.take(made)

    @property
    def plan(self) -> _Plan:
        """The stages read and put together, when first needed."""
        if self._made is None:
            vars(self)["_made"] = _Plan(self.parts)
        return self._made

    @property
    def source(self) -> str:
        """The generated update: what ran at the latest step, for float64 leaves before there was one."""
        return self.plan.text(self._latest or ("f8",))

    # --- steps

    def init(self, params: Any) -> State:
        """The state for parameters: an array of float32 or float64, or a tuple, NamedTuple, list or dict of such.

        Leaves that are not floating-point are left alone. Raises ArgumentError (a TypeError) where nothing can be
        stepped, or a number stands where an array has to, ArgumentValueError (a ValueError) for arrays that share
        memory or are read-only.
        """
        plan = self.plan
        if not plan.moves:
            raise ArgumentValueError(f"{self.name} changes gradients only: chain it with an optimizer")
        state = State(params, plan.states, plan.memory, plan.values(params))
        state.bind_params(params)
        state.plan = plan
        return state

    def step(self, params: Any, grads: Any, state: State) -> None:
        """One step: `params` and `state` change in place.

        Arguments: `params` built as they were for `init`; `grads` built like them, arrays of the same shapes (None, or
        anything, for leaves that are not floating-point).

        Raises ArgumentValueError (a ValueError) for other shapes or structures, ArgumentError (a TypeError) for
        gradients that are not floating-point.
        """
        if state.kernel is None or state.plan is not self._made:
            self._kernel(state)
        self._run(state.kernel, params, grads, state)

    def interpreted(self, params: Any, grads: Any, state: State) -> None:
        """What `step` does, the same generated source run by CPython."""
        from adtrans.backend.python import load_module

        self._own(state)
        entry = f"{state.plan.name}_step"
        with np.errstate(all="ignore"):
            self._run(load_module(state.plan.text(state.dtypes), entry, entry), params, grads, state)

    @staticmethod
    def _run(kernel: Callable, params: Any, grads: Any, state: State) -> None:
        state.bind(params, grads)
        plan = state.plan
        if plan.calls:
            plan.call(state.step)
        if kernel(state.table, state.values, plan.numbers, state.numbers, state.counter) >= 0:
            state.bind_grads(grads, copied=True)  # one of them overlaps what the step changes
            kernel(state.table, state.values, plan.numbers, state.numbers, state.counter)
        if state.copies:
            state.write_back()

    def _own(self, state: State) -> None:
        plan = self.plan
        if state.plan is not plan and state.plan.text(state.dtypes) != plan.text(state.dtypes):
            raise ArgumentValueError(f"the state is that of another update, {state.plan.name}, not of {self.name}")
        state.plan = plan
        vars(self)["_latest"] = state.dtypes

    def _kernel(self, state: State) -> None:
        self._own(state)
        state.reader = reader()
        state.kernel = state.plan.kernel(state.dtypes)


class _Plan:
    """Parts read and put together: the update, and the numbers that it takes."""

    def __init__(self, parts: tuple[Part, ...]):
        self.parts = parts
        self.texts: dict[tuple[str, ...], Text] = {}
        self.bindings: dict[str, tuple[int, str]] = {}
        self.setup: list[ast.stmt] = []
        self.per_leaf: list[Any] = []
        self.calls: list[tuple[int, Callable]] = []
        self.fresh = itertools.count(1)
        numbers: list[float] = []
        taken: set[str] = set()
        stages = []
        learning_rate = next((part.hyper["learning_rate"] for part in reversed(parts)
                              if part.hyper.get("learning_rate") is not None), None)
        for k, part in enumerate(parts):
            stage, meaning = distinct(part.stage(), taken, k + 1)
            if part.mask is not None:
                stage = masked_stage(stage, f"on{k + 1}")
                self.bind(f"on{k + 1}", PerLeaf(part.mask), numbers)
            for name in (*stage.hyper, *part.always):
                own = next((key for key, value in meaning.items() if value == name), name)
                value = part.hyper[own]
                self.bind(name, learning_rate if value is None and own == "learning_rate" else value, numbers)
            stages.append(stage)
        self.numbers = np.array([*numbers, 0.0])
        self.moves = any(stage.moves for stage in stages)
        guard = "finite" if any("skipped" in stage.memory for stage in stages) else None
        self.name = "_".join(part.name or part.fun.__name__ for part in parts if part.name != "")
        self.update = Update(self.name, tuple(stages), self.bindings, tuple(self.setup), guard,
                             any("arrived" in stage.memory for stage in stages))
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

    def take(self, other: _Plan) -> None:
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

    def kernel(self, dtypes: tuple[str, ...]) -> Callable:
        """The compiled step for leaves of these types."""
        made = self.written(dtypes)
        return compiled(made.text, f"{self.name}_step", SIGNATURE, made.helpers)


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
    rename = _Renamed(meaning)
    body = tuple(ast.fix_missing_locations(rename.visit(copy.deepcopy(line))) for line in stage.body)
    made = Stage(stage.name, body, tuple(meaning[name] for name in stage.hyper),
                 {meaning[name]: value for name, value in stage.state.items()},
                 {meaning[name]: value for name, value in stage.memory.items()},
                 tuple(meaning.get(name, name) for name in stage.returned))
    return made, meaning


def masked_stage(stage: Stage, on: str) -> Stage:
    """A stage that changes leaves only where `on` is true, and sums over these only."""
    inner = {name: f"{name}_{on}" for name in stage.returned}
    before = [assign(new, ast.Name(old, ast.Load())) for old, new in inner.items()]
    body = [_Renamed(inner).visit(copy.deepcopy(line)) for line in stage.body]
    body = [_MaskedTotals(on).visit(line) for line in body]
    after = [assign(old, ast.IfExp(ast.Name(on, ast.Load()), ast.Name(new, ast.Load()), ast.Name(old, ast.Load())))
             for old, new in inner.items()]
    return replace(stage, body=tuple(map(ast.fix_missing_locations, [*before, *body, *after])))


class _MaskedTotals(ast.NodeTransformer):
    def __init__(self, on: str):
        self.on = on

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node = self.generic_visit(node)
        if node.func.id == "total":
            node.args = [ast.IfExp(ast.Name(self.on, ast.Load()), node.args[0], ast.Constant(0.0))]
        return node
