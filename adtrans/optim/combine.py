"""What goes with a rule: chains, clipping, decay, masks, accumulation, averages, and rules of one's own.

    chain(clip_by_global_norm(1.0), masked(add_decayed_weights(1e-4), {"w": True, "b": False}), sgd(0.1, momentum=0.9))

All of a chain is one update: a pass over memory for each norm, and one for all else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.optim import clip
from adtrans.optim.leaves import like, rebuilt
from adtrans.optim.optimizer import Optimizer
from adtrans.optim.plan import Part, PerLeaf
from adtrans.optim.ranges import check
from adtrans.optim.stage import KEPT
from adtrans.optim.state import State


def chain(*optimizers: Optimizer) -> Optimizer:
    """One after the other: what changes gradients, then the rule that uses them, then averages of parameters.

    Raises ArgumentValueError for what would change the gradient after it has been used.
    """
    parts: list[Part] = []
    for one in optimizers:
        if not isinstance(one, Optimizer):
            raise ArgumentError(f"chain takes optimizers, not {type(one).__name__}")
        for part in one.parts:
            before = [other for other in parts if other.gives == "x" and "g" in parameters(other.fun)]
            if before and "g" in parameters(part.fun):
                raise ArgumentValueError(f"{part.fun.__name__} needs the gradient, which {before[-1].fun.__name__} "
                                         "before it has used")
            parts.append(part)
    if not parts:
        raise ArgumentValueError("a chain needs at least one optimizer")
    return Optimizer(tuple(parts))


def parameters(fun: Callable) -> tuple[str, ...]:
    return tuple(inspect.signature(fun).parameters)


def stage(fun: Callable, hyper: Mapping[str, Any], gives: str = "g", memory: Mapping[str, float] | None = None,
          always: tuple[str, ...] = (), **state: float | str) -> Optimizer:
    """A stage as something to chain."""
    check(hyper, fun.__name__)
    return Optimizer((Part(fun, hyper, state, memory or {}, gives, always=always),))


def clip_by_value(limit) -> Optimizer:
    """Every element of the gradient to [-limit, limit]; a NaN stays."""
    return stage(clip.clip_by_value, {"limit": limit})


def clip_by_norm(max_norm, p=2) -> Optimizer:
    """Each array of the gradient scaled down to the p-norm `max_norm`, where that is larger."""
    if p == 2:
        return stage(clip.clip_by_norm, {"max_norm": max_norm})
    return stage(clip.clip_by_p_norm, {"max_norm": max_norm, "p": finite_power(p)})


def clip_by_global_norm(max_norm, p=2) -> Optimizer:
    """All arrays of the gradient scaled down together to the p-norm `max_norm`, where that is larger.

    Pascanu, Mikolov and Bengio 2013. Norms are summed in float64.
    """
    if p == 2:
        return stage(clip.clip_by_global_norm, {"max_norm": max_norm})
    return stage(clip.clip_by_global_p_norm, {"max_norm": max_norm, "p": finite_power(p)})


def finite_power(p: float) -> float:
    """The power of a norm; ArgumentValueError for one that is not a sum of powers."""
    if not 0 < p < np.inf:
        raise ArgumentValueError(f"p must be a finite number above 0, not {p}")
    return p


def add_decayed_weights(c) -> Optimizer:
    """Coupled weight decay: the gradient plus c times the parameter."""
    return stage(clip.add_decayed_weights, {"c": c})


def decouple_decayed_weights(c, learning_rate=None) -> Optimizer:
    """Decoupled weight decay: x <- x - learning_rate * c * x; the learning rate is the rule's unless given."""
    return stage(clip.decouple_decayed_weights, {"learning_rate": learning_rate, "c": c}, "x")


def scale(factor) -> Optimizer:
    """The gradient times a factor, say 1 over a loss scale; with `per_leaf` numbers, learning rates by leaf."""
    return stage(clip.scale, {"factor": factor})


def accumulate(every: int, mean: bool = True) -> Optimizer:
    """Gradients of `every` steps gathered to their mean, or sum: parameters change at each last of them only.

    Stands first in a chain; `state.step` counts changes. optax's MultiSteps.
    """
    if every != int(every):
        raise ArgumentValueError(f"accumulate: every must be a whole number, not {every}")
    return stage(clip.accumulate, {"every": every, "share": 1.0 / every if mean and every > 0 else 1.0},
                 memory={"arrived": 0.0}, always=("every",), gathered=0.0)


def skip_not_finite() -> Optimizer:
    """No step, and no change of the state, where the gradient has a NaN or an infinity.

    `state.memory["skipped"]` counts such steps. What is looked at is the gradient as the stages before have left it, in
    the pass that sums the norm if there is one.
    """
    return stage(clip.skip_not_finite, {}, memory={"skipped": 0.0})


def ema_parameters(decay, debias: bool = False) -> Optimizer:
    """An exponential average of the parameters, after the rule: `state["average"]`.

    It starts from the parameters as they are at first, or from nothing and is corrected for that with `debias`.
    """
    if debias:
        return stage(clip.debiased_average, {"decay": decay}, "x", average="x", mean=0.0)
    return stage(clip.average, {"decay": decay}, "x", average="x")


def polyak_average() -> Optimizer:
    """The mean of the parameters after each step so far: `state["average"]`. Polyak and Juditsky 1992."""
    return stage(clip.polyak_average, {}, "x", average="x")


def masked(optimizer: Optimizer, mask: Any) -> Optimizer:
    """An optimizer, or stage, for some leaves only; the others stay as they are, and are in no norm that it takes.

    Arguments: `mask` a container of booleans built like the parameters, or a function of an array that gives one.
    """
    return Optimizer(tuple(replace(part, mask=mask) for part in optimizer.parts))


def threads(optimizer: Optimizer, count: int) -> Optimizer:
    """The same with steps shared by `count` threads of Numba's; worth it from about a million elements on.

    Comes last, around a chain. Sums are made of the same parts in the same order however many threads there are.
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ArgumentValueError(f"threads must be a whole number above 0, not {count!r}")
    return Optimizer(optimizer.parts, int(count))


def per_leaf(numbers: Any) -> PerLeaf:
    """A hyper-parameter with a number for each leaf: `sgd(per_leaf({"w": 0.1, "b": 0.01}))`.

    Arguments: `numbers` a container built like the parameters, or a function of an array.
    """
    return PerLeaf(numbers)


def rule(fun: Callable, state: Sequence[str] | Mapping[str, float | str] = (), **hyper) -> Optimizer:
    """An optimizer of one's own: a scalar function of a parameter, its gradient, its state and hyper-parameters.

    Arguments: `fun(x, g, ...)` returns the new parameter, then the new state in the order of its parameters; `t` is the
    step counted from 1, `step` from 0, what is not named in `state` is a hyper-parameter, with the default that `fun`
    gives it. `state` are names of arrays that start from 0, or a dict of initial values ("x": a copy of the parameter).
    `hyper` are values of hyper-parameters; calling the result with others gives another optimizer.

    Raises UnsupportedError, located, for Python that is not in the language of rules.

    >>> def momentum(x, g, v, learning_rate=0.1, beta=0.9):
    ...     v = beta * v + g
    ...     return x - learning_rate * v, v
    >>> rule(momentum, state=("v",))
    momentum(learning_rate=0.1, beta=0.9)
    """
    initial = dict(state) if isinstance(state, Mapping) else dict.fromkeys(state, 0.0)
    names = parameters(fun)
    missing = [name for name in initial if name not in names]
    if missing:
        raise ArgumentValueError(f"{fun.__name__} has no parameter {missing[0]!r}, which is part of the state")
    first = 0 if {"x", "g"} & set(names) else 2
    rest = [name for name in [n for n in names if n not in initial][first:] if name not in KEPT]
    unknown = [name for name in hyper if name not in rest]
    if unknown:
        raise ArgumentError(f"{fun.__name__} has no hyper-parameter {unknown[0]!r}")
    defaults = {name: found.default for name, found in inspect.signature(fun).parameters.items()}
    values = {name: hyper.get(name, defaults[name]) for name in rest}
    check({name: value for name, value in values.items() if name == "learning_rate"}, fun.__name__)
    return Optimizer((Part(fun, values, initial),))


def schedule_free_average(optimizer: Optimizer, params: Any, state: State) -> Any:
    """The parameters to evaluate of a schedule-free optimizer: (y - (1 - b1) z) / b1, in the form of `params`."""
    b1 = optimizer.b1
    pairs = zip(like(params, params, "params"), like(params, state["z"], "state"))
    return rebuilt(params, iter([y if z is None else (y - (1.0 - b1) * z) / b1 for y, z in pairs]))
