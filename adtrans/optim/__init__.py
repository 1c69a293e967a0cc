"""Optimizers, compiled: one generated loop for all that a step does, and training and minimisation with them.

    optimizer = optim.chain(optim.clip_by_global_norm(1.0), optim.adamw(optim.schedules.cosine_decay(1e-3, 1000)))
    state = optimizer.init(params)
    optimizer.step(params, grads, state)
"""

import importlib

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
    nesterov,
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

# What needs Numba is imported when it is first asked for.
_PLACES = {"minimize": "minimization", "least_squares": "leastsquares", "Result": "result"}

__all__ = [
    "FitResult", "NotFiniteError", "Optimizer", "Result", "State", "accumulate", "adabelief", "adadelta", "adafactor",
    "adagrad", "adam", "adamax", "adamw", "adan", "add_decayed_weights", "amsgrad", "asgd", "chain",
    "clip_by_global_norm", "clip_by_norm", "clip_by_value", "decouple_decayed_weights", "ema_momentum",
    "ema_parameters", "fit", "fromage", "lamb", "lars", "least_squares", "lion", "load", "masked", "minimize", "muon",
    "nadam", "nesterov", "optimistic_sgd", "per_leaf", "plot_trajectories", "polyak_average", "radam", "rmsprop",
    "rprop", "rule", "scale", "schedule_free_adamw", "schedule_free_average", "schedule_free_sgd", "schedules",
    "sgd", "sign_sgd", "signum", "skip_not_finite", "threads", "trajectory", "yogi",
]


def __getattr__(name: str):
    if name in _PLACES:
        return getattr(importlib.import_module(f"adtrans.optim.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'adtrans.optim' has no attribute {name!r}")
