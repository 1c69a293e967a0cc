"""The demonstration: two models trained on real data with generated gradients; text and a picture come out.

    adtrans demo        # or: python -m adtrans demo --out curves.png

The data are the Wisconsin diagnostic breast cancer table (data/SOURCE.md). One model is a logistic regression
in plain nested loops, the other a small multilayer perceptron in NumPy style.
"""

from __future__ import annotations

import csv
import inspect
import math
import time
from collections.abc import Callable
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from adtrans.bench import best_time, readable
from adtrans.check import check_grads

DECAY = 1e-3
HIDDEN = 8


def logistic_loss(w, b, x, y, decay):
    """Mean cross-entropy of a linear classifier with weight decay, as plain loops."""
    n, d = x.shape
    total = 0.0
    for i in range(n):
        z = b
        for j in range(d):
            z += w[j] * x[i, j]
        # log(1 + exp(z)) without overflow
        if z > 0.0:
            total += z + math.log1p(math.exp(-z)) - y[i] * z
        else:
            total += math.log1p(math.exp(z)) - y[i] * z
    penalty = 0.0
    for j in range(d):
        penalty += w[j] * w[j]
    return total / n + 0.5 * decay * penalty


def perceptron_loss(w1, b1, w2, b2, x, y):
    """Mean cross-entropy of a classifier with one hidden layer, as NumPy writes it."""
    hidden = np.tanh(x @ w1 + b1)
    z = hidden @ w2 + b2
    return np.mean(np.maximum(z, 0.0) - y * z + np.log1p(np.exp(-np.abs(z))))


class Split(NamedTuple):
    """Standardised measurements (rows, 30) and diagnoses (1.0 is malignant), for training and held out."""

    x: np.ndarray
    y: np.ndarray
    x_held: np.ndarray
    y_held: np.ndarray


def load() -> Split:
    """The table, split 3 to 1 by a fixed shuffle and standardised by the training rows."""
    text = resources.files("adtrans").joinpath("data/breast_cancer.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))[1:]
    y = np.array([1.0 if row[0] == "M" else 0.0 for row in rows])
    x = np.array([[float(cell) for cell in row[1:]] for row in rows])
    order = np.random.default_rng(0).permutation(len(y))
    train, held = order[len(y) // 4:], order[:len(y) // 4]
    centre, spread = x[train].mean(axis=0), x[train].std(axis=0)
    x = (x - centre) / spread
    return Split(x[train], y[train], x[held], y[held])


def descend_logistic(gradient: Any, split: Split, rate: float, steps: int) -> tuple[tuple, np.ndarray]:
    """Gradient descent inside Numba: a compiled loop that calls the compiled gradient."""
    import numba

    @numba.njit
    def descend(w, b, x, y, decay, rate, steps):
        losses = np.empty(steps)
        for step in range(steps):
            losses[step], (w_bar, b_bar) = gradient(w, b, x, y, decay)
            w = w - rate * w_bar
            b = b - rate * b_bar
        return w, b, losses

    w, b, losses = descend(np.zeros(split.x.shape[1]), 0.0, split.x, split.y, DECAY, rate, steps)
    return (w, b), losses


def descend_perceptron(gradient: Any, params: tuple, split: Split, rate: float,
                       steps: int) -> tuple[tuple, np.ndarray]:
    """Gradient descent as a Python loop over the compiled gradient."""
    losses = np.empty(steps)
    for step in range(steps):
        losses[step], bars = gradient(*params, split.x, split.y)
        params = tuple(p - rate * p_bar for p, p_bar in zip(params, bars))
    return params, losses


def initial_perceptron(d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Small random weights for `d` inputs."""
    rng = np.random.default_rng(1)
    return (rng.normal(0.0, 1.0 / math.sqrt(d), (d, HIDDEN)), np.zeros(HIDDEN),
            rng.normal(0.0, 1.0 / math.sqrt(HIDDEN), HIDDEN), 0.0)


def accuracy(z: np.ndarray, y: np.ndarray) -> str:
    """The share of logits `z` with the right sign, with the counts behind it."""
    right = int(np.sum((z > 0.0) == (y > 0.5)))
    return f"{100 * right / len(y):.1f} % ({right} of {len(y)})"


def run(picture: str = "adtrans-demo.png") -> None:
    """Show, check, train and time both models; write the loss curves to the file `picture`."""
    import adtrans

    began = time.perf_counter()
    split = load()
    print(f"Breast cancer table: {len(split.y)} rows to train on, {len(split.y_held)} held out, "
          f"{split.x.shape[1]} measurements each.")
    logistic = adtrans.value_and_grad(logistic_loss, argnums=("w", "b"))
    perceptron = adtrans.value_and_grad(perceptron_loss, argnums=("w1", "b1", "w2", "b2"))
    d = split.x.shape[1]
    start, curves = initial_perceptron(d), {}

    show("Logistic regression in plain loops", logistic, (np.zeros(d), 0.0), (split.x, split.y, DECAY))
    (w, b), curves["logistic regression"] = timed_training(
        lambda: descend_logistic(logistic, split, 0.5, 400), "an @njit loop that calls the gradient")
    print(f"Held-out accuracy: {accuracy(split.x_held @ w + b, split.y_held)}")

    show("Multilayer perceptron in NumPy", perceptron, start, (split.x, split.y))
    (w1, b1, w2, b2), curves["multilayer perceptron"] = timed_training(
        lambda: descend_perceptron(perceptron, start, split, 0.5, 400), "a Python loop over the gradient")
    logits = np.tanh(split.x_held @ w1 + b1) @ w2 + b2
    print(f"Held-out accuracy: {accuracy(logits, split.y_held)}")

    print()
    plot(curves, picture)
    print(f"Whole demonstration: {time.perf_counter() - began:.1f} s.")


def show(title: str, gradient: Any, params: tuple, data: tuple) -> None:
    """Print a function, its generated gradient, the first call's time, the check, and the speed."""
    args = (*params, *data)
    print(f"\n{title}\n{'=' * len(title)}\n")
    print(inspect.getsource(gradient.py_func))
    before = time.perf_counter()
    gradient(*args)
    first = time.perf_counter() - before
    print("Its gradient, as generated and as it runs:\n")
    print(gradient.source)
    origin = "loaded from the disk cache" if gradient.latest.from_cache else "written and compiled now"
    print(f"From the call to the first gradient: {first:.2f} s ({origin}).")
    check(gradient, params, data)
    plain = best_time(gradient.py_func, args, 0.2)
    interpreted = best_time(gradient.interpreted, args, 0.2)
    compiled = best_time(gradient, args, 0.2)
    print(f"One call: function in Python {readable(plain)}; gradient interpreted {readable(interpreted)}, "
          f"compiled {readable(compiled)}: {interpreted / compiled:.0f} times faster.")


def check(gradient: Any, params: tuple, data: tuple) -> None:
    """Judge the compiled gradient on forty rows, away from where the training starts."""
    rng = np.random.default_rng(2)
    moved = tuple(p + rng.normal(0.0, 0.1, np.shape(p) or None) for p in params)
    rows = tuple(part[:40] if np.ndim(part) else part for part in data)
    check_grads(gradient, (*moved, *rows), modes=("rev",))
    print("check_grads: agrees with the function.")


def timed_training(train: Callable, how: str) -> tuple[tuple, np.ndarray]:
    """Run a training and print how long it took and where it led."""
    before = time.perf_counter()
    params, losses = train()
    print(f"Trained by {how}: {len(losses)} steps in {time.perf_counter() - before:.2f} s, "
          f"loss {losses[0]:.4f} to {losses[-1]:.4f}.")
    return params, losses


def plot(curves: dict[str, np.ndarray], picture: str) -> None:
    """Draw the loss curves into a file, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("No picture of the loss curves: matplotlib is not installed.")
        return
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, losses in curves.items():
        axes.plot(np.arange(1, len(losses) + 1), losses, label=name)
    axes.set(xlabel="step", ylabel="training loss", xscale="log", yscale="log")
    axes.legend()
    figure.savefig(picture, dpi=150)
    print(f"Loss curves: {picture}")
