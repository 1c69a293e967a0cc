"""Elementary functions for compiled generated code, in a form that LLVM vectorises with the loop around them.

In a pipeline of Numba passes the replacement is one more pass, between type inference and `PreLowerStripPhis`:

    passes.add_pass(VectorMath, "vectorisable elementary functions")

`TABLE` says which functions it replaces. The logistic function has no name in NumPy and is called directly:

    from adtrans.backend.vecmath import sigmoid

    @numba.njit
    def f(x):
        return sigmoid(x)

`emission` is the language kernels are written in; `exponential`, `logarithm`, `power`, `trigonometric`, `inverse` and
`errorfunction` are the kernels; `far` is for arguments they leave to the C library; `library` makes intrinsics of
them, `table` lists those and `replace` is the pass. Errors stated in kernels are the largest over 5·10^7 points (erf
10^7) of `benchmarks/vecmath_accuracy.py`; in single precision for tanh over all numbers, and for sin, cos and tan
over all from 0.1 to 2^20.
"""

from adtrans.backend.vecmath.replace import VectorMath
from adtrans.backend.vecmath.table import INTRINSICS, OPERATORS, TABLE, sigmoid

__all__ = ["INTRINSICS", "OPERATORS", "TABLE", "VectorMath", "sigmoid"]
