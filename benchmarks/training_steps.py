"""Training steps per second: `fit`, a loop written by hand for Numba, optax with whole epochs in `lax.scan`, torch,
scikit-learn.

The command is `python benchmarks/training_steps.py [--only NAME ...] [--seconds S] [--clock cpu]`, on one thread in
float64, batches of 32 rows drawn anew in every epoch. Problems: logistic regression of 10,000 rows and 100 columns by
gradient descent, and two networks with tanh layers by Adam: 2-64-64-1 with squares on 4,096 rows, 64-128-10 with cross
entropy on 1,797.
Each contender runs epochs; compiling is not timed. The losses of all but scikit-learn after an epoch over rows in their
order are compared first: more than 1e-6 apart, the command fails. By hand are products by `np.dot` and loops.
"""

import argparse
import sys

import numpy as np
from timing import CLOCKS, Contender, alone, alternate, ratio

from adtrans.init import xavier_uniform
from adtrans.special import cross_entropy

TITLES = ("training", "adtrans", "by hand", "optax scan", "torch", "sklearn", "/hand", "/best", "apart")
SIZE = 32


def logistic(w, b, x, y):
    z = x @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z)


def regression(p, x, y):
    h = np.tanh(x @ p["w1"] + p["b1"])
    h = np.tanh(h @ p["w2"] + p["b2"])
    r = (h @ p["w3"] + p["b3"])[:, 0] - y
    return np.mean(r * r)


def classification(p, x, labels):
    h = np.tanh(x @ p["w1"] + p["b1"])
    return cross_entropy(h @ p["w2"] + p["b2"], labels)


def layers(sizes, rng):
    """Weights and biases of a network."""
    found = {}
    for k, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
        found |= {f"w{k}": xavier_uniform((a, b), rng), f"b{k}": np.zeros(b)}
    return found


def problems():
    """Loss, parameters, data, rule (name, rate) and sizes of layers, by name."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10_000, 100))
    y = (x @ rng.normal(size=100) + rng.normal(size=10_000) > 0).astype(float)
    u = rng.uniform(-1, 1, size=(4096, 2))
    v = np.sin(3 * u[:, 0]) * u[:, 1]
    digits = rng.normal(size=(1797, 64))
    labels = np.argmax(digits @ rng.normal(size=(64, 10)), axis=1)
    return {
        "logistic 100": (logistic, (np.zeros(100), 0.0), (x, y), ("sgd", 0.1), None),
        "2-64-64-1": (regression, layers((2, 64, 64, 1), rng), (u, v), ("adam", 1e-3), (64, 64)),
        "64-128-10": (classification, layers((64, 128, 10), rng), (digits, labels), ("adam", 1e-3), (128,)),
    }


def adtrans_contender(loss, params, data, rule):
    """One epoch a run; the compiled part of `fit`, which is most of it."""
    from adtrans import optim
    from adtrans.optim.training import Trainer

    made = {"sgd": optim.sgd, "adam": optim.adam}[rule[0]](rule[1])
    check = optim.fit(loss, params, data, made, batch_size=SIZE, shuffle=False).history["loss"][0]
    trainer = Trainer(loss, params, made, tuple(array[:SIZE].copy() for array in data), (), "gathered", 0)
    return Contender(lambda: trainer.run(data, SIZE, 1, 1, False)), check


def optax_contender(loss, params, data, rule):
    import jax
    import jax.numpy as jnp
    import optax

    rows, steps = data[0].shape[0], data[0].shape[0] // SIZE
    made = {"sgd": optax.sgd, "adam": optax.adam}[rule[0]](rule[1])
    spread = isinstance(params, tuple)

    def jax_logistic(w, b, x, y):
        z = x @ w + b
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z)

    def jax_regression(p, x, y):
        h = jnp.tanh(jnp.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"])
        return jnp.mean(((h @ p["w3"] + p["b3"])[:, 0] - y)**2)

    def jax_classification(p, x, labels):
        return optax.softmax_cross_entropy_with_integer_labels(
            jnp.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"], labels).mean()

    own = {logistic: jax_logistic, regression: jax_regression, classification: jax_classification}[loss]
    value_and_grad = jax.value_and_grad(lambda p, *batch: own(*(p if spread else (p,)), *batch))
    arrays = tuple(map(jnp.asarray, data))

    def step(carry, index):
        p, state = carry
        value, grads = value_and_grad(p, *(array[index] for array in arrays))
        change, state = made.update(grads, state, p)
        return (optax.apply_updates(p, change), state), value

    def epoch(carry, key):
        order = jax.random.permutation(key, rows)[:steps * SIZE].reshape(steps, SIZE)
        return jax.lax.scan(step, carry, order)

    def first(carry):
        return jax.lax.scan(step, carry, jnp.arange(steps * SIZE).reshape(steps, SIZE))

    start = jax.tree.map(jnp.asarray, params)
    carry = (start, made.init(start))
    (p, _), values = jax.jit(first)(carry)
    total = float(jnp.sum(values)) * SIZE
    if rows % SIZE:
        total += float(own(*(p if spread else (p,)), *(array[steps * SIZE:] for array in arrays))) * (rows % SIZE)
    compiled = jax.jit(epoch, donate_argnums=0)
    held = [jax.tree.map(lambda a: jnp.array(np.asarray(a)), carry), jax.random.key(0)]

    def run():
        held[1], key = jax.random.split(held[1])
        held[0], found = compiled(held[0], key)
        jax.block_until_ready(found)

    return Contender(run), total / rows


def torch_contender(loss, params, data, rule):
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    named = params if isinstance(params, dict) else dict(zip("wb", params))
    held = {name: torch.nn.Parameter(torch.tensor(value)) for name, value in named.items()}
    made = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[rule[0]](list(held.values()), rule[1])
    arrays = [torch.tensor(array) for array in data]

    def value(x, y):
        if loss is logistic:
            return torch.nn.functional.binary_cross_entropy_with_logits(x @ held["w"] + held["b"], y)
        h = torch.tanh(x @ held["w1"] + held["b1"])
        if loss is classification:
            return torch.nn.functional.cross_entropy(h @ held["w2"] + held["b2"], y)
        h = torch.tanh(h @ held["w2"] + held["b2"])
        return torch.mean(((h @ held["w3"] + held["b3"])[:, 0] - y)**2)

    def epoch(order):
        total = 0.0
        for rows in order.split(SIZE):
            made.zero_grad()
            found = value(*(array[rows] for array in arrays))
            found.backward()
            made.step()
            total += found.item() * len(rows)
        return total / len(order)

    rows = data[0].shape[0]
    check = epoch(torch.arange(rows))
    return Contender(lambda: epoch(torch.randperm(rows))), check


def sklearn_contender(loss, params, data, hidden, rule):
    """One epoch of its networks; None for what it trains otherwise."""
    if hidden is None:
        return None
    import warnings

    from sklearn.neural_network import MLPClassifier, MLPRegressor

    warnings.simplefilter("ignore")
    kind = MLPRegressor if loss is regression else MLPClassifier
    made = kind(hidden_layer_sizes=hidden, activation="tanh", alpha=0.0, batch_size=SIZE, learning_rate_init=rule[1],
                max_iter=1, warm_start=True)
    return Contender(lambda: made.fit(*data))


def by_hand(loss, params, data, rule):
    """Epochs written for Numba."""
    import numba
    from by_hand import training

    rows = data[0].shape[0]
    options = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz", "arcp", "afn"}}
    run = numba.njit(**options)({logistic: training.logistic, regression: training.regression,
                                 classification: training.classification}[loss])
    helpers = training.compiled(options)

    def begin():
        flat = [np.array(value, ndmin=1) for value in (params.values() if isinstance(params, dict) else params)]
        moments = [np.zeros_like(value) for value in flat]
        return (*flat, *moments, *[np.zeros_like(value) for value in flat], np.zeros(1))

    held = begin()
    check = run(*held, *data, np.arange(rows), SIZE, rule[1], *helpers[1:])
    order = np.arange(rows)

    def epoch():
        helpers[0](order)
        run(*held, *data, order, SIZE, rule[1], *helpers[1:])

    epoch()
    return Contender(epoch), check


def measure(name, problem, seconds, clock):
    loss, params, data, rule, hidden = problem
    made = {"adtrans": adtrans_contender(loss, params, data, rule), "by hand": by_hand(loss, params, data, rule),
            "optax scan": optax_contender(loss, params, data, rule), "torch": torch_contender(loss, params, data, rule)}
    mine = made["adtrans"][1]
    apart = max(abs(check - mine) / mine for _, check in made.values())
    contenders = {title: contender for title, (contender, _) in made.items()}
    sklearn = sklearn_contender(loss, params, data, hidden, rule)
    if sklearn is not None:
        contenders["sklearn"] = sklearn
    for contender in contenders.values():
        contender.run()  # which compiles
    times = alternate(contenders, seconds, 500, least=5, clock=clock)
    steps = -(-data[0].shape[0] // SIZE)
    return {title: steps / took for title, took in times.items()}, apart


def main():
    alone()
    from tables import Table
    from tables import times as plain

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=2.0, help="spent at most on each contender")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="what is timed: see timing.py")
    options = parser.parse_args()
    table, failed = Table(TITLES), []
    table.print_header()
    for name, problem in problems().items():
        if options.only and name not in options.only:
            continue
        speed, apart = measure(name, problem, options.seconds, options.clock)
        best = max(value for title, value in speed.items() if title not in ("adtrans", "by hand"))
        shown = [f"{speed[title]:,.0f}" if title in speed else "-" for title in TITLES[1:6]]
        table.print_row((name, *shown, plain(ratio(speed["adtrans"], speed["by hand"])),
                         plain(ratio(speed["adtrans"], best)), f"{apart:.0e}"))
        if not apart <= 1e-6:
            failed.append(name)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
