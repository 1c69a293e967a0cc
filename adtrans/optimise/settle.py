"""Of several writes to one element the last does it all.

    t = x_bar[i]                        t = x_bar[i]
    x_bar[i] = 0.0              ->      u = t * 2.0
    x_bar[i] += t * 2.0                 x_bar[i] = u

Sums are added up first, what is stored over is not stored, and neither is what has just been read from there. Only
writes in one statement list are joined, and only where nothing in between may look at the element.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.analysis.indices import Indices
from adtrans.ir import Accumulate, Check, Const, Dim, If, Let, Load, Operand, Prim, Program, Stmt, Store, Var

Place = tuple[Var, tuple[Operand, ...]]


@dataclass
class Written:
    """The latest write to a place: where it stands, and whether the place held `loaded` just before the first."""

    at: int
    loaded: Var | None


def settle(program: Program) -> Program:
    """The program with writes to one element joined."""
    settler = Settler(program)
    body = settler.block(program.body)
    return replace(program, body=body) if settler.changed else program


class Settler:
    def __init__(self, program: Program):
        self.classes = memory_classes(program)
        self.indices = Indices(program)
        self.changed = False

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(Straight(self).run(body))

    def inside(self, statement: Stmt) -> Stmt:
        """The statement with the lists within it settled."""
        match statement:
            case ir.For(body=body):
                return replace(statement, body=self.block(body))
            case ir.While(head=head, body=body):
                return replace(statement, head=self.block(head), body=self.block(body))
            case If(then=then, orelse=orelse):
                return replace(statement, then=self.block(then), orelse=self.block(orelse))
        return statement

    def apart(self, one: Place, other: Place) -> bool:
        """Whether two places of a memory class are different elements of one array."""
        if one[0] is not other[0]:
            return False
        pairs = [(self.indices.plain(a), self.indices.plain(b)) for a, b in zip(one[1], other[1])]
        return any(a is not None and b is not None and a[0] is b[0] and a[1] != b[1] for a, b in pairs)


class Straight:
    """One statement list in the making: what was written and read last, by class of memory."""

    def __init__(self, settler: Settler):
        self.settler = settler
        self.done: list[Stmt | None] = []
        self.written: dict[Var, dict[Place, Written]] = {}
        self.loaded: dict[Var, dict[Place, Var]] = {}

    def run(self, body: tuple[Stmt, ...]) -> Iterator[Stmt]:
        for statement in body:
            self.add(statement)
        return (statement for statement in self.done if statement is not None)

    def add(self, statement: Stmt) -> None:
        match statement:
            case Let(var, Load(array, index)):
                self.read(array, index)
                self.loaded.setdefault(self.settler.classes[array], {})[array, index] = var
            case Store(array, index) | Accumulate(array, index):
                self.write(statement, self.settler.classes[array], (array, index))
                return
            case Let(_, Prim() | Dim()) | Check():
                pass
            case ir.For() | ir.While() | If():
                self.forget(statement)
                statement = self.settler.inside(statement)
            case _:
                self.written.clear()
                self.loaded.clear()
        self.done.append(statement)

    def read(self, array: Var, index: tuple[Operand, ...]) -> None:
        """Writes that a read may see stay as they are."""
        group = self.settler.classes[array]
        known = self.written.get(group, {})
        for place in [place for place in known if not self.settler.apart(place, (array, index))]:
            del known[place]
            self.loaded.get(group, {}).pop(place, None)

    def write(self, statement: Store | Accumulate, group: Var, place: Place) -> None:
        """Join a write with the one before it to the same place, if that still can be changed."""
        known, loaded = self.written.setdefault(group, {}), self.loaded.setdefault(group, {})
        before = known.get(place)
        for table in (known, loaded):
            for other in [other for other in table if other != place and not self.settler.apart(other, place)]:
                del table[other]
        start = before.loaded if before is not None else loaded.get(place)
        if before is not None and self.join(before.at, statement):
            pass
        else:
            start = loaded.get(place) if before is None else None
            self.done.append(statement)
        last = self.done[-1]
        if isinstance(last, Store) and last.value is start:
            self.done[-1] = None
            self.settler.changed = True
            known.pop(place, None)
            return
        loaded.pop(place, None)
        known[place] = Written(len(self.done) - 1, start)

    def join(self, at: int, statement: Store | Accumulate) -> bool:
        """Put one write in the place of two."""
        before = self.done[at]
        if isinstance(statement, Accumulate):
            element = statement.array.type.element
            if not element.is_float or before.value.type != element or statement.value.type != element:
                return False
            statement = replace(statement, value=self.sum(before.value, statement))
            if isinstance(before, Store):
                statement = Store(statement.array, statement.index, statement.value, statement.span)
        self.done[at] = None
        self.done.append(statement)
        self.settler.changed = True
        return True

    def sum(self, value: Operand, statement: Accumulate) -> Operand:
        if isinstance(value, Const) and value.value == 0.0:
            return statement.value
        total = Var(statement.array.type.element, "t")
        self.done.append(Let(total, Prim("add", (value, statement.value)), statement.span))
        return total

    def forget(self, statement: Stmt) -> None:
        """What a loop or branch touches is neither known nor changed any more."""
        for inner in ir.walk((statement,)):
            match inner:
                case Let(_, Load(array)) | Store(array) | Accumulate(array):
                    self.written.pop(self.settler.classes[array], None)
                    self.loaded.pop(self.settler.classes[array], None)
                case Let(_, Prim() | Dim()) | Check() | ir.For() | ir.While() | If():
                    pass
                case _:
                    self.written.clear()
                    self.loaded.clear()
