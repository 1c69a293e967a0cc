"""Running a program on duals: seeds in, derivatives out.

In: a function, its arguments, which of them to differentiate. Out: value and gradients in the arguments'
structure.

    >>> import numpy as np
    >>> gradient(lambda x, y: (x * y).sum(), (np.ones(2), 3.0), argnums=(0, 1))
    (6.0, (array([3., 3.]), 2.0))
"""

import dataclasses
import inspect

import numpy as np

from tests.duals import namespaces
from tests.duals.arrays import DualArray
from tests.duals.scalar import Dual, primal, watch
from tests.duals.transplant import Transplant


class Memory:
    """The float arrays of a call: which number in memory is which direction, and their copies as duals."""

    def __init__(self):
        self.roots = {}
        self.n_directions = 0

    def root(self, array):
        """The array that owns the memory, with its elements' directions (-1 where not differentiated)."""
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if id(owner) not in self.roots:
            self.roots[id(owner)] = [owner, np.full(owner.size, -1), None]
        return self.roots[id(owner)]

    def directions(self, array):
        """The directions of an array's elements, in its shape."""
        owner, numbers, _ = self.root(array)
        return shown(numbers, owner, array)

    def differentiate(self, array):
        """Give every element of an array that has none yet a direction."""
        numbers = self.directions(array)
        for index in np.ndindex(numbers.shape):
            if numbers[index] < 0:
                numbers[index] = self.direction()

    def direction(self):
        """A new direction."""
        self.n_directions += 1
        return self.n_directions - 1

    def copy(self, array, seed):
        """The array as a `DualArray` (or a copy, if it holds no floats) on a copy of its memory."""
        entry = self.root(array)
        owner, numbers, memory = entry
        if memory is None:
            flat = np.lib.stride_tricks.as_strided(owner, (owner.size,), (owner.itemsize,))
            memory = flat.copy()
            if owner.dtype.kind == "f":
                memory = np.empty(owner.size, dtype=object)
                memory[:] = [seed(float(v), k) for v, k in zip(flat.tolist(), numbers.tolist())]
            entry[2] = memory
        return shown(memory, owner, array).view(DualArray)


def shown(memory, owner, array):
    """The view of a flat copy of `owner`'s memory that `array` is of `owner`."""
    if array.size == 0:
        return memory[:0].reshape(array.shape)
    start = (array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]) // owner.itemsize
    strides = [s // owner.itemsize * memory.itemsize for s in array.strides]
    return np.lib.stride_tricks.as_strided(memory[start:], array.shape, strides)


def walk(value, leaf):
    """The same nesting with `leaf` applied to numbers, arrays and anything opaque."""
    if dataclasses.is_dataclass(value):
        return dataclasses.replace(
            value, **{f.name: walk(getattr(value, f.name), leaf) for f in dataclasses.fields(value)}
        )
    match value:
        case dict():
            return {k: walk(v, leaf) for k, v in value.items()}
        case tuple() if hasattr(value, "_fields"):
            return type(value)(*(walk(v, leaf) for v in value))
        case tuple() | list():
            return type(value)(walk(v, leaf) for v in value)
    return leaf(value)


def is_real(x):
    """True for leaves with a derivative."""
    return isinstance(x, (float, np.floating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


class Call:
    """One call of a function on duals."""

    def __init__(self, fun, args, argnums):
        self.fun = fun
        self.args = tuple(args)
        self.single = not isinstance(argnums, tuple)
        self.positions = [self.position(a) for a in ((argnums,) if self.single else argnums)]
        self.memory = Memory()
        self.directions = [
            walk(self.args[i], self.assign) if i in self.positions else None for i in range(len(self.args))
        ]

    def position(self, argnum):
        """Index of an argument given by index or name."""
        if isinstance(argnum, int):
            return argnum % len(self.args)
        return list(inspect.signature(self.fun).parameters).index(argnum)

    def assign(self, x):
        """The direction of a number, the array of an array's directions, None for the rest."""
        if not is_real(x):
            return None
        if not isinstance(x, np.ndarray):
            return self.memory.direction()
        self.memory.differentiate(x)
        return self.memory.directions(x)

    def run(self, seed):
        """The result on duals; `seed(value, direction)` makes one, `direction` is -1 for constants."""
        transplant = Transplant(
            namespaces.replacement,
            lambda array: self.memory.copy(array, lambda v, k: v),
            namespaces.builtin_names,
        )
        moved = transplant.move(self.fun)
        return moved(*(self.seeded(i, seed, transplant) for i in range(len(self.args))))

    def seeded(self, i, seed, transplant):
        """Argument i as duals."""
        numbers = iter(leaves(self.directions[i])) if i in self.positions else None

        def leaf(x):
            direction = next(numbers) if numbers else None
            if isinstance(x, np.ndarray):
                return self.memory.copy(x, seed)
            if is_real(x):
                return seed(float(x), -1 if direction is None else direction)
            return x if isinstance(x, (int, np.integer, np.bool_)) else transplant.move(x)

        return walk(self.args[i], leaf)

    def collect(self, dot):
        """Gradients in the structure of the differentiated arguments, from a vector of derivatives."""

        def leaf(direction):
            if direction is None:
                return None
            return np.asarray(dot)[direction] if isinstance(direction, np.ndarray) else float(dot[direction])

        gradients = tuple(walk(self.directions[i], leaf) for i in self.positions)
        return gradients[0] if self.single else gradients


def leaves(value):
    """Leaves in the order `walk` meets them."""
    found = []
    walk(value, found.append)
    return found


def gradient(fun, args, argnums=0, bias=0.0, only=None):
    """Value of a scalar function and its gradient with respect to arguments given by index or name.

    Ties are broken by `bias` and `only` as `Watch` says.
    """
    watch.reset(bias, only)
    call = Call(fun, args, argnums)
    n = call.memory.n_directions
    unit, zero = np.eye(n), np.zeros(n)
    result = unpacked(call.run(lambda v, k: Dual(v, zero if k < 0 else unit[k])))
    dot = result.dot if type(result) is Dual else zero
    return primal(result), call.collect(dot)


def hessian_vector(fun, args, vector, argnums=0):
    """Hessian times a flat vector (in the order of the directions), by duals of duals."""
    call = Call(fun, args, argnums)
    n = call.memory.n_directions
    unit, zero = np.eye(n), np.zeros(n)

    def seed(v, k):
        return Dual(Dual(v, zero if k < 0 else unit[k]), Dual(0.0 if k < 0 else float(vector[k]), zero))

    result = unpacked(call.run(seed))
    return call.collect(result.dot.dot if type(result) is Dual and type(result.dot) is Dual else zero)


def value(fun, args):
    """Value of a function by its run on duals without directions."""
    return primal(unpacked(Call(fun, args, ()).run(lambda v, k: Dual(v, np.zeros(0)))))


def unpacked(result):
    """The number in a result, which may be an array of rank 0."""
    return result.item() if isinstance(result, np.ndarray) else result
