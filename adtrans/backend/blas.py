"""Products of matrices by BLAS, as Numba hands it on from SciPy, and the pass that puts it in NumPy's place.

    c = np.dot(a, b)

Numba's own version of np.dot is three functions to be compiled for each pair of types. Here it is a few instructions:
an allocation and a call of gemm. Matrices of which the rows or the columns are each in one piece are read where they
are, others are copied.
"""

from types import ModuleType

from llvmlite import ir as llvm
from numba.core import cgutils, ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.extending import intrinsic
from numba.core.imputils import impl_ret_new_ref
from numba.core.typing import signature
from numba.np.arrayobj import _empty_nd_impl, array_copy, make_array
from numba.np.linalg import (
    check_blas_return,
    ensure_blas,
    get_blas_kind,
    ll_char,
    ll_void_p,
    make_constant_slot,
)
from numpy import dot

from adtrans.backend import lapack

INTP = cgutils.intp_t
GEMM = llvm.FunctionType(llvm.IntType(32), [ll_char, ll_char, ll_char, INTP, INTP, INTP, ll_void_p, ll_void_p, INTP,
                                            ll_void_p, INTP, ll_void_p, ll_void_p, INTP])


@intrinsic
def product(typingctx, a, b):
    """The product of two matrices of one floating-point type."""
    if not all(isinstance(given, types.Array) and given.ndim == 2 for given in (a, b)) or a.dtype != b.dtype \
            or a.dtype not in (types.float32, types.float64):
        return None
    ensure_blas()
    return types.Array(a.dtype, 2, "C")(a, b), generate


def generate(context, builder, wanted, arguments):
    given = [dense(context, builder, kind, value) for kind, value in zip(wanted.args, arguments)]
    made = gemm(context, builder, wanted.return_type, wanted.args, given)
    for kind, value in zip(wanted.args, given):
        if kind.layout not in "CF":
            context.nrt.decref(builder, kind, value)
    return impl_ret_new_ref(context, builder, wanted.return_type, made)


def dense(context, builder, kind, value):
    """An array as BLAS takes it, a reference of its own where that shows only when it runs: as it is if its rows or its
    columns are, each, in one piece; else a copy."""
    if kind.layout in "CF":
        return value
    array = make_array(kind)(context, builder, value)
    slot = cgutils.alloca_once_value(builder, value)
    with builder.if_else(builder.or_(pieces(builder, array, 0), pieces(builder, array, 1))) as (fits, otherwise):
        with fits:
            context.nrt.incref(builder, kind, value)
        with otherwise:
            builder.store(array_copy(context, builder, signature(kind.copy(layout="C"), kind), (value,)), slot)
    return builder.load(slot)


def pieces(builder, array, axis):
    """Whether the rows (axis 0) or the columns (1) of a matrix are each in one piece, and do not overlap."""
    strides, shape = (cgutils.unpack_tuple(builder, part) for part in (array.strides, array.shape))
    along, apart, extent = strides[1 - axis], strides[axis], shape[1 - axis]
    return builder.and_(builder.icmp_signed("==", along, array.itemsize), builder.and_(
        builder.icmp_signed(">=", apart, builder.mul(positive(builder, extent), array.itemsize)),
        builder.icmp_signed("==", builder.srem(apart, array.itemsize), llvm.Constant(INTP, 0))))


def gemm(context, builder, result, kinds, given):
    """A new array with the product. BLAS counts by columns: to it the arrays are transposed, and c^T = b^T a^T."""
    left, right = (make_array(kind)(context, builder, value) for kind, value in zip(kinds, given))
    m, inner = cgutils.unpack_tuple(builder, left.shape)
    n = cgutils.unpack_tuple(builder, right.shape)[1]
    out = _empty_nd_impl(context, builder, result, (m, n))
    one, zero = (builder.bitcast(make_constant_slot(context, builder, result.dtype, value), ll_void_p)
                 for value in (1.0, 0.0))
    turned, data, strides = zip(*(operand(builder, kind, array) for kind, array in zip(kinds, (left, right))))
    gemm = cgutils.get_or_insert_function(builder.module, GEMM, "numba_xxgemm")
    kind = llvm.Constant(ll_char, ord(get_blas_kind(result.dtype)))
    status = builder.call(gemm, (kind, turned[1], turned[0], n, m, inner, one, data[1], strides[1], data[0], strides[0],
                                 zero, builder.bitcast(out.data, ll_void_p), positive(builder, n)))
    check_blas_return(context, builder, status)
    return out._getvalue()


def operand(builder, kind, array):
    """Whether BLAS is to transpose an operand, where it lies, and the distance of its rows or columns."""
    data, plain, turned = builder.bitcast(array.data, ll_void_p), *(llvm.Constant(ll_char, ord(c)) for c in "nt")
    if kind.layout in "CF":
        by_rows = kind.layout == "C"
        extent = cgutils.unpack_tuple(builder, array.shape)[1 if by_rows else 0]
        return plain if by_rows else turned, data, positive(builder, extent)
    by_columns = pieces(builder, array, 1)
    (above, beside), (rows, columns) = (cgutils.unpack_tuple(builder, part) for part in (array.strides, array.shape))
    apart = builder.sdiv(builder.select(by_columns, beside, above), array.itemsize)
    extent = positive(builder, builder.select(by_columns, rows, columns))
    wide = builder.icmp_signed(">", apart, extent)  # copies that are empty have no distance
    return builder.select(by_columns, turned, plain), data, builder.select(wide, apart, extent)


def positive(builder, extent):
    """An extent, for empty arrays 1: BLAS takes no distance of 0."""
    one = llvm.Constant(INTP, 1)
    return builder.select(builder.icmp_signed(">", extent, one), extent, one)


TABLE = {dot: product, **lapack.TABLE}


@register_pass(mutates_CFG=False, analysis_only=False)
class MatrixProducts(FunctionPass):
    """Attributes of modules that are functions in `TABLE` become what stands there. To run before type inference."""

    _name = "adtrans_matrix_products"

    def __init__(self):
        FunctionPass.__init__(self)

    def run_pass(self, state):
        changed = False
        for block in state.func_ir.blocks.values():
            for statement in block.find_insts(ir.Assign):
                found = replacement(state.func_ir, statement.value)
                if found is not None:
                    statement.value = ir.Global(found.__name__, found, statement.loc)
                    changed = True
        return changed


def replacement(func_ir, value):
    """What is to be used in place of `np.dot`, say; None for any other expression."""
    if not isinstance(value, ir.Expr) or value.op != "getattr" or value.attr not in NAMES:
        return None
    function = known(func_ir, value)
    return next((made for other, made in TABLE.items() if function is other), None)


def known(func_ir, value):
    """The value of a global name, or of an attribute of a module that one is; None for any other expression."""
    match value:
        case ir.Global() | ir.FreeVar():
            return value.value
        case ir.Expr(op="getattr"):
            module = known(func_ir, func_ir.get_definition(value.value))
            return getattr(module, value.attr, None) if isinstance(module, ModuleType) else None
    return None


NAMES = frozenset(function.__name__ for function in TABLE)
__all__ = ["MatrixProducts", "TABLE"]
