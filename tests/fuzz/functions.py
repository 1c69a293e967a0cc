"""Helper functions and calls of them: plain, nested, closures, lambdas, methods, partial, decorated, jitted.

In: a writer. Out: definitions in its module (or nested in its own lines) and statements that call them.
"""

from tests.fuzz import arrays, results, scalars
from tests.fuzz.assignments import bounded, new_float
from tests.fuzz.elementwise import CAP, fit, value
from tests.fuzz.scope import E, Storage, Var, Writer


def parameters(w, count):
    """Arguments from what is in sight: (parameter name, kind, shape, argument text, bound)."""
    found = []
    for k in range(count):
        var = w.pick("array", lambda v: v.size and v.shape)
        if var and w.chance(0.5):
            found.append((f"h{k}", "array", var.shape, var.name, var.storage))
        else:
            e = fit(w, value(w, None, 1), CAP, None)
            found.append((f"h{k}", "float", (), e.text, Storage(CAP)))
    return found


def inner_writer(w, params, budget):
    """A writer for the body of a helper."""
    inner = Writer(w.module, budget, w.trips)
    inner.depth, inner.loops = w.depth + 1, w.loops
    for name, kind, shape, _, storage in params:
        inner.declare(name, kind, shape=tuple(shape), storage=storage)
    return inner


def ending(w, shape=None):
    """The return of a helper: bounded whatever its body did."""
    if shape is not None:
        w.emit(f"return {fit(w, arrays.owned(w, shape, 1), CAP, shape).text}")
        return
    found = results.terms(w) or ["0.0"]
    w.rng.shuffle(found)
    w.emit(f"return math.sin({' + '.join(found[:4])})")
    w.use("math:sin")


def define(w, name, params, lines, decorator=None, defaults=()):
    """Put a helper into the module."""
    heads = [
        p[0] + (f"={d}" if d else "")
        for p, d in zip(params, (*[None] * (len(params) - len(defaults)), *defaults))
    ]
    head = f"def {name}({', '.join(heads)}):"
    w.module.definitions.append("\n".join([*([decorator] if decorator else []), head, *lines]))


def called(w):
    """A call of a helper of some kind."""
    if w.depth > 1 or w.module.n_helpers > 5:
        return False
    w.module.n_helpers += 1
    form = w.choose(
        {
            "plain": 4,
            "tuple": 1,
            "array": 2,
            "njit": 1.2,
            "decorated": 1,
            "default": 1.5,
            "returns": 1.5,
            "loop": 1.5,
        }
    )
    if form == "tuple":
        return returning_tuple(w)
    params = parameters(w, w.rng.randint(1, 3))
    name = w.fresh("helper")
    inner = inner_writer(w, params, 3)
    inner.returns = form != "array"
    fill_body(inner, form)
    shape = arrays.some_shape(inner, empty=False) if form == "array" else None
    ending(inner, shape)
    w.use("func:helper", *(["func:helper-array"] if form == "array" else []))
    defaults = ()
    if form == "default":
        w.use("func:default")
        params.append(("extra", "float", (), None, Storage(1.0)))
        defaults = (w.number(),)
        inner.lines[-1] += " * extra"
    define(w, name, params, inner.lines, decorator(w, form), defaults)
    assign_call(w, name, params, form, shape)
    return None


def decorator(w, form):
    """The line above a helper's definition, or None."""
    if form == "njit":
        w.use("func:njit")
        w.module.require("from numba import njit")
        return w.rng.choice(["@njit", "@njit", "@njit(fastmath=False)"])
    return traced(w) if form == "decorated" else None


def fill_body(inner, form):
    """Statements of a helper's body."""
    from tests.fuzz import branches, loops, statements

    if form == "returns":
        inner.use("func:helper-many-returns")
        with inner.block(f"if {scalars.condition(inner)}:"):
            ending(inner)
    if form == "loop":
        inner.use("func:helper-loop")
        loops.counted(inner)
    if inner.chance(0.15):
        inner.use("stmt:docstring")
        inner.lines.insert(0, '    """A helper."""')
    statements.body(inner, inner.rng.randint(0, 2))
    if form == "returns" and inner.chance(0.4):
        branches.leave(inner)


def assign_call(w, name, params, form, shape):
    """Store the result of a call, with arguments by position and by keyword."""
    texts = [p[3] for p in params]
    if form == "default":
        texts[-1] = fit(w, value(w, None, 0), CAP, None).text if w.chance(0.4) else None
    keyword = w.chance(0.35)
    given = [
        p[0] + "=" + t if keyword and k >= len(params) // 2 else t
        for k, (p, t) in enumerate(zip(params, texts))
        if t
    ]
    if keyword:
        w.use("func:keyword-call")
    if shape is not None:
        target = w.name("u", "array", len(shape))
        w.emit(f"{target} = {name}({', '.join(given)})")
        w.declare(target, "array", shape=tuple(shape), storage=Storage(CAP))
        return
    result = E(f"{name}({', '.join(given)})", CAP)
    var = w.pick("float", lambda v: v.assignable) if w.chance(0.3) else None
    if var:
        e = E(
            f"{w.number(0.2, 0.6)} * {var.name} + {w.number(0.2, 0.4)} * {result.text}",
            0.6 * var.bound + 1.6,
            False,
        )
        w.emit(f"{var.name} = {bounded(w, var, e).text}")
        return
    target = w.name("s")
    w.emit(f"{target} = {result.text}")
    new_float(w, target, CAP)


def traced(w):
    """A decorator that keeps the original under `__wrapped__`."""
    w.use("func:decorated")
    w.module.require("import functools")
    lines = ["def traced(fun):", "    @functools.wraps(fun)", "    def wrapper(*args, **kwargs):",
             "        return fun(*args, **kwargs)", "", "    return wrapper"]  # fmt: skip
    text = "\n".join(lines)
    if text not in w.module.definitions:
        w.module.definitions.insert(0, text)
    return "@traced"


def returning_tuple(w):
    """A helper that returns two numbers, unpacked by the caller."""
    w.use("func:helper-tuple", "func:helper", "stmt:unpack")
    params = parameters(w, 2)
    name = w.fresh("helper")
    inner = inner_writer(w, params, 2)
    a, b = (fit(inner, value(inner, None, 2), CAP, None) for _ in range(2))
    inner.emit(f"return {a.text}, {b.text}")
    define(w, name, params, inner.lines)
    s, t = w.fresh("s"), w.fresh("t")
    w.emit(f"{s}, {t} = {name}({', '.join(p[3] for p in params)})")
    new_float(w, s, CAP), new_float(w, t, CAP)


def mutating(w):
    """A helper that changes an array in place, called as a statement."""
    from tests.fuzz import mutation

    var = w.pick("array", lambda v: v.size and v.shape)
    if var is None or w.depth > 1:
        return False
    w.use("func:helper-mutates", "func:helper")
    name = w.fresh("update")
    inner = Writer(w.module, 2, w.trips)
    inner.depth = w.depth + 1
    inner.declare("h0", "array", shape=var.shape, storage=Storage(var.bound))
    inner.declare("h1", "float", storage=Storage(CAP))
    inner.loops = w.loops
    for _ in range(w.rng.randint(1, 2)):
        w.rng.choice([mutation.element, mutation.sliced, mutation.whole, mutation.through_view])(inner)
    if not inner.lines:
        inner.emit("h0[...] = h0 * 0.5")
    grown = max((v.bound for v in inner.arrays()), default=0.0)
    if not w.loops:
        var.storage.bound = max(var.bound, grown)
    define(w, name, [("h0",), ("h1",)], inner.lines)
    w.emit(f"{name}({var.name}, {fit(w, value(w, None, 1), CAP, None).text})")
    return None


def nested(w):
    """A function defined inside, which reads names around it, changes an array or a nonlocal name."""
    if w.loops or w.depth > 0:
        return False
    from tests.fuzz import statements

    name = w.fresh("inner")
    inner = Writer(w.module, 2, 4)
    inner.depth, inner.level = w.depth + 1, w.level + 1
    inner.scope = {
        v.name: Var(v.name, v.kind, v.shape, v.storage, v.lo, v.hi, v.stable, False)
        for v in w.scope.values()
        if v.kind in ("float", "array")
    }
    inner.loops = 1
    inner.declare("h0", "float", storage=Storage(CAP))
    changed = w.pick("float", lambda v: v.assignable and v.name.isidentifier()) if w.chance(0.35) else None
    w.use("func:nested", "func:closure")
    if changed:
        w.use("func:nonlocal")
        changed.storage.bound += CAP
        inner.emit(f"nonlocal {changed.name}")
        inner.emit(f"{changed.name} = {fit(inner, value(inner, None, 2), changed.bound, None).text}")
    statements.body(inner, w.rng.randint(0, 1))
    e = fit(inner, value(inner, None, 2), CAP, None)
    inner.emit(f"return {e.text}")
    w.emit(f"def {name}(h0):")
    w.lines.extend(inner.lines)
    w.emit("")
    for _ in range(w.rng.randint(1, 2)):
        target = w.fresh("s")
        w.emit(f"{target} = {name}({fit(w, value(w, None, 1), CAP, None).text})")
        new_float(w, target, CAP)
    return None


def anonymous(w):
    """A lambda with a name, here or in the module."""
    if w.loops or w.depth > 1:
        return False
    name = w.fresh("act")
    here = w.chance(0.6)
    scope = w.scope
    w.scope = dict(scope) if here else {}
    w.scope["q0"] = Var("q0", "float", storage=Storage(CAP))
    e = fit(w, value(w, None, 2), CAP, None)
    w.scope = scope
    if here:
        w.use("func:lambda")
        w.emit(f"{name} = lambda q0: {e.text}")
    else:
        w.use("func:lambda-in-module")
        w.module.definitions.append(f"{name} = lambda q0: {e.text}")
    target = w.name("s")
    w.emit(f"{target} = {name}({fit(w, value(w, None, 1), CAP, None).text}) * {name}({w.number()})")
    new_float(w, target, CAP * CAP)
    return None


def prepared(w):
    """A call of a functools.partial or of a bound method from the module."""
    if w.depth > 1:
        return False
    method = w.chance(0.5)
    name = w.fresh("ready")
    inner = Writer(w.module, 1, w.trips)
    inner.depth = w.depth + 1
    inner.declare("a", "float", storage=Storage(CAP))
    if method:
        inner.level = 2
        inner.declare("self.gain", "float", storage=Storage(1.5), assignable=False)
        inner.declare("self.w", "array", shape=(3,), assignable=False)
    else:
        inner.declare("b", "float", storage=Storage(1.5))
    e = fit(inner, value(inner, None, 3), CAP, None)
    inner.emit(f"return {e.text}")
    if method:
        define_model(w, name, inner.lines)
    else:
        w.use("func:partial")
        w.module.require("import functools")
        made = f"{name} = functools.partial({name}_full, {w.rng.choice(['', 'b='])}{w.number()})"
        define(w, f"{name}_full", [("b",), ("a",)] if "b=" not in made else [("a",), ("b",)], inner.lines)
        w.module.definitions.append(made)
    target = w.name("s")
    w.emit(f"{target} = {name}({fit(w, value(w, None, 1), CAP, None).text})")
    new_float(w, target, CAP)
    return None


def define_model(w, name, lines):
    """A class with a method, an object of it, and the bound method under a name."""
    w.use("func:method")
    kind = name.capitalize()
    numbers = ", ".join(f"{w.rng.uniform(-1, 1):.3f}" for _ in range(3))
    w.module.definitions.append(
        "\n".join(
            [f"class {kind}:", "    def __init__(self, gain, w):", "        self.gain = gain",
             "        self.w = w", "",
             "    def apply(self, a):", *lines, "", "",
             f"{name} = {kind}({w.number()}, np.array([{numbers}])).apply"]
        )
    )  # fmt: skip
