"""Faults in what the random programs do not write, each with a program that shows it.

`RARE` maps a fault's name to the fault, a function, its arguments and which of them to differentiate.
"""

from dataclasses import replace

import numpy as np

from adtrans import checkpoint, segments
from adtrans.analysis.ranges import Ranges
from adtrans.build import Builder
from adtrans.ir import Alloc, View
from adtrans.lower import values, views
from adtrans.optimise import land
from adtrans.reverse import Reverse
from adtrans.tape import Forward
from tests.fuzz.seeded.rows import partial


def view_shadow_apart(patch):
    """The adjoints of a view that travels with a loop or branch do not reach the array it is a view of."""

    def companion(self, statement):
        found = original(self, statement)
        if not isinstance(statement, View) or not found:
            return found
        build = Builder()
        shape = tuple(build.dim(statement.var, k) for k in range(statement.var.type.rank))
        return [*build.here.body, Alloc(found[0].var, shape)]

    original = Forward.companion
    patch.setattr(Forward, "companion", companion)


def travelling_view(x, s):
    v = x[1:] if s > 0.0 else x[:-1]
    v *= s
    v[0] = v[1] * v[2]
    return np.sum(x * x)


def integer_power_keeps_exponent(patch):
    """The derivative of x ** n is taken as n x ** n."""

    def integer_power(self, args, bar):
        build = self.build
        base, exponent = self.value(args[0]), self.value(args[1])
        power = build.prim("powi", base, exponent, type=base.type)
        self.add(args[0], build.prim("mul", bar, build.prim("mul", build.cast(exponent, base.type), power)))

    patch.setattr(Reverse, "integer_power", integer_power)


def integer_power(x, n):
    return x**n


def transposition_inverted(patch):
    """np.transpose(x, (1, 2, 0)) goes the other way round."""

    def transpose(view, order):
        if len(order) < 3:
            return original(view, order)
        found = original(view, tuple(order.index(k) for k in range(len(order))))
        shape = tuple(view.shape[k] for k in order)
        return values.View(found.base, found.axes, shape) if isinstance(found, values.View) else found

    original = views.transpose
    patch.setattr(views, "transpose", transpose)


def cyclic_transposition(x):
    t = np.transpose(x, (1, 2, 0))
    return t[0, 0, 1] * t[1, 0, 0] + t[0, 1, 1] ** 2


def negative_index_of_view_not_wrapped(patch):
    """A computed negative index into a view counts from the end of the base."""

    def element_index(low, item, extent, axis, wraps=False):
        return original(low, item, extent, axis, True)

    original = views.element_index
    patch.setattr(views, "element_index", element_index)


def negative_index_of_view(x, n):
    v = x[:3]
    return v[n] * v[0]


def maximum_tie_to_both(patch):
    """Where two arguments of maximum are equal both get the adjoint."""
    partial(patch, "maximum", b="b >= a")


def maximum_of_equals(x, y):
    return np.maximum(x, y) * 2.0


def wrapped_store_taken_as_alone(patch):
    """What is stored by a counter that starts below zero is taken to stay where it is."""
    patch.setattr(Ranges, "not_negative", lambda self, operand: True)


def wrapped_store(x, n):
    for i in range(-1, n):
        x[i] = np.exp(0.1 * x[-1])
    return np.sum(x * x)


def wrapped_row_taken_as_new(patch):
    """A row that another iteration has written to, counting from the end, is taken for one of zeros."""
    original = land.Landing.__init__

    def unproven(self, program, allocations):
        original(self, program, allocations)
        self.ranges.not_negative = lambda operand: True

    patch.setattr(land.Landing, "__init__", unproven)


def wrapped_row(x, n):
    out = np.empty((n, 2))
    for i in range(-1, n):
        row = np.zeros(2)
        for k in range(i + 2):
            row[k % 2] += x[i] * x[i]
        out[i] = row
    return np.sum(out * out)


def snapshot_misses_later_writes(patch):
    """What is written to after a loop only is not put back when the loop runs again."""

    def overwritten(program, loop, activity, regions):
        return original(replace(program, body=(loop,)), loop, activity, regions)

    original = segments.overwritten
    patch.setattr(segments, "overwritten", overwritten)


def written_after_a_loop_in_parts(x, n):
    v = x * 0.5
    for _ in checkpoint(range(n), 2):
        x[0] = x[0] * np.sin(v[1]) + v[0]
    v[1] = x[0] * x[0]
    return np.sum(x * x) + v[1]


def turns_not_taken_back(patch):
    """Arrays that take turns are taken to be in the turn of the first part in every part."""
    original = segments.Turns.back
    patch.setattr(segments.Turns, "back", lambda self, build, low, high: original(self, build, low, low))


def turns_in_parts(x, n):
    v = x.copy()
    for _ in checkpoint(range(n), 2):
        for i in range(1, len(x)):
            v[i] = np.sin(x[i]) * x[i - 1]
        x, v = v, x
    return np.sum(x * x) + v[1]


VECTOR = np.array([0.7, 1.3, -0.4, 0.9, 0.25])
RARE = {
    "view-shadow-apart": (view_shadow_apart, travelling_view, (VECTOR, 0.8), 0),
    "integer-power-keeps-exponent": (integer_power_keeps_exponent, integer_power, (1.7, 3), 0),
    "transposition-inverted": (
        transposition_inverted, cyclic_transposition, (np.sin(np.arange(8.0)).reshape(2, 2, 2),), 0),
    "negative-index-of-view-not-wrapped": (
        negative_index_of_view_not_wrapped, negative_index_of_view, (VECTOR, -1), 0),
    "wrapped-store-taken-as-alone": (wrapped_store_taken_as_alone, wrapped_store, (VECTOR, 5), 0),
    "wrapped-row-taken-as-new": (wrapped_row_taken_as_new, wrapped_row, (VECTOR, 5), 0),
    "snapshot-misses-later-writes": (snapshot_misses_later_writes, written_after_a_loop_in_parts, (VECTOR, 5), 0),
    "turns-not-taken-back": (turns_not_taken_back, turns_in_parts, (VECTOR, 6), 0),
    "maximum-tie-to-both": (maximum_tie_to_both, maximum_of_equals, (0.5, 0.5), (0, 1)),
}  # fmt: skip
