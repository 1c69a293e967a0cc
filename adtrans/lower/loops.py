"""Loops: what is carried round them is found by reading the body, again if the first guess was too narrow.

`for` over a range becomes a counted `For`; over arrays, zips and enumerations a `For` over positions; over
tuples and lists it is unrolled. `break` and `return` end the loop through `For.leave`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adtrans.build import FALSE, ONE, TRUE, ZERO, const
from adtrans.errors import AdtransError
from adtrans.ir import (
    Accumulate,
    Alloc,
    Array,
    Carry,
    Const,
    For,
    Operand,
    Print,
    Push,
    Store,
    Var,
    While,
    defined,
    walk,
)
from adtrans.lower import joins, views
from adtrans.lower.containers import items_of
from adtrans.lower.context import Shadowed, Silent
from adtrans.lower.joins import (
    MISSING,
    MaybeT,
    StaticT,
    convert,
    join_templates,
    operand_types,
    rebuild,
    strip_extents,
    template,
)
from adtrans.lower.values import Iter, Num, Poison, Range, Ref, Seq, Value, View

UNROLL_LIMIT = 512


def for_statement(low, node: ast.For, body: Callable, orelse: Callable) -> None:
    """Read `for target in iterable: body else: orelse`."""
    from adtrans.lower.expressions import evaluate
    from adtrans.lower.statements import assign_target

    with low.place(node.iter):
        iterable = low.settled(evaluate(low, node.iter), "the iterable")

    def bind_and_run(item: Value) -> None:
        with low.place(node.target):
            assign_target(low, node.target, item)
        body()

    over(low, node, iterable, bind_and_run, orelse)


def over(low, node: ast.AST, iterable: Value, body: Callable[[Value], None], orelse: Callable) -> None:
    """Run `body(item)` for the items of an iterable: unrolled where its items are known one by one."""
    number = next(low.numbers)
    static = items_of(low, iterable)
    if static is not None:
        unrolled(low, number, len(static), lambda k: item_now(low, iterable, k), body, orelse)
        if len(items_of(low, iterable) or ()) != len(static):
            raise low.error("a list that changes its length while it is iterated over", hint="iterate over a copy")
        return
    before, errors = dict(low.env), len(low.errors)
    mark = low.build.mark()
    try:
        counted(low, node, number, iterable, body, orelse)
    except Shadowed as shadowed:
        extent = constant_trips(iterable)
        if extent is None or extent > UNROLL_LIMIT:
            raise shadowed.error from None
        low.env = before
        del low.errors[errors:]
        low.build.rollback(mark)
        unrolled(low, number, extent, lambda k: item_at(low, iterable, const(k)), body, orelse)


def constant_trips(iterable: Value) -> int | None:
    match iterable:
        case Range(Const(start), Const(stop), Const(step)) if step:
            return len(range(start, stop, step))
        case Iter("enumerate" | "reversed", (part,)):
            return constant_trips(part)
        case Iter("zip", parts):
            counts = [constant_trips(part) for part in parts]
            return None if None in counts else min(counts, default=0)
        case View(shape=shape):
            return shape[0].value if shape and isinstance(shape[0], Const) else None
    return None


# --- counted loops ---------------------------------------------------------------------------------------


def counted(low, node, number: int, iterable: Value, body: Callable[[Value], None], orelse: Callable) -> None:
    """A For over a range, or over the positions of arrays."""
    if isinstance(iterable, Range):
        start, stop, step = iterable.start, iterable.stop, iterable.step
        low.check(low.build.prim("ne", step, ZERO), "ValueError", "range() arg 3 must not be zero")
    else:
        start, stop, step = ZERO, extent_of(low, iterable), ONE
    broke = ("flow", "broke", number)
    low.env[broke] = Num(FALSE, True)

    def run(enter):
        enter()
        counter = Var(start.type, target_name(node), apart=low.frame.pinned is None)
        low.bounds.counter(counter, start, stop, step)
        with iteration(low, number):
            body(Num(counter, True) if isinstance(iterable, Range) else item_at(low, iterable, counter))
        return counter

    def build(counter, carries, statements):
        leave = low.loop_left
        return For(counter, start, stop, step, carries, statements, None if leave == FALSE else leave,
                   low.build.span, iterable.segments if isinstance(iterable, Range) else None)

    carried(low, node, number, run, build)
    after_loop(low, number, orelse)


def while_statement(low, node: ast.While, test: Callable[[], Operand], body: Callable, orelse: Callable) -> None:
    """A While with a pure test; one that writes, checks or calls is computed before and at the end of the body."""
    number = next(low.numbers)
    broke, go = ("flow", "broke", number), ("flow", "go", number)
    low.env[broke] = Num(FALSE, True)
    state: dict = {}

    def run(enter):
        # The head and the body each see the carried values anew: neither sees what the other computes.
        with low.build.block() as head:
            enter()
            state["test"] = test()
        state["head"] = head.body
        enter()
        with iteration(low, number):
            body()

    def run_rotated(enter):
        enter()
        state["test"], state["head"] = low.env[go].operand, []
        with iteration(low, number):
            body()
        left = low.env[broke].operand
        if left == TRUE:
            stop()
        elif left == FALSE:
            again()
        else:
            joins.branch(low, left, stop, again)

    def again() -> None:
        low.env[go] = Num(test(), True)

    def stop() -> None:
        low.env[go] = Num(FALSE, True)

    def build(_, carries, statements):
        leave = low.loop_left if not rotated else FALSE
        if leave != FALSE:
            raise Rotate
        return While(carries, tuple(state["head"]), state["test"], statements, low.build.span)

    rotated = not simple_test(low, test)
    if not rotated:
        before, errors = dict(low.env), len(low.errors)
        mark = low.build.mark()
        try:
            carried(low, node, number, run, build)
        except Rotate:
            rotated = True
            low.env = before
            del low.errors[errors:]
            low.build.rollback(mark)
    if rotated:
        low.env[go] = Num(test(), True)
        carried(low, (node, "rotated"), number, run_rotated, build)
    after_loop(low, number, orelse)


@contextmanager
def iteration(low, number: int) -> Iterator[None]:
    """Within the body nothing has jumped yet, or the loop would have been left."""
    frame = low.frame
    loops = frame.loops[:]
    flags = [("flow", "returned", frame.number), ("flow", "skip", number), ("flow", "broke", number)]
    flags += [("flow", what, n) for n in loops for what in ("skip", "broke")]
    for flag in flags:
        low.env[flag] = Num(FALSE, True)
    frame.loops.append(number)
    try:
        yield
    finally:
        frame.loops[:] = loops


class Rotate(Exception):
    """The loop can be left from its body: its test has to be carried as a flag."""


def simple_test(low, test: Callable[[], Operand]) -> bool:
    """Whether reading the test changes no name and no memory that outlives it."""
    before, errors, missing = dict(low.env), len(low.errors), set(low.missing)
    try:
        with low.build.block() as block:
            test()
        return quiet(block.body) and low.env == before
    except (Silent, AdtransError):
        return True
    finally:
        low.env, low.missing = before, missing
        del low.errors[errors:]


def quiet(body) -> bool:
    own = {statement.var for statement in walk(body) if isinstance(statement, Alloc)}
    return all(statement.array in own if isinstance(statement, (Store, Accumulate))
               else not isinstance(statement, (Print, Push)) for statement in walk(body))


def after_loop(low, number: int, orelse: Callable) -> None:
    """The else clause, which runs unless the loop was left by break."""
    broke = low.env[("flow", "broke", number)]
    if orelse is None or broke.operand == TRUE:
        return
    if broke.operand == FALSE:
        orelse()
    else:
        joins.branch(low, broke.operand, lambda: None, orelse)


def target_name(node) -> str:
    target = getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else "k"


# --- what is carried -------------------------------------------------------------------------------------


def carried(low, node, number: int, run: Callable, build: Callable) -> None:
    """Read the body until the guess of what is carried, and of its types, holds; then emit the loop."""
    hint_key = (id(node) if isinstance(node, ast.AST) else (id(node[0]), node[1]), low.calls) if known(node) else None
    entry = dict(low.env)
    live = {frame.number for frame in low.frames}
    forms = {key: form for key, form in low.hints.get(hint_key, {}).items()
             if key in entry or (key[0] in live and isinstance(key[1], str))}
    points: dict = {}
    apart: dict = {"broken": set()}
    mark, errors = low.build.mark(), len(low.errors)
    for _ in range(50):
        low.env = dict(entry)
        del low.errors[errors:]
        low.build.rollback(mark)
        missing, low.missing = low.missing, set()
        try:
            if attempt(low, number, entry, forms, points, apart, run, build):
                if hint_key is not None:
                    low.hints[hint_key] = forms
                return
        finally:
            low.missing = missing | low.missing
    raise low.error("the types of the loop's variables do not settle")


def known(node) -> bool:
    """Whether the loop has a node of its own to remember its types by."""
    return isinstance(node, ast.AST) or (isinstance(node, tuple) and isinstance(node[0], ast.AST))


def attempt(low, number, entry, forms, points, apart, run, build) -> bool:
    """One reading of the loop; False when the guess in `forms` had to be widened."""
    for key in list(forms):
        start = template(low, entry[key]) if key in entry else None
        if start is not None:
            forms[key] = join_templates(low, forms[key], start)
        elif not isinstance(forms[key], (MaybeT, StaticT)):
            forms[key] = MaybeT(forms[key])
    inits = {key: convert(low, entry.get(key, MISSING), form) for key, form in forms.items()}
    insides = {key: [inside_var(low, key, type, init, points.get((key, k)))
                     for k, (type, init) in enumerate(zip(operand_types(form), inits[key]))]
               for key, form in forms.items()}
    assume_apart(low, insides, inits, apart["broken"])
    with low.build.block() as block:
        def enter() -> None:
            for key, form in forms.items():
                low.env[key] = rebuild(low, form, iter(insides[key]))

        low.counted_depth += 1
        try:
            counter = run(enter)
        finally:
            low.counted_depth -= 1
        ended = low.env
        own = {counter, *(var for variables in insides.values() for var in variables)}
        late = settle(low, entry, ended, forms, own)
        if late is None:
            return False
        nexts = {key: convert(low, ended.get(key, MISSING), form) for key, form in [*forms.items(), *late.items()]}
        if not points_hold(low, insides, inits, nexts, points, apart, number):
            return False
        left = ended["flow", "broke", number].operand
    for key, form in late.items():
        inits[key] = convert(low, MISSING, form)
        insides[key] = [inside_var(low, key, type, init, None) for type, init in zip(operand_types(form), inits[key])]
    low.loop_left = left
    finish(low, number, {**forms, **late}, inits, insides, nexts, counter, block, build, entry)
    return True


def inside_var(low, key, type, init: Operand, points) -> Var:
    var = Var(type, key[1] if isinstance(key[1], str) and key[0] != "flow" else None,
              user=key[0] != "flow")
    if isinstance(type, Array):
        low.points[var] = points if points is not None else low.points[init]
    return var


def settle(low, entry: dict, ended: dict, forms: dict, own: set) -> dict | None:
    """Widen `forms` to what the body leaves behind. None when they were too narrow; otherwise the names that
    the body has bound for the first time, which nothing in it read before. `own` are the loop's own variables."""
    fits, late = True, {}
    within = own.union(*(defined(statement) for statement in low.build.here.body))
    for key, form in list(forms.items()):
        if key in ended:
            inner = template(low, ended[key])
            wider = form if silent(inner) else join_templates(low, form, inner)
        else:
            wider = form if isinstance(form, (MaybeT, StaticT)) else MaybeT(form)
        if wider != form:
            forms[key], fits = wider, False
    for key, value in ended.items():
        before = entry.get(key, MISSING)
        if key in forms or before is value or (before is not MISSING and before == value):
            continue
        form = template(low, value)
        if silent(form):
            continue
        if before is not MISSING:
            forms[key], fits = join_templates(low, template(low, before), form), False
            continue
        if key[0] == "flow" and key[1] != "result":
            continue
        form = form if key[0] == "flow" else form if isinstance(form, (MaybeT, StaticT)) else MaybeT(form)
        form = strip_extents(form, within)
        if key in low.missing:
            forms[key], fits = form, False
        else:
            late[key] = form
    return late if fits else None


def silent(form) -> bool:
    return isinstance(form, StaticT) and isinstance(form.value, Poison) and form.value.reason == ""


def assume_apart(low, insides: dict, inits: dict, broken: set) -> None:
    """Carried references that start apart are taken to stay apart (checked at the end of the body)."""
    arrays = [(key, k, var, inits[key][k]) for key, variables in insides.items()
              for k, var in enumerate(variables) if isinstance(var.type, Array)]
    for at, (key, k, var, init) in enumerate(arrays):
        for other_key, other_k, other, other_init in arrays[:at]:
            if frozenset(((key, k), (other_key, other_k))) in broken:
                continue
            if not low.may_alias(init, other_init):
                low.distinct.add(frozenset((var, other)))


def points_hold(low, insides, inits, nexts, points, apart, number) -> bool:
    """Whether the guesses about memory hold after the body: what references point to, which stay apart."""
    hold = True
    arrays = []
    for key, variables in insides.items():
        for k, var in enumerate(variables):
            if not isinstance(var.type, Array):
                continue
            target = nexts[key][k]
            arrays.append((key, k, var, target))
            reached = frozenset(site if low.birth(site) <= number else ("earlier", number)
                                for site in low.points[target])
            if not reached <= low.points[var]:
                points[key, k] = low.points[var] | reached
                hold = False
    for at, (key, k, var, target) in enumerate(arrays):
        for other_key, other_k, other, other_target in arrays[:at]:
            if frozenset((var, other)) in low.distinct and low.may_alias(target, other_target):
                apart["broken"].add(frozenset(((key, k), (other_key, other_k))))
                low.distinct.discard(frozenset((var, other)))
                hold = False
    return hold


def finish(low, number, forms, inits, insides, nexts, counter, block, build, entry) -> None:
    """Emit the loop and say what names mean after it."""
    carries, afters = [], {}
    for key in forms:
        outs: list[Operand] = []
        for init, inside, following in zip(inits[key], insides[key], nexts[key]):
            after = Var(inside.type, inside.name, inside.user)
            if isinstance(after.type, Array):
                low.points[after] = low.points[inside] | low.points[following] | low.points[init]
            carries.append(Carry(inside, init, following, after))
            outs.append(after)
        afters[key] = outs
    low.build.emit(build(counter, tuple(carries), tuple(block.body)))
    mark_apart(low, insides, afters)
    low.env = dict(entry)
    for key, form in forms.items():
        low.env[key] = rebuild(low, form, iter(afters[key]))


def mark_apart(low, insides: dict, afters: dict) -> None:
    pairs = {var: after for key in insides for var, after in zip(insides[key], afters[key])}
    for pair in list(low.distinct):
        if all(var in pairs for var in pair):
            low.distinct.add(frozenset(pairs[var] for var in pair))


# --- items -----------------------------------------------------------------------------------------------


def extent_of(low, iterable: Value) -> Operand:
    """The number of items."""
    build = low.build
    match iterable:
        case View(shape=shape) if shape:
            return shape[0]
        case Iter("zip", parts) if parts:
            extents = [extent_of(low, part) for part in parts]
            shortest = extents[0]
            for extent in extents[1:]:
                if not low.equal_extents(shortest, extent):
                    shortest = build.prim("min", shortest, extent)
            return shortest
        case Iter("enumerate" | "reversed", (part,)):
            return extent_of(low, part)
        case Iter("places", parts):
            total: Operand = ONE
            for part in parts:
                total = build.prim("mul", total, part.operand)
            return total
        case Iter("elements", (view,)):
            return extent_of(low, places(view))
        case Range(start, stop, step):
            if step == ONE:
                return views.count(low, build.prim("sub", stop, start), ONE)
            if isinstance(step, Const) and step.value < 0:
                return views.count(low, build.prim("sub", start, stop), const(-step.value))
            if isinstance(step, Const):
                return views.count(low, build.prim("sub", stop, start), step)
            up = views.count(low, build.prim("sub", stop, start), step)
            down = views.count(low, build.prim("sub", start, stop), build.prim("neg", step))
            return build.prim("select", build.prim("gt", step, ZERO), up, down)
        case Seq() | Ref():
            return const(len(items_of(low, iterable)))
        case Num():
            raise low.error("'float' object is not iterable", kind="type")
        case View():
            raise low.error("iteration over a 0-d array", kind="type")
    raise low.error("this cannot be iterated over", hint="iterate over range, arrays, tuples, lists, "
                                                         "enumerate, zip or reversed")


def places(view: View) -> Iter:
    """np.ndindex of the shape of an array."""
    return Iter("places", tuple(Num(extent, True) for extent in view.shape))


def item_at(low, iterable: Value, at: Operand) -> Value:
    """The item at a position."""
    build = low.build
    match iterable:
        case View():
            index = Num(at, True)
            return views.subscript(low, iterable, (index,))
        case Iter("zip", parts):
            return Seq(tuple(item_at(low, part, at) for part in parts))
        case Iter("enumerate", (part,), start):
            return Seq((Num(build.prim("add", at, start), True), item_at(low, part, at)))
        case Iter("places", parts):
            found: list[Value] = []
            for part in reversed(parts[1:]):
                found.insert(0, Num(build.prim("mod", at, part.operand), True))
                at = build.prim("floordiv", at, part.operand)
            return Seq((Num(at, True), *found)) if parts else Seq(())
        case Iter("elements", (view,)):
            index = item_at(low, places(view), at)
            return Seq((index, views.subscript(low, view, index.items)))
        case Iter("reversed", (part,)):
            last = build.prim("sub", extent_of(low, part), ONE)
            return item_at(low, part, build.prim("sub", last, at))
        case Range(start, _, step):
            return Num(build.prim("add", build.prim("mul", at, step), start), True)
        case Seq() | Ref():
            items = items_of(low, iterable)
            if isinstance(at, Const):
                return items[at.value]
            return views.subscript(low, low.as_array(iterable), (Num(at, True),))
    raise low.error("this cannot be iterated over")


# --- unrolling -------------------------------------------------------------------------------------------


def item_now(low, iterable: Value, k: int) -> Value:
    """The item at a position as it is now: what has been stored in a list or array since the loop began counts."""
    match iterable:
        case Iter("zip", parts):
            return Seq(tuple(item_now(low, part, k) for part in parts))
        case Iter("enumerate", (part,), start):
            return Seq((Num(low.build.prim("add", start, const(k)), True), item_now(low, part, k)))
    items = items_of(low, iterable)
    return item_at(low, iterable, const(k)) if items is None else items[k]


def unrolled(low, number: int, count: int, item: Callable[[int], Value], body: Callable[[Value], None],
             orelse: Callable) -> None:
    """The body once for each item, taken when its turn comes, each guarded by what `break` left."""
    skip, broke = ("flow", "skip", number), ("flow", "broke", number)
    low.env[broke] = Num(FALSE, True)

    def rest(k: int) -> None:
        if k == count:
            return
        low.env[skip] = Num(FALSE, True)
        low.frame.loops.append(number)
        try:
            body(item(k))
        finally:
            low.frame.loops.remove(number)
        left = low.env[broke].operand
        if left == FALSE:
            rest(k + 1)
        elif left != TRUE:
            joins.branch(low, left, lambda: None, lambda: continue_with(k + 1))

    def continue_with(k: int) -> None:
        low.env[broke] = Num(FALSE, True)
        rest(k)

    rest(0)
    after_loop(low, number, orelse)

