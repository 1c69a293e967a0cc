"""Arguments of a random program: what kinds, which values, how they lie in memory.

In: the writer of the main function. Out: `Argument`s, each with the lines that build it and the names it
brings into the function's sight.
"""

from dataclasses import dataclass, field

from tests.fuzz.arrays import size, text_of
from tests.fuzz.scope import Storage

KINDS = {
    "float": 4, "float64-scalar": 0.7, "int": 1.5, "bool": 0.8, "string": 0.6, "none": 0.5,
    "array": 11, "0d": 0.6, "empty": 0.5,
    "alias": 1.5, "ints": 1.5, "bools": 0.8, "tuple": 1, "namedtuple": 0.7, "dataclass": 0.7, "dict": 0.8,
    "nested": 0.6,
}  # fmt: skip


@dataclass
class Argument:
    """One argument: its name, the lines that build it, whether it can be differentiated, its default."""

    name: str
    lines: list = field(default_factory=list)
    differentiable: bool = True
    default: str | None = None


def decimal(w):
    """A decimal literal."""
    return f"{w.rng.uniform(-1.3, 1.3):.5f}"


def array_text(w, shape):
    """An array literal of random numbers."""
    w.use(*(["arg:float32-array"] if w.module.single else []))
    dtype = ", dtype=np.float32" if w.module.single else ""
    if not shape:
        return f"np.array({decimal(w)}{dtype})"
    numbers = ", ".join(decimal(w) for _ in range(size(shape)))
    reshape = f".reshape{text_of(shape)}" if len(shape) > 1 else ""
    return f"np.array([{numbers}]{dtype or (', dtype=float' if not numbers else '')}){reshape}"


def laid_out(w, shape):
    """An array literal with some memory layout."""
    form = w.choose({"C": 6, "fortran": 1.5 if len(shape) > 1 else 0, "strided": 1.5, "reversed": 0.7})
    if form == "C":
        return array_text(w, shape)
    w.use(f"arg:{form}")
    if form == "fortran":
        return f"np.asfortranarray({array_text(w, shape)})"
    if form == "reversed":
        return f"{array_text(w, shape)}[::-1]"
    axis = w.rng.randrange(len(shape))
    wide = (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])
    cut = ", ".join("::2" if a == axis else ":" for a in range(len(shape)))
    return f"{array_text(w, wide)}[{cut}]"


def random_shape(w, rank):
    """Small extents."""
    return tuple(w.rng.randint(2, {1: 6, 2: 4, 3: 3}[rank]) for _ in range(rank))


def array(w, name, shape=None):
    """An array of rank 1 to 3."""
    shape = shape or random_shape(w, w.choose({1: 6, 2: 4, 3: 1}))
    w.use(f"arg:array-{len(shape)}d")
    w.declare(name, "array", shape=shape, storage=Storage(1.3))
    return Argument(name, [f"{name} = {laid_out(w, shape)}"])


def scalar_text(w):
    """A float argument's text."""
    if w.module.single and w.chance(0.7):
        w.use("arg:float32-scalar")
        return f"np.float32({decimal(w)})"
    w.use("arg:float")
    return decimal(w)


def plain(w, name, kind):
    """A scalar, a switch, or an array of rank 0 or of size 0."""
    match kind:
        case "float":
            w.declare(name, "float", storage=Storage(1.3))
            return Argument(name, [f"{name} = {scalar_text(w)}"])
        case "float64-scalar":
            w.use("arg:float64-scalar")
            w.declare(name, "float", storage=Storage(1.3))
            return Argument(name, [f"{name} = np.float64({decimal(w)})"])
        case "int":
            n = w.rng.randint(1, 4)
            w.use("arg:int")
            w.declare(name, "int", lo=n, hi=n, stable=True)
            return Argument(name, [f"{name} = {n}"], False)
        case "bool":
            w.use("arg:bool")
            w.declare(name, "bool")
            return Argument(name, [f"{name} = {w.rng.choice(['True', 'False'])}"], False)
        case "string":
            w.use("arg:string-switch")
            w.declare(name, "text")
            return Argument(name, [f'{name} = "{w.rng.choice(["tanh", "sine"])}"'], False)
        case "none":
            w.use("arg:none-switch")
            w.declare(name, "none")
            return Argument(name, [f"{name} = None"], False)
        case "0d":
            w.use("arg:array-0d")
            w.declare(name, "array", shape=(), storage=Storage(1.3))
            return Argument(name, [f"{name} = {array_text(w, ())}"])
    shape = w.rng.choice([(0,), (0,), (0, 3), (2, 0)])
    w.use("arg:size-0")
    w.declare(name, "array", shape=shape, storage=Storage(1.3))
    return Argument(name, [f"{name} = {array_text(w, shape)}"])


def table(w, name, kind):
    """Integers to index with, or booleans."""
    var = w.pick("array", lambda v: v.shape and v.size)
    if kind == "bools":
        shape = var.shape if var else (3,)
        w.use("arg:bool-array")
        w.declare(name, "bools", shape=shape)
        values = ", ".join(w.rng.choice(["True", "False"]) for _ in range(size(shape)))
        return Argument(
            name,
            [f"{name} = np.array([{values}]){f'.reshape{text_of(shape)}' if len(shape) > 1 else ''}"],
            False,
        )
    n = var.shape[0] if var else 3
    values = [w.rng.randint(-1 if w.chance(0.2) else 0, n - 1) for _ in range(w.rng.randint(2, 4))]
    w.use("arg:int-array")
    dtype = ""
    if w.chance(0.3):
        w.use("arg:int32-array")
        dtype = ", dtype=np.int32"
    w.declare(name, "ints", shape=(len(values),), lo=min(values), hi=max(values))
    return Argument(name, [f"{name} = np.array({values}{dtype})"], False)


def alias(w, name):
    """The same array again, or one that overlaps another."""
    var = w.pick("array", lambda v: len(v.shape) == 1 and v.size > 2 and v.name in w.own)
    if var is None:
        return array(w, name)
    if w.chance(0.4):
        w.use("arg:same-twice")
        w.declare(name, "array", shape=var.shape, storage=var.storage)
        return Argument(name, [f"{name} = {var.name}"])
    w.use("arg:overlapping")
    cut, n = w.rng.choice(
        [("1:", var.size - 1), (":-1", var.size - 1), ("::2", (var.size + 1) // 2), ("::-1", var.size)]
    )
    w.declare(name, "array", shape=(n,), storage=var.storage)
    return Argument(name, [f"{name} = {var.name}[{cut}]"])


def container(w, name, kind):
    """A tuple, NamedTuple, dataclass or dict of numbers and arrays, or a nest of two of them."""
    shapes = [random_shape(w, w.rng.choice([1, 1, 2])) for _ in range(w.rng.randint(1, 2))]
    leaves = [("w", shapes[0], laid_out(w, shapes[0])), ("b", None, decimal(w))]
    if len(shapes) > 1:
        leaves.append(("v", shapes[1], laid_out(w, shapes[1])))
    if w.module.single:
        leaves[1] = ("b", None, f"np.float32({decimal(w)})")
    if w.chance(0.2) and kind != "nested":
        leaves.append(("k", "int", str(w.rng.randint(1, 3))))
    w.rng.shuffle(leaves)
    if kind == "nested":
        return nest(w, name, leaves)
    w.use(f"arg:{kind}")
    text, paths = built(w, name, kind, leaves)
    sight(w, leaves, paths)
    return Argument(name, [f"{name} = {text}"])


def built(w, name, kind, leaves):
    """The text of a container and the paths of its leaves."""
    texts = [text for *_, text in leaves]
    match kind:
        case "tuple":
            return f"({', '.join(texts)},)", [f"{name}[{k}]" for k in range(len(leaves))]
        case "dict":
            return (
                "{" + ", ".join(f'"{k}": {t}' for (k, *_), t in zip(leaves, texts)) + "}",
                [f'{name}["{k}"]' for k, *_ in leaves],
            )
    kind_name = w.fresh("Params")
    fields = "\n".join(
        f"    {k}: {'float' if s is None else 'int' if s == 'int' else 'np.ndarray'}" for k, s, _ in leaves
    )
    if kind == "namedtuple":
        w.module.require("from typing import NamedTuple")
        w.module.definitions.insert(0, f"class {kind_name}(NamedTuple):\n{fields}")
    else:
        w.module.require("from dataclasses import dataclass")
        w.module.definitions.insert(0, f"@dataclass\nclass {kind_name}:\n{fields}")
    named = ", ".join(f"{k}={t}" for (k, *_), t in zip(leaves, texts))
    return f"{kind_name}({named})", [f"{name}.{k}" for k, *_ in leaves]


def sight(w, leaves, paths):
    """Bring the leaves of a container into sight under their paths."""
    for (_, shape, text), path in zip(leaves, paths):
        if shape is None:
            w.declare(path, "float", storage=Storage(1.3), assignable=False)
        elif shape == "int":
            w.declare(path, "int", lo=int(text), hi=int(text), stable=True, assignable=False)
        else:
            w.declare(path, "array", shape=shape, storage=Storage(1.3), assignable=False)


def nest(w, name, leaves):
    """A container in a container."""
    outer, inner = w.rng.choice(["tuple", "dict"]), w.rng.choice(["tuple", "dict", "namedtuple", "dataclass"])
    w.use("arg:nested", f"arg:{outer}", f"arg:{inner}")
    first, rest = leaves[0], leaves[1:]
    place = f"{name}[1]" if outer == "tuple" else f'{name}["inner"]'
    inner_text, inner_paths = built(w, place, inner, rest)
    if outer == "tuple":
        text, path = f"({first[2]}, {inner_text})", f"{name}[0]"
    else:
        text, path = f'{{"{first[0]}": {first[2]}, "inner": {inner_text}}}', f'{name}["{first[0]}"]'
    sight(w, leaves, [path, *inner_paths])
    return Argument(name, [f"{name} = {text}"])


def argument(w, name, kind):
    """An argument of a kind."""
    if kind == "array":
        return array(w, name)
    if kind == "alias":
        return alias(w, name)
    if kind in ("ints", "bools"):
        return table(w, name, kind)
    if kind in ("tuple", "namedtuple", "dataclass", "dict", "nested"):
        return container(w, name, kind)
    return plain(w, name, kind)


def choose(w):
    """The arguments of a program: at least one can be differentiated."""
    made = []
    names = w.rng.sample(["x", "y", "a", "b", "c", "z", "m"], w.rng.choice([1, 2, 2, 3, 3, 4]))
    w.own = set(names)
    for k, name in enumerate(names):
        kind = w.choose({"array": 5, "float": 3}) if k == 0 else w.choose(KINDS)
        w.module.counts[name] = 1
        made.append(argument(w, name, kind))
    if w.chance(0.12):
        name = "scale"
        w.use("arg:default")
        w.declare(name, "float", storage=Storage(1.5))
        made.append(Argument(name, [], False, w.number()))
    return made
