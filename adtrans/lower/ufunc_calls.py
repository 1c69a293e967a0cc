"""The arguments every ufunc takes: `out=`, `where=` and `dtype=` beside its operands."""

from __future__ import annotations

import numpy as np

from adtrans.build import TRUE
from adtrans.lower.builtins import arity
from adtrans.lower.values import NONE, Lazy, Num, Value, View


class UfuncCall:
    """One call of a ufunc: its `operands`, converted to `dtype` where it is given, and what to do with the result."""

    def __init__(self, low, name: str, args, keywords, count: int, boolean: bool = False):
        arity(low, name, args, keywords, count, count + 1, ("out", "dtype", "where"))
        from adtrans.lower.requests import output

        self.name = name
        self.out = output(low, args[count] if len(args) > count else keywords.get("out", NONE))
        self.where = keywords.get("where", Num(TRUE, True))
        dtype = keywords.get("dtype", NONE)
        self.operands: list[Value] = list(args[:count])
        if dtype != NONE:
            self.operands = [converted(low, name, value, dtype, boolean) for value in self.operands]
        if self.where == Num(TRUE, True):
            self.where = NONE
        elif self.out == NONE:
            raise low.error(f"np.{name} with where= leaves the other elements of its result undefined without out=",
                            hint="give out=, or use np.where")

    def finish(self, low, value: Value) -> Value:
        """The result: a NumPy number or array, or `out` filled with it."""
        if self.out == NONE:
            return Num(value.operand, False) if isinstance(value, Num) else value
        from adtrans.lower.requests import into, mask
        from adtrans.lower.ufuncs import where

        value = low.as_array(value)
        if self.where != NONE:
            chosen = mask(low, self.where, self.out.shape)
            if chosen is not None:
                refuse_cast(low, self.name, value, self.out)
                value = where(low, [chosen, value, self.out], {})
        if isinstance(value, (View, Lazy)) and value.rank > self.out.rank:
            raise low.error("non-broadcastable output operand", kind="value")
        return into(low, self.name, self.out, value)


def refuse_cast(low, name: str, value: Value, out: View) -> None:
    if value.code[0] == "f" and out.code[0] != "f":
        raise low.error(f"Cannot cast ufunc '{name}' output from dtype('{value.code}') to dtype('{out.dtype}') with "
                        "casting rule 'same_kind'", kind="type")


def converted(low, name: str, value: Value, dtype: Value, boolean: bool) -> Value:
    """An operand in the dtype that is asked for."""
    from adtrans.lower.creation import convert, dtype_code, element_code

    code = dtype_code(low, dtype)
    if boolean:
        if code != "b1":
            raise low.error(f"No loop matching the specified signature and casting was found for ufunc {name}",
                            kind="type")
        return value
    if element_code(code) != code or code == "b1":
        raise low.error(f"np.{name} with dtype={np.dtype(code)} is not in the language")
    found = low.as_array(value)
    if found.code[0] == "f" and code[0] != "f":
        raise low.error(f"Cannot cast ufunc '{name}' input from dtype('{found.code}') to dtype('{code}') with casting "
                        "rule 'same_kind'", kind="type")
    return convert(low, found, dtype)
