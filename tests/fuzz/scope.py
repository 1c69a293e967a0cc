"""What a half-written program knows: names in sight, their shapes and magnitudes, the lines so far.

In: a seeded random generator. Out: `Writer`, to which the modules of this package add lines. Magnitudes are
kept small by construction: every name has a bound, and what is stored inside a loop must respect it.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.fuzz.constructs import CONSTRUCTS, EXTRA_CONSTRUCTS

GROWTH = 6.0


class Storage:
    """Memory seen through one or several names, with a bound on the magnitude of what is in it."""

    def __init__(self, bound):
        self.bound = bound


class E(NamedTuple):
    """An expression: its text, a bound on its magnitude, whether it binds tightly, the memory it shows."""

    text: str
    bound: float = 1.0
    atom: bool = True
    storage: Storage | None = None
    contiguous: bool = False

    @property
    def tight(self):
        """Text fit to be an operand."""
        return self.text if self.atom else f"({self.text})"


@dataclass
class Var:
    """A name or path: of kind float, int, bool, array, ints, bools, list, tuple, text or none."""

    name: str
    kind: str
    shape: tuple = ()
    storage: Storage = field(default_factory=lambda: Storage(1.0))
    lo: int = 0
    hi: int = 0
    stable: bool = False
    assignable: bool = True
    contiguous: bool = False
    loops: int = 0

    @property
    def bound(self):
        """Bound on the magnitude."""
        return self.storage.bound

    @property
    def size(self):
        """Number of elements."""
        size = 1
        for n in self.shape:
            size *= n
        return size


class Module:
    """Everything around the main function: imports, constants, helpers, and the constructs used."""

    def __init__(self, rng, single, extras):
        self.rng = rng
        self.single = single
        self.extras = extras
        self.imports = ["import math", "import numpy as np"]
        self.constants = []
        self.definitions = []
        self.n_helpers = 0
        self.constructs = set()
        self.counts = {}
        self.from_math = set()

    def use(self, *names):
        """Note that constructs occur."""
        for name in names:
            assert name in CONSTRUCTS or name in EXTRA_CONSTRUCTS, name
        self.constructs.update(names)

    def fresh(self, prefix):
        """A name not used before."""
        self.counts[prefix] = count = self.counts.get(prefix, 0) + 1
        return prefix if count == 1 else f"{prefix}{count}"

    def constant(self, line):
        """Add a constant once."""
        if line not in self.constants:
            self.constants.append(line)

    def require(self, line):
        """Add an import once."""
        if line not in self.imports:
            self.imports.append(line)


class Writer:
    """One function being written."""

    def __init__(self, module, budget, trips=1, returns=True):
        self.module = module
        self.rng = module.rng
        self.use = module.use
        self.fresh = module.fresh
        self.budget = budget
        self.trips = trips
        self.returns = returns
        self.lines = []
        self.level = 1
        self.loops = 0
        self.depth = 0
        self.accumulators = set()
        self.kept = []
        self.scope = {}
        self.retired = {}

    def chance(self, p):
        """True with probability p."""
        return self.rng.random() < p

    def number(self, low=0.2, high=1.5):
        """A positive decimal literal that no computed value meets by accident."""
        return f"{self.rng.uniform(low, high):.3f}"

    def emit(self, line):
        """Add a line."""
        self.lines.append("    " * self.level + line if line else "")

    @contextmanager
    def block(self, header, trips=None):
        """An indented block; names that appear in it go out of sight at its end."""
        self.emit(header)
        scope, before, length = dict(self.scope), self.trips, len(self.lines)
        self.level += 1
        if trips is not None:
            self.open_accumulators()
            self.trips *= max(trips, 1)
            self.loops += 1
        yield
        if len(self.lines) == length:
            self.emit("pass")
            self.use("stmt:pass")
        self.level -= 1
        if trips is not None:
            self.trips = before
            self.loops -= 1
            if not self.loops:
                self.accumulators.clear()
        for name, var in self.scope.items():
            if name not in scope and name.isidentifier():
                self.retired.setdefault((var.kind, len(var.shape)), []).append(name)
        self.scope = {name: var for name, var in self.scope.items() if name in scope}

    def open_accumulators(self):
        """Let names of this loop level grow in the loop that begins: nothing there relied on their bound."""
        for var in self.scope.values():
            if var.loops == self.loops and var.kind in ("float", "array") and self.chance(0.5):
                if id(var.storage) not in self.accumulators and var.bound < 14.0:
                    var.storage.bound += GROWTH
                    self.accumulators.add(id(var.storage))
                    self.kept.append(var.storage)

    def name(self, prefix, kind="float", rank=0):
        """A name for a new variable: new, or one that meant the same kind of thing in a block now closed."""
        old = [n for n in self.retired.get((kind, rank), ()) if n not in self.scope]
        if old and self.chance(0.4):
            return self.rng.choice(old)
        return self.fresh(prefix)

    def declare(self, name, kind, **facts):
        """Bring a name into sight."""
        self.scope[name] = Var(name, kind, loops=self.loops, **facts)
        return self.scope[name]

    def find(self, kind, accept=lambda var: True):
        """Names in sight of a kind."""
        return [var for var in self.scope.values() if var.kind == kind and accept(var)]

    def pick(self, kind, accept=lambda var: True):
        """One of them, or None."""
        found = self.find(kind, accept)
        return self.rng.choice(found) if found else None

    def arrays(self, accept=lambda var: True):
        """Float arrays in sight."""
        return self.find("array", accept)

    def choose(self, table):
        """A key of a table of weights."""
        return self.rng.choices(list(table), list(table.values()))[0]
