"""Training: `fit`, which drives compiled epochs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adtrans.errors import ArgumentValueError, CheckpointError
from adtrans.optim import checkpoint as files
from adtrans.optim.batches import checked, chunks
from adtrans.optim.leaves import leaves
from adtrans.optim.optimizer import Optimizer
from adtrans.optim.options import Options, check_built, checkpoint_of
from adtrans.optim.results import FitResult, NotFiniteError, Progress
from adtrans.optim.saved import is_good, read, structure
from adtrans.optim.schedules import Plateau
from adtrans.optim.training import NotFinite, Trainer


def fit(loss: Callable, params: Any, data: Any, optimizer: Optimizer, *, batch_size: int | None = None,
        epochs: int = 1, shuffle: bool = True, seed: int = 0, accumulate: int = 1, validation_data: Any = None,
        patience: int | None = None, callback: Callable | None = None, progress: bool = False, checkpoint: Any = None,
        resume: bool = False, precision: str | None = None, loss_scale: Any = "dynamic", target: str = "cpu",
        history: bool = True, static: tuple = (), not_finite: str = "stop") -> FitResult:
    """Minimise the mean of `loss` over batches of data; epochs run in compiled code.

    Arguments: `loss(*params, *batch, *static)` gives a number; a plain tuple of parameters is spread, an array, dict or
    NamedTuple is one argument. `data` is an array, a tuple of arrays with as many rows, or an iterable of such tuples
    (or a function that gives one, for data beyond memory), batched along the first axis; the last batch may be short.
    `batch_size` None takes all rows at once, 1 is stochastic descent. `shuffle` draws a new order for every epoch by a
    generator begun with `seed`. `accumulate` batches make one step, by their mean. `validation_data` are arrays like
    those of data; `patience` epochs without a better validation loss (or loss) stop, and the best parameters are given
    back. `callback(progress)` is called after each epoch and stops by returning True or raising StopIteration.
    `checkpoint` is a path, or a path and the number of epochs between two; `resume` goes on from it, bit for bit, or
    begins where there is none. A loss that is not finite stops with a NotFiniteError, or with `not_finite="skip"` its
    step is left out. The parameters given are left as they are.

    Raises ArgumentValueError (a ValueError) for data of unequal lengths, no data, or numbers out of range;
    CheckpointError for checkpoints that cannot be read; UnsupportedError for a `precision` other than None, the
    parameters' own types, and a `target` other than "cpu", which are not built yet.
    """
    check_built(precision, target)
    run = _Run(loss, params, data, optimizer, Options(batch_size, epochs, shuffle, seed, accumulate, patience, history,
                                                      tuple(static), not_finite))
    run.validation = None if validation_data is None else _validation(validation_data)
    run.callback, run.progress = callback, progress
    run.path, run.every = checkpoint_of(checkpoint)
    return run.go(resume)


def _validation(data: Any) -> tuple[np.ndarray, ...]:
    return checked((data,) if isinstance(data, np.ndarray) else tuple(data))


@dataclass
class _Run:
    """One training."""

    loss: Callable
    params: Any
    data: Any
    optimizer: Optimizer
    options: Options
    validation: tuple[np.ndarray, ...] | None = None
    callback: Callable | None = None
    progress: bool = False
    path: Path | None = None
    every: int = 1
    epoch: int = 0
    best: float = np.inf
    waited: int = 0
    stopped: bool = False
    message: str = ""
    best_leaves: list[np.ndarray] = field(default_factory=list)
    records: dict[str, list[float]] = field(default_factory=dict)

    def go(self, resume: bool) -> FitResult:
        """Train until the end."""
        options = self.options
        self.begin = chunks(self.data)
        self.first = next(iter(self.begin()))
        self.trainer = Trainer(self.loss, self.params, self.optimizer, *self.batching(), options.seed)
        self.records = {"loss": [], "learning_rate": []} | ({"validation_loss": []} if self.validation else {})
        if resume:
            self.restore()
        bar = self.bar()
        try:
            while self.epoch < options.epochs and not self.stopped:
                self.one(bar)
        finally:
            if bar is not None:
                bar.close()
        if self.best_leaves and options.patience is not None:
            for leaf, kept in zip(self.changing(), self.best_leaves):
                leaf[...] = kept
        return self.result()

    def batching(self) -> tuple[tuple[np.ndarray, ...], tuple, str]:
        """An example of a batch, the static arguments, and how batches are made."""
        size, rows = self.options.batch_size, self.first[0].shape[0]
        if size is None or size >= rows and isinstance(self.data, (np.ndarray, tuple, list)):
            return self.first, self.options.static, "whole" if size is None else "sliced"
        kind = "gathered" if self.options.shuffle else "sliced"
        return tuple(array[:size].copy() for array in self.first), self.options.static, kind

    def changing(self) -> list[np.ndarray]:
        """The arrays that change, in the order of the parameters."""
        return [leaf for leaf in leaves(self.trainer.inner) if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"]

    # --- an epoch

    def one(self, bar) -> None:
        """As many epochs as can be made without looking at them, at least one."""
        before = self.trainer.state.step
        losses = self.epochs(self.unwatched())
        self.note(losses, before)
        validation = None
        if self.validation is not None:
            validation = self.trainer.value(self.validation)
            self.records["validation_loss"].append(validation)
        self.look(float(losses[-1]), validation)
        if bar is not None:
            bar.update(len(losses))
            bar.set_postfix(loss=f"{losses[-1]:.4g}")
        self.tell(float(losses[-1]), validation)
        last = self.epoch == self.options.epochs or self.stopped
        if self.path is not None and (last or self.epoch % self.every == 0):
            self.save()

    def note(self, losses: np.ndarray, before: int) -> None:
        """Take epochs down, the first of which began after `before` steps."""
        steps = (self.trainer.state.step - before) // max(1, len(losses))
        for k, value in enumerate(losses, 1):
            self.records["loss"].append(float(value))
            self.records["learning_rate"].append(self.rate(before + k * steps))
        self.epoch += len(losses)

    def unwatched(self) -> int:
        """How many epochs may go by in one compiled call; few enough to be interrupted."""
        watched = self.callback or self.progress or self.validation or self.options.patience is not None
        plan = self.trainer.state.plan
        skips = self.options.not_finite == "skip" or plan.memory  # epochs may have unequal numbers of steps
        if watched or plan.calls or skips or not self.is_whole():
            return 1
        left = self.options.epochs - self.epoch
        if self.path is not None:
            left = min(left, self.every - self.epoch % self.every)
        work = sum(array.size for array in self.first) + 1
        return max(1, min(left, 10**7 // work))

    def is_whole(self) -> bool:
        """Whether data is in memory, so that an epoch is one chunk."""
        return isinstance(self.data, np.ndarray) or isinstance(self.data, (tuple, list)) and all(
            isinstance(part, np.ndarray) for part in self.data)

    def epochs(self, count: int) -> np.ndarray:
        """The losses of some epochs."""
        if self.is_whole():
            return self.chunk(self.first, count)
        total, rows = 0.0, 0
        for chunk in self.begin():
            total += float(self.chunk(chunk, 1)[0]) * chunk[0].shape[0]
            rows += chunk[0].shape[0]
        return np.array([total / rows])

    def chunk(self, arrays: tuple[np.ndarray, ...], count: int) -> np.ndarray:
        """The losses of some epochs over one chunk of data."""
        options = self.options
        size = options.batch_size or arrays[0].shape[0]
        before = self.trainer.state.step
        try:
            return self.trainer.run(arrays, int(size), int(options.accumulate), count, options.not_finite == "skip")
        except NotFinite as found:
            losses, batch = found.args
            self.note(losses, before)
            step = self.trainer.state.step + 1
            raise NotFiniteError(f"the loss is not finite at step {step}: epoch {self.epoch + 1}, batch {batch + 1}",
                                 step, self.result()) from None

    def optimizer_rate(self) -> Any:
        found = [part.hyper["learning_rate"] for part in self.optimizer.parts
                 if part.hyper.get("learning_rate") is not None]
        return found[-1] if found else None

    def rate(self, steps: int) -> float:
        """The learning rate of the last of so many steps."""
        rate = self.optimizer_rate()
        if callable(rate):
            return float(rate(max(0, steps - 1)))
        return float(rate) if isinstance(rate, (int, float, np.number)) else float("nan")

    def look(self, loss: float, validation: float | None) -> None:
        """Whether this epoch was the best, and whether to go on."""
        monitored = loss if validation is None else validation
        for plateau in self.plateaus():
            plateau.observe(monitored)
        if self.options.patience is None:
            return
        if monitored < self.best:
            self.best, self.waited = monitored, 0
            self.best_leaves = [leaf.copy() for leaf in self.changing()]
            return
        self.waited += 1
        if self.waited >= max(1, self.options.patience):
            self.stopped, self.message = True, f"no better loss for {self.waited} epochs"

    def plateaus(self) -> list[Plateau]:
        return [value for part in self.optimizer.parts for value in part.hyper.values() if isinstance(value, Plateau)]

    def tell(self, loss: float, validation: float | None) -> None:
        """Tell the callback."""
        if self.callback is None:
            return
        trainer = self.trainer
        told = Progress(self.epoch, trainer.state.step, loss, validation, trainer.params, trainer.state)
        try:
            stop = self.callback(told)
        except StopIteration:
            stop = True
        if stop is True:
            self.stopped, self.message = True, "stopped by the callback"

    def bar(self):
        if not self.progress:
            return None
        from tqdm.auto import tqdm

        return tqdm(total=self.options.epochs, initial=self.epoch, unit="epoch")

    def result(self) -> FitResult:
        from adtrans.optim.epochs import SKIPPED

        trainer = self.trainer
        return FitResult(trainer.params, self.records if self.options.history else {}, self.epoch, self.stopped,
                         trainer.state, int(trainer.control[SKIPPED]), self.message)

    # --- checkpoints

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        state, trainer = self.trainer.state, self.trainer
        found = {f"param{k}": leaf for k, leaf in enumerate(self.changing())}
        found |= {f"best{k}": leaf for k, leaf in enumerate(self.best_leaves)}
        for name, parts in state.arrays.items():
            found |= {f"state.{name}.{k}": part for k, part in enumerate(parts)}
        return found | {"counter": state.counter, "memory": state.numbers, "random": trainer.random,
                        "control": trainer.control} | {
            f"history.{name}": np.array(values, np.float64) for name, values in self.records.items()}

    def record(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "best": repr(self.best), "waited": self.waited, "stopped": self.stopped,
                "message": self.message, "optimizer": self.trainer.state.plan.name,
                "structure": structure(self.params),
                "plateaus": [vars(plateau) | {"best": repr(plateau.best)} for plateau in self.plateaus()]}

    def save(self) -> None:
        files.save(self.path, self.arrays(), self.record())

    def restore(self) -> None:
        """Go on from the checkpoint, the one before it if it is damaged, or begin."""
        if self.path is None:
            raise ArgumentValueError("resume=True needs checkpoint=, which says from where")
        found = read(self.path)
        if found is None:
            return
        if self.path.exists() and not is_good(self.path):
            files.mend(self.path)  # or the next checkpoint would put the damaged one in the place of the good one
        arrays, record = found
        kept = len([name for name in arrays if name.startswith("best")])
        self.best_leaves = [leaf.copy() for leaf in self.changing()][:kept]
        self.records = {name.removeprefix("history."): values.tolist() for name, values in arrays.items()
                        if name.startswith("history.")}
        mine = self.arrays()
        if mine.keys() != arrays.keys() or record["optimizer"] != self.trainer.state.plan.name:
            raise CheckpointError(f"{self.path}: a checkpoint of another training ({record['optimizer']})")
        for name, array in arrays.items():
            if name.startswith("history."):
                continue
            if (array.shape, array.dtype) != (mine[name].shape, mine[name].dtype):
                raise CheckpointError(f"{self.path}: {name} has shape {array.shape}, not {mine[name].shape}")
            mine[name][...] = array
        self.epoch, self.best, self.waited = record["epoch"], float(record["best"]), record["waited"]
        self.stopped, self.message = record["stopped"], record["message"]
        for plateau, values in zip(self.plateaus(), record["plateaus"]):
            vars(plateau).update(values | {"best": float(values["best"])})
