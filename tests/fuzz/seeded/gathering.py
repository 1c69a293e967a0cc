"""Faults of sums into neighbouring elements that are gathered."""

from dataclasses import replace

import numpy as np

from adtrans.optimise import rows
from adtrans.optimise.rows import Rows


def gathered_although_read(patch):
    """Loops are divided whatever they read and store."""
    patch.setattr(rows, "accessed", lambda loop: [])


def rows_not_cleared(patch):
    """Rows of values are those that were left by what ran before."""
    patch.setattr(rows, "clear", lambda build, kept, slots, width: None)


def factors_of_gathered_values_lost(patch):
    """Values that are added with a factor are added without."""
    original = rows.scale
    patch.setattr(rows, "scale", lambda *args: (None, original(*args)[1]))


def neighbours_taken_from_the_other_side(patch):
    """What belongs to the element before goes to the one behind."""

    def terms(self, loop, outside):
        return {key: [replace(term, offset=-term.offset) for term in terms]
                for key, terms in original(self, loop, outside).items()}

    original = Rows.terms
    patch.setattr(Rows, "terms", terms)


def loops_turned_round(patch):
    """Loops run forwards whatever they store, and whatever they take off stacks."""
    patch.setattr(Rows, "turnable", lambda self, loop, body: True)


def with_a_stack(x):
    """How long it runs is not known before, so that factors lie on a stack."""
    total = 0.0
    y = x * 0.3
    for i in range(1, len(x) - 1):
        total += np.sin(x[i] * y[i]) + (0.3 * x[i - 1] + 0.5 * x[i + 1]) ** 2
        if total > 100.0:
            break
    y[1] = 0.5
    return total


def in_place(x):
    y = x * 1.0
    for i in range(1, len(y) - 1):
        y[i] = 0.5 * y[i] + 0.25 * (y[i - 1] + y[i + 1])
    return np.sum(y * y)


def far_from_cheap(x):
    y, z = x * 1.0, x * 0.5
    for _ in range(2):
        for i in range(1, len(y) - 1):
            for j in range(1, len(y) - 1):
                z[i, j] = y[i - 1, j] / (y[i, j] + y[i + 1, j] * y[i, j + 1] + y[i, j - 1]) ** 3.5
        y, z = z, y
    return np.sum(y * y)


X = np.linspace(0.4, 1.6, 8)
RARE = {
    "loops-turned-round": (loops_turned_round, with_a_stack, (X,), 0),
    "gathered-although-read": (gathered_although_read, in_place, (X,), 0),
    "rows-not-cleared": (rows_not_cleared, far_from_cheap, (np.outer(X, X[::-1]),), 0),
    "factors-of-gathered-values-lost": (factors_of_gathered_values_lost, with_a_stack, (X,), 0),
    "neighbours-taken-from-the-other-side": (neighbours_taken_from_the_other_side, with_a_stack, (X,), 0),
}
FAULTS = ()
