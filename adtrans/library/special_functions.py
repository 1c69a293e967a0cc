"""Special functions of numbers, each formula where it is accurate; arrays are read element by element.

Numbers are of one floating-point type here. Branches rather than np.where keep the derivative of the side that is not
taken out of the way.
"""

import math

import numpy as np

from adtrans import special


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    if x >= 0.0:
        y = 1.0 / (1.0 + np.exp(-x))
    else:
        y = np.exp(x) / (1.0 + np.exp(x))
    return y


def log_sigmoid(x):
    """log(sigmoid(x))."""
    if x >= 0.0:
        y = -np.log1p(np.exp(-x))
    else:
        y = x - np.log1p(np.exp(x))
    return y


def softplus(x):
    """log(1 + exp(x))."""
    if x >= 0.0:
        y = x + np.log1p(np.exp(-x))
    else:
        y = np.log1p(np.exp(x))
    return y


def logaddexp(a, b):
    """log(exp(a) + exp(b))."""
    if a == b:
        y = 0.5 * a + 0.5 * b + 0.6931471805599453
    elif a > b:
        y = a + np.log1p(np.exp(b - a))
    else:
        y = b + np.log1p(np.exp(a - b))
    return y


def sinc(x):
    """sin(pi x) / (pi x); near 0 by its Taylor series, whose derivative loses nothing."""
    t = 3.141592653589793 * x
    if np.abs(t) < 0.03:
        square = t * t
        y = 1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0))
    else:
        y = np.sin(t) / t
    return y


def logit(p):
    """log(p / (1 - p)); near 1/2 both parts are small."""
    if p > 0.3 and p < 0.65:
        s = 2.0 * p - 1.0
        y = np.log1p(s) - np.log1p(-s)
    else:
        y = np.log(p) - np.log1p(-p)
    return y


def xlogy(x, y):
    """x * log(y), 0 where x is."""
    if x == 0.0 and y == y and not (y > 0.0 and y < np.inf):
        z = 0.0 * x
    else:
        z = x * np.log(y)
    return z


def xlog1py(x, y):
    """x * log(1 + y), 0 where x is."""
    if x == 0.0 and y == y and not (y > -1.0 and y < np.inf):
        z = 0.0 * x
    else:
        z = x * np.log1p(y)
    return z


def entr(x):
    """-x * log(x)."""
    if x > 0.0:
        y = -x * np.log(x)
    elif x == 0.0:
        y = 0.0 * x
    else:
        y = np.sign(x) * np.inf
    return y


def rel_entr(x, y):
    """x * log(x / y)."""
    if x != x or y != y:
        z = x + y
    elif x > 0.0 and y > 0.0:
        z = x * np.log(x / y)
    elif x == 0.0 and y >= 0.0:
        z = 0.0 * x
    else:
        z = np.inf + 0.0 * np.sign(x)
    return z


def kl_div(x, y):
    """x * log(x / y) - x + y."""
    if x != x or y != y:
        z = x + y
    elif x > 0.0 and y > 0.0:
        z = x * np.log(x / y) - x + y
    elif x == 0.0 and y >= 0.0:
        z = y + 0.0 * x
    else:
        z = np.inf + 0.0 * np.sign(x)
    return z


def huber(delta, r):
    """Quadratic for small r, linear beyond delta."""
    if delta < 0.0:
        z = -np.inf * np.sign(delta)
    elif np.abs(r) <= delta:
        z = 0.5 * r * r
    else:
        z = delta * (np.abs(r) - 0.5 * delta)
    return z


def pseudo_huber(delta, r):
    """delta**2 * (sqrt(1 + (r / delta)**2) - 1), written without cancellation."""
    if delta < 0.0:
        z = -np.inf * np.sign(delta)
    elif delta == 0.0 or r == 0.0:
        z = 0.0 * r
    else:
        ratio = r / delta
        z = r * r / (1.0 + np.sqrt(1.0 + ratio * ratio))
    return z


def ndtr(x):
    """The normal distribution function."""
    return 0.5 * math.erfc(-0.7071067811865476 * x)


def log_ndtr(x):
    """Its logarithm; far below zero by the asymptotic series (Abramowitz & Stegun 26.2.12)."""
    if x > -30.0:
        y = np.log(0.5 * math.erfc(-0.7071067811865476 * x))
    else:
        w = 1.0 / (x * x)
        series = w * (-1.0 + w * (3.0 + w * (-15.0 + w * (105.0 - 945.0 * w))))
        y = -0.5 * x * x - np.log(-x) - 0.9189385332046727 + np.log1p(series)
    return y


def digamma(x):
    """The logarithmic derivative of the gamma function.

    Arguments below 1/2 are reflected (Abramowitz & Stegun 6.3.7), the rest is shifted beyond 8 (6.3.6) and summed by
    the asymptotic series (6.3.18).
    """
    if x < 0.5:
        y = above(1.0 - x) - 3.141592653589793 / np.tan(3.141592653589793 * x)
    else:
        y = above(x)
    return y


def above(z):
    """digamma for arguments of at least 1/2."""
    shifts = 0.0 * z
    for k in range(8):
        shifts += 1.0 / (z + k)
    w = z + 8.0
    v = 1.0 / (w * w)
    series = v * (1.0 / 12.0 - v * (1.0 / 120.0 - v * (1.0 / 252.0 - v * (1.0 / 240.0 - v * (
        1.0 / 132.0 - v * (691.0 / 32760.0 - v / 12.0))))))
    return np.log(w) - 0.5 / w - series - shifts


def betaln(a, b):
    """The logarithm of the beta function."""
    return special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)


def beta(a, b):
    """The beta function of positive numbers."""
    return np.exp(special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b))


def exp10(x):
    """10**x."""
    return np.power(10.0, x)


def softmax(x, axis=None):
    """SciPy's softmax."""
    return special.softmax(x, axis)


def log_softmax(x, axis=None):
    """SciPy's log_softmax."""
    return special.log_softmax(x, axis)


TABLE = {function: function for function in (
    special.logsumexp, special.softmax, special.log_softmax, special.relu, special.leaky_relu, special.gelu,
    special.cross_entropy, special.binary_cross_entropy_with_logits)}
