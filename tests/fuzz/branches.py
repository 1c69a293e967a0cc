"""Branches, early exits, checks and other statements of control flow outside loops.

In: a writer. Out: lines.
"""

from tests.fuzz import results, scalars, statements
from tests.fuzz.assignments import bounded, new_float
from tests.fuzz.elementwise import CAP, fit, value
from tests.fuzz.scope import E


def branch(w):
    """if, elif, else."""
    w.use("stmt:if")
    with w.block(f"if {scalars.condition(w)}:"):
        statements.body(w, w.rng.randint(1, 2))
    if w.chance(0.25):
        w.use("stmt:elif")
        with w.block(f"elif {scalars.condition(w)}:"):
            statements.body(w, w.rng.randint(1, 2))
    if w.chance(0.5):
        w.use("stmt:else")
        with w.block("else:"):
            statements.body(w, w.rng.randint(0, 2))


def both(w):
    """A name set in both branches."""
    w.use("stmt:both-branch-variable", "stmt:if", "stmt:else")
    name = w.name("b")
    a, b = (fit(w, value(w, None, 2), CAP, None) for _ in range(2))
    with w.block(f"if {scalars.condition(w)}:"):
        w.emit(f"{name} = {a.text}")
    with w.block("else:"):
        w.emit(f"{name} = {b.text}")
    new_float(w, name, CAP)


def one(w):
    """A name set in one branch only, and read only when it was set."""
    w.use("stmt:one-branch-variable", "stmt:if")
    flag, name = w.fresh("known"), w.fresh("q")
    e = fit(w, value(w, None, 2), CAP, None)
    target = w.name("s")
    w.emit(f"{flag} = {scalars.condition(w)}")
    w.emit(f"{target} = {w.number()}")
    with w.block(f"if {flag}:"):
        w.emit(f"{name} = {e.text}")
    new_float(w, target, CAP * 1.5)
    if w.budget > 0 and w.chance(0.5):
        statements.body(w, 1)
    if target in w.scope:
        with w.block(f"if {flag}:"):
            e = E(f"{name} * {w.number()}", CAP * 1.5, False)
            w.emit(f"{target} = {bounded(w, w.scope[target], e).text}")
    w.declare(flag, "bool")


def leave(w):
    """An early return, also out of loops."""
    if not w.returns:
        return False
    w.use("loop:return-in-loop" if w.loops else "stmt:early-return", "stmt:if")
    with w.block(f"if {scalars.condition(w)}:"):
        w.emit(f"return {results.short(w).text}")
    return None


def check(w):
    """An assertion or a raise that does not fire."""
    var = w.pick("float")
    array = w.pick("array", lambda v: v.shape)
    if array and w.chance(0.4):
        w.use("stmt:assert")
        w.emit(f"assert {array.name}.shape[0] == {array.shape[0]}" + w.rng.choice(["", ', "length"']))
    elif var and w.chance(0.5):
        w.use("stmt:assert")
        w.emit(f"assert abs({var.name}) < 1e9")
    elif var:
        w.use("stmt:raise", "stmt:if")
        with w.block(f"if {var.name} > 1e9:"):
            w.emit(
                w.rng.choice(
                    [
                        'raise ValueError("too large")',
                        "raise RuntimeError",
                        'raise OverflowError("value out of range")',
                    ]
                )
            )
    else:
        return False
    return None
