"""Training: the same numbers as a plain loop in NumPy, whatever the batches; stopping, resuming, errors."""

import warnings
from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans import optim

RNG = np.random.default_rng(11)
ROWS, COLUMNS = 23, 3
X = RNG.normal(size=(ROWS, COLUMNS))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.3 + 0.1 * RNG.normal(size=ROWS)
START = (np.array([0.1, 0.2, 0.3]), 0.5)


def loss(w, b, x, y):
    r = x @ w + b - y
    return np.mean(r * r)


def slope(w, b, x, y):
    """The gradient of the loss, by hand."""
    r = x @ w + b - y
    return 2 * x.T @ r / r.size, 2 * np.mean(r)


def plain(batches, epochs, rate=0.05, momentum=0.9, group=1):
    """Momentum in NumPy over given batches; gives parameters and the mean loss of each epoch."""
    w, b = START[0].copy(), START[1]
    v, u, losses = np.zeros(COLUMNS), 0.0, []
    for epoch in range(epochs):
        total, pending = 0.0, []
        order = batches(epoch)
        for k, rows in enumerate(order):
            x, y = X[rows], Y[rows]
            total += loss(w, b, x, y) * len(rows)
            pending.append(slope(w, b, x, y))
            if len(pending) == group or k == len(order) - 1:
                gw, gb = (sum(parts) / len(pending) for parts in zip(*pending))
                pending = []
                v, u = momentum * v + gw, momentum * u + gb
                w, b = w - rate * v, b - rate * u
        losses.append(total / ROWS)
    return w, b, losses


def split(order, size):
    return [order[k:k + size] for k in range(0, len(order), size)]


def optimizer():
    return optim.sgd(0.05, momentum=0.9)


def check(found, wanted, rtol=1e-11):
    w, b, losses = wanted
    np.testing.assert_allclose(found.params[0], w, rtol=rtol)
    assert found.params[1] == pytest.approx(b, rel=rtol) and isinstance(found.params[1], float)
    np.testing.assert_allclose(found.history["loss"], losses, rtol=rtol)
    assert found.epochs == len(losses) and not found.stopped_early


@pytest.mark.parametrize("size, group", [(None, 1), (23, 1), (100, 1), (5, 1), (11, 1), (22, 1), (1, 1), (5, 2), (4, 10)])
def test_batches_in_order(size, group):
    found = optim.fit(loss, START, (X, Y), optimizer(), batch_size=size, epochs=3, shuffle=False, accumulate=group)
    check(found, plain(lambda epoch: split(np.arange(ROWS), size or ROWS), 3, group=group))
    assert START[1] == 0.5 and START[0].tolist() == [0.1, 0.2, 0.3]


def test_shuffled_batches_go_through_every_row_once():
    """A linear loss tells which rows were in which batch."""
    def linear(w, rows):
        return np.sum(w) * np.sum(2.0 ** rows)

    orders = []
    for seed in (0, 0, 1):
        w = np.zeros(1)
        seen = []
        rate = optim.sgd(lambda step: seen.append(step) or 1.0)
        found = optim.fit(linear, (w,), np.arange(23.0), rate, batch_size=1, epochs=2, seed=seed,
                          callback=lambda p: orders.append(p.params[0][0]))
        assert found.state.step == 46
        assert orders[-2] == -(2.0**23 - 1) and orders[-1] == 2 * orders[-2]
        assert seen[-1] >= 45


def test_shuffling_is_seeded_and_new_in_each_epoch():
    def tracking(w, rows):
        return np.sum(w * rows)

    def order(seed, epochs):
        taken = []

        def watch(step):
            return 1.0

        rows = np.arange(1.0, 12.0)
        found = optim.fit(tracking, (np.zeros(1),), rows, optim.rule(remember, state=("last",), rate=watch), batch_size=1,
                          epochs=epochs, seed=seed)
        return found.params[0][0]

    def remember(x, g, last, t, rate):
        return x + g * t, g

    one, again, other = order(3, 1), order(3, 1), order(4, 1)
    assert one == again != other
    assert order(3, 2) != one + (one + 11 * 66.0)


def test_every_order_is_as_likely():
    from adtrans.backend import cpu
    from adtrans.optim.epochs import SHUFFLE

    text = "from numpy import float64, int64, uint64\n" + SHUFFLE
    shuffle = cpu.compile_module(text, "shuffle", ("i8:1:C", "u8:1:C"), key=None, meta={}).function
    order, random, counts = np.zeros(4, np.int64), np.array([5], np.uint64), {}
    for _ in range(24000):
        shuffle(order, random)
        counts[tuple(order)] = counts.get(tuple(order), 0) + 1
    assert len(counts) == 24
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 50  # chi-square of 23 degrees: 49.7 at 0.1 %


def test_parameters_in_other_forms():
    class Both(NamedTuple):
        w: np.ndarray
        b: float

    def by_dict(p, x, y):
        r = x @ p["w"] + p["b"] - y
        return np.mean(r * r)

    def by_fields(p, x, y):
        r = x @ p.w + p.b - y
        return np.mean(r * r)

    wanted = plain(lambda epoch: split(np.arange(ROWS), 7), 2)
    options = {"batch_size": 7, "epochs": 2, "shuffle": False}
    found = optim.fit(by_dict, {"w": START[0], "b": START[1]}, (X, Y), optimizer(), **options)
    check(found_as(found, found.params["w"], found.params["b"]), wanted)
    found = optim.fit(by_fields, Both(*START), (X, Y), optimizer(), **options)
    assert isinstance(found.params, Both)
    check(found_as(found, *found.params), wanted)


def found_as(found, w, b):
    found.params = (w, b)
    return found


def test_an_array_alone_and_single_precision():
    def single(w, x, y):
        r = x @ w - y
        return np.mean(r * r)

    x, y = X.astype(np.float32), Y.astype(np.float32)
    found = optim.fit(single, np.zeros(3, np.float32), (x, y), optim.adam(0.1), batch_size=8, epochs=50)
    assert found.params.dtype == np.float32 and found.history["loss"][-1] < 0.3 < found.history["loss"][0]


def test_static_arguments_and_one_array_of_data():
    def weighted(w, x, scale, power):
        return scale * np.sum((x - w) ** power) / x.shape[0]

    found = optim.fit(weighted, np.zeros(()), X[:, 0].copy(), optim.sgd(0.1), epochs=200, static=(0.5, 2))
    assert float(found.params) == pytest.approx(np.mean(X[:, 0]), rel=1e-6)


def test_chunks():
    parts = [(X[:10], Y[:10]), (X[10:14], Y[10:14]), (X[14:], Y[14:])]
    batches = [rows for part in (range(10), range(10, 14), range(14, 23)) for rows in split(list(part), 6)]
    wanted = plain(lambda epoch: batches, 2)
    for data in (parts, lambda: iter(parts)):
        check(optim.fit(loss, START, data, optimizer(), batch_size=6, epochs=2, shuffle=False), wanted)
    shuffled = optim.fit(loss, START, parts, optimizer(), batch_size=6, epochs=2)
    assert shuffled.state.step == 10
    with pytest.raises(TypeError, match="once only"):
        optim.fit(loss, START, iter(parts), optimizer())


def test_memory_maps(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    check(optim.fit(loss, START, (mapped, Y), optimizer(), batch_size=7, epochs=2, shuffle=False),
          plain(lambda epoch: split(np.arange(ROWS), 7), 2))


def test_early_stopping_gives_the_best():
    validation = (X[:5], Y[:5] + 1.0)
    seen = []
    found = optim.fit(loss, START, (X, Y), optim.sgd(0.1), epochs=100, validation_data=validation, patience=3,
                      callback=lambda p: seen.append((p.validation_loss, p.params[0].copy())))
    losses = [value for value, _ in seen]
    best = int(np.argmin(losses))
    assert found.stopped_early and found.epochs == len(seen) == best + 1 + 3
    assert found.history["validation_loss"] == losses
    np.testing.assert_array_equal(found.params[0], seen[best][1])
    assert losses[best] == pytest.approx(loss(*found.params, *validation), rel=1e-12)


def test_callbacks_stop():
    def raising(p):
        raise StopIteration

    for callback in (lambda p: p.epoch == 2, raising):
        found = optim.fit(loss, START, (X, Y), optimizer(), epochs=9, callback=callback)
        assert found.stopped_early and found.epochs == (1 if callback is raising else 2)
    assert optim.fit(loss, START, (X, Y), optimizer(), epochs=3, callback=lambda p: 1).epochs == 3


def test_schedules_and_plateaus():
    rate = optim.schedules.step_decay(0.1, 0.5, 2)
    found = optim.fit(loss, START, (X, Y), optim.sgd(rate), batch_size=12, epochs=3, shuffle=False)
    assert found.history["learning_rate"] == [0.1, 0.05, 0.025]
    watched = optim.fit(loss, START, (X, Y), optim.sgd(rate), batch_size=12, epochs=3, shuffle=False, callback=lambda p: None)
    assert watched.history == found.history
    plateau = optim.schedules.reduce_on_plateau(0.4, 0.5, patience=0, rtol=0.5)
    found = optim.fit(loss, START, (X, Y), optim.sgd(plateau), epochs=6)
    assert found.history["learning_rate"][0] == 0.4 > found.history["learning_rate"][-1]


@pytest.mark.parametrize("size", [None, 5])
def test_a_loss_that_is_not_finite(size):
    x = X.copy()
    x[12, 1] = np.nan
    with pytest.raises(FloatingPointError) as raised:
        optim.fit(loss, START, (x, Y), optimizer(), batch_size=size, epochs=2, shuffle=False)
    assert isinstance(raised.value, adtrans.AdtransError)
    place = "step 1: epoch 1, batch 1" if size is None else "step 3: epoch 1, batch 3"
    assert place in str(raised.value) and raised.value.result.epochs == 0
    if size:
        found = optim.fit(loss, START, (x, Y), optimizer(), batch_size=5, epochs=2, shuffle=False, not_finite="skip")
        batches = [rows for rows in split(np.arange(ROWS), 5) if 12 not in rows]
        wanted = plain(lambda epoch: batches, 2)
        np.testing.assert_allclose(found.params[0], wanted[0], rtol=1e-11)
        assert found.skipped == 2 and np.all(np.isfinite(found.history["loss"]))


def test_epochs_before_a_loss_that_is_not_finite():
    with pytest.raises(FloatingPointError, match="epoch") as raised:
        optim.fit(loss, START, (X, Y), optim.sgd(30.0), epochs=5000, batch_size=6)
    found = raised.value.result
    assert 3 < found.epochs == len(found.history["loss"]) == len(found.history["learning_rate"]) < 5000
    assert f"epoch {found.epochs + 1}" in str(raised.value) and np.all(np.isfinite(found.history["loss"]))
    assert f"step {raised.value.step}:" in str(raised.value) and raised.value.step == found.state.step + 1


FAMILIES = {
    "sgd": lambda: optim.sgd(0.05, momentum=0.9, nesterov=True), "adam": lambda: optim.adam(0.05),
    "averaged": lambda: optim.chain(optim.clip_by_global_norm(1.0), optim.sgd(0.05), optim.ema_parameters(0.9)),
    "schedule_free": lambda: optim.schedule_free_adamw(optim.schedules.linear_warmup(0.05, 7)),
    "plateau": lambda: optim.sgd(optim.schedules.reduce_on_plateau(0.05, patience=0, rtol=0.3)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_resuming_is_the_same_as_never_stopping(family, tmp_path):
    path = tmp_path / "run.npz"
    options = {"batch_size": 6, "validation_data": (X[:5], Y[:5]), "patience": 50}
    whole = optim.fit(loss, START, (X, Y), FAMILIES[family](), epochs=6, **options)
    with pytest.raises(ZeroDivisionError):
        optim.fit(loss, START, (X, Y), FAMILIES[family](), epochs=6, checkpoint=path, resume=True,
                  callback=lambda p: 1 / 0 if p.epoch == 4 else None, **options)
    assert optim.load(path).epoch == 3
    rest = optim.fit(loss, START, (X, Y), FAMILIES[family](), epochs=6, checkpoint=path, resume=True, **options)
    assert rest.epochs == 6 and rest.history == whole.history
    np.testing.assert_array_equal(rest.params[0], whole.params[0])
    assert rest.params[1] == whole.params[1] and rest.state.step == whole.state.step
    for name in whole.state.arrays:
        for one, other in zip(whole.state.arrays[name], rest.state.arrays[name]):
            np.testing.assert_array_equal(one, other)
    loaded = optim.load(path)
    assert loaded.epoch == 6 and loaded.history == whole.history
    again = optim.fit(loss, START, (X, Y), FAMILIES[family](), epochs=6, checkpoint=path, resume=True, **options)
    assert again.history == whole.history


def test_damaged_checkpoints(tmp_path):
    path = tmp_path / "run.npz"
    options = {"batch_size": 6, "checkpoint": (path, 2), "resume": True}
    whole = optim.fit(loss, START, (X, Y), optimizer(), epochs=6, **options)
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    with pytest.warns(UserWarning, match="damaged.* the checkpoint before it is taken"):
        found = optim.fit(loss, START, (X, Y), optimizer(), epochs=6, **options)
    assert found.params[1] == whole.params[1]
    assert optim.load(path).epoch == optim.load(str(path) + ".previous").epoch + 2 == 6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optim.fit(loss, START, (X, Y), optimizer(), epochs=6, **options)
    for place in tmp_path.iterdir():
        place.write_bytes(b"nothing of use")
    with pytest.raises(ValueError, match="damaged") as raised:
        optim.fit(loss, START, (X, Y), optimizer(), epochs=6, **options)
    assert isinstance(raised.value, adtrans.AdtransError)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="another training"):
        optim.fit(loss, START, (X, Y), optim.adam(), epochs=6, **options)
    with pytest.raises(FileNotFoundError):
        optim.load(tmp_path / "other.npz")
    with pytest.raises(ValueError, match="checkpoint"):
        optim.fit(loss, START, (X, Y), optimizer(), resume=True)


@pytest.mark.parametrize("options, error", [
    ({"batch_size": 0}, ValueError), ({"batch_size": -1}, ValueError), ({"batch_size": 2.5}, TypeError),
    ({"epochs": -1}, ValueError), ({"accumulate": 0}, ValueError), ({"patience": -1}, ValueError),
    ({"seed": "x"}, TypeError), ({"not_finite": "ignore"}, ValueError), ({"checkpoint": ("a", 0)}, ValueError),
    ({"precision": "mixed_float16"}, adtrans.UnsupportedError), ({"precision": "bfloat16"}, adtrans.UnsupportedError),
    ({"precision": "float8"}, ValueError), ({"target": "tpu"}, ValueError), ({"target": "cuda"}, adtrans.UnsupportedError),
    ({"data": (X, Y[:-1])}, ValueError), ({"data": (X[:0], Y[:0])}, ValueError), ({"data": ()}, ValueError),
    ({"data": []}, ValueError), ({"data": 3.0}, TypeError), ({"data": (X, np.array(1.0))}, ValueError),
    ({"data": (X, list(Y))}, TypeError), ({"params": (np.arange(3), 1)}, TypeError),
])
def test_wrong_arguments(options, error):
    options = {"data": (X, Y), "params": START} | options
    with pytest.raises(error) as raised:
        optim.fit(loss, options.pop("params"), options.pop("data"), optimizer(), **options)
    assert isinstance(raised.value, adtrans.AdtransError)


def test_no_epochs_and_no_history():
    found = optim.fit(loss, START, (X, Y), optimizer(), epochs=0)
    assert found.epochs == 0 and found.history["loss"] == [] and found.params[1] == 0.5
    assert optim.fit(loss, START, (X, Y), optimizer(), history=False).history == {}


def test_parameters_that_are_left_alone_and_data_given_twice():
    def autoencoder(p, x, target, scale):
        code = x @ p["down"]
        if p["kind"] == "tanh":
            code = np.tanh(code)
        return scale[0] * np.mean((code @ p["up"] - target)[:, p["keep"]] ** 2) / p["n"]

    params = {"down": 0.3 * np.ones((3, 2)), "kind": "tanh", "up": 0.3 * np.ones((2, 3)), "keep": np.array([0, 2]), "n": 2}
    scale = np.ones(1)
    for size in (None, 6):
        found = optim.fit(autoencoder, params, (X, X), optim.adam(0.05), batch_size=size, epochs=40, static=(scale,),
                          validation_data=(X, X))
        assert found.history["validation_loss"][-1] < 0.8 * found.history["validation_loss"][0]
        assert found.params["kind"] == "tanh" and found.params["n"] == 2
        assert np.array_equal(found.params["keep"], [0, 2])
        assert found.history["validation_loss"][-1] == pytest.approx(autoencoder(found.params, X, X, scale), rel=1e-12)


def test_rates_by_leaf_and_masks():
    rates = optim.per_leaf((0.0, 0.1))
    found = optim.fit(loss, START, (X, Y), optim.sgd(rates), epochs=3)
    assert np.array_equal(found.params[0], START[0]) and found.params[1] != START[1]
    found = optim.fit(loss, START, (X, Y), optim.masked(optim.sgd(0.1), (True, False)), epochs=3)
    assert not np.array_equal(found.params[0], START[0]) and found.params[1] == START[1]


def test_errors_of_the_loss_are_the_users():
    def vector(w, x):
        return x * w

    def branching(w, x):
        if x[0] > 1e9:
            raise ValueError("too large")
        return np.sum(x * w)

    with pytest.raises(adtrans.AdtransError, match="vector"):
        optim.fit(vector, np.ones(1), X[:, 0].copy(), optim.sgd(0.1))
    large = np.concatenate([X[:, 0], [1e10]])
    with pytest.raises(ValueError, match="too large"):
        optim.fit(branching, np.ones(1), large, optim.sgd(0.1), batch_size=1, shuffle=False)


def test_a_changed_loss_is_seen(monkeypatch):
    monkeypatch.setitem(globals(), "TARGET", 1.0)

    def fun(w, x):
        return np.mean((w * x - TARGET) ** 2)

    ones = np.ones(4)
    assert float(optim.fit(fun, np.zeros(()), ones, optim.sgd(0.5), epochs=1).params) == 1.0
    monkeypatch.setitem(globals(), "TARGET", 3.0)
    assert float(optim.fit(fun, np.zeros(()), ones, optim.sgd(0.5), epochs=1).params) == 3.0
    shifted = []
    for value in (1.0, 2.0, 4.0):
        def closure(w, x, value=value):
            return np.mean((w - value * x) ** 2)

        shifted.append(float(optim.fit(lambda w, x: closure(w, x), np.zeros(()), ones, optim.sgd(0.5), epochs=1).params))
    assert shifted == [1.0, 2.0, 4.0]
