"""Random programs of loops over neighbours: time steps, arrays that take turns, boxes of all kinds, several axes.

    python -m tests.optimise.stencils --programs 2000 --seed 0

compares gradients with those of the same programs without sums gathered and without windows of neighbours kept.
"""

from __future__ import annotations

import argparse

import numpy as np

import adtrans
from adtrans import differentiate, specialise
from adtrans.optimise import zeros
from tests.lower.texts import function

NAMES = "abc"


def program(rng: np.random.Generator) -> tuple[str, int]:
    """The text of a function of `steps` and three arrays, and how many axes these have."""
    rank = int(rng.choice([1, 1, 2, 2, 3]))
    lines = ["def f(steps, a, b, c):", *(f"    {name} = {name}.copy()" for name in NAMES), "    for t in range(steps):"]
    for _ in range(rng.integers(1, 4)):
        lines += ["        " + line for line in (sliced if rank > 1 and rng.random() < 0.3 else nest)(rng, rank)]
    turn = rng.integers(4)
    if turn == 1:
        lines.append("        a, b = b, a")
    elif turn == 2:
        lines.append("        a, b, c = b, c, a")
    if rng.random() < 0.3:
        lines += ["    " + line for line in nest(rng, rank)]
    lines.append("    return np.sum(a * a) + np.sum(a * b) + 0.5 * np.sum(c * c)")
    return "\n".join(lines), rank


def nest(rng: np.random.Generator, rank: int) -> list[str]:
    counters = "ijk"[:rank]
    reach = 2 if rank < 3 else 1
    lines, indent = [], ""
    for axis, counter in enumerate(counters):
        low, high = rng.integers(0, reach + 1), rng.integers(0, reach + 1)
        if rng.random() < 0.7:
            low = high = reach if rng.random() < 0.5 else 1
        extent = f"a.shape[{axis}]"
        around = f"range({low}, {extent} - {high})"
        if rng.random() < 0.2:
            around = f"range({extent} - {high + 1}, {low - 1}, -1)"
        lines.append(f"{indent}for {counter} in {around}:")
        indent += "    "
        limits = (int(low), int(high))
        bounds = limits if axis == 0 else (*bounds, *limits)  # noqa: F821
    target, others = str(rng.choice(list(NAMES))), list(NAMES)
    if rng.random() < 0.8:
        others.remove(target)
    terms = [term(rng, counters, bounds, others) for _ in range(rng.integers(1, 5))]
    sign = str(rng.choice(["=", "=", "=", "+=", "-=", "*="]))
    value = " + ".join(terms)
    if sign == "=" and rng.random() < 0.2:
        value = f"0.3 * {target}[{', '.join(counters)}] + {value}"
    lines.append(f"{indent}{target}[{', '.join(counters)}] {sign} {value}")
    return lines


def sliced(rng: np.random.Generator, rank: int) -> list[str]:
    """Loops over all axes but the last, along which whole rows are computed, of the same array as well."""
    lines, indent, counters = [], "", "ij"[:rank - 1]
    for axis, counter in enumerate(counters):
        around = (f"range(1, a.shape[{axis}] - 1)", f"range(a.shape[{axis}] - 2, 0, -1)")[int(rng.random() < 0.3)]
        lines.append(f"{indent}for {counter} in {around}:")
        indent += "    "
    target = str(rng.choice(list(NAMES)))
    terms = []
    for _ in range(rng.integers(1, 6)):
        factors = [f"{rng.uniform(-0.3, 0.3):.2f}"]
        for _ in range(rng.choice([1, 1, 2])):
            index = [f"{counter} + {offset}" if offset > 0 else f"{counter} - 1" if offset else counter
                     for counter, offset in zip(counters, rng.integers(-1, 2, len(counters)))]
            index.append(str(rng.choice([":-2", "1:-1", "2:"])))
            factors.append(f"{target if rng.random() < 0.6 else rng.choice(list(NAMES))}[{', '.join(index)}]")
        terms.append(" * ".join(factors))
    sign = str(rng.choice(["=", "+=", "*="]))
    return [*lines, f"{indent}{target}[{', '.join(counters)}, 1:-1] {sign} {' + '.join(terms)}"]


def term(rng: np.random.Generator, counters: str, bounds: tuple[int, ...], names: list[str]) -> str:
    factors = [f"{rng.uniform(-0.4, 0.4):.2f}"]
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        index = []
        for axis, counter in enumerate(counters):
            low, high = bounds[2 * axis], bounds[2 * axis + 1]
            least = -low if rng.random() < 0.95 else -low - 1
            offset = int(rng.integers(max(least, -2), min(high, 2) + 1)) if rng.random() < 0.7 else 0
            index.append(f"{counter} + {offset}" if offset > 0 else f"{counter} - {-offset}" if offset else counter)
        factors.append(f"{rng.choice(names)}[{', '.join(index)}]")
    if rng.random() < 0.1:
        factors[-1] = f"np.sin({factors[-1]})"
    return " * ".join(factors)


def arguments(rng: np.random.Generator, rank: int) -> tuple:
    shape = tuple(int(extent) for extent in rng.integers(1, {1: 14, 2: 8, 3: 6}[rank], rank))
    return int(rng.integers(0, 4)), *(rng.normal(size=shape) for _ in NAMES)


def apart(seed: int, compiled: bool = False) -> tuple[float, str]:
    """How far the gradient of a random program is from the same in the plain form, and its source."""
    rng = np.random.default_rng(seed)
    text, rank = program(rng)
    fun = function(text)
    worst, plain = 0.0, None
    gradient = adtrans.value_and_grad(fun, argnums=("a", "b", "c"), cache=False)
    original = specialise.gather
    cases = [arguments(rng, rank) for _ in range(4)]
    for args in cases:
        (gradient if compiled else gradient.interpreted)(*args)
    specialise.gather = lambda program: program
    looked = differentiate.windows
    differentiate.windows = lambda storage, kept: ([], frozenset())
    try:
        plain = adtrans.value_and_grad(fun, argnums=("a", "b", "c"), cache=False)
        expected = [plain.interpreted(*args) for args in cases]
    finally:
        specialise.gather, differentiate.windows = original, looked
    for args, (value, wanted) in zip(cases, expected):
        mine, found = (gradient if compiled else gradient.interpreted)(*args)
        for one, other in ((np.asarray(mine), np.asarray(value)), *zip(found, wanted)):
            if not np.all(np.isfinite(other)):
                continue
            size = max(1.0, np.abs(other).max(initial=0.0))
            worst = max(worst, np.abs(one - other).max(initial=0.0) / size) if np.all(np.isfinite(one)) else np.inf
    return worst, gradient.source


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--compiled", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    wrong, gathered, stored, windows = [], 0, [], []
    original, looked = zeros.skin, differentiate.windows
    zeros.skin = lambda *args: (stored.append(seed), original(*args))

    def seen(*args):
        found = looked(*args)
        windows.extend([seed] * bool(found[0]))
        return found

    differentiate.windows = seen
    for seed in range(given.seed, given.seed + given.programs + given.compiled):
        distance, source = apart(seed, seed >= given.seed + given.programs)
        gathered += "for e in range(" in source or "row" in source
        if not distance < 1e-10:
            wrong.append(seed)
            print(f"seed {seed}: {distance:.1e}\n{program(np.random.default_rng(seed))[0]}", flush=True)
    print(f"{given.programs + given.compiled} programs, {gathered} gathered, {len(set(stored))} with zeros not written, {len(set(windows))} with windows: "
          f"{len(wrong)} wrong {wrong[:20]}")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
