"""Epochs of training written by hand for Numba: batches gathered, gradients and updates in loops and `np.dot`.

Each takes parameters, their moments, the step (one element), data, the order of rows, the size of a batch, the rate,
and a compiled helper (`compiled`); it gives the mean loss of the epoch.
"""

import numba
import numpy as np


def compiled(options):
    """The helpers: a shuffle, and a step of Adam on one array."""
    return numba.njit(**options)(shuffle), numba.njit(**options)(adam)


def shuffle(order):
    for i in range(order.shape[0] - 1, 0, -1):
        k = int(np.random.random() * (i + 1))
        order[i], order[k] = order[k], order[i]


def adam(x, g, m, v, rate, first, second):
    for i in range(x.size):
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i]
        x[i] -= rate * (m[i] * first) / (np.sqrt(v[i] * second) + 1e-8)


def logistic(w, b, mw, mb, vw, vb, step, x, y, order, size, rate, adam):
    rows, columns = x.shape
    total = 0.0
    g = np.zeros(columns)
    for start in range(0, rows, size):
        stop = min(start + size, rows)
        n = stop - start
        g[:] = 0.0
        gb = 0.0
        for k in range(start, stop):
            row = order[k]
            z = b[0]
            for j in range(columns):
                z += x[row, j] * w[j]
            e = np.exp(-abs(z))
            total += max(z, 0.0) + np.log1p(e) - y[row] * z
            s = 1.0 / (1.0 + e) if z >= 0.0 else e / (1.0 + e)
            d = (s - y[row]) / n
            gb += d
            for j in range(columns):
                g[j] += d * x[row, j]
        for j in range(columns):
            w[j] -= rate * g[j]
        b[0] -= rate * gb
    return total / rows


def regression(w1, b1, w2, b2, w3, b3, m1, k1, m2, k2, m3, k3, v1, l1, v2, l2, v3, l3, step, x, y, order, size, rate,
               adam):
    rows = x.shape[0]
    total = 0.0
    batch = np.empty((size, x.shape[1]))
    for start in range(0, rows, size):
        n = min(size, rows - start)
        for i in range(n):
            for j in range(x.shape[1]):
                batch[i, j] = x[order[start + i], j]
        h1 = np.dot(batch[:n], w1)
        for i in range(n):
            for j in range(h1.shape[1]):
                h1[i, j] = np.tanh(h1[i, j] + b1[j])
        h2 = np.dot(h1, w2)
        for i in range(n):
            for j in range(h2.shape[1]):
                h2[i, j] = np.tanh(h2[i, j] + b2[j])
        d3 = np.empty((n, 1))
        g3 = np.zeros(1)
        for i in range(n):
            r = b3[0] - y[order[start + i]]
            for j in range(h2.shape[1]):
                r += h2[i, j] * w3[j, 0]
            total += r * r
            d3[i, 0] = 2.0 * r / n
            g3[0] += d3[i, 0]
        d2 = np.empty_like(h2)
        gb2 = np.zeros(h2.shape[1])
        gw3 = np.zeros_like(w3)
        for i in range(n):
            for j in range(h2.shape[1]):
                gw3[j, 0] += h2[i, j] * d3[i, 0]
                d2[i, j] = d3[i, 0] * w3[j, 0] * (1.0 - h2[i, j] * h2[i, j])
                gb2[j] += d2[i, j]
        gw2 = np.dot(h1.T, d2)
        d1 = np.dot(d2, w2.T)
        gb1 = np.zeros(h1.shape[1])
        for i in range(n):
            for j in range(h1.shape[1]):
                d1[i, j] *= 1.0 - h1[i, j] * h1[i, j]
                gb1[j] += d1[i, j]
        gw1 = np.dot(batch[:n].T, d1)
        step[0] += 1.0
        first, second = 1.0 / (1.0 - 0.9**step[0]), 1.0 / (1.0 - 0.999**step[0])
        adam(w1.ravel(), gw1.ravel(), m1.ravel(), v1.ravel(), rate, first, second)
        adam(b1, gb1, k1, l1, rate, first, second)
        adam(w2.ravel(), gw2.ravel(), m2.ravel(), v2.ravel(), rate, first, second)
        adam(b2, gb2, k2, l2, rate, first, second)
        adam(w3.ravel(), gw3.ravel(), m3.ravel(), v3.ravel(), rate, first, second)
        adam(b3, g3, k3, l3, rate, first, second)
    return total / rows


def classification(w1, b1, w2, b2, m1, k1, m2, k2, v1, l1, v2, l2, step, x, labels, order, size, rate, adam):
    rows = x.shape[0]
    total = 0.0
    batch = np.empty((size, x.shape[1]))
    for start in range(0, rows, size):
        n = min(size, rows - start)
        for i in range(n):
            for j in range(x.shape[1]):
                batch[i, j] = x[order[start + i], j]
        h = np.dot(batch[:n], w1)
        for i in range(n):
            for j in range(h.shape[1]):
                h[i, j] = np.tanh(h[i, j] + b1[j])
        z = np.dot(h, w2)
        gb2 = np.zeros(z.shape[1])
        for i in range(n):
            peak = -np.inf
            for j in range(z.shape[1]):
                z[i, j] += b2[j]
                peak = max(peak, z[i, j])
            label = labels[order[start + i]]
            sum_ = 0.0
            right = z[i, label]
            for j in range(z.shape[1]):
                z[i, j] = np.exp(z[i, j] - peak)
                sum_ += z[i, j]
            total += np.log(sum_) + peak - right
            for j in range(z.shape[1]):
                z[i, j] = z[i, j] / sum_ / n
            z[i, label] -= 1.0 / n
            for j in range(z.shape[1]):
                gb2[j] += z[i, j]
        gw2 = np.dot(h.T, z)
        d = np.dot(z, w2.T)
        gb1 = np.zeros(h.shape[1])
        for i in range(n):
            for j in range(h.shape[1]):
                d[i, j] *= 1.0 - h[i, j] * h[i, j]
                gb1[j] += d[i, j]
        gw1 = np.dot(batch[:n].T, d)
        step[0] += 1.0
        first, second = 1.0 / (1.0 - 0.9**step[0]), 1.0 / (1.0 - 0.999**step[0])
        adam(w1.ravel(), gw1.ravel(), m1.ravel(), v1.ravel(), rate, first, second)
        adam(b1, gb1, k1, l1, rate, first, second)
        adam(w2.ravel(), gw2.ravel(), m2.ravel(), v2.ravel(), rate, first, second)
        adam(b2, gb2, k2, l2, rate, first, second)
    return total / rows
