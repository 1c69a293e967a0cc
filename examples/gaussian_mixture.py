"""A mixture of two Gaussians fitted by its likelihood: which cells are alike, nobody having said which are ill.

Parameters without constraints: logarithms of weights, means, and Cholesky factors with the logarithm of their diagonal.
At the maximum a step of expectation-maximisation (Dempster, Laird and Rubin 1977), NumPy alone, has to change nothing.
"""

from importlib import resources

import numpy as np

from adtrans import optim
from adtrans.special import logsumexp


def scores(params, x):
    """log(weight * density) of each row and component, the density of N(mean, inverse(L L'))."""
    n, d = x.shape
    logits, means, diagonal, lower = params["logits"], params["means"], params["diagonal"], params["lower"]
    found = np.zeros((n, len(logits)))
    for k in range(len(logits)):
        factor = np.diag(np.exp(diagonal[k])) + np.tril(lower[k], -1)
        z = (x - means[k]) @ factor
        found[:, k] = logits[k] + np.sum(diagonal[k]) - 0.5 * np.sum(z * z, axis=1)
    return found - logsumexp(logits) - 0.5 * d * np.log(2.0 * np.pi)


def loss(params, x):
    return -np.mean(logsumexp(scores(params, x), axis=1))


path = resources.files("adtrans") / "data" / "breast_cancer.csv"
table = np.loadtxt(path, delimiter=",", skiprows=1, converters={0: lambda text: float(text == "M")}, encoding="utf-8")
x = np.log(table[:, [21, 22, 25]])  # radius, texture and smoothness of the worst cells
x = (x - x.mean(axis=0)) / x.std(axis=0)
start = {"logits": np.zeros(2), "means": np.array([[-0.5] * 3, [0.5] * 3]), "diagonal": np.zeros((2, 3)),
         "lower": np.zeros((2, 3, 3))}
found = optim.minimize(loss, start, (x,), method="bfgs", gtol=1e-8)

share = np.exp(scores(found.x, x))
share /= share.sum(axis=1, keepdims=True)
means = share.T @ x / share.sum(axis=0)[:, None]
alike = np.mean((share[:, 1] > 0.5) == (table[:, 0] == 1.0))
print(f"log-likelihood {-found.fun:.6f} after {found.nit} steps; {alike:.1%} fall in the group of their diagnosis")
assert alike > 0.85
assert np.allclose(means, found.x["means"], atol=1e-6)
