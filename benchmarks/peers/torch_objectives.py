"""The objectives of `adbench_programs` in PyTorch, eager, 64-bit, on one thread."""

import math

import numpy as np
import torch
from adbench_programs.gmm import LOG_2_PI, log_gamma_of

torch.set_num_threads(1)


def gradient(function, inputs, args):
    """A call without arguments that gives the value and, by name, the adjoints of `inputs`."""
    given = {name: torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value
             for name, value in args.items()}
    active = [given[name].requires_grad_() for name in inputs]

    def run():
        value = function(**given)
        return value.detach(), dict(zip(inputs, torch.autograd.grad(value, active)))

    return run


def gmm(alphas, means, icf, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    columns, rows = np.triu_indices(d, 1)
    diagonal, sums = torch.exp(icf[:, :d]), torch.sum(icf[:, :d], dim=1)
    factors = torch.diag_embed(diagonal).index_put((torch.arange(k)[:, None], torch.from_numpy(rows)[None],
                                                    torch.from_numpy(columns)[None]), icf[:, d:])
    products = x[None] @ factors.mT - (factors @ means[:, :, None]).mT
    terms = (alphas + sums)[:, None] - 0.5 * torch.sum(products**2, dim=2)
    prior = torch.sum(0.5 * gamma**2 * (torch.sum(diagonal**2, dim=1) + torch.sum(icf[:, d:]**2, dim=1)) - m * sums)
    freedom = d + m + 1
    constant = freedom * d * (math.log(gamma) - 0.5 * math.log(2.0)) - log_gamma_of(0.5 * freedom, d)
    return (-0.5 * n * d * LOG_2_PI + torch.sum(torch.logsumexp(terms, 0)) - n * torch.logsumexp(alphas, 0) + prior
            - k * constant)


def bundle(cameras, points, weights, camera_of, point_of, features):
    camera = cameras[camera_of]
    moved = points[point_of] - camera[:, 3:6]
    angle = torch.linalg.norm(camera[:, :3], dim=1, keepdim=True)
    axis = camera[:, :3] / angle
    along = torch.sum(axis * moved, dim=1, keepdim=True) * (1.0 - torch.cos(angle))
    seen = moved * torch.cos(angle) + torch.linalg.cross(axis, moved) * torch.sin(angle) + axis * along
    flat = seen[:, :2] / seen[:, 2:]
    square = torch.sum(flat**2, dim=1, keepdim=True)
    stretch = 1.0 + camera[:, 9:10] * square + camera[:, 10:11] * square**2
    errors = weights[:, None] * (flat * stretch * camera[:, 6:7] + camera[:, 7:9] - features)
    return torch.sum(errors**2) + torch.sum((1.0 - weights**2) ** 2)


def lstm(main, extra, state, sequence):
    length, b = sequence.shape
    layers = main.shape[0] // 2
    weights, biases = main[::2].reshape(layers, 4, b), main[1::2].reshape(layers, 4, b)
    states, total = [(state[2 * k], state[2 * k + 1]) for k in range(layers)], 0.0
    for t in range(length - 1):
        out = sequence[t] * extra[0]
        for k, (hidden, cell) in enumerate(states):
            gates = torch.stack((out, hidden, out, hidden)) * weights[k] + biases[k]
            forget, enter, leave = torch.sigmoid(gates[:3])
            cell = cell * forget + enter * torch.tanh(gates[3])
            out = leave * torch.tanh(cell)
            states[k] = out, cell
        out = out * extra[1] + extra[2]
        total = total + torch.sum(sequence[t + 1] * (out - torch.log(torch.sum(torch.exp(out)) + 2.0)))
    return -total / ((length - 1) * b)


def log_sum_exp(x):
    return torch.logsumexp(x, 0)


def k_means(centres, points):
    squares = torch.sum(points**2, dim=1)[:, None] - 2.0 * points @ centres.T + torch.sum(centres**2, dim=1)
    return torch.sum(torch.amin(squares, dim=1))


def polynomial(c, x, y):
    value = torch.zeros_like(x)
    for entry in reversed(c.unbind()):
        value = value * x + entry
    return torch.sum((value - y) ** 2)


def runge_kutta(q, p, steps, dt, beta):
    zero = torch.zeros(1, dtype=q.dtype)

    def pulled(q):
        apart = torch.diff(q, prepend=zero, append=zero)
        return torch.diff(apart + beta * apart**3)

    for _ in range(steps):
        q1, p1 = p, pulled(q)
        q2, p2 = p + 0.5 * dt * p1, pulled(q + 0.5 * dt * q1)
        q3, p3 = p + 0.5 * dt * p2, pulled(q + 0.5 * dt * q2)
        q4, p4 = p + dt * p3, pulled(q + dt * q3)
        q = q + dt / 6.0 * (q1 + 2.0 * q2 + 2.0 * q3 + q4)
        p = p + dt / 6.0 * (p1 + 2.0 * p2 + 2.0 * p3 + p4)
    return torch.sum(q**2)


OBJECTIVES = {fun.__name__: fun for fun in (gmm, bundle, lstm, log_sum_exp, k_means, polynomial, runge_kutta)}
