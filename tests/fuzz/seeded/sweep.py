"""Faults of the reverse sweep: adjoints of statements, loops, branches and references."""

from dataclasses import replace

from adtrans import reverse
from adtrans.build import const, zero
from adtrans.ir import BOOL, Array, Load, Prim, Reshape, Var
from adtrans.reverse import Countdown, Replay, Reverse

# --- memory ----------------------------------------------------------------------------------------------


def adjoint_not_cleared_on_store(patch):
    """What an element was worth before it was overwritten keeps the adjoint of what came after."""

    def store(self, array, index, value):
        if self.activity.is_active(value):
            place = tuple(self.value(i) for i in index)
            self.add(value, self.build.load(self.shadow(array), place))
        else:
            original(self, array, index, value)

    original = Reverse.store
    patch.setattr(Reverse, "store", store)


def constant_store_not_cleared(patch):
    """Overwriting by a constant leaves the adjoint of the old value."""

    def store(self, array, index, value):
        if self.activity.is_active(value):
            original(self, array, index, value)

    original = Reverse.store
    patch.setattr(Reverse, "store", store)


def load_adjoint_overwrites(patch):
    """An element that is read twice gets the adjoint of one of the reads."""

    def let(self, var, expr, bar):
        if isinstance(expr, Load) and self.activity.memory_active(expr.array):
            place = tuple(self.value(i) for i in expr.index)
            self.build.store(self.shadow(expr.array), place, bar)
        else:
            original(self, var, expr, bar)

    original = Reverse.let
    patch.setattr(Reverse, "let", let)


def reshape_shadow_apart(patch):
    """The adjoints of a reshaped array do not reach the original."""

    def make_shadow(self, array, definition):
        if not isinstance(definition, Reshape):
            return original(self, array, definition)
        shape = tuple(self.value(extent) for extent in definition.shape)
        return self.build.alloc(array.type.dtype, shape)

    original = Reverse.make_shadow
    patch.setattr(Reverse, "make_shadow", make_shadow)


# --- scalars ---------------------------------------------------------------------------------------------


def scalar_adjoint_overwritten(patch):
    """A number that is used twice gets the adjoint of one of the uses."""

    def add(self, operand, contribution):
        if self.activity.is_active(operand) and contribution != zero(contribution.type):
            self.bars[operand] = contribution

    patch.setattr(Reverse, "add", add)


def seed_replaced_by_value(patch):
    """The sweep starts from the result instead of from 1."""

    def add(self, operand, contribution):
        starts = operand is self.program.results[0] and not self.bars and not self.build.here.body
        original(self, operand, operand if starts else contribution)

    original = Reverse.add
    patch.setattr(Reverse, "add", add)


def select_inverted(patch):
    """The side of a choice that was not taken gets the adjoint."""

    def prim(self, var, op, args, bar):
        original(self, var, op, (args[0], args[2], args[1]) if op == "select" else args, bar)

    original = Reverse.prim
    patch.setattr(Reverse, "prim", prim)


def cast_adjoint_dropped(patch):
    """No adjoint passes through a change of type."""

    def prim(self, var, op, args, bar):
        if op != "cast":
            original(self, var, op, args, bar)

    original = Reverse.prim
    patch.setattr(Reverse, "prim", prim)


def mask_inverted(patch):
    """A partial that is a mask lets the adjoint pass where it does not hold."""

    def product(self, bar, partial):
        if partial.type.code == "b1":
            return self.build.prim("select", partial, zero(bar.type), bar)
        return original(self, bar, partial)

    original = Reverse.product
    patch.setattr(Reverse, "product", product)


# --- loops -----------------------------------------------------------------------------------------------


def loop_not_reversed(patch):
    """The mirror of a counted loop runs first to last."""

    def loop(self, carries, body, span):
        made = original(self, carries, body, span)
        statement, value = self.statement, self.reverse.value
        return replace(made, start=value(statement.start), stop=value(statement.stop), step=self.step)

    original = Countdown.loop
    patch.setattr(Countdown, "loop", loop)


def last_iteration_missed(patch):
    """The mirror of a counted loop starts one iteration too late."""

    def loop(self, carries, body, span):
        made = original(self, carries, body, span)
        return replace(made, start=self.reverse.build.prim("add", made.start, made.step))

    original = Countdown.loop
    patch.setattr(Countdown, "loop", loop)


def first_iteration_missed(patch):
    """The mirror of a counted loop stops one iteration too early."""

    def loop(self, carries, body, span):
        made = original(self, carries, body, span)
        return replace(made, stop=self.reverse.build.prim("sub", made.stop, made.step))

    original = Countdown.loop
    patch.setattr(Countdown, "loop", loop)


def zero_trip_loop_executed(patch):
    """The mirror of a counted loop runs at least once."""

    def loop(self, carries, body, span):
        made = original(self, carries, body, span)
        if self.step != const(1):
            return made
        return replace(made, start=self.reverse.build.prim("max", made.start, self.start))

    original = Countdown.loop
    patch.setattr(Countdown, "loop", loop)


def trip_count_rounded_down(patch):
    """range(0, 5, 2) is taken to have two items."""

    def trip_count(build, start, stop, step):
        return build.prim("max", build.prim("floordiv", build.prim("sub", stop, start), step), const(0))

    patch.setattr(reverse, "trip_count", trip_count)


def replay_one_too_few(patch):
    """The mirror of a loop that was left early forgets its last iteration."""

    def loop(self, carries, body, span):
        made = original(self, carries, body, span)
        return replace(made, start=self.reverse.build.prim("sub", made.start, const(1)))

    original = Replay.loop
    patch.setattr(Replay, "loop", loop)


def replay_counter_without_start(patch):
    """The mirror of a loop that was left early counts from 0."""

    def enter(self, mirror):
        original(self, mirror)
        counter = getattr(self.statement, "counter", None)
        if counter is not None:
            build, step = self.reverse.build, self.reverse.value(self.statement.step)
            mirror.known[counter] = build.prim("mul", self.number, step)

    original = Replay.enter
    patch.setattr(Replay, "enter", enter)


def carry_init_dropped(patch):
    """What a loop-carried number was before the loop gets no adjoint."""

    def loop(self, statement):
        open_loops.append((len(self.build.blocks), {carry.init for carry in statement.carries}))
        original_loop(self, statement)
        open_loops.pop()

    def add(self, operand, contribution):
        depth, inits = open_loops[-1] if open_loops else (0, ())
        if depth != len(self.build.blocks) or operand not in inits:
            original_add(self, operand, contribution)

    open_loops = []
    original_loop, original_add = Reverse.loop, Reverse.add
    patch.setattr(Reverse, "loop", loop)
    patch.setattr(Reverse, "add", add)


def outer_scalar_dropped(patch):
    """A number from outside gets no adjoint from within a loop."""
    patch.setattr(Reverse, "outer_scalars", lambda self, statement: [])


def outer_scalar_restarted(patch):
    """What a number from outside had collected before the mirrored loop is forgotten."""

    def loop(self, statement):
        if self.touches(statement):
            for var in self.outer_scalars(statement):
                self.bars.pop(var, None)
        original(self, statement)

    original = Reverse.loop
    patch.setattr(Reverse, "loop", loop)


# --- branches --------------------------------------------------------------------------------------------


def branch_tested_again(patch):
    """The mirrored branch tests what is in memory now."""

    def value(self, operand):
        expr = self.storage.definition(operand) if isinstance(operand, Var) else None
        if isinstance(expr, Prim) and operand.type == BOOL:
            return self.build.prim(expr.op, *(current(self, arg) for arg in expr.args), type=BOOL)
        return original(self, operand)

    def current(self, operand):
        match self.storage.definition(operand) if isinstance(operand, Var) else None:
            case Load(array, index) if not self.regions.home[array].loops:
                return self.build.load(self.value(array), tuple(self.value(i) for i in index))
        return self.value(operand)

    original = Reverse.value
    patch.setattr(Reverse, "value", value)


def branch_adjoints_not_joined(patch):
    """Numbers that get an adjoint on one side of a branch only lose it."""

    def join_bars(outer, sides):
        return original(outer, [{var: bar for var, bar in side.items() if var in outer} for side in sides])

    original = reverse.join_bars
    patch.setattr(reverse, "join_bars", join_bars)


def else_side_adjoint_lost(patch):
    """What a branch joins hands its adjoint to the first side only."""

    def branch(self, statement):
        merges = tuple(replace(merge, orelse=zero(merge.after.type)) for merge in statement.merges
                       if not isinstance(merge.after.type, Array))
        twin = replace(statement, merges=merges)
        for part in (0, 1):
            self.regions.of[id(twin), part] = self.regions.body(statement, part)
        twins.append(twin)
        original(self, twin)

    twins = []
    original = Reverse.branch
    patch.setattr(Reverse, "branch", branch)


# --- references ------------------------------------------------------------------------------------------


def swap_not_undone(patch):
    """Buffers that a loop exchanges keep their places in the mirrored loop."""

    def permuted(self, statement):
        found = original(self, statement)
        found.carries[:] = [replace(carry, next=carry.inside) for carry in found.carries]
        return found

    original = Reverse.permuted
    patch.setattr(Reverse, "permuted", permuted)


def shadow_swap_not_undone(patch):
    """Buffers that a loop exchanges are exchanged back, their adjoints are not."""

    def permuted(self, statement):
        found = original(self, statement)
        shadows = {found.held.get(companion) for companion in self.companions.values()}
        found.carries[:] = [
            replace(carry, next=carry.inside) if carry.inside in shadows else carry for carry in found.carries
        ]
        return found

    original = Reverse.permuted
    patch.setattr(Reverse, "permuted", permuted)


FAULTS = (
    adjoint_not_cleared_on_store,
    constant_store_not_cleared,
    load_adjoint_overwrites,
    reshape_shadow_apart,
    scalar_adjoint_overwritten,
    seed_replaced_by_value,
    select_inverted,
    cast_adjoint_dropped,
    mask_inverted,
    loop_not_reversed,
    last_iteration_missed,
    first_iteration_missed,
    zero_trip_loop_executed,
    trip_count_rounded_down,
    replay_one_too_few,
    replay_counter_without_start,
    carry_init_dropped,
    outer_scalar_dropped,
    outer_scalar_restarted,
    branch_tested_again,
    branch_adjoints_not_joined,
    else_side_adjoint_lost,
    swap_not_undone,
    shadow_swap_not_undone,
)
