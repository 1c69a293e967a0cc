"""Whole programs judged: a function and its arguments in, the error of its derivative out.

    judge(kernel, {"A": A, "b": b}, inputs=("A", "b"), outputs=("A",)).error       # 3e-14

Arrays that the function changes are judged through `adjoint`, what it returns through `vjp`, each with random
cotangents along random directions. The oracle is the plain function: its code is run again with `np` replaced so
that arrays it makes are of wide numbers, either complex (complex step) or extended precision (central differences of
fourth order). Complex step does not work through `abs`, `np.std` and `np.arctan2`; extended precision always does.
"""

import time
import types
from typing import NamedTuple

import numpy as np

import adtrans
from adtrans.gradient import GradientFunction
from adtrans.leaves import leaves, map_leaves
from adtrans.pullback import seeds
from adtrans.specialised import Settings

MAKERS = ("zeros", "ones", "empty", "eye", "ndarray", "identity", "linspace")
STEP = {"complex": 1e-30, "wide": np.longdouble(2) ** -23}
SCALAR = {"complex": np.complex128, "wide": np.longdouble}


class Judgement(NamedTuple):
    """The largest error of a directional derivative, relative to the size of its terms; the same of values."""

    error: float
    value_error: float


class Wide:
    """NumPy whose floating-point types, and arrays of no given type, are of one wide scalar type."""

    def __init__(self, scalar):
        self.float32 = self.float64 = self.double = scalar
        self.scalar = scalar
        self.linalg = types.SimpleNamespace(cholesky=cholesky, norm=np.linalg.norm)
        for name in MAKERS:
            setattr(self, name, self.maker(getattr(np, name), name))

    def __getattr__(self, name):
        return getattr(np, name)

    def maker(self, make, name):
        position = {"linspace": 6, "eye": 3}.get(name, 1)

        def made(*args, **kwargs):
            return make(*args, **({} if len(args) > position else {"dtype": self.scalar}) | kwargs)

        return made


def cholesky(a):
    """The lower triangular factor, in the precision of `a`."""
    factor = np.zeros_like(a)
    for j in range(len(a)):
        factor[j, j] = np.sqrt(a[j, j] - np.sum(factor[j, :j] ** 2))
        factor[j + 1:, j] = (a[j + 1:, j] - factor[j + 1:, :j] @ factor[j, :j]) / factor[j, j]
    return factor


def widened(fun, oracle):
    """The same code with another `np`, in the functions of its module too."""
    names = dict(fun.__globals__)
    for name, value in fun.__globals__.items():
        if value is np:
            names[name] = Wide(SCALAR[oracle])
        elif isinstance(value, types.FunctionType) and value.__globals__ is fun.__globals__:
            names[name] = rebound(value, names)
    return rebound(fun, names)


def rebound(fun, names):
    made = types.FunctionType(fun.__code__, names, fun.__name__, fun.__defaults__, fun.__closure__)
    made.__kwdefaults__ = fun.__kwdefaults__
    return made


def is_float(value):
    return isinstance(value, (float, np.floating)) or isinstance(value, np.ndarray) and value.dtype.kind == "f"


def float_names(args):
    """Names of arguments that are floating-point numbers or arrays of these."""
    return tuple(name for name, value in args.items() if is_float(value))


def copies(args):
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in args.items()}


def floats(value):
    """The floating-point leaves of a result, as arrays."""
    return [np.asarray(leaf) for _, leaf in leaves(value, "") if np.asarray(leaf).dtype.kind in "fc"]


def changed(fun, args):
    """What the function returns, and names of arrays of floats that it changed."""
    mine = copies(args)
    result = fun(**mine)
    return result, tuple(name for name in float_names(args) if isinstance(args[name], np.ndarray)
                         and not np.array_equal(mine[name], args[name], equal_nan=True))


class Derivative:
    """What adtrans makes of a program, the disk cache left aside: an adjoint where there are outputs, else a pullback.

    Calling it with arguments and bars by name (of outputs) or in the form of the result gives adjoints by name.
    """

    def __init__(self, fun, inputs, outputs=(), interpreted=False):
        self.made = adtrans.adjoint(fun, inputs, outputs, cache=False) if outputs else \
            GradientFunction(fun, Settings(inputs, cache=False), True)
        self.inputs, self.outputs, self.interpreted = inputs, outputs, interpreted

    def transform(self, args):
        """Read and differentiate, without compiling."""
        self.made._mode(self.made._find(self.made._bind((), args)), "adjoint" if self.outputs else "pullback")

    def value(self, args):
        """What the program returns, by generated code."""
        found, mode, raw = self.made._run("value", self.made._bind((), args), interpreted=self.interpreted)
        return self.made._value(found, mode, raw)

    def __call__(self, args, bars):
        return self.adjoint(args, bars) if self.outputs else self.pullback(args, bars)

    def adjoint(self, args, bars):
        given = {name: np.zeros(np.shape(args[name]), getattr(args[name], "dtype", float)) for name in self.inputs}
        given |= {name: bar.copy() for name, bar in bars.items()}
        (self.made.interpreted if self.interpreted else self.made)(**args, bars=given)
        return given

    def pullback(self, args, bar):
        bound = self.made._bind((), args)
        structure = self.made._reading(self.made._find(bound)).lowered.result
        extra = tuple(seeds(structure, bar, map_leaves(lambda _, leaf: np.shape(leaf), bar, ""), "bar"))
        found, _, parts = self.made._run("pullback", bound, extra, interpreted=self.interpreted)
        return dict(zip(self.made.argnames, self.made._gradients(found, parts)))


def judge(fun, args, inputs=None, outputs=(), returns=True, oracle="wide", interpreted=False, directions=2, seed=0):
    """A Judgement of the derivative of `fun` at `args`, by `inputs` (all floats when None).

    `outputs` names arrays that the function leaves results in; `returns=False` leaves what it returns aside.
    """
    rng, names = np.random.default_rng(seed), float_names(args) if inputs is None else inputs
    mine = copies(args)
    result = fun(**mine)
    errors, value_errors = [], []
    if outputs:
        bars = {name: weights(rng, args[name]) for name in outputs}
        given = copies(args)
        adjoints = Derivative(fun, names, outputs, interpreted)(given, bars)
        value_errors.append(distance([given[name] for name in outputs], [mine[name] for name in outputs]))
        errors += slope_errors(fun, args, adjoints, bars.values(), names, outputs, oracle, rng, directions)
    if returns and result is not None and floats(result):
        made, bar = Derivative(fun, names, (), interpreted), cotangent(rng, result)
        value_errors.append(distance(floats(made.value(copies(args))), floats(result)))
        adjoints = made(copies(args), bar)
        errors += slope_errors(fun, args, adjoints, floats(bar), names, None, oracle, rng, directions)
    return Judgement(float(np.max(errors)), float(np.max(value_errors)))


def slope_errors(fun, args, adjoints, bars, names, places, oracle, rng, directions):
    """Errors of directional derivatives, each relative to the size of its terms."""
    for _ in range(directions):
        along = {name: size(args[name]) * rng.normal(size=np.shape(args[name])) for name in names}
        wanted, scale = slope(fun, args, along, bars, places, oracle)
        given = sum(np.sum(np.asarray(adjoints[name], float) * along[name]) for name in names)
        yield float(abs(given - wanted) / max(scale, 1e-30))


def cotangent(rng, result):
    """Random numbers in the form of a result."""
    return map_leaves(lambda _, leaf: weights(rng, leaf) if is_float(leaf) else leaf, result, "")


def weights(rng, leaf):
    """A random cotangent of a leaf."""
    return rng.normal(size=np.shape(leaf)).astype(leaf.dtype) if isinstance(leaf, np.ndarray) else \
        type(leaf)(rng.normal())


def size(value):
    return max(float(np.max(np.abs(value), initial=0.0)), 1e-3)


def distance(given, wanted):
    """The largest difference, relative to the largest number."""
    scale = max((float(np.max(np.abs(b), initial=0.0)) for b in wanted), default=1.0)
    return max((float(np.max(np.abs(a - b), initial=0.0)) for a, b in zip(given, wanted)), default=0.0) / (scale or 1.0)


def slope(fun, args, along, bars, places, oracle):
    """The derivative of sum(bars * results) along directions, and the size of its terms.

    `places` names the arrays that hold the results; None means what the function returns.
    """
    wide, scalar, h = widened(fun, oracle), SCALAR[oracle], STEP[oracle]

    def run(step):
        given = {name: widen(value, scalar) for name, value in args.items()}
        for name, direction in along.items():
            given[name] = given[name] + step * direction.astype(np.longdouble if oracle == "wide" else float) \
                if isinstance(direction, np.ndarray) else given[name] + step * scalar(direction)
        result = wide(**given)
        return floats(result) if places is None else [given[name] for name in places]

    if oracle == "complex":
        slopes = [part.imag / h for part in run(1j * h)]
    else:
        ends = [run(k * h) for k in (1, -1, 2, -2)]
        slopes = [(8 * (a - b) - (c - d)) / (12 * h) for a, b, c, d in zip(*ends)]
    terms = [bar * slope for bar, slope in zip(bars, slopes)]
    return sum(np.sum(term) for term in terms), sum(np.sum(np.abs(term)) for term in terms)


def widen(value, scalar):
    if not is_float(value):
        return value.copy() if isinstance(value, np.ndarray) else value
    return value.astype(scalar) if isinstance(value, np.ndarray) else scalar(value)


def seconds(run):
    """What `run()` gives, and how long it took."""
    before = time.perf_counter()
    result = run()
    return result, time.perf_counter() - before
