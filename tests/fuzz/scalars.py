"""Scalar expressions: leaves, integers, indices, conditions, builtins and reductions of arrays.

In: a writer. Out: `E` or text. Indices are always in range: from stable integers whose range is known, or
wrapped by `% n`.
"""

from tests.fuzz import arrays
from tests.fuzz.elementwise import CAP, fit, positive, value
from tests.fuzz.scope import E

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def leaf(w):
    """A float that costs nothing: a name, an element, a literal, an integer."""
    form = w.choose({"name": 6, "element": 5, "literal": 1.5, "int": 1, "constant": 1, "list": 1})
    if form == "name" and (var := w.pick("float")):
        return E(var.name, var.bound)
    if form in ("element", "name") and w.arrays(lambda v: v.size):
        return element(w)
    if form == "int" and (var := w.pick("int")):
        bound = max(abs(var.lo), abs(var.hi), 1)
        if w.chance(0.4):
            w.use("builtin:float")
            return E(f"{w.number(0.1, 0.4)} * float({var.name})", 0.4 * bound, False)
        return E(f"{w.number(0.1, 0.4)} * {var.name}", 0.4 * bound, False)
    if form == "constant":
        w.use("func:module-constant")
        return E("SCALE", 1.0)
    if form == "list" and (var := w.pick("list") or w.pick("tuple")):
        n = var.shape[0]
        fixed = w.chance(0.7)
        w.use("container:list-index" if fixed else "container:list-index-computed")
        return E(f"{var.name}[{w.rng.randrange(-n, n) if fixed else index(w, n)}]", var.bound)
    if form == "literal" and w.chance(0.1):
        w.use("math:constants")
        return E(w.rng.choice(["math.pi", "math.e", "np.pi"]), 3.2)
    if form != "literal" and (var := w.pick("float")):
        return E(var.name, var.bound)
    return E(w.number(), 1.5)


def element(w):
    """An element of an array in sight."""
    var = w.rng.choice(w.arrays(lambda v: v.size))
    if not var.shape:
        return number_of(w, var)
    return E(var.name + subscript(w, var.shape), var.bound)


def number_of(w, var):
    """The number in an array of rank 0."""
    form = w.choose({"index": 2, "item": 1, "float": 1, "times": 2})
    if form == "item":
        w.use("method:item")
        return E(f"{var.name}.item()", var.bound)
    if form == "float":
        w.use("builtin:float")
        return E(f"float({var.name})", var.bound)
    if form == "times":
        return E(f"{w.number(0.5, 1)} * {var.name}", var.bound, False)
    return E(f"{var.name}[()]", var.bound)


def subscript(w, shape):
    """Full indices of one element, in brackets."""
    if not shape:
        return "[()]"
    parts = [index(w, n) for n in shape]
    if len(shape) > 1 and w.chance(0.1):
        w.use("index:chained-index")
        return "".join(f"[{p}]" for p in parts)
    return f"[{', '.join(parts)}]"


def index(w, n):
    """An integer expression that is a valid index of a dimension of length n > 0."""
    form = w.choose(
        {
            "name": 6,
            "literal": 2,
            "negative": 1,
            "shifted": 2,
            "computed": 2,
            "last": 1,
            "table": 1,
            "float": 0.3,
        }
    )
    inside = w.find("int", lambda v: v.stable and -n <= v.lo and v.hi < n)
    if form == "name" and inside:
        return w.rng.choice(inside).name
    if form == "negative":
        w.use("index:negative-index")
        return f"-{w.rng.randint(1, n)}"
    if form == "shifted" and inside:
        return shifted(w, w.rng.choice(inside), n)
    if form in ("computed", "shifted") and (var := w.pick("int")):
        w.use("index:computed-index", "op:int%", "op:int+")
        factor = w.choose(
            {
                f"{var.name} + {w.rng.randint(1, 3)}": 2,
                f"2 * {var.name} + 1": 1,
                f"{var.name} * {var.name} + 1": 1,
            }
        )
        if "*" in factor:
            w.use("op:int*")
        return f"({factor}) % {n}"
    if form == "last":
        return f"{arrays.length(w, n)} - 1"
    if form == "table" and (var := w.pick("ints", lambda v: v.size and -n <= v.lo and v.hi < n)):
        w.use("index:index-array")
        return f"{var.name}[{index(w, var.shape[0])}]"
    if form == "float" and (var := w.pick("float")):
        w.use("builtin:int")
        return f"int({w.number(1.5, 3)} * {var.name}) % {n}"
    return str(w.rng.randrange(n))


def shifted(w, var, n):
    """A stable integer moved within the dimension, possibly to a negative index that wraps."""
    if var.lo - 1 >= -n and w.chance(0.6):
        if var.lo == 0:
            w.use("index:wrapped-index")
        w.use("op:int-")
        return f"{var.name} - 1"
    w.use("index:computed-index", "op:int-")
    return f"{arrays.length(w, n)} - 1 - {var.name}" if var.lo >= 0 else f"-1 - {var.name}"


def integer(w):
    """A small integer expression of unknown value, for conditions."""
    var = w.pick("int")
    if var is None:
        w.use("builtin:int")
        return f"int({w.number(1.5, 3)} * {leaf(w).tight})"
    if w.module.extras and w.chance(0.4):
        w.use("extra:bit-operators")
        return f"({var.name} {w.rng.choice(['&', '|', '^', '<<', '>>'])} {w.rng.randint(1, 3)})"
    op = w.choose({"//": 2, "%": 3, "+": 2, "*": 1, "-": 1, "**": 0.5})
    w.use(f"op:int{op}")
    return f"{var.name} {op} {2 if op == '**' else w.rng.randint(2, 3)}"


def comparison(w, depth):
    """Two scalars compared, or three in a chain."""
    a, b = value(w, None, depth), value(w, None, min(depth, 1))
    if w.chance(0.2):
        w.use("op:chained-comparison", "op:<")
        return f"-{w.number(0.3, 1.5)} < {a.tight} < {positive(w, None, 0).tight}"
    op = w.rng.choice(COMPARISONS[:4]) if w.chance(0.9) else w.rng.choice(COMPARISONS[4:])
    w.use(f"op:{op}")
    return f"{a.tight} {op} {b.tight}"


def switch(w):
    """A condition decided by a static argument, or by a boolean."""
    if (var := w.pick("text")) and w.chance(0.7):
        return f'{var.name} == "{w.rng.choice(["tanh", "sine"])}"'
    if (var := w.pick("none")) and w.chance(0.7):
        return f"{var.name} is {w.rng.choice(['', 'not '])}None"
    if var := w.pick("bool"):
        return var.name
    if var := w.pick("bools", lambda v: v.size):
        return var.name + subscript(w, var.shape)
    return None


def condition(w, depth=1):
    """A boolean expression."""
    form = w.choose({"compare": 6, "int": 2, "logic": 2, "not": 0.7, "switch": 2, "any": 1})
    if form == "int":
        op = w.choose({"==": 3, "!=": 1, "<": 2, ">=": 1})
        w.use(f"op:{op}")
        return f"{integer(w)} {op} {w.rng.randint(0, 2)}"
    if form == "logic":
        op = w.rng.choice(["and", "or"])
        w.use(f"op:{op}")
        return f"({condition(w, 0)} {op} {condition(w, 0)})"
    if form == "not":
        w.use("op:not")
        return f"not ({condition(w, 0)})"
    if form == "switch" and (text := switch(w)):
        return text
    if form == "any" and (text := quantified(w)):
        return text
    return comparison(w, depth)


def quantified(w):
    """any or all of an array's comparisons."""
    var = w.pick("array", lambda v: len(v.shape) == 1)
    if var is None:
        return None
    name = w.rng.choice(["any", "all"])
    op, limit = w.choose({">": 1, "<": 1}), w.number(0.2, 1.0)
    if w.chance(0.5):
        w.use(f"builtin:{name}", "op:array-compare")
        return f"{name}({var.name} {op} {limit})"
    w.use(f"builtin:{name}", f"container:generator-{name}")
    e = w.fresh("e")
    return f"{name}({e} {op} {limit} for {e} in {var.name})"


def special(w, shape, depth):
    """Scalars from builtins, reductions and containers."""
    form = w.choose({builtin: 4, reduced: 7, listed: 2})
    return form(w, depth)


def listed(w, depth):
    """A scalar from a literal list or tuple."""
    parts = [fit(w, value(w, None, depth), CAP, None) for _ in range(w.rng.choice([2, 3]))]
    text = ", ".join(p.text for p in parts)
    form = w.choose({"sum": 3, "max": 1, "tuple": 1, "array": 1})
    if form == "tuple":
        w.use("container:tuple-literal")
        return E(f"({text})[{w.rng.randrange(len(parts))}]", CAP)
    if form == "array":
        w.use("container:np-array-of-list", "np:array", "method:sum")
        return E(f"np.array([{text}]).sum()", CAP * len(parts))
    w.use("container:np-sum-of-list", f"np:{form}")
    return E(f"np.{form}([{text}])", CAP * len(parts))


def builtin(w, depth):
    """min, max, abs, round, int, float, len, logarithm with a base."""
    form = w.choose(
        {
            "min": 2,
            "max": 2,
            "abs": 2,
            "round": 1,
            "round-digits": 0.5,
            "int": 0.7,
            "float": 1,
            "len": 0.5,
            "log-base": 0.5,
        }
    )
    if w.module.extras and w.chance(0.3):
        return unusual(w, depth)
    if form in ("min", "max"):
        w.use(f"builtin:{form}")
        parts = [value(w, None, depth) for _ in range(w.rng.choice([2, 2, 3]))]
        return E(f"{form}({', '.join(p.text for p in parts)})", max(p.bound for p in parts))
    inner = fit(w, value(w, None, depth), CAP, None)
    if form == "len" and (var := w.pick("array", lambda v: len(v.shape) > 0)):
        count = w.choose({"len({})": 3, "{}.ndim": 1, "np.ndim({})": 1})
        w.use({"len({})": "builtin:len", "{}.ndim": "method:ndim", "np.ndim({})": "np:ndim"}[count])
        return E(f"{w.number(0.1, 0.3)} * {count.format(var.name)}", 2.0, False)
    if form == "log-base":
        w.use("math:log-base")
        return E(f"math.log({positive(w, None, depth).text}, {w.number(1.5, 3)})", 5.0)
    if form == "round-digits":
        w.use("builtin:round-digits")
        return E(f"round({inner.text}, {w.rng.randint(1, 2)})", inner.bound)
    form = "abs" if form == "len" else form
    w.use(f"builtin:{form}")
    return E(f"{form}({inner.text})", inner.bound + 1)


def unusual(w, depth):
    """Builtins and functions beyond the first set."""
    a, b = fit(w, value(w, None, depth), CAP, None), positive(w, None, depth)
    form = w.rng.choice(["divmod", "pow", "math-remainder"])
    w.use(f"extra:{form}")
    match form:
        case "divmod":
            return E(f"divmod({a.text}, {b.text})[{w.rng.randrange(2)}]", 14.0)
        case "pow":
            return E(f"pow({b.text}, {fit(w, a, 1.2, None).text})", 9.0)
    return E(f"math.remainder({a.text}, {b.text})", 3.0)


def reduced(w, depth):
    """A reduction of an array to a scalar."""
    form = w.choose(
        {
            "sum": 4,
            "mean": 2,
            "prod": 1,
            "max": 1.5,
            "min": 1.5,
            "var": 1,
            "std": 1,
            "dot": 3,
            "builtin": 2,
            "item": 0.5,
        }
    )
    shape = arrays.some_shape(w, empty=form in ("sum", "prod", "dot"))
    if form == "dot":
        return product(w, depth)
    if form == "builtin":
        return builtin_reduction(w, depth)
    if form == "item":
        w.use("method:item")
        return E(f"{arrays.owned(w, (1,), depth).tight}.item()", CAP)
    size = max(arrays.size(shape), 1)
    form = "var" if form == "std" and size < 2 else form
    cap = {"prod": 1.2, "std": 0.4}.get(form, CAP)
    e = fit(w, value(w, shape, depth), cap, shape)
    bound = {"sum": size * e.bound, "prod": 1.2**size, "var": e.bound**2 * 2, "std": 5.0}.get(form, e.bound)
    text, tight = e.text, e.tight
    if form == "std":
        ramp = arrays.ramp(w, shape)
        text = f"{e.tight} + {ramp}"
        tight = f"({text})"
    if w.chance(0.4):
        w.use(f"method:{form}")
        return E(f"{tight}.{form}()", bound)
    w.use(f"np:{form}")
    return E(f"np.{form}({text})", bound)


def product(w, depth):
    """A dot product of two vectors in one of its spellings."""
    n = w.rng.choice([v.shape[0] for v in w.arrays(lambda v: len(v.shape) == 1)] or [3])
    a, b = (fit(w, value(w, (n,), depth), CAP, (n,)) for _ in range(2))
    form = w.choose({"dot": 2, "vdot": 1, "matmul": 1, "@": 2, "method": 1})
    bound = n * a.bound * b.bound
    if form == "@":
        w.use("op:array@", "op:@")
        return E(f"{a.tight} @ {b.tight}", bound, False)
    if form == "method":
        w.use("method:dot")
        return E(f"{a.tight}.dot({b.text})", bound)
    w.use(f"np:{form}")
    return E(f"np.{form}({a.text}, {b.text})", bound)


def builtin_reduction(w, depth):
    """sum, min or max of a vector, or a sum over a generator."""
    form = w.choose({"sum": 2, "max": 1, "min": 1, "generator": 3})
    var = w.pick("array", lambda v: len(v.shape) == 1 and v.size)
    if var is None:
        return leaf(w)
    if form == "generator":
        return generator_sum(w, var, depth)
    w.use(f"builtin:{form}" if form == "sum" else f"builtin:{form}-of-array")
    return E(f"{form}({var.name})", var.bound * (var.size if form == "sum" else 1))


def generator_sum(w, var, depth):
    """A sum over a generator expression, over elements or over indices."""
    w.use("container:generator-sum", "builtin:sum")
    scope = dict(w.scope)
    if w.chance(0.5):
        name = w.fresh("e")
        w.declare(name, "float", storage=var.storage)
        source = var.name
    else:
        name = w.fresh("i")
        w.declare(name, "int", lo=0, hi=var.shape[0] - 1, stable=True)
        source = f"range({arrays.length(w, var.shape[0])})"
    inner = value(w, None, max(depth, 1))
    if name not in inner.text:
        item = name if w.scope[name].kind == "float" else f"{var.name}[{name}]"
        inner = E(f"{inner.tight} * {item}", inner.bound * var.bound, False)
    w.scope = scope
    return E(f"sum({inner.text} for {name} in {source})", inner.bound * var.size)
