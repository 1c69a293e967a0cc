"""Test problems of unconstrained optimisation: residuals, standard starts and minima of their sums of squares.

J. J. Moré, B. S. Garbow and K. E. Hillstrom, "Testing unconstrained optimization software", ACM TOMS 7 (1981). The
numbers are theirs; dimensions that they leave open are chosen in `PROBLEMS`. The eleventh has |y - x2| where the paper
is known to be misprinted. Indices count from 0 here.
"""

import math
from typing import NamedTuple

import numpy as np

BARD = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])
GAUSSIAN = np.array([0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540,
                     0.0175, 0.0044, 0.0009])
MEYER = np.array([34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0, 8261.0, 7030.0, 6005.0,
                  5147.0, 4427.0, 3820.0, 3307.0, 2872.0])
KOWALIK = np.array([0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
KOWALIK_AT = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
OSBORNE_1 = np.array([0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658,
                      0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431,
                      0.424, 0.420, 0.414, 0.411, 0.406])
OSBORNE_2 = np.array([1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655,
                      0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558,
                      0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562,
                      0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710,
                      0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054])


def rosenbrock(x):
    return np.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def freudenstein_roth(x):
    return np.stack([-13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1],
                     -29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1]])


def powell_badly_scaled(x):
    return np.stack([1e4 * x[0] * x[1] - 1.0, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def brown_badly_scaled(x):
    return np.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0])


def beale(x):
    return np.stack([1.5 - x[0] * (1.0 - x[1]), 2.25 - x[0] * (1.0 - x[1] ** 2), 2.625 - x[0] * (1.0 - x[1] ** 3)])


def jennrich_sampson(x):
    i = np.arange(1.0, 11.0)
    return 2.0 + 2.0 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x):
    turn = math.atan(x[1] / x[0]) / (2.0 * math.pi)
    if x[0] < 0.0:
        turn += 0.5
    return np.stack([10.0 * (x[2] - 10.0 * turn), 10.0 * (math.sqrt(x[0] ** 2 + x[1] ** 2) - 1.0), x[2]])


def bard(x):
    u = np.arange(1.0, 16.0)
    v = 16.0 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def gaussian(x):
    t = (7.0 - np.arange(15.0)) / 2.0
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2.0) - GAUSSIAN


def meyer(x):
    t = 50.0 + 5.0 * np.arange(16.0)
    return x[0] * np.exp(x[1] / (t + x[2])) - MEYER


def gulf(x):
    t = np.arange(1.0, 100.0) / 100.0
    y = 25.0 + (-50.0 * np.log(t)) ** (2.0 / 3.0)
    return np.exp(-np.abs(y - x[1]) ** x[2] / x[0]) - t


def box(x):
    t = 0.1 * np.arange(1.0, 11.0)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10.0 * t))


def powell_singular(x):
    r = np.empty(x.shape[0])
    for k in range(0, x.shape[0], 4):
        r[k] = x[k] + 10.0 * x[k + 1]
        r[k + 1] = math.sqrt(5.0) * (x[k + 2] - x[k + 3])
        r[k + 2] = (x[k + 1] - 2.0 * x[k + 2]) ** 2
        r[k + 3] = math.sqrt(10.0) * (x[k] - x[k + 3]) ** 2
    return r


def wood(x):
    return np.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0], math.sqrt(90.0) * (x[3] - x[2] ** 2), 1.0 - x[2],
                     math.sqrt(10.0) * (x[1] + x[3] - 2.0), (x[1] - x[3]) / math.sqrt(10.0)])


def kowalik_osborne(x):
    return KOWALIK - x[0] * (KOWALIK_AT ** 2 + KOWALIK_AT * x[1]) / (KOWALIK_AT ** 2 + KOWALIK_AT * x[2] + x[3])


def brown_dennis(x):
    t = np.arange(1.0, 21.0) / 5.0
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def osborne_1(x):
    t = 10.0 * np.arange(33.0)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs(x):
    t = 0.1 * np.arange(1.0, 14.0)
    y = np.exp(-t) - 5.0 * np.exp(-10.0 * t) + 3.0 * np.exp(-4.0 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def osborne_2(x):
    t = np.arange(65.0) / 10.0
    return OSBORNE_2 - (x[0] * np.exp(-t * x[4]) + x[1] * np.exp(-(t - x[8]) ** 2 * x[5])
                        + x[2] * np.exp(-(t - x[9]) ** 2 * x[6]) + x[3] * np.exp(-(t - x[10]) ** 2 * x[7]))


def watson(x):
    r = np.empty(31)
    for i in range(29):
        t = (i + 1.0) / 29.0
        slope, value, power = 0.0, x[0], 1.0
        for j in range(1, x.shape[0]):
            slope += j * x[j] * power
            power *= t
            value += x[j] * power
        r[i] = slope - value ** 2 - 1.0
    r[29] = x[0]
    r[30] = x[1] - x[0] ** 2 - 1.0
    return r


def extended_rosenbrock(x):
    r = np.empty(x.shape[0])
    for k in range(0, x.shape[0], 2):
        r[k] = 10.0 * (x[k + 1] - x[k] ** 2)
        r[k + 1] = 1.0 - x[k]
    return r


def penalty_1(x):
    n = x.shape[0]
    r = np.empty(n + 1)
    r[:n] = math.sqrt(1e-5) * (x - 1.0)
    r[n] = np.sum(x ** 2) - 0.25
    return r


def penalty_2(x):
    n = x.shape[0]
    root = math.sqrt(1e-5)
    r = np.empty(2 * n)
    r[0] = x[0] - 0.2
    total = n * x[0] ** 2
    for i in range(1, n):
        y = math.exp((i + 1.0) / 10.0) + math.exp(i / 10.0)
        r[i] = root * (math.exp(x[i] / 10.0) + math.exp(x[i - 1] / 10.0) - y)
        r[n + i - 1] = root * (math.exp(x[i] / 10.0) - math.exp(-0.1))
        total += (n - i) * x[i] ** 2
    r[2 * n - 1] = total - 1.0
    return r


def variably_dimensioned(x):
    n = x.shape[0]
    r = np.empty(n + 2)
    r[:n] = x - 1.0
    total = np.sum(np.arange(1.0, n + 1.0) * (x - 1.0))
    r[n] = total
    r[n + 1] = total ** 2
    return r


def trigonometric(x):
    n = x.shape[0]
    return n - np.sum(np.cos(x)) + np.arange(1.0, n + 1.0) * (1.0 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    n = x.shape[0]
    r = x + np.sum(x) - (n + 1.0)
    product = 1.0
    for i in range(n):
        product *= x[i]
    r[n - 1] = product - 1.0
    return r


def discrete_boundary_value(x):
    n = x.shape[0]
    h = 1.0 / (n + 1.0)
    r = np.empty(n)
    for i in range(n):
        r[i] = 2.0 * x[i] + h ** 2 * (x[i] + (i + 1.0) * h + 1.0) ** 3 / 2.0
        if i > 0:
            r[i] -= x[i - 1]
        if i < n - 1:
            r[i] -= x[i + 1]
    return r


def discrete_integral(x):
    n = x.shape[0]
    h = 1.0 / (n + 1.0)
    r = np.empty(n)
    for i in range(n):
        ti = (i + 1.0) * h
        total = 0.0
        for j in range(n):
            tj = (j + 1.0) * h
            total += min(ti, tj) * (1.0 - max(ti, tj)) * (x[j] + tj + 1.0) ** 3
        r[i] = x[i] + h * total / 2.0
    return r


def broyden_tridiagonal(x):
    n = x.shape[0]
    r = (3.0 - 2.0 * x) * x + 1.0
    for i in range(n - 1):
        r[i + 1] -= x[i]
        r[i] -= 2.0 * x[i + 1]
    return r


def broyden_banded(x):
    n = x.shape[0]
    r = x * (2.0 + 5.0 * x ** 2) + 1.0
    for i in range(n):
        for j in range(max(0, i - 5), min(n, i + 2)):
            if j != i:
                r[i] -= x[j] * (1.0 + x[j])
    return r


def linear_full_rank(x):
    n, m = x.shape[0], 20
    r = np.full(m, -1.0) - 2.0 * np.sum(x) / m
    for i in range(n):
        r[i] += x[i]
    return r


def linear_rank_1(x):
    total = np.sum(np.arange(1.0, x.shape[0] + 1.0) * x)
    return np.arange(1.0, 21.0) * total - 1.0


def linear_rank_1_zeros(x):
    n, m = x.shape[0], 20
    total = np.sum(np.arange(2.0, n) * x[1:n - 1])
    r = np.arange(0.0, m) * total - 1.0
    r[m - 1] = -1.0
    return r


def chebyquad(x):
    n = x.shape[0]
    r = np.zeros(n)
    for j in range(n):
        before, now, twice = 1.0, 2.0 * x[j] - 1.0, 4.0 * x[j] - 2.0
        for i in range(n):
            r[i] += now / n
            before, now = now, twice * now - before
    for i in range(1, n, 2):
        r[i] += 1.0 / ((i + 1.0) ** 2 - 1.0)
    return r


class Problem(NamedTuple):
    """Residuals, the standard start, and the sums of squares at the minima the paper lists, other known ones last."""

    residuals: object
    start: list
    minima: tuple


def grid(n):
    """Points of a mesh with n inner points."""
    return [(j + 1.0) / (n + 1.0) for j in range(n)]


WALL = [t * (t - 1.0) for t in grid(10)]
PROBLEMS = {
    "rosenbrock": Problem(rosenbrock, [-1.2, 1.0], (0.0,)),
    "freudenstein_roth": Problem(freudenstein_roth, [0.5, -2.0], (0.0, 48.98425)),
    "powell_bad": Problem(powell_badly_scaled, [0.0, 1.0], (0.0,)),
    "brown_bad": Problem(brown_badly_scaled, [1.0, 1.0], (0.0,)),
    "beale": Problem(beale, [1.0, 1.0], (0.0,)),
    "jennrich_sampson": Problem(jennrich_sampson, [0.3, 0.4], (124.362,)),
    "helical_valley": Problem(helical_valley, [-1.0, 0.0, 0.0], (0.0,)),
    "bard": Problem(bard, [1.0, 1.0, 1.0], (8.21487e-3, 17.4286)),
    "gaussian": Problem(gaussian, [0.4, 1.0, 0.0], (1.12793e-8,)),
    "meyer": Problem(meyer, [0.02, 4000.0, 250.0], (87.9458,)),
    "gulf": Problem(gulf, [5.0, 2.5, 0.15], (0.0,)),
    "box": Problem(box, [0.0, 10.0, 20.0], (0.0,)),
    "powell_singular": Problem(powell_singular, [3.0, -1.0, 0.0, 1.0], (0.0,)),
    "wood": Problem(wood, [-3.0, -1.0, -3.0, -1.0], (0.0,)),
    "kowalik_osborne": Problem(kowalik_osborne, [0.25, 0.39, 0.415, 0.39], (3.07505e-4, 1.02734e-3)),
    "brown_dennis": Problem(brown_dennis, [25.0, 5.0, -5.0, -1.0], (85822.2,)),
    "osborne_1": Problem(osborne_1, [0.5, 1.5, -1.0, 0.01, 0.02], (5.46489e-5,)),
    "biggs": Problem(biggs, [1.0, 2.0, 1.0, 1.0, 1.0, 1.0], (5.65565e-3, 0.0)),
    "osborne_2": Problem(osborne_2, [1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5], (4.01377e-2,)),
    "watson": Problem(watson, [0.0] * 6, (2.28767e-3,)),
    "ext_rosenbrock": Problem(extended_rosenbrock, [-1.2, 1.0] * 5, (0.0,)),
    "ext_powell": Problem(powell_singular, [3.0, -1.0, 0.0, 1.0] * 3, (0.0,)),
    "penalty_1": Problem(penalty_1, [1.0, 2.0, 3.0, 4.0], (2.24997e-5,)),
    "penalty_2": Problem(penalty_2, [0.5] * 4, (9.37629e-6,)),
    "variable_dim": Problem(variably_dimensioned, [1.0 - j / 10.0 for j in range(1, 11)], (0.0,)),
    "trigonometric": Problem(trigonometric, [0.1] * 10, (0.0, 2.79506e-5)),
    "brown_linear": Problem(brown_almost_linear, [0.5] * 10, (0.0, 1.0)),
    "boundary_value": Problem(discrete_boundary_value, WALL, (0.0,)),
    "integral": Problem(discrete_integral, WALL, (0.0,)),
    "broyden_tridiag": Problem(broyden_tridiagonal, [-1.0] * 10, (0.0,)),
    "broyden_banded": Problem(broyden_banded, [-1.0] * 10, (0.0,)),
    "linear_full": Problem(linear_full_rank, [1.0] * 10, (10.0,)),
    "linear_rank_1": Problem(linear_rank_1, [1.0] * 10, (20 * 19 / (2 * 41),)),
    "linear_zeros": Problem(linear_rank_1_zeros, [1.0] * 10, ((400 + 60 - 6) / (2 * 37),)),
    "chebyquad": Problem(chebyquad, grid(8), (3.51687e-3,)),
}
