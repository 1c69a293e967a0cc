"""The command line: `adtrans demo`, `source`, `check`, `bench` and `cache`.

    adtrans source model.py:loss --types "f8[:], f8[:,:], i8"

Whatever goes wrong is one line on standard error and exit status 2; a gradient that `check` finds wrong is
exit status 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from adtrans.errors import AdtransError, ArgumentValueError, LocatedError

TYPES_HELP = ("argument types as Numba writes them: 'f8[:], f8[:,:], i8'; an extent can be a number (f8[9]), "
              "a value may be fixed (i8=5), a tuple is (f8, i8)")


def main(argv: list[str] | None = None) -> int:
    """Run one command line; return the exit status."""
    options = _parser().parse_args(argv)
    try:
        return options.run(options)
    except LocatedError as error:
        _complain(*(_one_line(single) for single in error.errors))
    except BrokenPipeError:
        sys.stderr.close()
    except Exception as error:
        _complain(f"{type(error).__name__}: {error}" if not isinstance(error, AdtransError) else str(error))
    return 2


def demo(options: argparse.Namespace) -> int:
    """Train two models on real data and show what happens."""
    from adtrans.demo import run

    run(picture=options.out)
    return 0


def source(options: argparse.Namespace) -> int:
    """Print the generated gradient of a function."""
    fun, args = _subject(options, options.size)
    print(_gradient(fun, args, options).inspect_source(*args).rstrip())
    return 0


def check(options: argparse.Namespace) -> int:
    """Compare the gradient of a function, compiled and interpreted, with the function itself."""
    from adtrans.check import check_grads

    fun, args = _subject(options, options.size)
    compiled = _gradient(fun, args, options)
    interpreted: Any = SimpleNamespace(py_func=fun, settings=compiled.settings,
                                       value_and_grad=compiled.interpreted)
    try:
        for gradient in (compiled, interpreted):
            check_grads(gradient, tuple(args), modes=("rev",))
    except AssertionError as error:
        _complain(str(error))
        return 1
    print(f"{options.function}: the gradient agrees with the function, compiled and interpreted")
    return 0


def bench(options: argparse.Namespace) -> int:
    """Time a function interpreted, compiled, and its compiled gradient."""
    from adtrans.bench import table

    fun, args = _subject(options, options.sizes[0])
    gradient = _gradient(fun, args, options)
    for line in table(fun, gradient, lambda size: _arguments(fun, options.types, size), options.sizes):
        print(line, flush=True)
    return 0


def cache(options: argparse.Namespace) -> int:
    """Describe the disk cache, or empty it."""
    import adtrans.cache as store

    if options.action == "clear":
        print(f"removed {store.clear()} entries")
    else:
        for name, value in store.info().items():
            print(f"{name}: {value}")
    return 0


def _gradient(fun: Callable, args: list[Any], options: argparse.Namespace) -> Any:
    """The gradient function for `--argnums`, or for every argument that holds floats."""
    import adtrans
    from adtrans.leaves import is_float, leaves

    argnums: Any = tuple(i for i, arg in enumerate(args) if any(is_float(x) for _, x in leaves(arg, "")))
    if options.argnums:
        argnums = tuple(int(n) if n.lstrip("-").isdigit() else n for n in options.argnums.split(","))
    if not argnums:
        raise ArgumentValueError(f"{options.function} has no floating-point argument in --types")
    return adtrans.value_and_grad(fun, argnums=argnums[0] if len(argnums) == 1 else argnums)


def _subject(options: argparse.Namespace, size: int) -> tuple[Callable, list[Any]]:
    """The function that FILE:FUNC names, with example arguments of the given size."""
    fun = _load(options.function)
    return fun, _arguments(fun, options.types, size)


def _arguments(fun: Callable, types: str, size: int) -> list[Any]:
    """Example arguments, as many as the function can take."""
    from adtrans.notation import example_arguments

    args = example_arguments(types, size)
    try:
        inspect.signature(fun).bind(*args)
    except TypeError as error:
        name = getattr(fun, "__name__", repr(fun))
        raise ArgumentValueError(f"{name}() does not take {len(args)} arguments: {error}") from None
    return args


def _load(where: str) -> Callable:
    """The function at FILE:FUNC; FUNC may be dotted."""
    file, colon, name = where.rpartition(":")
    path = Path(file)
    if not colon or not file or not name:
        raise ArgumentValueError(f"expected FILE:FUNC, got {where!r}")
    if not path.is_file():
        raise ArgumentValueError(f"no such file: {file}")
    module = _imported(path.resolve())
    try:
        fun = reduce(getattr, name.split("."), module)
    except AttributeError:
        raise ArgumentValueError(f"{file} has no function {name!r}") from None
    if not callable(fun):
        raise ArgumentValueError(f"{name!r} in {file} is not a function")
    return fun


def _imported(path: Path) -> Any:
    """The module in a file, imported as Python would import it from its own directory."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ArgumentValueError(f"not a Python file: {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _one_line(error: LocatedError) -> str:
    """A located error without its excerpt: place, kind, message and hint."""
    place = f"{error.span}: " if error.span else ""
    hint = f" ({error.hint})" if error.hint else ""
    return f"{place}{type(error).__name__}: {error.message}{hint}"


def _complain(*messages: str) -> None:
    """Each message as one line on standard error."""
    for message in messages:
        print("adtrans: " + " ".join(message.split()), file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        _complain(f"{message} (try {self.prog} --help)")
        raise SystemExit(2)


def _sizes(text: str) -> list[int]:
    """A comma-separated list of positive sizes."""
    sizes = [int(part) for part in text.split(",")]
    if min(sizes) < 1:
        raise ValueError(text)
    return sizes


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="adtrans", description="Gradients of plain numeric Python as readable source.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    showing = commands.add_parser("demo", help="train two models on a real table that comes with adtrans")
    showing.add_argument("--out", metavar="PNG", default="adtrans-demo.png", help="where the loss curves go")
    showing.set_defaults(run=demo)
    for run, purpose in ((source, "print the generated gradient of a function"),
                         (check, "compare the gradient of a function with the function"),
                         (bench, "time a function and its gradient")):
        _add_function_command(commands.add_parser(run.__name__, help=purpose), run)
    caching = commands.add_parser("cache", help="the disk cache of compiled gradients")
    caching.add_argument("action", choices=("info", "clear"))
    caching.set_defaults(run=cache)
    return parser


def _add_function_command(parser: argparse.ArgumentParser, run: Callable) -> None:
    """The options of a command about one function."""
    parser.add_argument("function", metavar="FILE:FUNC")
    parser.add_argument("--types", required=True, help=TYPES_HELP)
    parser.add_argument("--argnums", help="what to differentiate, e.g. 0,2 or w,b (default: all floats)")
    if run is bench:
        parser.add_argument("--sizes", type=_sizes, default=[100, 1000], metavar="N,N,...",
                            help="what ':' extents and plain integers are (default: 100,1000)")
    else:
        parser.add_argument("--size", type=int, default=8, metavar="N",
                            help="what ':' extents and plain integers are (default: 8)")
    parser.set_defaults(run=run)


if __name__ == "__main__":
    sys.exit(main())
