"""Array expressions that change shape: reductions along an axis, products, joins, reshapes.

In: a writer and the shape wanted. Out: `E` of that shape, made from expressions of other shapes.
"""

from tests.fuzz import arrays
from tests.fuzz.elementwise import CAP, fit, value
from tests.fuzz.scope import E

REDUCTIONS = {"sum": 4, "mean": 3, "prod": 1, "max": 2, "min": 2, "var": 1.5, "std": 1}


def reduced(w, shape, depth):
    """A reduction along one axis, with or without keeping it."""
    if len(shape) > 2:
        return fresh(w, shape, depth)
    if w.chance(0.2):
        return reduced_twice(w, shape, depth)
    name = w.choose(REDUCTIONS)
    ones = [a for a, n in enumerate(shape) if n == 1]
    n = w.rng.randint(2, 3)
    keep = bool(ones) and w.chance(0.7)
    if keep:
        axis = w.rng.choice(ones)
        source = (*shape[:axis], n, *shape[axis + 1 :])
        w.use("np:keepdims")
    else:
        axis = w.rng.randint(0, len(shape))
        source = (*shape[:axis], n, *shape[axis:])
    e = fit(w, value(w, source, depth), {"prod": 1.3, "std": 0.4}.get(name, CAP), source)
    if name == "std":
        e = E(f"{e.tight} + {arrays.ramp(w, source)}", CAP, False)
    bound = {"sum": n * e.bound, "prod": 1.3**n, "var": e.bound**2}.get(name, e.bound)
    axis = axis - len(source) if w.chance(0.3) else axis
    options = f"axis={axis}" + (", keepdims=True" if keep else "")
    w.use(f"np:{name}-axis")
    if w.chance(0.4):
        w.use(f"method:{name}")
        return E(f"{e.tight}.{name}({options})", bound)
    w.use(f"np:{name}")
    return E(f"np.{name}({e.text}, {options})", bound)


def reduced_twice(w, shape, depth):
    """A reduction along two axes at once."""
    name = w.choose({"sum": 4, "mean": 3, "max": 2, "min": 1, "var": 1})
    source, axes = list(shape), []
    if len(shape) == 2 and 1 in shape:
        axes = [shape.index(1), (shape.index(1) + 1) % 2] if shape == (1, 1) else [shape.index(1)]
        source = [w.rng.randint(2, 3) if k in axes else n for k, n in enumerate(shape)]
    else:
        for at in sorted(w.rng.sample(range(len(shape) + 2), 2)):
            source.insert(at, w.rng.randint(2, 3))
            axes.append(at)
    keep = len(source) == len(shape)
    source = tuple(source)
    e = fit(w, value(w, source, depth), CAP, source)
    axes = [axis - len(source) if w.chance(0.3) else axis for axis in axes]
    w.rng.shuffle(axes)
    w.use("np:axis-tuple", f"np:{name}-axis")
    text = f"np.{name}({e.text}, axis=({', '.join(map(str, axes))},){', keepdims=True' if keep else ''})"
    count = arrays.size(source) // max(arrays.size(shape), 1)
    return E(text, {"sum": count * e.bound, "var": e.bound**2}.get(name, e.bound))


def multiplied(w, shape, depth):
    """A matrix product, an outer product, or a product spread by new axes."""
    k = w.rng.randint(2, 3)
    if len(shape) == 2 and w.chance(0.3):
        return outer(w, shape, depth)
    if len(shape) == 1:
        left, right = ((shape[0], k), (k,)) if w.chance(0.5) else ((k,), (k, shape[0]))
    else:
        left, right = (*shape[:-1], k), (*shape[:-2], k, shape[-1])
    a, b = (fit(w, value(w, s, depth), 2.0, s) for s in (left, right))
    bound = k * a.bound * b.bound
    form = w.choose({"@": 4, "matmul": 2, **({"dot": 2, "method": 1} if len(shape) < 3 else {})})
    if form == "@":
        w.use("op:array@", "op:@")
        return E(f"{a.tight} @ {b.tight}", bound, False)
    if form == "method":
        w.use("method:dot")
        return E(f"{a.tight}.dot({b.text})", bound)
    w.use(f"np:{form}")
    return E(f"np.{form}({a.text}, {b.text})", bound)


def outer(w, shape, depth):
    """All products of two vectors' elements."""
    a, b = (fit(w, value(w, (n,), depth), 2.0, (n,)) for n in shape)
    if w.chance(0.6):
        w.use("np:outer")
        return E(f"np.outer({a.text}, {b.text})", a.bound * b.bound)
    w.use("index:none-axis", "op:array*", "op:broadcast")
    return E(f"{a.tight}[:, None] * {b.tight}[None, :]", a.bound * b.bound, False)


def summed(w, shape, depth):
    """A running sum."""
    if len(shape) > 1:
        axis = w.rng.randrange(len(shape))
        w.use("np:cumsum-axis")
        options, extent = f", axis={axis}", shape[axis]
    else:
        options, extent = w.rng.choice(["", ", axis=0"]), shape[0]
    e = value(w, shape, depth)
    if w.chance(0.4):
        w.use("method:cumsum")
        return E(f"{e.tight}.cumsum({options[2:]})", e.bound * extent)
    w.use("np:cumsum")
    return E(f"np.cumsum({e.text}{options})", e.bound * extent)


def joined(w, shape, depth):
    """Arrays put together along an old or a new axis."""
    axis = w.rng.randrange(len(shape))
    n = shape[axis]
    rest = (*shape[:axis], *shape[axis + 1 :])
    if rest and n <= 3 and w.chance(0.5):
        parts = [value(w, rest, depth) for _ in range(n)]
        name = "stack"
    else:
        cut = w.rng.randint(1, n - 1) if n > 1 else 1
        extents = [m for m in (cut, n - cut) if m]
        parts = [value(w, (*shape[:axis], m, *shape[axis + 1 :]), depth) for m in extents]
        name = "concatenate"
    w.use(f"np:{name}")
    brackets = "[]" if w.chance(0.5) else "()"
    listed = ", ".join(p.text for p in parts) + ("," if len(parts) == 1 else "")
    option = "" if axis == 0 and w.chance(0.6) else f", axis={axis}"
    return E(f"np.{name}({brackets[0]}{listed}{brackets[1]}{option})", max(p.bound for p in parts))


def reshaped(w, shape, depth):
    """The elements of another shape, or of the transpose."""
    if len(shape) == 2 and w.chance(0.3):
        e = value(w, shape[::-1], depth)
        w.use("method:T")
        return E(f"{e.tight}.T", e.bound, True, arrays.UNSURE)
    if len(shape) == 3 and w.chance(0.4):
        return turned(w, shape, depth)
    total = arrays.size(shape)
    if len(shape) == 1:
        return flattened(w, shape, depth)
    sources = [v.shape for v in w.arrays(lambda v: v.size == total and v.shape and v.shape != tuple(shape))]
    e = value(w, w.rng.choice(sources) if sources else (total,), depth)
    extents = list(map(str, shape))
    if w.chance(0.3):
        extents[w.rng.randrange(len(extents))] = "-1"
    listed = ", ".join(extents)
    if w.chance(0.3):
        w.use("np:reshape")
        return E(f"np.reshape({e.text}, ({listed}))", e.bound, True, arrays.UNSURE)
    w.use("method:reshape")
    return E(f"{e.tight}.reshape({f'({listed})' if w.chance(0.4) else listed})", e.bound, True, arrays.UNSURE)


def turned(w, shape, depth):
    """The axes of a three-dimensional array in another order."""
    order = w.rng.sample(range(3), 3)
    source = tuple(shape[order.index(k)] for k in range(3))
    e = value(w, source, depth)
    order = [k - 3 if w.chance(0.2) else k for k in order]
    listed = ", ".join(map(str, order))
    w.use("np:transpose-axes")
    text = w.rng.choice([f"np.transpose({e.text}, ({listed}))", f"{e.tight}.transpose({listed})",
                         f"{e.tight}.transpose(({listed}))"])
    return E(text, e.bound, True, arrays.UNSURE)


def flattened(w, shape, depth):
    """A vector of all elements of an array of higher rank."""
    (n,) = shape
    sources = [v.shape for v in w.arrays(lambda v: v.size == n and len(v.shape) > 1)]
    source = w.rng.choice(sources) if sources else (n // 2, 2) if n % 2 == 0 else (1, n)
    e = value(w, source, depth)
    form = w.choose({"ravel": 2, "np.ravel": 2, "flatten": 1, "reshape": 1})
    w.use(
        {
            "ravel": "method:ravel",
            "np.ravel": "np:ravel",
            "flatten": "method:flatten",
            "reshape": "method:reshape",
        }[form]
    )
    text = {"ravel": f"{e.tight}.ravel()", "np.ravel": f"np.ravel({e.text})",
            "flatten": f"{e.tight}.flatten()",
            "reshape": f"{e.tight}.reshape(-1)"}[form]  # fmt: skip
    return E(text, e.bound, True, arrays.UNSURE)


def fresh(w, shape, depth):
    """A copy of an expression."""
    return arrays.copied(w, value(w, shape, depth))
