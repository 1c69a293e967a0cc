"""The solvers run by CPython: the same steps as compiled, and their parts against NumPy and SciPy."""

import numpy as np
import pytest
import scipy.linalg

from adtrans.optim import minimize
from adtrans.optim.solvers import dense, lbfgs, lbfgsb, linesearch, newton, sorensen, triangle
from adtrans.optim.solvers.bfgs import bfgs
from adtrans.optim.solvers.state import KEPT, NEXT, NFEV, norm

RNG = np.random.default_rng(3)


def rosenbrock(x):
    return 100.0 * (x[1] - x[0] * x[0]) ** 2 + (1.0 - x[0]) ** 2


class Rosenbrock:
    """The function with its gradient by hand, as a solver in Python calls it."""

    def evaluate(self, x, g):
        g[0] = -400.0 * x[0] * (x[1] - x[0] * x[0]) - 2.0 * (1.0 - x[0])
        g[1] = 200.0 * (x[1] - x[0] * x[0])
        return rosenbrock(x)


def test_a_solver_does_the_same_compiled_and_interpreted():
    x, g, now, counts = np.array([-1.2, 1.0]), np.zeros(2), np.zeros(8), np.zeros(8, int)
    trace = np.empty((100, 3))
    bfgs(Rosenbrock(), x, g, np.zeros((2, 2)), now, counts, np.array([1e-5, 0.0, 0.0, 0.0]), 100, trace)
    found = minimize(rosenbrock, np.array([-1.2, 1.0]), method="bfgs", history=True)
    assert found.nit == counts[0] and found.nfev == counts[NFEV]
    assert np.allclose(found.history["x"][1:], trace[:found.nit, 1:], atol=1e-7)


class OneLine:
    """A function of one variable from values and slopes."""

    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def evaluate(self, x, g):
        g[0] = self.slope(x[0])
        return self.value(x[0])


# The test functions of Moré and Thuente (1994), section 5: two simple ones and one with tiny noise-free wiggles.
LINES = [
    (lambda a: -a / (a * a + 2.0), lambda a: (a * a - 2.0) / (a * a + 2.0) ** 2),
    (lambda a: (a + 0.004) ** 5 - 2.0 * (a + 0.004) ** 4, lambda a: 5.0 * (a + 0.004) ** 4 - 8.0 * (a + 0.004) ** 3),
    (lambda a: (1.0 - a) ** 2 + np.sin(6.0 * a), lambda a: -2.0 * (1.0 - a) + 6.0 * np.cos(6.0 * a) - 12.0),
]


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0, 1e3])
@pytest.mark.parametrize("which, curvature", [(0, 0.1), (1, 0.1), (0, 0.9), (1, 1e-3)])
def test_strong_wolfe_conditions(which, curvature, first):
    problem = OneLine(*LINES[which])
    x, g = np.zeros(1), np.zeros(1)
    value = problem.evaluate(x, g)
    slope, counts = g[0], np.zeros(8, int)
    x_new, g_new = np.zeros(1), np.zeros(1)
    alpha, found = linesearch.wolfe(problem, x, np.ones(1), value, slope, first, 1e10, 1e-4, curvature, x_new, g_new,
                                    counts)
    assert alpha > 0.0 and x_new[0] == alpha and found == problem.value(alpha) and g_new[0] == problem.slope(alpha)
    assert found <= value + 1e-4 * alpha * slope and abs(g_new[0]) <= -curvature * slope
    assert counts[NFEV] <= 25


def test_a_search_stays_within_its_limit_and_gives_up_uphill():
    falling = OneLine(lambda a: -a, lambda a: -1.0)
    made = linesearch.wolfe(falling, np.zeros(1), np.ones(1), 0.0, -1.0, 1.0, 7.5, 1e-4, 0.9, np.zeros(1), np.zeros(1),
                            np.zeros(8, int))
    assert made == (7.5, -7.5)
    liar = OneLine(lambda a: a, lambda a: -1.0)
    made = linesearch.wolfe(liar, np.zeros(1), np.ones(1), 0.0, -1.0, 1.0, 1e10, 1e-4, 0.9, np.zeros(1), np.zeros(1),
                            np.zeros(8, int))
    assert made[0] == 0.0


@pytest.mark.parametrize("n, m", [(1, 1), (3, 7), (4, 4), (5, 3), (3, 20)])
def test_triangularisation_solves_least_squares(n, m):
    matrix, b = RNG.normal(size=(m, n)), RNG.normal(size=m)
    a, rotated, order, p = matrix.T.copy(), b.copy(), np.empty(n, int), np.empty(n)
    triangle.factor(a, rotated, order)
    triangle.back(a, rotated, order, triangle.rank_of(a), p)
    best = np.linalg.lstsq(matrix, b, rcond=None)
    assert np.isclose(norm(matrix @ p - b), norm(matrix @ best[0] - b), atol=1e-12)
    diagonal = np.abs(np.diag(a))
    assert np.all(np.diff(diagonal[:min(n, m)]) <= 1e-12)
    # Damped by weights: the same as with these rows added.
    weights = RNG.uniform(0.1, 1.0, size=n)
    s, c = np.empty((n + 1, n)), np.empty(n + 1)
    triangle.damp(a, rotated, order, weights, s, c)
    triangle.back(s, c, order, n, p)
    longer = np.vstack([matrix, np.diag(weights)])
    assert np.allclose(p, np.linalg.lstsq(longer, np.concatenate([b, np.zeros(n)]), rcond=None)[0])


def test_columns_that_depend_on_others_come_last():
    matrix, b = RNG.normal(size=(6, 3))[:, [0, 1, 0, 2, 1]], RNG.normal(size=6)
    a, rotated, order, p = matrix.T.copy(), b.copy(), np.empty(5, int), np.empty(5)
    triangle.factor(a, rotated, order)
    assert np.allclose(np.diag(a)[3:], 0.0, atol=1e-12)
    triangle.back(a, rotated, order, 3, p)
    assert np.allclose(matrix.T @ (matrix @ p - b), 0.0, atol=1e-12)


def test_elimination():
    a, b = RNG.normal(size=(5, 5)), RNG.normal(size=5)
    factors, order, x = a.copy(), np.empty(5, int), b.copy()
    dense.eliminate(factors, order)
    dense.substitute(factors, order, x)
    assert np.allclose(a @ x, b)


@pytest.mark.parametrize("shift", [3.0, 0.0, -1.0, -np.inf])
def test_modified_cholesky(shift):
    root = RNG.normal(size=(5, 5))
    h = root @ root.T + max(shift, -1.0) * np.eye(5)
    if shift == -np.inf:
        h = 10.0 * (root + root.T)
        np.fill_diagonal(h, 0.01)
    low, order = np.empty((5, 5)), np.empty(5, int)
    newton.factorise(h, low, order)
    unit = np.tril(low, -1) + np.eye(5)
    change = unit @ np.diag(np.diag(low)) @ unit.T - h[np.ix_(order, order)]
    assert np.all(np.diag(low) > 0.0) and np.allclose(change, np.diag(np.diag(change)), atol=1e-12)
    assert np.all(np.diag(change) > -1e-12) and (shift <= 0.0 or np.allclose(change, 0.0, atol=1e-12))
    # The bound that keeps the factors from growing: |l| sqrt(d) <= beta, with Gill, Murray and Wright's beta.
    off = h - np.diag(np.diag(h))
    beta = np.sqrt(max(np.max(np.abs(np.diag(h))), np.max(np.abs(off)) / np.sqrt(24.0)))
    assert np.all(np.abs(np.tril(low, -1)) * np.sqrt(np.diag(low)) <= beta * (1.0 + 1e-12))
    g, x = RNG.normal(size=5), np.empty(5)
    newton.solve(low, order, g, np.empty(5), x)
    unordered = np.zeros((5, 5))
    unordered[np.ix_(order, order)] = h[np.ix_(order, order)] + change
    assert np.allclose(unordered @ x, -g)


def sphere_minimum(h, g, radius):
    """The least value of the model on and within the ball, by eigenvalues and bisection."""
    values, vectors = scipy.linalg.eigh(h)
    along = vectors.T @ g
    if values[0] > 0.0 and norm(along / values) <= radius:
        return -0.5 * np.sum(along ** 2 / values)
    low = max(0.0, -values[0])
    high = low + norm(g) / radius + 1.0
    along[np.abs(along) < 1e-12] = 0.0
    values = values + 1e-14
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if norm(along / (values + middle)) > radius else (low, middle)
    step = -along / (values + high)
    step[0] += np.sqrt(max(radius ** 2 - step @ step, 0.0)) * (-1.0 if step[0] < 0.0 else 1.0)
    return along @ step + 0.5 * np.sum(values * step ** 2)


@pytest.mark.parametrize("kind", ["convex", "indefinite", "hard"])
@pytest.mark.parametrize("radius", [0.1, 1.0, 10.0])
def test_exact_trust_region_step(kind, radius):
    basis = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    values = {"convex": [0.5, 1.0, 2.0, 3.0], "indefinite": [-1.0, 0.5, 1.0, 2.0], "hard": [-1.0, 0.5, 1.0, 2.0]}[kind]
    h = basis @ np.diag(values) @ basis.T
    g = basis @ np.array([0.0 if kind == "hard" else 0.7, 0.3, -0.2, 0.5])
    p, low, q, z = np.empty(4), np.empty((4, 4)), np.empty(4), np.empty(4)
    foreseen = sorensen.sorensen(h, g, radius, low, p, q, z)
    best = sphere_minimum(h, g, radius)
    assert norm(p) <= 1.06 * radius and np.isclose(foreseen, -(g @ p + 0.5 * p @ h @ p))
    assert -foreseen <= 0.85 * best


def pairs(n, kept):
    """A memory with steps on a quadratic, and the matrix that BFGS's formula makes of them."""
    root = RNG.normal(size=(n, n))
    hessian = root @ root.T + np.eye(n)
    memory, counts = np.ones((2 * 6 + 1, n)), np.zeros(8, int)
    x, g = np.zeros(n), np.zeros(n)
    steps = []
    for _ in range(kept):
        s = RNG.normal(size=n)
        lbfgs.keep(memory, x, x + s, g, g + hessian @ s, counts)
        steps.append((s, hessian @ s))
    s, y = steps[-1]
    b = (y @ y) / (s @ y) * np.eye(n)
    for s, y in steps[-6:]:
        b += np.outer(y, y) / (s @ y) - np.outer(b @ s, b @ s) / (s @ b @ s)
    return memory, counts, b


@pytest.mark.parametrize("kept", [1, 3, 6, 8])
def test_two_loops_apply_the_inverse_of_the_bfgs_matrix(kept):
    memory, counts, b = pairs(7, kept)
    g, d = RNG.normal(size=7), np.empty(7)
    lbfgs.direction(memory, g, counts, np.empty(6), d)
    assert counts[KEPT] == min(kept, 6) and counts[NEXT] == kept % 6
    assert np.allclose(b @ d, -g)


@pytest.mark.parametrize("kept", [0, 1, 4, 6])
def test_the_compact_form_and_its_cauchy_point(kept):
    n = 5
    memory, counts, b = pairs(n, max(kept, 1))
    if not kept:
        counts[KEPT], b = 0, np.eye(n)
    most, size = 12, 2 * kept
    w, m, order = np.zeros((n, most)), np.zeros((most, most)), np.empty(most, int)
    theta = lbfgsb.model(memory, counts, w, m, order)
    middle = np.eye(size)
    for a in range(size):
        lbfgsb.substitute(m, order, middle[a])
    assert np.allclose(theta * np.eye(n) - w[:, :size] @ middle.T @ w[:, :size].T, b)
    x, g = RNG.uniform(-0.5, 0.5, size=n), RNG.normal(size=n)
    bounds = np.array([np.full(n, -0.6), np.full(n, 0.6)])
    xc, c, p, v, t, d = np.empty(n), np.empty(most), np.empty(most), np.empty(most), np.empty(n), np.empty(n)
    lbfgsb.cauchy(x, g, bounds, theta, w, m, order, size, xc, c, p, v, t, d, np.empty(n, int))
    assert np.allclose(c[:size], w[:, :size].T @ (xc - x))

    def path(along):
        return np.clip(x - along * g, *bounds)

    # The first local minimum along the path, by steps that are small beside its pieces.
    lengths = np.linspace(0.0, 3.0, 60001)
    points = path(lengths[:, None]) - x
    values = points @ g + 0.5 * np.sum(points @ b * points, axis=1)
    rises = np.nonzero(np.diff(values) > 0.0)[0]
    expected = path(lengths[rises[0]]) if rises.size else path(lengths[-1])
    assert np.allclose(xc, expected, atol=1e-3)
    inner, inner_order = np.zeros((most, most)), np.empty(most, int)
    lbfgsb.subspace(x, g, bounds, theta, w, m, order, size, xc, c, p, v, t, d, inner, inner_order)
    free = (xc > bounds[0]) & (xc < bounds[1])
    whole = xc - x
    whole[free] -= np.linalg.solve(b[np.ix_(free, free)], (g + b @ (xc - x))[free])
    assert np.allclose(d, np.clip(x + whole, *bounds) - x) or d @ g < 0.0
    if not np.any((x + whole < bounds[0]) | (x + whole > bounds[1])):
        assert np.allclose(d, whole)
