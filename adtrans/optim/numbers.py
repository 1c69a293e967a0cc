"""Numbers on their way into a loop over elements: computed before it, and of the type of the loop.

In: statements of level 2. Out: the same, in which whatever is one number a step or a leaf is a name, with definitions
of these names; and min, max and sign as choices, powers as products.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from adtrans.optim.items import is_test, level_of
from adtrans.optim.stage import assign


class Numbers(ast.NodeTransformer):
    """Makes every number that enters a loop over elements one of the right type, computed before the loop.

    `plain` where that type is float64. `made` are the levels and definitions of numbers by name.
    """

    def __init__(self, levels: dict[str, int], tests: set[str], fresh: Iterator[int], plain: bool):
        self.levels, self.tests, self.fresh, self.plain = levels, tests, fresh, plain
        self.made: dict[str, tuple[int, str]] = {}
        self.names: dict[str, str] = {}
        self.made_tests: set[str] = set()
        self.pending: list[ast.stmt] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and level_of(node, self.levels) < 2:
            return self.number(node)
        return super().visit(node)

    def block(self, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
        """Statements, each after those that it needs."""
        made: list[ast.stmt] = []
        outer, self.pending = self.pending, []
        for statement in statements:
            match statement:
                case ast.Assign(names, value):
                    done: ast.stmt = ast.Assign(names, self.visit(value), lineno=0)
                case ast.If(test, body, orelse):
                    done = ast.If(self.visit(test), self.block(body), self.block(orelse))
                case _:
                    done = statement
            made += [*self.taken(), ast.fix_missing_locations(done)]
        self.pending = outer
        return made

    def taken(self) -> list[ast.stmt]:
        """The statements that the latest expression needs."""
        found, self.pending = self.pending, []
        return found

    def number(self, node: ast.expr) -> ast.expr:
        """The name, or literal, by which a number enters the loop."""
        text = ast.unparse(node)
        if isinstance(node, ast.Constant) and self.plain:
            return node if isinstance(node.value, bool) else ast.Constant(float(node.value))
        if isinstance(node, ast.Name) and (self.plain or self.is_test(node)):
            return node
        if text not in self.names:
            name = f"{node.id}_" if isinstance(node, ast.Name) else f"c{next(self.fresh)}"
            self.names[text] = name
            entry = text if self.plain or self.is_test(node) else f"float32({text})"
            self.made[name] = level_of(node, self.levels), entry
            if self.is_test(node):
                self.made_tests.add(name)
        return ast.Name(self.names[text], ast.Load())

    def is_made_test(self, name: str) -> bool:
        """Whether a number made here is true or false."""
        return name in self.made_tests

    def is_test(self, node: ast.expr) -> bool:
        return is_test(node) or isinstance(node, ast.Name) and node.id in self.tests

    def simple(self, node: ast.expr) -> ast.expr:
        """The value of an expression, under a name, to be used twice."""
        if isinstance(node, (ast.Name, ast.Constant)):
            return node
        name = f"u{next(self.fresh)}"
        self.pending.append(assign(name, node))
        return ast.Name(name, ast.Load())

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        match node:
            case ast.BinOp(base, ast.Pow(), ast.Constant(2 | 2.0)):
                base = self.simple(self.visit(base))
                return ast.BinOp(base, ast.Mult(), base)
            case ast.BinOp(base, ast.Pow(), ast.Constant(3 | 3.0)):
                base = self.simple(self.visit(base))
                return ast.BinOp(ast.BinOp(base, ast.Mult(), base), ast.Mult(), base)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """min, max and sign as choices that let a NaN through and that vectorise."""
        name, args = node.func.id, node.args
        if name in ("min", "max"):
            found = self.simple(self.visit(args[0]))
            for arg in args[1:]:
                other = self.simple(self.visit(arg))
                found = self.simple(self.choice(found, ast.Lt() if name == "min" else ast.Gt(), other, found, other))
            return found
        if name == "sign":
            value, zero = self.simple(self.visit(args[0])), self.number(ast.Constant(0.0))
            one, less = self.number(ast.Constant(1.0)), self.number(ast.Constant(-1.0))
            return self.choice(value, ast.Gt(), zero, one, self.choice(value, ast.Lt(), zero, less, value))
        node.args = [self.visit(arg) for arg in args]
        return node

    @staticmethod
    def choice(left: ast.expr, op: ast.cmpop, right: ast.expr, then: ast.expr, other: ast.expr) -> ast.expr:
        return ast.IfExp(ast.Compare(left, [op], [right]), then, other)
