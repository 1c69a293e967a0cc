"""What a program sees as `np`, `math`, `float` when it runs on duals.

In: the names a program uses. Out: `numpy_names`, an object with NumPy's attributes of which those that need
it are replaced; `replacement(value)`, which maps a function of `math`, NumPy or builtins to its counterpart,
for names imported singly.

    >>> numpy_names.sum([1.0, 2.0])
    3.0
"""

import builtins
import math

import numpy as np

from tests.duals import arrays, elementary, linalg
from tests.duals.arrays import DualArray, asarray, floats, is_float, lifted, plain, reduce
from tests.duals.scalar import Dual, decimals, primal


class Namespace:
    """Attributes given, the rest taken from a module."""

    def __init__(self, module, attributes):
        self.__dict__.update(attributes)
        self.__dict__["_module"] = module

    def __getattr__(self, name):
        return getattr(self._module, name)


def number(x=0.0):
    """float(x), derivative kept."""
    x = x.item() if isinstance(x, np.ndarray) else x
    return x if type(x) is Dual else float(x)


def digits(x, ndigits=None):
    """round(x, ndigits)."""
    return decimals(x, ndigits) if type(x) is float else round(x, ndigits)


def cast_float(x=0.0):
    """np.float64(x) and np.float32(x), derivative kept."""
    return floats(asarray(x)).astype(float) if np.ndim(x) else number(x)


def elementwise(function):
    """A NumPy ufunc from its lifted version: numbers to numbers, anything else to arrays."""

    def call(*args, out=None, where=None):
        if where is not None:
            raise NotImplementedError("where=")
        args = [asarray(x) if isinstance(x, (list, tuple)) else x for x in args]
        result = floats(function(*(plain(x) if isinstance(x, np.ndarray) else x for x in args)))
        if out is None:
            return result
        out[...] = result
        return out

    return call


def allocate(value):
    """A maker of arrays filled with `value`."""

    def make(shape, dtype=None, order="C"):
        if is_float(dtype):
            return np.full(shape, value, dtype=object, order=order).view(DualArray)
        return np.full(shape, value or 0, dtype=dtype, order=order).view(DualArray)

    return make


def allocate_like(value):
    """A maker of arrays of another's shape."""

    def make(x, dtype=None, shape=None):
        x = asarray(x)
        return allocate(value)(shape or x.shape, dtype or x.dtype)

    return make


def full(shape, value, dtype=None, order="C"):
    """An array with every element equal."""
    integral = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    result = allocate(0.0)(shape, int if dtype is None and integral else dtype, order)
    result[...] = value
    return result


def full_like(x, value, dtype=None):
    """An array of another's shape with every element equal."""
    x = asarray(x)
    return full(x.shape, value, dtype or x.dtype)


def array(x, dtype=None, copy=True, ndmin=0):
    """A new array."""
    result = asarray(x, dtype)
    return result.copy() if copy and isinstance(x, np.ndarray) else result


def constant(function):
    """A NumPy function of plain numbers only."""
    return lambda *args, **kwargs: floats(function(*[primal(x) for x in args], **strip_dtype(kwargs)))


def strip_dtype(kwargs):
    """Keyword arguments with float dtypes named in NumPy's own way."""
    if "dtype" in kwargs and is_float(kwargs["dtype"]):
        kwargs["dtype"] = np.float64
    return kwargs


def linspace(start, stop, num=50, endpoint=True, dtype=None):
    """Evenly spaced numbers; the ends may be duals."""
    steps = num - 1 if endpoint else num
    points = [start + (stop - start) * (i / steps if steps else 0.0) for i in range(num)]
    if endpoint and num > 1:
        points[-1] = stop + (start - start)
    return asarray(points, float)


def arange(*args, dtype=None):
    """Evenly spaced numbers by their step; the ends may be duals."""
    if not any(type(x) is Dual for x in args):
        return floats(np.arange(*args, **strip_dtype({"dtype": dtype} if dtype else {})))
    start, stop, step = (0.0, args[0], 1.0) if len(args) == 1 else (*args, 1.0)[:3]
    count = max(math.ceil((stop - start) / step), 0)
    return asarray([start + step * i for i in range(count)], float)


def where(condition, a, b):
    """Elements of a where the condition holds, else of b."""
    pick = np.frompyfunc(lambda c, x, y: x if c else y, 3, 1)
    result = pick(*(plain(asarray(x)) for x in (condition, a, b)))
    if all(asarray(x).dtype.kind in "iu" for x in (a, b)):
        return np.asarray(result, dtype=int).view(DualArray)
    return (
        asarray(result, float) if isinstance(result, np.ndarray) else np.array(result, object).view(DualArray)
    )


def reduction(name):
    """A NumPy reduction as a function."""
    return lambda x, axis=None, dtype=None, out=None, keepdims=False: reduce(name, x, axis, keepdims)


def method(name):
    """A NumPy function that is a method too."""
    return lambda x, *args, **kwargs: getattr(asarray(x), name)(*args, **kwargs)


def outer(a, b):
    """All products of two vectors' elements."""
    return np.ravel(asarray(a))[:, None] * np.ravel(asarray(b))[None, :]


def vdot(a, b):
    """Dot product of flattened arrays."""
    return arrays.dot(np.ravel(asarray(a)), np.ravel(asarray(b)))


def joined(function):
    """A NumPy function of a sequence of arrays."""
    return lambda parts, *args, **kwargs: floats(function([asarray(p) for p in parts], *args, **kwargs))


def rearranged(function):
    """A NumPy function of one array-like that only moves elements."""
    return lambda x, *args, **kwargs: floats(function(asarray(x), *args, **kwargs))


def finite(test):
    """isnan, isinf, isfinite for duals."""
    return elementwise(np.frompyfunc(lambda x: test(primal(x)), 1, 1))


numpy_attributes = {name: elementwise(function) for name, function in lifted.items()}
numpy_attributes |= {
    alias: numpy_attributes[name]
    for alias, name in {
        "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
        "acosh": "arccosh", "atanh": "arctanh", "pow": "power", "mod": "remainder", "fix": "trunc",
    }.items()
}  # fmt: skip
numpy_attributes |= {
    name: elementwise(getattr(np, name))
    for name in (
        "add",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "negative",
        "positive",
        "absolute",
        "abs",
    )
}
numpy_attributes |= {name: reduction(name) for name in ("sum", "prod", "max", "min")}
numpy_attributes |= {"amax": reduction("max"), "amin": reduction("min")}
numpy_attributes |= {name: method(name) for name in ("mean", "var", "std", "cumsum", "cumprod")}
numpy_attributes |= {name: joined(getattr(np, name)) for name in ("concatenate", "stack", "vstack", "hstack")}
numpy_attributes |= {
    name: rearranged(getattr(np, name))
    for name in (
        "reshape", "ravel", "transpose", "squeeze", "expand_dims", "swapaxes", "moveaxis", "flip", "roll",
        "repeat", "tile", "diag", "trace", "diagonal", "broadcast_to", "atleast_1d", "atleast_2d",
    )
}  # fmt: skip
numpy_attributes |= {
    "float64": cast_float, "float32": cast_float, "array": array, "asarray": asarray,
    "ascontiguousarray": asarray, "copy": array, "zeros": allocate(0.0), "ones": allocate(1.0),
    "empty": allocate(None), "full": full, "zeros_like": allocate_like(0.0), "ones_like": allocate_like(1.0),
    "empty_like": allocate_like(None), "full_like": full_like, "eye": constant(np.eye),
    "identity": constant(np.identity), "arange": arange, "linspace": linspace, "where": where,
    "clip": arrays.clip,
    "dot": arrays.dot, "matmul": arrays.matmul, "outer": outer, "vdot": vdot, "inner": arrays.dot,
    "isnan": finite(math.isnan), "isinf": finite(math.isinf), "isfinite": finite(math.isfinite),
    "linalg": Namespace(np.linalg, linalg.attributes),
}  # fmt: skip
numpy_attributes["add"].at = np.add.at
numpy_names = Namespace(np, numpy_attributes)


def logarithm(x, base=None):
    """math.log."""
    return elementary.log(x) if base is None else elementary.log(x) / elementary.log(base)


def of_numbers(function):
    """A function of numbers that takes arrays of rank 0 too."""
    return lambda *args: function(*(x.item() if isinstance(x, np.ndarray) else x for x in args))


math_attributes = {
    name: elementary.unary[numpy_name]
    for name, numpy_name in {
        "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
        "atanh": "arctanh", **{name: name for name in elementary.unary if hasattr(math, name)},
    }.items()
    if name not in ("floor", "ceil", "trunc")
}  # fmt: skip
math_attributes |= {
    "atan2": elementary.arctan2, "hypot": elementary.hypot, "pow": elementary.power, "log": logarithm,
    "fabs": elementary.fabs, "copysign": elementary.copysign, "fmod": elementary.fmod,
    "remainder": elementary.ieee_remainder, "ldexp": elementary.ldexp, "erf": elementary.erf,
    "erfc": elementary.erfc, "gamma": elementary.gamma, "lgamma": elementary.lgamma,
    "isnan": lambda x: math.isnan(primal(x)), "isinf": lambda x: math.isinf(primal(x)),
    "isfinite": lambda x: math.isfinite(primal(x)), "fsum": sum,
}  # fmt: skip
math_attributes = {name: of_numbers(function) for name, function in math_attributes.items()}
math_names = Namespace(math, math_attributes)
builtin_names = {**vars(builtins), "float": number, "round": digits}

by_identity = {id(np): numpy_names, id(math): math_names, id(float): number}
by_identity |= {id(getattr(math, name)): new for name, new in math_attributes.items() if hasattr(math, name)}
by_identity |= {id(getattr(np, name)): new for name, new in numpy_attributes.items() if hasattr(np, name)}


def replacement(value):
    """The counterpart of a library module or function, or the value itself."""
    return by_identity.get(id(value), value)
