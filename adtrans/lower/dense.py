"""Products of matrices, which stay calls of np.dot.

    c = a @ b.T        ->      b_t = b.T
                               c = np.dot(a, b_t)

Compiled code calls BLAS for it, which takes matrices contiguous by rows or by columns as they are; others are copied.
"""

from __future__ import annotations

from math import prod

from adtrans.build import ONE, ZERO
from adtrans.ir import Array, Call, Const, Operand, Var
from adtrans.ir import View as ViewStatement
from adtrans.lower import nests, views
from adtrans.lower.values import Fixed, View

# A call of BLAS takes as long as a loop of this many multiplications.
FEW = 128


def pays(low, code: str, *extents: Operand | None) -> bool:
    """Whether a product of matrices with these extents (None: of several axes) is a call: of floats, not of a vector,
    not known to be small.

    With `debug` it is not, since there every number is looked at.
    """
    if code[0] != "f" or low.options.debug or ONE in extents:
        return False
    known = [extent.value for extent in extents if isinstance(extent, Const)]
    return len(known) < len(extents) or prod(known) > FEW


def product(low, left: View, right: View, code: str) -> View:
    """The product of two matrices of two axes, a new array."""
    args = matrix(low, left, code), matrix(low, right, code)
    found = low.fresh(Var(Array(code, 2, "C")))
    low.build.emit(Call((found,), "np.dot", args, low.build.span))
    for axis, extent in enumerate((left.shape[0], right.shape[1])):
        low.build.assume_dim(found, axis, extent)
    return views.whole(low, found)


def matrix(low, view: View, code: str) -> Var:
    """A reference to the memory of a matrix, or to a copy where it is not contiguous or of another dtype."""
    if view.dtype == code:
        found = as_it_is(low, view)
        if found is not None:
            return found
        turned = as_it_is(low, views.transpose(view, (1, 0)))
        if turned is not None:
            return transposed(low, turned, view)
    return nests.materialise(low, view, code).base


def as_it_is(low, view: View) -> Var | None:
    if view.base.type.layout == "F" and views.is_identity(low, view):
        return view.base
    return views.contiguous(low, view)


def transposed(low, base: Var, view: View) -> Var:
    """base.T, which is `view`."""
    layout = "F" if base.type.layout == "C" else "C"
    found = Var(Array(view.dtype, 2, layout), f"{base.name}_t" if base.name else None)
    low.build.emit(ViewStatement(found, base, (), (1, 0), low.build.span))
    low.alias(found, base)
    for axis, extent in enumerate(view.shape):
        low.build.assume_dim(found, axis, extent)
    return found


def stack(low, left: View, right: View, code: str) -> View:
    """The products of two stacks of matrices whose leading axes agree."""
    lead = left.shape[:-2]
    if not lead:
        return product(low, left, right, code)
    shape = (*lead, left.shape[-2], right.shape[-1])
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))

    def at(index) -> None:
        nests.write(low, matrix_at(low, out, index),
                    product(low, matrix_at(low, left, index), matrix_at(low, right, index), code))

    nests.nest(low, lead, at)
    return out


def matrix_at(low, view: View, index: tuple[Operand, ...]) -> View:
    """One matrix of a stack."""
    starts = [*map(Fixed, index), (0, ZERO, ONE), (1, ZERO, ONE)]
    return views.compose(low, view, starts, view.shape[-2:])


def gathered(low, view: View, counts: tuple[int, ...]) -> View:
    """The view with neighbouring axes made one, `counts` of them each; a copy where they do not lie side by side."""
    if set(counts) == {1}:
        return view
    shape, axis = [], 0
    for count in counts:
        extent: Operand = ONE
        for k in range(axis, axis + count):
            extent = low.build.prim("mul", extent, view.shape[k])
        shape.append(extent)
        axis += count
    return spread(low, view, tuple(shape))


def spread(low, view: View, shape: tuple[Operand, ...]) -> View:
    """The view with another shape; a copy where it is not contiguous."""
    return views.reshaped(low, view, shape) or views.reshaped(low, nests.materialise(low, view), shape)


__all__ = ["gathered", "matrix", "pays", "product", "spread", "stack"]
