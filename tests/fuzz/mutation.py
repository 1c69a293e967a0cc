"""Statements that change arrays in place: elements, slices, whole arrays, through names and through views.

In: a writer. Out: lines. Bounds are kept as in `assignments`.
"""

import ast

from tests.fuzz import arrays, scalars
from tests.fuzz.assignments import bounded, increment, new_float
from tests.fuzz.elementwise import CAP, fit, value
from tests.fuzz.scope import E, Storage


def target(w, accept=lambda v: True):
    """An array whose elements can be stored to."""
    grown = w.pick("array", lambda v: v.size and accept(v) and id(v.storage) in w.accumulators)
    return grown if grown and w.chance(0.6) else w.pick("array", lambda v: v.size and accept(v))


def element(w):
    """x[i] = e, x[i] op= e."""
    var = target(w)
    if var is None:
        return False
    where = scalars.subscript(w, var.shape)
    store(w, var, where, None, "element")
    return None


def store(w, var, where, shape, what):
    """A plain or augmented store to `var[where]`."""
    text = f"{var.name}{where}" if where else var.name
    if where and w.chance(0.6):
        w.use("stmt:element-store" if what == "element" else "stmt:slice-store")
        e = bounded(w, var, value(w, shape, 2), shape)
        w.use("loop:carried-array") if w.loops and var.loops < w.loops else None
        w.emit(f"{text} = {computed(e.text, shape)}")
        return
    if where:
        w.use("stmt:element-augmented" if what == "element" else "stmt:slice-augmented")
    op, e = increment(w, var, shape)
    w.use(f"stmt:augmented{op}")
    w.emit(f"{text} {op}= {e.text}")


def computed(text, shape):
    """A vector that is stored is no bare view: NumPy copies between overlapping vectors of different strides as if
    they did not overlap."""
    node = ast.parse(text, mode="eval").body
    views = ("reshape", "ravel", "transpose", "asarray")
    bare = isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in views)
    return f"+{text}" if bare and shape is not None and len(shape) == 1 else text


def sliced(w):
    """x[a:b] = e and the like, with arrays or scalars on the right."""
    var = target(w, lambda v: v.shape)
    if var is None:
        return False
    shape = tuple(w.rng.randint(1, n) for n in var.shape[w.rng.randrange(len(var.shape)) :])
    view = arrays.window(w, var, shape)
    if view is None:
        return False
    where = view.text[len(var.name) :]
    if where.count(":") > 1 and "::" not in where.replace("::-1", ""):
        w.use("stmt:strided-store")
    store(w, var, where, None if w.chance(0.25) else shape, "slice")
    return None


def whole(w):
    """x[:] = e, x *= e, x.fill(s)."""
    var = target(w, lambda v: v.shape)
    if var is None:
        return False
    form = w.choose({"full": 3, "augmented": 4 if var.assignable else 0, "fill": 1})
    if form == "augmented":
        store(w, var, "", var.shape if w.chance(0.6) else None, "whole")
    elif form == "fill":
        w.use("method:fill")
        w.emit(f"{var.name}.fill({bounded(w, var, value(w, None, 1)).text})")
    else:
        w.use("stmt:full-store")
        e = bounded(w, var, value(w, var.shape, 2), var.shape)
        w.emit(f"{var.name}[{w.rng.choice([':', '...'])}] = {computed(e.text, var.shape)}")
    return None


def overlapping(w):
    """A slice stored from another slice of the same array."""
    var = target(w, lambda v: v.shape and v.shape[0] > 1)
    if var is None:
        return False
    w.use("stmt:overlapping-store")
    left, right = w.rng.choice([("1:", ":-1"), (":-1", "1:"), (":", "::-1"), ("::-1", ":")])
    n = var.shape[0] - 1 if "1:" in (left, right) else var.shape[0]
    e = fit(w, value(w, (n, *var.shape[1:]), 1), 1.0, var.shape)
    moved = E(f"{w.number(0.4, 0.9)} * {var.name}[{right}] + {e.tight}", 0.9 * var.bound + 1.0, False)
    w.emit(f"{var.name}[{left}] = {bounded(w, var, moved, var.shape).text}")
    return None


def swapped_elements(w):
    """x[i], x[j] = x[j], x[i]."""
    var = target(w, lambda v: v.shape)
    if var is None:
        return False
    w.use("stmt:swap-elements")
    a, b = (f"{var.name}{scalars.subscript(w, var.shape)}" for _ in range(2))
    w.emit(f"{a}, {b} = {b}, {a}")
    return None


def through_view(w):
    """v = x[1:]; v *= e, or a store into v."""
    var = target(w, lambda v: v.shape)
    if var is None:
        return False
    rank = w.rng.randint(1, len(var.shape))
    shape = tuple(w.rng.randint(1, n) for n in var.shape[len(var.shape) - rank :])
    view = arrays.window(w, var, shape)
    if view is None:
        return False
    w.use("stmt:row-view-write" if rank < len(var.shape) else "stmt:view-write")
    return write_view(w, view, shape)


def write_view(w, view, shape):
    """A name for a view and a store through it."""
    name = w.name("v", "array", len(shape))
    w.emit(f"{name} = {view.text}")
    var = w.declare(name, "array", shape=shape, storage=view.storage)
    form = w.choose({"whole": 4, "element": 3, "slice": 1})
    if form == "whole":
        store(w, var, "", shape if w.chance(0.5) else None, "whole")
    elif form == "element":
        store(w, var, scalars.subscript(w, shape), None, "element")
    else:
        w.use("stmt:full-store")
        w.emit(f"{name}[:] = {computed(bounded(w, var, value(w, shape, 2), shape).text, shape)}")


def through_transpose(w):
    """t = x.T; a store into t."""
    var = target(w, lambda v: len(v.shape) > 1)
    if var is None:
        return False
    w.use("stmt:transpose-write", "method:T")
    return write_view(w, E(f"{var.name}.T", var.bound, True, var.storage), var.shape[::-1])


def through_reshape(w):
    """A store through a reshaped view of a contiguous array."""
    var = target(w, lambda v: v.contiguous)
    if var is None:
        return False
    form = w.choose({"ravel": 2, "reshape": 2})
    w.use("stmt:reshape-write", f"method:{form}")
    if form == "ravel" or var.size % 2 or len(var.shape) > 1:
        text = f"{var.name}.ravel()" if form == "ravel" else f"{var.name}.reshape(-1)"
        return write_view(w, E(text, var.bound, True, var.storage), (var.size,))
    text = f"{var.name}.reshape({var.size // 2}, 2)"
    return write_view(w, E(text, var.bound, True, var.storage), (var.size // 2, 2))


def overwritten(w):
    """An element is used nonlinearly and overwritten afterwards."""
    var = target(w)
    if var is None:
        return False
    w.use("stmt:overwrite-after-use", "stmt:element-store")
    where = scalars.subscript(w, var.shape)
    name = w.name("s")
    read = fit(w, E(f"{var.name}{where}", var.bound), 2.0, None)
    w.emit(f"{name} = {read.tight} * {read.tight} + {w.number()}")
    new_float(w, name, read.bound**2 + 1.5)
    e = value(w, None, 1)
    if w.chance(0.5):
        e = E(
            f"{w.number(0.3, 0.8)} * {var.name}{where} * {fit(w, e, 1.0, None).tight}", 0.8 * var.bound, False
        )
    w.emit(f"{var.name}{where} = {bounded(w, var, e).text}")
    return None


def scratch(w):
    """A buffer: zeros, ones or empty, at once filled where it was empty."""
    shape = arrays.some_shape(w)
    name = w.name("w", "array", len(shape))
    form = w.choose({"zeros": 4, "ones": 1, "empty": 2, "zeros_like": 1, "empty_like": 1, "full": 1})
    same = w.arrays(lambda v: v.shape == tuple(shape))
    if form.endswith("like") and not same:
        form = form[:-5]
    w.use(f"np:{form}")
    contiguous = True
    if form.endswith("like"):
        like = w.rng.choice(same)
        contiguous = like.contiguous
        text = f"np.{form}({like.name})"
    else:
        fill = f", {w.number()}" if form == "full" else ""
        text = f"np.{form}({arrays.dims(w, shape)}{fill}{arrays.dtype(w)})"
    w.use("loop:scratch-inside" if w.loops else "loop:scratch-outside")
    w.emit(f"{name} = {text}")
    if form.startswith("empty"):
        fill_empty(w, name, shape)
    w.declare(name, "array", shape=tuple(shape), storage=Storage(CAP), contiguous=contiguous)


def fill_empty(w, name, shape):
    """Give every element of an empty array a value: at once, or in loops."""
    if w.chance(0.4) or 0 in shape or arrays.size(shape) * w.trips > 24:
        w.use("stmt:full-store")
        w.emit(f"{name}[:] = {fit(w, value(w, shape, 1), CAP, shape).text}")
        return
    level, scope, indices = w.level, dict(w.scope), []
    for n in shape:
        i = w.fresh("i")
        w.use("loop:range", "loop:nested" if indices else "loop:range")
        w.emit(f"for {i} in range({arrays.length(w, n)}):")
        w.declare(i, "int", lo=0, hi=n - 1, stable=True)
        indices.append(i)
        w.level += 1
    w.emit(f"{name}[{', '.join(indices)}] = {fit(w, value(w, None, 2), CAP, None).text}")
    w.level, w.scope = level, scope
