"""A NamedTuple and a dataclass as arguments."""

from dataclasses import dataclass
from typing import NamedTuple


class Layer(NamedTuple):
    w: float
    b: float


@dataclass
class Options:
    rate: float
    steps: int


def f(layer, options):
    t = layer.w
    for _ in range(options.steps):
        t = t * options.rate + layer.b
    return t


ARGUMENTS = (Layer(0.7, 1.3), Options(0.5, 3))
ARGNUMS = (0, 1)
