"""Jacobians and Hessians: `jacobian` and `hessian`, columns by forward mode, rows by reverse mode."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.backend.typing import register
from adtrans.errors import ArgumentError, ArgumentValueError, UnsupportedError
from adtrans.gradient import GradientFunction
from adtrans.lower.program import ArrayResult, NumberResult
from adtrans.specialise import WIDTH
from adtrans.specialised import Settings
from adtrans.structure import is_float, spec_of
from adtrans.tangent import directions

MODES = ("auto", "fwd", "rev")
MOST = 32  # tangents in a pass: four cache lines of float64


class Derivative:
    """A function of the arguments of another one; `passes` tells of the last call which mode ran how often."""

    kind = ""

    def __init__(self, fun: Callable, argnums: int | str | tuple | list):
        kept = tuple(argnums) if isinstance(argnums, list) else argnums
        self.gradient = GradientFunction(fun, Settings(kept), False)
        self.several = isinstance(kept, tuple)
        self.passes: dict[str, int] = {}
        functools.update_wrapper(self, self.gradient.function, assigned=("__name__", "__qualname__", "__module__"),
                                 updated=())
        del self.__wrapped__
        self.parameters = self.gradient.parameters
        self.transformed = self.kind, fun, {"argnums": kept}

    def numba_dispatcher(self, types: tuple, mode: str = "value"):
        """The compiled dispatcher for Numba argument types; called by Numba when it compiles a caller."""
        from adtrans.mapped import values_of

        return values_of(self).numba_dispatcher(types, mode)

    def inputs(self, bound: dict[str, Any]) -> dict[str, np.ndarray]:
        """The arguments to differentiate by, all numbers or arrays of floats."""
        for name in self.gradient.argnames:
            if not is_float(spec_of(bound[name], name)):
                raise ArgumentError(f"argument {name!r} must be a floating-point number or array")
        return {name: np.asarray(bound[name]) for name in self.gradient.argnames}

    def columns(self, one: str, many: str, bound: dict[str, Any], inputs: dict[str, np.ndarray]):
        """The derivatives along each element: name, index, and what compiled code gives in a mode. MOST tangents are
        pushed at once, but for a single element and where arguments share memory."""
        places = [(name, index) for name, value in inputs.items() for index in np.ndindex(value.shape)]
        lone = len(places) == 1 or self.gradient._find(bound).shared
        size = 1 if lone else min(max(len(places), WIDTH), MOST)
        self.passes = -(-len(places) // size)
        for start in range(0, len(places), size):
            group = places[start:start + size]
            if lone:
                (name, index), = group
                dots = {other: np.zeros_like(array) for other, array in inputs.items()}
                dots[name][index] = 1.0
                yield name, index, self.run(one, bound, directions(self.gradient, bound, dots, "tangents"))
                continue
            several = {other: np.zeros((*array.shape, size), array.dtype) for other, array in inputs.items()}
            for k, (name, index) in enumerate(group):
                several[name][(*index, k)] = 1.0
            found = self.run(many if size == WIDTH else f"many {many}", bound, tuple(several.values()))
            for k, (name, index) in enumerate(group):
                yield name, index, tuple(part[..., k] for part in found)

    def run(self, mode: str, bound: dict[str, Any], dots: tuple) -> tuple:
        """The tangents of results that are floating-point."""
        _, _, raw = self.gradient._run(mode, bound, dots)
        raw = raw if isinstance(raw, tuple) else (raw,)
        return raw[1:] if mode == "jvp" else raw

    def given(self, made: dict[str, Any]) -> Any:
        return tuple(made.values()) if self.several else next(iter(made.values()))


class Jacobian(Derivative):
    """See `jacobian`."""

    kind = "jacobian"

    def __init__(self, fun: Callable, argnums: int | str | tuple | list, mode: str):
        super().__init__(fun, argnums)
        if mode not in MODES:
            raise ArgumentValueError(f"mode must be one of {', '.join(map(repr, MODES))}, not {mode!r}")
        self.mode = mode
        self.transformed = self.kind, fun, {**self.transformed[2], "mode": mode}
        self.known: tuple | None = None  # a specialisation that goes forward, and the dtype of its results

    def __call__(self, *args, **kwargs):
        gradient = self.gradient
        bound = gradient._bind(args, kwargs)
        inputs = self.inputs(bound)
        if self.known is not None and self.known[0] is gradient._find(bound) and any(x.size for x in inputs.values()):
            return self.given(self.matrices(bound, inputs, self.known[1]))
        found, mode, raw = gradient._run("value", bound)
        structure = gradient._result(found, mode)
        if not isinstance(structure, (NumberResult, ArrayResult)):
            raise ArgumentError(f"jacobian needs a number or an array as result, but {gradient.__name__} returns a "
                                "container")
        out = np.asarray(gradient._value(found, mode, raw))
        count = sum(value.size for value in inputs.values())
        if self.mode == "fwd" or self.mode == "auto" and count <= out.size:
            try:
                return self.given(self.forward(bound, inputs, out))
            except UnsupportedError:  # a function with a rule of its own for reverse mode alone
                if self.mode == "fwd":
                    raise
        made = self.empty(out.shape, out.dtype, inputs)
        self.rows(bound, inputs, out, made)
        self.passes = {"reverse": out.size}
        return self.given(made)

    def forward(self, bound: dict[str, Any], inputs: dict[str, np.ndarray], out: np.ndarray) -> dict[str, np.ndarray]:
        """The Jacobians by forward mode."""
        found = self.gradient._find(bound)
        if sum(value.size for value in inputs.values()) > 1 and not found.shared:
            made = self.matrices(bound, inputs, out.dtype)
            self.known = found, out.dtype
            return made
        made = self.empty(out.shape, out.dtype, inputs)
        for name, index, (part,) in self.columns("jvp", "tangents", bound, inputs):
            made[name][(..., *index)] = part
        self.passes = {"forward": self.passes}
        return made

    def empty(self, shape: tuple[int, ...], dtype: np.dtype, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: np.zeros(shape + value.shape, np.result_type(dtype, value)) for name, value in inputs.items()}

    def matrices(self, bound: dict[str, Any], inputs: dict[str, np.ndarray], dtype: np.dtype) -> dict[str, np.ndarray]:
        """The Jacobians by forward mode, whole groups of columns at a time. The value is not asked for: the tangents
        show its shape."""
        count = sum(value.size for value in inputs.values())
        size = min(max(count, WIDTH), MOST)
        ends = np.cumsum([value.size for value in inputs.values()])
        made: dict[str, np.ndarray] = {}
        for start in range(0, count, size):
            seeds = np.split(np.eye(count, size, -start), ends[:-1])
            dots = tuple(seed.reshape(*value.shape, size).astype(value.dtype)
                         for seed, value in zip(seeds, inputs.values()))
            part, = self.run("tangents" if size == WIDTH else "many tangents", bound, dots)
            made = made or self.empty(part.shape[:-1], dtype, inputs)
            for end, whole, value in zip(ends, made.values(), inputs.values()):
                first = end - value.size
                low, high = max(first, start), min(end, start + size)
                if low < high:
                    flat = whole.reshape(*part.shape[:-1], value.size)
                    flat[..., low - first:high - first] = part[..., low - start:high - start]
        self.passes = {"forward": -(-count // size)}
        return made

    def rows(self, bound: dict[str, Any], inputs: dict[str, np.ndarray], out: np.ndarray, made: dict) -> None:
        for index in np.ndindex(out.shape):
            seed = np.zeros_like(out)
            seed[index] = 1.0
            found, _, parts = self.gradient._run("pullback", bound, (seed if out.ndim else seed[()],))
            for name, part in zip(inputs, self.gradient._gradients(found, parts)):
                made[name][index] = part


class Hessian(Derivative):
    """See `hessian`."""

    kind = "hessian"

    def __call__(self, *args, **kwargs):
        gradient = self.gradient
        bound = gradient._bind(args, kwargs)
        inputs = self.inputs(bound)
        made = {one: {other: np.zeros(inputs[one].shape + inputs[other].shape, np.result_type(inputs[one]))
                      for other in inputs} for one in inputs}
        for name, index, parts in self.columns("hvp", "hessian", bound, inputs):
            for one, part in zip(inputs, parts):
                made[one][name][(..., *index)] = part
        self.passes = {"forward over reverse": self.passes}
        if not self.several:
            return next(iter(next(iter(made.values())).values()))
        return tuple(tuple(row.values()) for row in made.values())


register(Derivative, "value")


def jacobian(fun: Callable, argnums: int | str | tuple = 0, mode: str = "auto") -> Jacobian:
    """The Jacobian of `fun`, which returns a number or an array, as a function of the same arguments.

    Its shape is that of the result followed by that of the argument; with a tuple of `argnums`, a tuple of these.
    `mode` "fwd" pushes a tangent for each element of the arguments, up to 32 in a pass; "rev" takes a pass for each
    element of the result; "auto" is "fwd" where there are no more arguments than results, unless a function with a
    reverse rule alone is in the way. `passes` of the returned object tells which were taken.

    Raises ArgumentError where an argument or the result is a container, and what `grad` raises.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return Jacobian(fun, argnums, mode)


def hessian(fun: Callable, argnums: int | str | tuple = 0) -> Hessian:
    """The Hessian of `fun`, which returns a number, as a function of the same arguments.

    Its shape is that of the argument twice; with a tuple of `argnums`, a tuple of tuples of the mixed derivatives. It
    takes one product with a vector (`hvp`) for each element of the arguments.

    Raises ArgumentError where an argument is a container, and what `grad` raises.

    >>> hessian(lambda x: np.sum(x * x * x))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return Hessian(fun, argnums)
