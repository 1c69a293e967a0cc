"""Forward-mode dual numbers as an oracle: the derivative of a plain function without the compiler under test.

In: a Python function and its arguments. Out: its value and gradients, obtained by running the function's own
code in CPython on dual numbers and on NumPy object arrays of them, one direction per number in the
differentiated arguments.

    >>> gradient(lambda x: x * x, (3.0,))
    (9.0, 6.0)

Derivatives are with respect to the values in memory at entry: when two arguments share memory, each of them
gets the total derivative of what it shows. Arguments are left unchanged. `watch` tells afterwards how near to
a kink or a jump the run came.
"""

from tests.duals.run import gradient, hessian_vector, value
from tests.duals.scalar import Dual, primal, watch

__all__ = ["Dual", "gradient", "hessian_vector", "primal", "value", "watch"]
