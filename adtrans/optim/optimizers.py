"""The optimizers by name: each a rule of `rules` with its state and the defaults of its hyper-parameters.

Any hyper-parameter that is a number may be a schedule, any function of the step, or `per_leaf` numbers. A rate below 0
or a decay outside [0, 1) is an ArgumentValueError (a ValueError). Where the field has several forms the docstring says
which this is, and how optax or torch differs.
"""

from __future__ import annotations

from typing import Any

from adtrans.optim import rules
from adtrans.optim.optimizer import Optimizer
from adtrans.optim.plan import Part
from adtrans.optim.ranges import check


def made(fun, hyper: dict[str, Any], static: tuple[str, ...] = (), memory: dict[str, float] | None = None,
         free: tuple[str, ...] = (), **state: float | str) -> Optimizer:
    """An optimizer of one rule, its hyper-parameters checked but for those that are `free`."""
    check({name: value for name, value in hyper.items() if name not in free}, fun.__name__)
    return Optimizer((Part(fun, hyper, state, memory or {}, static=static),))


def sgd(learning_rate, momentum=0.0, dampening=0.0, nesterov=False) -> Optimizer:
    """Gradient descent; with momentum v <- momentum * v + (1 - dampening) * g, x <- x - learning_rate * v.

    The first v is g, as in torch's SGD; `nesterov` moves along g + momentum * v (Sutskever et al. 2013, as torch and
    optax write it).

    >>> import numpy as np
    >>> x = np.array([1.0])
    >>> optimizer = sgd(0.5)
    >>> optimizer.step(x, np.array([1.0]), optimizer.init(x))
    >>> x.tolist()
    [0.5]
    """
    return made(rules.sgd, locals(), ("momentum",), velocity=0.0)


def nesterov(learning_rate, momentum=0.9) -> Optimizer:
    """Nesterov's momentum as he has it: v <- momentum * v + g, x <- x - learning_rate * v, g the gradient ahead of x.

    That is at x - learning_rate * momentum * v: Nesterov 1983, Sutskever et al. 2013 equations 3 and 4. `fit` and
    `minimize` take gradients there; what `minimize` tests, records and tells callbacks is there too, its result and all
    that `fit` gives is x. In a loop of one's own, gradients are taken after `optimizer.look_ahead(params, state)`;
    `step` raises ArgumentValueError without. `sgd(nesterov=True)` has the points ahead for parameters, and goes the
    same way while the rate is constant.

    >>> import numpy as np
    >>> x, optimizer = np.array([1.0]), nesterov(0.1)
    >>> state = optimizer.init(x)
    >>> for _ in range(100):
    ...     optimizer.look_ahead(x, state)
    ...     optimizer.step(x, 2.0 * x, state)       # the gradient of x**2
    >>> bool(abs(x[0]) < 1e-3)
    True
    """
    rule = Part(rules.nesterov, locals(), {"velocity": 0.0}, {"ahead": 0.0}, turn=rules.nesterov_turn)
    check(rule.hyper, "nesterov")
    return Optimizer((rule,))


def ema_momentum(learning_rate, beta=0.9, nesterov=False) -> Optimizer:
    """Momentum as an average: v <- beta * v + (1 - beta) * g, x <- x - learning_rate * v.

    `nesterov` moves along beta * v + (1 - beta) * g.
    """
    return made(rules.ema_momentum, locals(), velocity=0.0)


def adagrad(learning_rate, initial_accumulator_value=0.0, eps=1e-8, eps_in_sqrt=False) -> Optimizer:
    """Adagrad: Duchi, Hazan and Singer 2011, the diagonal form; `eps` outside the root as in torch.

    optax starts from 0.1 with eps = 1e-7 and `eps_in_sqrt`.
    """
    return made(rules.adagrad, locals(), accumulator="initial_accumulator_value")


def rmsprop(learning_rate, decay=0.9, eps=1e-8, eps_in_sqrt=False, centered=False, momentum=0.0,
            nesterov=False) -> Optimizer:
    """RMSProp: Tieleman and Hinton 2012; `centered` subtracts the squared mean of the gradient (Graves 2013).

    The velocity adds scaled gradients before the rate, as in torch; optax adds them after it, which differs where the
    rate changes, and has `eps_in_sqrt` by default.
    """
    return made(rules.rmsprop, locals(), ("momentum",), v=0.0, mean=0.0, velocity=0.0)


def adadelta(learning_rate=1.0, rho=0.9, eps=1e-6) -> Optimizer:
    """Adadelta: Zeiler 2012, algorithm 1, the update times `learning_rate`."""
    return made(rules.adadelta, locals(), v=0.0, moved=0.0)


def adam(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0) -> Optimizer:
    """Adam: Kingma and Ba 2015, algorithm 1. `eps_root` is added under the root, `eps` outside."""
    return made(rules.adam, locals(), m=0.0, v=0.0)


def adamw(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, weight_decay=1e-2) -> Optimizer:
    """Adam with decoupled weight decay, scaled by the learning rate: Loshchilov and Hutter 2019, algorithm 2."""
    return made(rules.adamw, locals(), m=0.0, v=0.0)


def nadam(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, momentum_decay=0.0) -> Optimizer:
    """Adam with Nesterov's momentum: Dozat 2016 with constant momentum, as optax.

    With `momentum_decay`, 0.004 in torch, the momentum grows as in Dozat's schedule, as torch.
    """
    return made(rules.nadam, locals(), ("momentum_decay",), {"mu_product": 1.0}, m=0.0, v=0.0)


def amsgrad(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, max_corrected=True) -> Optimizer:
    """Adam with a denominator that does not fall: Reddi, Kale and Kumar 2018.

    The maximum is of the corrected second moment, as in optax, or of the raw one, as in torch.
    """
    return made(rules.amsgrad, locals(), m=0.0, v=0.0, v_max=0.0)


def adamax(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0) -> Optimizer:
    """Adam by the infinity norm: Kingma and Ba 2015, algorithm 2; `eps` is added to |g|, the decay is decoupled.

    With `weight_decay` this is optax's adamaxw.
    """
    return made(rules.adamax, locals(), m=0.0, u=0.0)


def radam(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, threshold=5.0, correct_eps=True) -> Optimizer:
    """Rectified Adam: Liu et al. 2020, algorithm 2; plain momentum until the variance has `threshold` terms.

    torch adds eps to the root of the raw second moment: `correct_eps=False`.
    """
    return made(rules.radam, locals(), m=0.0, v=0.0)


def adabelief(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-16, eps_root=1e-16) -> Optimizer:
    """AdaBelief: Zhuang et al. 2020, algorithm 2; `eps_root` is added to the second moment each step."""
    return made(rules.adabelief, locals(), m=0.0, s=0.0)


def yogi(learning_rate=1e-2, b1=0.9, b2=0.999, eps=1e-3, initial_accumulator_value=1e-6) -> Optimizer:
    """Yogi: Zaheer et al. 2018, algorithm 2, as optax: both moments start from the initial value and are corrected."""
    return made(rules.yogi, locals(), m="initial_accumulator_value", v="initial_accumulator_value")


def lion(learning_rate=1e-4, b1=0.9, b2=0.99, weight_decay=0.0) -> Optimizer:
    """Lion: Chen et al. 2023, algorithm 2, decay decoupled (1e-3 by default in optax)."""
    return made(rules.lion, locals(), m=0.0)


def adan(learning_rate=1e-3, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, eps_root=1e-8, weight_decay=0.0) -> Optimizer:
    """Adan: Xie et al. 2024, algorithm 1 as optax has it: averages corrected, decay added to the update."""
    return made(rules.adan, locals(), m=0.0, d=0.0, v=0.0, g_old=0.0)


def sign_sgd(learning_rate) -> Optimizer:
    """x <- x - learning_rate * sign(g): Bernstein et al. 2018, algorithm 1."""
    return made(rules.sign_sgd, locals())


def signum(learning_rate, beta=0.9) -> Optimizer:
    """The sign of averaged gradients: Bernstein et al. 2018, algorithm 2."""
    return made(rules.signum, locals(), m=0.0)


def rprop(learning_rate=1e-2, eta_minus=0.5, eta_plus=1.2, min_step_size=1e-6, max_step_size=50.0) -> Optimizer:
    """Rprop: Riedmiller and Braun 1993 in the form that forgets a gradient that changed sign, as torch.

    `learning_rate` is the first step size of every element. (optax applies each update one step late.)
    """
    return made(rules.rprop, locals(), g_old=0.0, size_of_step="learning_rate")


def optimistic_sgd(learning_rate, alpha=1.0, beta=1.0) -> Optimizer:
    """Moves along (alpha + beta) * g - beta * (the gradient before): Mokhtari, Ozdaglar and Pattathil 2020.

    optax's optimistic_gradient_descent.
    """
    return made(rules.optimistic_sgd, locals(), free=("beta",), g_old=0.0)


def asgd(learning_rate=1e-2, lambd=1e-4, alpha=0.75, t0=1e6) -> Optimizer:
    """Averaged gradient descent: Polyak and Juditsky 1992 with Bottou's rate, as torch; `state["average"]` averages."""
    return made(rules.asgd, locals(), average="x")


def lamb(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-6, eps_root=0.0, weight_decay=0.0) -> Optimizer:
    """LAMB: You et al. 2020, algorithm 2 with the identity for phi; the ratio is 1 where a norm is 0."""
    return made(rules.lamb, locals(), m=0.0, v=0.0)


def lars(learning_rate, momentum=0.9, weight_decay=0.0, trust_coefficient=1e-3, eps=0.0, nesterov=False) -> Optimizer:
    """LARS: You, Gitman and Ginsburg 2017, algorithm 1: the velocity adds updates times the rate."""
    return made(rules.lars, locals(), velocity=0.0)


def fromage(learning_rate) -> Optimizer:
    """Fromage: Bernstein et al. 2020, algorithm 1."""
    return made(rules.fromage, locals())


def schedule_free_sgd(learning_rate=1.0, b1=0.9, weight_decay=0.0, weight_power=2.0) -> Optimizer:
    """Schedule-free gradient descent: Defazio et al. 2024, algorithm 1; parameters are where gradients are taken.

    `schedule_free_average` gives the parameters to evaluate. `b1` must be above 0.
    """
    return made(rules.schedule_free_sgd, locals(), memory={"weight_sum": 0.0, "largest": 0.0}, z="x")


def schedule_free_adamw(learning_rate=2.5e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0,
                        weight_power=2.0) -> Optimizer:
    """Schedule-free AdamW: Defazio et al. 2024, section 3.2, as optax; see `schedule_free_sgd`."""
    return made(rules.schedule_free_adamw, locals(), memory={"weight_sum": 0.0, "largest": 0.0}, z="x", v=0.0)


def muon(learning_rate=2e-2, ns_steps=5, ns_a=3.4445, ns_b=-4.775, ns_c=2.0315, beta=0.95, eps=1e-8, weight_decay=0.0,
         b1=0.9, b2=0.999, adam_weight_decay=0.0) -> Optimizer:
    """Muon: Jordan et al. 2024. Leaves of two axes move along their averaged gradient with singular values near 1.

    `ns_steps` Newton-Schulz iterations with these coefficients, Nesterov's average corrected, times
    sqrt(max(1, columns / rows)), as optax; all other leaves by Adam with Nesterov's momentum, at the same rate.
    """
    return made(rules.muon, locals(), m=0.0, v=0.0, direction=0.0)


def adafactor(learning_rate=1e-2, decay_rate=0.8, eps=1e-30, clipping_threshold=1.0, min_scale=1e-3,
              min_extent=128) -> Optimizer:
    """Adafactor: Shazeer and Stern 2018, algorithm 5 without momentum, as optax.

    Leaves of two axes of at least `min_extent` keep their second moment as means of rows and columns (and one array of
    their size for what a step computes); others keep it whole. The rate is relative to the leaf's root mean square.
    """
    return made(rules.adafactor, locals(), v=0.0, by_row="rows", by_column="columns")
