"""A `while` loop with a tolerance: the derivative of a root with respect to the equation's coefficients."""

import adtrans


def root(a, b):
    """The x with x**3 + a * x = b, by Newton's method."""
    x = 1.0
    step = 1.0
    while abs(step) > 1e-12:
        step = (x * x * x + a * x - b) / (3.0 * x * x + a)
        x -= step
    return x


x, (a_bar, b_bar) = adtrans.value_and_grad(root, argnums=("a", "b"))(2.0, 5.0)
print(f"x = {x:.12f}, dx/da = {a_bar:.12f}, dx/db = {b_bar:.12f}")

# The implicit function theorem: (3 x^2 + a) dx = db - x da.
assert abs(b_bar - 1.0 / (3.0 * x * x + 2.0)) < 1e-10
assert abs(a_bar + x / (3.0 * x * x + 2.0)) < 1e-10
