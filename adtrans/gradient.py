"""The gradient function object: what `grad` and `value_and_grad` return.

A call finds the specialisation for the types of its arguments, making it when there is none, flattens containers,
calls the compiled function and gives results their types back.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from adtrans import direct, specialise
from adtrans.arguments import (
    argument_names,
    arrays_of,
    buffer_leaves,
    build_result,
    float_leaf_specs,
    float_leaves,
    gradient_leaf,
    has_bound,
    in_order,
    layout_fits,
    located,
)
from adtrans.backend.typing import register
from adtrans.errors import AdtransError, ArgumentError, ArgumentValueError
from adtrans.identity import Identity
from adtrans.source import read as read_source
from adtrans.specialised import Mode, Settings, Specialisation, Specialised
from adtrans.structure import (
    ContainerSpec,
    NumberSpec,
    rebuild,
    spec_of,
)


class GradientFunction(Specialised):
    """A function's gradient. See `grad`; the attributes are those of the public interface."""

    __slots__ = ("__dict__", "__weakref__", "latest")  # the last is set by every call, which a slot makes cheap

    def __init__(self, fun: Callable, settings: Settings, with_value: bool):
        self.py_func = fun
        self.settings = settings
        self.with_value = with_value
        try:
            self.parameters = inspect.signature(read_source(fun).function if not has_bound(fun) else fun)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"cannot tell the parameters of {fun!r}: {error}") from None
        self.names = tuple(self.parameters.parameters)
        self.argnames = argument_names(settings.argnums, self.names)
        self.variadic = any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
                            for p in self.parameters.parameters.values())
        self.specialisations: dict = {}
        self.identity: Identity | None = None
        self.latest: Mode | None = None
        plain = self.function = read_source(fun).function
        self.__name__, self.__qualname__, self.__doc__ = plain.__name__, plain.__qualname__, plain.__doc__
        self.__module__ = plain.__module__

    @property
    def __signature__(self) -> inspect.Signature:
        return self.parameters

    @property
    def transformed(self) -> tuple[str, Callable, dict]:
        """What this is a transformation of, for functions that call it and are differentiated in turn."""
        options = {"argnums": self.settings.argnums, "has_aux": self.settings.has_aux}
        return ("value_and_grad" if self.with_value else "grad"), self.py_func, options

    def __repr__(self) -> str:
        return f"<gradient of {getattr(self.py_func, '__name__', self.py_func)!r} by {', '.join(self.argnames)}>"

    def __reduce__(self):
        return GradientFunction, (self.py_func, self.settings, self.with_value)

    # --- calls

    def __call__(self, /, *args, **kwargs):
        return self._call("__call__", "value_and_grad" if self.with_value else "grad", args, kwargs)

    def value(self, /, *args, **kwargs):
        """The value of the function, by generated code."""
        return self._first("value")(self, *args, **kwargs)

    def value_and_grad(self, /, *args, **kwargs):
        """(value, gradient)."""
        return self._first("value_and_grad")(self, *args, **kwargs)

    def interpreted(self, /, *args, **kwargs):
        """What calling this object gives, the same generated source run by CPython."""
        bound, name = self._bind(args, kwargs), "value_and_grad" if self.with_value else "grad"
        found, mode, result = self._run(name, bound, interpreted=True)
        return self._finish(name, found, mode, result, bound)

    def accumulate(self, bars, *args, seed: float = 1.0, **kwargs):
        """Add seed * gradient into `bars` (shaped as the gradient; arrays) and return the value."""
        return self._first("accumulate")(self, bars, *args, seed=seed, **kwargs)

    def _long_value(self, /, *args, **kwargs):
        return self._call("value", "value", args, kwargs)

    def _long_value_and_grad(self, /, *args, **kwargs):
        return self._call("value_and_grad", "value_and_grad", args, kwargs)

    def _long_accumulate(self, bars, *args, seed: float = 1.0, **kwargs):
        bound = self._bind(args, kwargs)
        found = self._find(bound)
        if found.shared:
            return self._accumulate_shared(bars, bound, seed)
        mode = self._mode(found, "accumulate")
        self.latest = mode
        each = bars if isinstance(self.settings.argnums, tuple) else (bars,)
        if len(each) != len(self.argnames):
            raise ArgumentError(f"bars must be a tuple of {len(self.argnames)} buffers")
        buffers, scalars = self._buffers(each, found, bound)
        # Compiled code takes buffers of their own memory, laid out like the arguments; others get theirs afterwards.
        given = arrays_of(bound, found.specs) + mode.product.captured
        own_buffers: list[np.ndarray] = []
        for buffer, code in zip(buffers, mode.product.signature[-1 - len(buffers):-1]):
            own = layout_fits(buffer, code) and not any(np.may_share_memory(buffer, other)
                                                        for other in (*given, *own_buffers))
            own_buffers.append(buffer if own else np.zeros(buffer.shape, buffer.dtype, order=code[-1]))
        result = self._compiled(found, mode)(*self._flat(found, bound), *mode.product.captured, *own_buffers,
                                             *self._seed(found, seed))
        for buffer, other in zip(buffers, own_buffers):
            if other is not buffer:
                buffer += other
        structure = self._result(found, mode)
        values = iter(result if isinstance(result, tuple) else (result,))
        value = build_result(structure, values)
        for (buffer, where), extra in zip(scalars, values):
            buffer[where] += extra
        self._shorten("accumulate", found, lambda: direct.make_accumulate(self, found, mode))
        return value

    def _accumulate_shared(self, bars, bound, seed):
        """`accumulate` for arguments that overlap in memory."""
        value, gradient = self.value_and_grad(**bound)
        several = isinstance(self.settings.argnums, tuple)
        bars, gradient = (bars, gradient) if several else ((bars,), (gradient,))
        for name, bar, found in zip(self.argnames, bars, gradient):
            spec = spec_of(bound[name], name)
            for buffer, extra in zip(buffer_leaves(bar, spec), float_leaves(found, spec)):
                buffer += seed * extra
        return value

    def _seed(self, found, seed):
        code = found.modes["accumulate"].product.signature[-1]
        return (np.float32(seed) if code == "f4" else float(seed),)

    def _buffers(self, bars, found, bound):
        """The given buffers checked, arrays apart from those of scalar arguments."""
        arrays, scalars = [], []
        for name, bar in zip(self.argnames, bars):
            spec = found.specs[name]
            flat = list(buffer_leaves(bar, spec))
            for leaf, buffer, value in zip(float_leaf_specs(spec), flat, float_leaves(bound[name], spec)):
                if not isinstance(buffer, np.ndarray):
                    raise ArgumentError(f"the buffer for {name!r} must be an array, not {type(buffer).__name__}")
                if isinstance(leaf, NumberSpec):
                    if buffer.size != 1:
                        raise ArgumentValueError(f"the buffer for the number {name!r} must have one element")
                    scalars.append((buffer, (0,) * buffer.ndim))
                    continue
                if buffer.shape != value.shape or buffer.dtype != value.dtype:
                    raise ArgumentValueError(f"the buffer for {name!r} has shape {buffer.shape} and dtype "
                                             f"{buffer.dtype}, not {value.shape} and {value.dtype}")
                arrays.append(buffer)
        return arrays, scalars

    def _call(self, method: str, mode_name: str, args, kwargs):
        bound = self._bind(args, kwargs)
        found, mode, result = self._run(mode_name, bound)
        made = self._finish(mode_name, found, mode, result, bound)
        self._shorten(method, found, lambda: direct.make(self, found, mode, mode_name, result))
        return made

    def _first(self, method: str) -> Callable:
        """What a method taken from this object before its first call comes to."""
        kind = type(self)
        own = vars(kind)
        return own[method] if "_chains" in own and method in own else getattr(kind, "_long_" + method)

    def _shorten(self, method: str, found: Specialisation, make: Callable[[], direct.Direct | None]) -> None:
        """Have the next call of `method` tried first by what `make` gives: in a class of this object's own."""
        if method not in found.directs:
            found.directs[method] = make()
        link = found.directs[method]
        if link is None:
            return
        kind = type(self)
        if "_chains" not in vars(kind):
            members = {"_chains": {}, "__module__": kind.__module__, "__slots__": ()}
            kind = self.__class__ = type(kind.__name__, (kind,), members)
        if method not in kind._chains:
            kind._chains[method] = direct.Chain(
                getattr(kind, method if method == "__call__" else "_long_" + method))
        setattr(kind, method, kind._chains[method].put_first(link))

    def _run(self, mode_name: str, bound: dict[str, Any], extra: tuple = (), interpreted: bool = False,
             restore: Callable[[], None] | None = None):
        """What compiled (or interpreted) code returns, with the specialisation and mode that it is of.

        `restore` undoes what a run has changed before it is tried again.
        """
        found = self._find(bound)
        while True:
            mode = self._mode(found, mode_name)
            if self._is_large(found, mode, bound):
                found = self._divided(found)
                continue
            if mode_name != "value":
                self.latest = mode
            self._check_captured(found, mode, bound)
            run = self._interpreted(mode) if interpreted else self._compiled(found, mode)
            try:
                return found, mode, run(*self._flat(found, bound), *mode.product.captured, *extra)
            except ValueError as error:
                wider = self._wider(found, bound, error)
                if wider is None:
                    raise located(error) from None
                found = wider
                if restore is not None:
                    restore()
            except (IndexError, ZeroDivisionError, AssertionError, UnboundLocalError, ArithmeticError, RuntimeError,
                    TypeError, KeyError, LookupError) as error:
                raise located(error) from None

    def _finish(self, mode_name: str, found: Specialisation, mode: Mode, result, bound):
        if mode_name == "value":
            return self._value(found, mode, result)
        structure, aux = self._result(found, mode), self.settings.has_aux
        if mode_name == "value_and_grad":
            first, parts = result
            value = build_result(structure, in_order(first))
        elif aux:
            parts, last = result
            value = build_result(structure.items[1], in_order(last))
        else:
            parts = result
        gradients = self._gradients(found, parts)
        gradient = gradients if isinstance(self.settings.argnums, tuple) else gradients[0]
        if mode_name == "value_and_grad":
            return value, gradient
        return (gradient, value) if aux else gradient

    def _value(self, found: Specialisation, mode: Mode, result):
        count = self._count(found, mode)
        values = iter((result,) if count == 1 else result if count else ())
        return build_result(self._result(found, mode), values)

    def _gradients(self, found: Specialisation, parts) -> tuple:
        """The adjoints of the differentiated arguments, in their form, from what compiled code returned."""
        flow, memories, gradients = iter(parts if isinstance(parts, tuple) else (parts,)), {}, []
        for name in self.argnames:
            spec = found.specs[name]
            typed = [gradient_leaf(leaf, flow, memories) for leaf in float_leaf_specs(spec)]
            gradients.append(rebuild(spec, iter(typed)))
        return tuple(gradients)

    # --- arguments

    def _bind(self, args, kwargs) -> dict[str, Any]:
        if not kwargs and len(args) == len(self.names) and not self.variadic:
            return dict(zip(self.names, args))
        try:
            bound = self.parameters.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"{self.__name__}() {error}") from None
        bound.apply_defaults()
        return dict(bound.arguments)

    # --- making code

    # --- results

    # --- looking inside

    @property
    def source(self) -> str:
        """The generated gradient source of the latest specialisation."""
        if self.latest is None:
            raise AdtransError("there is no generated source yet: call the gradient, or use inspect_source(*args)")
        return self.latest.product.text

    def inspect_source(self, /, *args, **kwargs) -> str:
        """The generated gradient source for these argument types, without compiling anything."""
        self.latest = self._chosen("value_and_grad" if self.with_value else "grad", self._bind(args, kwargs))[1]
        return self.latest.product.text

    @property
    def signatures(self) -> list[tuple[str, ...]]:
        """The signatures specialised so far, as type codes."""
        return [mode.product.signature for found in self.specialisations.values() for mode in found.modes.values()]

    def explain(self, /, *args, **kwargs) -> Any:
        """What the sweep back needs of each statement, how it gets at that, where it is kept and why: rows of an
        `adtrans.explain.Explanation`, which prints as a table."""
        from adtrans.explain import explain

        return explain(*self._made_for(args, kwargs))

    def memory(self, /, *args, **kwargs) -> dict[str, int]:
        """The bytes that are kept for the sweep back, by the name in the generated source, and their "total".

        Nothing is differentiated and no array is made: only what decides the sizes is computed. Stacks are counted by
        what they hold, and what parts of a loop keep for themselves as often as there are threads.
        """
        from adtrans.explain import memory

        return memory(*self._made_for(args, kwargs)[1:])

    def _made_for(self, args, kwargs):
        """Reading, the gradient's program, and its arguments as generated code takes them."""
        bound = self._bind(args, kwargs)
        mode = "value_and_grad" if self.with_value else "grad"
        found = self._chosen(mode, bound)[0]
        reading = self._reading(found)
        program = specialise.made_for(reading, mode, self.argnames, found.specs, (), self.settings.has_aux,
                                      self.settings.parallel)
        return reading, program, (*self._flat(found, bound), *reading.lowered.captured_arrays)

    # --- inside Numba

    def numba_dispatcher(self, types, mode: str = "call"):
        """The compiled dispatcher for Numba argument types; called by Numba when it compiles a caller."""
        from adtrans.backend.arguments import spec_of_type
        from adtrans.backend.guard import guarded, pairs_apart

        specs = {name: spec_of_type(kind, name) for name, kind in zip(self.names, types)}
        if any(isinstance(spec, ContainerSpec) for spec in specs.values()):
            raise ArgumentError("containers as arguments are not supported inside compiled code yet")
        name = ("value_and_grad" if self.with_value else "grad") if mode == "call" else mode
        if self.identity is None or self.identity.changed():
            self.identity = Identity(self.py_func)
            self.specialisations = {}
        self._check_differentiable(specs)
        key = tuple(specs.values())
        found = self.specialisations.get(key) or self._make(
            key, specs, self._options())
        made = self._mode(found, name)
        if made.product.captured:
            raise ArgumentError("a function that captures an array cannot be called inside compiled code: "
                                "pass the array in as an argument")
        apart = pairs_apart(specs, self.argnames if name != "value" else (), made.product.meta["writes"])
        return guarded(self._compiled(found, made), self.names, specs, tuple(types), apart)


register(GradientFunction)
