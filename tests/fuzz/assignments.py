"""Straight-line statements that bind names: scalars, several at once, arrays.

In: a writer. Out: lines and names in sight. Each function adds one statement (or a short fixed sequence) and
returns False when nothing suitable is in sight.
"""

from tests.fuzz import arrays, scalars
from tests.fuzz.elementwise import CAP, fit, positive, value
from tests.fuzz.scope import GROWTH, E, Storage


def bounded(w, var, e, shape=None):
    """The expression, made to respect a name's bound inside loops; outside, the bound gives way."""
    if w.loops:
        if var.loops < w.loops:
            w.use("loop:carried-scalar" if shape is None else "loop:carried-array")
        return fit(w, e, var.bound, shape)
    var.storage.bound = max(var.bound, e.bound)
    return e


def new_float(w, name, bound):
    """Bring a scalar into sight."""
    return w.declare(name, "float", storage=Storage(max(bound, 1.0)))


def assign(w):
    """name = expression."""
    e = value(w, None, 3)
    name = w.name("s")
    if w.chance(0.1):
        w.use("stmt:annotated")
        w.emit(f"{name}: float = {e.text}")
    else:
        w.use("stmt:assign")
        w.emit(f"{name} = {e.text}")
    new_float(w, name, e.bound)


def reassign(w):
    """A name in sight gets a new value."""
    var = w.pick("float", lambda v: v.assignable)
    if var is None:
        return assign(w)
    e = value(w, None, 2)
    if w.chance(0.5):
        e = E(f"{w.number(0.3, 0.7)} * {var.name} + {e.tight}", 0.7 * var.bound + e.bound, False)
    w.use("stmt:assign")
    w.emit(f"{var.name} = {bounded(w, var, e).text}")
    return None


def augmented(w):
    """name op= expression."""
    var = w.pick(
        "float", lambda v: v.assignable and (not w.loops or id(v.storage) in w.accumulators)
    ) or w.pick("float", lambda v: v.assignable)
    if var is None:
        return False
    op, e = increment(w, var, None)
    w.use(f"stmt:augmented{op}")
    w.emit(f"{var.name} {op}= {e.text}")
    return None


def increment(w, var, shape):
    """An in-place operator and its right-hand side, such that the bound of `var` holds in loops."""
    forms = {"*": 3, "/": 1.5}
    grows = not w.loops or (id(var.storage) in w.accumulators)
    if grows:
        forms |= {"+": 6, "-": 3}
    if not w.loops:
        forms |= {"//": 0.4, "%": 0.8, "**": 0.5 if var.bound <= 3.0 else 0.0}
    op = w.choose(forms)
    if w.loops and var.loops < w.loops:
        w.use("loop:carried-scalar" if shape is None else "loop:carried-array")
    if op in "+-":
        e = value(w, shape, 2)
        e = fit(w, e, GROWTH / (2 * w.trips), shape) if w.loops else e
        if not w.loops:
            var.storage.bound += e.bound
        return op, e
    if op == "*":
        return op, fit(w, value(w, shape, 2), 1.0, shape)
    if op == "**":
        var.storage.bound = max(var.bound**2, 1.0)
        return op, E("2")
    if op == "/":
        return op, E(f"1.0 + {positive(w, shape, 1).tight}", 7.0, False)
    e = positive(w, shape, 1)
    var.storage.bound = max(6.0, var.bound / 0.3 + 1)
    return op, e


def unpack(w):
    """Several names at once, plain or nested."""
    count = w.rng.choice([2, 2, 3])
    parts = [fit(w, value(w, None, 2), CAP, None) for _ in range(count)]
    names = []
    for _ in range(count):
        name = w.name("p")
        while name in names:
            name = w.fresh("p")
        names.append(name)
    if count == 3 and w.chance(0.5):
        w.use("stmt:unpack-nested")
        w.emit(f"({names[0]}, {names[1]}), {names[2]} = ({parts[0].text}, {parts[1].text}), {parts[2].text}")
    else:
        w.use("stmt:unpack")
        w.emit(f"{', '.join(names)} = {', '.join(p.text for p in parts)}")
    for name in names:
        new_float(w, name, CAP)


def swap(w):
    """Two names exchanged, or two advanced together."""
    found = w.find("float", lambda v: v.assignable)
    if len(found) < 2:
        return False
    a, b = w.rng.sample(found, 2)
    w.use("stmt:swap")
    if not w.loops or a.bound == b.bound:
        a.storage.bound = b.storage.bound = max(a.bound, b.bound)
        w.emit(f"{a.name}, {b.name} = {b.name}, {a.name}")
        return None
    e = E(
        f"{w.number(0.2, 0.6)} * {a.name} + {w.number(0.1, 0.4)} * {b.name}",
        0.6 * a.bound + 0.4 * b.bound,
        False,
    )
    w.emit(f"{a.name}, {b.name} = {bounded(w, a, E(b.name, b.bound)).text}, {bounded(w, b, e).text}")
    return None


def chained(w):
    """a = b = expression."""
    e = value(w, None, 2)
    a, b = w.fresh("s"), w.fresh("t")
    w.use("stmt:chained")
    w.emit(f"{a} = {b} = {e.text}")
    new_float(w, a, e.bound), new_float(w, b, e.bound)


def walrus(w):
    """A name bound inside an expression or a condition."""
    w.use("stmt:walrus")
    name, e = w.fresh("t"), fit(w, value(w, None, 2), CAP, None)
    if w.chance(0.5):
        target = w.name("s")
        w.emit(f"{target} = ({name} := {e.text}) * {w.number()} + {name} * {name}")
        new_float(w, name, e.bound), new_float(w, target, e.bound**2 + 2 * e.bound)
        return
    var = w.pick("float", lambda v: v.assignable)
    with w.block(f"if ({name} := {e.text}) > {w.number(0.1, 0.6)}:"):
        new_float(w, name, e.bound)
        if var:
            w.emit(f"{var.name} = {bounded(w, var, E(f'{name} * {w.number()}', 1.5 * e.bound, False)).text}")
        else:
            assign(w)
    new_float(w, name, e.bound)


def deleted(w):
    """A name that is used and then deleted."""
    w.use("stmt:del")
    e = value(w, None, 2)
    name, target = w.fresh("gone"), w.name("s")
    w.emit(f"{name} = {e.text}")
    w.emit(f"{target} = {w.number()} * {name}")
    w.emit(f"del {name}")
    new_float(w, target, 1.5 * e.bound)


def count(w):
    """A stable integer name."""
    name = w.fresh("n")
    var = w.pick("array", lambda v: v.shape and v.shape[0] > 1)
    if var and w.chance(0.6):
        n = var.shape[0]
        w.use("builtin:len", "op:int//")
        half = w.chance(0.4)
        w.emit(f"{name} = len({var.name}){' // 2' if half else ''}")
        n = n // 2 if half else n
    else:
        n = w.rng.randint(1, 4)
        w.emit(f"{name} = {n}")
    w.declare(name, "int", lo=n, hi=n, stable=True)


def flag(w):
    """A boolean name."""
    text = scalars.condition(w)
    name = w.fresh("flag")
    w.emit(f"{name} = {text}")
    w.declare(name, "bool")


def rounded_count(w):
    """An integer computed from floats: not differentiable, so it only steers."""
    name = w.fresh("k")
    e = fit(w, value(w, None, 1), 2.0, None)
    form = w.rng.choice(["int", "round"])
    w.use(f"builtin:{form}")
    w.emit(f"{name} = {form}({w.number(1.1, 1.5)} * {e.tight})")
    w.declare(name, "int", lo=-4, hi=4)


def printed(w):
    """Something printed."""
    w.use("stmt:print")
    var = w.pick("float")
    w.emit(f'print("here", {var.name})' if var and w.chance(0.7) else 'print("here")')


def new_array(w):
    """An array name for any array expression; a view or an alias stays one."""
    shape = arrays.some_shape(w)
    e = value(w, shape, 3) if w.chance(0.75) else arrays.leaf(w, shape)
    if e.storage is arrays.UNSURE:
        e = arrays.copied(w, e)
    name = w.name("u", "array", len(shape))
    if e.text in w.scope:
        w.use("stmt:alias-name")
    w.emit(f"{name} = {e.text}")
    w.declare(name, "array", shape=tuple(shape), storage=e.storage or Storage(max(e.bound, 1.0)))


def masked(w):
    """A boolean array name."""
    var = w.pick("array", lambda v: v.size)
    if var is None or not var.shape:
        return False
    name = w.fresh("mask")
    w.use("op:array-compare")
    w.emit(f"{name} = {var.name} {w.rng.choice(['>', '<=', '<'])} {w.number(0.1, 0.5)}")
    w.declare(name, "bools", shape=var.shape)
    return None


def rebound(w):
    """An array name gets a new array of the same shape."""
    var = w.pick("array", lambda v: v.assignable and v.shape)
    if var is None:
        return False
    e = value(w, var.shape, 2)
    e = E(f"{var.name} * {w.number(0.3, 0.7)} + {e.tight}", 0.7 * var.bound + e.bound, False)
    w.use("loop:rebind-array") if w.loops else None
    text = bounded(w, var, e, var.shape).text
    # A name that is one array in single precision and another in double on its way round a loop has no type.
    w.emit(f"{var.name} = ({text}).astype(np.float32)" if w.module.single else f"{var.name} = {text}")
    var.contiguous = False
    return None
