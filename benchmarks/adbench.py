"""Objectives of machine learning and geometry: their gradients by adtrans, by hand, in JAX and in PyTorch.

The command is `python benchmarks/adbench.py [--small | --large] [--only NAME ...] [--numpy] [--seconds S]
[--repeat N] [--plot FILE]`; `--large` has the sizes of published measurements. Mixtures are labelled d/k/n.
Columns, all of one core:

  Numba      the objective compiled by Numba as it stands
  value      the objective by adtrans
  gradient   value and gradient by adtrans; '/primal' is against the faster of Numba and value
  by hand    a gradient derived and written by hand in Numba
  JAX        value and gradient in JAX, whole arrays and scans; 64-bit, jitted
  PyTorch    the same, eager

Objectives are plain loops; `--numpy` takes their forms in NumPy instead. Nothing here changes its arguments, so
nothing is put back. Every gradient is compared with that of adtrans: more than 1e-8 apart, the command fails.
"""

import argparse
import sys

from kernels import FLAGS, TOLERANCE
from timing import Contender, alone, alternate, difference, ratio

TITLES = ("objective", "Numba", "value", "gradient", "by hand", "JAX", "PyTorch", "/primal", "value/", "/by hand",
          "/JAX", "/PyTorch", "apart")
RATIOS = ("/primal", "value/", "/by hand", "/JAX", "/PyTorch")
SMALL = {f"gmm {d}/{k}/{n}": ("gmm", {"d": d, "k": k, "n": n}) for d, k, n in ((2, 5, 1000), (10, 5, 1000))} | {
    "bundle": ("bundle", {"n": 20, "m": 300, "p": 2000}), "lstm": ("lstm", {"layers": 2, "length": 128}),
    "log_sum_exp": ("log_sum_exp", {"n": 10_000}), "k_means": ("k_means", {"k": 10, "n": 1000, "d": 4}),
    "polynomial": ("polynomial", {"n": 128, "m": 16}), "runge_kutta": ("runge_kutta", {"n": 100, "steps": 100})}
LARGE = {f"gmm {d}/{k}/{n}": ("gmm", {"d": d, "k": k, "n": n}) for n in (1000, 10_000) for d in (2, 10, 32, 64)
         for k in (5, 25)} | {
    "bundle": ("bundle", {"n": 49, "m": 7776, "p": 31843}), "lstm": ("lstm", {"layers": 2, "length": 1024}),
    "log_sum_exp": ("log_sum_exp", {"n": 160_000}), "k_means": ("k_means", {"k": 100, "n": 1000, "d": 16}),
    "polynomial": ("polynomial", {"n": 1024, "m": 128}), "runge_kutta": ("runge_kutta", {"n": 1000, "steps": 100})}


def gradients(name, fun, inputs, args):
    """Contenders that compute the gradient."""
    import numpy as np
    from by_hand.objectives import GRADIENTS
    from peers import jax_gradient, jax_objectives, torch_gradient, torch_objectives

    import adtrans

    def named(result):
        return dict(zip(inputs, result[1]))

    def second(result):
        return result[1]

    given = tuple(args.values())
    found = {"gradient": Contender(adtrans.value_and_grad(fun, argnums=inputs), lambda: given, named)}
    if name in GRADIENTS:
        found["by hand"] = Contender(GRADIENTS[name], lambda: given, named)
    if name in jax_objectives:
        found["JAX"] = Contender(jax_gradient(jax_objectives[name], inputs, args, (np.float64(1.0),)), tuple, second)
    if name in torch_objectives:
        found["PyTorch"] = Contender(torch_gradient(torch_objectives[name], inputs, args), tuple, second)
    return found


def primals(fun, inputs, args):
    """The objective by Numba, where Numba takes it, and by adtrans."""
    from losses import compiled
    from numba.core.errors import NumbaError

    import adtrans

    given = tuple(args.values())
    found = {"value": Contender(adtrans.grad(fun, argnums=inputs).value, lambda: given)}
    try:
        primal = compiled(fun, **FLAGS)
        primal(*given)
    except NumbaError:
        return found
    return {"Numba": Contender(primal, lambda: given)} | found


def measure(name, sizes, by_numpy, seconds, repeat):
    """Times by column, ratios among them, the largest distance of two gradients."""
    from adbench_programs import INPUTS, module

    program, inputs = module(name), INPUTS[name]
    fun, args = program.by_numpy if by_numpy else getattr(program, name), program.arguments(**sizes)
    racing = gradients(name, fun, inputs, args)
    found = {title: contender.gradients(contender.run(*contender.prepare())) for title, contender in racing.items()}
    apart = {title: difference(other, found["gradient"]) for title, other in found.items() if title != "gradient"}
    for title, distance in apart.items():
        if not distance <= TOLERANCE:
            raise AssertionError(f"the gradient is {distance:.1e} from that of {title}")
    others = primals(fun, inputs, args)
    others["value"].run(*others["value"].prepare())
    times = alternate(others | racing, seconds, repeat)
    get = times.get
    ratios = {"/primal": ratio(get("gradient"), min(times[title] for title in others)),
              "value/": ratio(get("value"), get("Numba"))}
    ratios |= {f"/{title}": ratio(get("gradient"), get(title)) for title in ("by hand", "JAX", "PyTorch")}
    return times, ratios, max(apart.values(), default=None)


def main():
    alone()
    from tables import Table, plot, print_means
    from tables import seconds as readable
    from tables import times as plain

    options = arguments()
    table, rows, failed = Table(TITLES, 20), [], []
    table.print_header()
    for label, (name, sizes) in (LARGE if options.large else SMALL).items():
        if options.only and not {name, label} & set(options.only):
            continue
        try:
            times, ratios, apart = measure(name, sizes, options.numpy, options.seconds, options.repeat)
        except Exception as error:
            failed.append(label)
            print(f"{label}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
            continue
        rows.append((label, "gmm" if name == "gmm" else "others", ratios))
        table.print_row((label, *[readable(times.get(title)) for title in TITLES[1:7]],
                         *[plain(ratios[title]) for title in RATIOS], "-" if apart is None else f"{apart:.0e}"))
    print_means([row[1:] for row in rows], RATIOS, ("gmm", "others"))
    if options.plot:
        plot(options.plot, [row[0] for row in rows], {title: [row[2][title] for row in rows] for title in
                                                      ("/primal", "/by hand", "/JAX")}, "gradient by adtrans against")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=sorted({name for name, _ in LARGE.values()} | {*SMALL, *LARGE}),
                        metavar="NAME", help="gmm, or one size such as 'gmm 10/5/1000'")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--small", action="store_true", help="which is the default")
    sizes.add_argument("--large", action="store_true", help="the sizes of published measurements")
    parser.add_argument("--numpy", action="store_true", help="the forms in NumPy in place of loops")
    parser.add_argument("--seconds", type=float, default=0.5, help="spent at most on each contender")
    parser.add_argument("--repeat", type=int, default=1000, help="runs at most of each contender")
    parser.add_argument("--plot", metavar="FILE", help="a chart of the ratios")
    return parser.parse_args()


if __name__ == "__main__":
    main()
