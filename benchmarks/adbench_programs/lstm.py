"""A network of LSTM layers with diagonal weights, predicting the next element of a sequence.

main (2 layers, 4 b): weights and biases of each layer, one row each; extra (3, b): weights into and out of the network,
and the biases out of it; state (2 layers, b): what the layers give and keep; sequence (c, b).
"""

import math

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def lstm(main, extra, state, sequence):
    length, b = sequence.shape
    layers = main.shape[0] // 2
    now = state.copy()
    out = np.empty(b)
    total = 0.0
    for t in range(length - 1):
        for j in range(b):
            out[j] = sequence[t, j] * extra[0, j]
        for k in range(layers):
            for j in range(b):
                forget = sigmoid(out[j] * main[2 * k, j] + main[2 * k + 1, j])
                enter = sigmoid(now[2 * k, j] * main[2 * k, b + j] + main[2 * k + 1, b + j])
                leave = sigmoid(out[j] * main[2 * k, 2 * b + j] + main[2 * k + 1, 2 * b + j])
                change = math.tanh(now[2 * k, j] * main[2 * k, 3 * b + j] + main[2 * k + 1, 3 * b + j])
                now[2 * k + 1, j] = now[2 * k + 1, j] * forget + enter * change
                now[2 * k, j] = leave * math.tanh(now[2 * k + 1, j])
                out[j] = now[2 * k, j]
        over = 2.0
        for j in range(b):
            out[j] = out[j] * extra[1, j] + extra[2, j]
            over += math.exp(out[j])
        for j in range(b):
            total += sequence[t + 1, j] * (out[j] - math.log(over))
    return -total / ((length - 1) * b)


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


def by_numpy(main, extra, state, sequence):
    length, b = sequence.shape
    layers = main.shape[0] // 2
    now = state.copy()
    total = 0.0
    for t in range(length - 1):
        out = sequence[t] * extra[0]
        for k in range(layers):
            weight, bias = main[2 * k], main[2 * k + 1]
            hidden, cell = now[2 * k], now[2 * k + 1]
            forget = logistic(out * weight[:b] + bias[:b])
            enter = logistic(hidden * weight[b:2 * b] + bias[b:2 * b])
            leave = logistic(out * weight[2 * b:3 * b] + bias[2 * b:3 * b])
            change = np.tanh(hidden * weight[3 * b:] + bias[3 * b:])
            now[2 * k + 1] = cell * forget + enter * change
            out = leave * np.tanh(now[2 * k + 1])
            now[2 * k] = out
        out = out * extra[1] + extra[2]
        total += np.sum(sequence[t + 1] * (out - np.log(np.sum(np.exp(out)) + 2.0)))
    return -total / ((length - 1) * b)


def arguments(layers, length, b=14):
    rng = np.random.default_rng(0)
    return {"main": rng.normal(size=(2 * layers, 4 * b)), "extra": rng.normal(size=(3, b)),
            "state": rng.normal(size=(2 * layers, b)), "sequence": rng.integers(0, 2, (length, b)).astype(float)}
