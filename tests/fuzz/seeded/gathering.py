"""Faults of sums into neighbouring elements that are gathered."""

from dataclasses import replace

from adtrans.optimise import gather
from adtrans.optimise.gather import Gatherer


def gathered_although_read(patch):
    """Loops are divided whatever they read and store."""
    patch.setattr(gather, "accessed", lambda loop: [])


def rows_not_cleared(patch):
    """Rows of values are those that were left by what ran before."""
    patch.setattr(gather, "clear", lambda build, kept, slots, width: None)


def factors_of_gathered_values_lost(patch):
    """Values that are added with a factor are added without."""
    original = gather.scale
    patch.setattr(gather, "scale", lambda *args: (None, original(*args)[1]))


def neighbours_taken_from_the_other_side(patch):
    """What belongs to the element before goes to the one behind."""

    def terms(self, loop, outside):
        return {key: replace(term, offset=-term.offset) for key, term in original(self, loop, outside).items()}

    original = Gatherer.terms
    patch.setattr(Gatherer, "terms", terms)


def loops_turned_round(patch):
    """Loops run forwards whatever they store, and whatever they take off stacks."""
    patch.setattr(Gatherer, "turnable", lambda self, loop, body: True)


FAULTS = (
    loops_turned_round,
    gathered_although_read,
    rows_not_cleared,
    factors_of_gathered_values_lost,
    neighbours_taken_from_the_other_side,
)
