"""The log-likelihood of a Gaussian mixture with a Wishart prior on the inverse covariances.

alphas (k), means (k, d), icf (k, d (d + 1) / 2): logarithms of the diagonals of the factors, then what is below the
diagonals, column by column. x (n, d).
"""

import math

import numpy as np

LOG_2_PI = math.log(2.0 * math.pi)


def log_gamma_of(a, p):
    """The logarithm of the multivariate gamma function."""
    total = 0.25 * p * (p - 1) * math.log(math.pi)
    for j in range(1, p + 1):
        total += math.lgamma(a + 0.5 * (1 - j))
    return total


def gmm(alphas, means, icf, x, gamma, m):
    n, d = x.shape
    k = len(alphas)
    diagonal = np.empty((k, d))
    sums = np.empty(k)
    for c in range(k):
        sums[c] = 0.0
        for j in range(d):
            diagonal[c, j] = math.exp(icf[c, j])
            sums[c] += icf[c, j]
    centred = np.empty(d)
    product = np.empty(d)
    terms = np.empty(k)
    total = 0.0
    for i in range(n):
        for c in range(k):
            for j in range(d):
                centred[j] = x[i, j] - means[c, j]
                product[j] = diagonal[c, j] * centred[j]
            at = d
            for j in range(d):
                for row in range(j + 1, d):
                    product[row] += icf[c, at] * centred[j]
                    at += 1
            square = 0.0
            for j in range(d):
                square += product[j] * product[j]
            terms[c] = alphas[c] + sums[c] - 0.5 * square
        largest = terms[0]
        for c in range(1, k):
            largest = max(largest, terms[c])
        over = 0.0
        for c in range(k):
            over += math.exp(terms[c] - largest)
        total += largest + math.log(over)
    largest = alphas[0]
    for c in range(1, k):
        largest = max(largest, alphas[c])
    over = 0.0
    for c in range(k):
        over += math.exp(alphas[c] - largest)
    prior = 0.0
    for c in range(k):
        squares = 0.0
        for j in range(d):
            squares += diagonal[c, j] * diagonal[c, j]
        for j in range(d, icf.shape[1]):
            squares += icf[c, j] * icf[c, j]
        prior += 0.5 * gamma * gamma * squares - m * sums[c]
    freedom = d + m + 1
    constant = freedom * d * (math.log(gamma) - 0.5 * math.log(2.0)) - log_gamma_of(0.5 * freedom, d)
    return -0.5 * n * d * LOG_2_PI + total - n * (largest + math.log(over)) + prior - k * constant


def by_numpy(alphas, means, icf, x, gamma, m):
    n, d = x.shape
    k = len(alphas)
    sums = np.sum(icf[:, :d], axis=1)
    diagonal = np.exp(icf[:, :d])
    factors = np.zeros((k, d, d))
    at = d
    for j in range(d):
        factors[:, j, j] = diagonal[:, j]
        factors[:, j + 1:, j] = icf[:, at:at + d - j - 1]
        at += d - j - 1
    squares = np.zeros((n, k))
    for c in range(k):
        squares[:, c] = np.sum(((x - means[c]) @ factors[c].T) ** 2, axis=1)
    terms = alphas + sums - 0.5 * squares
    largest = np.max(terms, axis=1)
    total = np.sum(largest + np.log(np.sum(np.exp(terms - largest[:, None]), axis=1)))
    top = np.max(alphas)
    prior = np.sum(0.5 * gamma * gamma * (np.sum(diagonal**2, axis=1) + np.sum(icf[:, d:]**2, axis=1)) - m * sums)
    freedom = d + m + 1
    constant = freedom * d * (math.log(gamma) - 0.5 * math.log(2.0)) - log_gamma_of(0.5 * freedom, d)
    return (-0.5 * n * d * LOG_2_PI + total - n * (top + np.log(np.sum(np.exp(alphas - top)))) + prior
            - k * constant)


def arguments(d, k, n):
    rng = np.random.default_rng(0)
    return {"alphas": rng.normal(size=k), "means": rng.normal(size=(k, d)),
            "icf": rng.normal(size=(k, d * (d + 1) // 2)) / np.sqrt(d), "x": rng.normal(size=(n, d)),
            "gamma": 1.0, "m": 0}
