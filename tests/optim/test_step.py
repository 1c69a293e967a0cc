"""Steps: containers, memory layouts, types, errors, and what stays compiled."""

from typing import NamedTuple

import numpy as np
import pytest

import adtrans
from adtrans import optim

RNG = np.random.default_rng(7)
MOMENTUM = optim.sgd(0.1, momentum=0.5)


class Layer(NamedTuple):
    weight: np.ndarray
    bias: np.ndarray


def stepped(x, g, times=2):
    """Plain momentum in NumPy."""
    x, v = np.array(x), 0.0
    for _ in range(times):
        v = 0.5 * v + g
        x = x - 0.1 * v
    return x


def check(params, grads, pairs, optimizer=MOMENTUM):
    """Step twice; `pairs` are the arrays stepped, with their gradients."""
    wanted = [stepped(x, g) for x, g in pairs]
    state = optimizer.init(params)
    for _ in range(2):
        optimizer.step(params, grads, state)
    for (x, _), expected in zip(pairs, wanted):
        np.testing.assert_allclose(x, expected, rtol=1e-5 if x.dtype == np.float32 else 1e-14)
    return state


def arrays(*shapes, dtype=np.float64):
    return [RNG.normal(size=shape).astype(dtype) for shape in shapes]


def test_containers():
    a, b, c, p, q, r = arrays((2, 3), 4, (), (2, 3), 4, ())
    pairs = [(a, p), (b, q), (c, r)]
    check((a, b, c), (p, q, r), pairs)
    check([a, b, c], [p, q, r], pairs)
    check([a, b, c], (p, q, r), pairs)
    check({"a": a, "b": b, "c": c}, {"c": r, "a": p, "b": q}, pairs)
    check(Layer(a, b), Layer(p, q), pairs[:2])
    check({"one": Layer(a, b), "two": (c,)}, {"one": Layer(p, q), "two": (r,)}, pairs)
    state = check((a, {"n": 3, "kind": "relu", "b": b}, np.arange(3)), (p, {"n": None, "kind": None, "b": q}, None),
                  pairs[:2])
    assert state["velocity"][0].shape == (2, 3) and state["velocity"][1]["n"] is None and state["velocity"][2] is None


def test_empty_arrays_and_arrays_without_axes():
    x, y = np.ones((0, 3)), np.array(2.0)
    check((x, y), (np.ones((0, 3)), np.array(3.0)), [(x, np.ones((0, 3))), (y, np.array(3.0))])


def test_both_types_together():
    a, p = arrays(3, 3, dtype=np.float32)
    b, q = arrays(4, 4)
    state = check((b, a), (q, p), [(b, q), (a, p)])
    assert state["velocity"][0].dtype == np.float64 and state["velocity"][1].dtype == np.float32
    norm = optim.chain(optim.clip_by_global_norm(0.1), optim.sgd(1.0))
    a[:], b[:] = 0.0, 0.0
    norm.step((b, a), (q, p), norm.init((b, a)))
    assert np.sqrt(np.sum(a.astype(float)**2) + np.sum(b**2)) == pytest.approx(0.1, rel=1e-6)


def test_memory_in_any_order():
    for make in (lambda x: np.asfortranarray(x), lambda x: np.repeat(x, 2, axis=1)[:, ::2], lambda x: x[::-1].copy()[::-1],
                 lambda x: np.ascontiguousarray(x.T).T):
        for left, right in ((make, np.array), (np.array, make), (make, make)):
            x, g = arrays((4, 3), (4, 3))
            x, g = left(x), right(g)
            check(x, g, [(x, g)])
            x, g, y, h = left(arrays((4, 3))[0]), right(arrays((4, 3))[0]), *arrays(5, 5)
            check((x, y), (g, h), [(x, g), (y, h)])


def test_gradients_of_other_floating_types():
    x, g = arrays(5, 5)
    check(x, g.astype(np.float32), [(x, g.astype(np.float32).astype(float))])
    y = x.astype(np.float32)
    check(y, g, [(y, g.astype(np.float32))])
    check(x, g.astype(">f8"), [(x, g)])
    check(x, g.astype(np.float16), [(x, g.astype(np.float16).astype(float))])


def test_a_gradient_that_is_the_parameter():
    x = np.arange(8.0)
    twin = x.copy()
    state, other = MOMENTUM.init(x), MOMENTUM.init(twin)
    for _ in range(3):
        MOMENTUM.step(x, x, state)
        MOMENTUM.step(twin, twin.copy(), other)
        assert np.array_equal(x, twin)
    plain = optim.sgd(0.1)
    for mine, other in ((slice(0, 80), slice(2, 82)), (slice(2, 82), slice(0, 80))):
        base = np.arange(82.0)
        wanted = base[mine] - 0.1 * base[other]
        plain.step(base[mine], base[other], plain.init(base[mine]))
        np.testing.assert_allclose(base[mine], wanted)
    state = MOMENTUM.init(x)
    MOMENTUM.step(x, np.ones(8), state)
    velocity = state["velocity"]
    wanted = x - 0.1 * (0.5 * velocity + velocity)
    MOMENTUM.step(x, velocity, state)
    np.testing.assert_allclose(x, wanted)


def test_new_arrays_at_every_step():
    x = np.ones(6)
    state = MOMENTUM.init(x)
    wanted, v = np.ones(6), 0.0
    for k in range(5):
        g = np.full(6, float(k))
        v = 0.5 * v + g
        wanted = wanted - 0.1 * v
        if k == 3:
            x = x.copy()
        MOMENTUM.step(x, g, state)
        np.testing.assert_allclose(x, wanted, rtol=1e-14)


def test_headers_are_read_here():
    from adtrans.optim import headers

    assert headers.reader() is not None


def test_without_headers(monkeypatch):
    from adtrans.optim import optimizer

    monkeypatch.setattr(optimizer, "reader", lambda: None)
    a, b, p, q = arrays((2, 3), 4, (2, 3), 4)
    check({"a": a, "b": b}, {"a": p, "b": q}, [(a, p), (b, q)])


def test_wrong_headers_are_noticed(monkeypatch):
    """Each part of a header that is compared matters."""
    from adtrans.optim import headers
    from adtrans.optim.kernels import compiled

    signature = ("i8", "i8:1:C", "i8:2:C", "i8", "i8:1:C")
    assert headers.is_right(compiled(headers.TEXT, "bind", signature))
    for part, wrong in (("array + head + 40) != expected[at + 1]", "array + head + 40) == 0"),
                        ("& flags != flags", "& flags == -1"), ("word(extents + 8 * axis) != expected[at + axis]", "False")):
        assert part in headers.TEXT
        from adtrans.backend.python import load_module

        assert not headers.is_right(load_module(headers.TEXT.replace(part, wrong), "bind", "bind"))


@pytest.mark.parametrize("make, error", [
    (lambda: optim.sgd(-0.1), ValueError), (lambda: optim.sgd(0.1, momentum=1.0), ValueError),
    (lambda: optim.adam(b1=-0.1), ValueError), (lambda: optim.adam(b2=1.0), ValueError),
    (lambda: optim.adam(eps=-1.0), ValueError), (lambda: optim.rmsprop(0.1, decay=1.5), ValueError),
    (lambda: optim.ema_momentum(0.1, beta=float("nan")), ValueError), (lambda: optim.adam("fast"), TypeError),
    (lambda: optim.clip_by_value(0.0), ValueError), (lambda: optim.clip_by_global_norm(-1.0), ValueError),
    (lambda: optim.clip_by_norm(1.0, p=0), ValueError), (lambda: optim.accumulate(2.5), ValueError),
    (lambda: optim.sgd(float("nan")), ValueError),
])
def test_hyper_parameters_out_of_range(make, error):
    with pytest.raises(error) as raised:
        make()
    assert isinstance(raised.value, adtrans.AdtransError)


def test_wrong_arguments_leave_everything_as_it_was():
    x = np.ones(3)
    state = MOMENTUM.init(x)
    MOMENTUM.step(x, np.ones(3), state)
    before, v = x.copy(), state["velocity"].copy()
    wrong = [(np.ones(4), ValueError), (np.ones((3, 1)), ValueError), (np.ones(3, int), TypeError),
             (np.ones(3, bool), TypeError), (np.ones(3, complex), TypeError), (None, TypeError), ([1.0] * 3, TypeError),
             (1.0, ValueError), ((np.ones(3),), TypeError)]
    for g, error in wrong:
        with pytest.raises(error) as raised:
            MOMENTUM.step(x, g, state)
        assert isinstance(raised.value, adtrans.AdtransError)
    for params in (np.ones(4), np.ones(3, np.float32), [1.0] * 3, None):
        with pytest.raises((ValueError, TypeError)):
            MOMENTUM.step(params, np.ones(3), state)
    assert np.array_equal(x, before) and np.array_equal(state["velocity"], v) and state.step == 1
    pair = (np.ones(2), np.ones(3))
    other = MOMENTUM.init(pair)
    for grads in ((np.ones(2),), (np.ones(2), np.ones(2)), {"a": np.ones(2), "b": np.ones(3)}, np.ones(2)):
        with pytest.raises(ValueError):
            MOMENTUM.step(pair, grads, other)


@pytest.mark.parametrize("params, error", [
    (1.0, TypeError), (np.ones(3, int), TypeError), ({"a": np.ones(2), "b": 1.0}, TypeError), ((), TypeError),
    (np.ones(3, np.float16), TypeError), (np.broadcast_to(1.0, 3), ValueError),
])
def test_parameters_that_cannot_be_stepped(params, error):
    with pytest.raises(error) as raised:
        MOMENTUM.init(params)
    assert isinstance(raised.value, adtrans.AdtransError)


def test_parameters_that_share_memory():
    x = np.ones(6)
    for params in ((x, x), (x[:4], x[2:])):
        with pytest.raises(ValueError, match="share memory"):
            MOMENTUM.init(params)
    MOMENTUM.init((x[:3], x[3:]))


def test_other_numbers_compile_nothing(monkeypatch):
    from adtrans.backend import cpu

    x = np.ones(4)
    optimizer = optim.chain(optim.clip_by_global_norm(9.0), optim.sgd(0.1, momentum=0.5))
    state = optimizer.init(x)
    optimizer.step(x, np.ones(4), state)
    monkeypatch.setattr(cpu, "compile_module", None)
    monkeypatch.setattr(cpu, "load", None)
    optimizer.learning_rate = 0.2
    optimizer.max_norm = 8.0
    optimizer.step(x, np.ones(4), state)
    np.testing.assert_allclose(x, 1 - 0.1 - 0.2 * 1.5)
    assert optimizer.learning_rate == 0.2
    other = optim.chain(optim.clip_by_global_norm(1e-9), optim.sgd(0.7, momentum=0.1))
    other.step(x, np.ones(4), other.init(x))
    with pytest.raises(ValueError, match="another update"):
        optimizer.momentum = 0.0
    with pytest.raises(AttributeError):
        optimizer.rate = 1.0
    assert optimizer.momentum == 0.5


def test_states_go_with_updates_that_are_the_same():
    x = np.ones(3)
    state = MOMENTUM.init(x)
    optim.sgd(0.2, momentum=0.9).step(x, np.ones(3), state)
    np.testing.assert_allclose(x, 0.8)
    with pytest.raises(ValueError, match="of another update, sgd"):
        optim.adam().step(x, np.ones(3), state)


def test_source_is_what_runs():
    optimizer = optim.adamw(1e-3)
    assert "for i in range(x_leaf.shape[0]):" in optimizer.source and "sqrt(" in optimizer.source
    x = np.ones(3, np.float32)
    optimizer.step(x, x.copy(), optimizer.init(x))
    assert "float32_at" in optimizer.source and "float64_at" not in optimizer.source
    assert "adamw" in repr(optimizer) and "weight_decay=0.01" in repr(optimizer)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads(dtype):
    """Leaves in pieces, with a norm, give what one thread gives."""
    one = optim.chain(optim.clip_by_global_norm(1.0), optim.add_decayed_weights(0.1), optim.adam(0.1))
    two = optim.threads(one, 2)
    x = {"a": RNG.normal(size=(400, 500)).astype(dtype), "b": RNG.normal(size=7).astype(dtype)}
    y = {name: leaf.copy() for name, leaf in x.items()}
    state, other = one.init(x), two.init(y)
    for _ in range(2):
        grads = {name: RNG.normal(size=leaf.shape).astype(dtype) for name, leaf in x.items()}
        one.step(x, grads, state)
        two.step(y, grads, other)
        for name in x:
            np.testing.assert_allclose(y[name], x[name], rtol=1e-5 if dtype == np.float32 else 1e-13, atol=1e-7)
    assert "prange" in two.source and "prange" not in one.source and other.step == 2


def test_threads_and_whole_leaves():
    for rule in (optim.lamb(0.1), optim.muon(0.1)):
        x, y = RNG.normal(size=(300, 400)), None
        y, g = x.copy(), RNG.normal(size=(300, 400))
        two = optim.threads(rule, 2)
        two.interpreted(y[:3, :4], g[:3, :4], two.init(y[:3, :4]))
        rule.interpreted(x[:3, :4], g[:3, :4], rule.init(x[:3, :4]))
        np.testing.assert_allclose(x, y, rtol=1e-13)
        assert not two.plan.splits


def test_optimizers_can_be_copied():
    import copy
    import pickle

    optimizer = optim.chain(optim.clip_by_norm(2.0), optim.adam(optim.schedules.cosine_decay(0.1, 10)))
    for twin in (copy.copy(optimizer), copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert twin.source == optimizer.source and twin.max_norm == 2.0
    with pytest.raises(ValueError):
        optimizer.max_norm = -1.0
    with pytest.raises(ValueError):
        optimizer(b1=1.5)
