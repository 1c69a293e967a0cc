"""`adtrans.optim.memory` in compiled code: an array is made of an address, its memory assumed to be apart.

The address goes through a function whose result LLVM takes to be memory of its own. Loops over several such arrays
then vectorise without tests of overlap, of which LLVM makes a handful at most: rules with many states would stay
scalar. Whoever makes the table of addresses has seen to it that arrays of one row do not overlap.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic, overload, register_jitable

from adtrans.optim import memory


def _array_at(kind):
    """An intrinsic that makes vectors of this type of numbers."""

    @intrinsic
    def array_at(typingctx, address, size):
        made = types.Array(kind, 1, "C")
        return made(types.int64, types.int64), build

    def build(context, builder, signature, args):
        address, size = args
        made = context.make_array(signature.return_type)(context, builder)
        pointer = builder.call(_own(builder.module), [builder.inttoptr(address, cgutils.voidptr_t)])
        width = context.get_constant(types.intp, kind.bitwidth // 8)
        context.populate_array(made, data=builder.bitcast(pointer, made.data.type), shape=[size], strides=[width],
                               itemsize=width, meminfo=None)
        return made._getvalue()

    return array_at


def _own(module: ir.Module) -> ir.Function:
    """A function that gives its argument back, as memory that nothing else points to."""
    name = "adtrans_own_memory"
    if name in module.globals:
        return module.globals[name]
    made = ir.Function(module, ir.FunctionType(cgutils.voidptr_t, [cgutils.voidptr_t]), name)
    made.linkage = "internal"
    made.return_value.add_attribute("noalias")
    for attribute in ("noinline", "optnone", "nounwind"):
        made.attributes.add(attribute)
    builder = ir.IRBuilder(made.append_basic_block())
    builder.ret(made.args[0])
    return made


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
