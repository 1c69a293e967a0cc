"""Judge second derivatives: products with the Hessian against differences of gradients, which have been judged before.

    check_second(subject)       # nothing, or an AssertionError that names the argument

The derivative of <gradient, w> along v is <Hessian v, w>, for random v and w.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adtrans.differences import central_difference
from adtrans.leaves import copy_leaf, is_float, leaves, like, shifted


def check_second(subject: Any) -> None:
    """Compare Hessian products with differences of the gradient along random directions of every leaf."""
    from adtrans.check import directions_of

    rng = np.random.default_rng(21)
    weights = {path: rng.normal(size=np.shape(leaf)) for path, leaf in subject.floats().items()}
    for path, directions in directions_of(subject):
        compare_product(subject, path, directions[0], weights)


def compare_product(subject: Any, path: str, direction: np.ndarray, weights: dict[str, np.ndarray]) -> None:
    """Raise unless the product of the Hessian with a direction of one leaf is right, as far as `weights` see it."""
    def along(step: float) -> float:
        def moved(where: str, leaf: Any) -> Any:
            if not is_float(leaf):
                return copy_leaf(where, leaf)
            return shifted(leaf, step * direction if where == path else 0.0)

        try:
            return weighted(subject, subject.value_and_grad(*subject.mapped(moved))[1], weights)[0]
        except (ArithmeticError, ValueError):
            return float("nan")

    value = along(0.0)
    truth = central_difference(along, value, subject.tolerance.eps)
    found, scale = weighted(subject, hessian_product(subject, path, direction), weights)
    if not np.isfinite(truth.value) or truth.error > 1e-3 * (scale + abs(truth.value)) + 1e-6 * abs(value) + 1e-9:
        raise AssertionError(f"Hessian of {subject.name} along a direction of {path}: in doubt by {truth.error:.2g}: "
                             "a kink or a jump at these arguments?")
    allowed = subject.tolerance.allowed(truth.judge, scale + abs(truth.value), value) + 10 * truth.error
    if not abs(found - truth.value) <= allowed:
        raise AssertionError(f"Hessian of {subject.name} along a direction of {path}: adtrans gives {found!r}, "
                             f"{truth.judge} of the gradient {truth.value!r} (allowed difference {allowed:.2g})")


def hessian_product(subject: Any, path: str, direction: np.ndarray) -> Any:
    """The product of the Hessian with a direction of the leaf at `path`."""
    import adtrans

    def part(where: str, leaf: Any) -> Any:
        return like(leaf, direction if where == path else 0.0) if is_float(leaf) else None

    moved = subject.mapped(part)
    vector = tuple(moved[position] for position in subject.positions)
    product = adtrans.hvp(subject.plain, argnums=subject.argnums)
    return product(vector[0] if subject.returns_one else vector, *subject.mapped(copy_leaf))


def weighted(subject: Any, gradient: Any, weights: dict[str, np.ndarray]) -> tuple[float, float]:
    """The sum of a gradient's elements by weight, and that of its terms' sizes."""
    parts = (gradient,) if subject.returns_one else gradient
    found = {path: leaf for position, part in zip(subject.positions, parts)
             for path, leaf in leaves(part, subject.names[position])}
    terms = [np.asarray(found[path], float) * weight for path, weight in weights.items()]
    return float(sum(np.sum(term) for term in terms)), float(sum(np.sum(np.abs(term)) for term in terms))
