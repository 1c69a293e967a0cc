"""The programs of this folder and what their parameters are given, in either precision."""

import inspect

import numpy as np

from tests.constructs import functions, statements

GIVEN = {
    "x": np.array([0.7, 1.3, -0.4, 0.9, 0.25]), "y": np.array([0.2, -0.6, 0.8, 1.1, 0.45]),
    "a": np.array([[0.5, -0.3, 0.9, 0.2], [1.1, 0.4, -0.7, 0.6], [0.3, 0.8, 0.1, -0.2]]),
    "s": 0.75, "t": 1.35, "p": (0.6, 1.4), "q": {"w": np.array([0.2, 0.5]), "b": 0.3},
    "n": 2, "k": 3, "idx": np.array([2, 0, 4, 2]), "flags": np.array([True, False, True, False, True]),
    "mode": "root", "none": None,
}  # fmt: skip
DIFFERENTIABLE = {"x", "y", "a", "s", "t", "p", "q"}
HELPERS = {"helper", "traced", "decorated_helper", "scaled", "fill"}


def programs():
    """Name to function, for every program of the folder."""
    return {
        name: fun
        for module in (statements, functions)
        for name, fun in vars(module).items()
        if inspect.isfunction(fun) and fun.__module__ == module.__name__ and name not in HELPERS
    }


def single(value):
    """The same value in float32."""
    match value:
        case float():
            return np.float32(value)
        case np.ndarray() if value.dtype.kind == "f":
            return value.astype(np.float32)
        case tuple():
            return tuple(single(item) for item in value)
        case dict():
            return {key: single(item) for key, item in value.items()}
    return value


def arguments(fun, precision=np.float64):
    """The arguments of a program, newly made, and which to differentiate."""
    names = list(inspect.signature(fun).parameters)
    made = [GIVEN[name].copy() if isinstance(GIVEN[name], np.ndarray) else GIVEN[name] for name in names]
    if precision is np.float32:
        made = [single(value) for value in made]
    return tuple(made), tuple(name for name in names if name in DIFFERENTIABLE)
