"""Loops of every form, with bodies from `statements`; trip counts stay small.

In: a writer. Out: lines.
"""

from tests.fuzz import arrays, results, scalars, statements
from tests.fuzz.assignments import bounded, new_float
from tests.fuzz.elementwise import CAP, fit, positive, value
from tests.fuzz.scope import GROWTH, E, Storage

MOST_TRIPS = 20


def room(w):
    """How many trips another loop may have here."""
    return MOST_TRIPS // w.trips


def inside(w, trips):
    """A loop's body, now and then with a way out of it."""
    if w.loops > 1:
        w.use("loop:nested")
    statements.body(w, w.rng.randint(1, 3 if w.loops < 2 else 2))
    if trips and w.chance(0.2):
        exit_early(w)
        statements.body(w, 1)


def exit_early(w):
    """break or continue under a condition."""
    word = w.rng.choice(["break", "continue"])
    w.use(f"loop:{word}", "stmt:if")
    with w.block(f"if {scalars.condition(w)}:"):
        if w.chance(0.3):
            statements.body(w, 1)
        w.emit(word)


def otherwise(w, p=0.12):
    """An else of a loop."""
    if w.chance(p):
        w.use("loop:for-else")
        with w.block("else:"):
            statements.body(w, 1)


def counted(w):
    """for i in range(...)."""
    forms = {
        "range": 5,
        "start": 2,
        "step": 2,
        "down": 2,
        "computed": 2,
        "zero": 0.5,
        "reversed": 0.7,
        "prange": 0.5,
    }
    stable = w.find("int", lambda v: v.stable and v.lo >= 0 and 0 < v.hi <= room(w)) if w.loops else []
    if stable:
        forms["dependent"] = 4
    form = w.choose(forms)
    header, lo, hi, trips = counter(w, form, stable)
    if trips > room(w):
        return False
    i = w.fresh("i")
    with w.block(f"for {i} in {header}:", trips):
        w.declare(i, "int", lo=lo, hi=hi, stable=trips > 0)
        inside(w, trips)
    otherwise(w)
    return None


def counter(w, form, stable):
    """The header of a counted loop, the range of its counter and a bound on its trips."""
    if form == "computed":
        return computed(w)
    if form == "dependent":
        return dependent(w, w.rng.choice(stable))
    sizes = [v.shape[0] for v in w.arrays(lambda v: v.size and v.shape)]
    n = min(w.rng.choice(sizes or [3]), room(w))
    text = arrays.length(w, n)
    match form:
        case "start":
            w.use("loop:range-start")
            first = w.rng.randint(-1, n - 1)
            return f"range({first}, {text})", first, n - 1, n - first
        case "step":
            return stepping(w, n, text)
        case "down":
            w.use("loop:range-negative-step")
            return f"range({text} - 1, -1, -{w.rng.choice([1, 1, 2])})", 0, n - 1, n
        case "zero":
            w.use("loop:zero-trip")
            empty = w.pick("array", lambda v: v.shape and v.shape[0] == 0)
            headers = ["range(0)", f"range({text}, {text})", f"range({n}, 0)", f"range(0, {n}, -1)"]
            return f"range(len({empty.name}))" if empty else w.rng.choice(headers), 0, 0, 0
        case "reversed":
            w.use("loop:reversed-range")
            return f"reversed(range({text}))", 0, n - 1, n
        case "prange":
            w.use("func:prange")
            spelled = w.rng.choice(["numba.prange", "prange"])
            w.module.require("import numba" if "." in spelled else "from numba import prange")
            return f"{spelled}({text})", 0, n - 1, n
    w.use("loop:range")
    return f"range({text})", 0, n - 1, n


def stepping(w, n, text):
    """A range with a step that is a number or a name."""
    w.use("loop:range-step")
    first, step = w.rng.randint(0, 1), w.rng.choice([2, 2, 3])
    named = w.pick("int", lambda v: v.stable and v.lo == v.hi > 0)
    if named and w.chance(0.5):
        w.use("loop:range-computed")
        step = named.lo
    trips = max((n - first + step - 1) // step, 1)
    return (
        f"range({first}, {text}, {named.name if named and step == named.lo else step})",
        first,
        max(n - 1, first),
        trips,
    )


def computed(w):
    """A range whose end is computed from an integer or from a float."""
    w.use("loop:range-computed")
    if w.chance(0.5) and (var := w.pick("int")):
        return f"range(1 + ({var.name}) % 3)", 0, 2, 3
    w.use("builtin:int", "math:tanh")
    return f"range(int(2.6 + 1.5 * math.tanh({value(w, None, 1).text})))", 0, 3, 4


def dependent(w, outer):
    """A range whose end is the counter of a loop around it."""
    w.use("loop:range-dependent")
    if w.chance(0.5):
        return f"range({outer.name})", 0, max(outer.hi - 1, 0), outer.hi
    return f"range({outer.name} + 1)", 0, outer.hi, outer.hi + 1


def changed_bound(w):
    """A bound that changes inside the loop it began, or between the loops of a nest."""
    if room(w) < 9:
        return False
    w.use("loop:range-bound-changed", "loop:nested")
    m, i, j = w.fresh("m"), w.fresh("i"), w.fresh("j")
    w.emit(f"{m} = {w.rng.randint(1, 3)}")
    with w.block(f"for {i} in range({m}):", 3):
        w.declare(i, "int", lo=0, hi=2, stable=True)
        with w.block(f"for {j} in range({m}):", 3):
            w.declare(j, "int", lo=0, hi=2, stable=True)
            statements.body(w, w.rng.randint(1, 2))
        w.emit(w.rng.choice([f"{m} = 1 + ({m} + {i}) % 3", f"{m} = max({m} - 1, 0)"]))
    return None


def over_values(w):
    """for over arrays, rows, tuples, lists, with enumerate, zip and reversed."""
    vectors = w.arrays(lambda v: v.shape and 0 < v.shape[0] <= room(w))
    forms = {"tuple": 2, "array": 3, "rows": 2, "list": 1.5, "enumerate": 2, "zip": 3, "reversed": 1}
    form = w.choose(forms)
    if form == "tuple":
        return over_tuple(w)
    if form == "list":
        return over_list(w)
    if form == "rows":
        vectors = [v for v in vectors if len(v.shape) > 1]
    if not vectors:
        return False
    var = w.rng.choice(vectors)
    n = var.shape[0]
    if form == "enumerate":
        return enumerated(w, var, n)
    if form == "zip":
        return zipped(w, var, n)
    item = w.fresh("e" if len(var.shape) == 1 else "row")
    if form == "reversed":
        w.use("loop:reversed-array")
    w.use("loop:over-array" if len(var.shape) == 1 else "loop:over-rows")
    with w.block(f"for {item} in {f'reversed({var.name})' if form == 'reversed' else var.name}:", n):
        item_of(w, item, var)
        inside(w, n)
    otherwise(w)
    return None


def item_of(w, name, var):
    """Bring the item of an array into sight: a number, or a view of a row."""
    if len(var.shape) == 1:
        return w.declare(name, "float", storage=Storage(var.bound))
    return w.declare(name, "array", shape=var.shape[1:], storage=var.storage)


def over_tuple(w):
    """for over a literal tuple."""
    parts = [fit(w, value(w, None, 1), CAP, None) for _ in range(w.rng.choice([2, 3]))]
    if len(parts) > room(w):
        return False
    item = w.fresh("e")
    text = f"({', '.join(p.text for p in parts)})"
    if w.chance(0.3):
        w.use("loop:reversed-tuple")
        text = f"reversed({text})"
    w.use("loop:over-tuple")
    with w.block(f"for {item} in {text}:", len(parts)):
        w.declare(item, "float", storage=Storage(CAP))
        inside(w, len(parts))
    return None


def over_list(w):
    """for over a list or a tuple that has a name."""
    var = w.pick("list") or w.pick("tuple")
    if var is None or var.shape[0] > room(w):
        return False
    item = w.fresh("e")
    w.use("loop:over-list")
    with w.block(f"for {item} in {var.name}:", var.shape[0]):
        w.declare(item, "float", storage=Storage(var.bound))
        inside(w, var.shape[0])
    return None


def enumerated(w, var, n):
    """for i, e in enumerate(x)."""
    i, item = w.fresh("i"), w.fresh("e" if len(var.shape) == 1 else "row")
    w.use("loop:enumerate")
    start = w.rng.choice([0, 0, 1])
    if start:
        w.use("loop:enumerate-start")
    with w.block(f"for {i}, {item} in enumerate({var.name}{', 1' if start else ''}):", n):
        w.declare(i, "int", lo=start, hi=n - 1 + start, stable=True)
        item_of(w, item, var)
        inside(w, n)


def zipped(w, var, n):
    """for a, b in zip(...): arrays, ranges, tuples; the shortest decides."""
    second = w.pick("array", lambda v: v.shape and v.shape[0])
    a, b = w.fresh("e" if len(var.shape) == 1 else "row"), w.fresh("f" if len(second.shape) == 1 else "line")
    w.use("loop:zip")
    if w.chance(0.3):
        i = w.fresh("i")
        header, trips = (
            f"for {i}, {a}, {b} in zip(range({n}), {var.name}, {second.name}):",
            min(n, second.shape[0]),
        )
    else:
        i, header, trips = None, f"for {a}, {b} in zip({var.name}, {second.name}):", min(n, second.shape[0])
    with w.block(header, trips):
        item_of(w, a, var), item_of(w, b, second)
        if i:
            w.declare(i, "int", lo=0, hi=trips - 1, stable=True)
        inside(w, trips)


def conditional(w):
    """while with a counter, a tolerance, an endless condition left by break."""
    form = w.choose({"counter": 4, "and": 2, "flag": 1, "tolerance": 3, "newton": 1, "true": 1})
    if room(w) < 3:
        return False
    w.use("loop:while")
    if form == "tolerance":
        return shrinking(w)
    if form == "newton":
        return newton(w)
    m = w.rng.randint(1, min(4, room(w)))
    k = w.fresh("k")
    w.emit(f"{k} = 0")
    if form == "flag":
        return until(w, k, m)
    if form == "true":
        w.use("loop:break")
        header = "while True:"
    elif form == "and":
        w.use("op:and")
        header = f"while {k} < {m} and {scalars.comparison(w, 1)}:"
    else:
        header = f"while {k} < {m}:"
    with w.block(header, m):
        w.emit(f"{k} += 1")
        w.declare(k, "int", lo=1, hi=m, stable=True)
        if form == "true":
            with w.block(f"if {k} >= {m}:"):
                w.emit("break")
        inside(w, m)
    if form != "true" and w.chance(0.2):
        w.use("loop:while-else")
        with w.block("else:"):
            statements.body(w, 1)
    return None


def until(w, k, m):
    """while not done, the flag set inside."""
    w.use("loop:while-flag", "op:not", "op:or")
    done = w.fresh("done")
    w.emit(f"{done} = False")
    with w.block(f"while not {done}:", m):
        w.emit(f"{k} += 1")
        w.emit(f"{done} = {k} >= {m} or {scalars.condition(w)}")
        w.declare(k, "int", lo=1, hi=m, stable=True)
        inside(w, m)
    w.declare(done, "bool")


def tally(w):
    """An integer counts elements and becomes a factor."""
    var = w.pick("array", lambda v: len(v.shape) == 1 and 0 < v.size <= room(w))
    if var is None:
        return False
    w.use("loop:tally", "loop:over-array", "stmt:if", "op:int+", "op:>")
    hits, item, name = w.fresh("hits"), w.fresh("e"), w.name("s")
    w.emit(f"{hits} = 0")
    with w.block(f"for {item} in {var.name}:", var.size):
        with w.block(f"if {item} > {w.number(0.1, 0.6)}:"):
            w.emit(f"{hits} += 1")
    w.emit(f"{name} = {scalars.leaf(w).tight} * {hits} + {w.number()}")
    w.declare(hits, "int", lo=0, hi=var.size)
    new_float(w, name, 2.0 * var.size)
    return None


def shrinking(w):
    """while r > tolerance, r shrinking by a computed factor."""
    r = w.fresh("r")
    w.use("loop:while-tolerance")
    w.emit(f"{r} = {fit(w, positive(w, None, 1), 2.0, None).text}")
    bound, limit = 2.0, 0.35
    trips = 5
    with w.block(f"while {r} > {limit}:", trips):
        factor = E(f"0.5 + 0.1 * math.sin({value(w, None, 1).text})", 0.6, False)
        w.use("math:sin")
        w.emit(f"{r} = {r} * {factor.tight}" if w.chance(0.5) else f"{r} *= {factor.text}")
        w.declare(r, "float", storage=Storage(bound), assignable=False)
        inside(w, trips)
    w.declare(r, "float", storage=Storage(bound), assignable=False)


def newton(w):
    """A square root by Newton's iteration to a tolerance."""
    a, z = w.fresh("a"), w.fresh("z")
    w.use("loop:while-tolerance", "loop:carried-scalar")
    w.emit(f"{a} = {positive(w, None, 2).text}")
    w.emit(f"{z} = 1.0")
    with w.block(f"while abs({z} * {z} - {a}) > {w.rng.choice(['1e-2', '1e-4'])}:", 6):
        w.emit(f"{z} = 0.5 * ({z} + {a} / {z})")
    new_float(w, a, 6.0), new_float(w, z, 2.5)


def index_after(w):
    """The counter read after its loop."""
    n = w.rng.randint(1, 3)
    if n > room(w):
        return False
    w.use("loop:index-after-loop", "loop:range")
    i = w.fresh("i")
    with w.block(f"for {i} in range({n}):", n):
        w.declare(i, "int", lo=0, hi=n - 1, stable=True)
        statements.body(w, 1)
    name = w.name("s")
    w.emit(f"{name} = {w.number()} * {i}")
    new_float(w, name, 3.0)
    return None


def integer_start(w):
    """An integer that becomes a float in a loop."""
    found = w.arrays(lambda v: len(v.shape) == 1 and 0 < v.size <= room(w))
    if not found:
        return False
    var = w.rng.choice(found)
    w.use("loop:int-to-float", "loop:carried-scalar", "loop:range")
    name, i = w.name("s"), w.fresh("i")
    w.emit(f"{name} = {w.rng.choice([0, 0, 1])}")
    new_float(w, name, CAP)
    with w.block(f"for {i} in range({arrays.length(w, var.size)}):", var.size):
        w.declare(i, "int", lo=0, hi=var.size - 1, stable=True)
        term = fit(
            w, E(f"{var.name}[{i}] * {scalars.leaf(w).tight}", 2 * var.bound, False), GROWTH / w.trips, None
        )
        w.emit(w.rng.choice([f"{name} += {term.text}", f"{name} = 0.6 * {name} + {term.tight}"]))
    w.scope[name].storage.bound += GROWTH
    return None


def stepped(w):
    """A time loop over a vector: a new state from the old one, names swapped at the end."""
    found = w.arrays(lambda v: v.assignable and len(v.shape) == 1 and v.size >= 3)
    if not found or room(w) < 6:
        return False
    u = w.rng.choice(found)
    w.use("loop:swap-names", "loop:carried-array", "loop:nested", "loop:range")
    new, i, t = w.fresh("new"), w.fresh("i"), w.fresh("t")
    w.emit(f"{new} = {w.rng.choice([f'np.zeros_like({u.name})', f'{u.name}.copy()', f'np.copy({u.name})'])}")
    steps = w.rng.randint(2, 3)
    u.storage.bound = max(u.bound, 1.0)
    w.declare(new, "array", shape=u.shape, storage=u.storage)
    with w.block(f"for {t} in range({steps}):", steps):
        w.declare(t, "int", lo=0, hi=steps - 1, stable=True)
        with w.block(f"for {i} in range(1, {arrays.length(w, u.size)} - 1):", u.size - 2):
            w.declare(i, "int", lo=1, hi=u.size - 2, stable=True)
            near = f"{u.name}[{i} - 1] - {u.name}[{i}] * {u.name}[{i} + 1]"
            e = E(f"{w.number()} * ({near}) + {value(w, None, 1).tight}", 20.0, False)
            w.emit(f"{new}[{i}] = {fit(w, e, u.bound, None).text}")
        if w.chance(0.3):
            statements.body(w, 1)
        if w.module.extras and w.chance(0.5):
            w.use("extra:conditional-swap")
            with w.block(f"if {scalars.condition(w)}:"):
                w.emit(f"{u.name}, {new} = {new}, {u.name}")
        else:
            w.emit(f"{u.name}, {new} = {new}, {u.name}")
    u.contiguous = False
    return None


def searching(w):
    """for with break and else."""
    var = w.pick("array", lambda v: v.shape and 0 < v.shape[0] <= room(w))
    if var is None:
        return False
    w.use("loop:for-else", "loop:break", "stmt:if")
    item = w.fresh("e" if len(var.shape) == 1 else "row")
    name = w.name("s")
    w.emit(f"{name} = {w.number()}")
    new_float(w, name, CAP)
    with w.block(f"for {item} in {var.name}:", var.shape[0]):
        thing = item_of(w, item, var)
        read = (
            item
            if thing.kind == "float"
            else f"{item}{scalars.subscript(w, thing.shape)}"
            if thing.size
            else w.number()
        )
        w.emit(
            f"{name} = {fit(w, E(f'0.5 * {name} + {read}', 0.5 * CAP + var.bound, False), CAP, None).text}"
        )
        with w.block(f"if {name} > {w.number(0.3, 1.2)}:"):
            if w.returns and w.chance(0.2):
                w.use("loop:return-in-loop")
                w.emit(f"return {results.short(w).text}")
            else:
                w.emit("break")
    with w.block("else:"):
        e = fit(w, value(w, None, 1), CAP, None)
        w.emit(f"{name} = {bounded(w, w.scope[name], e).text}")
    return None


def alongside(w):
    """Two numbers that start apart and change alike."""
    var = w.pick("array", lambda v: len(v.shape) == 1 and v.size > 1)
    if var is None or room(w) < 2:
        return False
    w.use("loop:alongside", "loop:carried-scalar", "loop:range")
    a, b, i, name = w.fresh("p"), w.fresh("q"), w.fresh("i"), w.name("s")
    shift, trips = w.rng.randint(1, var.size - 1), w.rng.randint(1, min(3, room(w)))
    turning = f" % {arrays.length(w, var.size)}"
    w.emit(f"{a}, {b} = 0, {shift}")
    w.emit(f"{name} = {w.number()}")
    with w.block(f"for {i} in range({trips}):", trips):
        w.emit(f"{name} += {w.number()} * {var.name}[{a}{turning}] * {var.name}[{b}{turning}]")
        w.emit(f"{a} += 1")
        w.emit(f"{b} += 1")
    new_float(w, name, 1.5 + 1.5 * trips * var.bound**2)
    return None


def handed_on(w):
    """An array made in one iteration, read there, and changed in the next one."""
    found = w.arrays(lambda v: v.assignable and len(v.shape) == 1 and v.size)
    if not found or room(w) < 6:
        return False
    u = w.rng.choice(found)
    w.use("loop:handed-on", "loop:carried-array", "loop:range", "loop:nested", "stmt:element-augmented", "ufunc:sin")
    new, t, i, name = w.fresh("new"), w.fresh("t"), w.fresh("i"), w.name("s")
    steps, last, factor = w.rng.randint(2, 3), w.fresh("last"), w.number(0.3, 0.8)
    w.emit(f"{last} = {w.rng.choice([f'np.sin({u.name})', f'np.zeros({arrays.length(w, u.size)})'])}")
    w.emit(f"{name} = {w.number()}")
    with w.block(f"for {t} in range({steps}):", steps):
        w.emit(f"{last}{scalars.subscript(w, u.shape)} *= {factor}")
        w.emit(f"{new} = np.sin({u.name} * {last} + {w.number()})")
        with w.block(f"for {i} in range({arrays.length(w, u.size)}):", u.size):
            w.emit(f"{name} += {new}[{i}] * {new}[{i}]")
        w.emit(f"{last} = {new}")
    new_float(w, name, 1.5 + steps * u.size)
    return None


def swept(w):
    """An array written by one loop and read by a second one, again and again."""
    found = w.arrays(lambda v: len(v.shape) == 1 and v.size >= 2 and v.bound >= 1.0)
    if not found or room(w) < 6:
        return False
    u = w.rng.choice(found)
    w.use("loop:swept", "loop:carried-array", "loop:range", "loop:nested", "stmt:element-store", "math:sin")
    t, i, k, name = w.fresh("t"), w.fresh("i"), w.fresh("k"), w.name("s")
    steps, shift = w.rng.randint(2, 3), w.rng.randint(0, u.size - 1)
    w.emit(f"{name} = {w.number()}")
    with w.block(f"for {t} in range({steps}):", steps):
        with w.block(f"for {i} in range({arrays.length(w, u.size)}):", u.size):
            w.emit(f"{u.name}[{i}] = math.sin({w.number()} * {u.name}[{i}] + {w.number()} * {t})")
        with w.block(f"for {k} in range({arrays.length(w, u.size)}):", u.size):
            w.emit(f"{name} += {w.number()} * {u.name}[{k}] * {u.name}[({k} + {shift}) % {u.size}]")
    new_float(w, name, 1.5 + 1.5 * steps * u.size)
    return None


def noted(w):
    """An element of scratch that every iteration overwrites, in scratch made before the loop or a loop around it."""
    found = w.arrays(lambda v: len(v.shape) == 1 and v.size >= 2)
    if not found:
        return False
    u = w.rng.choice(found)
    again = w.chance(0.5)
    if room(w) < u.size * (1 + again):
        return False
    w.use("loop:noted", "loop:range", "stmt:element-store", "math:sin")
    scratch, t, i, name, place = w.fresh("work"), w.fresh("t"), w.fresh("i"), w.name("s"), w.rng.randint(0, 2)
    w.emit(f"{name} = {w.number()}")

    def inner(shift):
        w.emit(f"{scratch} = np.zeros(3)")
        with w.block(f"for {i} in range({arrays.length(w, u.size)}):", u.size):
            w.emit(f"{scratch}[{place}] = math.sin({w.number()} * {u.name}[{i}]{shift})")
            w.emit(f"{name} += {w.number()} * {scratch}[{place}] * {scratch}[{place}]")
        w.emit(f"{name} += {w.number()} * {scratch}[{place}]")

    if again:
        w.use("loop:nested", "loop:scratch-inside")
        with w.block(f"for {t} in range(2):", 2):
            inner(f" + {w.number()} * {t}")
    else:
        w.use("loop:scratch-outside")
        inner("")
    new_float(w, name, 1.5 + 1.5 * (u.size + 1) * (1 + again))
    return None


def left(w):
    """A sum over neighbours from somewhere on, given up when it is large."""
    found = w.arrays(lambda v: len(v.shape) == 1 and v.size >= 3)
    if not found or room(w) < 4:
        return False
    u = w.rng.choice(found)
    w.use("loop:left", "loop:range-start", "loop:break", "stmt:if")
    i, name, start = w.fresh("i"), w.name("s"), w.rng.randint(1, u.size - 1)
    step = w.rng.choice(["", "", ", 2"])
    w.emit(f"{name} = {w.number()}")
    with w.block(f"for {i} in range({start}, {arrays.length(w, u.size)}{step}):", u.size - start):
        w.emit(f"{name} += {w.number()} * {u.name}[{i}] * {u.name}[{i} - 1]")
        with w.block(f"if {name} > {w.number(0.5, 2.0)}:"):
            w.emit("break")
    new_float(w, name, 1.5 + 1.5 * (u.size - start) * u.bound**2)
    return None


def stencil(w):
    """A new array made of what stands around each element of another one, by loops or by slices."""
    found = w.arrays(lambda v: len(v.shape) in (1, 2) and min(v.shape) >= 3 and v.bound <= 2.0)
    if not found:
        return False
    flat = [v for v in found if len(v.shape) == 2]
    u = w.rng.choice(flat if flat and w.chance(0.7) else found)
    inner = [n - 2 for n in u.shape]
    trips = inner[0] * inner[-1] if len(inner) == 2 else inner[0]
    again = room(w) >= 2 * trips and w.chance(0.5)
    if room(w) < trips:
        return False
    name, rank = w.name("u", "array", len(u.shape)), len(u.shape)
    w.use("loop:stencil")
    w.emit(f"{name} = np.zeros({u.shape})")
    offsets = [[w.rng.choice([-1, -1, 0, 1, 1]) for _ in range(rank)] for _ in range(5)]
    if again:
        t = w.fresh("t")
        with w.block(f"for {t} in range(2):", 2):
            around(w, name, u, inner, offsets)
    else:
        around(w, name, u, inner, offsets)
    w.declare(name, "array", shape=u.shape, storage=Storage(max(1.0, (3.0 * u.bound + u.bound**2) * (1 + again))))
    return None


def around(w, name, u, inner, offsets):
    """The loops or the slices of a stencil."""
    by_slices = w.chance(0.4)
    counters = [w.fresh("i") for _ in inner]

    def place(offset):
        if by_slices:
            return ", ".join(f"{1 + k}:{n + 1 + k}" for n, k in zip(inner, offset))
        return ", ".join(c if not k else f"{c} {'+' if k > 0 else '-'} 1" for c, k in zip(counters, offset))

    read = [f"{u.name}[{place(offset)}]" for offset in offsets]
    term = w.rng.choice([f"{w.number(0.2, 1.0)} * ({read[0]} - {read[1]} + {read[2]})",
                         f"{w.number(0.2, 1.0)} * {read[0]} - {w.number(0.2, 1.0)} * {read[1]} + {read[2]}"])
    line = f"{name}[{place([0] * len(inner))}] += {term} + {w.number(0.2, 1.0)} * {read[3]} * {read[4]}"
    if by_slices:
        w.use("stmt:slice-augmented")
        w.emit(line)
        return
    w.use("loop:range")
    headers = [w.rng.choice([f"range(1, {arrays.length(w, n + 2)} - 1)", f"range({n}, 0, -1)"]) for n in inner]
    with w.block(f"for {counters[0]} in {headers[0]}:", inner[0]):
        if len(inner) == 1:
            w.emit(line)
        else:
            w.use("loop:nested")
            with w.block(f"for {counters[1]} in {headers[1]}:", inner[1]):
                w.emit(line)


def recurrence(w):
    """Elements read near those that are written, in this iteration or in others."""
    found = w.arrays(lambda v: len(v.shape) == 1 and v.size >= 3 and v.bound >= 1.0)
    if not found or room(w) < 6:
        return False
    u = w.rng.choice(found)
    w.use("loop:recurrence", "loop:carried-array", "loop:range")
    if w.chance(0.75):
        return neighbours(w, u, "1")
    w.use("loop:nested")
    t = w.fresh("t")
    with w.block(f"for {t} in range(2):", 2):
        neighbours(w, u, t)
    return None


def neighbours(w, u, shift):
    """A loop that writes to an element of `u` what it makes of two others."""
    n, i, k = u.size, w.fresh("i"), w.fresh("k")
    w.use("math:sin", "stmt:element-store")
    form = w.choose({"near": 4, "wrapped": 2, "turning": 6})
    header = w.rng.choice([f"range(1, {n - 1})", f"range({n - 2}, 0, -1)"])
    with w.block(f"for {i} in {header}:", n - 2):
        read = [f"{i} - 1", i, f"{i} + 1"]
        if form == "wrapped":
            w.emit(f"{k} = {i} - {w.rng.randint(2, 3)}")
            read = [k, i, f"{i} + 1"]
        elif form == "turning":
            w.emit(f"{k} = ({w.rng.randint(1, 3)} * {i} + {shift}) % {n - 1}")
            read = [k, f"{k} + 1", i]
        target = w.rng.choice(read)
        a, b = w.rng.choices([place for place in read if place != target], k=2)
        w.emit(f"{u.name}[{target}] = math.sin({w.number()} * {u.name}[{a}] * {u.name}[{b}] + {w.number()})")
