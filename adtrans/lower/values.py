"""What a name can stand for while a program is being read.

Scalars are operands of the core language; arrays are index maps onto array references; containers, functions
and everything static exist only here and leave no trace in the program.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Union

from adtrans.ir import Operand, Scalar, Var
from adtrans.source import Source


@dataclass(frozen=True)
class Num:
    """A scalar. `weak` marks Python's own bool, int and float, which do not widen NumPy's (NEP 50)."""

    operand: Operand
    weak: bool = False

    @property
    def code(self) -> str:
        return self.operand.type.code

    @property
    def type(self) -> Scalar:
        return self.operand.type


@dataclass(frozen=True)
class Fixed:
    """An axis of the base held at one index."""

    index: Operand


@dataclass(frozen=True)
class Along:
    """An axis of the base walked by axis `axis` of the view: start + step * i."""

    axis: int
    start: Operand
    step: Operand


@dataclass(frozen=True)
class View:
    """An array: element (i, j, ...) of the view is base[axes(i, j, ...)]. View axes that no base axis
    walks along are broadcast."""

    base: Var
    axes: tuple[Fixed | Along, ...]
    shape: tuple[Operand, ...]

    @property
    def dtype(self) -> str:
        return self.base.type.dtype

    @property
    def code(self) -> str:
        return self.base.type.element.code

    @property
    def rank(self) -> int:
        return len(self.shape)

    weak = False


@dataclass(frozen=True)
class Lazy:
    """An array expression not yet computed: `element(indices)` emits the computation of one element.

    `leaves` are the views it reads, each broadcast to `shape`; `cheap` tells that an element may be computed
    more than once.
    """

    shape: tuple[Operand, ...]
    code: str
    element: Callable[[tuple[Operand, ...]], Operand]
    leaves: tuple[View, ...] = ()
    cheap: bool = False
    weak: bool = False

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> str:
        return self.code


@dataclass(frozen=True)
class Seq:
    """A tuple or NamedTuple: `cls` is tuple or the NamedTuple class."""

    items: tuple[Value, ...]
    cls: type = tuple


@dataclass(frozen=True)
class Ref:
    """A mutable container; its present contents stand in the environment under its `cell`."""

    cell: int


@dataclass(frozen=True)
class Contents:
    """What is in a list, dict or dataclass instance now. `keys` are None for a list."""

    cls: type
    values: tuple[Value, ...]
    keys: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Py:
    """A Python object known now: module, function, string, None, dtype, slice of constants."""

    value: Any


@dataclass(frozen=True)
class SliceV:
    """A slice whose parts are values."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True)
class Range:
    """range(start, stop, step); `segments` is what `checkpoint` said of it."""

    start: Operand
    stop: Operand
    step: Operand
    segments: int | None = None


@dataclass(frozen=True)
class Iter:
    """enumerate, zip or reversed of other iterables, or the places or elements of an array; `kind` names which."""

    kind: str
    parts: tuple[Value, ...]
    start: Operand | None = None


@dataclass(frozen=True, eq=False)
class Func:
    """A function of the user's: `node` within `source`; `frame` holds the names it closes over."""

    source: Source
    node: ast.FunctionDef | ast.Lambda
    frame: int | None = None
    defaults: tuple[Value, ...] = ()
    kw_defaults: dict[str, Value] = field(default_factory=dict)
    bound: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """`receiver.name`, to be called."""

    receiver: Value
    name: str


@dataclass(frozen=True)
class Maybe:
    """A value that is there only when `flag` holds."""

    value: Value
    flag: Operand


@dataclass(frozen=True)
class Poison:
    """A name whose bindings do not fit together; reading it is an error for `reason`."""

    reason: str
    hint: str | None = None


Value = Union[Num, View, Lazy, Seq, Ref, Py, SliceV, Range, Iter, Func, Method, Maybe, Poison]
Arrayish = (View, Lazy)
NONE = Py(None)
