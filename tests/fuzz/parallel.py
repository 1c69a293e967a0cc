"""Random nests of loops in parallel: right, and free of races.

The command is `python -m tests.fuzz.parallel --programs 200 --repeat 20 [--seed S]`.

Every program is a function of arrays with nests of loops over `prange` and `range`: stencils, reads and sums by an
array of indices, sums, scratch arrays, recurrences, branches, `break`. Its gradient with `parallel=True` is compared
with the oracle of dual numbers and with the gradient without. The generated source is run by CPython with its parts in
random order and every access to an element recorded (see `races`): that no part touches what another one writes is
seen there whether or not threads happen to collide. Compiled, it runs many times with two threads and once with one,
which has to give the very same numbers, near those of the gradient that is not parallel.

`--interpreted N` judges N programs without compiling any. The loops are divided at any size.
"""

from __future__ import annotations

import argparse
import random
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from adtrans import value_and_grad
from adtrans.optimise import parallel
from tests import duals
from tests.fuzz import races
from tests.fuzz.program import Program

SMALL, LARGE, COLUMNS = 23, 1500, 6
TOLERANCE, ORACLE = 1e-12, 1e-9
FUNCTIONS = ("np.sin({})", "np.tanh({})", "np.exp(-({}) * ({}))", "np.cos({})", "np.sqrt(1.0 + ({}) * ({}))")
NUMBERS = ("0.5", "1.5", "-0.25", "0.75", "-1.25")


@dataclass
class Nests:
    """A function in the making; `offsets` are those that an index of the present loop may have, `results`
    the arrays that loops write to."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    offsets: tuple[str, ...] = ("",)
    results: str = "uvh"
    names: int = 0

    def name(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def emit(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    # --- expressions

    def reads(self, i: str, j: str | None) -> list[str]:
        """Elements that an iteration may read, one index being `i`, another `j`."""
        k = self.rng.choice(self.offsets)
        found = [f"x[{i}]", f"x[{i}{k}]", f"y[{i}]", f"x[index[{i}]]", f"y[index[{i}]]", f"a[{i}, 1]", "w[0]"]
        if j is not None:
            found += [f"a[{i}, {j}]", f"w[{j}]", f"a[{i}{k}, {j}]", f"a[index[{i}], {j}]", f"a[{i}{k}, {j} - 1]",
                      f"a[{i}, {j} - 1]"] * 2
        if self.rng.random() < 0.3:
            found += [f"np.sin({self.rng.choice(self.results)}[{i}{self.rng.choice(self.offsets)}])"] * 4
        return found

    def expression(self, given: list[str], size: int = 2) -> str:
        rng = self.rng
        if size == 0 or rng.random() < 0.15:
            return rng.choice(given) if rng.random() < 0.85 else rng.choice(NUMBERS)
        if rng.random() < 0.3:
            inner = self.expression(given, size - 1)
            pattern = rng.choice(FUNCTIONS)
            return pattern.format(*[inner] * pattern.count("{}"))
        left, right = self.expression(given, size - 1), self.expression(given, size - 1)
        return f"({left} {rng.choice('+-**')} {right})"

    # --- loops

    def loop(self, depth: int) -> None:
        """A nest over the rows, two away from the ends."""
        rng, i = self.rng, self.rng.choice("ik")
        spelled = rng.choice(("prange", "prange", "numba.prange", "range"))
        span = rng.choice(("2, n - 2", "2, n - 2", "n - 3, 1, -1", "2, n - 2, 3", "n"))
        self.offsets = ("", " - 1", " - 2") if span == "n" else ("", " - 1", " + 1", " - 2", " + 2")
        if "prange" in spelled and span.count(",") == 2:
            spelled = "range"
        scratch = self.name("row") if rng.random() < 0.35 else None
        if scratch and rng.random() < 0.7:
            self.emit(depth, f"{scratch} = np.empty(m)")
        self.emit(depth, f"for {i} in {spelled}({span}):")
        if scratch and f"    {scratch} = np.empty(m)" not in (line.replace("    " * (depth - 1), "", 1)
                                                            for line in self.lines):
            self.emit(depth + 1, f"{scratch} = np.empty(m)")
        scalars: list[str] = []
        for _ in range(rng.randint(1, 4)):
            self.statement(depth + 1, i, None, scalars, scratch)

    def statement(self, depth: int, i: str, j: str | None, scalars: list[str], scratch: str | None) -> None:
        rng = self.rng
        given = [*self.reads(i, j), *scalars, *scalars]
        value = self.expression(given)
        kinds = ["scalar", "scalar", "store", "sum", "sum", "near", "near", "scattered", "columns", "branch", "total"]
        if j is None:
            kinds += ["inner"] * 4 + ["recurrence"] * (rng.random() < 0.25) + ["overlap"] * (rng.random() < 0.3) + \
                ["while"] * (rng.random() < 0.3) + ["last"] * (rng.random() < 0.5)
        else:
            kinds += ["table"] * 3 + ["deeper", "scalar", "sum"]
        match rng.choice(kinds):
            case "scalar":
                name = self.name("t")
                self.emit(depth, f"{name} = {value}")
                scalars.append(name)
            case "store":
                array = rng.choice(("u", self.results[-1]))
                self.emit(depth, f"{array}[{i}] {rng.choice(('=', '+=', '-='))} {value}")
            case "table":
                self.emit(depth, f"b[{i}, {j}] {rng.choice(('=', '+='))} {value}")
            case "sum":
                self.emit(depth, f"s {rng.choice(('+=', '-='))} {value}")
            case "near":
                for _ in range(rng.randint(1, 2)):
                    self.emit(depth, f"v[{i}{rng.choice(self.offsets)}] += {value}")
            case "scattered":
                self.emit(depth, f"h[index[{i}]] += {value}")
            case "columns":
                self.emit(depth, f"c[{j or rng.randrange(COLUMNS)}] += {value}")
            case "total":
                self.emit(depth, f"s += {i} * 0.01 * u[{i}]")
            case "overlap":
                self.emit(depth, f"h[index[{i}]] = {value}")
            case "last":
                self.emit(depth, f"s = 0.5 * s + {value}")
            case "recurrence":
                self.emit(depth, f"u[{i}] = 0.5 * u[{i}{rng.choice(self.offsets[1:])}] + {value}")
            case "branch":
                self.emit(depth, f"if {rng.choice(given)} > {rng.choice(('0.3', '0.6'))}:")
                self.statement(depth + 1, i, j, list(scalars), None)
                if rng.random() < 0.4:
                    self.emit(depth, "else:")
                    self.statement(depth + 1, i, j, list(scalars), None)
            case "while":
                name = self.name("left")
                self.emit(depth, f"{name} = {i} % 3")
                self.emit(depth, f"while {name} > 0:")
                self.emit(depth + 1, f"s += {value}")
                self.emit(depth + 1, f"{name} -= 1")
            case "inner" if scratch and rng.random() < 0.7:
                self.with_scratch(depth, i, scalars, scratch)
            case "inner":
                self.inner(depth, i, scalars)
            case "deeper":
                self.emit(depth, f"for l in range({rng.randint(2, 3)}):")
                self.statement(depth + 1, i, j, [*scalars, "w[l]"], None)

    def inner(self, depth: int, i: str, scalars: list[str]) -> None:
        rng, name = self.rng, self.name("q")
        self.emit(depth, f"{name} = 0.0")
        self.emit(depth, f"for j in {rng.choice(('range(m)', 'range(1, m)', 'range(m - 1, 0, -1)', 'prange(m)'))}:")
        if rng.random() < 0.2:
            self.emit(depth + 1, f"if {name} > 1.5:")
            self.emit(depth + 2, rng.choice(("break", "continue")))
        for _ in range(rng.randint(1, 2)):
            self.statement(depth + 1, i, "j", list(scalars), None)
        self.emit(depth + 1, f"{name} += {self.expression([*self.reads(i, 'j'), *scalars])}")
        scalars.append(name)

    def with_scratch(self, depth: int, i: str, scalars: list[str], scratch: str) -> None:
        name = self.name("q")
        self.emit(depth, "for j in range(m):")
        self.emit(depth + 1, f"{scratch}[j] = {self.expression([*self.reads(i, 'j'), *scalars])}")
        if self.rng.random() < 0.3:
            self.emit(depth + 1, f"{scratch}[j] += {self.expression([*self.reads(i, 'j'), f'{scratch}[j]'])}")
        self.emit(depth, f"{name} = 0.0")
        self.emit(depth, "for j in range(m):")
        self.emit(depth + 1, f"{name} += {self.expression([f'{scratch}[j]', f'{scratch}[m - 1 - j]', 'w[j]'])}")
        scalars.append(name)


def written(seed: int) -> str:
    """The text of a program."""
    made = Nests(random.Random(seed))
    rng = made.rng
    for line in ("import numba", "import numpy as np", "from numba import prange", "", "", "def f(x, y, a, w, index):"):
        made.emit(0, line)
    for line in ("n, m = a.shape", "u, v, h = np.zeros(n), np.zeros(n), np.zeros(n)", "c, b = np.zeros(m), np.zeros((n, m))",
                 "s = 0.0"):
        made.emit(1, line)
    if rng.random() < 0.3:
        made.emit(1, "z = u if x[0] > 0.5 else v")
        made.results = "uvz"
    depth = 1
    if rng.random() < 0.25:
        made.emit(1, "for t in range(3):")
        depth = 2
    for _ in range(rng.choice((1, 1, 1, 2))):
        made.loop(depth)
    if depth == 2 and rng.random() < 0.5:
        made.emit(2, "u, v = v, u")
    made.emit(1, "for i in prange(n):")
    made.emit(2, "s += 0.1 * np.sin(u[i]) + 0.2 * np.tanh(v[i]) - 0.3 * np.cos(h[i]) * x[i]")
    made.emit(2, "for j in range(m):")
    made.emit(3, "s += np.tanh(b[i, j] * c[j])")
    made.emit(1, "return s")
    return "\n".join(made.lines) + "\n"


def arguments(seed: int, n: int) -> tuple:
    rng = np.random.default_rng(seed)
    index = rng.integers(-3 if seed % 3 == 0 else 0, n, n)
    return rng.random(n), rng.random(n), rng.random((n, COLUMNS)), rng.random(COLUMNS), index


@contextmanager
def divided():
    """Loops are divided however little there is to do."""
    before = parallel.LEAST, parallel.GRAIN, parallel.SPREAD, parallel.ROWS
    parallel.LEAST, parallel.GRAIN, parallel.SPREAD, parallel.ROWS = 0, 4, 0, 1
    try:
        yield
    finally:
        parallel.LEAST, parallel.GRAIN, parallel.SPREAD, parallel.ROWS = before


def near(given, wanted, tolerance: float) -> bool:
    """Whether numbers agree, to the largest of each."""
    return all(np.max(np.abs(one - other), initial=0.0) <= tolerance * max(1.0, np.max(np.abs(other), initial=0.0))
               for one, other in zip(given, wanted, strict=True))


def flat(result) -> list:
    value, gradient = result
    return [np.asarray(value), *map(np.asarray, gradient)]


def judged(seed: int, repeat: int) -> tuple[str, int]:
    """What is wrong with a program, if anything, and how many of its loops are parallel; `repeat` compiled runs."""
    program = Program(seed, written(seed), (0, 1, 2, 3))
    function = program.load()
    args = arguments(seed, SMALL)
    with divided():
        gradient = value_and_grad(function, argnums=(0, 1, 2, 3), parallel=True, cache=False)
        text = gradient.inspect_source(*args)
        loops = text.count("in prange(")
        wanted = flat(duals.gradient(function, args, (0, 1, 2, 3)))
        product = gradient.latest.product
        try:
            shuffled = flat(races.run(text, product.entry, args, seed))
        except races.Race as race:
            return f"race: {race}", loops
        if not near(shuffled, wanted, ORACLE):
            return "interpreted: wrong", loops
        if not repeat:
            return "", loops
        if not near(flat(gradient(*args)), wanted, ORACLE):
            return "compiled: wrong", loops
        return threaded(function, gradient, arguments(seed, LARGE), repeat), loops


def threaded(function, gradient, args: tuple, repeat: int) -> str:
    """What differs between runs with threads, and from the gradient that is not parallel."""
    import numba

    wanted = flat(value_and_grad(function, argnums=(0, 1, 2, 3), cache=False)(*args))
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    alone = flat(gradient(*args))
    numba.set_num_threads(min(2, threads))
    try:
        if not near(alone, wanted, TOLERANCE):
            return "one thread: not what it is without parallel"
        for _ in range(repeat):
            if not all(map(np.array_equal, flat(gradient(*args)), alone)):
                return "two threads: not what it is with one"
    finally:
        numba.set_num_threads(threads)
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description="random nests in parallel")
    parser.add_argument("--programs", type=int, default=0)
    parser.add_argument("--interpreted", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int)
    options = parser.parse_args()
    if options.show is not None:
        print(written(options.show))
        return 0
    failures, some, loops = [], 0, 0
    for count, repeat in ((options.programs, options.repeat), (options.interpreted, 0)):
        for seed in range(options.seed, options.seed + count):
            wrong, found = judged(seed, repeat)
            loops, some = loops + found, some + (found > 0)
            if wrong:
                failures.append(seed)
                print(f"seed {seed}: {wrong}", flush=True)
    total = options.programs + options.interpreted
    print(f"{total} programs, {some} with {loops} parallel loops in value and gradient, {len(failures)} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
