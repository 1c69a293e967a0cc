"""Jacobians and Hessians within the language: a tangent for each element of an argument, mapped over them, or a
gradient for each element of the result."""

import numpy as np

from adtrans.api import grad
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


def rows(fun, before, x, after, places, shape, dtype):
    """The Jacobian of fun(*before, x, *after), whose elements are at `places`, by x, a gradient for each."""
    made = np.empty(shape + np.shape(x), dtype)
    for place in places:
        made[place] = grad(lambda z, place: np.asarray(fun(*before, z, *after))[place])(x, place)
    return made


def all_rows(fun, before, x, after, dtype):
    """The Jacobian of fun(*before, x, *after) by x, a gradient for each element of the result, mapped over them."""

    def whole(z):
        out = np.asarray(fun(*before, z, *after))
        return np.sum(out), out

    out = grad(whole, has_aux=True)(x)[1]
    made = vmap(lambda k: grad(lambda z: np.asarray(fun(*before, z, *after)).reshape(-1)[k])(x))(np.arange(out.size))
    return made.reshape(out.shape + np.shape(x)).astype(dtype)


def hessian(fun, before, x, after):
    """The Hessian of fun(*before, x, *after) by x."""

    def single(z):
        return fun(*before, z, *after)

    if np.ndim(x) == 0:
        return hvp(single)(1.0, x)
    basis = np.eye(x.size).reshape((x.size,) + x.shape)
    rows = vmap(lambda v: hvp(single)(v, x))(basis)
    return np.moveaxis(rows, 0, -1).reshape(x.shape + x.shape)
