"""Names for variables: the user's where they had one, the same name for versions that never live at once.

`choose_names(program)` gives a name to every variable. The versions of a loop-carried or branch-joined variable share
one name, so that carrying and joining cost no statement, unless two of them are needed at the same time.
"""

from __future__ import annotations

import builtins
import keyword

from adtrans import ir
from adtrans.ir import Array, For, If, Let, ListOf, Operand, Program, Stmt, Var, While

RESERVED = {*keyword.kwlist, *dir(builtins), "np", "math", "numba", "factors", "prange"}
Pieces = list[tuple[int, int]]


class Lives:
    """Where each variable holds a value that is still needed, as intervals of positions.

    Every statement has positions: it reads at an even one and defines at the odd one after it.
    """

    def __init__(self, program: Program, folded: dict[Var, Let] | None = None):
        self.folded = folded or {}
        self.pieces: dict[Var, Pieces] = {}
        self.order: list[Var] = []
        self.position = 0
        self.ends: dict[int, tuple[int, ...]] = {}
        self.number(program.body)
        self.last = self.step()
        live: dict[Var, int] = {}
        for result in program.results:
            self.read(result, self.last, live)
        live = self.block(program.body, live)
        for param in program.params:
            self.define(param, 1, live)

    def step(self) -> int:
        self.position += 2
        return self.position

    def number(self, body) -> None:
        """Give every statement its positions: its head, and the end of each of its regions."""
        for statement in body:
            head = self.step()
            ends = []
            for region in ir.regions(statement):
                self.number(region)
                ends.append(self.step())
            self.ends[id(statement)] = (head, *ends)

    def define(self, var: Var, at: int, live: dict[Var, int]) -> None:
        self.order.append(var)
        self.pieces.setdefault(var, []).append((at, live.pop(var, at)))

    def close(self, live: dict[Var, int], at: int) -> None:
        for var, last in live.items():
            self.pieces.setdefault(var, []).append((at, last))

    def block(self, body: tuple[Stmt, ...], live: dict[Var, int]) -> dict[Var, int]:
        for statement in reversed(body):
            live = self.statement(statement, live)
        return live

    def read(self, operand: Operand | None, at: int, live: dict[Var, int]) -> None:
        """Note a use; what is written inside an expression is read where that expression stands."""
        if not isinstance(operand, Var):
            return
        if operand in self.folded:
            for inner in ir.operands(self.folded[operand].expr):
                self.read(inner, at, live)
        else:
            live.setdefault(operand, at)

    def statement(self, statement: Stmt, live: dict[Var, int]) -> dict[Var, int]:
        head, *ends = self.ends[id(statement)]
        match statement:
            case For() | While():
                return self.loop(statement, live, head, ends)
            case If():
                return self.branch(statement, live, head, ends)
        if isinstance(statement, Let) and statement.var in self.folded:
            return live
        for var in ir.defined(statement):
            self.define(var, head + 1, live)
        for operand in ir.operands(statement):
            self.read(operand, head, live)
        return live

    def loop(self, statement, live: dict[Var, int], head: int, ends: list[int]) -> dict[Var, int]:
        """Everything that comes from outside lives through the whole loop."""
        end = ends[-1]
        leaving = [carry.inside for carry in statement.carries if carry.after in live]
        for carry in statement.carries:
            self.define(carry.after, end + 1, live)
        inner: dict[Var, int] = {}
        self.read(statement.leave if isinstance(statement, For) else None, end, inner)
        for carry in statement.carries:
            self.read(carry.next, end, inner)
        inner = self.block(statement.body, inner)
        if isinstance(statement, While):
            for var in leaving:  # when the test fails, what is carried goes on after the loop
                self.read(var, ends[0], inner)
            self.read(statement.test, ends[0], inner)
            inner = self.block(statement.head, inner)
        for carry in statement.carries:
            self.define(carry.inside, head + 1, inner)
        if isinstance(statement, For):
            self.define(statement.counter, head + 1, inner)
        through = dict.fromkeys({*inner, *live}, end)
        self.close({var: last for var, last in live.items() if last > end}, end)
        live = {}
        self.close(through, head)
        live.update(dict.fromkeys(through, head))
        for operand in ir.operands(statement):
            self.read(operand, head, live)
        return live

    def branch(self, statement: If, live: dict[Var, int], head: int, ends: list[int]) -> dict[Var, int]:
        for merge in statement.merges:
            self.define(merge.after, ends[1] + 1, live)
        self.close(live, ends[1])
        before: dict[Var, int] = {}
        for k, region in enumerate((statement.then, statement.orelse)):
            inner = dict.fromkeys(live, ends[k])
            for merge in statement.merges:
                self.read((merge.then, merge.orelse)[k], ends[k], inner)
            inner = self.block(region, inner)
            start = head if k == 0 else ends[0] + 1
            self.close(inner, start)
            before.update(dict.fromkeys(inner, head))
        for operand in ir.operands(statement):
            self.read(operand, head, before)
        return before


class Webs:
    """Variables that share a name: a union-find with the intervals of each class."""

    def __init__(self, lives: Lives):
        self.parent: dict[Var, Var] = {}
        self.pieces = {var: list(pieces) for var, pieces in lives.pieces.items()}
        self.fixed: set[Var] = set()
        self.folded = lives.folded

    def find(self, var: Var) -> Var:
        while var in self.parent:
            var = self.parent[var]
        return var

    def force(self, a: Var, b: Var) -> None:
        a, b = self.find(a), self.find(b)
        if a is not b:
            self.parent[b] = a
            self.pieces[a] = self.pieces[a] + self.pieces.pop(b)
            if b in self.fixed:
                self.fixed.add(a)

    def attempt(self, a: Operand, b: Operand) -> None:
        """Give `a` and `b` one name if they never hold different values at once."""
        if not (isinstance(a, Var) and isinstance(b, Var)) or b in self.folded or a.type != b.type:
            return
        x, y = self.find(a), self.find(b)
        if x is y or (x in self.fixed and y in self.fixed):
            return
        if a.user and b.user and a.name != b.name:
            return
        if not overlap(self.pieces[x], self.pieces[y]):
            self.force(*((y, x) if y in self.fixed else (x, y)))


def overlap(a: Pieces, b: Pieces) -> bool:
    return any(low <= other_high and other_low <= high for low, high in a for other_low, other_high in b)


def choose_names(program: Program, folded: dict[Var, Let] | None = None) -> dict[Var, str]:
    """A name for every variable of the program that is not folded into an expression."""
    lives = Lives(program, folded)
    webs = Webs(lives)
    webs.fixed.update(program.params)
    for statement in ir.walk(program.body):
        match statement:
            case For(carries=carries) | While(carries=carries):
                end = lives.ends[id(statement)][-1]
                for carry in carries:
                    webs.pieces[webs.find(carry.inside)].append((end + 1, end + 1))
                    webs.force(carry.inside, carry.after)
            case If(merges=merges):
                end = lives.ends[id(statement)][-1]
                for merge in merges:
                    webs.pieces[webs.find(merge.after)].append((end + 1, end + 1))
    for statement in ir.walk(program.body):
        match statement:
            case For(carries=carries) | While(carries=carries):
                for carry in carries:
                    webs.attempt(carry.inside, carry.next)
                    webs.attempt(carry.inside, carry.init)
            case If(merges=merges):
                for merge in merges:
                    webs.attempt(merge.after, merge.then)
                    webs.attempt(merge.after, merge.orelse)
    return spread_names(program, webs, lives)


def spread_names(program: Program, webs: Webs, lives: Lives) -> dict[Var, str]:
    """Wished names, with a number where two webs of one wish live at once."""
    members: dict[Var, list[Var]] = {}
    for var in [*program.params, *reversed(lives.order)]:
        members.setdefault(webs.find(var), []).append(var)
    taken: dict[str, list[tuple[Pieces, object]]] = {}
    names: dict[Var, str] = {}
    wishes = {var.name for group in members.values() for var in group if var.user and var.name}
    ordered = sorted(members, key=lambda root: (root not in webs.fixed, not any(v.user for v in members[root])))
    for root in ordered:
        group = list(dict.fromkeys(members[root]))
        wish = wished(group, wishes)
        kind = type_key(group[0])
        pieces = webs.pieces[root]
        number = 0
        while True:
            name = wish if number == 0 else f"{wish}_{number}"
            holders = taken.setdefault(name, [])
            fits = all(other == kind and not overlap(pieces, held) for held, other in holders)
            if fits and name not in RESERVED and (number == 0 or name not in wishes):
                break
            number += 1
        holders.append((pieces, kind))
        for var in group:
            names[var] = name
    return names


def type_key(var: Var):
    """Names are shared only between equal types, which compiled code needs."""
    return var.type


def wished(group: list[Var], wishes: set) -> str:
    for var in group:
        if var.user and var.name:
            return var.name
    for var in group:
        if var.name:
            return var.name if var.name not in wishes else var.name + "_"
    kind = group[0].type
    if isinstance(kind, Array):
        return "buffer"
    if isinstance(kind, ListOf):
        return "stack"
    return {"b1": "test", "i8": "n"}.get(kind.code, "t")
