"""The optimizer: stages with their hyper-parameters, and the compiled step that is made of them.

    optimizer = chain(clip_by_global_norm(1.0), adamw(1e-3))
    state = optimizer.init(params)
    optimizer.step(params, grads, state)       # params and state change in place
    print(optimizer.source)                    # the loop that ran
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.optim.headers import reader
from adtrans.optim.plan import Part, Plan
from adtrans.optim.ranges import check
from adtrans.optim.state import State


class Optimizer:
    """An update of parameters by gradients. Made by `adam` and the like, `chain` and `rule`.

    Hyper-parameters are attributes and can be set: `optimizer.learning_rate = 1e-4` holds from the next step on, and
    compiles nothing.
    """

    def __init__(self, parts: tuple[Part, ...], threads: int = 1):
        vars(self)["parts"] = parts
        vars(self)["threads"] = threads
        vars(self)["_made"] = None
        vars(self)["_latest"] = None

    def __reduce__(self):
        return Optimizer, (self.parts, self.threads)

    # --- what it is

    @property
    def name(self) -> str:
        rules = [part.name or part.fun.__name__ for part in self.parts]
        return "_".join(rules)

    def __repr__(self) -> str:
        shown = [f"{part.name or part.fun.__name__}({', '.join(f'{k}={v!r}' for k, v in part.hyper.items())})"
                 for part in self.parts]
        return shown[0] if len(shown) == 1 else f"chain({', '.join(shown)})"

    def __call__(self, *args, **hyper) -> Optimizer:
        """The same with other hyper-parameters, in the order in which they were declared, or by name."""
        names = list(self.parts[-1].hyper)
        if len(args) > len(names):
            raise ArgumentError(f"{self.name} has {len(names)} hyper-parameters, not {len(args)}")
        given = dict(zip(names, args)) | hyper
        for name in given:
            if not any(name in part.hyper for part in self.parts):
                raise ArgumentError(f"{self.name} has no hyper-parameter {name!r}, but {', '.join(names)}")
        parts = tuple(replace(part, hyper={name: given.get(name, value) for name, value in part.hyper.items()})
                      for part in self.parts)
        check(given, self.name)
        return Optimizer(parts, self.threads)

    def __getattr__(self, name: str) -> Any:
        for part in reversed(self.parts):
            if name in part.hyper:
                return part.hyper[name]
        raise AttributeError(f"{type(self).__name__} {self.name} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        places = [k for k, part in enumerate(self.parts) if name in part.hyper]
        if not places:
            raise AttributeError(f"{self.name} has no hyper-parameter {name!r}")
        check({name: value}, self.name)
        k = places[-1]
        part = self.parts[k]
        part = replace(part, hyper={**part.hyper, name: value})
        parts = (*self.parts[:k], part, *self.parts[k + 1:])
        if self._made is None:
            vars(self)["parts"] = parts
            return
        made = Plan(parts, self.threads)
        if made.text(("f8",)) != self._made.text(("f8",)) or made.states != self._made.states:
            raise ArgumentValueError(f"{name} = {value!r} makes another update, not the same with another number: "
                                     "make a new optimizer")
        vars(self)["parts"] = parts
        self._made.take(made)

    @property
    def plan(self) -> Plan:
        """The stages read and put together, when first needed."""
        if self._made is None:
            vars(self)["_made"] = Plan(self.parts, self.threads)
        return self._made

    @property
    def source(self) -> str:
        """The generated update: what ran at the latest step, for float64 leaves before there was one."""
        plan, dtypes = self.plan, self._latest or ("f8",)
        return plan.text(dtypes) + (f"\n\n{plan.written_turn(dtypes).text}" if plan.place >= 0 else "")

    # --- steps

    def init(self, params: Any) -> State:
        """The state for parameters: an array of float32 or float64, or a tuple, NamedTuple, list or dict of such.

        Leaves that are not floating-point are left alone. Raises ArgumentError (a TypeError) where nothing can be
        stepped, or a number stands where an array has to, ArgumentValueError (a ValueError) for arrays that share
        memory or are read-only.
        """
        plan = self.plan
        if not plan.moves:
            raise ArgumentValueError(f"{self.name} changes gradients only: chain it with an optimizer")
        state = State(params, plan, plan.values(params))
        state.bind_params(params)
        return state

    def step(self, params: Any, grads: Any, state: State) -> None:
        """One step: `params` and `state` change in place.

        Arguments: `params` built as they were for `init`; `grads` built like them, arrays of the same shapes (None, or
        anything, for leaves that are not floating-point).

        Raises ArgumentValueError (a ValueError) for other shapes or structures, ArgumentError (a TypeError) for
        gradients that are not floating-point.
        """
        if state.kernel is None or state.plan is not self._made:
            self._kernel(state)
        self._run(state.kernel, params, grads, state)

    def look_ahead(self, params: Any, state: State) -> None:
        """Bring the parameters to where the gradient of the next step is taken, in place; they are there but for
        `nesterov`, whose `step` brings them on from there.

        >>> from adtrans import optim
        >>> x, optimizer = np.array([1.0]), optim.adam()
        >>> optimizer.look_ahead(x, optimizer.init(x))
        >>> x.tolist()
        [1.0]
        """
        if not self.is_ahead(state):
            self._turn(params, state)

    def look_back(self, params: Any, state: State) -> None:
        """Undo `look_ahead`, if no step was made since."""
        if self.plan.place >= 0 and self.is_ahead(state):
            self._turn(params, state)

    def is_ahead(self, state: State) -> bool:
        """Whether the parameters are where the gradient of the next step is taken."""
        return self.plan.place < 0 or state.numbers[self.plan.place] != 0.0

    def _turn(self, params: Any, state: State) -> None:
        self._own(state)
        state.bind_params(params)
        plan = state.plan
        plan.call(state.step)
        kernel = plan.turning(state.dtypes)
        if plan.threads > 1:
            kernel = threaded(kernel, plan.threads)
        kernel(*state.rows(), plan.numbers, state.numbers, state.counter)
        state.write_back()

    def compiled_turn(self, state: State) -> tuple[Callable, int] | None:
        """What `look_ahead` and `look_back` do, of the arguments of `compiled_step`, and the place in the fourth of
        the number that is 1 when the parameters are ahead; None where they never are."""
        self._own(state)
        return None if state.plan.place < 0 else (state.plan.turning(state.dtypes), state.plan.place)

    def compiled_step(self, params: Any, grads: Any, state: State) -> tuple[Callable, tuple] | None:
        """The compiled step with its five arguments, for compiled code that calls it; None where Python has a part.

        It works on these very arrays, whose addresses are among the arguments, and so has to be called while they are
        there.
        """
        if state.kernel is None or state.plan is not self._made:
            self._kernel(state)
        state.bind(params, grads)
        plan = state.plan
        if plan.calls or plan.threads > 1 or not state.is_direct(grads):
            return None
        return state.kernel, (*state.rows(), plan.numbers, state.numbers, state.counter)

    def interpreted(self, params: Any, grads: Any, state: State) -> None:
        """What `step` does, the same generated source run by CPython."""
        from adtrans.backend.python import load_module

        self._own(state)
        entry = f"{state.plan.name}_step"
        with np.errstate(all="ignore"):
            self._run(load_module(state.plan.text(state.dtypes), entry, entry), params, grads, state)

    @staticmethod
    def _run(kernel: Callable, params: Any, grads: Any, state: State) -> None:
        state.bind(params, grads)
        plan = state.plan
        if plan.place >= 0 and state.numbers[plan.place] == 0.0:
            raise ArgumentValueError(f"{plan.name} takes gradients ahead of the parameters: call "
                                     "optimizer.look_ahead(params, state) before they are computed")
        if plan.calls:
            plan.call(state.step)
        if plan.threads > 1:
            kernel = threaded(kernel, plan.threads)
        if kernel(*state.rows(), plan.numbers, state.numbers, state.counter) >= 0:
            state.bind_grads(grads, copied=True)  # one of them overlaps what the step changes
            kernel(*state.rows(), plan.numbers, state.numbers, state.counter)
        if state.copies:
            state.write_back()

    def _own(self, state: State) -> None:
        plan = self.plan
        if state.plan is not plan and state.plan.text(state.dtypes) != plan.text(state.dtypes):
            raise ArgumentValueError(f"the state is that of another update, {state.plan.name}, not of {self.name}")
        state.plan = plan
        vars(self)["_latest"] = state.dtypes

    def _kernel(self, state: State) -> None:
        self._own(state)
        state.reader = reader()
        state.kernel = state.plan.kernel(state.dtypes)


def threaded(kernel: Callable, threads: int) -> Callable:
    """A kernel run by so many threads of Numba's."""

    def run(*args):
        import numba

        before = numba.get_num_threads()
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        try:
            return kernel(*args)
        finally:
            numba.set_num_threads(before)

    return run
