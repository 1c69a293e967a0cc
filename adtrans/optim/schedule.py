"""A schedule: a closed form with its numbers, as statements that give the value at a step.

In: a form (see `forms`) and its arguments, numbers or other schedules. Out: a value, a function that Numba compiles,
or statements for a generated update, in which the numbers are taken from an array, so that others need no new code.
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from adtrans.backend.typing import register
from adtrans.errors import ArgumentError
from adtrans.optim.stage import assign, stage_of, targets


def number(value: Any, name: str) -> float:
    """A number; ArgumentError (a TypeError), naming it, for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be a number, not {type(value).__name__}") from None


class Form:
    """The statements of a scalar function of the step and some numbers, with names of their own wherever they go."""

    def __init__(self, fun: Callable):
        self.name = fun.__name__
        self.names = tuple(inspect.signature(fun).parameters)[1:]
        stage = stage_of(fun, {}, {}, {}, gives="g", positional=False)
        self.body = stage.body

    def placed(self, step: str, arguments: list[ast.expr], result: str, fresh: Iterator[int]) -> list[ast.stmt]:
        """Statements that give `result` the value at `step`."""
        meant: dict[str, ast.expr] = dict(zip(self.names, arguments))
        meant["step"] = ast.Name(step, ast.Load())
        local = sorted(targets(self.body) - {"g"})
        meant |= {name: ast.Name(f"{name}{next(fresh)}", ast.Load()) for name in local}
        meant["g"] = ast.Name(result, ast.Load())
        return [ast.fix_missing_locations(_Renamed(meant).visit(copy.deepcopy(line))) for line in self.body]


class _Renamed(ast.NodeTransformer):
    def __init__(self, meant: dict[str, ast.expr]):
        self.meant = meant

    def visit_Name(self, node: ast.Name) -> ast.expr:
        found = self.meant.get(node.id)
        if found is None:
            return node
        return ast.Name(found.id, node.ctx) if isinstance(found, ast.Name) else copy.deepcopy(found)


@functools.cache
def form_of(fun: Callable) -> Form:
    return Form(fun)


@dataclass(frozen=True)
class Schedule:
    """A hyper-parameter as a function of the step: `form(step, *arguments)`, arguments numbers or schedules."""

    form: Callable
    arguments: tuple

    def __post_init__(self):
        given = tuple(argument if isinstance(argument, Schedule) else number(argument, name) for argument, name in
                      zip(self.arguments, form_of(self.form).names))
        object.__setattr__(self, "arguments", given)

    def statements(self, step: str, result: str, numbers: list[float], fresh: Iterator[int],
                   array: str = "numbers") -> list[ast.stmt]:
        """Statements that give the name `result` the value at the number named `step`.

        They find their numbers in `array`, at the places at which these are appended to `numbers`.
        """
        made, arguments = [], []
        for argument in self.arguments:
            if isinstance(argument, Schedule):
                name = f"inner{next(fresh)}"
                made += argument.statements(step, name, numbers, fresh, array)
                arguments.append(ast.Name(name, ast.Load()))
            else:
                arguments.append(slot(array, len(numbers)))
                numbers.append(argument)
        return made + form_of(self.form).placed(step, arguments, result, fresh)

    @functools.cached_property
    def source(self) -> str:
        """The text of the schedule: a function of the step and its numbers."""
        return self._written[0]

    @functools.cached_property
    def _written(self) -> tuple[str, tuple[float, ...]]:
        numbers: list[float] = []
        lines = self.statements("step", "value", numbers, iter(range(1, 10**6)))
        body = "\n".join("    " + line for node in lines for line in ast.unparse(node).splitlines())
        used = [name for name in ("cos", "exp", "floor", "log", "sqrt") if f"{name}(" in body]
        head = f"from numpy import {', '.join(used)}\n\n\n" if used else ""
        return f"{head}def schedule(step, numbers):\n{body}\n    return value\n", tuple(numbers)

    @functools.cached_property
    def _function(self) -> Callable:
        from adtrans.backend.python import load_module

        return load_module(self.source, "schedule", "schedule")

    def __call__(self, step: int) -> float:
        return float(self._function(float(step), self._written[1]))

    def numba_dispatcher(self, types, mode: str = "call"):
        """The compiled schedule, for Numba."""
        import numba

        function, numbers = numba.njit(error_model="numpy")(self._function), self._written[1]

        @numba.njit
        def schedule(step):
            return function(float(step), numbers)

        schedule.compile(tuple(types))
        schedule.disable_compile()
        return schedule

    def py_func(self, step):
        return self(step)

    def __mul__(self, other) -> Schedule:
        from adtrans.optim import forms

        return Schedule(forms.product, (self, other))

    def __add__(self, other) -> Schedule:
        from adtrans.optim import forms

        return Schedule(forms.sum_of, (self, other))

    __rmul__, __radd__ = __mul__, __add__

    def __repr__(self) -> str:
        return f"{self.form.__name__}({', '.join(map(repr, self.arguments))})"


register(Schedule)


class Join(Schedule):
    """Schedules one after the other, each counted from the boundary that it begins at."""

    def __init__(self, schedules: tuple[Schedule, ...], boundaries: tuple[float, ...]):
        object.__setattr__(self, "form", Join)
        object.__setattr__(self, "arguments", (schedules, boundaries))

    def statements(self, step, result, numbers, fresh, array="numbers"):
        schedules, boundaries = self.arguments
        made = schedules[0].statements(step, result, numbers, fresh, array)
        for schedule, boundary in zip(schedules[1:], boundaries):
            at = slot(array, len(numbers))
            numbers.append(boundary)
            since = f"since{next(fresh)}"
            inner = schedule.statements(since, result, numbers, fresh, array)
            begun = ast.Compare(ast.Name(step, ast.Load()), [ast.GtE()], [at])
            start = assign(since, ast.BinOp(ast.Name(step, ast.Load()), ast.Sub(), copy.deepcopy(at)))
            made.append(ast.fix_missing_locations(ast.If(begun, [start, *inner], [])))
        return made

    def __repr__(self) -> str:
        return f"join({self.arguments[0]!r}, {self.arguments[1]!r})"


def slot(array: str, k: int) -> ast.expr:
    """array[k]"""
    return ast.Subscript(ast.Name(array, ast.Load()), ast.Constant(k), ast.Load())
