"""The pass that puts the vectorisable functions in the place of NumPy's and `math`'s.

Before and after, for x and p float64 or float32:

    y = np.exp(x) + math.sin(x) + x**p
    y = exp(x) + sin(x) + power(x, p)

It runs after type inference. Arguments that are integers or arrays are left alone, so are powers with constant
exponents that LLVM makes products or roots of, and all of it where the processor has no fused multiplication and
addition. So are, finally, calls whose result comes back to their own argument, as in `s = np.exp(s)` in a loop:
nothing can be vectorised there, and for functions in `QUICK_ALONE` the C library takes less time from argument to
result.
"""

from collections import defaultdict

from numba.core import ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, find_const, guard

from adtrans.backend.vecmath.library import FORMATS, available
from adtrans.backend.vecmath.table import OPERATORS, PEAKS, QUICK_ALONE, TABLE, power

_SIMPLE_EXPONENTS = (-1.0, 0.0, 0.5, 1.0, 2.0)


@register_pass(mutates_CFG=False, analysis_only=False)
class VectorMath(FunctionPass):
    """Calls of the functions in `TABLE`, and operators in `OPERATORS`, become calls of the intrinsics there."""

    _name = "adtrans_vector_math"

    def __init__(self):
        super().__init__()

    def run_pass(self, state):
        if not available(state.targetctx):
            return False
        dependents = _dependents(state.func_ir)
        changed = [_replace_in(state, block, dependents) for block in state.func_ir.blocks.values()]
        if any(changed):
            state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return any(changed)


def _dependents(func_ir) -> dict[str, list[str]]:
    """For each variable those that are assigned from it."""
    found = defaultdict(list)
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            for source in statement.list_vars():
                found[source.name].append(statement.target.name)
    return found


def _comes_back(target: str, operands: set[str], dependents: dict[str, list[str]]) -> bool:
    """Whether the operands are computed from the target."""
    reached, pending = {target}, [target]
    while pending:
        for name in dependents[pending.pop()]:
            if name not in reached:
                reached.add(name)
                pending.append(name)
    return not reached.isdisjoint(operands)


def _replace_in(state, block, dependents) -> bool:
    body = []
    for statement in block.body:
        if isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Expr):
            body += _replaced(state, block.scope, statement, dependents)
        body.append(statement)
    changed = len(body) > len(block.body)
    block.body = body
    return changed


def _replaced(state, scope, statement, dependents) -> list:
    """The statement that fetches the intrinsic, with the call in `statement` exchanged; none if there is none."""
    intrinsic, operands = _intrinsic(state, statement.value)
    signature = state.calltypes.get(statement.value)
    if intrinsic is None or signature is None or signature.return_type not in FORMATS:
        return []
    given = signature.args
    if given and isinstance(given[0], types.BaseTuple):  # as Numba has the arguments of `max` and `min`
        given = given[0].types
    if not all(isinstance(each, types.Float) for each in given):
        return []
    if intrinsic is power and guard(find_const, state.func_ir, operands[1]) in _SIMPLE_EXPONENTS:
        return []
    names = {operand.name for operand in operands}
    if intrinsic in QUICK_ALONE and _comes_back(statement.target.name, names, dependents):
        return []
    location, context = statement.loc, state.typingctx
    function = scope.redefine("$vector_math", location)
    callee = context.resolve_value_type(intrinsic)
    state.typemap[function.name] = callee
    call = ir.Expr.call(function, operands, (), location)
    state.calltypes[call] = callee.get_call_type(context, (signature.return_type,) * len(operands), {})
    del state.calltypes[statement.value]
    statement.value = call
    return [ir.Assign(ir.Global("vector_math", intrinsic, location), function, location)]


def _intrinsic(state, expression) -> tuple:
    """The intrinsic for an expression, or None, and its operands."""
    match expression.op:
        case "call" if not (expression.kws or expression.vararg):
            callee = state.typemap[expression.func.name]
            key = callee.typing_key if isinstance(callee, types.Function) else None
            return TABLE.get(key) or PEAKS.get(key), list(expression.args)
        case "binop":
            return OPERATORS.get(expression.fn), [expression.lhs, expression.rhs]
        case "inplace_binop":
            return OPERATORS.get(expression.immutable_fn), [expression.lhs, expression.rhs]
    return None, []
