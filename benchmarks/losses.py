"""Programs that return arrays made into losses: the sum of what they return, weighted.

    loss, args = weighted(softmax, {"x": x}, rng)     # def softmax_loss(x, w0): return np.sum(w0 * softmax(x))

Every contender differentiates the same sum. The function has its own source text, as if a user had written it.
"""

import inspect
import linecache
import types

import numpy as np
from judging import copies


def weighted(fun, args, rng):
    """The loss, its arguments, and the weights; a function that returns a number is its own loss."""
    result = fun(**copies(args))
    if isinstance(result, float):
        return fun, args, (1.0,)
    several = isinstance(result, tuple)
    weights = tuple(rng.normal(size=np.shape(part)) for part in (result if several else (result,)))
    names = tuple(inspect.signature(fun).parameters)
    labels = tuple(f"w{k}" for k in range(len(weights)))
    parts = tuple(f"r{k}" for k in range(len(weights)))
    text = (f"def {fun.__name__}_loss({', '.join((*names, *labels))}):\n"
            f"    {', '.join(parts)} = {fun.__name__}({', '.join(names)})\n"
            f"    return {' + '.join(f'np.sum({w} * {r})' for w, r in zip(labels, parts))}\n")
    return from_text(text, f"{fun.__name__}_loss", {fun.__name__: fun}), args | dict(zip(labels, weights)), weights


def from_text(text, name, names):
    """A function of a source text."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    scope = {"np": np, **names}
    exec(compile(text, filename, "exec"), scope)
    return scope[name]


def compiled(fun, seen=None, **options):
    """`fun` compiled by Numba, with the plain functions that it calls."""
    import numba

    seen = {} if seen is None else seen
    if fun in seen:
        return seen[fun]
    names = dict(fun.__globals__)
    for name in fun.__code__.co_names:
        if isinstance(names.get(name), types.FunctionType) and names[name] is not fun:
            names[name] = compiled(names[name], seen, **options)
    made = types.FunctionType(fun.__code__, names, fun.__name__, fun.__defaults__, fun.__closure__)
    seen[fun] = numba.njit(**options)(made)
    return seen[fun]
