"""Schedules of torch and optax beside ours: pairs of functions of the step, and how many steps to compare."""

import functools

from adtrans.optim import schedules as ours


def torch_schedule(make, rate, steps):
    """The rates of a torch scheduler at steps from 0 on."""
    import warnings

    import torch

    @functools.cache
    def values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], rate)
            scheduler, found = make(optimizer), []
            for _ in range(steps):
                found.append(optimizer.param_groups[0]["lr"])
                scheduler.step()
        return found

    return lambda k: values()[k]


def plateau(steps):
    """Both after each of some losses that fall and rise."""
    import math

    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=3, cooldown=2, min_lr=1e-4)
    mine, pairs = ours.reduce_on_plateau(0.1, 0.5, 3, min_value=1e-4, cooldown=2), []
    for k in range(steps):
        loss = math.exp(-0.05 * k) + 0.3 * math.sin(k)**2
        theirs.step(loss)
        pairs.append((mine.observe(loss), optimizer.param_groups[0]["lr"]))
    return lambda k: pairs[k][0], lambda k: pairs[k][1]


def torch_pairs():
    from torch.optim import lr_scheduler as torch

    def pair(mine, make, steps=120, rate=0.1):
        return mine, torch_schedule(make, rate, steps), steps

    return {
        "torch StepLR": pair(ours.step_decay(0.1, 0.3, 7), lambda o: torch.StepLR(o, 7, 0.3)),
        "torch MultiStepLR": pair(ours.piecewise(0.1, {10: 0.3, 35: 0.3}),
                                  lambda o: torch.MultiStepLR(o, [10, 35], 0.3)),
        "torch ConstantLR": pair(ours.piecewise_constant([0.03, 0.1], [20]), lambda o: torch.ConstantLR(o, 0.3, 20)),
        "torch LinearLR": pair(ours.linear(0.02, 0.1, 30), lambda o: torch.LinearLR(o, 0.2, 1.0, 30)),
        "torch ExponentialLR": pair(ours.exponential_decay(0.1, 0.95), lambda o: torch.ExponentialLR(o, 0.95)),
        "torch PolynomialLR": pair(ours.polynomial(0.1, 0.0, 1.7, 90), lambda o: torch.PolynomialLR(o, 90, 1.7)),
        "torch CosineAnnealingLR": pair(ours.cosine_annealing(0.1, 40, 0.01),
                                        lambda o: torch.CosineAnnealingLR(o, 40, 0.01)),
        "torch CosineAnnealingWarmRestarts": pair(
            ours.warm_restarts(0.1, 10, 2, alpha=0.2),
            lambda o: torch.CosineAnnealingWarmRestarts(o, 10, 2, 0.02), 400),
        "torch CosineAnnealingWarmRestarts T_mult=3": pair(
            ours.warm_restarts(0.1, 7, 3), lambda o: torch.CosineAnnealingWarmRestarts(o, 7, 3), 1000),
        "torch CosineAnnealingWarmRestarts T_mult=1": pair(
            ours.warm_restarts(0.1, 10, 1), lambda o: torch.CosineAnnealingWarmRestarts(o, 10, 1)),
        "torch CyclicLR triangular": pair(ours.cyclical(0.01, 0.1, 13), lambda o: torch.CyclicLR(o, 0.01, 0.1, 13)),
        "torch CyclicLR triangular2": pair(ours.cyclical(0.01, 0.1, 13, "triangular2"),
                                           lambda o: torch.CyclicLR(o, 0.01, 0.1, 13, mode="triangular2")),
        "torch CyclicLR exp_range": pair(ours.cyclical(0.01, 0.1, 13, "exp_range", 0.99),
                                         lambda o: torch.CyclicLR(o, 0.01, 0.1, 13, mode="exp_range", gamma=0.99)),
        "torch OneCycleLR": pair(ours.one_cycle(0.1, 100, inclusive=True),
                                 lambda o: torch.OneCycleLR(o, 0.1, 100), 100),
        "torch OneCycleLR linear": pair(
            ours.one_cycle(0.1, 100, 0.25, "linear", inclusive=True),
            lambda o: torch.OneCycleLR(o, 0.1, 100, None, None, 0.25, "linear"), 100),
        "torch SequentialLR": pair(
            ours.join([ours.linear(0.01, 0.1, 20), ours.exponential_decay(0.1, 0.9)], [20]),
            lambda o: torch.SequentialLR(o, [torch.LinearLR(o, 0.1, 1.0, 20), torch.ExponentialLR(o, 0.9)], [20])),
        "torch ReduceLROnPlateau": (*plateau(120), 120),
        "torch LambdaLR": pair(ours.inverse_sqrt(0.1, 25), lambda o: torch.LambdaLR(
            o, lambda k: min(k / 25, (25 / max(k, 1))**0.5))),
    }


def optax_pairs():
    import optax

    def pair(mine, theirs, steps=150):
        return mine, lambda k: float(theirs(k)), steps

    return {
        "optax constant_schedule": pair(ours.constant(0.1), optax.constant_schedule(0.1)),
        "optax exponential_decay": pair(ours.exponential_decay(0.1, 0.5, 20), optax.exponential_decay(0.1, 20, 0.5)),
        "optax exponential_decay staircase": pair(ours.exponential_decay(0.1, 0.5, 20, staircase=True),
                                                  optax.exponential_decay(0.1, 20, 0.5, staircase=True)),
        "optax exponential_decay end_value": pair(ours.exponential_decay(0.1, 0.5, 20, end_value=0.02),
                                                  optax.exponential_decay(0.1, 20, 0.5, end_value=0.02)),
        "optax exponential_decay transition_begin": pair(
            ours.delayed(ours.exponential_decay(0.1, 0.5, 20), 13),
            optax.exponential_decay(0.1, 20, 0.5, transition_begin=13)),
        "optax polynomial_schedule": pair(ours.polynomial(0.1, 0.01, 1.5, 90),
                                          optax.polynomial_schedule(0.1, 0.01, 1.5, 90)),
        "optax linear_schedule": pair(ours.linear(0.1, 0.01, 90), optax.linear_schedule(0.1, 0.01, 90)),
        "optax linear_schedule transition_begin": pair(ours.delayed(ours.linear(0.1, 0.01, 90), 30),
                                                       optax.linear_schedule(0.1, 0.01, 90, 30)),
        "optax cosine_decay_schedule": pair(ours.cosine_decay(0.1, 90, 0.1), optax.cosine_decay_schedule(0.1, 90, 0.1)),
        "optax cosine_decay_schedule exponent": pair(ours.cosine_decay(0.1, 90, 0.1, 1.5),
                                                     optax.cosine_decay_schedule(0.1, 90, 0.1, 1.5)),
        "optax warmup_cosine_decay_schedule": pair(
            ours.warmup_cosine(0.01, 0.1, 20, 100, 0.001),
            optax.warmup_cosine_decay_schedule(0.01, 0.1, 20, 100, 0.001)),
        "optax warmup_exponential_decay_schedule": pair(
            ours.warmup_exponential(0.0, 0.1, 20, 0.5, 30, end_value=0.02),
            optax.warmup_exponential_decay_schedule(0.0, 0.1, 20, 30, 0.5, end_value=0.02)),
        "optax warmup_constant_schedule": pair(ours.linear_warmup(0.1, 20),
                                                 optax.warmup_constant_schedule(0.0, 0.1, 20)),
        "optax join_schedules": pair(
            ours.join([ours.constant(0.1), ours.step_decay(0.05, 0.5, 10), ours.cosine_decay(0.03, 20)], [30, 70]),
            optax.join_schedules([optax.constant_schedule(0.1), optax.exponential_decay(0.05, 10, 0.5, staircase=True),
                                  optax.cosine_decay_schedule(0.03, 20)], [30, 70])),
        "optax sgdr_schedule": pair(
            ours.join([ours.cosine_decay(0.1, 30), ours.warmup_cosine(0.0, 0.05, 10, 60)], [30]),
            optax.sgdr_schedule([{"init_value": 0.1, "peak_value": 0.1, "decay_steps": 30, "warmup_steps": 0},
                                 {"init_value": 0.0, "peak_value": 0.05, "decay_steps": 60, "warmup_steps": 10}])),
        "optax cosine_onecycle_schedule": pair(ours.one_cycle(0.1, 100), optax.cosine_onecycle_schedule(100, 0.1)),
        "optax linear_onecycle_schedule": pair(ours.one_cycle(0.1, 100, anneal="linear", pct_final=0.85),
                                               optax.linear_onecycle_schedule(100, 0.1)),
        "optax piecewise_constant_schedule": pair(
            ours.piecewise(0.1, {30: 0.5, 70: 0.1}), optax.piecewise_constant_schedule(0.1, {30: 0.5, 70: 0.1})),
        "optax piecewise_interpolate_schedule linear": pair(
            ours.piecewise(0.1, {30: 0.5, 70: 0.1}, "linear"),
            optax.piecewise_interpolate_schedule("linear", 0.1, {30: 0.5, 70: 0.1})),
        "optax piecewise_interpolate_schedule cosine": pair(
            ours.piecewise(0.1, {30: 0.5, 70: 0.1}, "cosine"),
            optax.piecewise_interpolate_schedule("cosine", 0.1, {30: 0.5, 70: 0.1})),
    }


def pairs():
    """All pairs by name."""
    import jax

    jax.config.update("jax_enable_x64", True)
    return torch_pairs() | optax_pairs()
