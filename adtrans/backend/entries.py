"""Compiled functions called through their addresses, so that one compiled solver serves every objective.

    address = entry_address(dispatcher)      # of a function float64(int64, int64, int64, int64)
    call_entry(address, x, y, out, context)  # in compiled code; an exception there is one here

The four numbers that such a function takes are the addresses of three arrays of float64 and that of its context. The
address is a value at run time: code that holds a call can be kept on disk.
"""

from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic, overload
from numba.np.arrayobj import make_array

from adtrans.optim.solvers import calls

ENTRY = (types.int64,) * 4
STEP = (types.int64[:, ::1], types.float64[:, ::1], types.float64[::1], types.float64[::1], types.int64[::1])


def entry_address(dispatcher) -> int:
    """The address of the only version of a compiled function; TypeError where it is not of the kind above."""
    (made,) = dispatcher.overloads.values()
    if made.signature.args != ENTRY or made.signature.return_type != types.float64:
        raise TypeError(f"an entry must take four addresses and return float64: {made.signature}")
    return made.library.get_pointer_to_function(made.fndesc.llvm_func_name)


@intrinsic
def pointer(typingctx, address):
    """An address as the pointer that `numba.carray` takes."""
    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), codegen


@intrinsic
def call_entry(typingctx, address, x, y, out, place):
    """Call the function at an address with the memory of three arrays and a context."""
    signature = types.float64(address, x, y, out, place)

    def codegen(context, builder, signature, args):
        convention = context.call_conv
        kind = convention.get_function_type(types.float64, ENTRY)
        function = builder.inttoptr(args[0], kind.as_pointer())
        arrays = [make_array(kind)(context, builder, value).data for kind, value in zip(signature.args[1:4], args[1:4])]
        numbers = [builder.ptrtoint(data, ir.IntType(64)) for data in arrays]
        status, result = convention.call_function(builder, function, types.float64, ENTRY, [*numbers, args[4]])
        with builder.if_then(status.is_error, likely=False):
            convention.return_status_propagate(builder, status)
        return result

    return signature, codegen


@overload(calls.evaluate)
def _evaluate(problem, x, g):
    return lambda problem, x, g: call_entry(problem[0], x, x, g, problem[1])


@overload(calls.curve)
def _curve(problem, x, v, out):
    return lambda problem, x, v, out: call_entry(problem[2], x, v, out, problem[3])


@overload(calls.residuals)
def _residuals(problem, x, r):
    return lambda problem, x, r: call_entry(problem[4], x, x, r, problem[5])


@overload(calls.push)
def _push(problem, x, v, out):
    return lambda problem, x, v, out: call_entry(problem[6], x, v, out, problem[7])


@overload(calls.pull)
def _pull(problem, x, w, out):
    return lambda problem, x, w, out: call_entry(problem[8], x, w, out, problem[9])


def step_address(dispatcher) -> int:
    """The address of an optimizer's compiled step; TypeError where it is not one of five arrays that returns int64."""
    (made,) = dispatcher.overloads.values()
    if made.signature.args != STEP or types.unliteral(made.signature.return_type) != types.int64:
        raise TypeError(f"a step must take five arrays and return int64: {made.signature}")
    return made.library.get_pointer_to_function(made.fndesc.llvm_func_name)


@intrinsic
def call_step(typingctx, address, table, values, hyper, numbers, counter):
    """Call an optimizer's step at an address."""
    signature = types.int64(address, table, values, hyper, numbers, counter)

    def codegen(context, builder, signature, args):
        convention, kinds = context.call_conv, signature.args[1:]
        kind = convention.get_function_type(types.int64, kinds)
        function = builder.inttoptr(args[0], kind.as_pointer())
        status, result = convention.call_function(builder, function, types.int64, kinds, args[1:])
        with builder.if_then(status.is_error, likely=False):
            convention.return_status_propagate(builder, status)
        return result

    return signature, codegen


@overload(calls.step)
def _step(optimizer, table, values, hyper, numbers, counter):
    return lambda optimizer, table, values, hyper, numbers, counter: call_step(
        optimizer[0], table, values, hyper, numbers, counter)
