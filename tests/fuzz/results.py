"""What a program returns: a weighted sum of everything in sight, so that no part of it goes unjudged.

In: a writer. Out: an expression of all live names, with weights that differ from element to element.
"""

from tests.fuzz.arrays import size
from tests.fuzz.scope import E

WIDEST = {1: 32, 2: 8, 3: 4}


def weights(w, rank):
    """The name of a constant array of irregular weights, defined once in the module."""
    name = f"W{rank}"
    extents = (WIDEST[rank],) * rank
    line = f"{name} = np.cos(1.7 * np.arange({size(extents)}))" + (f".reshape{extents}" if rank > 1 else "")
    if w.module.single:
        line += ".astype(np.float32)"
    w.use("func:module-array")
    w.module.constant(line)
    return name


def array_term(w, var):
    """An array's weighted sum."""
    rank = len(var.shape)
    if rank == 0:
        return f"{var.name}[()]"
    if w.chance(0.12):
        w.use("np:sum")
        return f"np.sum({var.name})"
    name = weights(w, rank)
    cut = ", ".join(f":{n}" for n in var.shape)
    form = w.choose({"np.sum": 4, "sum": 2, **({"dot": 2, "@": 1} if rank == 1 else {})})
    w.use({"np.sum": "np:sum", "sum": "method:sum", "dot": "np:dot", "@": "op:array@"}[form])
    if form == "dot":
        return f"np.dot({var.name}, {name}[{cut}])"
    if form == "@":
        return f"({var.name} @ {name}[{cut}])"
    product = f"{var.name} * {name}[{cut}]"
    return f"np.sum({product})" if form == "np.sum" else f"({product}).sum()"


def terms(w):
    """One text per live name."""
    found = [f"{w.number()} * {v.name}" for v in w.find("float")]
    found += [array_term(w, v) for v in w.arrays(lambda v: v.size)]
    found += [
        f"{w.number()} * {v.name}[{w.rng.randrange(v.shape[0])}]"
        for v in w.find("list") + w.find("tuple")
        if v.shape[0]
    ]
    return found


def short(w):
    """A return value of a few terms, for early returns."""
    found = terms(w) or [w.number()]
    picked = w.rng.sample(found, min(len(found), w.rng.choice([1, 2])))
    return E(" + ".join(picked), 10.0, False)


def final(w):
    """The last statements: everything summed and returned."""
    found = terms(w) or ["0.0"]
    if len(found) > 3 or w.chance(0.3):
        name = w.fresh("total")
        w.emit(f"{name} = {found[0]}")
        for term in found[1:]:
            w.emit(f"{name} += {term}")
        w.emit(f"return {name}")
    else:
        w.emit(f"return {' + '.join(found)}")
