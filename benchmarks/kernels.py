"""Gradients of loop programs timed: adtrans, Numba on the program itself, hand-written adjoints, JAX.

The command is `python benchmarks/kernels.py [--small | --large] [--only NAME ...] [--seconds S] [--repeat N]
[--plot FILE]`, at the small size when nothing is said. Columns, all of one core:

  NumPy      the program run by Python
  Numba      the program compiled by Numba with the flags adtrans uses, '-' where Numba refuses it
  loops      the same as loops written by hand, where `by_hand` has them
  value      the program by adtrans
  gradient   value and gradient by adtrans; '/primal' is against the faster of Numba and loops
  by hand    a hand-written adjoint in Numba, the forward run included
  JAX        value and gradient in JAX, the same algorithm written for JAX: vectorised, scans; 64-bit, jitted
  library    another algorithm for the same in JAX: factorisations by its library
  port       the same, translated loop for loop

Procedures are timed as `adjoint`, what returns arrays as the gradient of a weighted sum. Arguments that a run changes
are put back between the runs, which is not timed; adtrans' gradient of a function copies what it changes, which is.
Every gradient is compared with that of adtrans: more than 1e-8 apart, the command fails. Where there is no other, it
is compared with differences in extended precision along a direction.
"""

import argparse
import sys

from timing import alone, alternate, difference, ratio

TOLERANCE = 1e-8
FLAGS = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz", "arcp", "afn"}}
TITLES = ("program", "NumPy", "Numba", "loops", "value", "gradient", "by hand", "JAX", "library", "port",
          "/primal", "value/", "/by hand", "/JAX", "apart")
RATIOS = ("/primal", "value/", "/by hand", "/JAX")


def primals(subject):
    """Contenders that only compute the program: plain, by Numba, as loops, by adtrans."""
    from by_hand import PRIMALS
    from losses import compiled

    found = {"NumPy": subject.contender(subject.fun), "Numba": subject.contender(compiled(subject.fun, **FLAGS))}
    if subject.case.name in PRIMALS:
        found["loops"] = subject.hand_primal(PRIMALS[subject.case.name])
    return found | {"value": subject.value()}


def gradients(subject, large):
    """Contenders that compute the gradient."""
    from by_hand import ADJOINTS
    from peers import jax_kernels, jax_libraries, jax_ports

    found = {"gradient": subject.gradient()}
    if subject.case.name in ADJOINTS:
        found["by hand"] = subject.hand_adjoint(ADJOINTS[subject.case.name])
    if subject.case.name in jax_kernels:
        found["JAX"] = subject.jax(jax_kernels[subject.case.name])
    if subject.case.name in jax_libraries:
        found["library"] = subject.jax(jax_libraries[subject.case.name])
    if subject.case.name in jax_ports and not large:
        found["port"] = subject.jax(jax_ports[subject.case.name])
    return found


def check(subject, found):
    """The largest distance of a gradient from that of adtrans; every contender has run once after this."""
    given = {name: contender.gradients(contender.run(*contender.prepare())) for name, contender in found.items()}
    mine = given.pop("gradient")
    apart = {name: difference(other, mine) for name, other in given.items()} or {"differences": subject.slope(mine)}
    for name, distance in apart.items():
        if not distance <= TOLERANCE:
            raise AssertionError(f"{subject.case.name}: the gradient is {distance:.1e} from that of {name}")
    return max(apart.values())


def runnable(contenders):
    """All have run once; the user's code is left out where Numba does not take it, which can be an assertion too."""
    from numba.core.errors import NumbaError

    for name, contender in list(contenders.items()):
        try:
            contender.run(*contender.prepare())
        except (NumbaError, AssertionError):
            if name != "Numba":
                raise
            del contenders[name]
    return contenders


def measure(case, large, seconds, repeat):
    """Times by column, ratios among them, the largest distance of two gradients."""
    from subjects import subject_of

    subject = subject_of(case, case.large if large else case.small)
    found = gradients(subject, large)
    apart = check(subject, found)
    times = alternate(runnable(primals(subject)) | found, seconds, repeat)
    get = times.get
    primal = min(times[name] for name in ("Numba", "loops", "NumPy") if name in times)
    user = get("Numba", get("NumPy"))
    ratios = {"/primal": ratio(get("gradient"), primal), "value/": ratio(get("value"), user),
              "/by hand": ratio(get("gradient"), get("by hand")), "/JAX": ratio(get("gradient"), get("JAX"))}
    return times, ratios, apart


def main():
    alone()
    from kernel_cases import CASES, GROUPS
    from tables import Table, plot, print_means
    from tables import seconds as readable
    from tables import times as plain

    options = arguments(CASES)
    table, rows, failed = Table(TITLES), [], []
    table.print_header()
    for name in options.only or CASES:
        try:
            times, ratios, apart = measure(CASES[name], options.large, options.seconds, options.repeat)
        except Exception as error:
            failed.append(name)
            print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
            continue
        rows.append((name, CASES[name].group, ratios))
        table.print_row((name, *[readable(times.get(title)) for title in TITLES[1:10]],
                         *[plain(ratios[title]) for title in RATIOS], f"{apart:.0e}"))
    print_means([row[1:] for row in rows], RATIOS, GROUPS)
    if options.plot:
        plot(options.plot, [row[0] for row in rows], {title: [row[2][title] for row in rows] for title in
                                                      ("/primal", "/by hand", "/JAX")}, "gradient by adtrans against")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def arguments(cases):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(cases), metavar="NAME")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--small", action="store_true", help="which is the default")
    sizes.add_argument("--large", action="store_true", help="sizes that exceed the second-level cache")
    parser.add_argument("--seconds", type=float, default=0.5, help="spent at most on each contender")
    parser.add_argument("--repeat", type=int, default=1000, help="runs at most of each contender")
    parser.add_argument("--plot", metavar="FILE", help="a chart of the ratios")
    return parser.parse_args()


if __name__ == "__main__":
    main()
