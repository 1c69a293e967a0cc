"""A gradient judged by the oracle.

In: a `Program` and a mode, "interpreted" or "compiled". Out: a `Verdict`: right, wrong, refused (outside the
language), crashed (any other exception), near (wrong, but the oracle passed a kink or jump too closely to
tell), tie (wrong, but right if equal numbers compared otherwise), discrete (refused because only integers made of
the arguments reach the result, and the oracle agrees), or broken (the program itself or the oracle fails: a fault
of this package).
"""

import dataclasses
import os
import re
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from adtrans.leaves import map_leaves
from adtrans.optimise import block, jam, neighbours, products
from adtrans.sharing import snapshot
from tests import duals, poison
from tests.duals.transplant import Transplant

OUTCOMES = ("right", "wrong", "refused", "crashed", "near", "tie", "discrete", "broken")
TOLERANCE = {False: 1e-9, True: 1e-4}
NEAR = {False: 1e-7, True: 1e-3}
SECONDS = 120
PUSHED = ("forward", "vector", "second")


@dataclass
class Verdict:
    """What became of a program, and why."""

    outcome: str
    detail: str = ""


@dataclass
class Expected:
    """What the oracle says: value, gradient, distance to the nearest kink, kinks hit exactly, integers made."""

    value: float
    gradient: object
    distance: float
    ties: int = 0
    integers: int = 0


class Disagreement(Exception):
    """A result that differs from what it must be."""


@contextmanager
def limited(seconds):
    """Raise TimeoutError after some seconds of wall time."""

    def ring(signum, frame):
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# Random programs' loops are short: limits below which loops are left as they are, and sizes of blocks.
LIMITS = ((neighbours, "SHORT", 0), (products, "SHORT", 0), (block, "SHORT", 0), (block, "WIDTH", 3), (jam, "TOGETHER", 2))


@contextmanager
def short_loops():
    """Loops are divided however short they are, as those of random programs are, and blocks are as short."""
    before = [getattr(module, name) for module, name, _ in LIMITS]
    for module, name, value in LIMITS:
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name, _), value in zip(LIMITS, before):
            setattr(module, name, value)


@contextmanager
def silent():
    """Without what programs print, compiled ones included."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            yield
            sys.stdout.flush()
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def plain_value(program):
    """The function's own value in CPython; jitted functions run as Python."""
    fun = program.load()
    if "njit" in program.source:
        fun = Transplant(lambda value: value).move(fun)
    return float(fun(*program.args()))


def answer(program, bias=0.0, only=None):
    """The oracle's answer, all ties or a single one broken by `bias`."""
    value, gradient = duals.gradient(program.load(), program.args(), program.argnums, bias, only)
    return Expected(value, gradient, duals.watch.smallest, duals.watch.ties, duals.watch.integers)


def expected(program):
    """The oracle's answer, checked against plain execution."""
    truth, plain = answer(program), plain_value(program)
    near = truth.distance < NEAR[program.single]
    if not near and not close(plain, truth.value, program.single):
        if not truth.ties:
            raise Disagreement(f"oracle value {truth.value!r}, plain value {plain!r}")
        truth.distance = 0.0
    return truth


def close(plain, value, single):
    """True where the oracle repeats the plain value."""
    return abs(plain - value) <= (TOLERANCE[True] if single else 1e-10) * max(1.0, abs(plain))


def transformed(program, mode, options):
    """What the compiler under test answers: value and gradient, arguments checked to be unchanged."""
    import adtrans

    g = adtrans.value_and_grad(program.load(), argnums=program.argnums, **options)
    args = program.args()
    poison.install()
    with short_loops():
        result = g.interpreted(*args) if mode == "interpreted" else g(*args)
    for a, b in zip(duals.run.leaves(args), duals.run.leaves(program.args())):
        if isinstance(a, np.ndarray) and not (
            a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
        ):
            raise Disagreement(f"an argument was changed: {a} instead of {b}")
        if not isinstance(a, np.ndarray) and a != b:
            raise Disagreement(f"an argument was changed: {a} instead of {b}")
    return result


def along(program, truth, interpreted):
    """Check forward mode along a direction of each argument against the oracle's gradient."""
    from adtrans.tangent import pushed

    call = duals.run.Call(program.load(), program.args(), program.argnums)
    given = (truth.gradient,) if call.single else truth.gradient
    rng = np.random.default_rng(program.seed)
    for gradient, position in zip(given, call.positions):
        tangents = directions(rng, program.args(), position)
        parts = numbers(gradient) * numbers(tangents[position])
        with short_loops():
            value, found = pushed(program.load(), program.args(), tangents, interpreted)
        tolerance = TOLERANCE[program.single]
        if not abs(value - truth.value) <= tolerance * max(1.0, abs(truth.value)):
            raise Disagreement(f"value {value!r} instead of {truth.value!r}")
        if not abs(found - parts.sum()) <= tolerance * max(np.abs(parts).sum(), 1e-3):
            raise Disagreement(f"tangent {found!r} by argument {position} instead of {parts.sum()!r}")


def along_many(program, truth, interpreted):
    """Check eight tangents in one pass, each along a direction in all arguments, against the oracle's gradient."""
    from adtrans.pullback import _gradient
    from adtrans.tangent import directions as flattened

    args, call = program.args(), duals.run.Call(program.load(), program.args(), program.argnums)
    gradient = _gradient(program.load(), tuple(call.positions), args)
    bound = gradient._bind(args, {})
    if gradient._find(bound).shared:
        return
    rng = np.random.default_rng(program.seed)
    columns, wanted = [], []
    given = (truth.gradient,) if call.single else truth.gradient
    for _ in range(8):
        drawn = [directions(rng, args, position)[position] for position in call.positions]
        columns.append(flattened(gradient, bound, dict(zip(gradient.argnames, drawn)), "v"))
        wanted.append(np.concatenate([numbers(one) * numbers(dot) for one, dot in zip(given, drawn)]))
    several = tuple(np.ascontiguousarray(np.stack(leaf, axis=-1)) for leaf in zip(*columns))
    with short_loops():
        _, _, found = gradient._run("tangents", bound, several, interpreted)
    for number, (tangent, parts) in enumerate(zip(found, wanted)):
        if not abs(tangent - parts.sum()) <= TOLERANCE[program.single] * max(np.abs(parts).sum(), 1e-3):
            raise Disagreement(f"tangent {number} {tangent!r} instead of {parts.sum()!r}")


def second(program, truth, interpreted, bias=0.0, only=None):
    """Check the product of the Hessian with a vector against nested duals."""
    import adtrans

    args = program.args()
    call = duals.run.Call(program.load(), args, program.argnums)
    vector = np.random.default_rng(program.seed).normal(size=call.memory.n_directions)
    product = adtrans.hvp(program.load(), argnums=program.argnums)
    duals.watch.reset(bias, only)
    wanted = numbers(duals.hessian_vector(program.load(), program.args(), vector, program.argnums))
    truth.ties = max(truth.ties, duals.watch.ties)
    with short_loops():
        found = numbers((product.interpreted if interpreted else product)(call.collect(vector), *args))
    tolerance = TOLERANCE[program.single] if program.single else 1e-8
    if not np.abs(found - wanted).max(initial=0.0) <= tolerance * max(np.abs(wanted).max(initial=0.0), 1e-3):
        raise Disagreement(f"Hessian product {found!r} instead of {wanted!r}")


def pushed_right(program, truth, mode, bias=0.0, only=None):
    """Check what a mode other than the gradient's gives."""
    interpreted = not mode.endswith("compiled")
    if mode.startswith("second"):
        second(program, truth, interpreted, bias, only)
    else:
        broken = answer(program, bias, only) if bias else truth
        (along_many if mode.startswith("vector") else along)(program, broken, interpreted)


def tied(program, truth, mode):
    """The verdict `tie` where a mode is right once all ties, or one, are broken one way."""
    for only in [None, *range(min(truth.ties, 200))] if truth.ties else ():
        for bias in (1, -1):
            try:
                pushed_right(program, truth, mode, bias, only)
            except Exception:
                continue
            return Verdict("tie", f"as if {'ties were' if only is None else f'tie {only} was'} broken")
    return None


def directions(rng, args, position):
    """Tangents: drawn for one argument, zero for the others, but where they share its memory."""
    copies = snapshot({str(k): arg for k, arg in enumerate(args)})

    def cleared(path, leaf):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
            leaf[...] = 0.0
            return leaf
        return type(leaf)(0.0) if isinstance(leaf, (float, np.floating)) else None

    def drawn(path, leaf):
        if isinstance(leaf, np.ndarray):
            leaf[...] = rng.normal(size=leaf.shape)
            return leaf
        return None if leaf is None else type(leaf)(rng.normal())

    found = [map_leaves(cleared, copies[str(k)], "") for k in range(len(args))]
    found[position] = map_leaves(drawn, found[position], "")
    return tuple(found)


def same_form(given, arg, path):
    """Check a gradient's type, shape and dtype against the argument's."""
    if dataclasses.is_dataclass(arg):
        require(type(given) is type(arg), path, given, arg)
        for field in dataclasses.fields(arg):
            same_form(getattr(given, field.name), getattr(arg, field.name), f"{path}.{field.name}")
    elif isinstance(arg, dict):
        require(type(given) is dict and given.keys() == arg.keys(), path, given, arg)
        for key in arg:
            same_form(given[key], arg[key], f"{path}[{key!r}]")
    elif isinstance(arg, (tuple, list)):
        require(type(given) is type(arg) and len(given) == len(arg), path, given, arg)
        for k, (one, other) in enumerate(zip(given, arg)):
            same_form(one, other, f"{path}[{k}]")
    elif isinstance(arg, np.ndarray) and arg.dtype.kind == "f":
        require(
            isinstance(given, np.ndarray) and given.dtype == arg.dtype and given.shape == arg.shape,
            path,
            given,
            arg,
        )
    elif isinstance(arg, np.float32):
        require(type(given) is np.float32, path, given, arg)
    elif isinstance(arg, float):
        require(isinstance(given, float), path, given, arg)
    else:
        require(given is None, path, given, arg)


def require(condition, path, given, arg):
    """One check of form."""
    if not condition:
        raise Disagreement(
            f"gradient of {path}: {type(given).__name__} {given!r} for {type(arg).__name__} {arg!r}"
        )


def numbers(gradient):
    """All entries of a gradient as one vector."""
    parts = [np.ravel(np.asarray(x, dtype=float)) for x in duals.run.leaves(gradient) if x is not None]
    return np.concatenate(parts) if parts else np.zeros(0)


def compare(program, truth, value, gradient):
    """Raise `Disagreement` where a result is not the oracle's."""
    args = program.args()
    call = duals.run.Call(program.load(), args, program.argnums)
    given = (gradient,) if call.single else gradient
    require(isinstance(given, tuple) and len(given) == len(call.positions), "the arguments", gradient, ())
    for one, position in zip(given, call.positions):
        same_form(one, args[position], f"argument {position}")
    a, b = numbers(gradient), numbers(truth.gradient)
    tolerance = TOLERANCE[program.single]
    if not abs(value - truth.value) <= tolerance * max(1.0, abs(truth.value)):
        raise Disagreement(f"value {value!r} instead of {truth.value!r}")
    scale = max(np.abs(b).max(initial=0.0), 1e-3)
    if not np.abs(a - b).max(initial=0.0) <= tolerance * scale:
        raise Disagreement(f"gradient {gradient!r} instead of {truth.gradient!r}")


def judge(program, mode, options=None):
    """The verdict on a program in a mode."""
    if "print(" not in program.source:
        return outcome(program, mode, options)
    with silent():
        return outcome(program, mode, options)


def outcome(program, mode, options):
    """The verdict, whatever the program prints."""
    try:
        truth = expected(program)
    except Exception as error:
        return Verdict("broken", f"{type(error).__name__}: {error}")
    value = gradient = None
    try:
        with limited(SECONDS), np.errstate(all="ignore"):
            if mode.startswith(PUSHED):
                pushed_right(program, truth, mode)
                return Verdict("right")
            value, gradient = transformed(program, mode, options or {})
        compare(program, truth, value, gradient)
    except Disagreement as difference:
        if truth.distance < NEAR[program.single]:
            return Verdict("near", f"{difference} (nearest kink {truth.distance:.1e})")
        if mode.startswith(PUSHED):
            return tied(program, truth, mode) or Verdict("wrong", str(difference))
        return disputed(program, truth, value, gradient) or rounding(program, truth, mode, options) or Verdict(
            "wrong", str(difference))
    except Exception as error:
        return failure(program, error, truth)
    return Verdict("right")


def disputed(program, truth, value, gradient):
    """The verdict `tie` where the result is the oracle's with all its ties, or one of them, broken one way."""
    for only in [None, *range(min(truth.ties, 200))] if truth.ties else ():
        for bias in (1, -1):
            try:
                compare(program, answer(program, bias, only), value, gradient)
            except Exception:
                continue
            which = "ties were" if only is None else f"tie {only} was"
            return Verdict("tie", f"as if {which} broken {'up' if bias > 0 else 'down'}wards")
    return None


def rounding(program, truth, mode, options):
    """The verdict `near` where all numbers of the program scaled by a few roundings make the result the oracle's:
    rounding alone decides a comparison. Equal numbers stay equal."""
    for k in (-3, -2, -1, 1, 2, 3, 5, 7):
        changed = re.sub(r"(?<![\w.])\d+\.\d+(?:e-?\d+)?(?![\w.])",
                         lambda found, k=k: repr(float(found[0]) * (1.0 + k * 2.0**-52)), program.source)
        other = dataclasses.replace(program, source=changed, module=None)
        try:
            with limited(SECONDS), np.errstate(all="ignore"):
                compare(program, truth, *transformed(other, mode, options or {}))
        except Exception:
            continue
        finally:
            other.unload()
        return Verdict("near", f"as for numbers that differ by {k} roundings")
    return None


def integers_elsewhere(program):
    """Whether for other arguments, which may lead to other branches, integers are made and the derivative is still
    zero wherever the oracle has one."""
    made = False
    for factor in (-1.0, 0.1, -0.1, 3.0, -3.0, 10.0, -10.0, 0.5):
        args = tuple(scaled(arg, factor) for arg in program.args())
        try:
            with np.errstate(all="ignore"):
                gradient = duals.gradient(program.load(), args, program.argnums)[1]
        except Exception:
            continue
        if numbers(gradient).any():
            return False
        made = made or duals.watch.integers > 0
    return made


def scaled(arg, factor):
    """An argument with its floating-point numbers multiplied; containers are left as they are."""
    if isinstance(arg, np.ndarray) and arg.dtype.kind == "f" or isinstance(arg, (float, np.floating)):
        return arg * type(arg)(factor) if not isinstance(arg, np.ndarray) else arg * arg.dtype.type(factor)
    return arg


def failure(program, error, truth):
    """The verdict on an exception of the compiler under test."""
    import adtrans

    discrete = type(error).__name__ == "NonDifferentiableError"
    if discrete and not numbers(truth.gradient).any() and (truth.integers or integers_elsewhere(program)):
        return Verdict("discrete", str(error))
    if isinstance(error, adtrans.AdtransError):
        return Verdict("refused", f"{type(error).__name__}: {error}")
    return Verdict("crashed", f"{type(error).__name__}: {error}")
