"""A function with a start and further arguments, as compiled solvers call it: addresses in an array.

    problem = Problem(fun, x0, args)
    problem.addresses(["evaluate"])          # what a compiled solver takes for its `problem`

Compiled code for a function is made when it is first asked for, and kept for the next problem with that function and
arguments of the same types.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adtrans import cache
from adtrans.errors import ArgumentError, ArgumentValueError, LocatedTypeError
from adtrans.gradient import GradientFunction, Settings, located
from adtrans.lower.program import ArrayResult, NumberResult, TupleResult
from adtrans.optim.entries import EntryText
from adtrans.optim.flat import Flat
from adtrans.structure import ArraySpec, NumberSpec, leaf_specs, leaves, spec_of

# What solvers ask for, in the order of `adtrans.optim.solvers.calls`, and the mode of the transformation behind it.
MODES = {"evaluate": "value_and_grad", "curve": "hvp", "residuals": "value", "push": "jvp", "pull": "pullback"}
FAILURES = (IndexError, ZeroDivisionError, AssertionError, UnboundLocalError, ArithmeticError, RuntimeError, TypeError,
            LookupError)
_numbers = itertools.count()


@dataclass
class Objective:
    """The derivatives of a function, and the entries compiled for it."""

    gradient: GradientFunction
    identity: Any = None
    entries: dict = field(default_factory=dict)

    def kept(self) -> dict:
        """The entries as long as the function is what it was."""
        if self.identity is not self.gradient.identity:
            self.identity, self.entries = self.gradient.identity, {}
        return self.entries


def objective_of(fun: Callable) -> Objective:
    """The objective of a function, the same for the same function."""
    if not callable(fun):
        raise ArgumentError(f"a function is needed, not {type(fun).__name__}")
    try:
        return _objective(fun)
    except TypeError:
        return _objective.__wrapped__(fun)


@functools.lru_cache(maxsize=128)
def _objective(fun: Callable) -> Objective:
    if isinstance(fun, GradientFunction):
        if fun.argnames != fun.names[:1] or isinstance(fun.settings.argnums, tuple):
            raise ArgumentValueError("a gradient function given as objective must be one by the first argument alone")
        return Objective(fun)
    return Objective(GradientFunction(fun, Settings(0), True))


class Problem:
    """A function, its first argument as a vector, and the others. See the module."""

    def __init__(self, fun: Callable, x0: Any, args: Any = ()):
        self.objective = objective_of(fun)
        self.gradient = self.objective.gradient
        self.flat = Flat.of(x0)
        args = args if isinstance(args, tuple) else (args,)
        self.bound = self.gradient._bind((self.flat.given, *args), {})
        others = list(self.bound)[1:]
        self.bound.update({name: contiguous(self.bound[name], name) for name in others})
        self.found = self.gradient._find(self.bound)
        if self.found.shared:
            self.bound.update({name: contiguous(self.bound[name], name, always=True) for name in others})
            self.found = self.gradient._find(self.bound)
            self.overlapped = True
        else:
            self.overlapped = False
        self.contexts: list[Any] = []
        self.sizes: list[int] = []
        self.shape: Any = None

    # --- running

    def solve(self, kinds: tuple[str, ...], run: Callable[[np.ndarray], Any]) -> Any:
        """What `run(addresses)` returns, started again where what was assumed of the arguments' extents was wrong.

        Exceptions of the function come out as when it is called by itself.
        """
        while True:
            try:
                return run(self.addresses(kinds))
            except ValueError as error:
                wider = self.gradient._wider(self.found, self.bound, error)
                if wider is None:
                    raise located(error) from None
                self.found = wider
            except FAILURES as error:
                raise located(error) from None

    def addresses(self, kinds: tuple[str, ...]) -> np.ndarray:
        """Address and context of each entry."""
        made = np.zeros(2 * len(MODES), np.int64)
        self.contexts = []
        for place, kind in enumerate(MODES):
            if kind in kinds:
                address, context = self.entry(kind)
                self.contexts.append(context)
                words = context.made()
                self.contexts.append(words)
                made[2 * place], made[2 * place + 1] = address, words.ctypes.data
        return made

    def entry(self, kind: str) -> tuple[int, Any]:
        """The address of the compiled entry for one kind of call, and the context for these arguments."""
        mode = self.gradient._mode(self.found, MODES[kind])
        if self.overlapped and mode.product.meta["writes"]:
            raise ArgumentValueError("arguments overlap in memory, and the function writes to one: pass a copy of it")
        text, result = self.described(kind, mode)
        entries = self.objective.kept()
        if (id(self.found), kind) not in entries:
            entries[id(self.found), kind] = self.found, *self.compiled(kind, mode, text, result)
        return entries[id(self.found), kind][-1], text.context

    def compiled(self, kind: str, mode: Any, text: EntryText, result: str) -> tuple[Callable, int]:
        """The entry, and its address."""
        from adtrans.backend import cpu
        from adtrans.backend.entries import entry_address

        name = f"{kind}_entry"
        own = self.gradient._key(self.found, MODES[kind])
        body = text.written(name, result, f"{mode.product.entry}, {own or f'number {next(_numbers)} of a process'}")
        key = own and cache.digest("entry", body, own)
        inner = self.gradient._compiled(self.found, mode)
        made = cpu.load(key) if key else None
        if made is None:
            made = cpu.compile_module(body, name, ("i8",) * 4, key=key, meta={}, provided={"made": inner})
        return made.function, entry_address(made.function)

    # --- text

    def described(self, kind: str, mode: Any) -> tuple[EntryText, str]:
        """The text of an entry with the context for these arguments, and what it returns."""
        text = EntryText()
        parts = self.parts()
        x, *others = self.bound.items()
        for spec, value in zip(leaf_specs(self.found.specs[x[0]]), leaves(x[1], self.found.specs[x[0]])):
            self.argument(text, spec, value, parts)
        for name, value in others:
            for spec, leaf in zip(leaf_specs(self.found.specs[name]), leaves(value, self.found.specs[name])):
                self.argument(text, spec, leaf, None)
        for array in mode.product.captured:
            text.array(array)
        return text, getattr(self, f"_{kind}")(text, mode)

    def parts(self) -> list[tuple[Any, int, tuple[int, ...]]]:
        """Spec, offset and shape of each float leaf of the first argument."""
        made, at = [], 0
        floats = (leaf for leaf in leaf_specs(self.flat.spec) if code_of(leaf)[0] == "f")
        for spec, shape in zip(floats, self.flat.shapes):
            made.append((spec, at, shape))
            at += math.prod(shape)
        return made

    @staticmethod
    def argument(text: EntryText, spec: Any, value: Any, parts: list | None) -> None:
        if parts is not None and code_of(spec)[0] == "f":
            text.part("x_at", *parts.pop(0))
        elif isinstance(spec, NumberSpec):
            text.number(spec, value)
        else:
            text.array(value)

    def _evaluate(self, text: EntryText, mode: Any) -> str:
        shapes, specs = self.flat.shapes, [spec for spec, _, _ in self.parts()]
        names = [f"g{k}" for k in range(len(shapes))]
        single = isinstance(self.flat.spec, (NumberSpec, ArraySpec))
        text.call("value, " + (names[0] if single else f"({', '.join(names)},)"))
        text.store([(name, isinstance(spec, ArraySpec)) for name, spec in zip(names, specs)],
                   [math.prod(shape) for shape in shapes])
        return "value"

    def _curve(self, text: EntryText, mode: Any) -> str:
        for spec, offset, shape in self.parts():
            text.part("v_at", spec, offset, shape)
        return self.gradients(text)

    def gradients(self, text: EntryText) -> str:
        """The results are one for each float leaf of the first argument."""
        names = [f"g{k}" for k in range(len(self.flat.shapes))]
        text.call(", ".join(names))
        text.store([(name, isinstance(spec, ArraySpec)) for name, (spec, _, _) in zip(names, self.parts())],
                   [math.prod(shape) for shape in self.flat.shapes])
        return "0.0"

    def _residuals(self, text: EntryText, mode: Any) -> str:
        kinds = self.outputs()
        names = [f"r{k}" for k in range(len(kinds))]
        text.call(", ".join(names))
        text.store(list(zip(names, (rank is not None for _, rank in kinds))), self.sizes)
        return "0.0"

    def _push(self, text: EntryText, mode: Any) -> str:
        kinds = self.outputs()
        for spec, offset, shape in self.parts():
            text.part("v_at", spec, offset, shape)
        values = [f"r{k}" for k in range(len(kinds))]
        names = [f"d{k}" for k in range(len(kinds))]
        text.call(", ".join(values + names))
        text.store(list(zip(names, (rank is not None for _, rank in kinds))), self.sizes)
        return "0.0"

    def _pull(self, text: EntryText, mode: Any) -> str:
        at = 0
        for (code, rank), size, shape in zip(self.outputs(), self.sizes, self.shapes):
            spec = NumberSpec(code, True) if rank is None else ArraySpec(code, rank, "C")
            text.part("v_at", spec, at, shape)
            at += size
        return self.gradients(text)

    # --- results

    def outputs(self) -> list[tuple[str, int | None]]:
        """Code, and rank of an array, of each part of what the function returns; None for numbers."""
        if not self.sizes:
            self.first_residuals()
        return self.kinds

    def first_residuals(self) -> np.ndarray:
        """The residuals at the start, by which their number is known."""
        found, mode, raw = self.gradient._run("value", self.bound)
        self.found = found
        result = self.gradient._result(found, mode)
        self.kinds = list(output_kinds(result, self.gradient))
        parts = [raw] if len(self.kinds) == 1 else list(raw)
        self.shapes = [np.shape(part) for part in parts]
        self.sizes = [math.prod(shape) for shape in self.shapes]
        if not sum(self.sizes):
            raise ArgumentValueError(f"{self.gradient.__name__} returns no residuals")
        return np.concatenate([np.ravel(part) for part in parts]).astype(np.float64)


def output_kinds(result: Any, gradient: GradientFunction) -> list[tuple[str, int | None]]:
    """Codes and ranks of floating-point results; LocatedTypeError for others."""
    match result:
        case NumberResult(code) if code[0] == "f":
            return [(code, None)]
        case ArrayResult(dtype, rank) if dtype[0] == "f":
            return [(dtype, rank)]
        case TupleResult(_, items) if items:
            return [kind for item in items for kind in output_kinds(item, gradient)]
    raise LocatedTypeError(f"{gradient.__name__} must return floating-point residuals", None,
                           "return an array of differences between model and data")


def code_of(spec: Any) -> str:
    return spec.code if isinstance(spec, NumberSpec) else spec.dtype


def contiguous(value: Any, name: str, always: bool = False) -> Any:
    """A value whose arrays are contiguous by rows; copies where they are not, or `always`."""
    if isinstance(value, np.ndarray):
        plain = np.asarray(value)
        if always or not (plain.flags.c_contiguous and plain.flags.aligned):
            return np.array(plain, order="C")
        return plain
    spec = spec_of(value, name)
    arrays = [leaf for leaf in leaves(value, spec) if isinstance(leaf, np.ndarray)]
    if not arrays:
        return value
    from adtrans.leaves import map_leaves

    return map_leaves(lambda _, leaf: contiguous(leaf, name, always) if isinstance(leaf, np.ndarray) else leaf,
                      value, name)

