"""Judge a gradient against its function: a function and example arguments in, nothing or an error out.

    check_grads(lambda x: np.sum(np.sin(x)), (np.ones(3),))       # passes silently

The judge is the complex step, exact to rounding, where the function accepts complex numbers and treats
them analytically; otherwise central differences with an error estimate. Both run the user's own plain
function, nothing that adtrans made. Every differentiated array is tried along random directions; when one
disagrees, the element that is wrong is looked for and named.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from adtrans.curvature import check_second
from adtrans.differences import Estimate, central_difference
from adtrans.errors import ArgumentError, ArgumentValueError, UnsupportedError
from adtrans.leaves import copy_leaf, holds_float32, is_float, leaves, like, map_leaves, shifted
from adtrans.transformed import transformation

DIRECTIONS = 2
EXHAUSTIVE_SIZE = 64
COMPLEX_STEP = 1e-100


def check_grads(fun: Callable, args: tuple, order: int = 1, modes: tuple[str, ...] = ("fwd", "rev"),
                argnums: Any = None, atol: float | None = None, rtol: float | None = None,
                eps: float | None = None) -> None:
    """Raise AssertionError, naming argument, index and both values, unless the gradient of `fun` is right.

    `fun` is a plain function with a scalar result, or a gradient function made by `grad` or
    `value_and_grad`; `args` its arguments (scalars, arrays, containers of these); `argnums` the arguments to
    check, by default every one that holds floats (for a gradient function: its own). `rtol` is relative to
    the sum of the absolute terms of a directional derivative: by default 1e-9 against the complex step, 1e-5
    against differences; in float32 1e-4 and 1e-3. Differences move the arguments by up to 1.5 percent (`eps`
    in place of 0.01), so check where the function is defined and smooth that far. Both modes are checked. With
    `order` 2 products with the Hessian are checked as well, against differences of the gradient.

    >>> check_grads(lambda x: x ** 3, (2.0,))
    """
    if order not in (1, 2):
        raise UnsupportedError(f"check_grads of order {order} is not built: check the gradient's own to order 2")
    unknown = set(modes) - {"fwd", "rev"}
    if unknown or not modes:
        raise ArgumentValueError(f"modes must be taken from 'fwd' and 'rev', not {sorted(unknown) or '()'}")
    args = tuple(args) if type(args) in (tuple, list) else (args,)
    subject = Subject(fun, args, argnums, Tolerance(atol, rtol, eps, holds_float32(args)))
    if "rev" in modes:
        check_reverse(subject)
    if "fwd" in modes:
        check_forward(subject)
    if order == 2:
        check_second(subject)


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """How far a directional derivative may be off: `atol + rtol * scale`, by default by dtype and judge."""

    atol: float | None
    rtol: float | None
    eps: float | None
    single: bool

    def allowed(self, judge: str, scale: float, value: float) -> float:
        """The largest accepted difference for terms of size `scale` of a function whose value is `value`."""
        rtol, atol = self.rtol, self.atol
        if rtol is None:
            exact = judge == "complex step"
            rtol = (1e-4 if exact else 1e-3) if self.single else (1e-9 if exact else 1e-5)
        if atol is None:
            atol = 1e-7 * abs(value) + 1e-9 if self.single else 1e-12 * abs(value) + 1e-14
        return atol + rtol * scale


class Subject:
    """The function under check with its arguments, their names and the positions to differentiate."""

    def __init__(self, fun: Callable, args: tuple, argnums: Any, tolerance: Tolerance):
        self.fun, self.args, self.tolerance = fun, args, tolerance
        self.is_gradient = callable(getattr(fun, "value_and_grad", None))
        self.plain = plain_function(fun)
        self.name = getattr(self.plain, "__name__", repr(self.plain))
        self.names = parameter_names(self.plain, len(args))
        if argnums is None and self.is_gradient:
            argnums = getattr(getattr(fun, "settings", fun), "argnums", 0)
        if argnums is None:
            argnums = tuple(i for i, arg in enumerate(args) if any(is_float(x) for _, x in leaves(arg, "")))
        self.argnums = argnums
        single = isinstance(argnums, (int, str))
        self.positions = tuple(self.position(entry) for entry in ((argnums,) if single else argnums))
        self.returns_one = single

    def position(self, entry: int | str) -> int:
        """The position of an argument given by number (from the end when negative) or by name."""
        if isinstance(entry, str):
            if entry not in self.names:
                raise ArgumentValueError(f"{self.name}() has no argument {entry!r}")
            return self.names.index(entry)
        if not -len(self.args) <= entry < len(self.args):
            raise ArgumentValueError(f"argnums {entry} is out of range for {len(self.args)} arguments")
        return entry % len(self.args)

    def value_and_grad(self, *args: Any) -> Any:
        """What the gradient under check says, whichever way it was handed in."""
        if self.is_gradient:
            return cast(Any, self.fun).value_and_grad(*args)
        import adtrans

        return adtrans.value_and_grad(self.fun, argnums=self.argnums)(*args)

    def floats(self) -> dict[str, Any]:
        """The differentiated floating leaves, by path."""
        return {path: leaf for position in self.positions
                for path, leaf in leaves(self.args[position], self.names[position]) if is_float(leaf)}

    def mapped(self, change: Callable[[str, Any], Any]) -> tuple:
        """The arguments with every leaf replaced by `change(path, leaf)`."""
        return tuple(map_leaves(change, arg, name) for arg, name in zip(self.args, self.names))

    def evaluate(self, change: Callable[[str, Any], Any]) -> Any:
        """The plain function's scalar result with every leaf replaced by `change(path, leaf)`."""
        changed = self.mapped(change)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return scalar(self.plain(*changed))


def check_reverse(subject: Subject) -> None:
    """Compare the reverse-mode gradient with the judge along random directions of every leaf."""
    args = subject.mapped(copy_leaf)
    value, gradient = subject.value_and_grad(*args)
    assert_unchanged(subject, args)
    gradients = matched_gradients(subject, gradient)
    plain_value = scalar(subject.evaluate(copy_leaf))
    assert_finite(subject, plain_value)
    assert_same_value(subject, scalar(value), plain_value, gradients)
    for path, directions in directions_of(subject):
        for direction in directions:
            compare_along(subject, path, direction, gradients[path], plain_value)


def check_forward(subject: Subject) -> None:
    """Compare forward-mode tangents with the judge."""
    value = scalar(subject.evaluate(copy_leaf))
    for path, directions in directions_of(subject):
        for direction in directions:
            found = tangent_along(subject, path, direction)
            judge_tangent(subject, path, direction, found, value)


def tangent_along(subject: Subject, path: str, direction: np.ndarray) -> float:
    """The forward-mode derivative when the leaf at `path` moves along `direction`."""
    import adtrans

    def tangent(where: str, leaf: Any) -> Any:
        return like(leaf, direction if where == path else 0.0) if is_float(leaf) else None

    primals, tangents = subject.mapped(copy_leaf), subject.mapped(tangent)
    return float(scalar(adtrans.jvp(subject.plain, primals, tangents)[1]))


def judge_tangent(subject: Subject, path: str, direction: np.ndarray, found: float, value: float) -> None:
    """Raise unless a forward-mode tangent agrees with the judge along `direction`."""
    truth = reference(subject, path, direction, found, value)
    allowed = subject.tolerance.allowed(truth.judge, abs(found) + abs(truth.value), value) + 10 * truth.error
    if not abs(found - truth.value) <= allowed:
        raise AssertionError(f"tangent of {subject.name} along a direction of {path}: adtrans gives "
                             f"{found!r}, {truth.judge} gives {truth.value!r} (allowed {allowed:.2g})")


def compare_along(subject: Subject, path: str, direction: np.ndarray, gradient: np.ndarray,
                  value: float) -> None:
    """Raise, naming the worst element, unless `gradient` agrees with the judge along `direction`."""
    gap, allowed, _, _ = discrepancy(subject, path, direction, gradient, value)
    if gap <= allowed:
        return
    index = worst_index(subject, path, direction, gradient, value)
    alone, length = np.zeros(direction.shape), float(direction[index])
    alone[index] = length
    place = f"{path}[{', '.join(map(str, index))}]" if index else path
    gap, allowed, found, truth = discrepancy(subject, path, alone, gradient, value)
    if gap <= allowed:
        place, length = f"all of {path} together", 1.0
        gap, allowed, found, truth = discrepancy(subject, path, direction, gradient, value)
    verdict = f"difference {gap / abs(length):.3g}, allowed {allowed / abs(length):.2g}"
    if math.isinf(gap) and math.isfinite(found):
        verdict = f"in doubt by {truth.error / abs(length):.2g}: a kink or a jump at these arguments?"
    raise AssertionError(f"gradient of {subject.name} with respect to {place}: adtrans gives "
                         f"{found / length!r}, {truth.judge} gives {truth.value / length!r} ({verdict})")


def discrepancy(subject: Subject, path: str, direction: np.ndarray, gradient: np.ndarray,
                value: float) -> tuple[float, float, float, Estimate]:
    """Along `direction`: how far off, how far it may be off, what was found, what is true."""
    terms = np.where(direction == 0.0, 0.0, gradient) * direction
    with np.errstate(all="ignore"):
        found, scale = float(np.sum(terms)), float(np.sum(np.abs(terms)))
    truth = reference(subject, path, direction, scale, value)
    allowed = subject.tolerance.allowed(truth.judge, scale + abs(truth.value), value) + 10 * truth.error
    gap = abs(found - truth.value)
    floor = 1e-2 * abs(value) + 1e-5 if subject.tolerance.single else 1e-6 * abs(value) + 1e-9
    doubtful = truth.error > 1e-3 * (scale + abs(truth.value)) + floor
    if doubtful or not np.isfinite(gap + allowed):
        return math.inf, 0.0, found, truth
    return gap, allowed, found, truth


def worst_index(subject: Subject, path: str, direction: np.ndarray, gradient: np.ndarray,
                value: float) -> tuple[int, ...]:
    """The element of the leaf whose derivative is furthest off: every one tried, or found by halving."""
    def gap(chosen: np.ndarray) -> float:
        mask = np.zeros(direction.size)
        mask[chosen] = 1.0
        part = direction * mask.reshape(direction.shape)
        off, allowed, _, _ = discrepancy(subject, path, part, gradient, value)
        return off - allowed

    chosen = np.arange(direction.size)
    while chosen.size > EXHAUSTIVE_SIZE:
        chosen = max(np.array_split(chosen, 2), key=gap)
    worst = max(chosen, key=lambda i: gap(np.array([i])))
    return tuple(int(i) for i in np.unravel_index(int(worst), direction.shape))


def reference(subject: Subject, path: str, direction: np.ndarray, scale: float, value: float) -> Estimate:
    """The derivative along `direction`: the complex step where differences bear it out, else differences."""
    def along(step: float) -> float:
        def moved(where: str, leaf: Any) -> Any:
            return shifted(leaf, step * direction) if where == path else shifted(leaf, 0.0)

        try:
            return float(np.real(subject.evaluate(moved)))
        except (ArithmeticError, ValueError):
            return float("nan")

    rough = central_difference(along, value, subject.tolerance.eps)
    stepped = complex_step(subject, path, direction)
    if stepped is None:
        return rough
    size = max(abs(stepped), abs(rough.value))
    settled = rough.error <= 1e-3 * max(size, 1e-3 * scale) + 1e-7 * abs(value)
    agree = abs(stepped - rough.value) <= 10 * rough.error + 1e-6 * size
    return Estimate(stepped, 0.0, "complex step") if agree or not settled and stepped else rough


def complex_step(subject: Subject, path: str, direction: np.ndarray) -> float | None:
    """Im f(x + ihv) / h, or None where the function refuses complex numbers or drops the imaginary part.

    W. Squire, G. Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM Review 40
    (1998), 110-112.
    """
    def moved(where: str, leaf: Any) -> Any:
        if not is_float(leaf):
            return copy_leaf(where, leaf)
        lifted = np.asarray(leaf).astype(np.complex128, order="K")
        if where == path:
            lifted = lifted + 1j * COMPLEX_STEP * direction
        return np.asarray(lifted) if isinstance(leaf, np.ndarray) else np.complex128(lifted)

    try:
        out = subject.evaluate(moved)
    except Exception:
        return None
    if not isinstance(out, (complex, np.complexfloating)) or not np.isfinite(out):
        return None
    return float(out.imag) / COMPLEX_STEP


def directions_of(subject: Subject) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Every differentiated leaf with random directions of its shape, scaled to the size of its elements."""
    rng = np.random.default_rng(20)
    for path, leaf in subject.floats().items():
        values = np.asarray(leaf, dtype=np.float64)
        if values.size:
            count = DIRECTIONS if values.size > 1 else 1
            largest = np.max(np.abs(values)) or 1.0
            scale = np.maximum(0.1 * largest, np.abs(values))
            signs = rng.choice([-1.0, 1.0], (count, *values.shape))
            yield path, list(rng.uniform(0.5, 1.5, signs.shape) * signs * scale)


def matched_gradients(subject: Subject, gradient: Any) -> dict[str, np.ndarray]:
    """The gradient's leaves by path, checked to have the arguments' own containers, shapes and dtypes."""
    parts = (gradient,) if subject.returns_one else gradient
    if not isinstance(parts, tuple) or len(parts) != len(subject.positions):
        raise AssertionError(f"gradient of {subject.name}: expected {len(subject.positions)} parts, "
                             f"got {gradient!r}")
    found: dict[str, Any] = {}
    for position, part in zip(subject.positions, parts):
        found.update(leaves(part, subject.names[position]))
    expected = [pair for p in subject.positions for pair in leaves(subject.args[p], subject.names[p])]
    if set(found) != {path for path, _ in expected}:
        raise AssertionError(f"gradient of {subject.name}: expected parts {[path for path, _ in expected]}, "
                             f"got {list(found)}")
    for path, leaf in expected:
        assert_same_kind(subject, path, leaf, found[path])
    return {path: np.asarray(found[path], dtype=np.float64) for path, leaf in expected if is_float(leaf)}


def assert_same_kind(subject: Subject, path: str, leaf: Any, found: Any) -> None:
    """Raise unless a gradient leaf has its argument's type, shape and dtype; None where not a float."""
    expected, got = (describe_kind(leaf) if is_float(leaf) else "None"), describe_kind(found)
    if expected != got:
        raise AssertionError(f"gradient of {subject.name} with respect to {path} is {got}, "
                             f"expected {expected}")


def describe_kind(leaf: Any) -> str:
    """A leaf's type, with dtype and shape when it is an array."""
    if leaf is None:
        return "None"
    if isinstance(leaf, np.ndarray):
        return f"array of {leaf.dtype} and shape {leaf.shape}"
    return "float" if isinstance(leaf, np.float64) else type(leaf).__name__


def assert_unchanged(subject: Subject, args: tuple) -> None:
    """Raise when the gradient call wrote into one of its arguments."""
    for before, after, name in zip(subject.args, args, subject.names):
        for (path, old), (_, new) in zip(leaves(before, name), leaves(after, name)):
            if isinstance(old, np.ndarray) and not np.array_equal(old, new, equal_nan=old.dtype.kind == "f"):
                raise AssertionError(f"the gradient of {subject.name} changed its argument {path}")


def assert_finite(subject: Subject, value: float) -> None:
    """Raise when there is nothing to compare: the function itself is NaN or infinite here."""
    if not np.isfinite(value):
        raise AssertionError(f"{subject.name} is {value} at these arguments: there is no derivative to check")


def assert_same_value(subject: Subject, found: float, value: float, gradients: dict[str, np.ndarray]) -> None:
    """Raise unless the value returned beside the gradient is the plain function's."""
    reach = [float(np.sum(np.abs(gradients[path] * leaf))) for path, leaf in subject.floats().items()]
    allowed = subject.tolerance.allowed("complex step", max([abs(value), *reach]), value)
    if not abs(found - value) <= allowed and np.all(np.isfinite(reach)) or not np.isfinite(found):
        raise AssertionError(f"value of {subject.name}: adtrans gives {found!r}, the function gives "
                             f"{value!r} (allowed difference {allowed:.2g})")


def plain_function(fun: Callable) -> Callable:
    """The user's Python function behind a gradient function or a Numba dispatcher."""
    made = transformation(fun)
    plain = made[1] if made is not None and made[0] in ("grad", "value_and_grad") else fun
    while hasattr(plain, "py_func") and transformation(plain) is None:
        plain = plain.py_func
    if not callable(plain):
        raise ArgumentError(f"expected a function, got {type(fun).__name__}")
    return plain


def parameter_names(fun: Callable, count: int) -> list[str]:
    """A name for each of `count` positional arguments; made up where the signature has none."""
    try:
        known = [p.name for p in inspect.signature(fun).parameters.values()
                 if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        known = []
    return (known + [f"argument {i}" for i in range(len(known), count)])[:count]


def scalar(value: Any) -> Any:
    """A function's scalar result: the first of `(value, auxiliary)`, the element of a 0-d array."""
    if isinstance(value, tuple):
        value = value[0]
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
