"""Chains against their stages done one after the other in NumPy."""

import numpy as np
import pytest

import adtrans
from adtrans import optim
from tests.optim import recurrences as paper


def steps(optimizer, change, reference, count=4, mask=None, compiled=False, dtype=np.float64):
    """Run a chain; `change(grads, params)` gives the gradients that the rule should see."""
    rng = np.random.default_rng(0)
    params = {"a": rng.normal(size=(2, 3)).astype(dtype), "b": rng.normal(size=4).astype(dtype)}
    wanted = {name: leaf.astype(float) for name, leaf in params.items()}
    states = {name: {} for name in params}
    state = optimizer.init(params)
    for t in range(1, count + 1):
        grads = {name: 2.0 * rng.normal(size=leaf.shape).astype(dtype) for name, leaf in params.items()}
        seen = change({name: grad.astype(float) for name, grad in grads.items()}, wanted)
        (optimizer.step if compiled else optimizer.interpreted)(params, grads, state)
        wanted = {name: reference(wanted[name], seen[name], states[name], t) for name in params}
    for name in params:
        np.testing.assert_allclose(params[name], wanted[name], rtol=1e-5 if dtype == np.float32 else 1e-12)
    return params, state


def flat(grads):
    return np.concatenate([grad.ravel() for grad in grads.values()])


def each(change):
    return lambda grads, params: {name: change(grad) for name, grad in grads.items()}


def by_norm(limit, p=2):
    return each(lambda g: g * min(1.0, limit / np.sum(np.abs(g)**p)**(1 / p)))


def by_global_norm(limit, p=2):
    def change(grads, params):
        factor = min(1.0, limit / np.sum(np.abs(flat(grads))**p)**(1 / p))
        return {name: grad * factor for name, grad in grads.items()}
    return change


@pytest.mark.parametrize("stage, change", [
    (optim.clip_by_value(0.7), each(lambda g: np.clip(g, -0.7, 0.7))),
    (optim.clip_by_norm(1.5), by_norm(1.5)),
    (optim.clip_by_norm(1.5, p=3), by_norm(1.5, 3)),
    (optim.clip_by_global_norm(1.5), by_global_norm(1.5)),
    (optim.clip_by_global_norm(1e6), by_global_norm(1e6)),
    (optim.clip_by_global_norm(2.0, p=1), by_global_norm(2.0, 1)),
    (optim.add_decayed_weights(0.3), lambda grads, params: {k: g + 0.3 * params[k] for k, g in grads.items()}),
    (optim.scale(0.5), each(lambda g: 0.5 * g)),
    (optim.scale(optim.per_leaf({"b": 0.1, "a": 2.0})), lambda grads, params: {"a": 2 * grads["a"], "b": 0.1 * grads["b"]}),
    (optim.masked(optim.clip_by_value(0.5), {"a": True, "b": False}),
     lambda grads, params: {"a": np.clip(grads["a"], -0.5, 0.5), "b": grads["b"]}),
    (optim.masked(optim.clip_by_global_norm(0.5), lambda leaf: leaf.ndim == 2),
     lambda grads, params: {"a": by_norm(0.5)({"a": grads["a"]}, params)["a"], "b": grads["b"]}),
    (optim.masked(optim.add_decayed_weights(0.3), {"a": False, "b": True}),
     lambda grads, params: {"a": grads["a"], "b": grads["b"] + 0.3 * params["b"]}),
])
def test_stage_before_a_rule(stage, change):
    steps(optim.chain(stage, optim.adam(0.1)), change, paper.adam(0.1))


def test_several_stages_in_order():
    def change(grads, params):
        grads = by_global_norm(3.0)(by_norm(2.0)(grads, params), params)
        return {name: np.clip(grad, -0.4, 0.4) + 0.1 * params[name] for name, grad in grads.items()}

    optimizer = optim.chain(optim.clip_by_norm(2.0), optim.clip_by_global_norm(3.0), optim.clip_by_value(0.4),
                            optim.add_decayed_weights(0.1), optim.lion(0.1))
    for compiled, dtype in ((False, np.float64), (True, np.float64), (True, np.float32)):
        steps(optimizer, change, paper.lion(0.1), compiled=compiled, dtype=dtype)


def test_decoupled_decay_takes_the_rate_of_the_rule():
    def reference(x, g, state, t):
        return paper.sgd(0.1, 0.9)(x - 0.1 * 0.3 * x, g, state, t)

    steps(optim.chain(optim.decouple_decayed_weights(0.3), optim.sgd(0.1, momentum=0.9)), lambda g, p: g, reference)


def test_a_rule_for_some_leaves_only():
    def reference(x, g, state, t):
        return paper.adam(0.1)(x, g, state, t) if x.ndim == 2 else x

    _, state = steps(optim.masked(optim.adam(0.1), {"a": True, "b": False}), lambda g, p: g, reference)
    assert np.all(state["m"]["b"] == 0.0) and np.all(state["m"]["a"] != 0.0)


@pytest.mark.parametrize("made", [
    lambda: optim.nadam(0.1, momentum_decay=0.004), lambda: optim.schedule_free_adamw(0.1), lambda: optim.lamb(0.1),
    lambda: optim.muon(0.1), lambda: optim.adafactor(0.1, min_extent=2),
])
@pytest.mark.parametrize("chosen", ["a", "b"])
def test_leaves_that_are_not_chosen_change_nothing(made, chosen):
    """Numbers and matrices of the state are what they are for the chosen leaf alone, wherever it stands."""
    rng = np.random.default_rng(4)
    leaf = rng.normal(size=(2, 3))
    both, alone = {"a": leaf.copy(), "b": leaf.copy()}, leaf.copy()
    some, all_ = optim.masked(made(), {"a": chosen == "a", "b": chosen == "b"}), made()
    state, twin = some.init(both), all_.init(alone)
    for _ in range(4):
        g = rng.normal(size=leaf.shape)
        some.interpreted(both, {"a": g, "b": g}, state)
        all_.interpreted(alone, g, twin)
    np.testing.assert_allclose(both[chosen], alone, rtol=1e-13)
    assert state.memory == twin.memory and np.all(both["b" if chosen == "a" else "a"] == leaf)
    assert not np.any(alone == leaf)


def test_a_number_for_all_leaves_does_not_depend_on_one_of_each():
    with pytest.raises(adtrans.UnsupportedError, match="one number for all leaves, `weight_sum`"):
        optim.schedule_free_sgd(optim.per_leaf([0.1, 0.2])).source  # noqa: B018


def test_one_norm_and_the_finite_check_are_one_pass():
    optimizer = optim.chain(optim.skip_not_finite(), optim.clip_by_global_norm(1.0), optim.adamw())
    assert optimizer.source.count("for i in range(") == 2
    assert optim.chain(optim.clip_by_value(1.0), optim.adamw()).source.count("for i in range(") == 1
    assert optim.lamb().source.count("for i in range(") == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("compiled", [False, True])
def test_steps_that_are_not_finite_are_skipped(bad, compiled):
    optimizer = optim.chain(optim.skip_not_finite(), optim.clip_by_global_norm(1.0), optim.adam(0.1))
    x, twin = np.ones(40), np.ones(40)
    state, other = optimizer.init(x), optimizer.init(twin)
    rng = np.random.default_rng(1)
    step = optimizer.step if compiled else optimizer.interpreted
    for t in range(4):
        g = rng.normal(size=40)
        if t in (1, 2):
            g[7 * t] = bad
        else:
            step(twin, g, other)
        before = x.copy()
        step(x, g, state)
        assert (t in (1, 2)) == np.array_equal(before, x)
    assert np.array_equal(x, twin) and np.array_equal(state["v"], other["v"])
    assert state.step == 2 and state.memory["skipped"] == 2.0


def test_a_nan_is_not_hidden_without_the_check():
    for stage in (optim.clip_by_value(1.0), optim.clip_by_norm(1.0), optim.clip_by_global_norm(1.0)):
        x = np.ones(3)
        optimizer = optim.chain(stage, optim.sgd(0.1))
        optimizer.interpreted(x, np.array([1.0, np.nan, 1.0]), optimizer.init(x))
        assert np.isnan(x[1])


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("compiled", [False, True])
def test_accumulation(mean, compiled):
    optimizer = optim.chain(optim.accumulate(3, mean=mean), optim.clip_by_global_norm(1.0), optim.adam(0.1))
    plain = optim.chain(optim.clip_by_global_norm(1.0), optim.adam(0.1))
    x, y = np.ones(5), np.ones(5)
    state, other = optimizer.init(x), plain.init(y)
    rng, gathered = np.random.default_rng(2), []
    for k in range(7):
        g = rng.normal(size=5)
        gathered.append(g)
        (optimizer.step if compiled else optimizer.interpreted)(x, g, state)
        if k % 3 == 2:
            plain.interpreted(y, sum(gathered[-3:]) / (3 if mean else 1), other)
        np.testing.assert_allclose(x, y, rtol=1e-13)
    assert state.step == 2


def test_averages_of_parameters():
    rng = np.random.default_rng(4)
    kinds = {"ema": optim.ema_parameters(0.8), "debiased": optim.ema_parameters(0.8, debias=True),
             "mean": optim.polyak_average()}
    for kind, average in kinds.items():
        x = rng.normal(size=6)
        optimizer, seen = optim.chain(optim.sgd(0.1, momentum=0.5), average), [x.copy()]
        state = optimizer.init(x)
        for _ in range(5):
            optimizer.interpreted(x, rng.normal(size=6), state)
            seen.append(x.copy())
        decay = 0.8 ** np.arange(5.0)[::-1]
        recent = sum(0.2 * w * y for w, y in zip(decay, seen[1:]))
        wanted = {"ema": 0.8**5 * seen[0] + recent, "debiased": recent / (1 - 0.8**5), "mean": np.mean(seen[1:], axis=0)}
        np.testing.assert_allclose(state["average"], wanted[kind], rtol=1e-12)


def test_schedules_and_functions_as_hyper_parameters():
    rate = optim.schedules.cosine_decay(0.1, 4)
    beta = optim.schedules.step_decay(0.9, 0.5, 2)
    x = np.ones(3)
    optimizer = optim.ema_momentum(rate, beta)
    by_hand = optim.ema_momentum(lambda step: rate(step), lambda step: beta(step))
    y, v, z = x.copy(), 0.0, x.copy()
    state, other = optimizer.init(x), by_hand.init(z)
    for step in range(6):
        g = np.array([1.0, -2.0, 0.5]) * (step + 1)
        v = beta(step) * v + (1 - beta(step)) * g
        y = y - rate(step) * v
        optimizer.interpreted(x, g, state)
        by_hand.interpreted(z, g, other)
        np.testing.assert_allclose(x, y, rtol=1e-13)
        np.testing.assert_allclose(z, y, rtol=1e-13)


def test_wrong_chains():
    with pytest.raises(ValueError, match="used"):
        optim.chain(optim.sgd(0.1), optim.clip_by_value(1.0))
    with pytest.raises(ValueError, match="used"):
        optim.chain(optim.sgd(0.1), optim.adam(0.1))
    with pytest.raises(ValueError, match="changes gradients only"):
        optim.clip_by_value(1.0).init(np.ones(2))
    with pytest.raises(ValueError):
        optim.chain()
    with pytest.raises(TypeError):
        optim.chain(optim.sgd(0.1), 3)


def heavy_ball(x, g, v, rate=0.1, beta=0.9):
    v = beta * v + g
    return x - rate * v, v


def test_a_rule_of_ones_own():
    def named_otherwise(weight, slope, v, rate, beta=0.9):
        v = beta * v
        v += slope
        if v > 1.0:
            shift = 1.0
        else:
            shift = v
        return weight - rate * (shift * 1 if shift > -1 else -1), v

    def reference(x, g, state, t):
        state["v"] = 0.9 * state.get("v", 0.0) + g
        return x - 0.05 * np.clip(state["v"], -1.0, 1.0)

    steps(optim.rule(heavy_ball, state=("v",)), lambda g, p: g, paper.sgd(0.1, 0.9))
    steps(optim.rule(heavy_ball, state={"v": 0.0})(rate=0.2), lambda g, p: g, paper.sgd(0.2, 0.9))
    for compiled, dtype in ((False, np.float64), (True, np.float32)):
        steps(optim.rule(named_otherwise, state=("v",), rate=0.05), lambda g, p: g, reference, compiled=compiled,
              dtype=dtype)


def test_rules_outside_the_language_are_located():
    def loops(x, g):
        for _ in range(3):
            x = x - g
        return x

    def calls(x, g):
        return x - np.sum(g)

    def early(x, g):
        if g > 0:
            return x
        return x - g

    def unknown(x, g):
        return x - undefined * g

    def short(x, g, v):
        return x - v

    for fun, text in ((loops, "for _ in range(3):"), (calls, "return x - np.sum(g)"), (early, "if g > 0:"),
                      (unknown, "return x - undefined * g"), (short, "return x - v")):
        with pytest.raises(adtrans.UnsupportedError) as raised:
            optim.rule(fun, state=("v",) if fun is short else ()).init(np.ones(2))
        assert raised.value.text.strip() == text and raised.value.filename == __file__
    with pytest.raises(ValueError, match="no parameter 'm'"):
        optim.rule(heavy_ball, state=("m",))
    with pytest.raises(TypeError, match="hyper-parameter"):
        optim.rule(heavy_ball, state=("v",), gamma=1.0)


@pytest.mark.parametrize("size", [1e-25, 1e-3, 1e25])
@pytest.mark.parametrize("compiled", [False, True])
def test_norms_of_single_precision_beyond_its_squares(size, compiled):
    """Squares of float32 that overflow or vanish, and blocks of sums, one of them in part."""
    n = 5000 if compiled else 50
    g = (size * np.random.default_rng(0).normal(size=n)).astype(np.float32)
    norm = np.sqrt(np.sum(g.astype(float)**2))
    x = np.zeros(n, np.float32)
    optimizer = optim.chain(optim.skip_not_finite(), optim.clip_by_global_norm(float(0.5 * norm)), optim.sgd(1.0))
    (optimizer.step if compiled else optimizer.interpreted)(x, g, optimizer.init(x))
    np.testing.assert_allclose(-x, 0.5 * g, rtol=1e-6)


def test_a_state_that_is_only_written():
    def remembering(x, g, last, rate=0.1):
        update = rate * g
        return x - update, update

    optimizer, x = optim.rule(remembering, state=("last",)), np.ones(70)
    state, g = optimizer.init(x), np.arange(70.0)
    optimizer.step(x, g, state)
    np.testing.assert_allclose(state["last"], 0.1 * g)


@pytest.mark.parametrize("rule, reference", [
    (optim.adafactor(0.1, min_extent=2), paper.adafactor(0.1, extent=2)), (optim.muon(0.1), paper.muon(0.1))])
def test_rules_of_whole_leaves_see_the_clipped_gradient(rule, reference):
    def change(grads, params):
        return {name: np.clip(grad, -0.4, 0.4) for name, grad in by_global_norm(3.0)(grads, params).items()}

    steps(optim.chain(optim.clip_by_global_norm(3.0), optim.clip_by_value(0.4), rule), change, reference)
