"""Faults of the analyses and of the optimiser: aliasing, activity, dead code, propagation."""

import sys
from dataclasses import replace

from adtrans.analysis.activity import analyse
from adtrans.analysis.alias import memory_classes
from adtrans.ir import Alloc, Array, Const, For, If, Let, Prim, Program, Reshape, Store, View, While, defined, walk
from adtrans.optimise.fuse import Fusion
from adtrans.optimise.reuse import Table
from adtrans.optimise.simplify import Liveness, simplify


def everywhere(patch, found, put):
    """Put `put` in the place of the function `found` in every module of the compiler that names it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("adtrans.") and vars(module).get(found.__name__) is found:
            patch.setattr(module, found.__name__, put)


def mapped(body, change):
    """A body with every statement, the nested ones first, given to `change`."""
    done = []
    for statement in body:
        match statement:
            case For(body=inner):
                statement = replace(statement, body=mapped(inner, change))
            case While(head=head, body=inner):
                statement = replace(statement, head=mapped(head, change), body=mapped(inner, change))
            case If(then=then, orelse=orelse):
                statement = replace(statement, then=mapped(then, change), orelse=mapped(orelse, change))
        done.append(change(statement))
    return tuple(done)


def after_simplifying(patch, change):
    """Every simplified program has its statements changed."""

    def run(program):
        program = simplify(program)
        return replace(program, body=mapped(program.body, change))

    everywhere(patch, simplify, run)


# --- aliasing --------------------------------------------------------------------------------------------


def views_taken_as_apart(patch):
    """The memory of a view is taken to be other memory than its base's."""

    def classes(program):
        return memory_classes(without(program, (View, Reshape)))

    everywhere(patch, memory_classes, classes)


def carried_references_taken_as_apart(patch):
    """What a loop-carried reference points to is taken to be memory of its own."""

    def unlinked(statement):
        if isinstance(statement, (For, While)):
            kept = tuple(carry for carry in statement.carries if not isinstance(carry.inside.type, Array))
            return replace(statement, carries=kept)
        return statement

    def classes(program):
        return memory_classes(replace(program, body=mapped(program.body, unlinked)))

    everywhere(patch, memory_classes, classes)


def without(program: Program, kinds) -> Program:
    """The program less all statements of some kinds."""

    def pruned(body):
        return tuple(statement for statement in body if not isinstance(statement, kinds))

    def change(statement):
        match statement:
            case For(body=body):
                return replace(statement, body=pruned(body))
            case While(head=head, body=body):
                return replace(statement, head=pruned(head), body=pruned(body))
            case If(then=then, orelse=orelse):
                return replace(statement, then=pruned(then), orelse=pruned(orelse))
        return statement

    return replace(program, body=pruned(mapped(program.body, change)))


# --- activity --------------------------------------------------------------------------------------------


def analysing(patch, change):
    """Activity is that of a program with its statements changed."""

    def run(program, *rest):
        return analyse(replace(program, body=mapped(program.body, change)), *rest)

    everywhere(patch, analyse, run)


def activity_lost_at_join(patch):
    """Only the first side of a branch is followed."""

    def change(statement):
        if not isinstance(statement, If):
            return statement
        return replace(statement, merges=tuple(replace(m, orelse=m.then) for m in statement.merges))

    analysing(patch, change)


def activity_lost_round_loop(patch):
    """What a loop carries is followed from before the loop only."""

    def change(statement):
        if not isinstance(statement, (For, While)):
            return statement
        carries = tuple(
            carry if isinstance(carry.inside.type, Array) else replace(carry, next=carry.init)
            for carry in statement.carries
        )
        return replace(statement, carries=carries)

    analysing(patch, change)


def activity_lost_through_scratch(patch):
    """Arrays that the function allocates carry no derivative."""

    def run(program, *rest):
        own = {statement.var for statement in walk(program.body) if isinstance(statement, Alloc)}
        return analyse(replace(program, body=mapped(program.body, lambda s: silenced(s, own))), *rest)

    def silenced(statement, own):
        if isinstance(statement, Store) and statement.array in own and statement.value.type.is_float:
            return replace(statement, value=Const(0.0, statement.value.type))
        return statement

    everywhere(patch, analyse, run)


def activity_lost_in_second_argument(patch):
    """A product, quotient or difference is followed from its first argument."""

    def change(statement):
        match statement:
            case Let(expr=Prim(("sub" | "mul" | "truediv") as op, (first, second))):
                return replace(statement, expr=Prim(op, (first, Const(1.0, second.type))))
        return statement

    analysing(patch, change)


# --- dead code and propagation ---------------------------------------------------------------------------


def stores_through_views_dropped(patch):
    """What is read through one reference needs only what was stored through the same one."""

    def need_contents(self, array):
        if array not in self.contents:
            self.contents.add(array)
            self.pending += [write for write in self.writes.get(self.classes[array], ()) if write.array is array]

    patch.setattr(Liveness, "need_contents", need_contents)


def overwritten_store_dropped_too_early(patch):
    """A store is dropped when a later one in the list goes to the same array."""

    def block(body):
        kept = []
        for at, statement in enumerate(body):
            later = [other for other in body[at + 1 :] if isinstance(other, Store)]
            if isinstance(statement, Store) and any(other.array is statement.array for other in later):
                continue
            kept.append(statement)
        return tuple(kept)

    def change(statement):
        match statement:
            case For(body=body) | While(body=body):
                return replace(statement, body=block(body))
        return statement

    after_simplifying(patch, change)


def exchanged_carries_taken_as_unchanged(patch):
    """A loop-carried number that takes the value of another is taken to keep its own."""

    def change(statement):
        if not isinstance(statement, (For, While)):
            return statement
        insides = {carry.inside for carry in statement.carries}
        carries = tuple(replace(c, next=c.inside) if c.next in insides else c for c in statement.carries)
        return replace(statement, carries=carries)

    after_simplifying(patch, change)


def merge_of_constants_folded(patch):
    """A branch that joins two constants gives the first."""

    def change(statement):
        if not isinstance(statement, If):
            return statement
        merges = tuple(folded(merge) for merge in statement.merges)
        return replace(statement, merges=merges)

    def folded(merge):
        constant = isinstance(merge.then, Const) and isinstance(merge.orelse, Const)
        return replace(merge, orelse=merge.then) if constant else merge

    after_simplifying(patch, change)


# --- loops fused and values reused -----------------------------------------------------------------------


def dependences_of_loops_overlooked(patch):
    """Loops are fused whatever they do to the same memory."""
    patch.setattr(Fusion, "ordered", lambda self, a, b, first, second: True)


def shifts_between_loops_overlooked(patch):
    """Loops are fused though the second needs what a later iteration of the first one does."""

    def ordered(self, a, b, first, second):
        places = [(self.indices.plain(one), self.indices.plain(two)) for one, two in zip(a.index, b.index)]
        return a.array is b.array and any(left and right and left[0] is first.counter and right[0] is second.counter
                                          for left, right in places)

    patch.setattr(Fusion, "ordered", ordered)


def loops_pass_what_they_need(patch):
    """A loop is moved before statements that change what it reads."""
    def passes(self, second, effects, late):
        used = self.used(second)
        return not any(var in used for statement in late for var in defined(statement))

    patch.setattr(Fusion, "passes", passes)


def known_elements_survive_writes(patch):
    """An element that was read is taken to be what it was, after a write through another index."""

    def write(self, memory, array, index):
        memory.get(self.classes[array], {}).pop(self.place(array, index), None)

    patch.setattr(Table, "write", write)


def known_elements_survive_loops(patch):
    """An element that was read is taken to be what it was, in and after a loop that writes."""
    patch.setattr(Table, "forget", lambda self, memory, body: None)


def carried_values_merged_by_step(patch):
    """Values carried round a loop are taken for one if they change alike, wherever they start."""
    patch.setattr(Table, "starts_alike", lambda self, carry, other: True)


FAULTS = (
    views_taken_as_apart,
    carried_references_taken_as_apart,
    activity_lost_at_join,
    activity_lost_round_loop,
    activity_lost_through_scratch,
    activity_lost_in_second_argument,
    stores_through_views_dropped,
    overwritten_store_dropped_too_early,
    exchanged_carries_taken_as_unchanged,
    merge_of_constants_folded,
    dependences_of_loops_overlooked,
    shifts_between_loops_overlooked,
    loops_pass_what_they_need,
    known_elements_survive_writes,
    known_elements_survive_loops,
    carried_values_merged_by_step,
)
