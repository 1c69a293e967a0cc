"""Stages that change gradients before a rule, or parameters beside it: functions that are read like rules.

Norms are sums over all elements (`total`), or those of one leaf (`leaf_total`), of what the stages before have left.
"""

from numpy import abs, sqrt

total = leaf_total = None  # names of the language of rules


def clip_by_value(g, limit):
    return limit if g > limit else (-limit if g < -limit else g)


def clip_by_norm(g, max_norm):
    norm = sqrt(leaf_total(g * g))
    return g * (max_norm / norm if norm > max_norm else 1.0)


def clip_by_global_norm(g, max_norm):
    norm = sqrt(total(g * g))
    return g * (max_norm / norm if norm > max_norm else 1.0)


def clip_by_global_p_norm(g, max_norm, p):
    norm = total(abs(g) ** p) ** (1.0 / p)
    return g * (max_norm / norm if norm > max_norm else 1.0)


def clip_by_p_norm(g, max_norm, p):
    norm = leaf_total(abs(g) ** p) ** (1.0 / p)
    return g * (max_norm / norm if norm > max_norm else 1.0)


def add_decayed_weights(x, g, c):
    return g + c * x


def decouple_decayed_weights(x, learning_rate, c):
    return x - learning_rate * c * x


def skip_not_finite(g, skipped):
    finite = total(g * 0.0) == 0.0  # noqa: F841  (the update stops where it is false)
    return g, skipped


def accumulate(g, gathered, arrived, every, share):
    g = (gathered + g) * share
    gathered = 0.0
    arrived = 0.0
    return g, gathered, arrived


def scale(g, factor):
    return g * factor


def average(x, average, decay):
    average = decay * average + (1.0 - decay) * x
    return x, average


def debiased_average(x, average, mean, t, decay):
    mean = decay * mean + (1.0 - decay) * x
    average = mean / (1.0 - decay ** t)
    return x, average, mean


def polyak_average(x, average, t):
    average = average + (x - average) / t
    return x, average
