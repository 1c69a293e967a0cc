"""What free names mean: constants, modules, functions, captured arrays. Every look-up is recorded.

`Lowering.captured` keeps (name space, name) -> object for each global that a program was read with, so that
a later call can tell whether any of them has changed.
"""

from __future__ import annotations

import types

import numpy as np

from adtrans.errors import UnsupportedError
from adtrans.lower import views
from adtrans.lower.values import Func, Py, Value
from adtrans.source import Source, read, unwrap


def global_value(low, source: Source, name: str) -> Value:
    """The value of a name that is not local."""
    try:
        found = source.lookup(name)
    except KeyError:
        raise low.error(f"name {name!r} is not defined", kind="name") from None
    except ValueError:
        raise low.error(f"free variable {name!r} is not set yet", kind="name") from None
    low.record(source, name, found)
    return object_value(low, found)


def object_value(low, found) -> Value:
    from adtrans.lower.containers import to_value

    if isinstance(found, (types.ModuleType, type)):
        return Py(found)
    return to_value(low, found)


def is_user_function(obj) -> bool:
    """Whether calling `obj` means reading its source."""
    from adtrans.lower.tables import KNOWN

    if is_known(obj, KNOWN) or isinstance(obj, (types.ModuleType, type, np.ufunc)):
        return False
    try:
        unwrap(obj)
    except Exception:
        return False
    return True


def is_known(obj, table) -> bool:
    try:
        return obj in table
    except TypeError:
        return False


def function_of(low, obj) -> Func:
    """A Python function object as something to inline."""
    from adtrans.lower.containers import to_value

    try:
        source = read(obj)
    except UnsupportedError as error:
        raise low.error(error.message, hint=error.hint) from None
    bound = tuple(to_value(low, item) for item in source.bound)
    keywords = {key: to_value(low, item) for key, item in source.keywords.items()}
    function = source.function
    defaults = tuple(to_value(low, item) for item in function.__defaults__ or ())
    kw_defaults = {key: to_value(low, item) for key, item in (function.__kwdefaults__ or {}).items()}
    return Func(source, source.node, None, defaults, kw_defaults, bound, keywords)


def captured_view(low, obj: np.ndarray):
    """An array from outside the program: an extra parameter that the caller never sees."""
    base = low.capture(obj)
    return views.whole(low, base)
