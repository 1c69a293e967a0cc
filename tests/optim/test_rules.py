"""Every update rule against its recurrence in NumPy, on gradients that change sign and size; some of it compiled."""

import numpy as np
import pytest

from adtrans import optim
from tests.optim import recurrences as paper

CASES = {
    "sgd": (optim.sgd(0.1), paper.sgd(0.1)),
    "momentum": (optim.sgd(0.1, momentum=0.9), paper.sgd(0.1, 0.9)),
    "dampening": (optim.sgd(0.1, momentum=0.9, dampening=0.3), paper.sgd(0.1, 0.9, 0.3)),
    "nesterov": (optim.sgd(0.1, momentum=0.9, nesterov=True), paper.sgd(0.1, 0.9, nesterov=True)),
    "ema_momentum": (optim.ema_momentum(0.1, 0.8), paper.ema_momentum(0.1, 0.8)),
    "ema_nesterov": (optim.ema_momentum(0.1, nesterov=True), paper.ema_momentum(0.1, 0.9, True)),
    "adagrad": (optim.adagrad(0.1), paper.adagrad(0.1)),
    "adagrad_inside": (optim.adagrad(0.1, 0.1, 1e-3, True), paper.adagrad(0.1, 0.1, 1e-3, True)),
    "rmsprop": (optim.rmsprop(0.1), paper.rmsprop(0.1)),
    "rmsprop_all": (optim.rmsprop(0.1, 0.8, 1e-4, True, True, 0.7, True),
                    paper.rmsprop(0.1, 0.8, 1e-4, True, True, 0.7, True)),
    "rmsprop_centered": (optim.rmsprop(0.1, eps=1e-3, centered=True, momentum=0.5),
                         paper.rmsprop(0.1, eps=1e-3, centered=True, momentum=0.5)),
    "adadelta": (optim.adadelta(0.5), paper.adadelta(0.5)),
    "adam": (optim.adam(0.1, eps=1e-3, eps_root=1e-2), paper.adam(0.1, eps=1e-3, eps_root=1e-2)),
    "adamw": (optim.adamw(0.1, 0.8, 0.9, weight_decay=0.1), paper.adam(0.1, 0.8, 0.9, decay=0.1)),
    "nadam": (optim.nadam(0.1), paper.nadam(0.1)),
    "nadam_schedule": (optim.nadam(0.1, momentum_decay=0.004), paper.nadam(0.1, psi=0.004)),
    "amsgrad": (optim.amsgrad(0.1, b2=0.9), paper.amsgrad(0.1, b2=0.9)),
    "amsgrad_raw": (optim.amsgrad(0.1, b2=0.9, max_corrected=False), paper.amsgrad(0.1, b2=0.9, corrected=False)),
    "adamax": (optim.adamax(0.1, b2=0.9, weight_decay=0.1), paper.adamax(0.1, b2=0.9, decay=0.1)),
    "radam": (optim.radam(0.1), paper.radam(0.1)),
    "radam_raw": (optim.radam(0.1, b2=0.9, eps=1e-3, correct_eps=False), paper.radam(0.1, b2=0.9, eps=1e-3, raw=True)),
    "adabelief": (optim.adabelief(0.1), paper.adabelief(0.1)),
    "yogi": (optim.yogi(0.1), paper.yogi(0.1)),
    "lion": (optim.lion(0.1, weight_decay=0.1), paper.lion(0.1, decay=0.1)),
    "adan": (optim.adan(0.1, weight_decay=0.1), paper.adan(0.1, decay=0.1)),
    "sign_sgd": (optim.sign_sgd(0.1), paper.sign_sgd(0.1)),
    "signum": (optim.signum(0.1, 0.5), paper.signum(0.1, 0.5)),
    "rprop": (optim.rprop(0.1), paper.rprop(0.1)),
    "optimistic_sgd": (optim.optimistic_sgd(0.1, 0.5, 2.0), paper.optimistic_sgd(0.1, 0.5, 2.0)),
    "asgd": (optim.asgd(0.1, 0.1, t0=5.0), paper.asgd(0.1, 0.1, t0=5)),
    "lamb": (optim.lamb(0.1, weight_decay=0.1), paper.lamb(0.1, decay=0.1)),
    "lars": (optim.lars(0.1, weight_decay=0.1), paper.lars(0.1, decay=0.1)),
    "lars_nesterov": (optim.lars(0.1, 0.8, nesterov=True), paper.lars(0.1, 0.8, nesterov=True)),
    "fromage": (optim.fromage(0.1), paper.fromage(0.1)),
    "adafactor": (optim.adafactor(0.1, min_extent=3), paper.adafactor(0.1, extent=3)),
    "adafactor_whole": (optim.adafactor(0.1, clipping_threshold=0.5), paper.adafactor(0.1, threshold=0.5)),
    "muon": (optim.muon(0.1, weight_decay=0.1), paper.muon(0.1, decay=0.1)),
    "schedule_free_sgd": (optim.schedule_free_sgd(0.1, weight_decay=0.1), paper.schedule_free(0.1, decay=0.1)),
    "schedule_free_adamw": (optim.schedule_free_adamw(0.1, weight_decay=0.1),
                            paper.schedule_free(0.1, 0.9, 0.999, decay=0.1)),
}
COMPILED = ["nesterov", "rmsprop_all", "adamw", "amsgrad", "radam", "lion", "adan", "lamb", "schedule_free_adamw",
            "rprop", "muon", "adafactor"]


def run(optimizer, reference, compiled, steps=12, dtype=np.float64):
    """Ours and the paper's parameters after some steps, two leaves, gradients of any sign with some zeros."""
    rng = np.random.default_rng(3)
    params = {"a": rng.normal(size=(3, 7)).astype(dtype), "b": rng.normal(size=5).astype(dtype)}
    wanted = {name: leaf.astype(np.float64) for name, leaf in params.items()}
    states = {name: {} for name in params}
    state = optimizer.init(params)
    for t in range(1, steps + 1):
        grads = {name: (rng.normal(size=leaf.shape) * (rng.random(leaf.shape) > 0.2)).astype(dtype)
                 for name, leaf in params.items()}
        (optimizer.step if compiled else optimizer.interpreted)(params, grads, state)
        wanted = {name: reference(wanted[name], grads[name].astype(np.float64), states[name], t) for name in params}
        assert state.step == t
    return params, wanted, state, states


@pytest.mark.parametrize("name", CASES)
def test_rule_is_the_papers(name):
    params, wanted, _, _ = run(*CASES[name], compiled=False)
    for leaf in params:
        np.testing.assert_allclose(params[leaf], wanted[leaf], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_is_the_papers(name):
    params, wanted, _, _ = run(*CASES[name], compiled=True)
    for leaf in params:
        np.testing.assert_allclose(params[leaf], wanted[leaf], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["nesterov", "adamw", "lion", "lamb"])
def test_single_precision(name):
    params, wanted, _, _ = run(*CASES[name], compiled=True, dtype=np.float32)
    for leaf in params:
        assert params[leaf].dtype == np.float32
        np.testing.assert_allclose(params[leaf], wanted[leaf], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", ["schedule_free_sgd", "schedule_free_adamw"])
def test_the_average_of_schedule_free(name):
    optimizer, reference = CASES[name]
    params, _, state, states = run(optimizer, reference, compiled=False)
    found = optim.schedule_free_average(optimizer, params, state)
    for leaf in params:
        np.testing.assert_allclose(found[leaf], states[leaf]["x"], rtol=1e-11)


def test_every_optimizer_by_name_is_tried():
    from adtrans.optim import optimizers

    tried = {optimizer.parts[0].fun.__name__ for optimizer, _ in CASES.values()}
    named = {name for name in optim.__all__ if getattr(getattr(optim, name), "__module__", "") == optimizers.__name__}
    assert named - tried == {"nesterov"}  # whose steps look ahead: test_nesterov.py
