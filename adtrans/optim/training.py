"""The trainer: a loss, parameters and an optimizer put together into compiled epochs.

    trainer = Trainer(loss, params, optimizer, example=(x, y), static=(), batches="gathered")
    trainer.run((x, y), epochs=10, size=32, group=1)       # parameters change in place

`fit` drives it: validation, stopping, callbacks and checkpoints are there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from adtrans import cache
from adtrans.arguments import located
from adtrans.errors import ArgumentValueError
from adtrans.gradient import GradientFunction
from adtrans.optim import epochs as places
from adtrans.optim.epochs import CONTROLS, Argument, Epochs
from adtrans.optim.kernels import key_of
from adtrans.optim.leaves import leaves, rebuilt
from adtrans.optim.optimizer import Optimizer
from adtrans.optim.plan import SIGNATURE, Plan
from adtrans.specialised import Mode, Settings, Specialisation
from adtrans.structure import ArraySpec, NumberSpec, is_float, leaf_specs


class Trainer:
    """Compiled epochs over batches of some types.

    `inner` are the parameters that change: copies of those given, numbers as arrays of one element.
    """

    def __init__(self, loss: Callable, params: Any, optimizer: Optimizer, example: tuple[np.ndarray, ...],
                 static: tuple, batches: str, seed: int):
        self.given, self.optimizer, self.batches = params, optimizer, batches
        self.static = tuple(value.copy() if isinstance(value, np.ndarray) else value for value in static)
        self.spread = type(params) is tuple
        count = len(params) if self.spread else 1
        self.gradient = gradient_of(loss, count)
        self.inner = rebuilt(params, iter([changeable(leaf) for leaf in leaves(params)]))
        self.state = optimizer.init(self.inner)
        self.bars = [np.zeros(leaf.shape, leaf.dtype) if is_stepped(leaf) else None for leaf in leaves(self.inner)]
        self.random = np.array([np.uint64(seed % 2**64)], np.uint64)
        self.control = np.zeros(CONTROLS, np.int64)
        self.function, self.fixed = self._compile(example)

    # --- parameters

    @property
    def params(self) -> Any:
        """The parameters as they are now, in the form in which they were given; not copies."""
        pairs = zip(leaves(self.given), leaves(self.inner))
        return rebuilt(self.given, iter([plain(old, new) for old, new in pairs]))

    def arguments(self, batch: tuple) -> tuple:
        """The arguments of the loss."""
        return (*(self.params if self.spread else (self.params,)), *batch, *self.static)

    def value(self, batch: tuple) -> float:
        """The loss of a batch."""
        return float(self.gradient.value(*self.arguments(batch)))

    # --- compiling

    def _compile(self, example: tuple[np.ndarray, ...]) -> tuple[Callable, list]:
        """The compiled function, and its arguments with None where batches go."""
        found, mode = self._specialise(example)
        gradient, bound = self.gradient, self._bound(example)
        bars = [bar for bar in self.bars if bar is not None and not self._is_number(bar)]
        arguments = self._describe(found, mode, len(example), len(bars))
        plan, dtypes = self.state.plan, self.state.dtypes
        epochs = Epochs(tuple(arguments), self.batches, plan.place)
        key = gradient._key(found, "accumulate")
        text, signature = epochs.text(), epochs.signature(SIGNATURE)
        function = compiled_epochs(text, signature, gradient._compiled(found, mode), key,
                                   self.steps(plan, dtypes), epochs.helpers())
        values = iter([*gradient._flat(found, bound), *mode.product.captured, *bars])
        fixed: list[Any] = []
        floats = iter([leaf for leaf in leaves(self.inner) if is_stepped(leaf)])
        buffers = iter([bar for bar in self.bars if bar is not None])
        own = {id(leaf): bar for leaf, bar in zip(floats, buffers)}
        numbers = [leaf for leaf in leaves(self.inner) if is_stepped(leaf) and self._is_number(leaf)]
        pending = iter(numbers)
        for argument in arguments[:-1]:
            value = next(values)
            if argument.kind == "number":
                fixed.append(next(pending))
            elif argument.kind == "data":
                fixed += [None, None] if self.batches == "gathered" else [None]
            else:
                fixed.append(value)
        fixed += [own[id(leaf)] for leaf in numbers]
        self.state.bind_params(self.inner)
        self.state.bind_grads(rebuilt(self.inner, iter(self.bars)))
        return function, fixed

    @staticmethod
    def steps(plan: Plan, dtypes: tuple[str, ...]) -> dict[str, tuple[Callable, str]]:
        """The optimizer's functions that epochs call, with their texts."""
        found = {"step": (plan.kernel(dtypes), plan.text(dtypes))}
        if plan.place >= 0:
            found["turn"] = (plan.turning(dtypes), plan.written_turn(dtypes).text)
        return found

    def _is_number(self, leaf: np.ndarray) -> bool:
        """Whether an array stands for a number."""
        return any(leaf is bar or leaf is inner for inner, bar, old in
                   zip(leaves(self.inner), self.bars, leaves(self.given)) if not isinstance(old, np.ndarray))

    def _bound(self, batch: tuple) -> dict[str, Any]:
        return self.gradient._bind(self.arguments(batch), {})

    def _specialise(self, example: tuple) -> tuple[Specialisation, Mode]:
        """The specialisation of the loss that holds for the example: what is assumed of extents is tried once."""
        gradient, bound = self.gradient, self._bound(example)
        found = gradient._find(bound)
        if found.shared:
            raise ArgumentValueError("parameters, data and static arguments must not share memory")
        while True:
            mode = gradient._mode(found, "accumulate")
            scratch = [np.zeros(bar.shape, bar.dtype) for bar in self.bars
                       if bar is not None and not self._is_number(bar)]
            try:
                gradient._compiled(found, mode)(*gradient._flat(found, bound), *mode.product.captured, *scratch,
                                                *gradient._seed(found, 1.0))
                return found, mode
            except ValueError as error:
                wider = gradient._wider(found, bound, error)
                if wider is None:
                    raise located(error) from None
                found = wider
            except Exception as error:
                raise located(error) from None

    def _describe(self, found: Specialisation, mode: Mode, data: int, bars: int) -> list[Argument]:
        """The arguments of the compiled gradient."""
        codes = iter(mode.product.signature)
        arguments = []
        for k, spec in enumerate(found.specs.values()):
            for leaf in leaf_specs(spec):
                if k < len(self.gradient.argnames):
                    kind = "number" if isinstance(leaf, NumberSpec) and is_float(leaf) else \
                        "param" if isinstance(leaf, ArraySpec) else "other"
                else:
                    kind = "data" if k < len(self.gradient.argnames) + data else "other"
                arguments.append(Argument(kind, next(codes)))
        arguments += [Argument("other", next(codes)) for _ in mode.product.captured]
        arguments += [Argument("bar", next(codes)) for _ in range(bars)]
        return [*arguments, Argument("seed", next(codes))]

    # --- running

    def run(self, data: tuple[np.ndarray, ...], size: int, group: int, epochs: int, skip: bool) -> np.ndarray:
        """Go through the data so many times; gives the mean loss of each epoch.

        Raises NotFinite where a loss is not, unless such steps are skipped.
        """
        rows = data[0].shape[0]
        control, state, plan = self.control, self.state, self.state.plan
        first = int(control[places.EPOCH])
        control[places.FIRST], control[places.LAST] = first, first + epochs
        control[places.SIZE], control[places.GROUP], control[places.SKIP] = size, group, skip
        sums = np.zeros(2 * epochs)
        arguments = [*self._with_data(data, size), np.zeros(rows, np.int64), self.random, control, sums,
                     *state.rows(), plan.numbers, state.numbers, state.counter]
        try:
            self._run(arguments, first + epochs)
        except NotFinite:
            done = int(control[places.EPOCH]) - first
            raise NotFinite(sums[:2 * done:2] / sums[1:2 * done:2], (int(control[places.ROW]) - 1) // size) from None
        finally:
            self.optimizer.look_back(self.inner, state)
        with np.errstate(invalid="ignore"):
            return sums[::2] / sums[1::2]

    def _run(self, arguments: list, end: int) -> None:
        """Go on until an epoch."""
        control, state, plan = self.control, self.state, self.state.plan
        while control[places.EPOCH] < end:
            control[places.LEFT] = 1 if plan.calls else -1
            plan.call(state.step)
            try:
                self.function(*arguments)
            except (IndexError, ZeroDivisionError, AssertionError, ValueError, ArithmeticError, RuntimeError) as error:
                raise located(error) from None
            if control[places.STATUS] == places.NOT_FINITE:
                raise NotFinite

    def _with_data(self, data: tuple[np.ndarray, ...], size: int) -> Iterator[Any]:
        """The arguments with data, and buffers for batches, in their places."""
        arrays = iter(data)
        waiting = None
        for value in self.fixed:
            if value is not None:
                yield value
            elif waiting is not None:
                yield waiting
                waiting = None
            else:
                array = next(arrays)
                yield array
                if self.batches == "gathered":
                    waiting = np.empty((min(size, array.shape[0]), *array.shape[1:]), array.dtype)


class NotFinite(Exception):
    """A loss that is not finite: the losses of the epochs before it in the call, the batch in the epoch."""


_FUNCTIONS: dict[str | None, Callable] = {}


def gradient_of(loss: Callable, count: int) -> GradientFunction:
    """The gradient of a loss by its first arguments; of one loss the same object, which knows what it has compiled."""
    fun = loss.py_func if isinstance(loss, GradientFunction) else loss
    try:
        return _gradient(fun, count)
    except TypeError:  # a callable without a hash
        return _gradient.__wrapped__(fun, count)


@functools.lru_cache(maxsize=64)
def _gradient(fun: Callable, count: int) -> GradientFunction:
    return GradientFunction(fun, Settings(tuple(range(count))), False)


def compiled_epochs(text: str, signature: tuple[str, ...], gradient: Callable, gradient_key: str | None,
                    steps: Mapping[str, tuple[Callable, str]],
                    helpers: Sequence[tuple[str, tuple[str, ...]]]) -> Callable:
    """The function `epochs` of a text, which calls the gradient, `steps` by their names, and helpers of the text."""
    from adtrans.backend import cpu

    key = None if gradient_key is None else cache.digest("epochs", key_of(text, signature), gradient_key,
                                                            *(other for _, other in steps.values()))
    if key in _FUNCTIONS:
        return _FUNCTIONS[key]
    stored = None if key is None else cpu.load(key)
    if stored is None:
        names = {"gradient": gradient} | {name: function for name, (function, _) in steps.items()}
        for name, types in helpers:
            names[name] = cpu.compile_module(text, name, types, key=None, meta={}, noalias=True, wrapping=()).function
        stored = cpu.compile_module(text, "epochs", signature, key=key, meta={}, wrapping=(), names=names)
    if key is not None:  # without one nothing tells this gradient from others
        _FUNCTIONS[key] = stored.function
    return stored.function


def is_stepped(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"


def changeable(leaf: Any) -> Any:
    """A copy of a leaf that can change in place; a number as an array of one element."""
    if isinstance(leaf, np.ndarray):
        return np.array(leaf, order="C")
    if isinstance(leaf, (float, np.float64)):
        return np.array([leaf], np.float64)
    if isinstance(leaf, np.float32):
        return np.array([leaf], np.float32)
    return leaf


def plain(old: Any, new: Any) -> Any:
    """A leaf in the form in which it was given."""
    return type(old)(new[0]) if isinstance(new, np.ndarray) and not isinstance(old, np.ndarray) else new


