"""Optimizers, compiled: one generated loop for all that a step does, and training and minimisation with them.

    optimizer = optim.chain(optim.clip_by_global_norm(1.0), optim.adamw(optim.schedules.cosine_decay(1e-3, 1000)))
    state = optimizer.init(params)
    optimizer.step(params, grads, state)
"""

from adtrans.optim import schedules
from adtrans.optim.combine import (
    accumulate,
    add_decayed_weights,
    chain,
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    decouple_decayed_weights,
    ema_parameters,
    masked,
    per_leaf,
    polyak_average,
    rule,
    scale,
    schedule_free_average,
    skip_not_finite,
    threads,
)
from adtrans.optim.fitting import fit
from adtrans.optim.optimizer import Optimizer
from adtrans.optim.optimizers import (
    adabelief,
    adadelta,
    adafactor,
    adagrad,
    adam,
    adamax,
    adamw,
    adan,
    amsgrad,
    asgd,
    ema_momentum,
    fromage,
    lamb,
    lars,
    lion,
    muon,
    nadam,
    optimistic_sgd,
    radam,
    rmsprop,
    rprop,
    schedule_free_adamw,
    schedule_free_sgd,
    sgd,
    sign_sgd,
    signum,
    yogi,
)
from adtrans.optim.pictures import plot_trajectories, trajectory
from adtrans.optim.results import FitResult, NotFiniteError
from adtrans.optim.saved import load
from adtrans.optim.state import State

__all__ = [
    "FitResult", "NotFiniteError", "Optimizer", "State", "accumulate", "adabelief", "adadelta", "adafactor",
    "adagrad", "adam", "adamax", "adamw", "adan", "add_decayed_weights", "amsgrad", "asgd", "chain",
    "clip_by_global_norm", "clip_by_norm", "clip_by_value", "decouple_decayed_weights", "ema_momentum",
    "ema_parameters", "fit", "fromage", "lamb", "lars", "lion", "load", "masked", "muon", "nadam", "optimistic_sgd",
    "per_leaf", "plot_trajectories", "polyak_average", "radam", "rmsprop", "rprop", "rule", "scale",
    "schedule_free_adamw", "schedule_free_average", "schedule_free_sgd", "schedules", "sgd", "sign_sgd", "signum",
    "skip_not_finite", "threads", "trajectory", "yogi",
]
