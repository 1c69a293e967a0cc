"""The statements of an update as items: each with its level, sums taken out, in the order in which they are to be done.

    items, levels = itemised(body, {"x": 2, "g": 2, "t": 0})

A name has level 0 where it is one number a step, 1 where it is one a leaf, 2 where it is one an element.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from adtrans.optim.stage import TOTALS, assign, names_in, targets


@dataclass(frozen=True)
class Item:
    """A statement with its level, or a total: the name that gets it, and the expression summed.

    `changes` is the array that a call of a function of whole leaves changes.
    """

    level: int
    statement: ast.stmt
    total: tuple[str, ast.expr] | None = None
    changes: str | None = None

    @property
    def made(self) -> set[str]:
        """The names that get values."""
        if self.changes:
            return {self.changes}
        return {self.total[0]} if self.total else targets([self.statement])


def itemised(body: Iterable[ast.stmt], levels: dict[str, int]) -> list[Item]:
    """The items of some statements; `levels` are those of names known from the start, and gets those of all others."""
    items: list[Item] = []
    count = 0
    for statement in body:
        if isinstance(statement, ast.Expr):
            items.append(Item(3, statement, changes=statement.value.args[0].id))
            continue
        taker = _Totals(count)
        statement = ast.fix_missing_locations(taker.visit(statement))
        for name, level, summed in taker.found:
            levels[name] = level
            items.append(Item(level, assign(name, ast.Constant(0.0)), (name, summed)))
        count += len(taker.found)
        items.append(Item(0, statement))
    settle(items, levels)
    return [item if item.total or item.changes else Item(
        max(level_of(item.statement, levels), *(levels[name] for name in item.made)), item.statement)
        for item in items]


def settle(items: list[Item], levels: dict[str, int]) -> None:
    """Raise levels of names until they agree with what the names are assigned."""
    while True:
        before = dict(levels)
        for item in items:
            if item.total is None and item.changes is None:
                level = level_of(item.statement, levels)
                for name in item.made:
                    levels[name] = max(level, levels.get(name, 0))
        if levels == before:
            return


def level_of(node: ast.AST, levels: dict[str, int]) -> int:
    """The highest level of the names that are read."""
    return max((levels.get(name, 0) for name in names_in(node)), default=0)


def segments(items: list[Item]) -> Iterator[list[Item]]:
    """The items up to each call of a function of a whole leaf, that call included, and those after the last."""
    start = 0
    for k, item in enumerate(items):
        if item.changes:
            yield items[start:k + 1]
            start = k + 1
    if items[start:]:
        yield items[start:]


def read_by(item: Item) -> tuple[ast.AST, ...]:
    return (item.total[1],) if item.total else (item.statement,)


def closure(items: Sequence[Item], wanted: set[str]) -> set[str]:
    """All names on which names depend, whatever their levels."""
    found = set(wanted)
    for item in reversed(items):
        if item.made & found:
            found |= names_in(*read_by(item))
    return found


def needed(items: Sequence[Item], wanted: set[str]) -> list[Item]:
    """The items of levels 1 and 2 on which names depend, in order."""
    wanted, found = set(wanted), []
    for item in reversed(items):
        if item.level == 0 or not item.made & wanted:
            continue
        found.append(item)
        if isinstance(item.statement, ast.Assign):
            wanted -= item.made
        wanted |= names_in(*read_by(item))
    return found[::-1]


def first_read(nodes: Sequence[ast.AST], arrays: Sequence[str]) -> list[str]:
    """The arrays of which an element is read before it is assigned."""
    found, assigned = set(), set()
    for node in nodes:
        found |= names_in(node) - assigned
        if isinstance(node, ast.Assign):
            assigned |= targets([node])
        elif isinstance(node, ast.If):
            found |= targets([node]) - assigned  # which may keep what it has
    return [name for name in arrays if name in found]


def is_square(node: ast.expr) -> bool:
    """Whether an expression is a name times itself."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Name) \
        and isinstance(node.right, ast.Name) and node.left.id == node.right.id


def is_zero(node: ast.expr) -> bool:
    """Whether an expression is a name times 0, which is 0 or NaN."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Name) \
        and isinstance(node.right, ast.Constant) and node.right.value == 0.0


def is_test(node: ast.expr) -> bool:
    """Whether an expression is true or false rather than a number."""
    return isinstance(node, (ast.Compare, ast.BoolOp)) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


class _Totals(ast.NodeTransformer):
    """Takes calls of sums out of an expression."""

    def __init__(self, count: int):
        self.count = count
        self.found: list[tuple[str, int, ast.expr]] = []

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node = self.generic_visit(node)
        if node.func.id not in TOTALS:
            return node
        name = f"total{self.count + len(self.found) + 1}"
        self.found.append((name, TOTALS[node.func.id], node.args[0]))
        return ast.Name(name, ast.Load())
