"""`adtrans.optim.memory` in compiled code: arrays and integers at addresses."""

from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic, overload, register_jitable

from adtrans.optim import matrices, memory


def _array_at(kind):
    """An intrinsic that makes vectors of this type of numbers."""

    @intrinsic
    def array_at(typingctx, address, size):
        made = types.Array(kind, 1, "C")
        return made(types.int64, types.int64), build

    def build(context, builder, signature, args):
        address, size = args
        made = context.make_array(signature.return_type)(context, builder)
        width = context.get_constant(types.intp, kind.bitwidth // 8)
        context.populate_array(made, data=builder.inttoptr(address, made.data.type), shape=[size], strides=[width],
                               itemsize=width, meminfo=None)
        return made._getvalue()

    return array_at


def _number_at(kind):
    """An intrinsic that reads an integer of this type."""

    @intrinsic
    def number_at(typingctx, address):
        return types.int64(types.int64), build

    def build(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(kind.bitwidth).as_pointer())
        return context.cast(builder, builder.load(pointer), kind, types.int64)

    return number_at


_word, _int32_word = _number_at(types.int64), _number_at(types.int32)
_float64_array, _float32_array = _array_at(types.float64), _array_at(types.float32)


@overload(memory.float64_at)
def _float64_at(address, size):
    return lambda address, size: _float64_array(address, size)


@overload(memory.float32_at)
def _float32_at(address, size):
    return lambda address, size: _float32_array(address, size)


@overload(memory.word)
def _word_at(address):
    return lambda address: _word(address)


@overload(memory.int32_word)
def _int32_word_at(address):
    return lambda address: _int32_word(address)


register_jitable(memory.overlap)
register_jitable(matrices.orthogonalize)
register_jitable(matrices.rescale)
