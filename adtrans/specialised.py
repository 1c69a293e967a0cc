"""The specialisations of a function: for the types of its arguments, code made when there is none yet.

A specialisation is found by the types of the arguments, again where the function or what it uses from outside has
changed; wider ones take over where what was assumed of shapes does not hold, and others where sizes want loops run in
parts (see `sizing`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from adtrans import cache as store
from adtrans import direct, specialise
from adtrans.arguments import (
    all_leaves,
    arrays_of,
    count_operands,
    describe,
    float_leaf_specs,
    plain_leaf,
    with_ones,
)
from adtrans.backend import python
from adtrans.errors import ArgumentError, UnsupportedError
from adtrans.identity import Identity
from adtrans.lower.context import Options
from adtrans.segments import AUTOMATIC
from adtrans.sharing import overlapping, share
from adtrans.sizing import large
from adtrans.structure import (
    SharedSpec,
    Spec,
    leaf_specs,
    leaves,
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
    checkpoint: int | Literal[False] | None = None
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

    @cached_property
    def large(self) -> Callable[..., bool] | None:
        """Whether loops are better run again in parts, by the operands of compiled code; None where they never are."""
        text = self.product.meta.get("sizes")
        return large(python.load_module(text, "count", "count")) if text else None


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
    divided: Specialisation | None = None

    @property
    def shared(self) -> bool:
        """Whether some arguments overlap in memory."""
        return any(isinstance(leaf, SharedSpec) for spec in self.specs.values() for leaf in leaf_specs(spec))

class Specialised:
    """What a function object of this package has of its function: see `gradient.GradientFunction`."""

    __slots__ = ()

    py_func: Callable
    settings: Settings
    argnames: tuple[str, ...]
    specialisations: dict
    identity: Identity | None

    # --- arguments

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
                       segments=self.settings.checkpoint or None, parallel=self.settings.parallel)

    def _make(self, key, specs, options: Options) -> Specialisation:
        exact = "ones" in (key[-1:] + key[0][-1:] if key[-1:] == ("dynamic",) else key[-1:])
        made = self.specialisations[key] = Specialisation(specs, options, exact=exact)
        return made

    def _wider(self, found: Specialisation, bound, error: ValueError) -> Specialisation | None:
        """The specialisation to try after an assumption about extents has failed, or None."""
        message = str(error.args[0]) if error.args else ""
        if not message.endswith(NOTE) or found.options.dynamic_broadcast:
            return None
        found = next((plain for plain in self.specialisations.values() if plain.divided is found), found)
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

    @staticmethod
    def _check_captured(found: Specialisation, mode: Mode, bound) -> None:
        """Arguments that overlap captured arrays are fine as long as nothing is written."""
        captured = mode.product.captured
        if captured and mode.product.meta["writes"]:
            arrays = arrays_of(bound, found.specs)
            if any(np.may_share_memory(a, b) for a in arrays for b in captured):
                raise ArgumentError("an argument overlaps an array that the function captures, and the function writes "
                                    "to one of them: pass a copy")

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

    # --- loops in parts

    @property
    def divides(self) -> bool:
        """Whether it may be chosen to run loops again in parts."""
        return not self.settings.parallel and self.settings.checkpoint is None

    def _is_large(self, found: Specialisation, mode: Mode, bound: dict[str, Any]) -> bool:
        """Whether these arguments want loops run again in parts."""
        if mode.large is None or not self.divides or found.options.segments is not None:
            return False
        return mode.large(*self._flat(found, bound), *mode.product.captured)

    def _divided(self, found: Specialisation) -> Specialisation:
        """The specialisation in which loops are run again in parts."""
        if found.divided is None:
            found.divided = Specialisation(found.specs, replace(found.options, segments=AUTOMATIC), exact=found.exact)
        return found.divided

    def _chosen(self, name: str, bound: dict[str, Any]) -> tuple[Specialisation, Mode]:
        """The specialisation and mode that a call with these arguments runs."""
        found = self._find(bound)
        mode = self._mode(found, name)
        if self._is_large(found, mode, bound):
            found = self._divided(found)
        return found, self._mode(found, name)

    # --- making code

    def _reading(self, found: Specialisation) -> specialise.Reading:
        if found.reading is None:
            found.reading = specialise.read(self.py_func, found.specs, found.options)
        return found.reading

    def _mode(self, found: Specialisation, name: str) -> Mode:
        mode = found.modes.get(name)
        if mode is None:
            if self.settings.target != "cpu":
                raise UnsupportedError("target= is not built yet")
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
