"""Joining what names mean where control flow meets: after a branch, round a loop.

A value is flattened into a template (its static form) and operands; two values join when their templates do.
Numbers widen, arrays become references, containers join item by item; anything else that differs becomes a
`Poison` which is an error only when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adtrans.build import FALSE, TRUE, ZERO, Block, zero
from adtrans.ir import BOOL, Array, If, Merge, Operand, Scalar, Var, defined
from adtrans.lower import views
from adtrans.lower.nests import materialise
from adtrans.lower.scalars import as_type, promote
from adtrans.lower.values import (
    Along,
    Contents,
    Fixed,
    Func,
    Lazy,
    Maybe,
    Num,
    Poison,
    Py,
    Range,
    Seq,
    Value,
    View,
)


@dataclass(frozen=True)
class NumT:
    code: str
    weak: bool


@dataclass(frozen=True)
class ArrayT:
    dtype: str
    rank: int
    layout: str
    extents: tuple[Operand | None, ...]


@dataclass(frozen=True)
class SeqT:
    cls: type
    items: tuple
    keys: tuple | None = None
    mutable: bool = False


@dataclass(frozen=True)
class RangeT:
    pass


@dataclass(frozen=True)
class StaticT:
    value: Value


@dataclass(frozen=True)
class MaybeT:
    inner: object


MISSING = object()


def template(low, value) -> object:
    """The static form of a value."""
    match value:
        case Num(_, weak):
            return NumT(value.code, weak)
        case View():
            layout = value.base.type.layout if views.is_identity(low, value) else "A"
            return ArrayT(value.dtype, value.rank, layout, value.shape)
        case Lazy():
            return ArrayT(value.dtype, value.rank, "C", value.shape)
        case Seq(items, cls):
            return SeqT(cls, tuple(template(low, item) for item in items))
        case Contents(cls, items, keys):
            return SeqT(cls, tuple(template(low, item) for item in items), keys, True)
        case Range():
            return RangeT()
        case Maybe(inner, _):
            return MaybeT(template(low, inner))
    return StaticT(value)


def join_templates(low, a, b):
    """The template that both fit."""
    if a == b:
        return a
    match a, b:
        case (MaybeT(x), MaybeT(y)) | (MaybeT(x), y) | (x, MaybeT(y)) if not (x is a and y is b):
            return MaybeT(join_templates(low, x, y))
        case NumT(), NumT():
            return NumT(*promote((a.code, a.weak), (b.code, b.weak))) if a.code != b.code else \
                NumT(a.code, a.weak and b.weak)
        case ArrayT(), ArrayT() if a.rank == b.rank and (a.dtype == b.dtype or a.dtype[0] == b.dtype[0] == "f"):
            extents = tuple(x if x is not None and y is not None and low.equal_extents(x, y) else None
                            for x, y in zip(a.extents, b.extents))
            layout = a.layout if a.layout == b.layout else "A"
            return ArrayT(max(a.dtype, b.dtype), a.rank, layout, extents)
        case SeqT(), SeqT() if (a.cls, a.keys, len(a.items), a.mutable) == (b.cls, b.keys, len(b.items), b.mutable):
            return SeqT(a.cls, tuple(join_templates(low, x, y) for x, y in zip(a.items, b.items)), a.keys, a.mutable)
        case (StaticT(Poison() as poison), _) | (_, StaticT(Poison() as poison)):
            return StaticT(poison)
    return StaticT(mismatch(a, b))


def mismatch(a, b) -> Poison:
    """Why two bindings of a name do not fit together."""
    if isinstance(a, ArrayT) and isinstance(b, ArrayT):
        return Poison(f"is an array of {a.rank} axes and dtype {a.dtype} on one path and of {b.rank} axes and "
                      f"dtype {b.dtype} on another")
    if isinstance(a, SeqT) and isinstance(b, SeqT):
        return Poison("is a container whose length changes from path to path or round a loop",
                      "preallocate an array: np.empty(n)")
    return Poison(f"is {words(a)} on one path and {words(b)} on another")


def words(t) -> str:
    match t:
        case NumT():
            return "a number"
        case ArrayT():
            return "an array"
        case SeqT():
            return "a container"
        case StaticT(Py(None)):
            return "None"
        case StaticT(Py(obj)):
            return f"the {type(obj).__name__} {obj!r}"
        case StaticT(Func()):
            return "a function"
    return "something else"


def convert(low, value, wanted) -> list[Operand]:
    """The operands of a value in the form of a template, emitted into the open block."""
    match wanted:
        case NumT(code, _):
            if value is MISSING or not isinstance(value, Num):
                return [zero(Scalar(code))]
            return [as_type(low, value, code).operand]
        case ArrayT():
            return [array_reference(low, value, wanted)]
        case SeqT(items=items):
            parts = [MISSING] * len(items) if value is MISSING else (
                value.items if isinstance(value, Seq) else value.values)
            return [operand for part, item in zip(parts, items) for operand in convert(low, part, item)]
        case RangeT():
            return [value.start, value.stop, value.step]
        case MaybeT(inner):
            flag, value = (FALSE, MISSING) if value is MISSING else (
                (value.flag, value.value) if isinstance(value, Maybe) else (TRUE, value))
            return [flag, *convert(low, value, inner)]
    return []


def array_reference(low, value, wanted: ArrayT) -> Var:
    if value is MISSING:
        return placeholder(low, Array(wanted.dtype, wanted.rank))
    view = materialise(low, value) if isinstance(value, Lazy) else value
    if view.dtype != wanted.dtype:
        made = materialise(low, view, wanted.dtype)
        if named_twice(low, view):
            low.sever(view.base, made.base, "has another dtype on another path while other names refer to it")
        return made.base
    found = views.reference(low, view)
    return found if found is not None else materialise(low, view).base


def named_twice(low, view: View) -> bool:
    """Whether more than one name may refer to the memory of a view."""
    sites = low.points[view.base]
    return sum(1 for value in low.env.values() if isinstance(value, View) and low.points[value.base] & sites) > 1


def rebuild(low, form, operands: Iterator[Operand]) -> Value:
    """The value of a template and its operands."""
    match form:
        case NumT(_, weak):
            return Num(next(operands), weak)
        case ArrayT(extents=extents):
            base = next(operands)
            for axis, extent in enumerate(extents):
                if extent is not None:
                    low.build.assume_dim(base, axis, extent)
            return views.whole(low, base)
        case SeqT(cls, items, keys, mutable):
            values = tuple(rebuild(low, item, operands) for item in items)
            return Contents(cls, values, keys) if mutable else Seq(values, cls)
        case RangeT():
            return Range(next(operands), next(operands), next(operands))
        case MaybeT(inner):
            flag = next(operands)
            return Maybe(rebuild(low, inner, operands), flag)
        case StaticT(value):
            return value


def operand_types(form) -> list:
    """The types of the operands of a template, in order."""
    match form:
        case NumT(code, _):
            return [Scalar(code)]
        case ArrayT(dtype, rank, layout, _):
            return [Array(dtype, rank, layout)]
        case SeqT(items=items):
            return [type for item in items for type in operand_types(item)]
        case RangeT():
            return [Scalar("i8")] * 3
        case MaybeT(inner):
            return [BOOL, *operand_types(inner)]
    return []


# --- branches --------------------------------------------------------------------------------------------


@contextmanager
def reopened(low, block: Block) -> Iterator[None]:
    """Append to a block that was closed."""
    low.build.blocks.append(block)
    try:
        yield
    finally:
        low.build.blocks.pop()


def branch(low, test: Operand, then: Callable[[], None], orelse: Callable[[], None]) -> None:
    """Read both sides and join them: an If whose merges carry what differs."""
    before = low.env
    envs, blocks = [], []
    for side in (then, orelse):
        low.env = dict(before)
        low.branch_depth += 1
        try:
            with low.build.block() as block:
                side()
        finally:
            low.branch_depth -= 1
        envs.append(low.env)
        blocks.append(block)
    joined, merges = join_envs(low, envs, blocks)
    low.build.emit(If(test, tuple(blocks[0].body), tuple(blocks[1].body), tuple(merges), low.build.span))
    low.env = {key: value() if isinstance(value, Pending) else value for key, value in joined.items()}


def join_envs(low, envs: list[dict], blocks: list[Block]) -> tuple[dict, list[Merge]]:
    """What names mean after a branch. Where one side has returned, the function's own names are the other's."""
    joined: dict = {}
    merges: list[Merge] = []
    gone = [returned(low, env) for env in envs]
    number = low.frame.number
    for key in dict.fromkeys([*envs[0], *envs[1]]):
        a, b = envs[0].get(key, MISSING), envs[1].get(key, MISSING)
        if a is b or (a is not MISSING and b is not MISSING and a == b):
            joined[key] = a
        elif key[0] == number and gone[0] != gone[1]:
            kept = b if gone[0] else a
            if kept is not MISSING:
                joined[key], made = surviving(low, kept, 1 if gone[0] else 0, blocks, key)
                merges += made
        else:
            joined[key], made = join_value(low, a, b, blocks, key)
            merges += made
    return joined, merges


def surviving(low, value, side: int, blocks: list[Block], key) -> tuple[Value, list[Merge]]:
    """The value of the side that goes on, seen from after the branch."""
    inner = {var for statement in blocks[side].body for var in defined(statement)}
    merges: dict[Var, Merge] = {}

    def outside(operand: Operand) -> Operand:
        if operand not in inner:
            return operand
        if operand not in merges:
            after = Var(operand.type, operand.name, operand.user)
            with reopened(low, blocks[1 - side]):
                other = placeholder(low, operand.type)
            pair = (operand, other) if side == 0 else (other, operand)
            merges[operand] = Merge(after, *pair)
            if isinstance(operand.type, Array):
                low.points[after] = low.points[operand] | low.points[other]
                if operand in low.extents:
                    low.extents[after] = tuple(outside(extent) for extent in low.extents[operand])
        return merges[operand].after

    return map_operands(value, outside), list(merges.values())


def placeholder(low, type) -> Operand:
    if isinstance(type, Array):
        return low.fresh(low.build.alloc(type.dtype, (ZERO,) * type.rank, "zeros"))
    return zero(type)


def map_operands(value, change: Callable[[Operand], Operand]):
    """A value with every operand replaced."""
    def each(items):
        return tuple(map_operands(item, change) for item in items)

    match value:
        case Num(operand, weak):
            return Num(change(operand), weak)
        case View(base, axes, shape):
            changed = tuple(Fixed(change(axis.index)) if isinstance(axis, Fixed)
                            else Along(axis.axis, change(axis.start), change(axis.step)) for axis in axes)
            return View(change(base), changed, tuple(change(extent) for extent in shape))
        case Seq(items, cls):
            return Seq(each(items), cls)
        case Contents(cls, items, keys):
            return Contents(cls, each(items), keys)
        case Range(start, stop, step):
            return Range(change(start), change(stop), change(step))
        case Maybe(inner, flag):
            return Maybe(map_operands(inner, change), change(flag))
    return value


def returned(low, env: dict) -> bool:
    flag = env.get(("flow", "returned", low.frame.number))
    return isinstance(flag, Num) and flag.operand == TRUE


def join_value(low, a, b, blocks: list[Block], key) -> tuple[Pending, list[Merge]]:
    """One value after a branch, and the merges it takes."""
    if a is MISSING or b is MISSING:
        form = template(low, b if a is MISSING else a)
        if key[0] != "flow" and not isinstance(form, MaybeT):
            form = MaybeT(form)
    else:
        form = join_templates(low, template(low, a), template(low, b))
    sides = []
    for value, block in zip((a, b), blocks):
        with reopened(low, block):
            sides.append(convert(low, value, form))
    merges, operands = [], []
    for left, right, type in zip(*sides, operand_types(form)):
        if left is right or left == right:
            operands.append(left)
            continue
        name = key[1] if isinstance(key[1], str) else None
        after = Var(type, name)
        if isinstance(type, Array):
            low.points[after] = low.points[left] | low.points[right]
        merges.append(Merge(after, left, right))
        operands.append(after)
    inner = {var for block in blocks for statement in block.body for var in defined(statement)}
    return Pending(low, strip_extents(form, inner), operands), merges


@dataclass(frozen=True)
class Pending:
    """A joined value that can be rebuilt once the branch has been emitted."""

    low: object
    form: object
    operands: list[Operand]

    def __call__(self) -> Value:
        return rebuild(self.low, self.form, iter(self.operands))


def strip_extents(form, inner: set):
    """Without extents that are known only within a branch or loop: those in `inner`."""
    match form:
        case ArrayT(extents=extents):
            return ArrayT(form.dtype, form.rank, form.layout,
                          tuple(None if isinstance(extent, Var) and extent in inner else extent for extent in extents))
        case SeqT(cls, items, keys, mutable):
            return SeqT(cls, tuple(strip_extents(item, inner) for item in items), keys, mutable)
        case MaybeT(form):
            return MaybeT(strip_extents(form, inner))
    return form
