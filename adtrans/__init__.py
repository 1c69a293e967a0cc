"""adtrans: gradients of plain numeric Python, as readable source compiled by Numba."""

from adtrans.api import grad, release_memory, value_and_grad
from adtrans.check import check_grads
from adtrans.custom import custom_vjp, rule
from adtrans.errors import (
    AdtransError,
    ArgumentError,
    ArgumentValueError,
    NonDifferentiableError,
    UnsupportedError,
)
from adtrans.jacobian import hessian, jacobian
from adtrans.mapped import vmap
from adtrans.markers import checkpoint, stop_gradient
from adtrans.procedure import adjoint
from adtrans.pullback import vjp
from adtrans.tangent import hvp, jvp

__version__ = "0.1.0"

__all__ = [
    "AdtransError", "ArgumentError", "ArgumentValueError", "NonDifferentiableError", "UnsupportedError",
    "adjoint", "check_grads", "checkpoint", "custom_vjp", "grad", "hessian", "hvp", "jacobian", "jvp",
    "release_memory", "rule", "stop_gradient", "value_and_grad", "vjp", "vmap",
]
