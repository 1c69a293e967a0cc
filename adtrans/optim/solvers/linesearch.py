"""Line searches: a step length along a descent direction.

`wolfe` satisfies the strong Wolfe conditions by the method of J. J. Moré and D. J. Thuente, "Line search algorithms
with guaranteed sufficient decrease", ACM TOMS 20 (1994); `armijo` only decreases the value enough.

    alpha, value_new = wolfe(problem, x, d, value, slope, alpha, most, curvature, x_new, g_new, counts)

x_new and g_new hold the point and its gradient; alpha is 0 where no acceptable point was found. A value that is not
finite counts as too high: the step shrinks.
"""

import math

from adtrans.optim.solvers.calls import evaluate
from adtrans.optim.solvers.state import EPS, NFEV, NJEV, dot, largest

DECREASE = 1e-4
TRIALS = 60


def trial(problem, x, d, alpha, x_new, g_new, counts):
    """Value and slope at x + alpha d."""
    for i in range(x.size):
        x_new[i] = x[i] + alpha * d[i]
    value = evaluate(problem, x_new, g_new)
    counts[NFEV] += 1
    counts[NJEV] += 1
    return value, dot(g_new, d)


def cubic(a, fa, da, b, fb, db):
    """The minimiser of the cubic through two values and slopes; NaN where it has none."""
    theta = 3.0 * (fa - fb) / (b - a) + da + db
    scale = max(abs(theta), abs(da), abs(db))
    if scale == 0.0:
        return math.nan
    inside = (theta / scale) ** 2 - (da / scale) * (db / scale)
    if inside < 0.0:
        return math.nan
    root = scale * math.sqrt(inside)
    if b < a:
        root = -root
    return b - (b - a) * (db + root - theta) / (db - da + 2.0 * root)


def quadratic(a, fa, da, b, fb):
    """The minimiser of the parabola through two values and the slope at a."""
    return a + 0.5 * da * (b - a) ** 2 / (fa - fb + da * (b - a))


def secant(a, da, b, db):
    """Where the slope would vanish, were it linear."""
    return b + (a - b) * db / (db - da)


def nearer(point, one, other):
    """The one of two numbers that is nearer to a point."""
    return one if abs(one - point) < abs(other - point) else other


def proposal(a, fa, da, b, fb, db, bracketed, c, fc, dc):
    """The next trial after c, where a is the best end of the interval and b the other one (section 4)."""
    by_cubic = cubic(a, fa, da, c, fc, dc)
    if fc > fa:
        by_parabola = quadratic(a, fa, da, c, fc)
        if by_cubic != by_cubic:
            return by_parabola
        return by_cubic if abs(by_cubic - a) < abs(by_parabola - a) else 0.5 * (by_cubic + by_parabola)
    if dc * da < 0.0:
        by_secant = secant(a, da, c, dc)
        return by_cubic if abs(by_cubic - c) > abs(by_secant - c) else by_secant
    if abs(dc) <= abs(da):
        by_secant = secant(a, da, c, dc) if dc != da else math.inf * (c - a)
        ahead = by_cubic == by_cubic and (by_cubic - c) * (c - a) > 0.0
        if not bracketed:
            far = c + 4.0 * (c - a)
            guess = by_cubic if ahead and abs(by_cubic - c) > abs(by_secant - c) else by_secant
            return nearer(c, guess, far)
        guess = nearer(c, by_cubic, by_secant) if ahead else by_secant
        return nearer(c, guess, c + 0.66 * (b - c))
    if bracketed:
        return cubic(b, fb, db, c, fc, dc)
    return c + 4.0 * (c - a)


def wolfe(problem, x, d, value, slope, alpha, most, curvature, x_new, g_new, counts):
    """A step with value <= value + DECREASE alpha slope and |slope| <= curvature |slope at 0|, at most `most`."""
    a, fa, da = 0.0, value, slope
    b, fb, db = 0.0, value, slope
    bracketed, first_stage = False, True
    width, width_before = math.inf, math.inf
    good = 0.0
    noise = 4.0 * EPS * abs(value)
    alpha = min(alpha, most)
    for _ in range(TRIALS):
        fc, dc = trial(problem, x, d, alpha, x_new, g_new, counts)
        c = alpha
        if not (abs(fc) < math.inf and abs(dc) < math.inf):
            most = c
            alpha = a + 0.1 * (c - a)
            if alpha == a or alpha == c:
                break
            continue
        enough = fc <= value + DECREASE * c * slope
        # Where rounding hides the decrease, the slopes tell (Hager and Zhang, SIAM J. Optim. 16, 2005).
        if not enough and fc <= value + noise and dc <= (2.0 * DECREASE - 1.0) * slope and dc >= curvature * slope:
            return c, fc
        if enough and abs(dc) <= -curvature * slope:
            return c, fc
        if enough and (c >= most and dc < 0.0):
            return c, fc
        if first_stage and enough and dc >= 0.0:
            first_stage = False
        if first_stage and fc <= fa and not enough:
            tilt = DECREASE * slope
            alpha = proposal(a, fa - a * tilt, da - tilt, b, fb - b * tilt, db - tilt, bracketed,
                             c, fc - c * tilt, dc - tilt)
            rises, turns = fc - c * tilt > fa - a * tilt, (dc - tilt) * (da - tilt) < 0.0
        else:
            alpha = proposal(a, fa, da, b, fb, db, bracketed, c, fc, dc)
            rises, turns = fc > fa, dc * da < 0.0
        if rises:
            b, fb, db = c, fc, dc
        else:
            if turns:
                b, fb, db = a, fa, da
            a, fa, da = c, fc, dc
        if enough:
            good = a
        if rises or turns:
            bracketed = True
        if bracketed:
            low, high = min(a, b), max(a, b)
            if width_before < math.inf and high - low >= 0.66 * width_before:
                alpha = a + 0.5 * (b - a)
            width_before, width = width, high - low
            if high - low <= 1e-15 * high:
                break
            if not low <= alpha <= high:
                alpha = a + 0.5 * (b - a)
        else:
            alpha = min(max(alpha, c + 1.1 * (c - a)), c + 4.0 * (c - a), most)
        if alpha == c or alpha == a:
            alpha = a + 0.5 * (b - a)
    if a > 0.0 and fa < value:
        value_new, _ = trial(problem, x, d, a, x_new, g_new, counts)
        return a, value_new
    return 0.0, value


def armijo(problem, x, d, value, slope, alpha, x_new, g_new, counts):
    """The first of alpha, and then ever shorter steps, that decreases the value enough (Armijo 1966)."""
    for _ in range(TRIALS):
        value_new, slope_new = trial(problem, x, d, alpha, x_new, g_new, counts)
        if value_new <= value + DECREASE * alpha * slope and largest(g_new) < math.inf:
            return alpha, value_new
        shrunk = 0.1 * alpha
        if abs(value_new) < math.inf:
            guess = -0.5 * slope * alpha * alpha / (value_new - value - slope * alpha)
            shrunk = min(max(guess, 0.1 * alpha), 0.5 * alpha)
        alpha = shrunk
    return 0.0, value
