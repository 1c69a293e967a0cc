"""From a program to Python source: nodes first, then text, with the user's lines as comments.

`write(program, name)` gives the text of a module with one function. Nothing of the user's text is pasted into code; it
only appears in comments, stripped of line breaks.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import PurePath
from typing import Any, Union

from adtrans import ir
from adtrans.analysis.ranges import Ranges
from adtrans.divide import function, in_parts, noted
from adtrans.emit import Expressions, dtype_node, name_node, number
from adtrans.errors import Span
from adtrans.fold import foldable
from adtrans.ir import (
    Accumulate,
    Alloc,
    Check,
    For,
    If,
    Let,
    NewList,
    Operand,
    Print,
    Program,
    Push,
    Reshape,
    Slice,
    Stmt,
    Store,
    Var,
    View,
    While,
)
from adtrans.names import choose_names

COMMENT = "__adtrans_comment_"
Grouping = Union[int, None, tuple["Grouping", ...]]


@dataclass
class Writer:
    """The state of writing one function; `functions` are those that it calls, `within` the loop that the last of these
    is a part of."""

    names: dict[Var, str]
    folded: dict[Var, Let]
    ranges: Ranges
    entry: str = ""
    comments: list[str] = field(default_factory=list)
    shown: str = ""
    within: ir.Parallel | None = None
    functions: list[ast.FunctionDef] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.expressions = Expressions(self.names, self.folded, self.ranges.not_negative)

    def value(self, operand: Operand) -> ast.expr:
        return self.expressions.value(operand)

    # --- blocks

    def block(self, body: tuple[Stmt, ...]) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for statement in body:
            if isinstance(statement, Let) and statement.var in self.folded:
                continue
            if done and isinstance(done[-1], (ast.Raise, ast.Return)):
                done[-1] = reached_always(done[-1])
            self.comment(statement.span, done)
            done += self.statement(statement)
        return done

    def comment(self, span: Span | None, done: list[ast.stmt]) -> None:
        """The user's line, once per run of statements that come from it."""
        text = " ".join(span.text.split()) if span else ""
        if text and text != self.shown:
            self.shown = text
            done.append(ast.Expr(ast.Name(f"{COMMENT}{len(self.comments)}", ast.Load())))
            self.comments.append(text)

    def nested(self, body: tuple[Stmt, ...], tail: list[ast.stmt]) -> list[ast.stmt]:
        found = self.block(body) + tail
        return found or [ast.Pass()]

    def statement(self, statement: Stmt) -> list[ast.stmt]:
        match statement:
            case Let(var, expr):
                return self.let(var, expr)
            case Store(array, index, value):
                return [assign(self.expressions.element(array, index, ast.Store()), self.value(value))]
            case Accumulate(array, index, value):
                return [self.accumulate(array, index, value)]
            case Alloc(var, shape, fill):
                return [assign(name_node(self.names[var], ast.Store()), self.allocation(var, shape, fill))]
            case View():
                return [assign(name_node(self.names[statement.var], ast.Store()), self.view(statement))]
            case Reshape(var, base, shape):
                call = method(self.value(base), "reshape", [tuple_node([self.value(n) for n in shape])])
                return [assign(name_node(self.names[var], ast.Store()), call)]
            case ir.Strided():
                return [assign(name_node(self.names[statement.var], ast.Store()), self.strided(statement))]
            case ir.Call(vars, op, args):
                targets = [name_node(self.names[var], ast.Store()) for var in vars]
                target = targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())
                call = ast.Call(dotted(op), [self.value(arg) for arg in args], [])
                return [assign(target, call)]
            case NewList(var):
                return [assign(name_node(self.names[var], ast.Store()), ast.List([], ast.Load()))]
            case Push(stack, value):
                return [ast.Expr(method(self.value(stack), "append", [self.value(value)]))]
            case ir.Parallel():
                return in_parts(self, statement)
            case For():
                return self.loop(statement)
            case While():
                return self.while_loop(statement)
            case If():
                return self.branch(statement)
            case Check():
                return self.check(statement)
            case Print(items):
                args = [ast.Constant(item) if isinstance(item, str) else self.value(item) for item in items]
                return [ast.Expr(ast.Call(name_node("print"), args, []))]
        raise ir.MalformedProgram(f"not a statement: {statement!r}")

    # --- simple statements

    def let(self, var: Var, expr) -> list[ast.stmt]:
        target = name_node(self.names[var], ast.Store())
        match expr:
            case ir.Prim(op, (ir.Var() as left, right)) if op in AUGMENTED and left not in self.folded \
                    and self.names[left] == self.names[var]:
                if op == "add" and isinstance(right, ir.Const) and right.type == ir.INT and right.value < 0:
                    return [ast.AugAssign(target, ast.Sub(), number(-right.value))]
                return [ast.AugAssign(target, AUGMENTED[op](), self.value(right))]
        return [assign(target, self.expressions.expression(expr, var.type))]

    def accumulate(self, array: Var, index, value: Operand) -> ast.stmt:
        target = self.expressions.element(array, index, ast.Store())
        definition = self.folded.get(value) if isinstance(value, Var) else None
        if definition is not None and isinstance(definition.expr, ir.Prim) and definition.expr.op == "neg":
            return ast.AugAssign(target, ast.Sub(), self.value(definition.expr.args[0]))
        return ast.AugAssign(target, ast.Add(), self.value(value))

    def allocation(self, var: Var, shape, fill: str) -> ast.expr:
        extents = [self.value(extent) for extent in shape]
        where = extents[0] if len(extents) == 1 else tuple_node(extents)
        dtype = var.type.dtype
        keywords = [] if dtype == "f8" else [ast.keyword("dtype", dtype_node(dtype))]
        return ast.Call(attribute("np", fill), [where], keywords)

    def view(self, statement: View) -> ast.expr:
        found = self.value(statement.base)
        items = [self.subscript(item) for item in statement.subscript]
        if items:
            found = ast.Subscript(found, items[0] if len(items) == 1 else ast.Tuple(items, ast.Load()), ast.Load())
            self.expressions.mark(found, [item for item in statement.subscript if isinstance(item, Operand)])
        if statement.order == (1, 0):
            return ast.Attribute(found, "T", ast.Load())
        if statement.order is not None:
            found = method(found, "transpose", [tuple_node([number(k) for k in statement.order])])
        return found

    def strided(self, statement: ir.Strided) -> ast.expr:
        size = int(statement.var.type.dtype[1:])
        start = ast.Subscript(self.value(statement.base), ast.Slice(number(statement.offset), None, None), ast.Load())
        module = ast.Attribute(attribute("np", "lib"), "stride_tricks", ast.Load())
        return ast.Call(ast.Attribute(module, "as_strided", ast.Load()), [
            start, tuple_node([number(n) for n in statement.shape]),
            tuple_node([number(n * size) for n in statement.strides])], [])

    def subscript(self, item) -> ast.expr:
        match item:
            case None:
                return ast.Constant(None)
            case Slice(start, stop, step):
                plain = step == ir.Const(1, ir.INT)
                lower = None if start is None or start == ir.Const(0, ir.INT) and plain else self.value(start)
                return ast.Slice(lower, None if stop is None else self.value(stop),
                                 None if plain else self.value(step))
        return self.value(item)

    def check(self, statement: Check) -> list[ast.stmt]:
        failing = noted(self, statement) if self.within is not None else [self.exception(statement)]
        if statement.test == ir.Const(False, ir.BOOL):
            return failing
        return [ast.If(self.expressions.negated(statement.test), failing, [])]

    def exception(self, statement: Check) -> ast.stmt:
        place = f"{PurePath(statement.span.filename).name}:{statement.span.line}: " if statement.span else ""
        args: list[ast.expr] = [ast.Constant(place + statement.message)]
        args += [self.value(value) for value in statement.values]
        return ast.Raise(ast.Call(name_node(statement.error), args, []), None)

    # --- structure

    def copies(self, pairs: list[tuple[Var, Operand]]) -> list[ast.stmt]:
        """Assignments that take effect together: names that already agree need none."""
        moves = []
        for var, source in pairs:
            if isinstance(source, Var) and source not in self.folded and self.names[source] == self.names[var]:
                continue
            moves.append((self.names[var], self.value(source)))
        if any(target in names_in(source) for target, _ in moves for other, source in moves if other != target):
            targets = ast.Tuple([name_node(target, ast.Store()) for target, _ in moves], ast.Store())
            return [assign(targets, ast.Tuple([source for _, source in moves], ast.Load()))]
        return [assign(name_node(target, ast.Store()), source) for target, source in moves]

    def loop(self, statement: For) -> list[ast.stmt]:
        before = self.copies([(carry.inside, carry.init) for carry in statement.carries])
        tail_pairs = [(carry.inside, carry.next) for carry in statement.carries]
        header = self.range(statement)
        inner = self.block(statement.body) + self.copies(tail_pairs)
        if statement.leave is not None:
            inner.append(ast.If(self.value(statement.leave), [ast.Break()], []))
        self.shown = ""
        return [*before, ast.For(name_node(self.names[statement.counter], ast.Store()), header,
                                 inner or [ast.Pass()], [], lineno=0)]

    def range(self, statement: For) -> ast.expr:
        parts = [self.value(part) for part in (statement.start, statement.stop, statement.step)]
        if statement.step == ir.Const(1, ir.INT):
            parts = parts[:2]
            if statement.start == ir.Const(0, ir.INT):
                parts = parts[1:]
        return ast.Call(name_node("range"), parts, [])

    def while_loop(self, statement: While) -> list[ast.stmt]:
        before = self.copies([(carry.inside, carry.init) for carry in statement.carries])
        head = self.block(statement.head)
        tail = self.copies([(carry.inside, carry.next) for carry in statement.carries])
        visible = [node for node in head if not is_comment(node)]
        if visible:
            leave = ast.If(self.expressions.negated(statement.test), [ast.Break()], [])
            body = [*head, leave, *self.block(statement.body), *tail]
            test: ast.expr = ast.Constant(True)
        else:
            test = self.value(statement.test)
            body = self.nested(statement.body, tail)
        self.shown = ""
        return [*before, ast.While(test, body, [])]

    def branch(self, statement: If) -> list[ast.stmt]:
        test = statement.test
        then = self.block(statement.then) + self.copies([(m.after, m.then) for m in statement.merges])
        if any(not is_comment(node) for node in then):
            self.shown = ""
        orelse = self.block(statement.orelse) + self.copies([(m.after, m.orelse) for m in statement.merges])
        self.shown = ""
        if not any(not is_comment(node) for node in then):
            then = []
        if not any(not is_comment(node) for node in orelse):
            orelse = []
        if not then and not orelse:
            return []
        if not then:
            return [ast.If(self.expressions.negated(test), orelse, [])]
        return [ast.If(self.value(test), then, orelse)]


AUGMENTED = {"add": ast.Add, "sub": ast.Sub, "mul": ast.Mult}


def reached_always(node: ast.Raise | ast.Return) -> ast.stmt:
    """An exception, or the end of a part, with statements after it. Numba would leave them out, and then not know the
    types of what they assign: the condition is one that it does not look into."""
    return ast.If(ast.Compare(ast.Constant(0), [ast.Eq()], [ast.Constant(0)]), [node], [])


def is_comment(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id.startswith(COMMENT)


def names_in(node: ast.expr) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def assign(target: ast.expr, value: ast.expr) -> ast.stmt:
    return ast.Assign([target], value, lineno=0)


def attribute(module: str, name: str) -> ast.expr:
    return ast.Attribute(name_node(module), name, ast.Load())


def dotted(name: str) -> ast.expr:
    """np.linalg.solve as nodes."""
    first, *rest = name.split(".")
    found: ast.expr = name_node(first)
    for part in rest:
        found = ast.Attribute(found, part, ast.Load())
    return found


def method(receiver: ast.expr, name: str, args: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Attribute(receiver, name, ast.Load()), args, [])


def tuple_node(items: list[ast.expr]) -> ast.expr:
    return ast.Tuple(items, ast.Load())


# --- text ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A module's text, and the numbers of the lines where an index may be negative and count from the end.

    `parts` are functions that are run at the same time with the numbers of parts; that with an "s" more does it.
    """

    text: str
    wrapping: tuple[int, ...]
    parts: tuple[str, ...] = ()


def write(program: Program, name: str, title: str = "", grouping: Grouping = ()) -> str:
    """The text of a module that defines `name`.

    `grouping` says how results are returned: the number of a result, None, or a tuple of these. Without it they come in
    order, one by itself.
    """
    return written(program, name, title, grouping).text


def written(program: Program, name: str, title: str = "", grouping: Grouping = ()) -> Written:
    """The text of a module, and what compiling it wants to know."""
    folded = foldable(program)
    writer = Writer(choose_names(program, folded), folded, Ranges(program), name)
    body: list[ast.stmt] = [copied(writer, param) for param in program.params if param in program.mutable]
    body += writer.block(program.body)
    results = [writer.value(result) for result in program.results]
    if results:
        body.append(ast.Return(grouped(results, grouping)))
    main = function(name, [writer.names[param] for param in program.params], body)
    module = ast.Module([*writer.functions, main], [])
    ast.fix_missing_locations(module)
    source = to_source(module)
    text = with_comments(source, writer.comments)
    imports = "".join(f"import {line}\n" for used, line in (("math.", "math"), ("np.", "numpy as np"))
                      if used in text)
    if "factors.lu_" in text:
        imports += "from adtrans import factors\n"
    if "special." in source:
        imports += "from scipy import special\n"
    if writer.parts:
        imports += "from numba import prange\n"
    heading = f"# {' '.join(title.split())}\n" if title else ""
    start = f"{heading}{imports}\n\n" if imports else f"{heading}\n"
    return Written(start + text, lines_of(writer.expressions.wrapping, module, source, start.count("\n")),
                   tuple(writer.parts))


def lines_of(nodes: list[ast.expr], module: ast.Module, source: str, before: int) -> tuple[int, ...]:
    """The lines on which nodes of a tree stand in its text, which follows `before` others."""
    wanted = set(map(id, nodes))
    pairs = list(zip_longest(ast.walk(module), ast.walk(ast.parse(source))))
    alike = all(type(node) is type(twin) for node, twin in pairs)
    found = {line for node, twin in pairs if id(node) in wanted for line in lines_of_node(twin)} if alike else \
        range(1, source.count("\n") + 1)
    return tuple(sorted(line + before for line in found))


def lines_of_node(node: Any) -> range:
    return range(node.lineno, node.end_lineno + 1)


def grouped(results: list[ast.expr], grouping: Grouping) -> ast.expr:
    """What is returned."""
    if grouping == ():
        return results[0] if len(results) == 1 else tuple_node(results)
    match grouping:
        case None:
            return ast.Constant(None)
        case int(at):
            return results[at]
    return tuple_node([grouped(results, item) if item != () else tuple_node([]) for item in grouping])


def copied(writer: Writer, param: Var) -> ast.stmt:
    name = writer.names[param]
    return assign(name_node(name, ast.Store()), method(name_node(name), "copy", []))


def to_source(module: ast.Module) -> str:
    """astor's text where it reads back as the same tree, the standard library's elsewhere."""
    try:
        import astor

        text = astor.to_source(module, pretty_source="".join)
        if ast.dump(ast.parse(text)) == ast.dump(ast.parse(ast.unparse(module))):
            return text
    except Exception:  # astor does not know every node of newer Pythons
        pass
    return ast.unparse(module) + "\n"


def with_comments(text: str, comments: list[str]) -> str:
    lines = []
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.startswith(COMMENT):
            indent = line[:len(line) - len(stripped)]
            line = f"{indent}# {comments[int(stripped[len(COMMENT):])]}"
        lines.append(line)
    return "\n".join(lines)


__all__ = ["math", "write"]
