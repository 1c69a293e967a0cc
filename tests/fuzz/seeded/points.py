"""Faults of loops over independent iterations: reversed in place, taken in blocks, their writes joined.

`RARE` has those that few random programs show, each with a program that does.
"""

import numpy as np

from adtrans.analysis.independence import Coverage, Independence
from adtrans.build import ZERO, zero
from adtrans.ir import Array, Store
from adtrans.local import Effects
from adtrans.optimise.block import Blocks
from adtrans.optimise.rows import Rows
from adtrans.optimise.settle import Settler, Straight
from adtrans.reverse import Reverse
from adtrans.storage import Storage


def sums_that_come_in_twice(patch):
    """What is added to a sum may hold the sum."""

    def passed_on(self, statement, var, carry):
        found = original(self, statement, var, carry)
        return None if found is None else (*found[:2], [])

    original = Independence.passed_on
    patch.setattr(Independence, "passed_on", passed_on)


def any_carry_is_a_sum(patch):
    """Loops are reversed in place whatever is carried along."""
    patch.setattr(Independence, "is_sum", lambda self, carry: not isinstance(carry.inside.type, Array))


def scratch_never_stale(patch):
    """Elements are taken as written in the iteration that reads them."""
    patch.setattr(Coverage, "complete", lambda self, loop: True)


def written_anywhere_is_written(patch):
    """A loop over some elements is taken to have written all of them."""
    patch.setattr(Coverage, "between", lambda self, known, index, interval: True)


def sums_used_later_are_passed_over(patch):
    """What is made of a sum with a loop or a function does nothing to the result."""

    def through(self, statement, var):
        found = original(self, statement, var)
        return zero(var.type) if found is None else found

    original = Effects.through
    patch.setattr(Effects, "through", through)


def differences_count_as_sums(patch):
    """What is subtracted from something later adds to it."""

    def factor(self, expr, var):
        found = original(self, expr, var)
        return "same" if found == "neg" else found

    original = Effects.factor
    patch.setattr(Effects, "factor", factor)


def starts_of_sums_forgotten(patch):
    """The value that a sum begins with has no derivative."""

    def reversed_already(self, local):
        for carry in local.sums:
            self.take(carry.after)
        for var, bar in local.bars.items():
            self.add(var, bar)

    patch.setattr(Reverse, "reversed_already", reversed_already)


def scratch_shared_by_a_block(patch):
    """Iterations side by side write to the same scratch array."""
    patch.setattr(Blocks, "private", lambda self, array: False)


def values_handed_over_in_one_place(patch):
    """Values that iterations hand from loop to loop stand in the first place of their arrays."""

    def group(self, build, group):
        group.body = [Store(item.array, (ZERO,), item.value, item.span) if isinstance(item, Store)
                      and item.array in self.rows.values() else item for item in group.body]
        original(self, build, group)

    original = Blocks.group
    patch.setattr(Blocks, "group", group)


def joined_across_reads(patch):
    """Writes are joined although the element is read in between."""
    patch.setattr(Straight, "read", lambda self, array, index: None)


def all_elements_are_apart(patch):
    """A write to another element leaves what is known of this one."""
    patch.setattr(Settler, "apart", lambda self, one, other: one != other)


def tapes_too_small(patch):
    """Values are kept once for all iterations of the inner loops."""
    patch.setattr(Storage, "varies", lambda self, operand, loop: False)


def every_iteration_has_its_element(patch):
    """Indices that do not follow the counter, or wrap, are taken as different in each iteration."""
    patch.setattr(Rows, "own_place", lambda self, loop, index: True)


def added_to_itself(x):
    total = 0.1
    for i in range(len(x)):
        total = (total + x[i]) + (total + x[i] * x[i])
    return total


def read_first(x):
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        total += s[0] * x[i]
        s[0] = x[i] * 0.5
    return total


def all_but_one(x):
    s = x * 2.0
    total = 0.0
    for i in range(len(x)):
        for j in range(1, len(x)):
            s[j] = x[i] * x[j]
        total += s[0] * s[1]
        s[0] = x[i]
    return total


def taken_away(x):
    total = x[0] * x[1]
    for i in range(len(x)):
        total += x[i] * x[i]
    return 3.0 - total


def one_place(x, k):
    x[0] = x[1] * x[1]
    x[k] += x[2]
    x[0] += x[3]
    return x[0] * x[0]


def from_either_end(x):
    y = x[2:] * 0.0
    for j in range(len(y) + 1):
        y[j - 1] = x[j] * x[j + 1]
    return np.sum(y * y)


X = np.linspace(0.4, 1.6, 6)
RARE = {
    "sums-that-come-in-twice": (sums_that_come_in_twice, added_to_itself, (X,), 0),
    "scratch-never-stale": (scratch_never_stale, read_first, (X,), 0),
    "written-anywhere-is-written": (written_anywhere_is_written, all_but_one, (X,), 0),
    "differences-count-as-sums": (differences_count_as_sums, taken_away, (X,), 0),
    "starts-of-sums-forgotten": (starts_of_sums_forgotten, taken_away, (X,), 0),
    "all-elements-are-apart": (all_elements_are_apart, one_place, (X, 0), 0),
    "every-iteration-has-its-element": (every_iteration_has_its_element, from_either_end, (X,), 0),
}
FAULTS = (
    any_carry_is_a_sum,
    sums_used_later_are_passed_over,
    scratch_shared_by_a_block,
    values_handed_over_in_one_place,
    joined_across_reads,
    tapes_too_small,
)
