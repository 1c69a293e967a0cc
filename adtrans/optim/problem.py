"""A function with a start and further arguments, as compiled solvers call it: addresses in an array.

    problem = Problem(fun, x0, args)
    code = problem.solve(("evaluate",), lambda addresses: solver(addresses, ...))

Compiled code for a function is made when it is first asked for, and kept for the next problem with that function and
arguments of the same types.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adtrans import cache
from adtrans.arguments import located
from adtrans.errors import ArgumentError, ArgumentValueError, LocatedTypeError, UnsupportedError
from adtrans.gradient import GradientFunction
from adtrans.leaves import map_leaves
from adtrans.lower.program import ArrayResult, NumberResult, TupleResult
from adtrans.optim.entries import EntryText, Part, context_of, parts_of
from adtrans.optim.flat import Flat
from adtrans.specialised import Settings
from adtrans.structure import ArraySpec, NumberSpec, is_float, leaf_specs, leaves

# What solvers ask for, in the order of `adtrans.optim.solvers.calls`, and the mode of the transformation behind it.
MODES = {"evaluate": "value_and_grad", "curve": "hvp", "residuals": "value", "push": "jvp", "pull": "pullback"}
FAILURES = (IndexError, ZeroDivisionError, AssertionError, UnboundLocalError, ArithmeticError, RuntimeError, TypeError,
            LookupError)
_numbers = itertools.count()


@dataclass
class Entry:
    """A compiled entry, its address, and what its context consists of."""

    function: Callable
    address: int
    slots: list[tuple[str, int]]


@dataclass
class Objective:
    """The derivatives of a function, and the entries compiled for it: by specialisation and kind of call."""

    gradient: GradientFunction
    identity: Any = None
    entries: dict[tuple[int, str], tuple[Any, Entry]] = field(default_factory=dict)

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
        hash(fun)
    except TypeError:
        return _objective.__wrapped__(fun)
    return _objective(fun)


@functools.lru_cache(maxsize=128)
def _objective(fun: Callable) -> Objective:
    if isinstance(fun, GradientFunction):
        if fun.argnames != fun.names[:1] or isinstance(fun.settings.argnums, tuple):
            raise ArgumentValueError("a gradient function given as objective must be one by the first argument alone")
        return Objective(fun)
    return Objective(GradientFunction(fun, Settings(0), True))


class Problem:
    """A function, its first argument as a vector, and the others. See the module.

    `found` is the specialisation for these arguments, `outputs` are the parts of what a function of residuals returns.
    """

    def __init__(self, fun: Callable, x0: Any, args: Any = ()):
        self.objective = objective_of(fun)
        self.gradient = self.objective.gradient
        self.flat = Flat.of(x0)
        self.bound = self.gradient._bind((self.flat.given, *(args if isinstance(args, tuple) else (args,))), {})
        self.others = list(self.bound)[1:]
        self.overlapped = False
        self.arrange()
        if self.found.shared:
            self.overlapped = True
            self.arrange(always=True)
        self.outputs: list[Part] = []
        self.kept: list[Any] = []

    def arrange(self, always: bool = False) -> None:
        """Arguments in a form that is told by addresses, copied where they are not, or `always`."""
        for name in self.others:
            self.bound[name] = contiguous(self.bound[name], name, always)
        self.found = self.gradient._find(self.bound)

    # --- running

    def solve(self, kinds: tuple[str, ...], run: Callable[[np.ndarray], Any]) -> Any:
        """What `run(addresses)` returns, started again where what was assumed of the arguments' extents was wrong.

        Exceptions of the function come out as when it is called by itself.
        """
        if "residuals" in kinds and not self.outputs:
            self.find_outputs()
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
        parts = self.flat.parts
        for place, kind in enumerate(MODES):
            if kind in kinds:
                mode = self.gradient._mode(self.found, MODES[kind])
                if self.overlapped and mode.product.meta["writes"]:
                    raise ArgumentValueError("arguments overlap in memory, and the function writes to one of them: "
                                             "pass a copy")
                self.gradient._check_captured(self.found, mode, self.bound)
                given = self.given(mode)
                entry = self.entry(kind, mode, given)
                context = context_of(entry.slots, given, parts, self.outputs)
                self.kept += given, context
                made[2 * place], made[2 * place + 1] = entry.address, context.ctypes.data
        return made

    def given(self, mode: Any) -> list[Any]:
        """The leaves of the arguments, and the arrays that the function captures."""
        found = [leaf for name, spec in self.found.specs.items() for leaf in leaves(self.bound[name], spec)]
        return found + [addressable(array) for array in mode.product.captured]

    def entry(self, kind: str, mode: Any, given: list[Any]) -> Entry:
        """The compiled entry for one kind of call."""
        entries = self.objective.kept()
        key = id(self.found), kind
        if key not in entries:
            entries[key] = self.found, self.compiled(kind, mode, given)
        return entries[key][1]

    def compiled(self, kind: str, mode: Any, given: list[Any]) -> Entry:
        from adtrans.backend import cpu
        from adtrans.backend.entries import entry_address

        text, result = self.described(kind, given)
        name, own = f"{kind}_entry", self.gradient._key(self.found, MODES[kind])
        body = text.written(name, result, f"{mode.product.entry}, {own or f'number {next(_numbers)} of a process'}")
        inner = self.gradient._compiled(self.found, mode)
        key = own and cache.digest("entry", body, own)
        made = cpu.load(key) if key else None
        if made is None:
            made = cpu.compile_module(body, name, ("i8",) * 4, key=key, meta={}, names={"made": inner})
        if not hasattr(made.function, "overloads"):
            raise UnsupportedError("solvers run compiled code only, which NUMBA_DISABLE_JIT turns off")
        return Entry(made.function, entry_address(made.function), text.slots)

    # --- text

    def described(self, kind: str, given: list[Any]) -> tuple[EntryText, str]:
        """The text of an entry, and what it returns."""
        text, parts = EntryText(), self.flat.parts
        specs = [(name, spec) for name, whole in self.found.specs.items() for spec in leaf_specs(whole)]
        first = next(iter(self.found.specs))
        moving = iter(range(len(parts)))
        for which, value in enumerate(given):
            name, spec = specs[which] if which < len(specs) else ("", None)
            if spec is not None and name == first and is_float(spec):
                k = next(moving)
                text.part("x_at", k, parts[k])
            elif isinstance(spec, NumberSpec):
                text.number(which, spec.code)
            else:
                text.array(which, value)
        return text, getattr(self, f"_{kind}")(text, parts)

    def _evaluate(self, text: EntryText, parts: list[Part]) -> str:
        names = [f"g{k}" for k in range(len(parts))]
        text.call("value, " + (names[0] if self.flat.single else f"({', '.join(names)},)"))
        text.store(names, parts)
        return "np.float64(value)"

    def _curve(self, text: EntryText, parts: list[Part]) -> str:
        for k, part in enumerate(parts):
            text.part("v_at", k, part)
        return self.gradients(text, parts)

    def gradients(self, text: EntryText, parts: list[Part]) -> str:
        """One result for each part of x."""
        names = [f"g{k}" for k in range(len(parts))]
        text.call(", ".join(names))
        text.store(names, parts)
        return "0.0"

    def _residuals(self, text: EntryText, parts: list[Part]) -> str:
        names = [f"r{k}" for k in range(len(self.outputs))]
        text.call(", ".join(names))
        text.store(names, self.outputs, "out ")
        return "0.0"

    def _push(self, text: EntryText, parts: list[Part]) -> str:
        for k, part in enumerate(parts):
            text.part("v_at", k, part)
        names = [f"d{k}" for k in range(len(self.outputs))]
        text.call(", ".join([f"r{k}" for k in range(len(self.outputs))] + names))
        text.store(names, self.outputs, "out ")
        return "0.0"

    def _pull(self, text: EntryText, parts: list[Part]) -> str:
        for k, part in enumerate(self.outputs):
            text.part("v_at", k, part, "out part")
        return self.gradients(text, parts)

    # --- residuals

    def find_outputs(self) -> None:
        """The parts of what the function returns, by a run at the start."""
        found, mode, raw = self.gradient._run("value", self.bound)
        self.found = found
        specs = list(output_specs(self.gradient._result(found, mode), self.gradient))
        self.outputs = parts_of(specs, [np.shape(part) for part in ([raw] if len(specs) == 1 else raw)])
        if not self.residuals:
            raise ArgumentValueError(f"{self.gradient.__name__} returns no residuals")

    @property
    def residuals(self) -> int:
        """How many numbers a function of residuals returns."""
        if not self.outputs:
            self.find_outputs()
        return self.outputs[-1].offset + self.outputs[-1].size


def output_specs(result: Any, gradient: GradientFunction) -> Iterator[NumberSpec | ArraySpec]:
    """What a function of residuals returns, part by part; LocatedTypeError where one is not floating-point."""
    match result:
        case NumberResult(code) if code[0] == "f":
            yield NumberSpec(code, True)
        case ArrayResult(dtype, rank) if dtype[0] == "f":
            yield ArraySpec(dtype, rank, "C")
        case TupleResult(_, items) if items:
            for item in items:
                yield from output_specs(item, gradient)
        case _:
            raise LocatedTypeError(f"{gradient.__name__} must return floating-point numbers or arrays",
                                   None, "return the differences of model and data")


def contiguous(value: Any, name: str, always: bool = False) -> Any:
    """A value whose arrays are contiguous by rows; copies where they are not, or `always`."""
    if isinstance(value, (int, float, str, np.generic)) or value is None:
        return value
    if isinstance(value, np.ndarray):
        plain = np.asarray(value)
        good = plain.flags.c_contiguous and plain.flags.aligned and not always
        return plain if good else np.array(plain, order="C")
    return map_leaves(lambda _, leaf: contiguous(leaf, name, always) if isinstance(leaf, np.ndarray) else leaf,
                      value, name)


def addressable(array: np.ndarray) -> np.ndarray:
    """An array contiguous in either way, the same where it is."""
    flags = array.flags
    return array if flags.aligned and (flags.c_contiguous or flags.f_contiguous) else np.array(array, order="C")
