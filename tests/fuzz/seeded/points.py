"""Faults of loops over independent iterations: reversed in place, taken in blocks, their writes joined."""

from adtrans.analysis.independence import Coverage, Independence
from adtrans.build import ZERO, zero
from adtrans.ir import Array, Store
from adtrans.local import Effects
from adtrans.optimise.block import Blocks
from adtrans.optimise.gather import Gatherer
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
    patch.setattr(Gatherer, "own_place", lambda self, loop, index: True)


FAULTS = (
    sums_that_come_in_twice,
    any_carry_is_a_sum,
    scratch_never_stale,
    written_anywhere_is_written,
    sums_used_later_are_passed_over,
    differences_count_as_sums,
    starts_of_sums_forgotten,
    scratch_shared_by_a_block,
    values_handed_over_in_one_place,
    joined_across_reads,
    all_elements_are_apart,
    tapes_too_small,
    every_iteration_has_its_element,
)
