"""Loops over points, each compared with all parameters: what models are fitted with.

In: a writer. Out: lines such as

    total, s = 0.4, np.zeros(3)
    for i in range(len(x)):
        y = x[i] * 0.7
        for j in range(len(w)):
            s[j] = math.sin(y * w[j])
        for j in range(len(w) - 1, -1, -1):
            y = math.sin(0.3 * y * s[j] + w[j])
        if y > 0.2:
            total += 1.2 * y * s[0]
    r = 0.5 * total * total

Mostly the iterations pass on nothing but sums; now and then one does something that does not fit this.
"""

from tests.fuzz.assignments import new_float

MOST = 48
BOUND = 2.0


class Loop:
    """One such loop in the making: the names in it, and how far it may go up."""

    def __init__(self, w, points, params):
        self.w, self.points, self.params = w, points, params
        self.i, self.j, self.y = w.fresh("i"), w.fresh("j"), w.fresh("y")
        self.sums = [w.fresh("total")] + ([w.fresh("total")] if w.chance(0.4) else [])
        self.scratch = w.fresh("work") if w.chance(0.6) else None
        self.inside = self.scratch is not None and w.chance(0.25)
        self.m = params.shape[0]
        self.growth, self.doubled = 0.0, False

    @property
    def extent(self):
        return f"len({self.params.name})"

    def point(self, column=None):
        """A number of the point, in a loop over columns that of the column."""
        flat = len(self.points.shape) == 1
        at = self.w.rng.choice([self.i, self.i, self.i, f"{self.i} - 1"])
        return f"{self.points.name}[{at}]" if flat else f"{self.points.name}[{at}, {column or 0}]"

    def factor(self, column=None):
        """What may be multiplied, with a bound of `BOUND`."""
        w = self.w
        j = self.j if column else w.rng.choice(["0", "-1", str(self.m - 1), f"{self.i} % {self.m}"])
        found = [self.y, self.y, f"{self.params.name}[{j}]", self.point(column)]
        return w.rng.choice(found + [f"{self.scratch}[{j}]"] * 2 if self.scratch else found)

    def wave(self, column=None):
        """An expression between -1 and 1."""
        w = self.w
        w.use("math:sin")
        inner = f"{w.number()} * {self.factor(column)} * {self.factor(column)}"
        return f"math.sin({inner} + {w.rng.choice([w.number(), self.factor(column)])})"


def over_points(w):
    """Sums over points, and what is made of them."""
    found = w.arrays(lambda v: len(v.shape) in (1, 2) and v.size and v.bound <= BOUND and v.name.isidentifier())
    lines = [v for v in found if len(v.shape) == 1]
    if w.loops or not lines:
        return False
    loop = Loop(w, w.rng.choice(found), w.rng.choice(lines))
    columns = loop.points.shape[1] if len(loop.points.shape) == 2 else loop.m
    if loop.points.shape[0] * loop.m > MOST or columns != loop.m:
        return False
    w.use("loop:points", "loop:nested", "loop:range", "builtin:len")
    for total in loop.sums:
        w.emit(f"{total} = {w.rng.choice([w.number(), '0.0', loop.point().replace(loop.i, '0')])}")
    if loop.scratch and not loop.inside:
        make_scratch(loop)
    start = w.rng.choice(["", "", "", "1, "])
    header = w.rng.choice([f"range({start}len({loop.points.name}))"] * 5 + [f"range(len({loop.points.name}) - 1, -1, -1)"])
    with w.block(f"for {loop.i} in {header}:", loop.points.shape[0]):
        body(loop)
    effect(loop)
    return None


def make_scratch(loop):
    w = loop.w
    w.use("loop:scratch-inside" if loop.inside else "loop:scratch-outside", "np:zeros")
    w.emit(f"{loop.scratch} = np.zeros({loop.extent})")


def body(loop):
    """One iteration."""
    w = loop.w
    if loop.inside:
        make_scratch(loop)
    w.emit(f"{loop.y} = {loop.point()} * {w.number(0.2, 0.9)}")
    if loop.scratch and w.chance(0.8):
        over(loop, [fill], f"range({loop.extent})")
    for _ in range(w.rng.randint(1, 3)):
        w.choose({through: 5, again: 2, single: 2, conditional: 2})(loop)
    w.choose({add: 12, double: 1, cross: 0.5, feed: 0.5})(loop, None)


def through(loop):
    """A loop over all parameters, or most of them."""
    w = loop.w
    steps = [w.choose({fill: 3 if loop.scratch else 0, follow: 4, add: 2, branch: 2}) for _ in range(w.rng.randint(1, 2))]
    last = f"{loop.extent} - 1"
    header = w.rng.choice([f"range({loop.extent})"] * 4 + [f"range(1, {loop.extent})", f"range({last})", f"range({last}, -1, -1)"])
    over(loop, steps, header)


def over(loop, steps, header):
    """An inner loop."""
    with loop.w.block(f"for {loop.j} in {header}:", loop.m):
        for step in steps:
            step(loop, loop.j)


def again(loop):
    """All parameters several times, each time for another one of few."""
    w, k = loop.w, loop.w.fresh("k")
    with w.block(f"for {k} in range(2):", 2):
        if w.chance(0.5):
            w.emit(f"{loop.y} = {loop.y} * {w.number(0.3, 0.9)} + 0.1 * {k}")
        over(loop, [w.choose({follow: 3, add: 1})], f"range({loop.extent})")


def single(loop):
    """A statement between the loops."""
    w = loop.w
    if loop.scratch and w.chance(0.4):
        place = w.rng.choice(["0", "-1", f"{loop.i} % {loop.m}"])
        w.use("stmt:element-store")
        w.emit(f"{loop.scratch}[{place}] = {loop.wave()}")
    else:
        w.choose({follow: 2, add: 1})(loop, None)


def conditional(loop):
    """Something under a condition."""
    w = loop.w
    test = w.rng.choice([f"{loop.y} > {w.number(0.1, 0.6)}", f"{loop.i} % 2 == 0"])
    w.use("stmt:if")
    if w.chance(0.2):
        w.use("loop:continue")
        with w.block(f"if {test}:"):
            w.emit("continue")
        return
    with w.block(f"if {test}:"):
        w.choose({add: 3, follow: 1})(loop, None)
    if w.chance(0.4):
        w.use("stmt:else")
        with w.block("else:"):
            add(loop, None)


def branch(loop, column):
    w = loop.w
    w.use("stmt:if")
    with w.block(f"if {w.rng.choice([f'{loop.y} > {w.number(0.1, 0.6)}', f'{loop.j} > 0', f'{loop.i} == {loop.j}'])}:"):
        w.choose({add: 2, follow: 2, fill: 2 if loop.scratch else 0})(loop, column)


def fill(loop, column):
    loop.w.use("stmt:element-store")
    loop.w.emit(f"{loop.scratch}[{loop.j}] = {loop.wave(column)}")


def follow(loop, column):
    loop.w.emit(f"{loop.y} = {loop.wave(column)}")


def add(loop, column):
    """More of a sum."""
    w, total = loop.w, loop.w.rng.choice(loop.sums)
    loop.growth += 1.5 * (w.trips if not loop.doubled else 0)
    term = f"{w.number()} * {loop.wave(column)}"
    w.use("stmt:augmented+")
    w.emit(w.rng.choice([f"{total} += {term}"] * 3 + [f"{total} -= {term}", f"{total} = {term} + {total}"]))


def double(loop, column):
    """A sum that is added to itself, by half."""
    w, total, part = loop.w, loop.sums[0], loop.w.fresh("part")
    w.emit(f"{part} = {total} + {w.number()} * {loop.wave()}")
    w.emit(f"{total} = {w.rng.choice([f'0.5 * ({part} + {total})', f'{part} + ({total} + 0.1)'])}")
    loop.growth = (loop.growth + 4.0) * 2.0 ** loop.points.shape[0]
    loop.doubled = True


def cross(loop, column):
    """One sum goes into the other."""
    w = loop.w
    loop.growth = (loop.growth + 2.0) * (1.0 + w.trips)
    w.emit(f"{loop.sums[-1]} = {loop.sums[0]} + {w.number()} * {loop.wave()}")


def feed(loop, column):
    """The sum is used in the loop."""
    w = loop.w
    loop.growth += 1.5 * w.trips
    w.emit(f"{loop.sums[0]} += {w.number()} * math.sin({loop.sums[-1]} * {loop.factor()})")


def effect(loop):
    """What comes of the sums."""
    w, name, total = loop.w, loop.w.name("s"), loop.sums[0]
    every = " - ".join(loop.sums)
    form = w.choose({"same": 4, "mean": 3, "wave": 2, "two": 2, "kept": 1, "more": 1.5})
    match form:
        case "mean":
            w.emit(f"{name} = {w.number()} * ({every}) / len({loop.points.name})")
        case "wave":
            w.emit(f"{name} = math.sin({w.number(0.1, 0.4)} * {total}) + {loop.sums[-1]}")
        case "two":
            first, second, i = w.fresh("p"), w.fresh("q"), w.fresh("i")
            w.emit(f"{first} = {total}")
            w.emit(f"{second} = {w.rng.choice([total, f'{w.number()} * {total}', loop.sums[-1], '0.1'])}")
            with w.block(f"for {i} in range({loop.extent}):", loop.m):
                w.emit(f"{first} += {w.number()} * {loop.params.name}[{i}]")
                w.emit(w.rng.choice([f"{second} -= {w.number()} * {loop.params.name}[{i}]", f"{second} = {total}"]))
            w.emit(f"{name} = {w.number()} * {first} - {second}")
            loop.growth += BOUND * 2.0 * loop.m
        case "kept" if loop.scratch and not loop.inside:
            w.emit(f"{name} = {every} + {w.number()} * {loop.scratch}[{w.rng.choice(['0', '-1'])}]")
        case "more":
            i = w.fresh("i")
            with w.block(f"for {i} in range({loop.extent}):", loop.m):
                w.emit(f"{total} += {w.number()} * {loop.params.name}[{i}]")
            w.emit(f"{name} = {every}")
            loop.growth += BOUND * loop.m
        case _:
            w.emit(f"{name} = {every}")
    new_float(w, name, 2.5 * (BOUND + 1.5 + loop.growth))
