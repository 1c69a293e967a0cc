"""Functions mapped over an axis of their arguments: `vmap`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adtrans.backend.typing import register
from adtrans.errors import AdtransError, ArgumentError
from adtrans.gradient import GradientFunction
from adtrans.specialised import Settings
from adtrans.transformed import parameters


def vmap(fun: Callable, in_axes: Any = 0, *, parallel: bool = False) -> Mapped:
    """The function mapped over an axis of its arguments: one compiled loop, which stores each result in a row.

    `in_axes` is the axis to go along, an int for all arguments or a tuple with an entry for each: an int, None for an
    argument that every call gets as it is, or for a container one for all that is in it or a container of these. The
    axes have one length; defaults that a call leaves out are passed on as they are; results, of any structure, have it
    as their first axis. It composes with the other transformations: `vmap(grad(f), in_axes=(None, 0, 0))` gives a
    gradient for each example, and `grad` differentiates functions that call `vmap(f)`.

    With `parallel`, or if `fun` is a transformation that has been made with it, calls run at the same time where it is
    proven that they do not get in each other's way.

    Raises ArgumentError, ValueError and what `grad` raises for functions that are not in the language.

    >>> import numpy as np
    >>> vmap(lambda x, y: x * np.sum(y), in_axes=(0, None)).interpreted(np.array([1.0, 2.0]), np.ones(3))
    array([3., 6.])
    """
    return Mapped(fun, in_axes, parallel)


class Mapped:
    """See `vmap`. `source` is the generated source of the latest call, `others` map what defaults are left for."""

    def __init__(self, fun: Callable, in_axes: Any, parallel: bool = False):
        if not callable(fun):
            raise ArgumentError(f"a function is needed, not {type(fun).__name__}")
        in_axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes
        self.py_func = fun
        self.parameters = parameters(fun)
        self.transformed = "vmap", fun, {"in_axes": in_axes}
        named = fun if hasattr(fun, "__name__") else getattr(fun, "func", type(fun))
        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(self, name, getattr(named, name, None))
        settings = getattr(fun, "settings", None)
        parallel = parallel or isinstance(settings, Settings) and settings.parallel
        self.loop = self.latest = Values(self, Settings(0, parallel=parallel), False)
        self.others: dict[frozenset[str], Mapped] = {}

    def __call__(self, /, *args, **kwargs):
        return self.loop_for(args, kwargs).value(*args, **kwargs)

    def interpreted(self, /, *args, **kwargs):
        """What calling this object gives, the same generated source run by CPython."""
        loop = self.loop_for(args, kwargs)
        bound = loop._bind(args, kwargs)
        found, mode, result = loop._run("value", bound, interpreted=True)
        return loop._finish("value", found, mode, result, bound)

    def loop_for(self, args: tuple, kwargs: dict[str, Any]) -> Values:
        """The loop for a call: defaults that stand for what it does not give are not mapped."""
        if len(args) + len(kwargs) < len(self.parameters.parameters):
            given = self.parameters.bind_partial(*args, **kwargs).arguments
            left = frozenset(name for name, one in self.parameters.parameters.items()
                             if one.default is not one.empty and name not in given)
            if left:
                if left not in self.others:
                    self.others[left] = self.without(left)
                self.latest = self.others[left].loop
                return self.latest
        self.latest = self.loop
        return self.loop

    def numba_dispatcher(self, types: tuple, mode: str = "value"):
        """The compiled dispatcher for Numba argument types; called by Numba when it compiles a caller."""
        from numba.core.types import Omitted

        left = frozenset(name for name, kind in zip(self.parameters.parameters, types) if isinstance(kind, Omitted))
        if left and left not in self.others:
            self.others[left] = self.without(left)
        return (self.others[left].loop if left else self.loop).numba_dispatcher(types, mode)

    def without(self, left: frozenset[str]) -> Mapped:
        """Mapped over the same axes, but for some arguments that every call gets as they are."""
        names, in_axes = list(self.parameters.parameters), self.transformed[2]["in_axes"]
        entries = list(in_axes) if isinstance(in_axes, tuple) else [in_axes] * len(names)
        axes = tuple(None if name in left else axis for name, axis in zip(names, entries))
        return Mapped(self.py_func, axes, self.loop.settings.parallel)

    @property
    def source(self) -> str:
        made = [found.modes["value"] for found in self.latest.specialisations.values() if "value" in found.modes]
        if not made:
            raise AdtransError("there is no generated source yet: call the function")
        return made[-1].product.text

    def __repr__(self) -> str:
        return f"<{self.__name__!r} mapped over {self.transformed[2]['in_axes']}>"


class Values(GradientFunction):
    """A function of which only the value is asked for."""

    def _check_differentiable(self, specs) -> None:
        """Integers are as good as floats."""


def values_of(obj: Any) -> Values:
    """What a transformation has made as a function to be compiled, of which the value is asked for."""
    kept = vars(obj).get("_values")
    if kept is None:
        kept = vars(obj)["_values"] = Values(obj, Settings(0), False)
    return kept


register(Mapped, "value")

__all__ = ["Mapped", "values_of", "vmap"]
