"""Adjoints of procedures: functions that leave their results in the arrays they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans.arguments import (
    all_leaves,
    argument_names,
    arrays_of,
    buffer_leaves,
    float_leaf_specs,
    float_leaves,
    layout_fits,
)
from adtrans.direct import make_adjoint, make_primal
from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.gradient import GradientFunction
from adtrans.sharing import overlapping, snapshot
from adtrans.specialised import Settings
from adtrans.structure import ArraySpec, NumberSpec, spec_of


class Adjoint(GradientFunction):
    """The adjoint of a procedure; see `adjoint`."""

    def __init__(self, fun: Callable, inputs: tuple[str, ...], outputs: tuple[str, ...], settings: dict[str, Any]):
        super().__init__(fun, Settings(inputs, outputs=outputs, **settings), False)
        self.outputs = argument_names(outputs, self.names)

    def __repr__(self) -> str:
        return f"<adjoint of {self.__name__!r}, {', '.join(self.argnames)} to {', '.join(self.outputs)}>"

    def __reduce__(self):
        kept = {name: getattr(self.settings, name) for name in ("cache", "boundscheck", "debug", "parallel")}
        return Adjoint, (self.py_func, self.settings.argnums, self.settings.outputs, kept)

    def __call__(self, *args, bars: dict[str, Any], **kwargs):
        """Run the procedure on `args`, then its adjoint on `bars`; gives what the procedure returns."""
        return self._adjoint(bars, args, kwargs, interpreted=False)

    def value(self, *args, **kwargs):
        """What the procedure returns, by generated code on copies of the arguments."""
        bound = snapshot(self._bind(args, kwargs))
        return self._value(*self._run("value", bound))

    def primal(self, *args, **kwargs):
        """Run the procedure alone, by generated code, in place; gives what it returns."""
        return self._first("primal")(self, *args, **kwargs)

    def _long_primal(self, *args, **kwargs):
        bound = self._bind(args, kwargs)
        self._check_in_place(bound, self._arrays(bound))
        found, mode, result = self._in_place("value", bound, [])
        self._shorten("primal", found, lambda: make_primal(self, found, mode))
        return self._value(found, mode, result)

    def interpreted(self, *args, bars: dict[str, Any], **kwargs):
        """The same, the generated source run by CPython."""
        return self._adjoint(bars, args, kwargs, interpreted=True)

    def inspect_source(self, *args, **kwargs) -> str:
        """The generated source for these argument types, without compiling anything."""
        self.latest = self._chosen("adjoint", self._bind(args, kwargs))[1]
        return self.latest.product.text

    def numba_dispatcher(self, types, mode: str = "call"):
        raise ArgumentError("an adjoint cannot be called inside compiled code yet")

    def _adjoint(self, bars: dict[str, Any], args, kwargs, interpreted: bool):
        bound = self._bind(args, kwargs)
        names = tuple(dict.fromkeys((*self.outputs, *self.argnames)))
        self._check_bars(bound, bars, names)
        arrays, numbers = self._split(bound, bars, names)
        layouts = [leaf.layout for name in names for leaf in float_leaf_specs(spec_of(bound[name], name))
                   if isinstance(leaf, ArraySpec)]
        direct = [bar if layout_fits(bar, layout) else bar.copy(order=layout) for bar, layout in zip(arrays, layouts)]
        found, mode, result = self._in_place("adjoint", bound, direct, interpreted)
        for bar, other in zip(arrays, direct):
            if other is not bar:
                bar[...] = other
        count = self._count(found, mode)
        values = result if isinstance(result, tuple) else () if result is None else (result,)
        for bar, extra in zip(numbers, values[count:]):
            bar[(0,) * bar.ndim] += extra
        if not interpreted:
            self._shorten("__call__", found, lambda: make_adjoint(self, found, mode))
        return self._value(found, mode, values[0] if count == 1 else values[:count])

    def _in_place(self, name: str, bound: dict[str, Any], bars: list[np.ndarray], interpreted: bool = False):
        """A run that changes arguments and bars; where what it assumes of shapes fails they are put back first."""
        mode = self._chosen(name, bound)[1]
        sizes = tuple(value if isinstance(value, (int, np.integer)) else np.shape(value)
                      for value in all_leaves(bound, {name: spec_of(value, name) for name, value in bound.items()}))
        careful = mode.product.meta["optimistic"] and sizes not in mode.proven
        kept = Kept([*self._arrays(bound), *bars]) if careful else None
        found, mode, result = self._run(name, bound, tuple(bars), interpreted, kept and kept.put_back)
        mode.proven.add(sizes)
        return found, mode, result

    def _arrays(self, bound):
        return arrays_of(bound, {name: spec_of(value, name) for name, value in bound.items()})

    def _check_bars(self, bound: dict[str, Any], bars: dict[str, Any], names: tuple[str, ...]) -> None:
        if not isinstance(bars, dict):
            raise ArgumentError(f"bars must be a dict of arrays by argument name, not {type(bars).__name__}")
        missing = [name for name in names if name not in bars]
        if missing:
            raise ArgumentValueError(f"bars has no entry for {', '.join(map(repr, missing))}")
        unknown = [name for name in bars if name not in names]
        if unknown:
            raise ArgumentValueError(f"bars has an entry for {unknown[0]!r}, which is neither input nor output")
        for name in self.outputs:
            kinds = list(float_leaf_specs(spec_of(bound[name], name)))
            if not kinds or not all(isinstance(kind, ArraySpec) for kind in kinds):
                raise ArgumentError(f"output {name!r} must be an array of floats, or a container of such arrays")

    def _split(self, bound, bars, names) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The bars of arrays, and those of numbers."""
        arrays: list[np.ndarray] = []
        numbers: list[np.ndarray] = []
        for name in names:
            spec = spec_of(bound[name], name)
            for leaf, bar, value in zip(float_leaf_specs(spec), buffer_leaves(bars[name], spec),
                                        float_leaves(bound[name], spec)):
                if not isinstance(bar, np.ndarray):
                    raise ArgumentError(f"the bar of {name!r} must be an array, not {type(bar).__name__}")
                if isinstance(leaf, NumberSpec):
                    if bar.size != 1 or bar.dtype.kind != "f":
                        raise ArgumentValueError(f"the bar of the number {name!r} must be an array of one float")
                    numbers.append(bar)
                    continue
                if bar.shape != value.shape or bar.dtype != value.dtype:
                    raise ArgumentValueError(f"the bar of {name!r} has shape {bar.shape} and dtype {bar.dtype}, not "
                                             f"{value.shape} and {value.dtype}")
                if not bar.flags.writeable:
                    raise ArgumentValueError(f"the bar of {name!r} is read-only")
                arrays.append(bar)
        given = self._arrays(bound)
        if overlapping([*given, *arrays, *numbers]):
            raise ArgumentValueError("arguments and bars of an adjoint must not overlap in memory: it works in place")
        self._check_in_place(bound, given)
        return arrays, numbers

    def _check_in_place(self, bound, given: list[np.ndarray]) -> None:
        if not all(array.flags.aligned for array in given):
            raise ArgumentValueError("arguments of an adjoint must be aligned in memory: it works in place")
        for name in self.outputs:
            if not all(leaf.flags.writeable for leaf in float_leaves(bound[name], spec_of(bound[name], name))):
                raise ArgumentValueError(f"argument {name!r} is read-only")


class Kept:
    """Copies of arrays that are about to be changed."""

    def __init__(self, arrays: list[np.ndarray]):
        self.arrays = [array for array in arrays if array.flags.writeable]
        self.copies = [array.copy() for array in self.arrays]

    def put_back(self) -> None:
        for array, copy in zip(self.arrays, self.copies):
            array[...] = copy


def adjoint(fun: Callable, inputs: str | tuple[str, ...], outputs: str | tuple[str, ...], *, cache: bool = True,
            boundscheck: bool = True, debug: bool = False, parallel: bool = False) -> Adjoint:
    """The adjoint of a procedure that writes its results into its arguments.

    `inputs` and `outputs` are names of arguments, a string or a tuple of strings; an argument can be both. The
    result is called as `adj(*args, bars={"x": x_bar, ...})` with an array for every input and output, of the shape
    and dtype of the argument (one element for a number). On entry the bars of outputs hold the adjoints of what the
    procedure leaves there. On return

    - the bars of inputs have been added to,
    - the bars of outputs that are not inputs are zero,
    - the bar of an argument that is both is the adjoint of what it held at entry.

    It works in place: afterwards the arguments hold the procedure's results. Returns what the procedure returns.
    Where the procedure raises an error, what arguments and bars hold is not specified. `parallel` is that of `grad`.

    Raises ArgumentError and ArgumentValueError for bars that do not fit or overlap an argument.

    >>> def smooth(x, y):
    ...     for i in range(1, len(x) - 1):
    ...         y[i] = x[i - 1] * x[i + 1]
    >>> x_bar, y_bar = np.zeros(3), np.ones(3)
    >>> adjoint(smooth, "x", "y")(np.array([2.0, 3.0, 4.0]), np.zeros(3), bars={"x": x_bar, "y": y_bar})
    >>> x_bar
    array([4., 0., 2.])
    """
    inputs = (inputs,) if isinstance(inputs, str) else tuple(inputs)
    outputs = (outputs,) if isinstance(outputs, str) else tuple(outputs)
    if not outputs:
        raise ArgumentValueError("outputs is empty: use grad or vjp for a function that returns its result")
    settings = {"cache": cache, "boundscheck": boundscheck, "debug": debug, "parallel": parallel}
    return Adjoint(fun, inputs, outputs, settings)
