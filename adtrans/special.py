"""Functions of numerical work and learning that stay accurate where their formulas do not, with their derivatives.

They work on numbers and arrays, in plain Python and inside functions to be differentiated:

    >>> import numpy as np
    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
"""

from __future__ import annotations

import numpy as np

from adtrans.markers import stop_gradient

__all__ = [
    "binary_cross_entropy_with_logits", "cross_entropy", "digamma", "erf", "gammaln", "gelu", "leaky_relu",
    "log_sigmoid", "log_softmax", "logaddexp", "logsumexp", "relu", "sigmoid", "softmax", "softplus",
]


def logsumexp(a, axis=None, b=None, keepdims=False):
    """log(sum(b * exp(a))) along `axis` (None, an int or a tuple of ints), without overflow.

    Arguments: `a` an array; `b` factors that broadcast to it, or None.
    """
    a = np.asarray(a)
    peak = stop_gradient(np.max(a, axis=axis, keepdims=True))
    shift = np.where(np.isfinite(peak), peak, 0.0)
    if b is None:
        total = np.sum(np.exp(a - shift), axis=axis, keepdims=keepdims)
    else:
        total = np.sum(b * np.exp(a - shift), axis=axis, keepdims=keepdims)
    if keepdims:
        return np.log(total) + shift
    return np.log(total) + np.sum(shift, axis=axis)


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis` (None: over all elements)."""
    x = np.asarray(x)
    raised = np.exp(x - stop_gradient(np.max(x, axis=axis, keepdims=True)))
    return raised / np.sum(raised, axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    """The logarithm of `softmax`, accurate where that is tiny."""
    x = np.asarray(x)
    shifted = x - stop_gradient(np.max(x, axis=axis, keepdims=True))
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def sigmoid(x):
    """1 / (1 + exp(-x)), to full relative accuracy."""
    e = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0), np.ones_like(e), e) / (1.0 + e)


def log_sigmoid(x):
    """log(sigmoid(x))."""
    return -np.logaddexp(0.0, np.negative(x))


def softplus(x):
    """log(1 + exp(x))."""
    return np.logaddexp(0.0, x)


def logaddexp(a, b):
    """log(exp(a) + exp(b)); where both are -inf so is the result, with derivatives of one half."""
    return np.logaddexp(a, b)


def relu(x):
    """max(0, x); the derivative at 0 is 0."""
    return np.maximum(0.0, x)


def leaky_relu(x, negative_slope=0.01):
    """x where it is positive, `negative_slope * x` elsewhere."""
    x = np.asarray(x)
    return np.where(x > 0, x, negative_slope * x)[()]


def gelu(x, approximate=True):
    """x times the normal distribution function: by tanh (Hendrycks and Gimpel 2016), or by the error function."""
    x = np.asarray(x)
    if approximate:
        return 0.5 * x * (1.0 + np.tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x))))
    return 0.5 * x * (1.0 + erf(0.7071067811865476 * x))


def cross_entropy(logits, labels, reduction="mean"):
    """-log(softmax(logits)) at the labels, classes along the last axis.

    Arguments: `logits` of shape (..., classes); `labels` integers of shape (...), or probabilities shaped like
    `logits`; `reduction` "mean", "sum" or "none" over the leading axes.
    """
    logs = log_softmax(logits, -1)
    labels = np.asarray(labels)
    if labels.dtype.kind == "f":
        losses = -np.sum(labels * logs, axis=-1)
    else:
        losses = -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
    return reduced(losses, reduction)


def binary_cross_entropy_with_logits(logits, labels, reduction="mean"):
    """-labels * log(sigmoid(logits)) - (1 - labels) * log(sigmoid(-logits)), reduced as `cross_entropy` does."""
    logits = np.asarray(logits)
    return reduced(softplus(logits) - logits * labels, reduction)


def reduced(losses, reduction):
    """The mean, the sum or all of some losses."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError("reduction has to be 'mean', 'sum' or 'none'")
    if reduction == "mean":
        return np.mean(losses)
    if reduction == "sum":
        return np.sum(losses)
    return losses


def erf(x):
    """The error function."""
    from scipy import special

    return special.erf(x)


def gammaln(x):
    """The logarithm of the gamma function's magnitude."""
    from scipy import special

    return special.gammaln(x)


def digamma(x):
    """The derivative of `gammaln`."""
    from scipy import special

    return special.digamma(x)
