"""The gradient function object: what `grad` and `value_and_grad` return.

A call finds the specialisation for the types of its arguments, making it when there is none, flattens containers,
calls the compiled function and gives results their types back.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adtrans import cache as store
from adtrans import direct, specialise
from adtrans.backend.typing import register
from adtrans.errors import AdtransError, ArgumentError, ArgumentValueError, UnsupportedError
from adtrans.identity import Identity
from adtrans.lower.context import Options
from adtrans.lower.program import ArrayResult, NumberResult, StaticResult, TupleResult
from adtrans.sharing import overlapping, part, share
from adtrans.source import read as read_source
from adtrans.source import unwrap
from adtrans.structure import (
    ArraySpec,
    ContainerSpec,
    NumberSpec,
    SharedSpec,
    Spec,
    StaticSpec,
    is_float,
    leaf_specs,
    leaves,
    rebuild,
    spec_of,
)

NOTE = "operands could not be broadcast together"


@dataclass(frozen=True)
class Settings:
    """The options of a gradient function; `outputs` are the arguments that hold the results of a procedure."""

    argnums: int | str | tuple
    has_aux: bool = False
    target: str = "cpu"
    parallel: bool = False
    checkpoint: Any = None
    cache: bool = True
    boundscheck: bool = True
    debug: bool = False
    outputs: tuple[str, ...] = ()


@dataclass
class Mode:
    """One mode of a specialisation: source, compiled and interpreted functions, made when first needed.

    `proven` are sizes of arguments for which what was assumed of their shapes has held.
    """

    product: specialise.Product
    compiled: Callable | None = None
    interpreted: Callable | None = None
    from_cache: bool = False
    proven: set = field(default_factory=set)


@dataclass
class Specialisation:
    """A function for one signature; `exact` when that says which extents are 1."""

    specs: dict[str, Spec]
    options: Options
    reading: specialise.Reading | None = None
    modes: dict[str, Mode] = field(default_factory=dict)
    directs: dict[str, direct.Direct | None] = field(default_factory=dict)
    needs_ones: bool = False
    exact: bool = False

    @property
    def shared(self) -> bool:
        """Whether some arguments overlap in memory."""
        return any(isinstance(leaf, SharedSpec) for spec in self.specs.values() for leaf in leaf_specs(spec))


class GradientFunction:
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

    @staticmethod
    def _check_captured(found: Specialisation, mode: Mode, bound) -> None:
        """Arguments that overlap captured arrays are fine as long as nothing is written."""
        captured = mode.product.captured
        if captured and mode.product.meta["writes"]:
            arrays = arrays_of(bound, found.specs)
            if any(np.may_share_memory(a, b) for a in arrays for b in captured):
                raise ArgumentError("an argument overlaps an array that the function captures, and the function writes "
                                    "to one of them: pass a copy")

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

    def _find(self, bound: dict[str, Any]) -> Specialisation:
        """The specialisation for these arguments, made when there is none yet."""
        if self.identity is None or self.identity.changed():
            self.identity = Identity(self.py_func)
            self.specialisations = {}
        specs = {name: spec_of(value, name) for name, value in bound.items()}
        arrays = arrays_of(bound, specs)
        if overlapping(arrays):
            specs, _ = share(bound, specs)
        key = tuple(specs.values())
        try:
            found = self.specialisations.get(key)
        except TypeError as error:
            raise ArgumentError(f"an argument cannot be part of a signature: {error}") from None
        if found is None:
            self._check_differentiable(specs)
            found = self._make(key, specs, self._options())
            found.needs_ones = any(1 in np.shape(value) for value in all_leaves(bound, specs))
        if found.needs_ones:
            exact = {name: with_ones(value, specs[name]) for name, value in bound.items()}
            key = (*exact.values(), "ones")
            other = self.specialisations.get(key)
            found = other or self._make(key, exact, found.options)
        if found.options.dynamic_broadcast is False and (key, "dynamic") in self.specialisations:
            return self.specialisations[key, "dynamic"]
        return found

    def _options(self) -> Options:
        return Options(self.settings.boundscheck, self.settings.debug, procedure=bool(self.settings.outputs),
                       parallel=self.settings.parallel)

    def _make(self, key, specs, options: Options) -> Specialisation:
        exact = "ones" in (key[-1:] + key[0][-1:] if key[-1:] == ("dynamic",) else key[-1:])
        made = self.specialisations[key] = Specialisation(specs, options, exact=exact)
        return made

    def _wider(self, found: Specialisation, bound, error: ValueError) -> Specialisation | None:
        """The specialisation to try after an assumption about extents has failed, or None."""
        message = str(error.args[0]) if error.args else ""
        if not message.endswith(NOTE) or found.options.dynamic_broadcast:
            return None
        key = next(key for key, value in self.specialisations.items() if value is found)
        if key and key[-1] != "ones":
            found.needs_ones = True
            exact = {name: with_ones(value, found.specs[name]) for name, value in bound.items()}
            ones_key = (*exact.values(), "ones")
            if any(a != b for a, b in zip(exact.values(), found.specs.values())):
                return self.specialisations.get(ones_key) or self._make(ones_key, exact, found.options)
            self._make(ones_key, exact, found.options)
            key, found = ones_key, self.specialisations[ones_key]
        options = replace(found.options, dynamic_broadcast=True)
        return self.specialisations.get((key, "dynamic")) or self._make((key, "dynamic"), found.specs, options)

    def _check_differentiable(self, specs: dict[str, Spec]) -> None:
        for name in self.argnames:
            if not any(True for _ in float_leaf_specs(specs[name])):
                raise ArgumentError(f"argument {name!r} has no floating-point values to differentiate by "
                                    f"({describe(specs[name])})")

    def _flat(self, found: Specialisation, bound: dict[str, Any]) -> list:
        memories = share(bound, {name: spec_of(value, name) for name, value in bound.items()})[1] \
            if found.shared else []
        flat, seen = [], set()
        for name, spec in found.specs.items():
            for leaf, value in zip(leaf_specs(spec), leaves(bound[name], spec)):
                if not isinstance(leaf, SharedSpec):
                    flat.append(plain_leaf(value, leaf))
                elif leaf.group not in seen:
                    seen.add(leaf.group)
                    flat.append(memories[leaf.group])
        return flat

    # --- making code

    def _reading(self, found: Specialisation) -> specialise.Reading:
        if found.reading is None:
            found.reading = specialise.read(self.py_func, found.specs, found.options)
        return found.reading

    def _mode(self, found: Specialisation, name: str) -> Mode:
        mode = found.modes.get(name)
        if mode is None:
            if self.settings.target != "cpu" or self.settings.checkpoint is not None:
                raise UnsupportedError("target= and checkpoint= are not built yet")
            mode = self._from_disk(found, name)
            if mode is None:
                mode = Mode(specialise.produce(self._reading(found), name, self.argnames, found.specs,
                                               isinstance(self.settings.argnums, tuple), self.settings.outputs,
                                               self.settings.has_aux, self.settings.parallel))
            found.modes[name] = mode
        return mode

    def _key(self, found: Specialisation, name: str) -> str | None:
        """The key of the disk cache, or None when this is not to be kept."""
        if not self.settings.cache or self.identity is None or self.identity.digest is None:
            return None
        try:
            return store.digest(self.identity.digest, store.environment_digest(), name, self.argnames,
                                isinstance(self.settings.argnums, tuple), self.settings.outputs, self.settings.has_aux,
                                self.settings.parallel, repr(tuple(found.specs.items())), repr(found.options),
                                [str(array.dtype) for array in self.identity.arrays])
        except TypeError:
            return None

    def _from_disk(self, found: Specialisation, name: str) -> Mode | None:
        key = self._key(found, name)
        if key is None:
            return None
        from adtrans.backend import cpu

        made = cpu.load(key)
        if made is None:
            return None
        try:
            captured = [self.identity.arrays[at] for at in made.meta["captured"]]
        except (IndexError, KeyError):
            return None
        product = specialise.Product(made.text, made.entry, made.signature, made.meta, captured)
        return Mode(product, compiled=made.function, from_cache=True)

    def _compiled(self, found: Specialisation, mode: Mode) -> Callable:
        if mode.compiled is None:
            from adtrans.backend import cpu

            product = mode.product
            name = next(name for name, other in found.modes.items() if other is mode)
            key = self._key(found, name)
            places = {id(array): at for at, array in enumerate(self.identity.arrays)}
            at = [places.get(id(array)) for array in product.captured]
            if None in at or product.meta["result"] == ["other"]:
                key = None
            meta = {**product.meta, "captured": at}
            mode.compiled = cpu.compile_module(product.text, product.entry, product.signature, key=key, meta=meta,
                                               parts=product.meta["parts"], noalias=True,
                                               wrapping=product.meta["wrapping"], rows=name in specialise.ROWS).function
        return mode.compiled

    def _interpreted(self, mode: Mode) -> Callable:
        if mode.interpreted is None:
            from adtrans.backend.python import load_module

            mode.interpreted = load_module(mode.product.text, mode.product.entry, self.__name__)
        return mode.interpreted

    # --- results

    def _result(self, found: Specialisation, mode: Mode):
        decoded = specialise.decode(mode.product.meta["result"])
        return decoded if decoded is not None else self._reading(found).lowered.result

    def _count(self, found: Specialisation, mode: Mode) -> int:
        return count_operands(self._result(found, mode))

    # --- looking inside

    @property
    def source(self) -> str:
        """The generated gradient source of the latest specialisation."""
        if self.latest is None:
            raise AdtransError("there is no generated source yet: call the gradient, or use inspect_source(*args)")
        return self.latest.product.text

    def inspect_source(self, /, *args, **kwargs) -> str:
        """The generated gradient source for these argument types, without compiling anything."""
        found = self._find(self._bind(args, kwargs))
        mode = self._mode(found, "value_and_grad" if self.with_value else "grad")
        self.latest = mode
        return mode.product.text

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
        found = self._find(bound)
        mode = "value_and_grad" if self.with_value else "grad"
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


def layout_fits(buffer: np.ndarray, code: str) -> bool:
    """Whether an array has the layout of a type code."""
    match code[-1]:
        case "C":
            return buffer.flags.c_contiguous
        case "F":
            return buffer.flags.f_contiguous
    return True


def has_bound(fun: Callable) -> bool:
    """Whether arguments are bound already (methods, partial)."""
    return inspect.ismethod(fun) or isinstance(fun, functools.partial) or bool(unwrap(fun)[1])


def argument_names(argnums, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names that `argnums` means."""
    wanted = argnums if isinstance(argnums, tuple) else (argnums,)
    found = []
    for item in wanted:
        if isinstance(item, str):
            if item not in names:
                raise ArgumentValueError(f"argnums names {item!r}, but the parameters are {', '.join(names)}")
            found.append(item)
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            if not -len(names) <= item < len(names):
                raise ArgumentValueError(f"argnums {item} is out of range for {len(names)} parameters")
            found.append(names[item])
        else:
            raise ArgumentError(f"argnums must be an int, a parameter name or a tuple of these, not {item!r}")
    if not found:
        raise ArgumentValueError("argnums is empty")
    if len(set(found)) != len(found):
        raise ArgumentValueError("argnums names a parameter twice")
    return tuple(found)


def float_leaf_specs(spec: Spec) -> Iterator[Spec]:
    return (leaf for leaf in leaf_specs(spec) if is_float(leaf))


def float_leaves(value, spec: Spec) -> Iterator[Any]:
    return (leaf for leaf, kind in zip(leaves(value, spec), leaf_specs(spec)) if is_float(kind))


def buffer_leaves(bar, spec: Spec) -> Iterator[Any]:
    match spec:
        case ContainerSpec():
            for item, inner in zip(specialised_children(bar, spec), spec.items):
                yield from buffer_leaves(item, inner)
        case _ if is_float(spec):
            yield bar


def specialised_children(bar, spec: ContainerSpec):
    from adtrans.structure import children

    return children(bar, spec)


def gradient_leaf(leaf: Spec, flow: Iterator[Any], memories: dict[int, np.ndarray]):
    """The gradient of one leaf from what compiled code returned."""
    if isinstance(leaf, SharedSpec):
        if leaf.group not in memories:
            memories[leaf.group] = next(flow)
        return part(memories[leaf.group], leaf)
    found = next(flow)
    return typed_number(found, leaf.code, leaf.weak) if isinstance(leaf, NumberSpec) else found


def all_leaves(bound, specs) -> Iterator[Any]:
    for name, spec in specs.items():
        yield from leaves(bound[name], spec)


def arrays_of(bound, specs) -> list[np.ndarray]:
    """The arrays among the arguments."""
    return [leaf for leaf in all_leaves(bound, specs) if type(leaf) is np.ndarray]


def with_ones(value, spec: Spec) -> Spec:
    """The spec with the axes of extent 1 marked."""
    match spec:
        case ArraySpec(dtype, rank, layout):
            return ArraySpec(dtype, rank, layout, tuple(k for k, extent in enumerate(value.shape) if extent == 1))
        case ContainerSpec(cls, keys, items):
            from adtrans.structure import children

            return ContainerSpec(cls, keys, tuple(with_ones(item, inner)
                                                  for item, inner in zip(children(value, spec), items)))
    return spec


def plain_leaf(value, spec):
    """A leaf as compiled code takes it."""
    if isinstance(spec, ArraySpec):
        if not value.flags.aligned:
            return value.copy()
        return value
    if spec.code == "i8":
        return int(value)
    return value


def describe(spec: Spec) -> str:
    match spec:
        case NumberSpec(code):
            return {"i8": "an integer", "b1": "a boolean"}.get(code, code)
        case ArraySpec(dtype):
            return f"an array of dtype {np.dtype(dtype).name}"
        case StaticSpec(value):
            return repr(value)
    return "a container without floats"


def typed_number(value, code: str, weak: bool):
    """A number as the plain function would have given it."""
    match code, weak:
        case "f8", True:
            return float(value)
        case "f8", False:
            return np.float64(value)
        case "f4", _:
            return np.float32(value)
        case "i8", True:
            return int(value)
        case "i8", False:
            return np.int64(value)
        case "b1", True:
            return bool(value)
    return np.bool_(value)


def count_operands(result) -> int:
    match result:
        case TupleResult(_, items):
            return sum(count_operands(item) for item in items)
        case StaticResult():
            return 0
    return 1


def in_order(raw: Any) -> Iterator[Any]:
    """The numbers and arrays in the nested tuples that compiled code returns, where None stands for other things."""
    if isinstance(raw, tuple):
        for item in raw:
            yield from in_order(item)
    elif raw is not None:
        yield raw


def build_result(result, values: Iterator[Any]):
    match result:
        case NumberResult(code, weak):
            return typed_number(next(values), code, weak)
        case ArrayResult():
            return next(values)
        case StaticResult(value):
            return value
        case TupleResult(cls, items, keys):
            inner = [build_result(item, values) for item in items]
            if cls is dict:
                return dict(zip(keys, inner))
            if cls in (tuple, list):
                return cls(inner)
            return cls(*inner)


def located(error: Exception) -> Exception:
    """The exception of generated code with its values in the message."""
    if len(error.args) > 1 and isinstance(error.args[0], str):
        return type(error)(" ".join(str(arg) for arg in error.args))
    return error
