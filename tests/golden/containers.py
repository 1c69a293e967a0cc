"""Tuples and dicts as arguments, taken apart and put together."""

import numpy as np


def f(params, x):
    w, b = params["w"], params["b"]
    out = {"y": w * x + b[0], "n": 2}
    out["y"] = out["y"] * b[1]
    return np.sum(out["y"]) * out["n"]


ARGUMENTS = ({"w": np.array([0.7, 1.3]), "b": (0.2, 0.5)}, 0.9)
ARGNUMS = ("params", "x")
