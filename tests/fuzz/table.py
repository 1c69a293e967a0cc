"""The table of statements with their weights.

>>> len(TABLE) > 40
True
"""

from tests.fuzz import assignments, branches, containers, functions, loops, mutation, picking, points

TABLE = {
    assignments.assign: 9,
    assignments.reassign: 4,
    assignments.augmented: 6,
    assignments.unpack: 2,
    assignments.swap: 1.5,
    assignments.chained: 1,
    assignments.walrus: 1,
    assignments.deleted: 0.5,
    assignments.count: 1,
    assignments.flag: 1,
    assignments.rounded_count: 0.6,
    assignments.printed: 0.2,
    assignments.new_array: 6,
    assignments.masked: 1,
    assignments.rebound: 2.5,
    mutation.element: 6,
    mutation.sliced: 4,
    mutation.whole: 3,
    mutation.overlapping: 1.5,
    mutation.swapped_elements: 1,
    mutation.through_view: 3,
    mutation.through_transpose: 0.7,
    mutation.through_reshape: 1,
    mutation.overwritten: 1.5,
    mutation.scratch: 2.5,
    picking.masked_store: 2,
    picking.masked_sum: 1,
    picking.indexed_store: 2,
    picking.through_two_views: 1,
    picking.measured: 0.7,
    branches.branch: 4,
    branches.both: 1.2,
    branches.one: 0.8,
    branches.leave: 0.8,
    branches.check: 0.8,
    loops.counted: 7,
    loops.changed_bound: 0.6,
    loops.over_values: 4,
    loops.conditional: 3,
    loops.index_after: 0.6,
    loops.integer_start: 0.8,
    loops.stepped: 1.2,
    loops.searching: 1,
    loops.tally: 0.6,
    loops.alongside: 0.8,
    loops.handed_on: 0.8,
    loops.swept: 1,
    loops.left: 1.5,
    loops.noted: 2,
    loops.stencil: 4,
    loops.recurrence: 4,
    points.over_points: 7,
    containers.listed: 1.2,
    containers.list_store: 1,
    containers.mapped: 1.2,
    containers.nested_comprehension: 0.6,
    containers.summed: 1,
    functions.called: 4,
    functions.nested: 1.2,
    functions.anonymous: 1,
    functions.mutating: 0.8,
    functions.prepared: 1.2,
}
FLAT = {
    f: weight
    for f, weight in TABLE.items()
    if f.__module__.rsplit(".", 1)[1] not in ("loops", "points", "branches", "functions")
}
