"""The models of NIST's reference sets for nonlinear regression: parameters and predictors in, predictions out.

The names are those of the files; several sets share a model. Nelson's predicts the logarithm and has two predictors.
"""

import math

import numpy as np


def saturation(b, x):
    return b[0] * (1.0 - np.exp(-b[1] * x))


def misra1b(b, x):
    return b[0] * (1.0 - (1.0 + b[1] * x / 2.0) ** -2)


def misra1c(b, x):
    return b[0] * (1.0 - (1.0 + 2.0 * b[1] * x) ** -0.5)


def misra1d(b, x):
    return b[0] * b[1] * x / (1.0 + b[1] * x)


def chwirut(b, x):
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def power(b, x):
    return b[0] * x ** b[1]


def lanczos(b, x):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def gauss(b, x):
    return (b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-(x - b[3]) ** 2 / b[4] ** 2)
            + b[5] * np.exp(-(x - b[6]) ** 2 / b[7] ** 2))


def eckerle4(b, x):
    return b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2)


def enso(b, x):
    turn = 2.0 * math.pi * x
    return (b[0] + b[1] * np.cos(turn / 12.0) + b[2] * np.sin(turn / 12.0) + b[4] * np.cos(turn / b[3])
            + b[5] * np.sin(turn / b[3]) + b[7] * np.cos(turn / b[6]) + b[8] * np.sin(turn / b[6]))


def kirby2(b, x):
    return (b[0] + b[1] * x + b[2] * x ** 2) / (1.0 + b[3] * x + b[4] * x ** 2)


def cubics(b, x):
    return ((b[0] + b[1] * x + b[2] * x ** 2 + b[3] * x ** 3)
            / (1.0 + b[4] * x + b[5] * x ** 2 + b[6] * x ** 3))


def mgh09(b, x):
    return b[0] * (x ** 2 + x * b[1]) / (x ** 2 + x * b[2] + b[3])


def mgh10(b, x):
    return b[0] * np.exp(b[1] / (x + b[2]))


def mgh17(b, x):
    return b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4])


def roszman1(b, x):
    return b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / math.pi


def rat42(b, x):
    return b[0] / (1.0 + np.exp(b[1] - b[2] * x))


def rat43(b, x):
    return b[0] / (1.0 + np.exp(b[1] - b[2] * x)) ** (1.0 / b[3])


def bennett5(b, x):
    return b[0] * (b[1] + x) ** (-1.0 / b[2])


def nelson(b, x):
    return b[0] - b[1] * x[:, 0] * np.exp(-b[2] * x[:, 1])


MODELS = {
    "Misra1a": saturation, "Chwirut2": chwirut, "Chwirut1": chwirut, "Lanczos3": lanczos, "Gauss1": gauss,
    "Gauss2": gauss, "DanWood": power, "Misra1b": misra1b, "Kirby2": kirby2, "Hahn1": cubics, "Nelson": nelson,
    "MGH17": mgh17, "Lanczos1": lanczos, "Lanczos2": lanczos, "Gauss3": gauss, "Misra1c": misra1c,
    "Misra1d": misra1d, "Roszman1": roszman1, "ENSO": enso, "MGH09": mgh09, "Thurber": cubics, "BoxBOD": saturation,
    "Rat42": rat42, "MGH10": mgh10, "Eckerle4": eckerle4, "Rat43": rat43, "Bennett5": bennett5,
}
