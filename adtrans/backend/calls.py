"""What Numba has to know of a gradient function: its type, the typing of a call, and that it is a constant.

Imported by `adtrans.backend.typing` when Numba first types a gradient function; see there for the contract.

A call becomes a direct call of the compiled dispatcher that the gradient function hands out.

A function compiled with `cache=True` that calls a gradient function is not cached, and Numba warns of it.
Before Numba takes a function from its cache it looks at nothing but the file that function is in, so after an
edit of the differentiated function elsewhere, or of a value it captures, the caller would go on with the old
gradient.
"""

import inspect

from llvmlite import ir
from numba.core import cgutils, errors, types, typing
from numba.core.datamodel import models
from numba.core.extending import NativeValue, register_model, unbox
from numba.core.imputils import lower_constant, lower_getattr_generic
from numba.core.registry import cpu_target
from numba.core.typing.templates import AttributeTemplate, infer_getattr

from adtrans.backend.typing import MODES


class GradientCall(types.Callable, types.Opaque):
    """The type of one gradient function, and of its attributes that are called: one type per `mode`."""

    def __init__(self, gradient, mode: str):
        self.gradient = gradient
        self.mode = mode
        self.dispatchers: dict = {}
        # The number tells functions of one name apart where Numba makes symbols from the names of types.
        super().__init__(f"adtrans.{mode}({_name(gradient)}, {id(gradient):x})")

    @property
    def key(self):
        return id(self.gradient), self.mode

    def get_call_type(self, context, args, kws):
        parameters = _parameters(self.gradient)
        wanted = tuple(_received(given) for given in _in_order(parameters, args, kws))
        try:
            dispatcher = self.gradient.numba_dispatcher(wanted, mode=self.mode)
        except errors.NumbaError:
            raise
        except Exception as error:
            raise errors.TypingError(f"{type(error).__name__}: {error}") from error
        template, _, wanted, kws = dispatcher.get_call_template(wanted, {})
        signature = template(context).apply(wanted, kws)
        if signature is not None:
            self.dispatchers[signature.args] = dispatcher
            signature = signature.replace(pysig=parameters)
        return signature

    def get_call_signatures(self):
        return [made.signature for d in self.dispatchers.values() for made in d.overloads.values()], True

    def get_impl_key(self, sig):
        return self.dispatchers[sig.args].get_overload(sig.args)


def _name(gradient) -> str:
    return getattr(getattr(gradient, "py_func", gradient), "__name__", type(gradient).__name__)


def _parameters(gradient) -> inspect.Signature | None:
    known = getattr(gradient, "parameters", None)
    if isinstance(known, inspect.Signature):
        return known
    try:
        return inspect.signature(gradient.py_func)
    except (AttributeError, TypeError, ValueError):
        return None


def _in_order(parameters: inspect.Signature | None, args, kws) -> tuple:
    """The types of all parameters in their order."""
    if parameters is None:
        if kws:
            raise errors.TypingError("keyword arguments need a function whose parameters are known")
        return tuple(args)
    return typing.fold_arguments(
        parameters,
        args,
        kws,
        lambda index, parameter, given: given,
        lambda index, parameter, default: types.Omitted(default),
        lambda index, parameter, values: types.StarArgTuple(values),
    )


def _received(given: types.Type) -> types.Type:
    """The type as which an argument of type `given` is passed on."""
    match given:
        case types.StringLiteral() | types.Omitted() | types.BaseNamedTuple():
            return given
        case types.BaseTuple():
            return types.BaseTuple.from_types([_received(part) for part in given])
    return types.unliteral(given)


@infer_getattr
class _Attributes(AttributeTemplate):
    key = GradientCall

    def generic_resolve(self, typ, attr):
        return GradientCall(typ.gradient, attr) if typ.mode == "call" and attr in MODES[1:] else None


@lower_getattr_generic(GradientCall)
def _attribute(context, builder, typ, value, attr):
    return context.get_dummy_value()


register_model(GradientCall)(models.OpaqueModel)


@lower_constant(GradientCall)
def _constant(context, builder, typ, value):
    _forbid_caching(builder.module)
    return context.get_dummy_value()


@unbox(GradientCall)
def _argument(typ, obj, c):
    _forbid_caching(c.builder.module)
    return NativeValue(c.context.get_dummy_value())


def _forbid_caching(module: ir.Module) -> None:
    """Leave the mark by which Numba knows code that means nothing in another process."""
    name = "numba.dynamic.globals.adtrans"
    if name not in module.globals:
        mark = ir.GlobalVariable(module, cgutils.voidptr_t, name)
        mark.initializer = ir.Constant(cgutils.voidptr_t, None)
        # Kept although nothing reads it, and one of many of the same name when modules are linked.
        mark.linkage = "weak_odr"


def _make_known() -> None:
    """Show this to Numba at once: it may be typing the first use, and looks for news before it begins only."""
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


_make_known()
