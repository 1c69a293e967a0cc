"""What training gives: the result, what a callback is told, the error where a loss is not finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adtrans.errors import AdtransError, ArgumentError
from adtrans.optim.state import State


class NotFiniteError(AdtransError, FloatingPointError):
    """A loss that is NaN or infinite. `result` is the training up to the epoch before, `step` the step that had it."""

    def __init__(self, message: str, step: int, result: FitResult):
        super().__init__(message)
        self.step, self.result = step, result


@dataclass
class Progress:
    """What a callback is told after each epoch; `params` are those that go on changing: copy what is to be kept."""

    epoch: int
    step: int
    loss: float
    validation_loss: float | None
    params: Any
    state: State


@dataclass
class FitResult:
    """What `fit` gives: the parameters, the history of each epoch, how many epochs there were, the optimizer's state.

    `history` has "loss" (the mean over the epoch's batches), "learning_rate", and "validation_loss" where there is
    validation data. With early stopping `params` are those of the best epoch.
    """

    params: Any
    history: dict[str, list[float]]
    epochs: int
    stopped_early: bool
    state: State
    skipped: int = 0
    message: str = ""

    def plot(self, axes=None):
        """Draw the losses, and the learning rate where it changes; gives matplotlib's axes."""
        try:
            from matplotlib import pyplot
        except ImportError:
            raise ArgumentError("plot needs matplotlib: pip install adtrans[plot]") from None
        axes = axes or pyplot.subplots()[1]
        count = range(1, len(self.history.get("loss", ())) + 1)
        for name in ("loss", "validation_loss"):
            if name in self.history:
                axes.plot(count, self.history[name], label=name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        rates = self.history.get("learning_rate", [])
        if len(set(rates)) > 1:
            other = axes.twinx()
            other.plot(count, rates, color="gray", linestyle=":")
            other.set_ylabel("learning rate")
        axes.legend()
        return axes
