"""Optimizers of torch and optax, with how their states are named here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adtrans import optim


@dataclass
class Case:
    """Ours and a peer's; `size` scales gradients so that neither diverges; `shape` is that of the parameter."""

    ours: Callable
    peer: Callable
    size: float = 1.0
    shape: tuple | None = None


class Torch:
    """A torch optimizer on one vector; `names` are its arrays by ours, `memory` its numbers."""

    def __init__(self, make, names, memory=()):
        self.make, self.names, self.memory = make, names, memory

    def __call__(self, x):
        import torch

        made = Torch(self.make, self.names, self.memory)
        made.param = torch.nn.Parameter(torch.tensor(x))
        made.optimizer = self.make([made.param])
        return made

    def x(self):
        return self.param.detach().numpy().copy()

    def state(self):
        held = self.optimizer.state[self.param]
        return ({ours: held[theirs].numpy() for ours, theirs in self.names.items()},
                {ours: float(held[theirs]) for ours, theirs in dict(self.memory).items()})

    def step(self, g):
        import torch

        self.param.grad = torch.tensor(g)
        self.optimizer.step()


class Optax:
    """An optax transformation on one vector."""

    def __init__(self, make, names, memory=()):
        self.make, self.names, self.memory = make, names, memory

    def __call__(self, x):
        import jax

        made = Optax(self.make, self.names, self.memory)
        made.transformation = self.make()
        made.param = jax.numpy.asarray(x)
        made.held = made.transformation.init(made.param)
        made.update = jax.jit(made.transformation.update)
        return made

    def x(self):
        return np.array(self.param)

    def state(self):
        return ({ours: np.asarray(theirs(self.held) if callable(theirs) else field(self.held, theirs))
                 for ours, theirs in self.names.items()},
                {ours: float(field(self.held, theirs)) for ours, theirs in dict(self.memory).items()})

    def step(self, g):
        import jax

        change, self.held = self.update(jax.numpy.asarray(g), self.held, self.param)
        self.param = self.param + change


def field(state: Any, name: str):
    """The first field of this name in nested tuples."""
    if hasattr(state, "_fields") and name in state._fields:
        return getattr(state, name)
    if isinstance(state, tuple):
        for part in state:
            found = field(part, name)
            if found is not None:
                return found
    return None


def torch_cases():
    from torch import float64, set_default_dtype
    from torch import optim as torch

    set_default_dtype(float64)  # or numbers kept from step to step are float32
    moments = {"m": "exp_avg", "v": "exp_avg_sq"}
    return {
        "torch SGD": (lambda: optim.sgd(1e-5), lambda p: torch.SGD(p, 1e-5), {}),
        "torch SGD momentum": (lambda: optim.sgd(1e-5, 0.9), lambda p: torch.SGD(p, 1e-5, 0.9),
                               {"velocity": "momentum_buffer"}),
        "torch SGD dampening": (lambda: optim.sgd(1e-5, 0.9, 0.5), lambda p: torch.SGD(p, 1e-5, 0.9, 0.5),
                                {"velocity": "momentum_buffer"}),
        "torch SGD nesterov": (lambda: optim.sgd(1e-5, 0.9, nesterov=True),
                               lambda p: torch.SGD(p, 1e-5, 0.9, nesterov=True), {"velocity": "momentum_buffer"}),
        "torch SGD weight_decay": (
            lambda: optim.chain(optim.add_decayed_weights(0.1), optim.sgd(1e-5, 0.9)),
            lambda p: torch.SGD(p, 1e-5, 0.9, weight_decay=0.1), {"velocity": "momentum_buffer"}),
        "torch Adagrad": (lambda: optim.adagrad(1e-2, eps=1e-10), lambda p: torch.Adagrad(p, 1e-2),
                          {"accumulator": "sum"}),
        "torch RMSprop": (lambda: optim.rmsprop(1e-3, 0.99), lambda p: torch.RMSprop(p, 1e-3), {"v": "square_avg"}),
        "torch RMSprop centered momentum": (
            lambda: optim.rmsprop(1e-3, 0.99, centered=True, momentum=0.9),
            lambda p: torch.RMSprop(p, 1e-3, centered=True, momentum=0.9),
            {"v": "square_avg", "mean": "grad_avg", "velocity": "momentum_buffer"}),
        "torch Adadelta": (lambda: optim.adadelta(), lambda p: torch.Adadelta(p),
                           {"v": "square_avg", "moved": "acc_delta"}),
        "torch Adam": (lambda: optim.adam(1e-2), lambda p: torch.Adam(p, 1e-2), moments),
        "torch Adam weight_decay": (
            lambda: optim.chain(optim.add_decayed_weights(0.1), optim.adam(1e-2)),
            lambda p: torch.Adam(p, 1e-2, weight_decay=0.1), moments),
        "torch Adam amsgrad": (lambda: optim.amsgrad(1e-2, max_corrected=False),
                               lambda p: torch.Adam(p, 1e-2, amsgrad=True), moments | {"v_max": "max_exp_avg_sq"}),
        "torch AdamW": (lambda: optim.adamw(1e-2), lambda p: torch.AdamW(p, 1e-2), moments),
        "torch NAdam": (lambda: optim.nadam(1e-2, momentum_decay=4e-3), lambda p: torch.NAdam(p, 1e-2), moments,
                        {"mu_product": "mu_product"}),
        "torch RAdam": (lambda: optim.radam(1e-2, correct_eps=False), lambda p: torch.RAdam(p, 1e-2), moments),
        "torch Adamax": (lambda: optim.adamax(1e-2), lambda p: torch.Adamax(p, 1e-2), {"m": "exp_avg", "u": "exp_inf"}),
        "torch Rprop": (lambda: optim.rprop(1e-2), lambda p: torch.Rprop(p, 1e-2),
                        {"g_old": "prev", "size_of_step": "step_size"}),
        "torch ASGD": (lambda: optim.asgd(1e-5, t0=10.0), lambda p: torch.ASGD(p, 1e-5, t0=10), {"average": "ax"}),
    }


def optax_cases():
    import optax
    from optax import contrib

    moments = {"m": "mu", "v": "nu"}
    return {
        "optax sgd": (lambda: optim.sgd(1e-5), lambda: optax.sgd(1e-5), {}),
        "optax sgd momentum": (lambda: optim.sgd(1e-5, 0.9), lambda: optax.sgd(1e-5, 0.9), {"velocity": "trace"}),
        "optax sgd nesterov": (lambda: optim.sgd(1e-5, 0.9, nesterov=True),
                               lambda: optax.sgd(1e-5, 0.9, nesterov=True), {"velocity": "trace"}),
        "optax ema momentum": (lambda: optim.ema_momentum(1e-5, 0.9), lambda: optax.chain(
            optax.ema(0.9, debias=False), optax.scale(-1e-5)), {"velocity": "ema"}),
        "optax adagrad": (lambda: optim.adagrad(1e-2, 0.1, 1e-7, True), lambda: optax.adagrad(1e-2),
                          {"accumulator": "sum_of_squares"}),
        "optax rmsprop": (lambda: optim.rmsprop(1e-3, eps_in_sqrt=True), lambda: optax.rmsprop(1e-3), {"v": "nu"}),
        "optax rmsprop eps outside": (lambda: optim.rmsprop(1e-3), lambda: optax.rmsprop(1e-3, eps_in_sqrt=False),
                                      {"v": "nu"}),
        "optax rmsprop centered": (
            lambda: optim.rmsprop(1e-3, eps_in_sqrt=True, centered=True, momentum=0.9, nesterov=True),
            lambda: optax.rmsprop(1e-3, centered=True, momentum=0.9, nesterov=True),
            {"v": "nu", "mean": "mu", "velocity": lambda held: -field(held, "trace") / 1e-3}),
        "optax adadelta": (lambda: optim.adadelta(), lambda: optax.adadelta(1.0), {"v": "e_g", "moved": "e_x"}),
        "optax adam": (lambda: optim.adam(1e-2, eps_root=1e-9), lambda: optax.adam(1e-2, eps_root=1e-9), moments),
        "optax adamw": (lambda: optim.adamw(1e-2), lambda: optax.adamw(1e-2, weight_decay=1e-2), moments),
        "optax nadam": (lambda: optim.nadam(1e-2), lambda: optax.nadam(1e-2), moments),
        "optax amsgrad": (lambda: optim.amsgrad(1e-2), lambda: optax.amsgrad(1e-2), moments | {"v_max": "nu_max"}),
        "optax adamax": (lambda: optim.adamax(1e-2), lambda: optax.adamax(1e-2), {"m": "mu", "u": "nu"}),
        "optax adamaxw": (lambda: optim.adamax(1e-2, weight_decay=0.01), lambda: optax.adamaxw(1e-2, weight_decay=0.01),
                          {"m": "mu", "u": "nu"}),
        "optax radam": (lambda: optim.radam(1e-2), lambda: optax.radam(1e-2), moments),
        "optax adabelief": (lambda: optim.adabelief(1e-2), lambda: optax.adabelief(1e-2), {"m": "mu", "s": "nu"}),
        "optax yogi": (lambda: optim.yogi(1e-2), lambda: optax.yogi(1e-2), moments),
        "optax lion": (lambda: optim.lion(1e-3, weight_decay=1e-3), lambda: optax.lion(1e-3), {"m": "mu"}),
        "optax adan": (lambda: optim.adan(1e-2, weight_decay=0.01), lambda: optax.adan(1e-2, weight_decay=0.01),
                       {"m": "m", "d": "v", "v": "n", "g_old": "g"}),
        "optax sign_sgd": (lambda: optim.sign_sgd(1e-3), lambda: optax.sign_sgd(1e-3), {}),
        "optax signum": (lambda: optim.signum(1e-3), lambda: optax.signum(1e-3), {"m": "ema"}),
        "optax optimistic_gradient_descent": (
            lambda: optim.optimistic_sgd(1e-5), lambda: optax.optimistic_gradient_descent(1e-5),
            {"g_old": "previous_gradient"}),
        "optax lamb": (lambda: optim.lamb(1e-2, weight_decay=0.01), lambda: optax.lamb(1e-2, weight_decay=0.01),
                       moments),
        "optax lars": (lambda: optim.lars(1e-2, weight_decay=0.01), lambda: optax.lars(1e-2, weight_decay=0.01),
                       {"velocity": lambda held: -field(held, "trace")}),
        "optax fromage": (lambda: optim.fromage(1e-3), lambda: optax.fromage(1e-3), {}),
        "optax schedule_free_sgd": (
            lambda: optim.schedule_free_sgd(1e-5), lambda: contrib.schedule_free_sgd(1e-5), {"z": "z"},
            {"weight_sum": "weight_sum", "largest": "max_lr"}),
        "optax schedule_free_adamw": (
            lambda: optim.schedule_free_adamw(1e-2, weight_decay=0.01),
            lambda: contrib.schedule_free_adamw(1e-2, weight_decay=0.01), {"z": "z", "v": "nu"},
            {"weight_sum": "weight_sum", "largest": "max_lr"}),
        "optax clip": (lambda: optim.chain(optim.clip_by_value(0.5), optim.adam(1e-2)),
                       lambda: optax.chain(optax.clip(0.5), optax.adam(1e-2)), moments),
        "optax clip_by_global_norm": (
            lambda: optim.chain(optim.clip_by_global_norm(0.5), optim.adam(1e-2)),
            lambda: optax.chain(optax.clip_by_global_norm(0.5), optax.adam(1e-2)), moments),
        "optax add_decayed_weights": (
            lambda: optim.chain(optim.add_decayed_weights(0.1), optim.adam(1e-2)),
            lambda: optax.chain(optax.add_decayed_weights(0.1), optax.adam(1e-2)), moments),
    }


def matrix_cases():
    """Rules for matrices."""
    import optax
    from optax import contrib

    def adafactor(rate, extent):
        """What optax.adafactor is made of, the decay in float64 rather than float32."""
        return optax.chain(
            optax.scale_by_factored_rms(min_dim_size_to_factor=extent,
                                        decay_rate_fn=lambda k, power: 1 - (k + 1.0)**-power),
            optax.clip_by_block_rms(1.0), optax.scale_by_learning_rate(rate, flip_sign=False),
            optax.scale_by_param_block_rms(), optax.scale(-1.0))

    return {
        "optax adafactor": (lambda: optim.adafactor(1e-2), lambda: adafactor(1e-2, 128), {"v": "v"}),
        "optax adafactor factored": (
            lambda: optim.adafactor(1e-2, min_extent=2), lambda: adafactor(1e-2, 2),
            {"by_row": "v_row", "by_column": "v_col"}),
        "optax muon": (lambda: optim.muon(1e-2, weight_decay=0.01), lambda: contrib.muon(1e-2, weight_decay=0.01),
                       {"m": "mu"}),
    }


def cases():
    """All cases by name."""
    import jax

    jax.config.update("jax_enable_x64", True)
    found = {name: Case(row[0], Torch(*row[1:])) for name, row in torch_cases().items()}
    found |= {name: Case(row[0], Optax(*row[1:])) for name, row in optax_cases().items()}
    for name, row in matrix_cases().items():
        found[name] = Case(row[0], Optax(*row[1:]), shape=(3, 4))
    return found
