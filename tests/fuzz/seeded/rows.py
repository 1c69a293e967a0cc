"""Faults of the derivative table: one partial derivative wrong."""

import ast
from dataclasses import replace

from adtrans.rules import RULES


def partial(patch, op, **texts):
    """Give a rule other partials."""
    row = RULES[op]
    parsed = {arg: ast.parse(text, mode="eval").body for arg, text in texts.items()}
    patch.setitem(RULES, op, replace(row, partials={**row.partials, **parsed}))


def difference_adds(patch):
    """d(a - b)/db is 1."""
    partial(patch, "sub", b="1")


def quotient_forgets_the_square(patch):
    """d(a / b)/db is -y."""
    partial(patch, "truediv", b="-y")


def product_uses_the_wrong_factor(patch):
    """d(a * b)/db is b."""
    partial(patch, "mul", b="b")


def absolute_value_always_rises(patch):
    """abs' is 1 everywhere."""
    partial(patch, "abs", x="1")


def cosine_sign(patch):
    """cos' is sin."""
    partial(patch, "cos", x="sin(x)")


def tanh_in_terms_of_argument(patch):
    """tanh' is 1 - x * x."""
    partial(patch, "tanh", x="1 - x * x")


def exponential_by_argument(patch):
    """exp' is x exp(x - 1)."""
    partial(patch, "exp", x="x * exp(x - 1)")


def power_by_exponent_dropped(patch):
    """a ** b has no derivative by b."""
    partial(patch, "pow", b="0 * a")


def square_root_not_halved(patch):
    """sqrt' is 1 / y."""
    partial(patch, "sqrt", x="1 / y if y > 0 else 0")


def remainder_by_divisor_sign(patch):
    """d(a % b)/db is +floor(a / b)."""
    partial(patch, "mod", b="floor(a / b)")


def arctangent_arguments_exchanged(patch):
    """The partials of atan2 stand in each other's place."""
    partial(patch, "arctan2", a="-a / (a * a + b * b)", b="b / (a * a + b * b)")


def maximum_passes_to_both(patch):
    """The second argument of maximum gets the adjoint where it is the smaller one too."""
    partial(patch, "maximum", b="b == b")


def minimum_mask_of_maximum(patch):
    """minimum passes the adjoint to the larger argument."""
    partial(patch, "minimum", a="a >= b", b="b > a")


def logarithm_base_forgotten(patch):
    """log10' and log2' are that of log."""
    partial(patch, "log10", x="1 / x")
    partial(patch, "log2", x="1 / x")


FAULTS = (
    difference_adds,
    quotient_forgets_the_square,
    product_uses_the_wrong_factor,
    absolute_value_always_rises,
    cosine_sign,
    tanh_in_terms_of_argument,
    exponential_by_argument,
    power_by_exponent_dropped,
    square_root_not_halved,
    remainder_by_divisor_sign,
    arctangent_arguments_exchanged,
    maximum_passes_to_both,
    minimum_mask_of_maximum,
    logarithm_base_forgotten,
)
