"""The state of one reading: the program built so far, what names mean now, what went wrong.

`Lowering.env` maps keys to values. A key is (frame, name) for a variable of the user's, ("cell", n) for the
contents of a mutable container, ("flow", what, n) for a structured jump.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from adtrans import errors
from adtrans.build import FALSE, ONE, TRUE, Builder, combine
from adtrans.errors import LocatedError, Span, UnsupportedError
from adtrans.ir import Array, Check, Const, Operand, Stmt, Store, Var, defined, walk
from adtrans.lower.bounds import Bounds
from adtrans.lower.severed import Severed
from adtrans.lower.values import Along, Lazy, Maybe, Num, Poison, Py, Ref, Seq, Value, View
from adtrans.source import Source

KINDS = {
    "discrete": errors.NonDifferentiableError,
    "unsupported": UnsupportedError, "type": errors.LocatedTypeError, "value": errors.LocatedValueError,
    "index": errors.LocatedIndexError, "unbound": errors.UnboundNameError, "name": errors.UndefinedNameError,
    "attribute": errors.LocatedAttributeError, "key": errors.LocatedKeyError,
}


@dataclass(frozen=True)
class Options:
    """What the user asked for, as far as reading a program depends on it; a `procedure` leaves its results in its
    arguments, `segments` is in how many parts the reverse sweep runs loops again."""

    boundscheck: bool = True
    debug: bool = False
    dynamic_broadcast: bool = False
    procedure: bool = False
    segments: int | None = None
    parallel: bool = False


@dataclass
class Frame:
    """One function being read: its source, where its names live, the loops open in it.

    A function of the library is `pinned` to the line that calls it; what it does is known to stay within bounds.
    """

    source: Source
    number: int
    assigned: frozenset[str]
    outer: dict[str, int] = field(default_factory=dict)
    loops: list[int] = field(default_factory=list)
    forbidden: frozenset[str] = frozenset()
    closes: bool = False
    pinned: Span | None = None


class Silent(Exception):
    """A statement was given up because of an error reported already."""


class Shadowed(Exception):
    """An index into a container has to be known now: the loop around has to be unrolled."""

    def __init__(self, error: LocatedError):
        self.error = error


class Lowering:
    def __init__(self, options: Options):
        self.options = options
        self.build = Builder()
        self.bounds = Bounds(self.build)
        self.env: dict = {}
        self.frames: list[Frame] = []
        self.calls: tuple = ()
        self.errors: list[LocatedError] = []
        self.hints: dict = {}
        self.missing: set = set()
        self.points: dict[Var, frozenset] = {}
        self.births: dict[Var, int] = {}
        self.loop_left: Operand = FALSE
        self.distinct: set[frozenset[Var]] = set()
        self.roots: dict[Var, Var] = {}
        self.numbers = iter(range(10**9))
        self.readonly: set[Var] = set()
        self.params: set[Var] = set()
        self.severed: list[Severed] = []
        self.at_once: list[Stmt] = []
        self.captured: dict = {}
        self.returns: list[Span | None] = []
        self.captured_params: list[Var] = []
        self.captured_values: list = []
        self.extents: dict[Var, tuple[Operand, ...]] = {}
        self.memories: dict[int, Var] = {}
        self.frame_table: dict[int, Frame] = {}
        self.active: list = []
        self.ruled: frozenset = frozenset()
        self.counted_depth = 0
        self.branch_depth = 0
        self.assumed = False

    # --- places and errors

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @contextmanager
    def at(self, span: Span | None) -> Iterator[None]:
        before, self.build.span = self.build.span, span
        try:
            yield
        finally:
            self.build.span = before

    @contextmanager
    def place(self, node: ast.AST) -> Iterator[None]:
        """Errors and statements within belong to `node`."""
        with self.at(self.frame.pinned or self.frame.source.span(node)):
            yield

    def error(self, message: str, kind: str = "unsupported", hint: str | None = None) -> LocatedError:
        return KINDS[kind](message, self.build.span, hint)

    # --- run-time checks

    def check(self, test: Operand, error: str, message: str, values: tuple[Operand, ...] = ()) -> None:
        if test == TRUE:
            return
        self.build.emit(Check(test, error, message, values, self.build.span))

    def check_index(self, test: Operand, index: Operand, extent: Operand, axis: int) -> None:
        """The check of an index; one that is wrong for certain is an error at once where it is sure to be reached."""
        if test == FALSE and self.frame.pinned is None and len(self.build.blocks) == 1:
            raise self.error(f"index {spell(index)} is out of bounds for axis {axis} with size {spell(extent)}",
                             kind="index")
        if self.frame.pinned is None and (test == FALSE or self.options.boundscheck or self.options.debug):
            self.check(test, "IndexError", f"index out of bounds for axis {axis}: index, size =", (index, extent))

    def assume(self, test: Operand) -> None:
        """Extents taken to be equal; where they are not, the program is read again without assuming."""
        if test != TRUE:
            self.assumed = True
        self.check(test, "ValueError", "operands could not be broadcast together")

    # --- extents

    def equal_extents(self, a: Operand, b: Operand) -> bool:
        if a is b or a == b:
            return True
        if combine(self.build.affine(a), self.build.affine(b), -1) == ({}, 0):
            return True
        key = ("equal", frozenset((self.build.identity(a), self.build.identity(b))))
        return any(key in block.known for block in self.build.blocks)

    def declare_equal(self, a: Operand, b: Operand) -> None:
        key = ("equal", frozenset((self.build.identity(a), self.build.identity(b))))
        self.build.here.known[key] = TRUE

    def repeats(self, extent: Operand, wanted: Operand) -> Operand:
        """Whether an axis of `extent` is repeated to reach `wanted`."""
        if self.equal_extents(extent, wanted):
            return FALSE
        if extent == ONE:
            return TRUE
        return self.build.prim("eq", extent, ONE) if self.options.dynamic_broadcast else FALSE

    # --- aliasing: what memory a reference may point to

    def fresh(self, base: Var) -> Var:
        self.points[base] = frozenset((base,))
        self.births[base] = next(self.numbers)
        return base

    def birth(self, site) -> int:
        """When a piece of memory came to be: a number that only grows while reading."""
        return site[1] if isinstance(site, tuple) else self.births[site]

    def alias(self, var: Var, base: Var) -> None:
        self.points[var] = self.points[base]
        self.roots[var] = self.root(base)

    def root(self, var: Var) -> Var:
        return self.roots.get(var, var)

    def may_alias(self, a: Var, b: Var) -> bool:
        a, b = self.root(a), self.root(b)
        if a is b:
            return True
        if frozenset((a, b)) in self.distinct:
            return False
        return bool(self.points[a] & self.points[b])

    def wrote(self, base: Var) -> None:
        if self.points[base] & self.readonly:
            raise self.error("assignment destination is read-only", kind="value")

    def sever(self, original: Var, copy: Var, why: str, apart: Operand | None = None) -> None:
        """Note that `copy` was made where Python might have gone on sharing memory; `apart` holds, when the program
        runs, where Python would have made one as well."""
        body = self.build.here.body
        start = next(k for k, made in enumerate(body) if copy in defined(made))
        filling = tuple(made for made in walk(body[start:]) if isinstance(made, Store) and made.array is copy)
        self.severed.append(Severed(self.points[original], copy, why, apart, filling))

    def require_writable(self, view: View) -> None:
        from adtrans.lower.nests import injective

        walked = [axis.axis for axis in view.axes if isinstance(axis, Along)]
        if not injective(view) or len(set(walked)) < len(walked):
            raise self.error("assignment destination is read-only (it repeats elements)", kind="value",
                             hint="assign to a copy")

    # --- names

    def new_key(self, what: str) -> tuple:
        return ("flow", what, next(self.numbers))

    def read(self, name: str) -> Value:
        """The value a name has here."""
        key = self.key_of(name)
        if key is not None:
            if key in self.env:
                return self.settled(self.env[key], name)
            self.missing.add(key)
            message = f"local variable {name!r} is read before anything is assigned to it"
            if any(error.message == message for error in self.errors):
                raise Silent
            raise self.error(message, kind="unbound")
        from adtrans.lower.statics import global_value

        return global_value(self, self.frame.source, name)

    def key_of(self, name: str) -> tuple | None:
        """The key of a local or enclosing variable, None for a global name."""
        frame = self.frame
        if name in frame.assigned:
            return (frame.outer.get(name, frame.number), name)
        if name in frame.outer:
            return (frame.outer[name], name)
        return None

    def settled(self, value: Value, name: str) -> Value:
        """A value that may be absent or unusable made certain, by a run-time check or an error."""
        if isinstance(value, Maybe):
            self.check(value.flag, "UnboundLocalError",
                       f"local variable {name!r} is read before anything is assigned to it")
            return self.settled(value.value, name)
        if isinstance(value, Poison):
            if value.reason == "" or any(error.message.startswith(f"{name!r} ") for error in self.errors):
                raise Silent
            raise self.error(f"{name!r} {value.reason}", hint=value.hint)
        return value

    def bind(self, name: str, value: Value) -> None:
        key = self.key_of(name) or (self.frame.number, name)
        if self.frame.pinned is not None:
            pass
        elif isinstance(value, Num) and isinstance(value.operand, Var) and value.operand.name is None:
            value.operand.name, value.operand.user = name, True
        elif isinstance(value, View) and value.base.name is None:
            value.base.name, value.base.user = name, True
        self.env[key] = value

    def visible(self, var: Var) -> bool:
        """Whether a variable is defined in a block that is still open."""
        return any(var in defined(statement) for block in self.build.blocks for statement in block.body) or any(
            var is extent for block in self.build.blocks for extent in block.known.values())

    def inside_counted(self) -> bool:
        """Whether a loop is open that could be unrolled instead."""
        return self.counted_depth > 0

    # --- what the reading depends on

    def record(self, source: Source, name: str, found) -> None:
        """Note that a free name was looked up, so that a change of it is seen later."""
        self.captured[source.function, name] = found

    def record_attribute(self, obj, name: str, found) -> None:
        self.captured["attribute", id(obj), name] = (obj, found)

    def captured_array(self, obj):
        """An array from outside the program as a parameter; the same array is the same parameter."""
        from adtrans.lower import views

        for var, known in zip(self.captured_params, self.captured_values):
            if known is obj:
                return views.whole(self, var)
        from adtrans.errors import ArgumentError
        from adtrans.structure import array_spec

        try:
            spec = array_spec(obj, "captured")
        except ArgumentError as error:
            raise self.error(str(error), kind="type") from None
        var = Var(Array(spec.dtype, spec.rank, spec.layout), "captured", user=True)
        self.fresh(var)
        self.births[var] = -1
        self.captured_params.append(var)
        self.captured_values.append(obj)
        return views.whole(self, var)

    # --- containers

    def new_cell(self, contents) -> Ref:
        ref = Ref(next(self.numbers))
        self.env["cell", ref.cell] = replace(contents, values=tuple(self.solid(item) for item in contents.values))
        return ref

    def solid(self, value: Value) -> Value:
        """A value that can be kept: lazy arrays are computed now."""
        if isinstance(value, Lazy):
            from adtrans.lower.nests import materialise

            return materialise(self, value)
        return value

    def contents(self, ref: Ref):
        return self.settled(self.env["cell", ref.cell], "the container")

    def as_array(self, value: Value) -> Value:
        """Numbers and arrays as they are; tuples and lists of numbers as the arrays NumPy makes of them."""
        match value:
            case Num() | View():
                return value
            case Seq() | Ref():
                from adtrans.lower.containers import to_array

                return to_array(self, value)
            case Py(None) | Py(str()):
                raise self.error(f"{value.value!r} is not a number or an array", kind="type")
            case Py():
                from adtrans.lower.scalars import python_number

                number = python_number(value.value)
                if number is None:
                    raise self.error(f"{describe(value)} is not a number or an array", kind="type")
                return number
        if hasattr(value, "element"):
            return value
        raise self.error(f"{describe(value)} is not a number or an array", kind="type")


def spell(operand: Operand) -> str:
    return str(operand.value) if isinstance(operand, Const) else operand.name or "i"


def describe(value: Value) -> str:
    """A value in words, for messages."""
    match value:
        case Num():
            return "a number"
        case Py(obj):
            kind = {"_ArrayFunctionDispatcher": "function"}.get(type(obj).__name__, type(obj).__name__)
            name = getattr(obj, "__name__", None)
            return f"{kind} {name!r}" if name else f"{obj!r}" if isinstance(obj, str) else f"a {kind}"
        case Seq():
            return "a tuple"
        case Ref():
            return "a container"
    if hasattr(value, "shape"):
        return "an array"
    return {"Func": "a function", "Method": "a method", "Range": "a range", "Iter": "an iterator",
            "SliceV": "a slice"}.get(type(value).__name__, "this")
