"""One call of a library function judged: value, shape, dtype and derivative.

    judge(case("np.median(a, axis=1)", a=matrix), single=False)

The plain function is the oracle. Values must be equal to 1e-12 (float64) or 1e-5 (float32) of the largest, with the
same shape and dtype. Derivatives of a random cotangent along random directions must agree with central differences
of the plain function in extended precision (np.longdouble, where NumPy's own code runs in it) or with what the case
gives as `reference`. Distances that vary between float64 arguments and jumps nearby are the case's business: its
arguments must be away from kinks.
"""

import linecache
from dataclasses import dataclass, field

import numpy as np

from adtrans.arguments import float_leaf_specs
from adtrans.gradient import GradientFunction
from adtrans.leaves import leaves, map_leaves
from adtrans.pullback import seeds
from adtrans.specialised import Settings
from adtrans.structure import spec_of
from tests import poison

TOLERANCE = {False: 1e-12, True: 1e-5}
SLOPE = {False: 1e-8, True: 1e-4}
_numbers = iter(range(10**9))
poison.install()


@dataclass
class Case:
    """An expression and the arguments it is of.

    `reference(*args, directions)` is for functions that NumPy does not run in extended precision: the derivative along
    the directions (a dict by name), with the structure of the result. `rough` widens the tolerance of the derivative. `setup` are
    statements before the expression.
    """

    text: str
    args: dict
    names: dict = field(default_factory=dict)
    setup: str = ""
    reference: object = None
    rough: float = 1.0

    def __str__(self):
        forms = ", ".join(f"{name}{np.shape(value)}" for name, value in self.args.items())
        return f"{self.text} [{forms}]"

    def function(self):
        """The plain function."""
        body = "".join(f"    {line}\n" for line in self.setup.splitlines())
        source = f"def call({', '.join(self.args)}):\n{body}    return {self.text}\n"
        filename = f"<case {next(_numbers)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        names = {"np": np, **self.names}
        exec(compile(source, filename, "exec"), names)
        return names["call"]


def case(text, _names=None, _setup="", _reference=None, _rough=1.0, **args):
    """A case: the expression, then its arguments by name."""
    return Case(text, args, _names or {}, _setup, _reference, _rough)


class Wrong(AssertionError):
    """A result that differs from NumPy's."""


def is_float(value):
    return isinstance(value, (float, np.floating)) or isinstance(value, np.ndarray) and value.dtype.kind == "f"


def cast(value, dtype):
    """Floating-point leaves in another precision; layouts of arrays stay."""
    def change(_, leaf):
        if not is_float(leaf):
            return leaf
        return in_layout(leaf, leaf.astype(dtype)) if isinstance(leaf, np.ndarray) else \
            leaf if isinstance(leaf, float) and not isinstance(leaf, np.floating) and dtype != np.longdouble \
            else dtype(leaf)

    return map_leaves(change, value, "")


def in_layout(model, value):
    """A copy of `value` strided like `model`."""
    if model.flags.c_contiguous:
        return np.ascontiguousarray(value).reshape(model.shape)
    if model.flags.f_contiguous:
        return np.asfortranarray(value)
    wide = np.zeros([2 * n for n in model.shape], value.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in model.shape)]
    view[...] = value
    return view


def copies(args):
    return {name: map_leaves(lambda _, leaf: in_layout(leaf, leaf.copy()) if isinstance(leaf, np.ndarray) else leaf,
                             value, "") for name, value in args.items()}


def flat(value):
    """The floating-point leaves of a result, as arrays."""
    return [np.asarray(leaf) for _, leaf in leaves(value, "") if is_float(leaf)]


def judge(found, single=False, compiled=False, seed=0):
    """Raise Wrong unless adtrans gives what NumPy gives for a case."""
    fun = found.function()
    args = {name: cast(value, np.float32 if single else np.float64) for name, value in found.args.items()}
    plain = fun(**copies(args))
    names = tuple(name for name, value in args.items() if any(True for _ in float_leaf_specs(spec_of(value, name))))
    gradient = GradientFunction(fun, Settings(names or 0, cache=False), True)
    specialised, mode, raw = gradient._run("value", gradient._bind((), copies(args)), interpreted=not compiled)
    same(plain, gradient._value(specialised, mode, raw), single, "value")
    if not names or not flat(plain):
        return
    rng = np.random.default_rng(seed)
    bars = map_leaves(lambda _, leaf: rng.normal(size=np.shape(leaf)).astype(leaf.dtype) if isinstance(
        leaf, np.ndarray) else rng.normal() if is_float(leaf) else leaf, plain, "")
    shapes = map_leaves(lambda _, leaf: np.shape(leaf), plain, "")
    extra = tuple(seeds(gradient._result(specialised, mode), bars, shapes, "bar"))
    specialised, _, parts = gradient._run("pullback", gradient._bind((), copies(args)), extra,
                                          interpreted=not compiled)
    adjoints = dict(zip(gradient.argnames, gradient._gradients(specialised, parts)))
    for name in names:
        same_form(args[name], adjoints[name], name)
    for _ in range(2):
        directions = {name: map_leaves(
            lambda _, leaf: rng.normal(size=np.shape(leaf)) if is_float(leaf) else None, args[name], "")
            for name in names}
        wanted, scale = slope(found, fun, args, directions, bars)
        given = sum(np.sum(a.astype(float) * d) for name in names
                    for a, d in zip(flat(adjoints[name]), flat(directions[name])))
        if not abs(given - wanted) <= SLOPE[single] * found.rough * max(scale, 1e-3):
            raise Wrong(f"{found}: derivative {given!r} instead of {float(wanted)!r}")


def slope(found, fun, args, directions, bars):
    """The derivative of sum(bars * result) along directions, and the size of its terms."""
    weights = [bar.astype(np.longdouble) for bar in flat(bars)]
    if found.reference is not None:
        tangents = flat(found.reference(*args.values(), directions))
        terms = [np.sum(weight * tangent) for weight, tangent in zip(weights, tangents)]
        return sum(terms), sum(np.sum(np.abs(weight * tangent)) for weight, tangent in zip(weights, tangents))
    wide = {name: cast(value, np.longdouble) for name, value in args.items()}

    def moved(h):
        given = copies(wide)
        for name, direction in directions.items():
            parts = iter(flat(direction))
            given[name] = map_leaves(lambda _, leaf: leaf + h * next(parts).reshape(np.shape(leaf))
                                     if is_float(leaf) else leaf, given[name], "")
            given[name] = map_leaves(lambda _, leaf: leaf[()] if isinstance(leaf, np.ndarray) and not leaf.ndim
                                     and not isinstance(args[name], np.ndarray) else leaf, given[name], "")
        return [part.astype(np.longdouble) for part in flat(fun(**given))]

    h = np.longdouble(2.0) ** -13
    ends = [moved(k * h) for k in (1, -1, 2, -2)]
    total = scale = np.longdouble(0)
    for weight, a, b, c, d in zip(weights, *ends):
        terms = weight * (8 * (a - b) - (c - d)) / (12 * h)
        total, scale = total + np.sum(terms), scale + np.sum(np.abs(terms))
    return total, scale


def same(plain, given, single, path):
    """Raise Wrong unless two results have one structure, dtype, shape and content."""
    ours, theirs = leaves(given, path), leaves(plain, path)
    if len(ours) != len(theirs):
        raise Wrong(f"{path}: {given!r} instead of {plain!r}")
    for (where, a), (_, b) in zip(ours, theirs):
        if np.shape(a) != np.shape(b):
            raise Wrong(f"{where}: shape {np.shape(a)} instead of {np.shape(b)}")
        if isinstance(b, (np.ndarray, np.generic)) and np.asarray(a).dtype != b.dtype:
            raise Wrong(f"{where}: dtype {np.asarray(a).dtype} instead of {b.dtype}")
        x, y = np.asarray(a), np.asarray(b)
        if y.dtype.kind not in "biuf":
            if a != b:
                raise Wrong(f"{where}: {a!r} instead of {b!r}")
            continue
        if y.dtype.kind == "f":
            size = np.max(np.abs(y[np.isfinite(y)]), initial=1e-300)
            fits = np.allclose(x, y, rtol=0.0, atol=TOLERANCE[single or y.dtype == np.float32] * size, equal_nan=True)
        else:
            fits = np.array_equal(x, y)
        if not fits:
            raise Wrong(f"{where}: {a!r} instead of {b!r}")


def same_form(arg, adjoint, name):
    """Raise Wrong unless an adjoint has the shape and dtype of its argument."""
    for (where, a), (_, b) in zip(leaves(arg, name), leaves(adjoint, name)):
        if is_float(a) and (np.shape(a) != np.shape(b) or np.asarray(a).dtype != np.asarray(b).dtype):
            raise Wrong(f"adjoint of {where}: {np.asarray(b).dtype}{np.shape(b)} instead of "
                        f"{np.asarray(a).dtype}{np.shape(a)}")


def forms(rng, shape, low=-1.0, high=1.0):
    """An array of a shape in every layout: C, Fortran, strided, reversed. Values are distinct."""
    size = int(np.prod(shape))
    values = low + (high - low) * (rng.permutation(size) + rng.uniform(0.2, 0.8, size)) / max(size, 1)
    plain = values.reshape(shape)
    found = [plain]
    if len(shape) > 1:
        found.append(np.asfortranarray(plain))
    if size and len(shape):
        wide = np.zeros([2 * n for n in shape])
        view = wide[tuple(slice(None, None, 2) for _ in shape)]
        view[...] = plain
        found.append(view)
    return found
