"""Array expressions of a given shape: names, slices and views, constructors, and forms that change shape.

In: a writer and a concrete shape. Out: `E`; its `storage` is set where the expression shows existing memory,
and is `UNSURE` where NumPy decides by layout between a view and a copy.
"""

import itertools

from tests.fuzz import scalars
from tests.fuzz.elementwise import CAP, fit, value
from tests.fuzz.scope import E, Storage

UNSURE = Storage(CAP)


def size(shape):
    """Number of elements."""
    n = 1
    for extent in shape:
        n *= extent
    return n


def text_of(shape):
    """A shape as a tuple literal."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def some_shape(w, empty=True, rank=None):
    """The shape of an array in sight, or a small one."""
    found = [
        v.shape
        for v in w.arrays(lambda v: v.shape and (empty or v.size) and (rank is None or len(v.shape) == rank))
    ]
    if found and w.chance(0.85):
        return w.rng.choice(found)
    rank = rank or w.choose({1: 4, 2: 3, 3: 0.5})
    return tuple(w.rng.randint(2, 4 if rank < 3 else 3) for _ in range(rank))


def length(w, n):
    """An integer known to be n, as text."""
    options = [str(n)]
    for var in w.arrays(lambda v: n in v.shape):
        axis = var.shape.index(n)
        options.append(f"{var.name}.shape[{axis}]")
        if axis == 0:
            options.append(f"len({var.name})")
        if var.shape == (n,):
            options.append(f"{var.name}.size")
            options.append(f"np.shape({var.name})[0]")
            options.append(f"np.size({var.name})")
    options += [v.name for v in w.find("int", lambda v: v.stable and v.lo == v.hi == n)] * 2
    text = w.rng.choice(options)
    for mark, construct in (("np.shape", "np:shape"), ("np.size", "np:size"), (".shape[", "method:shape"),
                            ("len(", "builtin:len"), (".size", "method:size")):  # fmt: skip
        if mark in text:
            w.use(construct)
            break
    return text


def dtype(w):
    """A dtype argument, or nothing."""
    single = w.module.single
    return w.choose(
        {
            "": 5,
            ", dtype=np.float32" if single else ", dtype=np.float64": 1,
            "" if single else ", dtype=float": 1,
        }
    )


def mask(w, shape, depth):
    """A boolean array expression."""
    var = w.pick("bools", lambda v: v.shape == tuple(shape))
    if var and w.chance(0.4):
        return var.name
    if w.module.extras and w.chance(0.4):
        w.use("extra:mask-operators")
        a, b = (f"({value(w, shape, 0).tight} > {w.number(0.1, 0.6)})" for _ in range(2))
        return w.rng.choice([f"{a} & {b}", f"{a} | {b}", f"~{a}"])
    w.use("op:array-compare")
    op = w.rng.choice(scalars.COMPARISONS[:4])
    w.use(f"op:{op}")
    return f"{value(w, shape, min(depth, 1)).tight} {op} {w.number(0.1, 0.6)}"


def ramp(w, shape):
    """An array whose elements differ by at least one."""
    w.use("np:arange")
    if len(shape) == 1:
        return f"np.arange({length(w, shape[0])})"
    w.use("method:reshape")
    return f"np.arange({size(shape)}.0).reshape{text_of(shape)}"


def leaf(w, shape):
    """A name, slice or view of this shape, or a constructor when there is none."""
    if len(shape) > 1 and 1 in shape and w.chance(0.7):
        return spread(w, shape)
    candidates = w.arrays(lambda v: len(v.shape) >= len(shape))
    w.rng.shuffle(candidates)
    exact = [v for v in candidates if v.shape == tuple(shape)]
    if exact and w.chance(0.6):
        return E(exact[0].name, exact[0].bound, True, exact[0].storage, exact[0].contiguous)
    for var in candidates:
        if len(shape) > 1 and w.chance(0.3) and (e := turned(w, var, shape)):
            return e
        if e := window(w, var, shape):
            return e
    return constructor(w, shape, 0)


def spread(w, shape):
    """A view with axes of length one put in."""
    inner = leaf(w, tuple(n for n in shape if n != 1) or (1,))
    if all(n == 1 for n in shape):
        return constructor(w, shape, 0)
    name = w.rng.choice(["None", "np.newaxis"])
    w.use("index:none-axis" if name == "None" else "index:newaxis")
    parts = [name if n == 1 else ":" for n in shape]
    return E(f"{inner.tight}[{', '.join(parts)}]", inner.bound, True, inner.storage)


def turned(w, var, shape):
    """A transpose of a name."""
    if len(var.shape) != len(shape) or sorted(var.shape) != sorted(shape):
        return None
    orders = [
        p for p in itertools.permutations(range(len(shape))) if tuple(var.shape[a] for a in p) == tuple(shape)
    ]
    order = w.rng.choice(orders)
    if order == tuple(reversed(range(len(shape)))):
        form = w.choose({"T": 3, "np": 1, "method": 1})
        w.use({"T": "method:T", "np": "np:transpose", "method": "method:transpose"}[form])
        text = {"T": f"{var.name}.T", "np": f"np.transpose({var.name})", "method": f"{var.name}.transpose()"}[
            form
        ]
    elif w.chance(0.5):
        w.use("np:transpose")
        text = f"np.transpose({var.name}, {text_of(order)})"
    else:
        w.use("method:transpose")
        text = f"{var.name}.transpose{text_of(order)}"
    return E(text, var.bound, True, var.storage)


def window(w, var, shape):
    """A basic-indexing view of a name with this shape, or None."""
    kept_axes = [
        axes
        for axes in itertools.combinations(range(len(var.shape)), len(shape))
        if all(var.shape[a] >= n for a, n in zip(axes, shape))
        and all(n > 0 for a, n in enumerate(var.shape) if a not in axes)
    ]
    if not kept_axes or not shape:
        return None
    axes = w.rng.choice(kept_axes)
    wanted = dict(zip(axes, shape))
    parts = [
        slice_text(w, n, wanted[a]) if a in wanted else scalars.index(w, n) for a, n in enumerate(var.shape)
    ]
    return E(var.name + bracket(w, parts), var.bound, True, var.storage)


def bracket(w, parts):
    """Index parts in brackets, with runs of full slices written as `:`, `...` or nothing."""
    if all(p == ":" for p in parts):
        return "[:]"
    if len(parts) > 1:
        if parts[0] == ":" and parts[-1] != ":":
            w.use("index:column")
            if w.chance(0.5) and all(p == ":" for p in parts[:-1]):
                w.use("index:ellipsis")
                return f"[..., {parts[-1]}]"
        if parts[-1] == ":" and parts[0] != ":":
            if w.chance(0.5):
                w.use("index:row")
            elif w.chance(0.5):
                w.use("index:ellipsis")
                while parts[-1] == ":":
                    parts = parts[:-1]
                parts = [*parts, "..."]
            else:
                while parts[-1] == ":":
                    parts = parts[:-1]
    return f"[{', '.join(parts)}]"


def slice_text(w, n, m):
    """A slice of a dimension of length n that has m elements."""
    if m == n:
        if n > 0 and w.chance(0.12):
            w.use("index:negative-step")
            return "::-1"
        return ":"
    w.use("index:slice")
    start = w.rng.randint(0, n - m)
    stable = w.find("int", lambda v: v.stable and v.lo >= 0 and v.hi + m <= n)
    form = w.choose(
        {"plain": 3, "tail": 1, "head": 1, "stride": 2, "back": 1, "computed": 3 if stable else 0}
    )
    if form == "tail" and m > 0:
        return f"-{m}:"
    if form == "head":
        return f":{m}" if w.chance(0.5) else f":-{n - m}"
    if form == "stride" and m > 1 and 2 * (m - 1) < n:
        w.use("index:strided-slice")
        step = w.rng.choice([s for s in (2, 3) if s * (m - 1) < n])
        start = w.rng.randint(0, n - 1 - step * (m - 1))
        return f"{start or ''}:{start + step * (m - 1) + 1}:{step}"
    if form == "back" and m > 0:
        w.use("index:negative-step")
        return f"{start + m - 1}:{start - 1 if start else ''}:-1"
    if form == "computed":
        w.use("index:computed-slice")
        var = w.rng.choice(stable).name
        return f"{var}:{var} + {m}"
    return f"{start}:{start + m}"


def constructor(w, shape, depth):
    """A new array: filled, listed, spaced or computed by a comprehension."""
    forms = {"full": 2, "zeros": 1, "ones": 1, "like": 1}
    if len(shape) == 1:
        forms |= {"linspace": 1, "arange": 1, "comprehension": 2}
        forms |= {"list": 2} if 0 < shape[0] <= 4 else {}
    if len(shape) == 2:
        forms |= {"eye": 1} if shape[0] == shape[1] else {}
        forms |= {"nested": 1.5} if 0 < size(shape) <= 6 else {}
    form = w.choose(forms)
    if form in ("linspace", "arange", "eye"):
        return spaced(w, shape, form)
    if form == "comprehension":
        return comprehension(w, shape[0], depth)
    if form in ("list", "nested"):
        return literal(w, shape, depth)
    return filled(w, shape, form, depth)


def dims(w, shape):
    """A shape argument."""
    if len(shape) == 1:
        return length(w, shape[0])
    same = w.arrays(lambda v: v.shape == tuple(shape))
    if same and w.chance(0.4):
        w.use("method:shape")
        return f"{w.rng.choice(same).name}.shape"
    return f"({', '.join(length(w, n) for n in shape)})"


def filled(w, shape, form, depth):
    """full, zeros or ones, or the same like another array."""
    s = fit(w, value(w, None, depth), CAP, None)
    same = w.arrays(lambda v: v.shape == tuple(shape))
    if form == "like" and same:
        name = w.rng.choice(["zeros_like", "ones_like", "full_like"])
        w.use(f"np:{name}")
        like = w.rng.choice(same).name
        if name == "full_like":
            return E(f"np.full_like({like}, {s.text})", s.bound)
        return E(f"np.{name}({like}) * {s.tight}", s.bound, False)
    form = "full" if form == "like" else form
    w.use(f"np:{form}")
    if form == "full":
        return E(f"np.full({dims(w, shape)}, {real(w, s).text})", s.bound)
    op = "+" if form == "zeros" else "*"
    return E(f"np.{form}({dims(w, shape)}{dtype(w)}) {op} {s.tight}", s.bound, False)


def real(w, e):
    """An expression that is a float even where the given one is an integer."""
    return E(f"{w.number(0.5, 1.0)} * {e.tight}", e.bound, False)


def spaced(w, shape, form):
    """linspace, arange or eye."""
    w.use(f"np:{form}")
    if form == "eye":
        return E(f"np.eye({length(w, shape[0])})", 1.0)
    if form == "arange":
        return E(f"{w.number(0.1, 0.4)} * np.arange({length(w, shape[0])})", max(2.0, 0.4 * shape[0]), False)
    return E(f"np.linspace(-{w.number()}, {scalars.leaf(w).text}, {length(w, shape[0])})", CAP)


def literal(w, shape, depth):
    """np.array or np.asarray of a list of scalars, or of lists."""
    w.use("container:np-array-of-list")
    name = w.rng.choice(["array", "asarray"])
    w.use(f"np:{name}")
    items = [fit(w, value(w, None, depth), CAP, None) for _ in range(size(shape))]
    texts = [real(w, items[0]).text, *(e.text for e in items[1:])]
    if len(shape) == 2:
        texts = [f"[{', '.join(texts[r * shape[1] : (r + 1) * shape[1]])}]" for r in range(shape[0])]
    return E(f"np.{name}([{', '.join(texts)}]{dtype(w)})", CAP)


def comprehension(w, n, depth):
    """np.array of a list comprehension over a range or over a vector."""
    w.use("container:list-comprehension", "np:array")
    scope = dict(w.scope)
    vector = w.pick("array", lambda v: v.shape == (n,))
    if vector and w.chance(0.5):
        name = w.fresh("e")
        w.declare(name, "float", storage=vector.storage)
        source = vector.name
    else:
        name = w.fresh("i")
        w.declare(name, "int", lo=0, hi=n - 1, stable=n > 0)
        source = f"range({length(w, n)})"
    inner = real(w, fit(w, value(w, None, max(depth, 1)), CAP, None))
    w.scope = scope
    return E(f"np.array([{inner.text} for {name} in {source}]{', dtype=float' if n == 0 else ''})", CAP)


def owned(w, shape, depth):
    """An array that shares no memory."""
    e = value(w, shape, depth)
    return copied(w, e) if e.storage is not None else e


def copied(w, e):
    """A copy in one of its spellings."""
    form = w.choose({"copy": 3, "np.copy": 1, "array": 1, "astype": 1})
    w.use({"copy": "method:copy", "np.copy": "np:copy", "array": "np:array", "astype": "method:astype"}[form])
    kind = "np.float32" if w.module.single else w.rng.choice(["np.float64", "float"])
    text = {"copy": f"{e.tight}.copy()", "np.copy": f"np.copy({e.text})", "array": f"np.array({e.text})",
            "astype": f"{e.tight}.astype({kind})"}[form]  # fmt: skip
    return E(text, e.bound)


def special(w, shape, depth):
    """Array expressions that are not elementwise."""
    from tests.fuzz import picking, reshaping

    if not size(shape) or not shape:
        return constructor(w, shape, depth) if shape else leaf(w, shape)
    forms = {
        constructor: 3,
        reshaping.reduced: 3,
        reshaping.joined: 2,
        reshaping.reshaped: 2,
        reshaping.summed: 1.5,
    }
    forms |= {reshaping.multiplied: 3, reshaping.fresh: 1}
    if w.module.extras:
        forms |= {picking.picked: 2, picking.arranged: 3, picking.contracted: 1.5}
        if len(shape) < 3 and max(shape) < 5:
            forms[picking.solved] = 6 if len(shape) == 2 and shape[0] == shape[1] else 1
    return w.choose(forms)(w, shape, depth)
