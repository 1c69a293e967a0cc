"""Faults of the storage plan and of the forward sweep: values kept wrongly, or not at all."""

import ast
from dataclasses import replace

from adtrans import storage
from adtrans.analysis.dependence import Dependence
from adtrans.analysis.ranges import Ranges
from adtrans.build import const, zero
from adtrans.emit import Expressions
from adtrans.ir import Alloc, Array, For, Let, ListOf, Pop, Prim, Scalar, Store, Var, walk
from adtrans.reverse import Reverse
from adtrans.storage import Export, Storage, Tape
from adtrans.tape import Forward


def overwritten_value_taken_as_stable(patch):
    """Every element that was read is read again in the reverse sweep."""
    patch.setattr(Storage, "stable", lambda self, load: True)


def stores_in_same_loop_overlooked(patch):
    """A store that stands before a load in the same loop is taken not to disturb it."""

    def stable(self, load):
        order, group = self.regions.order, self.classes[load.expr.array]
        return all(order[id(store)] < order[id(load)] for store in self.stores.get(group, ()))

    patch.setattr(Storage, "stable", stable)


def later_stores_overlooked(patch):
    """Only stores in the same loop are taken to disturb a load."""

    def stable(self, load):
        here = self.regions.at[id(load)].loops[:1]
        stores = self.stores.get(self.classes[load.expr.array], ())
        return not here or all(self.regions.at[id(store)].loops[:1] != here for store in stores)

    patch.setattr(Storage, "stable", stable)


def later_iterations_overlooked(patch):
    """Only writes further down in the same iteration are taken to come later."""
    cases_taken(patch, lambda case: case.moved is None)


def later_writes_of_an_iteration_overlooked(patch):
    """Only writes in later iterations are taken to come later."""
    cases_taken(patch, lambda case: case.moved is not None)


def cases_taken(patch, accept):
    def cases(self, first, second, within):
        found = original(self, first, second, within)
        return found and [case for case in found if accept(case)]

    original = Dependence.cases
    patch.setattr(Dependence, "cases", cases)


def later_iterations_taken_as_two_ahead(patch):
    """The next iteration of a loop is overlooked."""

    def limits(self, term, low, case):
        plain = self.ranges.bounds.limits(term[0], low)
        found = original(self, term, low, case)
        return [(terms, 2 * constant) for terms, constant in found[:len(found) - len(plain)]] + found[-len(plain):]

    original = Dependence.limits
    patch.setattr(Dependence, "limits", limits)


def values_taken_as_the_same_in_later_iterations(patch):
    """An index computed in a loop is taken to be the same in all of its iterations."""

    def shared(self, var, case):
        return original(self, var, case) or not isinstance(self.regions.definition.get(var), For)

    original = Dependence.shared
    patch.setattr(Dependence, "shared", shared)


def wrapped_indices_compared(patch):
    """Indices that may count from the end are compared like others."""
    patch.setattr(Ranges, "not_negative", lambda self, operand: True)


def carried_arrays_kept_as_fresh(patch):
    """Arrays that are carried from one iteration to the next are taken to be made anew in each."""

    def classes_of(program, classes):
        return {classes[statement.var]: statement.var for statement in walk(program.body)
                if isinstance(statement, Alloc)}

    patch.setattr(storage, "fresh_classes", classes_of)


def copies_overwritten(patch):
    """A value is read where it was stored, though something else is stored there as well."""

    def copy_of(self, var):
        for store in self.stored.get(var, ()):
            if self.regions.at[id(store)] is self.regions.home[var] and self.at_hand(store.array, store) \
                    and self.injective(store) and all(self.free(arg) for arg in store.index):
                return store
        return None

    patch.setattr(Storage, "copy_of", copy_of)


def copies_in_one_place(patch):
    """A value is read where it was stored, though every iteration stores to the same place."""
    patch.setattr(Storage, "injective", lambda self, store: True)


def arrays_outlive_their_iteration(patch):
    """Arrays are taken to be made anew in each iteration of one loop more than they are."""
    original = Storage.lifetime
    patch.setattr(Storage, "lifetime", lambda self, array: original(self, array) + 1)


def tape_index_one_behind(patch):
    """The value taped in the iteration before is taken."""

    def obtain(self, var, plan, home):
        if not isinstance(plan, Tape):
            return original(self, var, plan, home)
        *outer, last = (self.mirrors[loop].iteration for loop in plan.loops)
        last = self.build.prim("max", self.build.prim("sub", last, const(1)), const(0))
        return self.build.load(self.value(plan.array), (*outer, last), var.name)

    original = Reverse.obtain
    patch.setattr(Reverse, "obtain", obtain)


def tape_without_outer_index(patch):
    """A tape in a nest of loops is indexed by the inner counters only."""

    def keep(self, var, statement):
        plan = self.storage.plans.get(var)
        made = original_keep(self, var, statement)
        if not isinstance(plan, Tape) or len(plan.loops) < 2:
            return made
        return [replace(item, index=(const(0), *item.index[1:])) if isinstance(item, Store) else item for item in made]

    def obtain(self, var, plan, home):
        if not isinstance(plan, Tape) or len(plan.loops) < 2:
            return original_obtain(self, var, plan, home)
        index = (const(0), *(self.mirrors[loop].iteration for loop in plan.loops[1:]))
        return self.build.load(self.value(plan.array), index, var.name)

    original_keep, original_obtain = Forward.keep, Reverse.obtain
    patch.setattr(Forward, "keep", keep)
    patch.setattr(Reverse, "obtain", obtain)


def tape_in_single_precision(patch):
    """Tapes of float64 values are float32."""

    def decide(self, var):
        plan = original_decide(self, var)
        if not isinstance(plan, Tape) or plan.array.type.dtype != "f8":
            return plan
        array = Var(Array("f4", len(plan.loops)), plan.array.name)
        self.regions.home[array] = self.regions.home[plan.array]
        return Tape(array, plan.loops, plan.extents)

    def keep(self, var, statement):
        return [each for item in original_keep(self, var, statement) for each in narrowed(item)]

    def narrowed(item):
        if not isinstance(item, Store) or item.array.type.element == item.value.type:
            return [item]
        short = Var(item.array.type.element)
        return [Let(short, Prim("cast", (item.value,))), replace(item, value=short)]

    def obtain(self, var, plan, home):
        found = original_obtain(self, var, plan, home)
        return self.build.cast(found, var.type) if isinstance(plan, Tape) else found

    original_decide, original_keep, original_obtain = Storage.decide, Forward.keep, Reverse.obtain
    patch.setattr(Storage, "decide", decide)
    patch.setattr(Forward, "keep", keep)
    patch.setattr(Reverse, "obtain", obtain)


def tape_iteration_not_divided_by_step(patch):
    """The tape of a loop with a step is written at the counter's distance from its start."""

    def iteration(build, region):
        loop = region.owner
        return build.prim("sub", loop.counter, loop.start)

    patch.setattr(Forward, "iteration", staticmethod(iteration))


def stack_first_in_first_out(patch):
    """Numbers are taken from a stack in the order they were pushed."""
    queue(patch, Scalar)


def reference_stack_first_in_first_out(patch):
    """Array references are taken from a stack in the order they were pushed."""
    queue(patch, Array)


def queue(patch, kind):
    def expression(self, expr, type):
        found = original(self, expr, type)
        match expr:
            case Pop(Var(type=ListOf(element))) if isinstance(element, kind):
                found.args = [ast.Constant(0)]
        return found

    original = Expressions.expression
    patch.setattr(Expressions, "expression", expression)


def trips_counted_from_one(patch):
    """A loop that can be left early is taken to have run once more than it has."""

    def loop(self, statement):
        made = original(self, statement)
        trips = self.storage.trips.get(id(statement))
        carries = tuple(
            replace(carry, init=const(1)) if carry.after is trips else carry for carry in made.carries
        )
        return replace(made, carries=carries)

    original = Forward.loop
    patch.setattr(Forward, "loop", loop)


def branch_value_not_kept(patch):
    """A value that the mirrored branch needs is 0 there."""

    def branch(self, statement):
        made = original(self, statement)
        exports = [plan for plan in self.storage.plans.values() if isinstance(plan, Export)]
        outer = {var for plan in exports for _, var in plan.steps}
        merges = tuple(blank(merge) if merge.after in outer else merge for merge in made.merges)
        return replace(made, merges=merges)

    def blank(merge):
        if isinstance(merge.after.type, Array):
            return merge
        return replace(merge, then=zero(merge.after.type), orelse=zero(merge.after.type))

    original = Forward.branch
    patch.setattr(Forward, "branch", branch)


def carried_value_taken_from_the_end(patch):
    """A loop-carried number is taken as it was when the loop had ended."""

    def value(self, operand):
        loop = self.regions.definition.get(operand) if isinstance(operand, Var) else None
        for carry in getattr(loop, "carries", ()):
            if carry.inside is operand and self.regions.home[carry.after].parent is None:
                return carry.after
        return original(self, operand)

    original = Reverse.value
    patch.setattr(Reverse, "value", value)


FAULTS = (
    overwritten_value_taken_as_stable,
    stores_in_same_loop_overlooked,
    later_stores_overlooked,
    later_iterations_overlooked,
    later_writes_of_an_iteration_overlooked,
    later_iterations_taken_as_two_ahead,
    values_taken_as_the_same_in_later_iterations,
    wrapped_indices_compared,
    carried_arrays_kept_as_fresh,
    copies_overwritten,
    copies_in_one_place,
    arrays_outlive_their_iteration,
    tape_index_one_behind,
    tape_without_outer_index,
    tape_in_single_precision,
    tape_iteration_not_divided_by_step,
    stack_first_in_first_out,
    reference_stack_first_in_first_out,
    trips_counted_from_one,
    branch_value_not_kept,
    carried_value_taken_from_the_end,
)
