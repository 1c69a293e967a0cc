"""Gradients against Python: how much faster the compiled gradient is than what CPython makes of the same program.

The command is `python benchmarks/against_interpreted.py [--small | --large] [--only NAME ...] [--seconds S]
[--repeat N] [--plot FILE]`. Columns, all of one core:

  CPython      the plain function, without any gradient
  interpreted  value and gradient: the generated source run by CPython
  Numba        the function compiled by Numba as it stands
  gradient     value and gradient: the generated source compiled

The two gradients are compared: more than 1e-8 apart, the command fails. Arguments stay as they are in all of them but
the programs here write to none.
"""

import argparse
import sys

from kernels import FLAGS, TOLERANCE
from timing import Contender, alone, alternate, difference, ratio

TITLES = ("program", "CPython", "interpreted", "Numba", "gradient", "interp/CPy", "CPy/grad", "interp/grad",
          "grad/Numba")
RATIOS = TITLES[5:]
SIZES = {
    "gmm": ({"d": 2, "k": 5, "n": 50}, {"d": 10, "k": 5, "n": 200}),
    "bundle": ({"n": 5, "m": 20, "p": 100}, {"n": 20, "m": 300, "p": 2000}),
    "lstm": ({"layers": 2, "length": 16}, {"layers": 2, "length": 128}),
    "log_sum_exp": ({"n": 1000}, {"n": 20_000}),
    "k_means": ({"k": 5, "n": 50, "d": 4}, {"k": 10, "n": 500, "d": 8}),
    "polynomial": ({"n": 64, "m": 16}, {"n": 1024, "m": 32}),
    "runge_kutta": ({"n": 20, "steps": 10}, {"n": 100, "steps": 50}),
}


def measure(name, large, seconds, repeat):
    """Times by column."""
    from adbench_programs import INPUTS, module
    from losses import compiled

    import adtrans

    program, inputs = module(name), INPUTS[name]
    fun, given = getattr(program, name), tuple(program.arguments(**SIZES[name][large]).values())
    made = adtrans.value_and_grad(fun, argnums=inputs)
    runs = {"CPython": fun, "interpreted": made.interpreted, "Numba": compiled(fun, **FLAGS), "gradient": made}
    found = {title: run(*given) for title, run in runs.items()}
    mine, other = (dict(zip(inputs, found[title][1])) for title in ("gradient", "interpreted"))
    apart = difference(other, mine)
    if not apart <= TOLERANCE:
        raise AssertionError(f"{name}: interpreted and compiled gradients are {apart:.1e} apart")
    return alternate({title: Contender(run, lambda: given) for title, run in runs.items()}, seconds, repeat)


def main():
    alone()
    from tables import Table, plot, print_means
    from tables import seconds as readable
    from tables import times as plain

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(SIZES), metavar="NAME")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--small", action="store_true", help="which is the default")
    sizes.add_argument("--large", action="store_true")
    parser.add_argument("--seconds", type=float, default=0.5, help="spent at most on each contender")
    parser.add_argument("--repeat", type=int, default=1000, help="runs at most of each contender")
    parser.add_argument("--plot", metavar="FILE", help="a chart of the ratios")
    options = parser.parse_args()
    table, rows = Table(TITLES), []
    table.print_header()
    for name in options.only or SIZES:
        took = measure(name, options.large, options.seconds, options.repeat)
        pairs = (("interpreted", "CPython"), ("CPython", "gradient"), ("interpreted", "gradient"),
                 ("gradient", "Numba"))
        rows.append((name, dict(zip(RATIOS, [ratio(took[a], took[b]) for a, b in pairs]))))
        table.print_row((name, *[readable(took[title]) for title in TITLES[1:5]], *map(plain, rows[-1][1].values())))
    print_means(rows, RATIOS, ())
    if options.plot:
        plot(options.plot, [row[0] for row in rows], {title: [row[1][title] for row in rows] for title in
                                                      ("CPy/grad", "interp/grad")}, "Python against the gradient")
    sys.exit(0)


if __name__ == "__main__":
    main()
