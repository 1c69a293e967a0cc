"""Gradients of the Gaussian mixture, k-means and the log-sum-exp, derived and written by hand.

Points go in blocks of 64, innermost in every loop, so that processors compute several points at once. The bar of a
mean is that of its products times the factor, summed over points first: the adjoint of the product by the factor is
computed once for each component instead of once for each point.
"""

import math

import numpy as np
from adbench_programs.gmm import LOG_2_PI, log_gamma_of

from .flags import fast

BLOCK = 64
log_gamma = fast(log_gamma_of)


@fast
def products(centred, product, mean, icf, xt):
    """Differences from a mean and what the factor makes of them; gives the half squares."""
    d, count = xt.shape
    for j in range(d):
        for b in range(count):
            centred[j, b] = xt[j, b] - mean[j]
            product[j, b] = math.exp(icf[j]) * centred[j, b]
    at = d
    for j in range(d):
        for row in range(j + 1, d):
            entry = icf[at]
            at += 1
            for b in range(count):
                product[row, b] += entry * centred[j, b]


@fast
def products_back(centred, product, weight, icf, mean_bar, icf_bar):
    d, count = product.shape
    sums = np.empty(d)
    for row in range(d):
        total, own = 0.0, 0.0
        for b in range(count):
            product[row, b] *= -weight[b]
            total += product[row, b]
            own += product[row, b] * centred[row, b]
        sums[row] = total
        icf_bar[row] += own * math.exp(icf[row])
        mean_bar[row] -= math.exp(icf[row]) * total
    at = d
    for j in range(d):
        for row in range(j + 1, d):
            total = 0.0
            for b in range(count):
                total += product[row, b] * centred[j, b]
            icf_bar[at] += total
            mean_bar[j] -= icf[at] * sums[row]
            at += 1


@fast
def responsibilities(terms):
    """The logarithms of sums of exponentials over components, summed; shares take the place of terms."""
    k, count = terms.shape
    total = 0.0
    largest, over = np.empty(count), np.zeros(count)
    for b in range(count):
        largest[b] = terms[0, b]
    for c in range(1, k):
        for b in range(count):
            largest[b] = max(largest[b], terms[c, b])
    for c in range(k):
        for b in range(count):
            terms[c, b] = math.exp(terms[c, b] - largest[b])
            over[b] += terms[c, b]
    for b in range(count):
        total += largest[b] + math.log(over[b])
        over[b] = 1.0 / over[b]
    for c in range(k):
        for b in range(count):
            terms[c, b] *= over[b]
    return total


@fast
def prior(alphas, icf, gamma, m, n, alphas_bar, icf_bar):
    """All but the sum over points; adds its gradient."""
    k, d = len(alphas), icf_bar.shape[1]
    largest = np.max(alphas)
    over = 0.0
    for c in range(k):
        over += math.exp(alphas[c] - largest)
    total = -n * (largest + math.log(over))
    p = int(math.sqrt(2.0 * d))
    for c in range(k):
        alphas_bar[c] -= n * math.exp(alphas[c] - largest) / over
        for j in range(d):
            entry = math.exp(icf[c, j]) if j < p else icf[c, j]
            total += 0.5 * gamma * gamma * entry * entry - (m * icf[c, j] if j < p else 0.0)
            icf_bar[c, j] += gamma * gamma * entry * (entry if j < p else 1.0) - (m if j < p else 0.0)
    freedom = p + m + 1
    constant = freedom * p * (math.log(gamma) - 0.5 * math.log(2.0)) - log_gamma(0.5 * freedom, p)
    return total - 0.5 * n * p * LOG_2_PI - k * constant


@fast
def gmm(alphas, means, icf, x, gamma, m):
    n, d = x.shape
    k = len(alphas)
    alphas_bar, means_bar, icf_bar = np.zeros(k), np.zeros((k, d)), np.zeros(icf.shape)
    centred, product = np.empty((k, d, BLOCK)), np.empty((k, d, BLOCK))
    terms, xt = np.empty((k, BLOCK)), np.empty((d, BLOCK))
    total = prior(alphas, icf, gamma, m, n, alphas_bar, icf_bar)
    for start in range(0, n, BLOCK):
        count = min(BLOCK, n - start)
        for j in range(d):
            for b in range(count):
                xt[j, b] = x[start + b, j]
        for c in range(k):
            products(centred[c, :, :count], product[c, :, :count], means[c], icf[c], xt[:, :count])
            constant = alphas[c] + np.sum(icf[c, :d])
            for b in range(count):
                terms[c, b] = 0.0
            for j in range(d):
                for b in range(count):
                    terms[c, b] += product[c, j, b] * product[c, j, b]
            for b in range(count):
                terms[c, b] = constant - 0.5 * terms[c, b]
        total += responsibilities(terms[:, :count])
        for c in range(k):
            share = np.sum(terms[c, :count])
            alphas_bar[c] += share
            icf_bar[c, :d] += share
            products_back(centred[c, :, :count], product[c, :, :count], terms[c, :count], icf[c], means_bar[c],
                          icf_bar[c])
    return total, (alphas_bar, means_bar, icf_bar)


@fast
def k_means(centres, points):
    k, d = centres.shape
    bar, total = np.zeros((k, d)), 0.0
    transposed = centres.T.copy()
    squares = np.empty(k)
    for i in range(len(points)):
        squares[:] = 0.0
        for j in range(d):
            for c in range(k):
                apart = points[i, j] - transposed[j, c]
                squares[c] += apart * apart
        nearest = 0
        for c in range(1, k):
            if squares[c] < squares[nearest]:
                nearest = c
        total += squares[nearest]
        for j in range(d):
            bar[nearest, j] += 2.0 * (centres[nearest, j] - points[i, j])
    return total, (bar,)


@fast
def log_sum_exp(x):
    lanes = np.full(8, -np.inf)
    n = len(x)
    for i in range(0, n - 7, 8):
        for k in range(8):
            lanes[k] = max(lanes[k], x[i + k])
    largest = np.max(lanes)
    for i in range(n - n % 8, n):
        largest = max(largest, x[i])
    bar, total = np.empty(n), 0.0
    for i in range(n):
        bar[i] = math.exp(x[i] - largest)
        total += bar[i]
    inverse = 1.0 / total
    for i in range(n):
        bar[i] *= inverse
    return largest + math.log(total), (bar,)
