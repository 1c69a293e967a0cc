"""Elementwise expressions, alike for scalars and arrays: operators and float functions with safe arguments.

In: a writer, a shape (None for a scalar), a depth. Out: `E`. Leaves and shape-changing forms come from
`scalars` and `arrays`. Every argument of a function with a restricted domain is brought into it by
construction.
"""

from tests.fuzz.scope import E

CAP = 4.0

UNARY = {
    # NumPy name: (math name, domain, bound of the result)
    "sin": ("sin", "any", 1.0),
    "cos": ("cos", "any", 1.0),
    "tanh": ("tanh", "any", 1.0),
    "arctan": ("atan", "any", 1.6),
    "arcsinh": ("asinh", "any", 2.5),
    "square": (None, "small", 2.3),
    "fabs": ("fabs", "any", CAP),
    "exp": ("exp", "small", 4.5),
    "exp2": (None, "small", 2.9),
    "expm1": ("expm1", "small", 3.5),
    "sinh": ("sinh", "small", 2.2),
    "cosh": ("cosh", "small", 2.4),
    "tan": ("tan", "unit", 1.5),
    "arcsin": ("asin", "unit", 1.2),
    "arccos": ("acos", "unit", 2.8),
    "arctanh": ("atanh", "unit", 1.5),
    "arccosh": ("acosh", "above1", 2.5),
    "log": ("log", "positive", 1.9),
    "log2": ("log2", "positive", 2.7),
    "log10": ("log10", "positive", 0.9),
    "log1p": ("log1p", "positive", 1.9),
    "sqrt": ("sqrt", "positive", 2.4),
    "cbrt": (None, "positive", 1.8),
    "reciprocal": (None, "positive", 3.4),
    "degrees": ("degrees", "tiny", 4.0),
    "rad2deg": (None, "tiny", 4.0),
    "radians": ("radians", "any", 0.1),
    "deg2rad": (None, "any", 0.1),
    "negative": (None, "any", CAP),
    "positive": (None, "any", CAP),
    "absolute": (None, "any", CAP),
    "abs": (None, "any", CAP),
    "sign": (None, "any", 1.0),
    "floor": ("floor", "any", CAP + 1),
    "ceil": ("ceil", "any", CAP + 1),
    "trunc": ("trunc", "any", CAP),
    "rint": (None, "any", CAP + 1),
    "erf": ("erf", "any", 1.0),
    "erfc": ("erfc", "any", 2.0),
    "gamma": ("gamma", "positive", 24.0),
    "lgamma": ("lgamma", "positive", 3.2),
}
ONLY_MATH = ("erf", "erfc", "gamma", "lgamma")
PLAIN_NP = ("abs", "sign")

BINARY = {
    # NumPy name: (math name, domains, bound of the result)
    "arctan2": ("atan2", ("any", "positive"), 1.6),
    "hypot": ("hypot", ("any", "positive"), CAP + 6),
    "logaddexp": (None, ("any", "any"), CAP + 1),
    "logaddexp2": (None, ("any", "any"), CAP + 1),
    "maximum": (None, ("any", "any"), CAP),
    "minimum": (None, ("any", "any"), CAP),
    "fmax": (None, ("any", "any"), CAP),
    "fmin": (None, ("any", "any"), CAP),
    "copysign": ("copysign", ("positive", "away"), 6.0),
    "fmod": ("fmod", ("any", "positive"), CAP),
    "remainder": (None, ("any", "positive"), 6.0),
    "mod": (None, ("any", "positive"), 6.0),
    "floor_divide": (None, ("any", "positive"), 14.0),
    "power": ("pow", ("positive", "small"), 14.0),
    "add": (None, ("any", "any"), 2 * CAP),
    "subtract": (None, ("any", "any"), 2 * CAP),
    "multiply": (None, ("small", "any"), 2 * CAP),
    "divide": (None, ("any", "positive"), 14.0),
}
PLAIN_BINARY = ("maximum", "minimum")


def numeric(w, name, shape):
    """A function's name in one of its spellings: `np.sin`, `math.sin`, or `sin` imported from math."""
    math_name = (UNARY.get(name) or BINARY.get(name))[0]
    if math_name == "trunc" and w.module.single:
        math_name = None
    if shape is None and math_name and (name in ONLY_MATH or w.chance(0.6)):
        w.use(f"math:{math_name}")
        if math_name in w.module.from_math or (w.chance(0.15) and math_name != "pow"):
            w.module.from_math.add(math_name)
            w.use("func:from-math")
            return math_name
        return f"math.{math_name}"
    w.use(f"np:{name}" if name in PLAIN_NP + PLAIN_BINARY else f"ufunc:{name}")
    return f"np.{name}"


def call(w, name, shape, *args):
    """A call of a float function."""
    return f"{numeric(w, name, shape)}({', '.join(args)})"


def fit(w, e, cap, shape):
    """The expression, squashed if its bound is above `cap`."""
    if e.bound <= cap:
        return e
    if e.bound <= 3 * cap and w.chance(0.6):
        factor = int(100 * cap / e.bound) / 100
        return E(f"{factor} * {e.tight}", factor * e.bound, False)
    inner = e if e.bound <= 4.0 else E(f"{int(400 / e.bound) / 100 or 0.01} * {e.tight}", 4.0, False)
    squashed = call(w, w.choose({"tanh": 3, "sin": 4, "arctan": 1}), shape, inner.text)
    if cap >= 1.6:
        return E(squashed, 1.6)
    factor = int(100 * cap / 1.6) / 100 or 0.01
    return E(f"{factor} * {squashed}", cap, False)


def positive(w, shape, depth):
    """An expression in [0.3, 6]."""
    form = w.rng.randrange(6)
    if form == 0:
        return E(f"{w.number(0.4, 1.2)} + {fit(w, square(w, shape, depth), 4.0, shape).tight}", 5.2, False)
    if form == 1:
        return E(f"{w.number(1.4, 2.0)} + {call(w, 'sin', shape, value(w, shape, depth).text)}", 3.0, False)
    if form == 2:
        return E(call(w, "exp", shape, fit(w, value(w, shape, depth), 1.2, shape).text), 3.4)
    if form == 3:
        inner = fit(w, value(w, shape, depth), CAP, shape)
        return E(f"{w.number(0.4, 1.0)} + {call(w, 'abs', shape, inner.text)}", 5.0, False)
    if form == 4:
        inner = fit(w, value(w, shape, depth), CAP, shape)
        return E(call(w, "maximum", shape, inner.text, w.number(0.4, 0.9)), CAP)
    return E(f"{w.number(1.5, 2.2)} - {call(w, 'tanh', shape, value(w, shape, depth).text)}", 3.2, False)


def square(w, shape, depth):
    """A small expression squared."""
    inner = fit(w, value(w, shape, depth), 1.8, shape)
    w.use(f"op:{kind(shape)}**")
    return E(f"{inner.tight} ** 2", inner.bound**2, False)


def kind(shape):
    """Prefix of operator constructs."""
    return "" if shape is None else "array"


def domain(w, which, shape, depth):
    """An expression inside a function's domain."""
    if which == "positive":
        return positive(w, shape, depth)
    if which == "above1":
        return E(f"1.3 + {positive(w, shape, depth).tight}", 7.0, False)
    if which == "away":
        inner = fit(w, value(w, shape, depth), CAP, shape)
        return E(f"{inner.tight} + {w.number(0.05, 0.3)}", CAP + 0.3, False)
    caps = {"any": CAP, "small": 1.5, "unit": 0.9, "tiny": 0.07}
    return fit(w, value(w, shape, depth), caps[which], shape)


def unary(w, shape, depth):
    """A float function of one argument."""
    name = w.rng.choice(list(UNARY))
    if shape is not None and name in ONLY_MATH:
        name = "sin"
    _, which, bound = UNARY[name]
    return E(call(w, name, shape, domain(w, which, shape, depth).text), bound)


def binary(w, shape, depth):
    """A float function of two arguments."""
    name = w.rng.choice(list(BINARY))
    _, (left, right), bound = BINARY[name]
    a, b = domain(w, left, shape, depth), domain(w, right, partner(w, shape), depth)
    return E(call(w, name, shape, a.text, b.text), bound)


def partner(w, shape):
    """The shape of a second operand: the same, a scalar, or one that broadcasts."""
    if not shape or w.chance(0.6):
        return shape
    if w.chance(0.5):
        return None
    w.use("op:broadcast")
    if w.chance(0.5):
        return shape[w.rng.randrange(len(shape)) :]
    return tuple(1 if w.chance(0.5) else n for n in shape)


def operands(w, shape, depth):
    """Two expressions whose broadcast shape is `shape`, in either order."""
    a, b = value(w, shape, depth), value(w, partner(w, shape), depth)
    return (a, b) if w.chance(0.5) else (b, a)


def operator(w, shape, depth):
    """An arithmetic operator."""
    form = w.choose({"+": 6, "-": 5, "*": 8, "/": 4, "**": 2, "//": 0.6, "%": 1, "negate": 1, "plus": 0.3})
    w.use(f"op:{kind(shape)}{form}" if len(form) < 3 else f"op:{form}")
    if form in "+-":
        a, b = operands(w, shape, depth)
        return E(f"{a.tight} {form} {b.tight}", a.bound + b.bound, False)
    if form == "*":
        a, b = operands(w, shape, depth)
        return E(f"{a.tight} * {b.tight}", a.bound * b.bound, False)
    if form in ("/", "//", "%"):
        a, b = fit(w, value(w, shape, depth), CAP, shape), positive(w, partner(w, shape), depth)
        bound = 6.0 if form == "%" else a.bound / 0.3 + 1.0
        return E(f"{a.tight} {form} {b.tight}", bound, False)
    if form == "**":
        return exponential(w, shape, depth)
    inner = value(w, shape, depth)
    return E(f"{'-' if form == 'negate' else '+'}{inner.tight}", inner.bound, False)


def exponential(w, shape, depth):
    """A power: integer exponents, constant or not, of anything small, negative or real ones of positive bases."""
    form = w.rng.randrange(6)
    if form == 0:
        n = w.rng.choice([2, 2, 3, 1, 0, 4, 5, 7])
        inner = fit(w, value(w, shape, depth), 1.5 if n < 4 else 1.2, shape)
        return E(f"{inner.tight} ** {n}", max(inner.bound**n, 1.0), False)
    small = w.find("int", lambda v: 0 <= v.lo and v.hi <= 5) if form == 5 else []
    if small:
        w.use("op:int-power")
        n = w.rng.choice(small)
        if w.chance(0.3):
            base = E(call(w, "maximum", shape, value(w, shape, depth).text, w.number(0.8, 1.2)), 5.0)
            return E(f"{base.tight} ** -{n.name}", 4.0, False)
        inner = fit(w, value(w, shape, depth), 1.4, shape)
        power = w.rng.choice([n.name, n.name, f"({n.name} + 1)"])
        return E(f"{inner.tight} ** {power}", 8.0, False)
    base = positive(w, shape, depth)
    if form == 1:
        return E(f"{base.tight} ** {w.rng.choice(['-1', '-2', '0.5', '1.5', '-0.5'])}", 14.0, False)
    if form == 2:
        return E(f"{w.number(0.5, 1.8)} ** {fit(w, value(w, shape, depth), 1.5, shape).tight}", 3.0, False)
    return E(f"{base.tight} ** {fit(w, value(w, partner(w, shape), depth), 1.2, shape).tight}", 9.0, False)


def choice(w, shape, depth):
    """Piecewise expressions: where, clip, and ternaries for scalars."""
    from tests.fuzz import arrays, scalars

    if shape is None:
        if w.chance(0.7):
            w.use("op:ternary")
            a, b = value(w, None, depth), value(w, None, depth)
            return E(
                f"{a.tight} if {scalars.condition(w, depth)} else {b.tight}", max(a.bound, b.bound), False
            )
        a = value(w, None, depth)
        w.use("np:clip")
        return E(f"np.clip({a.text}, -{w.number(0.5, 1)}, {w.number(0.5, 1)})", 1.0)
    if w.chance(0.6):
        w.use("np:where")
        a, b = operands(w, shape, depth)
        return E(f"np.where({arrays.mask(w, shape, depth)}, {a.text}, {b.text})", max(a.bound, b.bound))
    a = value(w, shape, depth)
    low, high = f"-{w.number(0.3, 1)}", w.number(0.3, 1) if w.chance(0.7) else positive(w, None, depth).text
    if w.chance(0.4):
        w.use("method:clip")
        return E(f"{a.tight}.clip({low}, {high})", 6.0)
    w.use("np:clip")
    return E(f"np.clip({a.text}, {low}, {high})", 6.0)


def value(w, shape, depth):
    """Any expression of a shape (None for a scalar)."""
    from tests.fuzz import arrays, scalars

    if depth <= 0 or w.chance(0.15):
        return scalars.leaf(w) if shape is None else arrays.leaf(w, shape)
    special = scalars.special if shape is None else arrays.special
    form = w.choose({operator: 9, unary: 5, binary: 2, choice: 1.2, special: 4})
    e = form(w, shape, depth - 1)
    if shape is not None and e.storage is None and not shape:
        return e
    return e if e.bound <= 12.0 else fit(w, e, 4.0, shape)
