"""Faults of the reading: aliasing, views and slices, indices, broadcasting, types, jumps, closures."""

import ast

from adtrans.build import FALSE, ONE, ZERO, const
from adtrans.ir import F4, INT, Const
from adtrans.lower import calls, loops, nests, reductions, scalars, statements, views
from adtrans.lower.context import Lowering
from adtrans.lower.values import Along, Num, View
from tests.fuzz.seeded.facts import everywhere

# --- aliasing --------------------------------------------------------------------------------------------


def aliasing_missed(patch):
    """No two references are ever taken to point to the same memory."""
    patch.setattr(Lowering, "may_alias", lambda self, a, b: False)


def overlap_temporary_missing(patch):
    """`a[1:] = a[:-1] + 1` reads elements that it has written."""
    patch.setattr(nests, "conflicts", lambda low, target, leaf: False)


# --- indices, views, slices ------------------------------------------------------------------------------


def negative_index_not_wrapped(patch):
    """A computed index that is negative is taken as 0."""

    def element_index(low, item, extent, axis, wraps=False):
        index = original(low, item, extent, axis, wraps)
        if isinstance(item.operand, Const) or low.bounds.at_least(item.operand, 0):
            return index
        return low.build.prim("max", item.operand, ZERO)

    original = views.element_index
    patch.setattr(views, "element_index", element_index)


def negative_index_counts_one_short(patch):
    """x[-1] is the last but one, x[-n] the last."""

    def element_index(low, item, extent, axis, wraps=False):
        if isinstance(item.operand, Const) and item.operand.value < 0:
            shifted = const(item.operand.value - 1)
            return low.build.prim("mod", low.build.prim("add", extent, shifted), extent)
        return original(low, item, extent, axis, wraps)

    original = views.element_index
    patch.setattr(views, "element_index", element_index)


def reversed_slice_starts_late(patch):
    """x[::-1] starts at the last but one element."""

    def backward(low, item, extent, step):
        start, step, length = original(low, item, extent, step)
        shorter = low.build.prim("max", low.build.prim("sub", length, ONE), ZERO)
        return low.build.prim("sub", start, low.build.prim("min", shorter, ONE)), step, length

    original = views.backward
    patch.setattr(views, "backward", backward)


def reversed_slice_runs_forward(patch):
    """The elements of a slice with a negative step come in rising order."""

    def backward(low, item, extent, step):
        start, step, length = original(low, item, extent, step)
        walked = low.build.prim("mul", low.build.prim("sub", length, ONE), step)
        return low.build.prim("add", start, walked), low.build.prim("neg", step), length

    original = views.backward
    patch.setattr(views, "backward", backward)


def slice_of_slice_forgets_first_start(patch):
    """A slice of a view starts where the slice alone would."""

    def compose(low, view, starts, shape):
        found = original(low, view, starts, shape)
        axes = tuple(
            Along(axis.axis, starts[old.axis][1], axis.step)
            if isinstance(axis, Along) and isinstance(old, Along) and axis.step == ONE
            else axis
            for axis, old in zip(found.axes, view.axes)
        )
        return View(found.base, axes, found.shape)

    original = views.compose
    patch.setattr(views, "compose", compose)


def transposition_forgotten(patch):
    """A transposed square is the square itself."""

    def transpose(view, order):
        found = original(view, order)
        return View(view.base, view.axes, found.shape) if isinstance(found, View) else found

    original = views.transpose
    patch.setattr(views, "transpose", transpose)


def broadcast_from_the_left(patch):
    """A vector is spread along the last axis of a matrix, not the first."""

    def stretched(low, axis, extra, repeated):
        found = original(low, axis, extra, repeated)
        return Along(axis.axis, found.start, found.step) if isinstance(found, Along) and extra else found

    original = views.stretched
    patch.setattr(views, "stretched", stretched)


def repeated_axis_walked(patch):
    """An axis of extent 1 that is to be repeated is walked along."""

    def stretched(low, axis, extra, repeated):
        return original(low, axis, extra, [FALSE] * len(repeated))

    original = views.stretched
    patch.setattr(views, "stretched", stretched)


# --- reductions and types --------------------------------------------------------------------------------


def extreme_skips_last_element(patch):
    """max and min do not look at the last element."""

    def arg_extreme(low, op, name):
        find = original(low, op, name)

        def body(extents, element, depth):
            *rest, last = extents
            several = low.build.cast(low.build.prim("gt", last, ONE), INT)
            return find((*rest, low.build.prim("sub", last, several)), element, depth)

        return body

    original = reductions.arg_extreme
    patch.setattr(reductions, "arg_extreme", arg_extreme)


def extreme_off_by_one(patch):
    """max and min give the element after the one they have found."""

    def arg_extreme(low, op, name):
        find = original(low, op, name)

        def body(extents, element, depth):
            *rest, last = find(extents, element, depth)
            return [*rest, low.build.prim("mod", low.build.prim("add", last, ONE), extents[-1])]

        return body

    original = reductions.arg_extreme
    patch.setattr(reductions, "arg_extreme", arg_extreme)


def mean_counts_one_axis(patch):
    """mean, var and std divide by the extent of the first reduced axis."""

    def count(low, request):
        return request.value.shape[request.axes[0]] if request.axes else ONE

    patch.setattr(reductions, "count", count)


def single_precision_widened(patch):
    """A Python float turns float32 into float64."""

    def promote(*types):
        return original(*((code, weak and code[0] != "f") for code, weak in types))

    original = scalars.promote
    everywhere(patch, original, promote)


def double_precision_narrowed(patch):
    """Numbers pass through float32 when they are stored into an array."""

    def store(low, view, index, value):
        if value.type.code == "f8":
            value = low.build.cast(low.build.cast(value, F4), value.type)
        original(low, view, index, value)

    original = views.store
    patch.setattr(views, "store", store)


# --- jumps and names -------------------------------------------------------------------------------------


def else_clause_always_runs(patch):
    """The else clause of a loop runs after a break too."""

    def after_loop(low, number, orelse):
        if orelse is not None:
            orelse()

    patch.setattr(loops, "after_loop", after_loop)


def continue_does_not_skip(patch):
    """What follows a conditional `continue` runs all the same."""

    def always_jumps(body):
        return original_jumps([s for s in body if not isinstance(s, ast.Continue)])

    def guarded(low, jumped, rest):
        key = statements.jump_key(low)
        if key[1] != "skip" or low.env["flow", "broke", key[2]].operand != FALSE:
            original_guarded(low, jumped, rest)
            return
        low.env[key] = Num(FALSE, True)
        statements.body(low, rest)

    original_jumps, original_guarded = statements.always_jumps, statements.guarded
    patch.setattr(statements, "always_jumps", always_jumps)
    patch.setattr(statements, "guarded", guarded)


def closed_over_value_stale(patch):
    """A nested function sees the names around it as they were when it was defined."""

    def define(low, node):
        original_define(low, node)
        number = low.frame.number
        seen[id(node)] = {key: value for key, value in low.env.items() if key[0] == number}

    def run_frame(low, func, names):
        then = seen.get(id(func.node), {})
        now = {key: low.env[key] for key in then if key in low.env}
        low.env.update(then)
        result = original_run(low, func, names)
        low.env.update(now)
        return result

    seen = {}
    original_define, original_run = statements.define, calls.run_frame
    patch.setattr(statements, "define", define)
    everywhere(patch, original_run, run_frame)


def augmented_assignment_rebinds(patch):
    """`a += b` makes a new array, so that other names of the old one do not see it."""

    def in_place(low, target, op, value):
        name = next((key for key, held in low.env.items() if held is target), None)
        if name is None:
            original(low, target, op, value)
        else:
            low.env[name] = nests.concrete(low, statements.operator(low, op, target, value))

    original = statements.in_place
    patch.setattr(statements, "in_place", in_place)


def named_view_is_a_copy(patch):
    """`v = x[1:]` copies, so that writing to v does not change x."""

    def bind(self, name, value):
        if isinstance(value, View) and value.axes != views.whole(self, value.base).axes:
            value = nests.materialise(self, value)
        original(self, name, value)

    original = Lowering.bind
    patch.setattr(Lowering, "bind", bind)


FAULTS = (
    aliasing_missed,
    overlap_temporary_missing,
    negative_index_not_wrapped,
    negative_index_counts_one_short,
    reversed_slice_starts_late,
    reversed_slice_runs_forward,
    slice_of_slice_forgets_first_start,
    transposition_forgotten,
    broadcast_from_the_left,
    repeated_axis_walked,
    extreme_skips_last_element,
    extreme_off_by_one,
    mean_counts_one_axis,
    single_precision_widened,
    double_precision_narrowed,
    else_clause_always_runs,
    continue_does_not_skip,
    closed_over_value_stale,
    augmented_assignment_rebinds,
    named_view_is_a_copy,
)
