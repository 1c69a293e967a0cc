"""Faults of the text: names, folded expressions, spelling; and of what is done to the arguments."""

import ast

from adtrans import names, specialise, write
from adtrans.fold import Folder
from adtrans.ir import Var
from adtrans.names import Webs
from adtrans.write import Writer


def live_values_share_a_name(patch):
    """Values that are needed at the same time get one name."""
    patch.setattr(names, "overlap", lambda a, b: False)


def carried_value_shares_with_next(patch):
    """A loop-carried value gets the name of its next one though both are needed at once."""

    def attempt(self, a, b):
        if isinstance(b, Var) and b not in self.folded and a.type == b.type:
            x, y = self.find(a), self.find(b)
            if x is not y and not (x in self.fixed or y in self.fixed):
                self.force(x, y)

    patch.setattr(Webs, "attempt", attempt)


def copies_one_after_the_other(patch):
    """Names that are exchanged at the end of an iteration are assigned in turn."""

    def copies(self, pairs):
        found = original(self, pairs)
        for at, node in enumerate(found):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
                parts = zip(node.targets[0].elts, node.value.elts)
                found[at:at + 1] = [write.assign(target, value) for target, value in parts]
        return found

    original = Writer.copies
    patch.setattr(Writer, "copies", copies)


def folded_across_a_store(patch):
    """An element is read where its value is used, after a store has changed it."""
    patch.setattr(Folder, "disturb", lambda self, statement, pending: None)


def accumulation_overwrites(patch):
    """`a[i] += t` is written `a[i] = t`."""

    def accumulate(self, array, index, value):
        found = original(self, array, index, value)
        if isinstance(found.op, ast.Add):
            return write.assign(found.target, found.value)
        return found

    original = Writer.accumulate
    patch.setattr(Writer, "accumulate", accumulate)


def negated_accumulation_added(patch):
    """`a[i] += -t` is written `a[i] += t`."""

    def accumulate(self, array, index, value):
        found = original(self, array, index, value)
        found.op = ast.Add()
        return found

    original = Writer.accumulate
    patch.setattr(Writer, "accumulate", accumulate)


def break_not_taken(patch):
    """A loop that is to be left early runs on."""

    def loop(self, statement):
        found = original(self, statement)
        body = found[-1].body
        if statement.leave is not None and isinstance(body[-1], ast.If):
            body[-1].test = ast.Constant(False)
        return found

    original = Writer.loop
    patch.setattr(Writer, "loop", loop)


def mutable_argument_not_copied(patch):
    """An argument that the function writes to is changed."""
    patch.setattr(specialise, "stored_params", lambda program: frozenset())


FAULTS = (
    live_values_share_a_name,
    carried_value_shares_with_next,
    copies_one_after_the_other,
    folded_across_a_store,
    accumulation_overwrites,
    negated_accumulation_added,
    break_not_taken,
    mutable_argument_not_copied,
)
