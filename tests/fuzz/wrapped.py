"""Random loops whose indices may count from the end, so that two iterations, or two indices, meet in one element.

    python -m tests.fuzz.wrapped --programs 2000 --compiled 20 --seed 0

compares gradients with dual numbers. The loops start below zero, run backwards past it, or by what an argument says;
they store, add, copy rows, sum into scratch arrays, carry values and take earlier elements.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

import numpy as np

import adtrans
from tests import duals
from tests.fuzz.judge import short_loops
from tests.lower.texts import function

VECTORS, TABLES, COLUMNS = "abc", "pq", 3  # arguments
UNARY = ("np.sin({})", "np.exp(0.1 * {})", "np.tanh({})", "{} * {}", "np.cos({})")


@dataclass
class Loops:
    """The text of a function in the making."""

    rng: np.random.Generator
    lines: list[str] = field(default_factory=list)
    made: int = 0
    vectors: list[str] = field(default_factory=lambda: list(VECTORS))
    tables: list[str] = field(default_factory=lambda: list(TABLES))
    own: dict[str, str] = field(default_factory=dict)  # arrays that one statement writes to

    def pick(self, items):
        return items[self.rng.integers(len(items))]

    def put(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def fresh(self, stem: str) -> str:
        self.made += 1
        return f"{stem}{self.made}"

    def function(self) -> str:
        names = ", ".join((*VECTORS, *TABLES))
        self.put(0, f"def f({names}, n, s):")
        if self.rng.random() < 0.3:
            self.put(1, "\n    ".join(f"{name} = {name}.copy()" for name in (*VECTORS, *TABLES)))
        if self.rng.random() < 0.6:
            self.put(1, "d = np.zeros(n)")
            self.put(1, f"r = np.{self.pick(('zeros', 'ones'))}((n, {COLUMNS}))")
            self.vectors.append("d")
            self.tables += ["r", "r"]
        self.put(1, "total = 0.0")
        start = len(self.lines)
        for _ in range(self.rng.integers(1, 3)):
            self.loop(1, (), self.rng.integers(1, 3))
        squares = " + ".join(f"np.sum({name} * {name})" for name in dict.fromkeys((*self.vectors, *self.tables, *self.own)))
        self.lines[start:start] = [f"    {name} = {made}" for name, made in self.own.items()]
        self.put(1, f"return total + {squares}")
        return "\n".join(self.lines)

    # --- loops

    def limits(self, around: tuple[str, ...]) -> str:
        low = self.pick(("-1", "-2", "-n", "1 - n", "s", "0", "-1", *(f"-{name}" for name in around),
                         *(f"{name} - 1" for name in around)))
        high = self.pick(("n", "n - 1", "2", "1", "n", *(f"{name} + 1" for name in around)))
        if self.rng.random() < 0.3:
            return self.pick((f"{high} - 1, {low} - 1, -1", "n - 1, -n - 1, -1", f"{high} - 1, {low} - 1, -2"))
        return f"{low}, {high}" + self.pick(("", "", "", ", 2"))

    def loop(self, depth: int, around: tuple[str, ...], nested: int) -> None:
        counter = self.fresh("i")
        self.put(depth, f"for {counter} in range({self.limits(around)}):")
        around = (*around, counter)
        scratch = self.rng.random() < 0.3
        if scratch:
            self.scratch(depth + 1, around)
        for _ in range(self.rng.integers(1 - scratch, 4 - scratch)):
            if nested > 1 and self.rng.random() < 0.5:
                self.loop(depth + 1, around, nested - 1)
            else:
                self.statement(depth + 1, around)

    def scratch(self, depth: int, around: tuple[str, ...]) -> None:
        """An array for each iteration, summed into and copied to a row."""
        name, other = self.fresh("t"), self.fresh("k")
        kind = self.rng.integers(4)
        self.put(depth, f"{name} = np.{self.pick(('zeros', 'zeros', 'ones'))}({COLUMNS})")
        self.put(depth, f"for {other} in range({self.pick((f'{around[-1]} + 2', 'n', '2', f'abs({around[-1]})'))}):")
        self.put(depth + 1, f"{name}[{other} % {COLUMNS}] += {self.value((*around, other))}")
        if kind < 2:
            rows = self.fresh("o")
            self.own[rows] = f"np.zeros((n, {COLUMNS}))"
            self.put(depth, f"{rows}[{self.index(around)}] = {name}")
        elif kind == 2:
            self.put(depth, f"{self.pick(self.tables)}[{self.index(around)}] += {name} * 0.5")
        else:
            self.put(depth, f"{self.pick(self.vectors)}[{self.index(around)}] = {name}[{self.pick(('0', '1', '-1'))}]")

    def statement(self, depth: int, around: tuple[str, ...]) -> None:
        kind = self.rng.integers(10)
        if kind < 3:
            self.put(depth, f"{self.element(around)} = {self.value(around)}")
        elif kind == 3:
            self.put(depth, f"{self.element(around)} {self.pick(('+=', '-=', '*='))} {self.value(around)}")
        elif kind == 4:
            self.put(depth, f"total += {self.value(around)}")
        elif kind == 5:
            name = self.fresh("v")
            self.put(depth, f"{name} = {self.value(around)}")
            self.put(depth, f"{self.element(around)} = {name} * {self.pick((name, self.element(around)))}")
        elif kind == 6:
            self.put(depth, f"if {self.element(around)} > {self.pick(('0.1', '0.5'))}:")
            self.put(depth + 1, f"{self.element(around)} = {self.value(around)}")
        elif kind > 7:
            name = self.fresh("e")
            self.put(depth, f"{name}[{self.index(around)}] = {self.value(around)}")
            self.own[name] = "np.zeros(n)"
        else:
            one, other = self.pick(self.tables), self.pick(self.tables)
            self.put(depth, f"{one}[{self.index(around)}, :] = {other}[{self.index(around)}, :] * {self.element(around)}")

    # --- values

    def index(self, around: tuple[str, ...]) -> str:
        counter = self.pick(around) if self.rng.random() < 0.5 else around[-1]
        if self.rng.random() < 0.7:
            return counter
        return self.pick((f"{counter} - 1", f"{counter} + 1", f"-{counter}", f"{counter} - n", "0", "1", "-1", "n - 1"))

    def element(self, around: tuple[str, ...]) -> str:
        if self.rng.random() < 0.7:
            return f"{self.pick(self.vectors)}[{self.index(around)}]"
        return f"{self.pick(self.tables)}[{self.index(around)}, {self.pick((f'{around[-1]} % {COLUMNS}', '0', '-1', '1'))}]"

    def value(self, around: tuple[str, ...]) -> str:
        if self.rng.random() < 0.3:
            return self.pick(UNARY).replace("{}", self.element(around))
        terms = []
        for _ in range(self.rng.integers(1, 4)):
            item = self.element(around)
            if (kept := [name for name in self.own if name[0] == "e"]) and self.rng.random() < 0.2:
                item = f"{self.pick(kept)}[{self.index(around)}]"
            if self.rng.random() < 0.5:
                item = self.pick(UNARY).replace("{}", item)
            elif self.rng.random() < 0.3:
                item = f"{item} * {self.element(around)}"
            terms.append(f"{self.rng.uniform(-0.6, 0.6):.2f} * {item}")
        return " + ".join(terms)


def program(seed: int) -> str:
    return Loops(np.random.default_rng(seed)).function()


def cases(seed: int) -> list[tuple]:
    """Arguments: arrays as long as the loops are for, longer ones, and short ones."""
    rng = np.random.default_rng(seed)
    found = []
    for extent, longer in ((5, 0), (5, 1), (4, 2), (int(rng.integers(1, 4)), 0)):
        vectors = [rng.uniform(-1, 1, extent + longer) for _ in VECTORS]
        tables = [rng.uniform(-1, 1, (extent + longer, COLUMNS)) for _ in TABLES]
        found.append((*vectors, *tables, extent, int(rng.integers(-2, 2))))
    return found


def judge(seed: int, compiled: bool = False) -> tuple[int, float]:
    """How many calls were compared, and the largest distance of a derivative from the right one."""
    fun, compared, worst = function(program(seed)), 0, 0.0
    argnums = (*VECTORS, *TABLES)
    gradient = adtrans.value_and_grad(fun, argnums=argnums, cache=False)
    with short_loops():
        for args in cases(seed):
            try:
                with np.errstate(all="raise"):
                    value, wanted = duals.gradient(fun, args, tuple(range(len(argnums))))
            except (IndexError, ArithmeticError):
                continue
            mine, found = (gradient if compiled else gradient.interpreted)(*args)
            compared += 1
            size = max(1.0, *(np.abs(part).max(initial=0.0) for part in wanted))
            for one, other in ((mine, value), *zip(found, wanted)):
                worst = max(worst, float(np.abs(np.asarray(one) - other).max(initial=0.0)) / max(size, abs(value)))
    return compared, worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--compiled", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    wrong, compared = [], 0
    for seed in range(given.seed, given.seed + given.programs + given.compiled):
        try:
            number, distance = judge(seed, seed >= given.seed + given.programs)
            compared += number
        except Exception as error:
            distance = np.inf
            print(f"seed {seed}: {type(error).__name__}: {str(error)[:300]}", flush=True)
        if not distance < 1e-9:
            wrong.append(seed)
            print(f"seed {seed}: {distance:.1e}", flush=True)
    print(f"{given.programs + given.compiled} programs, {compared} calls compared: {len(wrong)} wrong {wrong[:20]}")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
