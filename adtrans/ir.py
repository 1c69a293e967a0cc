"""The core language every transformation works on, and `verify()`.

Scalars are in structured single-assignment form: a `Var` is defined once; loops carry values through
`Carry`, branches join them through `Merge`. Arrays are references to memory that `Store` and `Accumulate`
change; array references flow through carries and merges like scalars. Every statement owns the place in the
user's source that it came from.

    for i in range(n):          For(i, 0, n, 1, (Carry(s_in, 0.0, s_next, s_out),),
        s += x[i] * x[i]            (Let(t, Load(x, (i,))), Let(p, Prim("mul", (t, t))),
                                     Let(s_next, Prim("add", (s_in, p)))))
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Union

from adtrans.errors import Span

# --- types -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scalar:
    """A scalar: "b1", "i8", "f4" or "f8"."""

    code: str

    @property
    def is_float(self) -> bool:
        return self.code[0] == "f"


@dataclass(frozen=True)
class Array:
    """An array of `dtype` (a NumPy code such as "f4", "i4", "b1"), `rank` axes, layout "C", "F" or "A"."""

    dtype: str
    rank: int
    layout: str = "C"

    @property
    def element(self) -> Scalar:
        """The scalar type its elements are read as."""
        return Scalar({"f": self.dtype, "b": "b1"}.get(self.dtype[0], "i8"))

    @property
    def is_float(self) -> bool:
        return self.dtype[0] == "f"


@dataclass(frozen=True)
class ListOf:
    """A growable stack of scalars or array references (a tape whose length is not known beforehand)."""

    element: Scalar | Array

    @property
    def is_float(self) -> bool:
        return False


Type = Union[Scalar, Array, ListOf]
BOOL, INT, F4, F8 = Scalar("b1"), Scalar("i8"), Scalar("f4"), Scalar("f8")


class Var:
    """A value defined once. Identity is the object; `name` is only a wish for the writer.

    `user`: the name is the user's. `apart`: the counter of a loop that the user wrote, which stays a loop of its own.
    `lane`: the counter of a loop whose iterations pass nothing on but sums.
    """

    __slots__ = ("apart", "lane", "name", "type", "user")

    def __init__(self, type: Type, name: str | None = None, user: bool = False, apart: bool = False,
                 lane: bool = False):
        self.type, self.name, self.user, self.apart, self.lane = type, name, user, apart, lane

    def __repr__(self) -> str:
        return f"{self.name or '_'}@{id(self) & 0xFFFF:x}"


@dataclass(frozen=True)
class Const:
    """A literal scalar."""

    value: bool | int | float
    type: Scalar


Operand = Union[Var, Const]

# --- expressions -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prim:
    """A scalar operation, named as in the rule table."""

    op: str
    args: tuple[Operand, ...]


@dataclass(frozen=True)
class Load:
    """One element of an array."""

    array: Var
    index: tuple[Operand, ...]


@dataclass(frozen=True)
class Dim:
    """The extent of one axis."""

    array: Var
    axis: int


@dataclass(frozen=True)
class Pop:
    """The last item of a stack, removed from it."""

    stack: Var


Expr = Union[Prim, Load, Dim, Pop]

# --- statements ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Let:
    """var = expr, the only place a scalar is computed."""

    var: Var
    expr: Expr
    span: Span | None = None


@dataclass(frozen=True)
class Store:
    """array[index] = value."""

    array: Var
    index: tuple[Operand, ...]
    value: Operand
    span: Span | None = None


@dataclass(frozen=True)
class Accumulate:
    """array[index] += value."""

    array: Var
    index: tuple[Operand, ...]
    value: Operand
    span: Span | None = None


@dataclass(frozen=True)
class Alloc:
    """var = a new array; `fill` is "empty" or "zeros"."""

    var: Var
    shape: tuple[Operand, ...]
    fill: str = "zeros"
    span: Span | None = None


@dataclass(frozen=True)
class Slice:
    """start, start+step, ...: `stop` is where Python's slice would stop (None: past either end)."""

    start: Operand | None
    stop: Operand | None
    step: Operand


@dataclass(frozen=True)
class View:
    """var = base[subscript] then transposed by `order` (None: not). Shares the memory of `base`."""

    var: Var
    base: Var
    subscript: tuple[Operand | Slice | None, ...]
    order: tuple[int, ...] | None = None
    span: Span | None = None


@dataclass(frozen=True)
class Reshape:
    """var = base.reshape(shape), sharing the memory of a C-contiguous `base`."""

    var: Var
    base: Var
    shape: tuple[Operand, ...]
    span: Span | None = None


@dataclass(frozen=True)
class Strided:
    """var = a view of the one-dimensional `base`; offset and strides in elements."""

    var: Var
    base: Var
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    span: Span | None = None


@dataclass(frozen=True)
class Call:
    """vars = op(*args): a library routine that reads arrays and scalars and makes new ones."""

    vars: tuple[Var, ...]
    op: str
    args: tuple[Operand, ...]
    span: Span | None = None


@dataclass(frozen=True)
class Inner(Call):
    """A call of a program of its own, to be put in its place once all is differentiated. `function` knows the program
    and its derivatives (see `adtrans.inner`)."""

    function: Any = None


@dataclass(frozen=True)
class NewList:
    """var = an empty stack."""

    var: Var
    span: Span | None = None


@dataclass(frozen=True)
class Push:
    """Append to a stack."""

    stack: Var
    value: Operand
    span: Span | None = None


@dataclass(frozen=True)
class Carry:
    """A value carried round a loop: `inside` at the head of each iteration, `after` once it has ended."""

    inside: Var
    init: Operand
    next: Operand
    after: Var


@dataclass(frozen=True)
class For:
    """for counter in range(start, stop, step). `leave`, when given, ends the loop after an iteration
    in which it is true. The counter takes Python's values. `step` is never zero (checked before). `segments`: the
    reverse sweep runs the loop again in so many parts (see `segments`)."""

    counter: Var
    start: Operand
    stop: Operand
    step: Operand
    carries: tuple[Carry, ...]
    body: tuple[Stmt, ...]
    leave: Operand | None = None
    span: Span | None = None
    segments: int | None = None


@dataclass(frozen=True)
class Parallel(For):
    """for counter in range(stop), the iterations in any order and at once: each writes to memory of its own, or, with
    two `colours`, to memory that only the iterations just before and after it touch, which then do not run meanwhile.

    It starts from 0 with a step of 1 and carries nothing. With `single` there may be just one. A check that fails ends
    the iteration, and is noted in its row of `failed`: the number of the check and its values. `uneven` ones take more
    time the later they come, or the earlier.
    """

    colours: int = 1
    failed: Var | None = None
    single: bool = True
    uneven: bool = False


@dataclass(frozen=True)
class While:
    """while test: `head` (pure, computes `test`) runs before each iteration."""

    carries: tuple[Carry, ...]
    head: tuple[Stmt, ...]
    test: Operand
    body: tuple[Stmt, ...]
    span: Span | None = None


@dataclass(frozen=True)
class Merge:
    """The value of `after` is `then` or `orelse`, by the branch that ran."""

    after: Var
    then: Operand
    orelse: Operand


@dataclass(frozen=True)
class If:
    """A branch and the values it joins."""

    test: Operand
    then: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...]
    merges: tuple[Merge, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class Check:
    """Raise `error` (the name of a builtin exception) with `message` unless `test` holds.

    `values` are printed after the message (the index and the extent, say). In a `Parallel` loop nothing is raised:
    `number` is what is noted.
    """

    test: Operand
    error: str
    message: str
    values: tuple[Operand, ...] = ()
    span: Span | None = None
    number: int = 0


@dataclass(frozen=True)
class Print:
    """print(*items): strings and operands."""

    items: tuple[str | Operand, ...]
    span: Span | None = None


Stmt = Union[Let, Store, Accumulate, Alloc, View, Reshape, Strided, Call, NewList, Push, For, Parallel, While, If,
             Check, Print]


@dataclass(frozen=True)
class Program:
    """A function in the core language.

    `params` in order; `mutable` are the array parameters that are copied before anything else runs, so that
    the caller's stay as they are. `results` are what it returns.
    """

    name: str
    params: tuple[Var, ...]
    body: tuple[Stmt, ...]
    results: tuple[Operand, ...]
    mutable: frozenset[Var] = frozenset()
    doc: str = ""
    facts: dict = field(default_factory=dict, compare=False)


class MalformedProgram(Exception):
    """A pass has produced something that is not a program: a defect of adtrans."""


# --- walking ---------------------------------------------------------------------------------------------


def operands(node) -> Iterator[Operand]:
    """The operands read directly by a statement or expression (not those of nested statements)."""
    match node:
        case Prim(_, args):
            yield from args
        case Load(array, index):
            yield array
            yield from index
        case Dim(array, _):
            yield array
        case Pop(stack):
            yield stack
        case Let(_, expr):
            yield from operands(expr)
        case Store(array, index, value) | Accumulate(array, index, value):
            yield array
            yield from index
            yield value
        case Alloc(_, shape):
            yield from shape
        case View(_, base, subscript):
            yield base
            for item in subscript:
                match item:
                    case None:
                        pass
                    case Slice(start, stop, step):
                        yield from (part for part in (start, stop, step) if part is not None)
                    case _:
                        yield item
        case Reshape(_, base, shape):
            yield base
            yield from shape
        case Strided(_, base):
            yield base
        case Call(_, _, args):
            yield from args
        case NewList():
            return
        case Push(stack, value):
            yield stack
            yield value
        case For(_, start, stop, step, carries):
            yield from (start, stop, step)
            yield from (carry.init for carry in carries)
            if isinstance(node, Parallel) and node.failed is not None:
                yield node.failed
        case While(carries):
            yield from (carry.init for carry in carries)
        case If(test):
            yield test
        case Check(test, values=values):
            yield test
            yield from values
        case Print(items):
            yield from (item for item in items if not isinstance(item, str))
        case _:
            raise MalformedProgram(f"not a node: {node!r}")


def inner_operands(statement) -> Iterator[Operand]:
    """The operands read at the end of a statement's regions."""
    match statement:
        case For(carries=carries, leave=leave):
            yield from (carry.next for carry in carries)
            if leave is not None:
                yield leave
        case While(carries=carries, test=test):
            yield test
            yield from (carry.next for carry in carries)
        case If(merges=merges):
            for merge in merges:
                yield merge.then
                yield merge.orelse


def regions(statement) -> tuple[tuple[Stmt, ...], ...]:
    """The nested statement lists of a statement."""
    match statement:
        case For(body=body):
            return (body,)
        case While(head=head, body=body):
            return (head, body)
        case If(then=then, orelse=orelse):
            return (then, orelse)
    return ()


def defined(statement) -> tuple[Var, ...]:
    """The variables a statement defines for the statements that follow it."""
    match statement:
        case Let(var) | Alloc(var) | View(var) | Reshape(var) | Strided(var) | NewList(var):
            return (var,)
        case Call(vars=vars):
            return vars
        case For(carries=carries) | While(carries=carries):
            return tuple(carry.after for carry in carries)
        case If(merges=merges):
            return tuple(merge.after for merge in merges)
    return ()


def walk(body) -> Iterator[Stmt]:
    """Every statement of a body, nested ones included, in textual order."""
    for statement in body:
        yield statement
        for region in regions(statement):
            yield from walk(region)


def introduced(body) -> set[Var]:
    """The variables that a body defines, at any depth, counters and what loops carry included."""
    found: set[Var] = set()
    for statement in walk(body):
        found.update(defined(statement))
        match statement:
            case For(counter=counter, carries=carries):
                found.update((counter, *(carry.inside for carry in carries)))
            case While(carries=carries):
                found.update(carry.inside for carry in carries)
    return found


def free_variables(loop: For | While) -> dict[Var, None]:
    """The variables from outside that the iterations of a loop read."""
    inside, found = introduced((loop,)), {}
    for statement in walk((loop,)):
        reads = inner_operands(statement) if statement is loop else (*operands(statement), *inner_operands(statement))
        found.update((operand, None) for operand in reads if isinstance(operand, Var) and operand not in inside)
    return found


def size(program: Program) -> int:
    """The number of statements."""
    return sum(1 for _ in walk(program.body))


# --- verification ----------------------------------------------------------------------------------------

FLOAT_ONLY = frozenset({"div", "sqrt", "exp", "log", "sin", "cos", "tan", "tanh"})
TESTS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "isnan", "isinf", "isfinite"})


def verify(program: Program) -> Program:
    """Raise MalformedProgram unless every variable is defined once, before use, with fitting types."""
    seen: set[Var] = set()

    def define(var: Var, scope: set[Var]) -> None:
        if var in seen:
            raise MalformedProgram(f"{var!r} is defined twice")
        seen.add(var)
        scope.add(var)

    def use(operand: Operand, scope: set[Var], where) -> None:
        if isinstance(operand, Var) and operand not in scope:
            raise MalformedProgram(f"{operand!r} is used outside its scope in {where!r}")
        if not isinstance(operand, (Var, Const)):
            raise MalformedProgram(f"{operand!r} is not an operand in {where!r}")

    def same(a: Operand, b: Operand, where) -> None:
        left, right = a.type, b.type
        if isinstance(left, Array) and isinstance(right, Array):
            left, right = (left.dtype, left.rank), (right.dtype, right.rank)
        if left != right:
            raise MalformedProgram(f"{a!r}: {a.type} does not fit {b!r}: {b.type} in {where!r}")

    def block(body, scope: set[Var]) -> set[Var]:
        scope = set(scope)
        for statement in body:
            for operand in operands(statement):
                use(operand, scope, statement)
            types(statement)
            match statement:
                case For(counter=counter, carries=carries, body=inner, leave=leave):
                    loop(statement, carries, (inner,), scope, [counter], leave)
                case While(carries=carries, head=head, body=inner, test=test):
                    loop(statement, carries, (head, inner), scope, [], test)
                case If(then=then, orelse=orelse, merges=merges):
                    inside = block(then, scope), block(orelse, scope)
                    for merge in merges:
                        use(merge.then, inside[0], merge)
                        use(merge.orelse, inside[1], merge)
                        same(merge.after, merge.then, merge)
                        same(merge.after, merge.orelse, merge)
            for var in defined(statement):
                define(var, scope)
        return scope

    def loop(statement, carries, inner, scope, counters, last) -> None:
        within = set(scope)
        for var in [*counters, *(carry.inside for carry in carries)]:
            define(var, within)
        for region in inner[:-1]:
            ended = block(region, within)
            use(last, ended, statement)
        ended = block(inner[-1], within)
        for carry in carries:
            use(carry.next, ended, statement)
            for other in (carry.init, carry.next, carry.after):
                same(carry.inside, other, statement)
        if len(inner) == 1 and last is not None:
            use(last, ended, statement)

    scope: set[Var] = set()
    for param in program.params:
        define(param, scope)
    ended = block(program.body, scope)
    for result in program.results:
        use(result, ended, program.name)
    return program


def types(statement) -> None:
    """Raise MalformedProgram unless the types within one statement fit."""

    def need(condition: bool) -> None:
        if not condition:
            raise MalformedProgram(f"types do not fit in {statement!r}")

    match statement:
        case Let(var, Prim(op, args)):
            need(all(isinstance(arg.type, Scalar) for arg in args))
            if op in TESTS:
                need(var.type == BOOL)
            elif op == "select":
                need(args[0].type == BOOL and args[1].type == args[2].type == var.type)
            elif op == "truediv" or op in FLOAT_ONLY:
                need(var.type.is_float and all(arg.type == var.type for arg in args))
            elif op in ("add", "sub", "mul", "neg"):
                need(all(arg.type == var.type for arg in args))
        case Let(var, Load(array, index)):
            need(isinstance(array.type, Array) and array.type.rank == len(index))
            need(var.type == array.type.element and all(i.type == INT for i in index))
        case Let(var, Dim(array, axis)):
            need(var.type == INT and axis < array.type.rank)
        case Store(array, index, value) | Accumulate(array, index, value):
            need(isinstance(array.type, Array) and array.type.rank == len(index))
            need(value.type == array.type.element and all(i.type == INT for i in index))
        case Alloc(var, shape) | Reshape(var, _, shape):
            need(var.type.rank == len(shape) and all(n.type == INT for n in shape))
        case For(_, start, stop, step):
            need(all(part.type == INT for part in (start, stop, step)))
        case If(test) | Check(test) | While(test=test):
            need(test.type == BOOL)
        case Push(stack, value):
            need(isinstance(stack.type, ListOf))
