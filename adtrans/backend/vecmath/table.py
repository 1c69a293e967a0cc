"""The intrinsics, and which function of NumPy or `math` each takes the place of."""

import math
import operator

import numpy as np

from adtrans.backend import peaks
from adtrans.backend.vecmath import errorfunction, exponential, inverse, logarithm, trigonometric
from adtrans.backend.vecmath import power as powers
from adtrans.backend.vecmath.library import binary, unary

exp = unary(exponential.exp)
exp2 = unary(exponential.exp2)
expm1 = unary(exponential.expm1)
tanh = unary(exponential.tanh)
sigmoid = unary(exponential.sigmoid)
log = unary(logarithm.log)
log1p = unary(logarithm.log1p)
log2 = unary(logarithm.log2)
log10 = unary(logarithm.log10)
sin = unary(trigonometric.sin)
cos = unary(trigonometric.cos)
tan = unary(trigonometric.tan)
arctan = unary(inverse.arctan)
arctan2 = binary(inverse.arctan2)
erf = unary(errorfunction.erf)
power = binary(powers.power)

INTRINSICS = {
    "exp": exp,
    "exp2": exp2,
    "expm1": expm1,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "log": log,
    "log1p": log1p,
    "log2": log2,
    "log10": log10,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "arctan": arctan,
    "arctan2": arctan2,
    "erf": erf,
    "power": power,
}

_NUMPY_NAMES = {"arctan": "atan", "arctan2": "atan2", "power": "pow"}
TABLE = {
    getattr(module, name): intrinsic
    for numpy_name, intrinsic in INTRINSICS.items()
    for module, name in ((np, numpy_name), (math, _NUMPY_NAMES.get(numpy_name, numpy_name)))
    if hasattr(module, name)
}
OPERATORS = {operator.pow: power}
PEAKS = {max: peaks.largest, min: peaks.smallest} if peaks.AVAILABLE else {}

# Those that the C library finishes sooner when each call has to wait for the one before.
QUICK_ALONE = frozenset({exp, exp2, log, log2, power})
