"""Initial values of parameters: arrays of random numbers whose scale keeps signals of layers alike.

    weight = he_normal((784, 128), rng=0)      # float64, variance 2 / 784

A matrix maps inputs along its first axis to outputs along its second (`x @ weight`); what axes come before the last two
are positions of a convolution, (height, width, inputs, outputs).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adtrans.errors import ArgumentError, ArgumentValueError

__all__ = ["he_normal", "he_uniform", "lecun_normal", "orthogonal", "xavier_normal", "xavier_uniform"]


def xavier_uniform(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float64) -> np.ndarray:
    """Uniform on [-a, a], a = sqrt(6 / (inputs + outputs)): Glorot and Bengio 2010, equation 16.

    Arguments: `shape` of at least two axes; `rng` a numpy.random.Generator, a seed, or None for fresh entropy; `dtype`
    a floating-point type. Raises ArgumentValueError for another shape, ArgumentError for another type.

    >>> float(abs(xavier_uniform((4, 2), rng=0)).max()) <= 1.0
    True
    """
    inputs, outputs = fans(shape)
    return uniform(shape, math.sqrt(6.0 / max(1, inputs + outputs)), rng, dtype)


def xavier_normal(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float64) -> np.ndarray:
    """Normal with variance 2 / (inputs + outputs): Glorot and Bengio 2010, equation 12. See `xavier_uniform`."""
    inputs, outputs = fans(shape)
    return normal(shape, math.sqrt(2.0 / max(1, inputs + outputs)), rng, dtype)


def he_uniform(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float64) -> np.ndarray:
    """Uniform with variance 2 / inputs: He et al. 2015, equation 10. See `xavier_uniform`."""
    return uniform(shape, math.sqrt(6.0 / max(1, fans(shape)[0])), rng, dtype)


def he_normal(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float64) -> np.ndarray:
    """Normal with variance 2 / inputs, not truncated: He et al. 2015, equation 10. See `xavier_uniform`."""
    return normal(shape, math.sqrt(2.0 / max(1, fans(shape)[0])), rng, dtype)


def lecun_normal(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float64) -> np.ndarray:
    """Normal with variance 1 / inputs: LeCun et al. 1998, equation 16. See `xavier_uniform`."""
    return normal(shape, math.sqrt(1.0 / max(1, fans(shape)[0])), rng, dtype)


def orthogonal(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float64) -> np.ndarray:
    """A matrix with orthonormal rows or columns, whichever are fewer: Saxe, McClelland and Ganguli 2014.

    Axes before the last are taken as one.

    >>> q = orthogonal((5, 3), rng=0)
    >>> bool(np.allclose(q.T @ q, np.eye(3)))
    True
    """
    fans(shape)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    drawn = generator(rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
    return np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape).astype(floating(dtype))


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """The numbers that each output and each input of a layer sees."""
    if not isinstance(shape, (tuple, list)) or len(shape) < 2:
        raise ArgumentValueError(f"weights have at least two axes, inputs and outputs, not shape {shape}")
    if any(extent != int(extent) or extent < 0 for extent in shape):
        raise ArgumentValueError(f"shape {tuple(shape)} has an extent that is not a whole number from 0 on")
    positions = math.prod(shape[:-2])
    return positions * shape[-2], positions * shape[-1]


def uniform(shape: tuple[int, ...], limit: float, rng: Any, dtype: Any) -> np.ndarray:
    return generator(rng).uniform(-limit, limit, shape).astype(floating(dtype))


def normal(shape: tuple[int, ...], deviation: float, rng: Any, dtype: Any) -> np.ndarray:
    return (deviation * generator(rng).standard_normal(shape)).astype(floating(dtype))


def generator(rng: Any) -> np.random.Generator:
    """A generator from one, a seed, or None."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"rng must be a numpy.random.Generator or a seed: {error}") from None


def floating(dtype: Any) -> np.dtype:
    found = np.dtype(dtype)
    if found.kind != "f":
        raise ArgumentError(f"parameters are floating-point, not {found}")
    return found
