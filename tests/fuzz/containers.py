"""Statements with lists and dicts of numbers and arrays.

In: a writer. Out: lines; list names have kind `list`, dict entries are names of their own such as `d["a"]`.
"""

from tests.fuzz import arrays
from tests.fuzz.assignments import bounded, new_float
from tests.fuzz.elementwise import CAP, fit, value
from tests.fuzz.scope import E, Storage


def listed(w):
    """A literal list, or one made by a comprehension."""
    if w.loops > 1:
        return False
    name = w.fresh("items")
    n = w.rng.randint(2, 3)
    if w.chance(0.5):
        w.use("container:list")
        parts = [fit(w, value(w, None, 2), CAP, None) for _ in range(n)]
        w.emit(f"{name} = [{', '.join(p.text for p in parts)}]")
    else:
        w.use("container:list-comprehension")
        i, scope = w.fresh("i"), dict(w.scope)
        w.declare(i, "int", lo=0, hi=n - 1, stable=True)
        e = fit(w, value(w, None, 2), CAP, None)
        w.scope = scope
        w.emit(f"{name} = [{e.text} for {i} in range({n})]")
    w.declare(name, "list", shape=(n,), storage=Storage(CAP))
    return None


def list_store(w):
    """items[k] = e."""
    var = w.pick("list")
    if var is None:
        return listed(w)
    w.use("container:list-store")
    e = bounded(w, var, fit(w, value(w, None, 2), CAP, None))
    w.emit(
        f"{var.name}[{w.rng.randrange(var.shape[0])}] {'=' if w.chance(0.7) or w.loops else '+='} {e.text}"
    )
    var.storage.bound += 0 if w.loops else e.bound
    return None


def mapped(w):
    """A dict of numbers, or of numbers and an array."""
    if w.loops:
        return False
    name = w.fresh("d")
    keys = w.rng.sample(["a", "b", "gain", "rate"], 2)
    parts = [fit(w, value(w, None, 2), CAP, None) for _ in keys]
    entries = [(k, p.text, "float", ()) for k, p in zip(keys, parts)]
    if w.chance(0.4):
        shape = arrays.some_shape(w)
        entries.append(("x", fit(w, arrays.owned(w, shape, 1), CAP, shape).text, "array", shape))
    if w.chance(0.5):
        w.use("container:dict")
        inner = ", ".join(f'"{k}": {text}' for k, text, *_ in entries)
        w.emit(f"{name} = {{{inner}}}")
    else:
        w.use("container:dict-call")
        w.emit(f"{name} = dict({', '.join(f'{k}={text}' for k, text, *_ in entries)})")
    w.use("container:dict-load")
    for k, _, kind, shape in entries:
        w.declare(
            f'{name}["{k}"]', kind, shape=tuple(shape), storage=Storage(CAP), assignable=kind == "float"
        )
    if w.chance(0.5):
        w.use("container:dict-store")
        var = w.scope[f'{name}["{keys[0]}"]']
        e = bounded(w, var, fit(w, value(w, None, 2), CAP, None))
        w.emit(f"{var.name} {w.rng.choice(['=', '+='])} {e.text}")
        var.storage.bound += e.bound
    return None


def nested_comprehension(w):
    """A matrix from a comprehension in a comprehension."""
    rows, columns = w.rng.randint(2, 3), w.rng.randint(2, 3)
    w.use("container:nested-comprehension", "np:array")
    i, j, scope = w.fresh("i"), w.fresh("j"), dict(w.scope)
    w.declare(i, "int", lo=0, hi=rows - 1, stable=True)
    w.declare(j, "int", lo=0, hi=columns - 1, stable=True)
    e = arrays.real(w, fit(w, value(w, None, 2), CAP, None))
    w.scope = scope
    name = w.name("u", "array", 2)
    w.emit(f"{name} = np.array([[{e.text} for {j} in range({columns})] for {i} in range({rows})])")
    w.declare(name, "array", shape=(rows, columns), storage=Storage(CAP), contiguous=True)


def summed(w):
    """A sum over a comprehension or a list."""
    var = w.pick("list")
    name = w.name("s")
    if var and w.chance(0.5):
        form = w.rng.choice(["sum", "max", "min"])
        w.use(f"builtin:{form}")
        w.emit(f"{name} = {form}({var.name})")
        bound = var.bound * var.shape[0]
    else:
        from tests.fuzz.scalars import generator_sum

        var = w.pick("array", lambda v: len(v.shape) == 1 and v.size)
        if var is None:
            return False
        e = generator_sum(w, var, 2)
        w.emit(f"{name} = {fit(w, E(e.text, e.bound), CAP, None).text}")
        bound = CAP
    new_float(w, name, bound)
    return None
