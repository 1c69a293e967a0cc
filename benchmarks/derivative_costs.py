"""What derivatives cost: Hessian products against gradients, eight tangents against the program itself.

The command is `python benchmarks/derivative_costs.py [--only NAME ...] [--seconds S] [--repeat N]`. Columns, all of one
core, compiled by adtrans:

  value      the program
  gradient   its gradient; '/value' is against the program
  hvp        the product of its Hessian with a vector; '/gradient' is against the gradient
  tangent    value and one tangent; '/value' is against the program
  8 tangents '/value' is against the program
  32 '/8'    32 tangents in one pass, for each 8 of them

A second table has gradients of a network of two layers for each of 512 examples, `vmap(grad(loss))`, against one
gradient of their sum.

Hessian products are compared with tangents of the gradient's differences along the vector, tangents with the gradient:
more than 1e-5 and 1e-9 apart, the command fails.
"""

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from timing import Contender, alone, alternate, geometric_mean, ratio

TITLES = ("program", "value", "gradient", "/value", "hvp", "/gradient", "tangent", "/value", "8 tangents", "/value",
          "32 '/8'")


class Program(NamedTuple):
    """A function that returns a number, and arguments; it is differentiated by the first."""

    fun: Callable
    make: Callable[[np.random.Generator], tuple]


def black_scholes(spot, strike, rate, volatility, maturity):
    total = 0.0
    for i in range(len(spot)):
        deviation = volatility * np.sqrt(maturity[i])
        upper = (np.log(spot[i] / strike[i]) + (rate + 0.5 * volatility**2) * maturity[i]) / deviation
        lower = upper - deviation
        first = 1.0 / (1.0 + np.exp(-1.702 * upper))
        second = 1.0 / (1.0 + np.exp(-1.702 * lower))
        total += spot[i] * first - strike[i] * np.exp(-rate * maturity[i]) * second
    return total


def logistic(w, x, y):
    total = 0.0
    for i in range(x.shape[0]):
        z = 0.0
        for j in range(x.shape[1]):
            z += x[i, j] * w[j]
        total += np.log1p(np.exp(-y[i] * z))
    return total + 0.5 * np.sum(w * w)


def burgers(u, steps, rate, viscosity):
    n = len(u)
    v = u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            v[i] = (u[i] - rate * u[i] * (u[i] - u[i - 1])
                    + viscosity * (u[i + 1] - 2.0 * u[i] + u[i - 1]))
        u, v = v, u
    return 0.5 * np.sum(u * u)


def network(w, x, labels):
    hidden = np.tanh(x @ w)
    scores = hidden @ w[:, :10].copy()
    total = 0.0
    for i in range(x.shape[0]):
        top = np.max(scores[i])
        total += top + np.log(np.sum(np.exp(scores[i] - top))) - scores[i, labels[i]]
    return total


def newton_roots(a):
    total = 0.0
    for i in range(len(a)):
        x = 1.0
        while abs(x * x * x - a[i]) > 1e-13:
            x = x - (x * x * x - a[i]) / (3.0 * x * x)
        total += x * np.sin(x)
    return total


def orbits(state, masses, steps, dt):
    n = len(masses)
    q, v = state[:, :3].copy(), state[:, 3:].copy()
    for _ in range(steps):
        for i in range(n):
            for j in range(n):
                if i != j:
                    d0, d1, d2 = q[j, 0] - q[i, 0], q[j, 1] - q[i, 1], q[j, 2] - q[i, 2]
                    r = d0 * d0 + d1 * d1 + d2 * d2 + 0.01
                    f = dt * masses[j] / (r * np.sqrt(r))
                    v[i, 0] += f * d0
                    v[i, 1] += f * d1
                    v[i, 2] += f * d2
        for i in range(n):
            for k in range(3):
                q[i, k] += dt * v[i, k]
    return np.sum(q * q)


def options(rng):
    n = 20000
    return rng.uniform(80, 120, n), rng.uniform(80, 120, n), 0.03, 0.2, rng.uniform(0.5, 2.0, n)


PROGRAMS = {
    "Black-Scholes": Program(black_scholes, options),
    "logistic": Program(logistic, lambda rng: (rng.normal(size=32), rng.normal(size=(4000, 32)),
                                               np.where(rng.random(4000) > 0.5, 1.0, -1.0))),
    "Burgers": Program(burgers, lambda rng: (rng.random(400), 200, 0.2, 0.1)),
    "network": Program(network, lambda rng: (rng.normal(size=(32, 32)) * 0.2, rng.normal(size=(256, 32)),
                                             rng.integers(0, 10, 256))),
    "Newton": Program(newton_roots, lambda rng: (rng.uniform(1.0, 5.0, 5000),)),
    "orbits": Program(orbits, lambda rng: (rng.normal(size=(8, 6)), rng.uniform(0.5, 1.0, 8), 50, 0.01)),
}


def compiled(gradient, mode, args, extra=()):
    """A run of compiled code in one mode, and what it returns."""
    bound = gradient._bind(args, {})
    found, made, result = gradient._run(mode, bound, extra)
    flat = (*gradient._flat(found, bound), *made.product.captured, *extra)
    return Contender(made.compiled, lambda: flat), result


def timed(program, seconds, repeat):
    """The shortest times by name; fails where derivatives differ."""
    import adtrans

    rng = np.random.default_rng(1)
    args = program.make(rng)
    x = args[0]
    gradient = adtrans.grad(program.fun)
    direction = np.ascontiguousarray(rng.normal(size=x.shape))
    several = np.ascontiguousarray(rng.normal(size=(*x.shape, 8)))
    many = np.ascontiguousarray(rng.normal(size=(*x.shape, 32)))
    several[..., 3] = many[..., 3] = direction
    runs, results = {}, {}
    for name, mode, extra in (("value", "value", ()), ("gradient", "grad", ()), ("hvp", "hvp", (direction,)),
                              ("tangent", "jvp", (direction,)), ("8 tangents", "tangents", (several,)),
                              ("32 tangents", "many tangents", (many,))):
        runs[name], results[name] = compiled(gradient, mode, args, extra)
    along = float(np.sum(results["gradient"] * direction))
    size = float(np.sum(np.abs(results["gradient"] * direction)))
    step = 1e-5
    difference = (gradient(x + step * direction, *args[1:]) - gradient(x - step * direction, *args[1:])) / (2 * step)
    apart = np.abs(results["hvp"] - difference).max() / np.abs(difference).max()
    tangents = (results["tangent"][1], results["8 tangents"][3], results["32 tangents"][3])
    if max(abs(found - along) for found in tangents) > 1e-9 * size or apart > 1e-5:
        raise SystemExit(f"{program.fun.__name__}: derivatives differ")
    return alternate(runs, seconds, repeat)


def example_loss(first, bias, last, x, label):
    scores = last @ np.tanh(first @ x + bias)
    top = np.max(scores)
    return top + np.log(np.sum(np.exp(scores - top))) - scores[label]


def batch_loss(first, bias, last, x, labels):
    scores = np.tanh(x @ first.T + bias) @ last.T
    total = 0.0
    for i in range(x.shape[0]):
        top = np.max(scores[i])
        total += top + np.log(np.sum(np.exp(scores[i] - top))) - scores[i, labels[i]]
    return total


def per_example(inputs, hidden, seconds, repeat):
    """The shortest times of one gradient of a batch and of all its gradients, and the megabytes of the latter."""
    import adtrans

    rng = np.random.default_rng(2)
    args = (rng.normal(size=(hidden, inputs)) * 0.1, rng.normal(size=hidden), rng.normal(size=(10, hidden)) * 0.1,
            rng.normal(size=(512, inputs)), rng.integers(0, 10, 512))
    batch = adtrans.grad(batch_loss, argnums=(0, 1, 2))
    each = adtrans.vmap(adtrans.grad(example_loss, argnums=(0, 1, 2)), in_axes=(None, None, None, 0, 0))
    found = each(*args)
    if any(np.abs(part.sum(axis=0) - whole).max() > 1e-10 for part, whole in zip(found, batch(*args))):
        raise SystemExit("the gradients of the examples do not add up to that of the batch")
    best = alternate({"batch": Contender(batch, lambda: args), "each": Contender(each, lambda: args)}, seconds, repeat)
    return best["batch"], best["each"], sum(part.nbytes for part in found) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=tuple(PROGRAMS))
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=200)
    options = parser.parse_args()
    alone()
    from tables import Table, seconds, times

    table = Table(TITLES)
    table.print_header()
    ratios = []
    for name in options.only:
        best = timed(PROGRAMS[name], options.seconds, options.repeat)
        row = [ratio(best["gradient"], best["value"]), ratio(best["hvp"], best["gradient"]),
               ratio(best["tangent"], best["value"]), ratio(best["8 tangents"], best["value"]),
               ratio(best["32 tangents"] / 4.0, best["value"])]
        ratios.append(row)
        table.print_row((name, seconds(best["value"]), seconds(best["gradient"]), times(row[0]), seconds(best["hvp"]),
                         times(row[1]), seconds(best["tangent"]), times(row[2]), seconds(best["8 tangents"]),
                         times(row[3]), times(row[4])))
    means = [times(geometric_mean(column)) for column in zip(*ratios)]
    table.print_row(("geometric mean", "", "", means[0], "", means[1], "", means[2], "", means[3], means[4]))
    print()
    table = Table(("512 examples", "batch", "each", "/batch", "MB"))
    table.print_header()
    for inputs, hidden in ((8, 16), (16, 32), (32, 64)):
        one, every, size = per_example(inputs, hidden, options.seconds, options.repeat)
        table.print_row((f"{inputs}-{hidden}-10", seconds(one), seconds(every), times(ratio(every, one)), times(size)))


if __name__ == "__main__":
    sys.exit(main())
