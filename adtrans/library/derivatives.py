"""Jacobians and Hessians within the language: a tangent for each element of an argument, mapped over them."""

import numpy as np

from adtrans.mapped import vmap
from adtrans.tangent import hvp, jvp


def jacobian(fun, before, x, after):
    """The Jacobian of fun(*before, x, *after) by x."""

    def single(z):
        return fun(*before, z, *after)

    if np.ndim(x) == 0:
        return jvp(single, (x,), (1.0,))[1]
    basis = np.eye(x.size).reshape((x.size,) + x.shape)
    rows = vmap(lambda v: jvp(single, (x,), (v,))[1])(basis)
    return np.moveaxis(rows, 0, -1).reshape(rows.shape[1:] + x.shape)


def hessian(fun, before, x, after):
    """The Hessian of fun(*before, x, *after) by x."""

    def single(z):
        return fun(*before, z, *after)

    if np.ndim(x) == 0:
        return hvp(single)(1.0, x)
    basis = np.eye(x.size).reshape((x.size,) + x.shape)
    rows = vmap(lambda v: hvp(single)(v, x))(basis)
    return np.moveaxis(rows, 0, -1).reshape(x.shape + x.shape)
