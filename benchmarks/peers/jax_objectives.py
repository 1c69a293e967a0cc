"""The objectives of `adbench_programs` in JAX: whole arrays, `lax.scan` along sequences."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from adbench_programs.gmm import LOG_2_PI, log_gamma_of
from jax import lax


def gmm(alphas, means, icf, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    columns, rows = np.triu_indices(d, 1)
    diagonal, sums = jnp.exp(icf[:, :d]), jnp.sum(icf[:, :d], axis=1)
    factors = jnp.zeros((k, d, d)).at[:, rows, columns].set(icf[:, d:]) + jax.vmap(jnp.diag)(diagonal)
    products = jnp.einsum("kij,nj->kni", factors, x) - jnp.einsum("kij,kj->ki", factors, means)[:, None, :]
    terms = (alphas + sums)[:, None] - 0.5 * jnp.sum(products**2, axis=2)
    prior = jnp.sum(0.5 * gamma**2 * (jnp.sum(diagonal**2, axis=1) + jnp.sum(icf[:, d:]**2, axis=1)) - m * sums)
    freedom = d + m + 1
    constant = freedom * d * (jnp.log(gamma) - 0.5 * math.log(2.0)) - log_gamma_of(0.5 * freedom, d)
    return (-0.5 * n * d * LOG_2_PI + jnp.sum(jax.nn.logsumexp(terms, axis=0)) - n * jax.nn.logsumexp(alphas) + prior
            - k * constant)


def bundle(cameras, points, weights, camera_of, point_of, features):
    camera = cameras[camera_of]
    moved = points[point_of] - camera[:, 3:6]
    angle = jnp.linalg.norm(camera[:, :3], axis=1, keepdims=True)
    axis = camera[:, :3] / angle
    along = jnp.sum(axis * moved, axis=1, keepdims=True) * (1.0 - jnp.cos(angle))
    seen = moved * jnp.cos(angle) + jnp.cross(axis, moved) * jnp.sin(angle) + axis * along
    flat = seen[:, :2] / seen[:, 2:]
    square = jnp.sum(flat**2, axis=1, keepdims=True)
    stretch = 1.0 + camera[:, 9:10] * square + camera[:, 10:11] * square**2
    errors = weights[:, None] * (flat * stretch * camera[:, 6:7] + camera[:, 7:9] - features)
    return jnp.sum(errors**2) + jnp.sum((1.0 - weights**2) ** 2)


def lstm(main, extra, state, sequence):
    length, b = sequence.shape
    layers = main.shape[0] // 2
    weights, biases = main[::2].reshape(layers, 4, b), main[1::2].reshape(layers, 4, b)

    def step(state, given):
        here, wanted = given
        out, new = here * extra[0], []
        for k in range(layers):
            hidden, cell = state[2 * k], state[2 * k + 1]
            gates = jnp.stack((out, hidden, out, hidden)) * weights[k] + biases[k]
            forget, enter, leave = jax.nn.sigmoid(gates[:3])
            cell = cell * forget + enter * jnp.tanh(gates[3])
            out = leave * jnp.tanh(cell)
            new += [out, cell]
        out = out * extra[1] + extra[2]
        return jnp.stack(new), jnp.sum(wanted * (out - jnp.log(jnp.sum(jnp.exp(out)) + 2.0)))

    _, losses = lax.scan(step, state, (sequence[:-1], sequence[1:]))
    return -jnp.sum(losses) / ((length - 1) * b)


def log_sum_exp(x):
    return jax.nn.logsumexp(x)


def k_means(centres, points):
    squares = jnp.sum(points**2, axis=1)[:, None] - 2.0 * points @ centres.T + jnp.sum(centres**2, axis=1)
    return jnp.sum(jnp.min(squares, axis=1))


def polynomial(c, x, y):
    value, _ = lax.scan(lambda value, entry: (value * x + entry, None), jnp.zeros_like(x), c, reverse=True)
    return jnp.sum((value - y) ** 2)


def runge_kutta(q, p, steps, dt, beta):
    def pulled(q):
        apart = jnp.diff(q, prepend=0.0, append=0.0)
        tension = apart + beta * apart**3
        return tension[1:] - tension[:-1]

    def step(_, state):
        q, p = state
        q1, p1 = p, pulled(q)
        q2, p2 = p + 0.5 * dt * p1, pulled(q + 0.5 * dt * q1)
        q3, p3 = p + 0.5 * dt * p2, pulled(q + 0.5 * dt * q2)
        q4, p4 = p + dt * p3, pulled(q + dt * q3)
        return (q + dt / 6.0 * (q1 + 2.0 * q2 + 2.0 * q3 + q4), p + dt / 6.0 * (p1 + 2.0 * p2 + 2.0 * p3 + p4))

    return jnp.sum(lax.fori_loop(0, steps, step, (q, p))[0] ** 2)


OBJECTIVES = {fun.__name__: fun for fun in (gmm, bundle, lstm, log_sum_exp, k_means, polynomial, runge_kutta)}
