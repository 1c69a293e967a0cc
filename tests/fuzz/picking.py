"""Elements picked by masks and index arrays: read, stored and added to; arrays sorted, rolled and summed by einsum;
views of views; linear algebra.

These are beyond the first set of constructs: only programs with extras have them.
"""

from tests.fuzz import arrays
from tests.fuzz.assignments import bounded, new_float
from tests.fuzz.elementwise import CAP, fit, value
from tests.fuzz.mutation import target, write_view
from tests.fuzz.scope import E


def positions(w, n, count):
    """A literal list of indices, some negative, some repeated."""
    found = [w.rng.randrange(-n, n) for _ in range(count)]
    return f"[{', '.join(map(str, found))}]"


def distinct(w, n, count):
    """A literal list of indices without repetition."""
    return f"[{', '.join(map(str, w.rng.sample(range(n), count)))}]"


def masked_store(w):
    """x[x > c] = s, x[mask] *= s, x[mask] = x[mask] * s."""
    var = target(w, lambda v: v.shape)
    if var is None or not w.module.extras:
        return False
    w.use("extra:mask-store")
    test = arrays.mask(w, var.shape, 1)
    form = w.choose({"store": 3, "scale": 2, "copy": 2, "add": 1})
    if form == "store":
        w.emit(f"{var.name}[{test}] = {bounded(w, var, value(w, None, 1)).text}")
    elif form == "scale":
        w.emit(f"{var.name}[{test}] *= {w.number(0.3, 0.9)}")
    elif form == "copy":
        w.emit(f"{var.name}[{test}] = {w.number(0.3, 0.9)} * {var.name}[{test}]")
    else:
        name = w.fresh("mask")
        w.emit(f"{name} = {test}")
        w.emit(f"{var.name}[{name}] = 0.5 * {var.name}[{name}] + 0.1")
    return None


def masked_sum(w):
    """A sum over the elements that a mask picks."""
    var = w.pick("array", lambda v: v.size and v.shape)
    if var is None or not w.module.extras:
        return False
    w.use("extra:mask-read")
    name = w.name("s")
    w.emit(f"{name} = np.sum({var.name}[{arrays.mask(w, var.shape, 1)}]) * {w.number(0.1, 0.3)}")
    new_float(w, name, var.bound * var.size * 0.3)
    return None


def indexed_store(w):
    """x[[i, j]] = e, x[[i, j]] += e, np.add.at(x, [i, i], e)."""
    var = target(w, lambda v: v.shape)
    if var is None or not w.module.extras:
        return False
    n = var.shape[0]
    count = w.rng.randint(1, n)
    shape = (count, *var.shape[1:])
    form = w.choose({"store": 3, "augmented": 2, "at": 2})
    if form == "at":
        w.use("extra:ufunc-at")
        e = fit(w, value(w, shape, 1), 0.1, shape)
        w.emit(f"{var.name}[...] *= 0.5") if w.loops else None
        w.emit(f"np.add.at({var.name}, {positions(w, n, count)}, 0.05 * np.tanh({e.text}))")
        var.storage.bound = max(var.storage.bound, var.bound + 0.1 * count)
        return None
    w.use("extra:index-array-store")
    e = bounded(w, var, fit(w, value(w, shape, 1), 1.0, shape), shape)
    if form == "store":
        w.emit(f"{var.name}[{positions(w, n, count)}] = +({e.text})")
    else:
        w.emit(f"{var.name}[{distinct(w, n, count)}] *= np.tanh({e.text})")
    return None


def picked(w, shape, depth):
    """An array expression of elements or rows picked by a list."""
    count, *rest = shape
    n = w.rng.randint(max(count - 1, 1), count + 2)
    e = value(w, (n, *rest), depth)
    w.use("extra:index-array-read")
    if w.chance(0.3):
        return E(f"np.take({e.text}, {positions(w, n, count)}, axis=0)", e.bound)
    return E(f"{e.tight}[{positions(w, n, count)}]", e.bound)


def arranged(w, shape, depth):
    """A sorted, rolled or flipped array."""
    axis = w.rng.randrange(len(shape))
    form = w.choose({"sort": 2, "roll": 2, "flip": 1, "cumprod": 1, "diff": 1})
    w.use(f"extra:np.{form}")
    if form == "diff":
        source = (*shape[:axis], shape[axis] + 1, *shape[axis + 1:])
        e = value(w, source, depth)
        return E(f"np.diff({e.text}, axis={axis})", 2.0 * e.bound)
    e = fit(w, value(w, shape, depth), {"cumprod": 1.2}.get(form, CAP), shape)
    if form == "sort":
        return E(f"np.sort({e.tight} + 0.01 * {arrays.ramp(w, shape)}, axis={axis})", e.bound + 1.0)
    if form == "roll":
        return E(f"np.roll({e.text}, {w.rng.randint(-3, 3)}, axis={axis})", e.bound)
    if form == "flip":
        return E(f"np.flip({e.text}, axis={axis})", e.bound)
    return E(f"np.cumprod({e.text}, axis={axis})", max(1.2 ** shape[axis], 1.2))


def contracted(w, shape, depth):
    """An einsum over one index."""
    k = w.rng.randint(2, 3)
    w.use("extra:np.einsum")
    if len(shape) == 1:
        a, b = ((shape[0], k), (k,))
        text = "ij,j->i"
    elif len(shape) == 2:
        a, b = ((shape[0], k), (shape[1], k))
        text = "ik,jk->ij"
    else:
        a, b = ((*shape[:2], k), (k, shape[2]))
        text = "abk,kc->abc"
    left, right = (fit(w, value(w, s, depth), 2.0, s) for s in (a, b))
    return E(f"np.einsum('{text}', {left.text}, {right.text})", k * left.bound * right.bound)


def through_two_views(w):
    """v = x[1:][::-1], or reshaped in between, and a store through it."""
    var = target(w, lambda v: v.shape)
    if var is None or not w.module.extras:
        return False
    w.use("extra:view-of-view")
    n, *rest = var.shape
    start = w.rng.randrange(n)
    count = w.rng.randint(1, n - start)
    first, shape = w.name("v", "array", len(var.shape)), (count, *rest)
    w.emit(f"{first} = {var.name}[{start}:{start + count}]")
    w.declare(first, "array", shape=shape, storage=var.storage)
    second = {"reversed": "[::-1]", "every": "[::2]", "rows": "[...]", "turned": ".T"}[
        w.choose({"reversed": 2, "every": 2, "rows": 1, "turned": 2})]
    if second == "[::2]":
        shape = ((count + 1) // 2, *rest)
    elif second == ".T":
        shape = shape[::-1]
    return write_view(w, E(f"{first}{second}", var.bound, storage=var.storage), shape)


def dominated(w, n, depth):
    """A matrix with a heavy diagonal; the maximum norm of its inverse is at most 1/2."""
    e = fit(w, value(w, (n, n), depth), 1.0, (n, n))
    return f"{e.tight} + {n + 2}.0 * np.eye({n})"


def solved(w, shape, depth):
    """np.linalg.solve, inv, and a Cholesky factor."""
    n = shape[0]
    form = w.choose({"solve": 3, "inv": 2 if shape == (n, n) else 0, "cholesky": 1 if shape == (n, n) else 0})
    w.use(f"extra:np.linalg.{form}")
    if form == "solve":
        e = fit(w, value(w, shape, depth), CAP, shape)
        return E(f"np.linalg.solve({dominated(w, n, depth)}, {e.text})", 0.5 * e.bound)
    if form == "inv":
        return E(f"np.linalg.inv({dominated(w, n, depth)})", 0.5)
    e = fit(w, value(w, (n, n), depth), 1.0, (n, n))
    name = w.fresh("m")
    w.emit(f"{name} = {e.text}")
    return E(f"np.linalg.cholesky({name} @ {name}.T + 1.5 * np.eye({n}))", (n + 1.5) ** 0.5)


def measured(w):
    """A determinant or a norm."""
    if not w.module.extras:
        return False
    n = w.rng.randint(1, 3)
    form = w.choose({"det": 1, "norm": 1})
    w.use(f"extra:np.linalg.{form}")
    matrix = dominated(w, n, 1)
    name = w.name("s")
    scale = 0.5 * (2 * n + 2.0) ** -(n if form == "det" else 1) / n
    w.emit(f"{name} = {scale:.3g} * np.linalg.{form}({matrix})")
    new_float(w, name, 1.0)
    return None
