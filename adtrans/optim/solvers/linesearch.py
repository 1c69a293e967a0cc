"""Line searches: a step length along a descent direction.

`wolfe` satisfies the strong Wolfe conditions by the method of J. J. Moré and D. J. Thuente, "Line search algorithms
with guaranteed sufficient decrease", ACM TOMS 20 (1994); `armijo` only decreases the value enough.

    alpha, value_new = wolfe(problem, x, d, value, slope, alpha, most, decrease, curvature, x_new, g_new, counts)

x_new and g_new hold the point and its gradient; alpha is 0 where no acceptable point was found. A value that is not
finite counts as too high: the step shrinks.
"""

import math

from adtrans.optim.solvers.calls import evaluate
from adtrans.optim.solvers.state import (
    BEFORE,
    EPS,
    FLAT,
    GTOL,
    NFEV,
    NJEV,
    NOT_FINITE,
    RUNNING,
    VALUE,
    dot,
    largest,
    norm,
)

TRIALS = 60


def begin(problem, x, g, now, counts, limits):
    """The evaluation at the start."""
    now[VALUE] = evaluate(problem, x, g)
    counts[NFEV] += 1
    counts[NJEV] += 1
    now[BEFORE] = now[VALUE] + 0.5 * norm(g)
    if not (abs(now[VALUE]) < math.inf and largest(g) < math.inf):
        return NOT_FINITE
    return FLAT if largest(g) <= limits[GTOL] else RUNNING


def first_length(now, slope):
    """The length at which the last decrease would come again on a parabola, at most 1 (Nocedal and Wright, 3.60)."""
    if slope != 0.0 and now[BEFORE] > now[VALUE]:
        return min(1.0, 1.01 * 2.0 * (now[VALUE] - now[BEFORE]) / slope)
    return 1.0


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
    below = db - da + 2.0 * root
    return b - (b - a) * (db + root - theta) / below if below != 0.0 else math.nan


def parabola(a, fa, da, b, fb):
    """The minimiser of the parabola through two values and the slope at a."""
    return a + 0.5 * da * (b - a) ** 2 / (fa - fb + da * (b - a))


def nearer(point, one, other):
    """The one of two numbers that is nearer to a point."""
    return one if abs(one - point) < abs(other - point) else other


def proposal(a, fa, da, b, fb, db, bracketed, c, fc, dc):
    """The next trial after c, where a is the best end of the interval and b the other one (section 4)."""
    by_cubic = cubic(a, fa, da, c, fc, dc)
    if fc > fa:
        by_parabola = parabola(a, fa, da, c, fc)
        if not abs(by_cubic - a) < abs(by_parabola - a):
            return 0.5 * (by_cubic + by_parabola) if by_cubic == by_cubic else by_parabola
        return by_cubic
    by_secant = c + (a - c) * dc / (dc - da) if dc != da else math.nan
    if dc * da < 0.0:
        return by_cubic if abs(by_cubic - c) > abs(by_secant - c) else by_secant
    far = b if bracketed else c + 4.0 * (c - a)
    if abs(dc) <= abs(da):
        if not (by_cubic - c) * (c - a) > 0.0:
            by_cubic = far
        if not (by_secant - c) * (c - a) > 0.0:
            by_secant = far
        if bracketed:
            return nearer(c, nearer(c, by_cubic, by_secant), c + 0.66 * (b - c))
        return nearer(c, by_secant if abs(by_secant - c) > abs(by_cubic - c) else by_cubic, far)
    return cubic(b, fb, db, c, fc, dc) if bracketed else far


def wolfe(problem, x, d, value, slope, alpha, most, decrease, curvature, x_new, g_new, counts):
    """A step with value <= value + decrease alpha slope and |slope| <= curvature |slope at 0|, at most `most`."""
    a, fa, da = 0.0, value, slope
    b, fb, db = 0.0, value, slope
    bracketed, modified = False, True
    width, width_before = math.inf, math.inf
    noise = 4.0 * EPS * abs(value)
    tilt = decrease * slope
    c = min(alpha, most)
    for _ in range(TRIALS):
        fc, dc = trial(problem, x, d, c, x_new, g_new, counts)
        if not (abs(fc) < math.inf and abs(dc) < math.inf):
            most = c
            c = a + 0.1 * (c - a)
            if a == c or c == most:
                break
            continue
        enough = fc <= value + c * tilt
        if enough and (abs(dc) <= -curvature * slope or c >= most and dc < 0.0):
            return c, fc
        # Where rounding hides the decrease, the slopes tell (Hager and Zhang, SIAM J. Optim. 16, 2005).
        if not enough and abs(fc - value) <= noise and (2.0 * decrease - 1.0) * slope >= dc >= curvature * slope:
            return c, fc
        if modified and enough and dc >= 0.0:
            modified = False
        lean = tilt if modified and fc <= fa and not enough else 0.0
        guess = proposal(a, fa - a * lean, da - lean, b, fb - b * lean, db - lean, bracketed, c, fc - c * lean,
                         dc - lean)
        behind = c - a
        if fc - c * lean > fa - a * lean:
            b, fb, db, bracketed = c, fc, dc, True
        else:
            if (dc - lean) * (da - lean) < 0.0:
                b, fb, db, bracketed = a, fa, da, True
            a, fa, da = c, fc, dc
        if not bracketed:
            c = min(max(guess, c + 1.1 * behind), most)
            continue
        low, high = min(a, b), max(a, b)
        if high - low >= 0.66 * width_before or not low < guess < high:
            guess = a + 0.5 * (b - a)
        width_before, width = width, high - low
        if high - low <= 1e-14 * high or not low < guess < high:
            break
        c = guess
    if a > 0.0 and fa <= value + a * tilt:
        value_new, _ = trial(problem, x, d, a, x_new, g_new, counts)
        return a, value_new
    return 0.0, value


def armijo(problem, x, d, value, slope, alpha, decrease, x_new, g_new, counts):
    """The first of alpha, and then ever shorter steps, that decreases the value enough.

    (L. Armijo, Pacific J. Math. 16, 1966; the steps shrink by interpolation, Nocedal and Wright, section 3.5.)
    """
    noise = 4.0 * EPS * abs(value)
    for _ in range(TRIALS):
        value_new, slope_new = trial(problem, x, d, alpha, x_new, g_new, counts)
        enough = value_new <= value + decrease * alpha * slope
        # As in `wolfe`, the slopes tell where rounding hides the decrease.
        unclear = abs(value_new - value) <= noise and slope_new <= (2.0 * decrease - 1.0) * slope
        if (enough or unclear) and largest(g_new) < math.inf:
            return alpha, value_new
        shrunk = 0.1 * alpha
        if abs(value_new) < math.inf:
            shrunk = min(max(parabola(0.0, value, slope, alpha, value_new), 0.1 * alpha), 0.5 * alpha)
        alpha = shrunk
    return 0.0, value
