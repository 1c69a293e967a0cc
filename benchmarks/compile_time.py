"""From a call to its first gradient: adtrans, Numba on hand-written adjoints, JAX; against trips and length of source.

The command is `python benchmarks/compile_time.py [--small | --large] [--only NAME ...] [--repeat N] [--plot FILE]`.
Every measurement is a fresh process on one core, at the smallest of `--repeat` runs; imports are not counted, the
first compilation of anything by Numba is made before. Columns, in seconds:

  transform  reading and differentiating
  compile    Numba on the generated source, and the first run
  warm       the first gradient in a second process, from the disk cache
  by hand    Numba on the hand-written adjoint, and the first run
  JAX        trace, compile and first run

Then one program against the number of trips of its loop, and against its length: a block of four statements repeated.
A number that grows with trips would mean that loops are unrolled; `--large` repeats up to 64 times instead of 16.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import alone

PLACE = Path(__file__).parent
NAMES = ("jacobi_1d", "jacobi_2d", "heat_3d", "fdtd_2d", "seidel_2d", "lu", "cholesky", "burgers", "gramschmidt", "adi",
         "cavity_flow", "lenet", "hdiff", "vadv")
TITLES = ("program", "transform", "compile", "cold", "warm", "by hand", "JAX", "cold/hand", "cold/JAX")
BLOCK = """\
        s = np.sin(s) + x[i]
        x[i] = x[i] * s
        if s > 0.5:
            s = s * 0.5
"""


def repeated(count):
    """A loss of a loop whose body is a block repeated."""
    from losses import from_text

    text = f"def f(x, s):\n    for i in range(len(x)):\n{BLOCK * count}    return s + np.sum(x)\n"
    return from_text(text, "f", {})


def adtrans_seconds(made, mode, run):
    """Seconds to transform, and for the rest of the first run."""
    from judging import seconds

    kept = {}

    def transform():
        kept["mode"] = made._mode(made._find(made._bind((), run.given)), mode)

    _, transformed = seconds(transform)
    _, compiled = seconds(run)
    return {"transform": transformed, "compile": compiled, "cached": kept["mode"].from_cache}


class First:
    """A call to be made once, with its arguments by name."""

    def __init__(self, call, given):
        self.call, self.given = call, given

    def __call__(self):
        return self.call()


def of_program(name, what):
    """One measurement, made in the process of a contender."""
    from by_hand import ADJOINTS
    from judging import copies, seconds
    from kernel_cases import CASES
    from peers import jax_kernels
    from subjects import subject_of

    import adtrans

    case = CASES[name]
    subject = subject_of(case, case.small)
    if what == "adtrans":
        given = copies(subject.args)
        if case.outputs:
            made, bars = adtrans.adjoint(case.fun, case.inputs, case.outputs), copies(subject.bars)
            return adtrans_seconds(made, "adjoint", First(lambda: made(**given, bars=bars), given))
        made = adtrans.value_and_grad(subject.fun, argnums=case.inputs)
        return adtrans_seconds(made, "value_and_grad", First(lambda: made(**given), given))
    table = ADJOINTS if what == "by hand" else jax_kernels
    if name not in table:
        return {}
    contender = (subject.hand_adjoint if what == "by hand" else subject.jax)(table[name])
    args = contender.prepare()
    return {"seconds": seconds(lambda: contender.run(*args))[1]}


def of_block(count, trips):
    """The gradient of a loop of so many trips with so many blocks in its body."""
    import numpy as np

    import adtrans

    given = {"x": np.full(trips, 0.1), "s": 0.3}
    made = adtrans.value_and_grad(repeated(count), argnums=("x", "s"), cache=False)
    return adtrans_seconds(made, "value_and_grad", First(lambda: made(**given), given))


def warm_up(what):
    """What a first compilation by Numba, or a first use of JAX, loads."""
    if what == "JAX":
        if not importlib.util.find_spec("jax"):
            return
        import jax

        jax.block_until_ready(jax.jit(lambda x: x + 1.0)(1.0))
        return
    import numpy as np

    import adtrans

    adtrans.grad(lambda x: np.sum(x * x), cache=False)(np.ones(3))


def fresh(what, *arguments, environment=None):
    """A measurement in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--measure", what, *map(str, arguments)], capture_output=True,
                          text=True, env={**os.environ, **(environment or {})})
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def measure(what, arguments):
    """In the process of a measurement: print it."""
    warm_up(what)
    print(json.dumps(of_block(*map(int, arguments)) if what == "block" else of_program(arguments[0], what)))


def cold_and_warm(name, repeat):
    """The shortest seconds to transform, to compile, and from the disk cache."""
    found = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as place:
            first, second = (fresh("adtrans", name, environment={"ADTRANS_CACHE_DIR": place}) for _ in range(2))
        if not second["cached"]:
            raise AssertionError(f"{name}: the second process did not find the gradient on disk")
        found.append((first["transform"], first["compile"], second["transform"] + second["compile"]))
    return tuple(map(min, zip(*found)))


def least(what, name, repeat):
    """The shortest seconds of another contender; None where there is none."""
    found = [fresh(what, name).get("seconds") for _ in range(repeat)]
    return None if None in found else min(found)


def programs(names, repeat):
    """Print a row for each program; what was printed."""
    from tables import Table, times
    from timing import geometric_mean, ratio

    table, rows = Table(TITLES), []
    table.print_header()
    for name in names:
        transform, compiled, warm = cold_and_warm(name, repeat)
        hand, jax = least("by hand", name, repeat), least("JAX", name, repeat)
        cold = transform + compiled
        rows.append((name, cold, warm, ratio(cold, hand), ratio(cold, jax)))
        table.print_row((name, *[times(value) for value in (transform, compiled, cold, warm, hand, jax,
                                                            *rows[-1][3:])]))
    means = [geometric_mean([row[k] for row in rows]) for k in range(1, 5)]
    table.print_row(("geometric mean", "", "", times(means[0]), times(means[1]), "", "", *map(times, means[2:])))
    return rows


def growth(counts, repeat):
    """Print seconds against trips and against length."""
    from tables import Table, times

    for title, pairs in (("trips", [(1, trips) for trips in (10, 1000, 100_000)]),
                         ("blocks", [(count, 10) for count in counts])):
        table = Table((title, "transform", "compile", "a block"))
        print()
        table.print_header()
        for count, trips in pairs:
            found = [fresh("block", count, trips) for _ in range(repeat)]
            transform, compiled = (min(run[key] for run in found) for key in ("transform", "compile"))
            table.print_row((str(trips if title == "trips" else count), times(transform), times(compiled),
                             times((transform + compiled) / count)))


def main():
    if sys.argv[1:2] == ["--measure"]:
        return measure(sys.argv[2], sys.argv[3:])
    alone()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME")
    parser.add_argument("--repeat", type=int, default=3, help="fresh processes for each number")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--small", action="store_true", help="which is the default")
    sizes.add_argument("--large", action="store_true", help="up to 64 blocks")
    parser.add_argument("--plot", metavar="FILE", help="a chart of the ratios")
    options = parser.parse_args()
    rows = programs(options.only or NAMES, options.repeat)
    growth((1, 2, 4, 8, 16, 32, 64) if options.large else (1, 2, 4, 8, 16), options.repeat)
    if options.plot:
        from tables import plot

        plot(options.plot, [row[0] for row in rows], {"/by hand": [row[3] for row in rows],
                                                      "/JAX": [row[4] for row in rows]}, "first gradient against")
    return None


if __name__ == "__main__":
    main()
